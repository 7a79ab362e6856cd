"""A glance at the margin in floats: enough to know that nothing is near, so that exact sums are made only where it is.

What it says is right within its band; who finds a figure within that of another reckons exactly.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from brokers.simulated.margin import MarginAccount
from brokers.simulated.stakes import is_isolated
from trading.rates import Pair

BAND: Final = 1e-6
"""The share of all that was added up within which a sum of floats says nothing."""


class Standing(NamedTuple):
    """Of the account, or an isolated symbol: equity, below what it is called for more, the margin that keeps what is
    held, and how far off they may be."""

    scope: str
    equity: float
    call: float
    maintenance: float
    band: float


class _Line(NamedTuple):
    """A position: what a point of price is worth, and its margin, for a unit of worth or in all."""

    symbol: str
    mark: str
    code: str
    points: float
    gone: float
    initial: float
    maintenance: float
    in_all: bool
    isolated: bool


class Glance:
    """Looks at an account; positions and cash are turned into floats once for as long as nothing is booked."""

    def __init__(self, account: MarginAccount) -> None:
        self._account = account
        self._prices = account.marks.prices
        self._changes = -1
        self._lines: list[_Line] = []
        self._cash: list[tuple[str, float]] = []
        self._ways: dict[str, tuple[Pair, ...] | None] = {}
        self._rates: dict[str, float | None] = {}
        self._on_margin = False
        self._quantum = float(account.currency.quantum)

    def standings(self) -> Iterator[Standing]:
        """How the account stands, if anything is held on its margin, then each isolated position. What lacks a price
        or a rate is left out: of it nothing can be known."""
        if self._account.books.changes != self._changes:
            self._write_down()
        prices, rates = self._prices, self._rates or {code: self._rate(way) for code, way in self._ways.items()}
        equity = initial = maintenance = gross = 0.0
        known = None not in rates.values()
        for code, amount in self._cash:
            worth = amount * (rates[code] or 0.0)
            equity += worth
            gross += abs(worth)
        for line in self._lines:
            symbol, mark, code, points, gone, to_open, to_keep, in_all, isolated = line
            price = prices.get(mark)
            if price is None:
                price = prices.get(symbol)
            rate = rates[code] or 0.0
            if isolated:
                equity += gone * rate
                gross += abs(gone) * rate
                if price is not None:
                    yield self._isolated(line, points * price)
                continue
            if price is None:
                known = False
                continue
            worth = points * price * rate
            size = abs(worth)
            factor = rate if in_all else size
            equity += worth
            initial += to_open * factor
            maintenance += to_keep * factor
            gross += size
        if known and self._on_margin:
            yield Standing("", equity, initial, maintenance, self._band(gross + initial))

    def _isolated(self, line: _Line, worth: float) -> Standing:
        factor = 1.0 if line.in_all else abs(worth)
        initial, maintenance = line.initial * factor, line.maintenance * factor
        band = self._band(abs(worth) + abs(line.gone) + initial)
        return Standing(line.symbol, worth - line.gone, (initial + maintenance) / 2, maintenance, band)

    def _band(self, size: float) -> float:
        return BAND * size + self._quantum * (len(self._lines) + len(self._cash) + 2)

    def _rate(self, way: tuple[Pair, ...] | None) -> float | None:
        if way is None:
            return None
        rate = 1.0
        for pair in way:
            price = self._prices.get(pair.symbol, 0.0)
            if price <= 0.0:
                return None
            rate = rate / price if pair.divides else rate * price
        return rate

    def _write_down(self) -> None:
        account = self._account
        self._changes = account.books.changes
        self._cash = [(code, float(amount)) for code, amount in account.books.cash.items() if amount]
        self._lines = [self._line(symbol) for symbol in account.instruments if symbol in account.books.positions]
        self._on_margin = bool(account.margined())
        codes = {code for code, _ in self._cash} | {line.code for line in self._lines}
        into = account.currency.code
        self._ways = {code: () if code == into else account.marks.rates.way(code, into) for code in sorted(codes)}
        self._rates = {into: 1.0} if codes == {into} else {}

    def _line(self, symbol: str) -> _Line:
        account = self._account
        instrument, held = account.instruments[symbol], float(account.position(symbol))
        margin = instrument.margin
        per_unit = margin is not None and margin.per_unit
        size = abs(held) if per_unit else 1.0
        return _Line(
            symbol=symbol,
            mark=instrument.mark_symbol or symbol,
            code=instrument.currency.code,
            points=held * float(instrument.multiplier),
            gone=float(account.stakes.when_gone(symbol)),
            initial=size * (1.0 if margin is None else float(margin.initial)),
            maintenance=size * (1.0 if margin is None else float(margin.maintenance)),
            in_all=per_unit,
            isolated=is_isolated(instrument),
        )
