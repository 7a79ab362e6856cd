"""The price collar: an order whose price is much worse for its trader than the last one is a slip of the hand."""

from decimal import Decimal
from typing import Final

from trading.appraiser import unpriced
from trading.money import EXACT
from trading.orders import OrderTerms, Side
from trading.refusals import Refusal

_PERCENT: Final = Decimal("0.01")


def collar_bound(side: Side, last: Decimal, percent: Decimal) -> Decimal:
    """The worst price that is within the collar: above the last for a buy, below it for a sell."""
    room = EXACT.multiply(EXACT.multiply(last.copy_abs(), percent), _PERCENT)
    return EXACT.add(last, room) if side is Side.BUY else EXACT.subtract(last, room)


def collar_refusal(terms: OrderTerms, percent: Decimal, last: Decimal | None) -> Refusal | None:
    """Why the prices of an order are too far from the last one; `no_price` where there is none.

    A limit is the worst at which it trades, a stop the best at which it wakes: both are looked at.
    """
    if last is None:
        return unpriced(terms.symbol)
    bound = collar_bound(terms.side, last, percent)
    for name, price in (("limit price", terms.limit_price), ("stop price", terms.stop_price)):
        if price is not None and (price > bound if terms.side is Side.BUY else price < bound):
            beyond = "above" if terms.side is Side.BUY else "below"
            far = f"{bound:f}, {percent} % from the last price of {last}"
            return Refusal("price_collar_percent", f"{name} {price} is {beyond} {far} (price_collar_percent)")
    return None
