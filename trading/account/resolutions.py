"""An operator's word: what became of an order of which nobody else can say it, and who is to have what is nobody's.

Nothing is taken on trust that is known to be otherwise: LedgerError says what is, before anything has happened.
"""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from trading.account.ledger import UNALLOCATED, Ledger
from trading.account.transfers import Transfer
from trading.errors import LedgerError
from trading.instruments import Instrument
from trading.money import EXACT, ZERO
from trading.orders import OrderTerms
from trading.venue.attempts import Attempt, AttemptChange
from trading.venue.evidence import OperatorWord
from trading.venue.messages import VenueOrder
from trading.venue.ownership import Owner, Ownership

Ended = Literal["filled", "cancelled", "never_arrived"]

_CHANGES: Final[Mapping[Ended, AttemptChange]] = MappingProxyType(
    {
        "filled": AttemptChange.FILL,
        "cancelled": AttemptChange.CANCEL,
        "never_arrived": AttemptChange.PROVE_ABSENT,
    }
)


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an order: it ended as said, with `filled` units of it filled in all, those at an average `price`
    that were not heard of yet."""

    order_id: str
    ended: Ended
    filled: Decimal = ZERO
    price: Decimal | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator's word makes of an attempt: `units` more have filled at a `price`, told as a sum only, and then
    it ends by `change`, resting on `word`. What was paid for them shows in the account."""

    change: AttemptChange
    word: OperatorWord
    units: Decimal = ZERO
    price: Decimal | None = None


class Adoption(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy is to have: `units` of a symbol that `unallocated` holds (zero: all), at a `price` (None: the
    last one heard), or the order that the venue calls `venue_id`."""

    strategy: str
    symbol: str = ""
    units: Decimal = ZERO
    price: Decimal | None = None
    venue_id: str = ""


def verdict(
    resolution: Resolution, attempt: Attempt | None, instruments: Mapping[str, Instrument], why: str
) -> Verdict:
    """What becomes of an attempt by an operator's word, who says `why`. LedgerError where that cannot be."""
    if attempt is None:
        raise LedgerError(f"order {resolution.order_id} is not known; bulkhead orders shows those that are")
    if not why:
        raise LedgerError(f"say how you know what became of order {resolution.order_id}: it is written down")
    _require_in_doubt(resolution, attempt)
    _require_units(resolution, attempt, instruments[attempt.terms.symbol])
    units = EXACT.subtract(resolution.filled, attempt.filled)
    _require_price(resolution, units, instruments[attempt.terms.symbol])
    change = _CHANGES[resolution.ended] if attempt.ending is None else attempt.ending.change
    return Verdict(change=change, word=OperatorWord(reason=why), units=units, price=resolution.price)


def adopted_units(adoption: Adoption, ledger: Ledger, price_of: Callable[[str], Decimal | None]) -> Transfer:
    """The transfer by which a strategy gets units that are nobody's. LedgerError where there are none, or no price."""
    symbol, held = adoption.symbol, ledger.unallocated.quantity(adoption.symbol)
    if not held:
        raise LedgerError(f"{UNALLOCATED} holds no {symbol}; bulkhead positions shows what it holds")
    price = adoption.price if adoption.price is not None else price_of(symbol)
    if price is None:
        raise LedgerError(f"no price of {symbol} was heard yet; name one")
    transfer = Transfer(
        source=UNALLOCATED, target=adoption.strategy, amount=adoption.units or held, symbol=symbol, price=price
    )
    ledger.require_movable(transfer)
    return transfer


def adopted_order(
    adoption: Adoption, order: VenueOrder | None, strategies: Collection[str], ownership: Ownership, now_ns: int
) -> OrderTerms:
    """The terms under which a strategy takes up an order of somebody else's, called `<strategy>-v<the venue's id>`; its
    client order id is this strategy's from then on. LedgerError where that cannot be."""
    venue_id, strategy = adoption.venue_id, adoption.strategy
    if strategy not in strategies:
        raise LedgerError(f"{strategy} is no strategy here; known: {', '.join(strategies)}")
    if order is None:
        raise LedgerError(f"no order {venue_id} works that is nobody's; bulkhead reconcile shows those that do")
    if not ownership.is_traded(order.symbol):
        raise LedgerError(f"order {venue_id} is in {order.symbol}, which is no instrument here")
    if not order.cid:
        raise LedgerError(f"order {venue_id} has no client order id, so it could not be cancelled: do so at the venue")
    if (owner := ownership.owner(order.cid)) is not None:
        raise LedgerError(f"order {venue_id} is {owner.order_id} of {owner.strategy}")
    if order.filled:
        raise LedgerError(
            f"{order.filled} of order {venue_id} has filled for nobody: cancel it at the venue, and adopt the units"
        )
    order_id = f"{strategy}-v{venue_id.replace('-', '_')}"
    terms = ownership.terms(Owner(strategy=strategy, epoch_ms=0, order_id=order_id), order, now_ns)
    return msgspec.structs.replace(terms, reason="adopted by an operator")


# Within.


def _require_in_doubt(resolution: Resolution, attempt: Attempt) -> None:
    """Of one that is not in doubt, the venue has said how it ended, and not for how much: that alone may be said."""
    name, ending = resolution.order_id, attempt.ending
    if not attempt.is_in_doubt and ending is None:
        raise LedgerError(f"order {name} is {attempt.state}; only one in doubt is resolved by hand")
    if ending is not None and resolution.filled != ending.filled:
        raise LedgerError(
            f"{ending.filled} of order {name} has filled, as the venue says; that is not {resolution.filled}"
        )


def _require_units(resolution: Resolution, attempt: Attempt, instrument: Instrument) -> None:
    name, filled, whole = resolution.order_id, resolution.filled, attempt.terms.quantity
    if filled < attempt.filled:
        raise LedgerError(f"{attempt.filled} of order {name} has filled, as the venue says; {filled} is less")
    if filled > whole:
        raise LedgerError(f"order {name} is of {whole}; {filled} is more")
    if not instrument.on_lot(filled):
        raise LedgerError(f"{filled} {instrument.symbol} is no whole number of lots of {instrument.lot_size}")
    if resolution.ended == "never_arrived" and filled:
        raise LedgerError(f"{filled} of order {name} has filled, so it did arrive: say cancelled")
    if resolution.ended == "never_arrived" and attempt.venue_id:
        raise LedgerError(f"order {name} is {attempt.venue_id} at the venue, so it did arrive: say cancelled")
    if resolution.ended == "filled" and filled != whole:
        raise LedgerError(f"order {name} is of {whole}, so with {filled} it has not filled: say cancelled")
    if resolution.ended == "cancelled" and filled == whole:
        raise LedgerError(f"order {name} is of {whole}, so with {filled} it has filled: say filled")


def _require_price(resolution: Resolution, units: Decimal, instrument: Instrument) -> None:
    name, price = resolution.order_id, resolution.price
    if not units and price is not None:
        raise LedgerError(f"nothing more of order {name} has filled by that; leave the price out")
    if units and price is None:
        raise LedgerError(f"{units} more of order {name} has filled by that; name the price")
    if price is not None and price <= 0 and not instrument.may_be_negative:
        raise LedgerError(f"a price of {price} cannot be: {instrument.symbol} costs more than zero")
