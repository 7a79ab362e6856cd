"""What of the account somebody should look at while trading goes on, each in a sentence that says what to do."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from daemon.book_views import AccountValues, average_price
from daemon.plain import plain
from trading.account.ledger import UNALLOCATED, Ledger
from trading.instruments import Instrument
from trading.money import EXACT, ROUNDING, ZERO, total
from trading.portfolio import Position, VirtualPortfolio


def account_alarms(
    ledger: Ledger, values: AccountValues, instruments: Mapping[str, Instrument], currency: str
) -> list[str]:
    """Of margin, of what is nobody's, and of strategies that have nothing left; what has no rate is passed over."""
    return [
        *_of_margin(values, currency),
        *_of_loose_units(ledger, instruments),
        *_of_empty_books(ledger, values, currency),
    ]


def capital_alarms(ledger: Ledger) -> Iterator[str]:
    """At a venue the books' cash follows the account's, and what is missing there is missing in `unallocated`. What it
    paid for units of its own is not: those have an alarm already."""
    loose = ledger.unallocated
    for currency in loose.currencies():
        paid = (position.cost for position in loose.positions.values() if position.currency == currency)
        left = EXACT.add(loose.cash.get(currency, ZERO), total(paid))
        if left < 0:
            amount = plain(left.copy_abs())
            yield (
                f"{UNALLOCATED} has {plain(left)} {currency}: the strategies were given more than the account has; "
                f"deposit at the venue, or take it back: bulkhead account transfer --from STRATEGY --to {UNALLOCATED} "
                f"--currency {currency} {amount}"
            )


def _of_margin(values: AccountValues, currency: str) -> Iterator[str]:
    margin = values.margin()
    if margin is None or margin.free is None or margin.initial is None or margin.free >= 0:
        return
    equity = EXACT.add(margin.free, margin.initial)
    yield (
        f"margin free is {plain(margin.free)} {currency}: equity is {plain(equity)}, and what is held takes "
        f"{plain(margin.initial)}; deposit, or reduce"
    )


def _of_loose_units(ledger: Ledger, instruments: Mapping[str, Instrument]) -> Iterator[str]:
    for symbol, position in ledger.unallocated.positions.items():
        if not position.quantity:
            continue
        holds = f"{UNALLOCATED} holds {plain(position.quantity)} {symbol}"
        against = _against(ledger, position)
        if against:
            commands = _commands(position, against, instruments[symbol])
            yield f"{holds}; move them to or from the books that they stand against: {commands}"
        else:
            taken = f"--from {UNALLOCATED} --to STRATEGY --symbol {symbol} {plain(position.quantity.copy_abs())}"
            yield f"{holds}, which no strategy trades; move them to one: bulkhead account transfer {taken}"


def _against(ledger: Ledger, loose: Position) -> list[tuple[str, Decimal]]:
    """The strategies that hold the opposite, and how much."""
    quantities = ((owner, ledger.of(owner).quantity(loose.symbol)) for owner in ledger.owners)
    return [(owner, units.copy_abs()) for owner, units in quantities if units and (units > 0) is (loose.quantity < 0)]


def _commands(loose: Position, against: list[tuple[str, Decimal]], instrument: Instrument) -> str:
    """One for each book, at what the units came to, so that who held them bears what became of them. Where the books
    hold more than is loose, and are several, only an operator knows whose it is."""
    units = loose.quantity.copy_abs()
    if len(against) > 1 and total(held for _, held in against) > units:
        held = ", ".join(f"{owner} holds {plain(quantity)}" for owner, quantity in against)
        return f"bulkhead account transfer --from STRATEGY --to {UNALLOCATED} --symbol {loose.symbol} ... ({held})"
    price = _on_tick(average_price(loose, instrument), instrument)
    at = f" --price {plain(price)}" if price > 0 else ""
    return "; ".join(
        f"bulkhead account transfer --from {owner} --to {UNALLOCATED} --symbol {loose.symbol} "
        f"{plain(min(quantity, units))}{at}"
        for owner, quantity in against
    )


def _on_tick(price: Decimal, instrument: Instrument) -> Decimal:
    ticks = ROUNDING.divide(price, instrument.tick_size).to_integral_value(context=ROUNDING)
    return EXACT.multiply(ticks, instrument.tick_size)


def _of_empty_books(ledger: Ledger, values: AccountValues, currency: str) -> Iterator[str]:
    for owner in ledger.owners:
        book = ledger.of(owner)
        equity = values.equity(book)
        if equity is not None and equity <= 0 and _ever_had(book, equity):
            yield f"{owner} has no equity left: {plain(equity)} {currency}; give it more, or take it out"


def _ever_had(book: VirtualPortfolio, equity: Decimal) -> bool:
    """One without capital that never traded is not in trouble."""
    return bool(equity or any(book.capital.values()))
