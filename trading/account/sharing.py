"""How an account event is shared out over the books.

Each container's book gets what it would get if it were the account: by its own units or balance, rounded to the quantum
of the whole amount. What is left of the whole belongs to `unallocated`: cents of rounding, fractions of split units,
and what containers on opposite sides pay and receive of which the account knows nothing, as it holds only the net.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from trading.account.transfers import move_position
from trading.instruments import Instrument
from trading.money import EXACT, ROUNDING, ZERO
from trading.portfolio import Position, VirtualPortfolio
from trading.postings import (
    AccountEvent,
    Accrual,
    Adjustment,
    CashMoved,
    Conversion,
    ForeignFill,
    Liquidation,
    MarginCall,
    Posting,
    PostingKind,
    Settlement,
    Split,
)


def share_out(
    event: AccountEvent, books: Sequence[VirtualPortfolio], rest: VirtualPortfolio, instrument: Instrument | None
) -> list[Posting]:
    """The postings of an event: of each of the `books` that has a share, and of the `rest`, last, where there is one.
    `instrument` is that of the event's symbol. Books are not changed."""
    shared: Iterable[Posting]
    match event:
        case Accrual():
            shared = _accrued(event, books, rest, instrument)
        case Split():
            shared = _split(event, books, rest, _known(instrument))
        case Settlement():
            shared = (_expired if event.expires else _settled)(event, books, rest, _known(instrument))
        case Conversion():
            shared = _converted(event, books, rest)
        case CashMoved():
            kind = PostingKind.DEPOSIT if event.amount > 0 else PostingKind.WITHDRAWAL
            shared = [_posting(event, rest, kind, cash={event.currency: event.amount})]
        case Liquidation():
            shared = _told(event, PostingKind.LIQUIDATION, books, event.fill.symbol)
        case MarginCall():
            shared = _told(event, PostingKind.MARGIN_CALL, books, event.symbol)
        case Adjustment():
            shared = [_adjusted(event, rest, _known(instrument))]
        case ForeignFill():
            shared = []
    return list(shared)


def _accrued(
    event: Accrual, books: Sequence[VirtualPortfolio], rest: VirtualPortfolio, instrument: Instrument | None
) -> Iterator[Posting]:
    left = like = event.amount
    if instrument is not None and instrument.currency.code == event.currency:
        like = instrument.currency.quantum
    for book in books:
        held = book.quantity(event.symbol) if event.symbol else book.balance(event.currency)
        per_unit = event.per_long if held > 0 else event.per_short
        share = _rounded(ROUNDING.multiply(held.copy_abs(), per_unit), like)
        if share:
            left = EXACT.subtract(left, share)
            yield _posting(event, book, event.kind, symbol=event.symbol, cash={event.currency: share})
    if left:
        yield _posting(event, rest, event.kind, symbol=event.symbol, cash={event.currency: left})


def _split(
    event: Split, books: Sequence[VirtualPortfolio], rest: VirtualPortfolio, instrument: Instrument
) -> Iterator[Posting]:
    units_left, cash_left = event.units, event.amount
    for position, book in _holding(event.symbol, books):
        # Divided last, so that a half is seen as one: `scaled` and `fraction` are new units times `old`.
        scaled = EXACT.multiply(position.quantity, event.new)
        whole = instrument.whole_lots(ROUNDING.divide(scaled, event.old))
        fraction = EXACT.subtract(scaled, EXACT.multiply(whole, event.old))
        worth = EXACT.multiply(EXACT.multiply(fraction, event.price), instrument.multiplier)
        cash = instrument.currency.rounded(ROUNDING.divide(worth, event.old))
        removed = _part(position.cost, fraction, scaled, instrument)
        units = EXACT.subtract(whole, position.quantity)
        units_left, cash_left = EXACT.subtract(units_left, units), EXACT.subtract(cash_left, cash)
        yield _moved(event, book, PostingKind.SPLIT, units=units, cash=cash, removed=removed)
    yield from _split_rest(event, rest, instrument, units_left, cash_left)


def _split_rest(
    event: Split, rest: VirtualPortfolio, instrument: Instrument, units: Decimal, cash: Decimal
) -> Iterator[Posting]:
    """What is left is a trade in fractions between the rest and the others, paid for with what is left of the cash: it
    closes of the rest's own new units, and opens, like any other."""
    position = rest.positions.get(event.symbol) or Position(symbol=event.symbol, currency=event.currency)
    held = EXACT.multiply(position.quantity, event.new)
    traded = EXACT.subtract(EXACT.multiply(EXACT.add(position.quantity, units), event.old), held)
    settled, removed = (ZERO, ZERO) if traded else (cash, ZERO)
    if held and traded and (held > 0) is not (traded > 0):
        closing = min(held.copy_abs(), traded.copy_abs())
        settled = _part(cash, closing, traded.copy_abs(), instrument)
        removed = _part(position.cost, closing, held.copy_abs(), instrument)
    if units or cash or removed:
        yield _posting(
            event,
            rest,
            PostingKind.SPLIT,
            symbol=event.symbol,
            cash={event.currency: cash} if cash else {},
            units=units,
            cost=EXACT.subtract(EXACT.subtract(settled, cash), removed),
            realised=EXACT.subtract(settled, removed),
            price=event.price,
        )


