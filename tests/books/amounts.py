"""The stories' symbols and amounts, as the oracle has them and as the books do."""

from collections.abc import Iterable, Mapping
from decimal import Context as Arithmetic
from decimal import Decimal, DivisionByZero, FloatOperation, Inexact, InvalidOperation
from fractions import Fraction
from typing import Any

from tests.books.code import Code
from tests.books.events import PLACES, VENTURES
from tests.books.rational import Terms
from trading.instruments import MarginTerms
from trading.money import Currency

EXACTLY = Arithmetic(prec=300, traps=[Inexact, InvalidOperation, DivisionByZero, FloatOperation])
"""For sums of Decimals here; nobody else's."""

SCALES = {code: 10**places for code, places in PLACES.items()}
TERMS = {
    symbol: Terms(
        currency=venture.currency,
        scale=SCALES[venture.currency],
        multiplier=Fraction(venture.multiplier),
        lot=Fraction(venture.lot),
        paid_for=not venture.on_margin or venture.kind in ("equity", "crypto"),
    )
    for symbol, venture in VENTURES.items()
}
TICKS = {symbol: (Fraction(venture.tick), Decimal(venture.tick)) for symbol, venture in VENTURES.items()}
LOTS = {symbol: (Fraction(venture.lot), Decimal(venture.lot)) for symbol, venture in VENTURES.items()}

CASH = {code: Fraction(10**7 if code != "BTC" else 1_000) for code in PLACES}
CAPITAL = {
    "a": {code: amount / 10 for code, amount in CASH.items()},
    "b": {"USD": CASH["USD"] / 5},
    "c": {"JPY": Fraction(77_777), "BTC": Fraction(1, 10**7)},
}


def added_up(amounts: Iterable[Decimal]) -> Decimal:
    added = Decimal(0)
    for amount in amounts:
        added = EXACTLY.add(added, amount)
    return added


def at_ticks(symbol: str, ticks: int) -> tuple[Fraction, Decimal]:
    """A price, as both have it."""
    tick, exact_tick = TICKS[symbol]
    return ticks * tick, EXACTLY.multiply(Decimal(ticks), exact_tick)


def in_quanta(amount: Fraction, currency: str) -> Decimal:
    """An amount at its quantum."""
    quanta = amount * SCALES[currency]
    assert quanta.denominator == 1, f"{amount} {currency} is no whole number of quanta"
    return Decimal(f"{quanta.numerator}E-{PLACES[currency]}")


def in_lots(units: Fraction, symbol: str) -> Decimal:
    """Units, which are whole lots."""
    lot, exact_lot = LOTS[symbol]
    lots = units / lot
    assert lots.denominator == 1, f"{units} {symbol} is no whole number of lots"
    return EXACTLY.multiply(Decimal(lots.numerator), exact_lot)


def all_in_quanta(amounts: Mapping[str, Fraction]) -> dict[str, Decimal]:
    return {currency: in_quanta(amount, currency) for currency, amount in amounts.items()}


def an_instrument(symbol: str, code: Code) -> Any:
    venture = VENTURES[symbol]
    dollar = Currency(code="USD", quantum=Decimal("0.01"))
    margin = MarginTerms(currency=dollar, initial=Decimal("0.1"), maintenance=Decimal("0.05"))
    return code.instrument(
        symbol=symbol,
        kind=code.kind(venture.kind),
        currency=Currency(code=venture.currency, quantum=Decimal(f"1E-{PLACES[venture.currency]}")),
        tick_size=Decimal(venture.tick),
        lot_size=Decimal(venture.lot),
        multiplier=Decimal(venture.multiplier),
        margin=margin if venture.on_margin else None,
        mark_symbol=venture.mark_symbol,
    )
