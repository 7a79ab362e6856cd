"""Draws what happens next, from a seed or from Hypothesis."""

import random
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol, TypeVar

from tests.books.events import (
    GUEST,
    IN_DOLLARS,
    OWNERS,
    PLACES,
    SPLITS,
    VENTURES,
    Accrue,
    Allocate,
    Bust,
    CallMargin,
    Convert,
    Deposit,
    Event,
    Liquidate,
    Mark,
    MoveCash,
    MoveUnits,
    Release,
    Restart,
    Settle,
    SplitUnits,
    Trade,
)

T = TypeVar("T")


class Source(Protocol):
    """Where chance comes from: a seed, or Hypothesis."""

    def integer(self, least: int, most: int) -> int: ...

    def choice(self, of: Sequence[T]) -> T: ...


class Seeded:
    """Chance from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def integer(self, least: int, most: int) -> int:
        return least + int(self._random.random() * (most - least + 1))

    def choice(self, of: Sequence[T]) -> T:
        return of[int(self._random.random() * len(of))]


SYMBOLS = tuple(VENTURES)
CURRENCIES = tuple(PLACES)
GUESTS_SYMBOLS = ("SAP", "ES")
"""Few, so that it is flat at times and can leave."""

_PAYING = tuple((kind, symbol) for symbol, venture in VENTURES.items() for kind in venture.accruals)
_SPLITTING = tuple(symbol for symbol, venture in VENTURES.items() if venture.splits)
_SETTLING = tuple(symbol for symbol, venture in VENTURES.items() if venture.settles)
_WEIGHTS: Mapping[type[Event], int] = {
    Trade: 60,
    Bust: 4,
    Accrue: 8,
    SplitUnits: 4,
    Settle: 5,
    Convert: 2,
    Deposit: 2,
    MoveCash: 2,
    MoveUnits: 4,
    Liquidate: 2,
    CallMargin: 1,
    Mark: 4,
    Allocate: 1,
    Release: 3,
}
_KINDS = tuple(kind for kind, weight in _WEIGHTS.items() for _ in range(weight))
RESTART_EVERY = 500


def draw(source: Source) -> Event:
    """The next event; one in `RESTART_EVERY` is a restart."""
    if source.integer(1, RESTART_EVERY) == RESTART_EVERY:
        return Restart()
    kind = source.choice(_KINDS)
    return _DRAWERS[kind](source)


def _owner(source: Source) -> str:
    return GUEST if source.integer(0, 9) == 9 else source.choice(OWNERS)


def _book(source: Source) -> str:
    return source.choice(("a", "b", "c", "unallocated"))


def _ticks(source: Source, symbol: str) -> int:
    """A price within a half of the usual; of a cheap future also one below zero."""
    usual = VENTURES[symbol].ticks
    return usual + source.integer(-usual // 2 if usual > 100 else -2 * usual, usual)


def _trade(source: Source) -> Trade:
    owner = _owner(source)
    symbol = source.choice(SYMBOLS if owner != GUEST else GUESTS_SYMBOLS)
    adds = source.integer(0, 2) > 0 and (owner != GUEST or source.integer(0, 1) > 0)
    return Trade(
        owner=owner,
        symbol=symbol,
        lots=source.integer(-12, 12) if adds else 0,
        twelfths=0 if adds else -source.choice((12, 12, 5, 6, 8, 18, 24)),
        ticks=_ticks(source, symbol),
        fee=source.integer(-3, 300),
        fee_currency=source.choice(CURRENCIES),
    )


def _accrue(source: Source) -> Accrue:
    if source.integer(0, 3) == 0:
        kind, symbol, currency = "interest", "", source.choice(CURRENCIES)
        return Accrue(kind, symbol, currency, _share(source), _share(source).copy_negate())
    kind, symbol = source.choice(_PAYING)
    venture = VENTURES[symbol]
    amount = _share(source, venture.ticks)
    per_long, per_short = amount, amount.copy_negate()
    if kind == "borrow":
        per_long = Decimal(0)
    elif kind == "swap":
        per_short = _share(source, venture.ticks)
    elif kind == "funding" and source.integer(0, 1):
        per_long, per_short = per_short, per_long
    return Accrue(kind, symbol, venture.currency, per_long, per_short)


def _share(source: Source, of: int = 1) -> Decimal:
    """A small share of a whole number; a seventh of it has a great many digits."""
    if source.integer(0, 1):
        return Decimal(f"{source.integer(1, 999) * of}e-5")
    return Decimal(f"{source.integer(1, 9) * of * 10**40 // 7}e-44")


def _split(source: Source) -> SplitUnits:
    symbol = source.choice(_SPLITTING)
    new, old = source.choice(SPLITS)
    return SplitUnits(symbol, new, old, _ticks(source, symbol))


def _settle(source: Source) -> Settle:
    symbol = source.choice(_SETTLING)
    return Settle(symbol, _ticks(source, symbol), source.integer(0, 3) == 3)


def _convert(source: Source) -> Convert:
    currency, into = source.choice(CURRENCIES), source.choice(CURRENCIES)
    rate = IN_DOLLARS[currency] / IN_DOLLARS[into] * source.integer(900, 1_100) / 1_000
    return Convert(currency, into, Decimal(f"{rate:.9f}"))


def _deposit(source: Source) -> Deposit:
    return Deposit(source.choice(CURRENCIES), source.choice((-1, 1)) * source.integer(1, 100_000))


def _move_cash(source: Source) -> MoveCash:
    return MoveCash(_book(source), _book(source), source.choice(CURRENCIES), source.integer(1, 6))


def _move_units(source: Source) -> MoveUnits:
    symbol = source.choice(SYMBOLS)
    return MoveUnits(_book(source), _book(source), symbol, source.choice((12, 12, 6, 7, 1)), _ticks(source, symbol))


def _liquidate(source: Source) -> Liquidate:
    symbol = source.choice(SYMBOLS)
    return Liquidate(symbol, source.choice((12, 6)), _ticks(source, symbol), source.integer(0, 500))


def _call(source: Source) -> CallMargin:
    return CallMargin(source.choice(("", *SYMBOLS)))


def _mark(source: Source) -> Mark:
    symbol = source.choice(SYMBOLS)
    return Mark(symbol, _ticks(source, symbol))


def _bust(source: Source) -> Bust:
    return Bust(source.integer(0, 9))


def _allocate(source: Source) -> Allocate:
    return Allocate(source.choice(CURRENCIES), source.integer(0, 500))


def _release(_: Source) -> Release:
    return Release()


_DRAWERS: Mapping[type[Event], Callable[[Source], Event]] = {
    Trade: _trade,
    Bust: _bust,
    Accrue: _accrue,
    SplitUnits: _split,
    Settle: _settle,
    Convert: _convert,
    Deposit: _deposit,
    MoveCash: _move_cash,
    MoveUnits: _move_units,
    Liquidate: _liquidate,
    CallMargin: _call,
    Mark: _mark,
    Allocate: _allocate,
    Release: _release,
}
