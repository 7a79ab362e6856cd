"""Self-trade prevention: an order of one container that would trade with a resting order of the same account.

    allow            nothing is looked at
    reject           the order is refused
    hold             the order waits until the resting one has gone, and is refused when that takes too long
    cancel_resting   the same, and the resting one is cancelled

What only reduces its container's position is never refused: where it may wait it waits as long as others, and leaves
then. An amendment cannot wait and is refused.

Two orders would trade where they are of one symbol and opposite sides and their prices cross. A market order has no
price and crosses everything, unless the account has a price collar: then it is reckoned to reach that far. A stop that
sleeps is not in the book: it neither rests nor crosses, and once awake it is the venue's to prevent. Nor does an exit
rest whose parent has filled nothing, and a post-only order takes nothing. What is being cancelled rests until that is
answered, and what is being amended at either of its prices.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from trading.collar import collar_bound
from trading.limits import RiskLimits
from trading.order_manager import OrderManager
from trading.orders import Order, OrderState, OrderTerms, OrderType, Side
from trading.refusals import Refusal
from trading.timestamps import SECOND

_SLEEPING: Final = (
    OrderType.STOP,
    OrderType.STOP_LIMIT,
    OrderType.MARKET_IF_TOUCHED,
    OrderType.TRAILING_STOP,
)


class Wait(msgspec.Struct, frozen=True):
    """An order may not leave yet: until `until_ns` it waits for others to go. `cancel` are those of them that are to be
    cancelled for it."""

    cancel: tuple[Order, ...]
    until_ns: int


class SelfTradePrevention:
    """Judges what has passed every other rule; where it is not on, there is nothing to be asked. `orders` are those of
    all containers, `last_price` gives that of a symbol, None before it was heard."""

    def __init__(
        self,
        limits: RiskLimits,
        *,
        orders: Mapping[str, OrderManager],
        last_price: Callable[[str], Decimal | None],
    ) -> None:
        self.is_on = limits.self_trade not in (None, "allow")
        self.may_hold = limits.self_trade in ("hold", "cancel_resting")
        self._policy = limits.self_trade
        self._wait_ns = limits.self_trade_wait_ns or SECOND
        self._collar_percent = limits.price_collar_percent
        self._orders = orders
        self._last_price = last_price

    def refusal(self, terms: OrderTerms, now_ns: int) -> Refusal | None:
        """Why a new order, which does more than reduce, may not leave, nor wait."""
        if self.may_hold and now_ns < self._until_ns(terms):
            return None
        resting = list(self.crossed(terms))
        return self._refusal(terms, resting) if resting else None

    def wait(self, terms: OrderTerms, now_ns: int) -> Wait | None:
        """Whether a new order is to wait, for how long and for what; None where it may leave."""
        until_ns = self._until_ns(terms)
        if not self.may_hold or now_ns >= until_ns:
            return None
        resting = tuple(self.crossed(terms))
        if not resting:
            return None
        cancels = self._policy == "cancel_resting"
        gone = (order for order in resting if cancels and order.state is not OrderState.PENDING_CANCEL)
        return Wait(tuple(gone), until_ns)

    def amend_refusal(self, terms: OrderTerms) -> Refusal | None:
        """Why other terms of an order, which do more than reduce, may not leave."""
        resting = list(self.crossed(terms))
        return self._refusal(terms, resting) if resting else None

    def crossed(self, terms: OrderTerms) -> Iterator[Order]:
        """The open orders with which an order would trade, by container and oldest first."""
        if terms.type in _SLEEPING or terms.post_only:
            return
        side, reach = terms.side, self._reach(terms)
        for manager in self._orders.values():
            working = manager.working.get(terms.symbol)
            if working is None or not (working.sells if side is Side.BUY else working.buys):
                continue
            for order in manager.open(terms.symbol):
                if order.terms.side is side or not _rests(order) or not manager.tradable(order):
                    continue
                if _crosses(side, reach, _best_price(order)):
                    yield order

    def _until_ns(self, terms: OrderTerms) -> int:
        return terms.created_ns + self._wait_ns

    def _reach(self, terms: OrderTerms) -> Decimal | None:
        """The worst price that an order takes; None where it takes any."""
        if terms.limit_price is not None or self._collar_percent is None:
            return terms.limit_price
        last = self._last_price(terms.symbol)
        return None if last is None else collar_bound(terms.side, last, self._collar_percent)

    def _refusal(self, terms: OrderTerms, resting: list[Order]) -> Refusal:
        first, others = resting[0], len(resting) - 1
        more = f" and {others} more" if others else ""
        return Refusal(
            "self_trade",
            f"{_in_words(terms)} would trade with {first.order_id} of the same account, {_in_words(first.terms)}{more} "
            f"(self_trade: {self._policy})",
        )


def _rests(order: Order) -> bool:
    """Whether an order is in the book, or may be for all that is known."""
    if order.terms.type not in _SLEEPING:
        return True
    return OrderState.TRIGGERED in (order.state, order.before_pending) or order.filled > 0


def _best_price(order: Order) -> Decimal | None:
    """The price of a resting order that is met first: the higher of a buy's, the lower of a sell's; None at any."""
    prices = [terms.limit_price for terms in (order.terms, order.asked) if terms is not None]
    if None in prices:
        return None
    known = [price for price in prices if price is not None]
    return max(known) if order.terms.side is Side.BUY else min(known)


def _crosses(side: Side, reach: Decimal | None, resting: Decimal | None) -> bool:
    if reach is None or resting is None:
        return True
    return reach >= resting if side is Side.BUY else reach <= resting


def _in_words(terms: OrderTerms) -> str:
    at = "" if terms.limit_price is None else f" at {terms.limit_price}"
    return f"a {terms.side} of {terms.quantity} {terms.symbol}{at}"