def _settled(
    event: Settlement, books: Sequence[VirtualPortfolio], rest: VirtualPortfolio, instrument: Instrument
) -> Iterator[Posting]:
    for position, book in _holding(event.symbol, (*books, rest)):
        gain = EXACT.subtract(instrument.worth(position.quantity, event.price), position.cost)
        yield _posting(
            event,
            book,
            PostingKind.SETTLEMENT,
            symbol=event.symbol,
            cost=gain,
            realised=gain,
            price=event.price,
        )


def _expired(
    event: Settlement, books: Sequence[VirtualPortfolio], rest: VirtualPortfolio, instrument: Instrument
) -> Iterator[Posting]:
    units_left, cash_left = event.units, event.amount
    for position, book in _holding(event.symbol, books):
        units, cash = position.quantity.copy_negate(), instrument.worth(position.quantity, event.price)
        units_left, cash_left = EXACT.subtract(units_left, units), EXACT.subtract(cash_left, cash)
        yield _moved(event, book, PostingKind.EXPIRY, units=units, cash=cash, removed=position.cost)
    yield from _expired_rest(event, rest, units_left, cash_left)


def _converted(event: Conversion, books: Sequence[VirtualPortfolio], rest: VirtualPortfolio) -> Iterator[Posting]:
    left, into_left = event.amount, event.into_amount
    for book in books:
        balance = book.balance(event.currency)
        if balance:
            amount = balance.copy_negate()
            into = _rounded(ROUNDING.multiply(balance, event.rate), event.into_amount)
            left, into_left = EXACT.subtract(left, amount), EXACT.subtract(into_left, into)
            yield _posting(event, book, PostingKind.CONVERSION, cash={event.currency: amount, event.into: into})
    if left or into_left:
        yield _posting(event, rest, PostingKind.CONVERSION, cash={event.currency: left, event.into: into_left})


def _told(
    event: Liquidation | MarginCall, kind: PostingKind, books: Iterable[VirtualPortfolio], symbol: str
) -> Iterator[Posting]:
    """Who holds the symbol, or without one anything at all, is told."""
    for book in books:
        if book.quantity(symbol) if symbol else any(position.quantity for position in book.positions.values()):
            yield _posting(event, book, kind, symbol=symbol, reason=event.reason)


def _adjusted(event: Adjustment, rest: VirtualPortfolio, instrument: Instrument) -> Posting:
    """The rest's half of a trade with nobody."""
    nobody = VirtualPortfolio("", {}, {instrument.symbol: instrument})
    _, posting = move_position(
        event.event_id, event.ts_ns, (nobody, rest), instrument=instrument, units=event.units, price=event.price
    )
    return msgspec.structs.replace(posting, kind=PostingKind.ADJUSTMENT, reason=event.reason)


# Within.


def _expired_rest(event: Settlement, rest: VirtualPortfolio, units: Decimal, cash: Decimal) -> Iterator[Posting]:
    """What is left to the rest; where that makes its position flat, its cost goes with it."""
    position = rest.positions.get(event.symbol)
    flat = not EXACT.add(rest.quantity(event.symbol), units)
    removed = position.cost if position is not None and flat else ZERO
    if units or cash or removed:
        yield _moved(event, rest, PostingKind.EXPIRY, units=units, cash=cash, removed=removed)


def _moved(
    event: Split | Settlement,
    book: VirtualPortfolio,
    kind: PostingKind,
    *,
    units: Decimal,
    cash: Decimal,
    removed: Decimal,
) -> Posting:
    """Units come or go without a trade; the cash for them less the cost that leaves with them is realised."""
    return _posting(
        event,
        book,
        kind,
        symbol=event.symbol,
        cash={event.currency: cash} if cash else {},
        units=units,
        cost=removed.copy_negate() if removed else ZERO,
        realised=EXACT.subtract(cash, removed),
        price=event.price,
    )


def _holding(symbol: str, books: Iterable[VirtualPortfolio]) -> Iterator[tuple[Position, VirtualPortfolio]]:
    for book in books:
        position = book.positions.get(symbol)
        if position is not None and position.quantity:
            yield position, book


def _known(instrument: Instrument | None) -> Instrument:
    assert instrument is not None, "the symbol of a split or a settlement is an instrument"
    return instrument


def _posting(event: AccountEvent, book: VirtualPortfolio, kind: PostingKind, **more: Any) -> Posting:
    return Posting(strategy=book.owner, event_id=event.event_id, kind=kind, ts_ns=event.ts_ns, **more)


def _part(amount: Decimal, part: Decimal, whole: Decimal, instrument: Instrument) -> Decimal:
    """The amount times part / whole, at the quantum of the instrument's currency."""
    return instrument.currency.rounded(ROUNDING.divide(ROUNDING.multiply(amount, part), whole))


def _rounded(amount: Decimal, like: Decimal) -> Decimal:
    """The amount at the quantum of another, which is a whole amount of the same currency."""
    return amount.quantize(like, context=ROUNDING)
