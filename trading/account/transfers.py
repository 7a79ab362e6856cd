"""How cash and positions go from one book to another. The account as a whole does not change."""

from decimal import Decimal

import msgspec

from trading.instruments import Instrument
from trading.money import EXACT, ZERO
from trading.portfolio import Position, VirtualPortfolio, removed_cost
from trading.postings import Posting, PostingKind


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """What goes from one book to another: cash of a `currency`, or units of a `symbol` at a `price`. `amount` is of
    either; units are negative where a short position goes."""

    source: str
    target: str
    amount: Decimal
    currency: str = ""
    symbol: str = ""
    price: Decimal = ZERO


def move_cash(
    event_id: str, ts_ns: int, books: tuple[VirtualPortfolio, VirtualPortfolio], currency: str, amount: Decimal
) -> list[Posting]:
    """The postings by which an amount above zero leaves the first book and comes to the second."""
    moved = [(books[0], amount.copy_negate()), (books[1], amount)]
    return [
        Posting(strategy=book.owner, event_id=event_id, kind=PostingKind.TRANSFER, ts_ns=ts_ns, cash={currency: change})
        for book, change in moved
    ]


def move_position(
    event_id: str,
    ts_ns: int,
    books: tuple[VirtualPortfolio, VirtualPortfolio],
    *,
    instrument: Instrument,
    units: Decimal,
    price: Decimal,
) -> list[Posting]:
    """The postings by which signed units leave the first book and come to the second, as if these had traded with each
    other at a price, without fees. Each realises what that closes of its own position."""
    blank = Posting(
        strategy="", event_id=event_id, kind=PostingKind.TRANSFER, ts_ns=ts_ns, symbol=instrument.symbol, price=price
    )
    return [
        _traded(blank, books[0], instrument, units.copy_negate(), price),
        _traded(blank, books[1], instrument, units, price),
    ]


def _traded(blank: Posting, book: VirtualPortfolio, instrument: Instrument, units: Decimal, price: Decimal) -> Posting:
    currency = instrument.currency.code
    position = book.positions.get(instrument.symbol) or Position(symbol=instrument.symbol, currency=currency)
    held, paid = position.quantity, instrument.worth(units, price)
    closing = min(held.copy_abs(), units.copy_abs()) if held and (held > 0) is not (units > 0) else ZERO
    settled = removed = ZERO
    if closing:
        removed = removed_cost(position, closing, instrument)
        settled = instrument.worth(closing.copy_sign(units), price)
    return msgspec.structs.replace(
        blank,
        strategy=book.owner,
        cash={currency: paid.copy_negate()},
        units=units,
        cost=EXACT.subtract(EXACT.subtract(paid, settled), removed),
        realised=EXACT.subtract(EXACT.subtract(ZERO, removed), settled),
    )
