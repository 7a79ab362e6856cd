"""One book in exact rationals: what it holds, what that cost, and what it realised."""

from collections import deque
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

NOTHING = Fraction(0)
Amounts = dict[str, Fraction]


class Terms(NamedTuple):
    """What the books must know of a symbol; `scale` is how many quanta make one of its currency."""

    currency: str
    scale: int
    multiplier: Fraction
    lot: Fraction
    paid_for: bool


def rounded(amount: Fraction, scale: int) -> Fraction:
    """At the quantum, halves to even."""
    return Fraction(round(amount * scale), scale)


class Holding:
    """Signed units of one symbol; `lots` are the same units by the order in which they came, `fifo` what these realised
    where the oldest go first."""

    __slots__ = ("cost", "fifo", "lots", "quantity", "realised")

    def __init__(self) -> None:
        self.quantity = self.cost = self.realised = self.fifo = NOTHING
        self.lots: deque[tuple[Fraction, Fraction]] = deque()

    def open(self, units: Fraction, paid: Fraction) -> None:
        self.quantity += units
        self.cost += paid
        self.lots.append((units, paid))

    def close(self, units: Fraction, received: Fraction, scale: int) -> None:
        """Give up so many of its signed units for an amount."""
        removed = self.cost
        if units != self.quantity:
            removed = rounded(self.cost * units / self.quantity, scale)
        self.quantity -= units
        self.cost -= removed
        self.realised += received - removed
        self.fifo += received - self._oldest(units, scale)

    def _oldest(self, units: Fraction, scale: int) -> Fraction:
        """Take units from the front of the lots, and give what they cost."""
        cost = NOTHING
        while units:
            lot, paid = self.lots.popleft()
            if abs(lot) > abs(units):
                part = rounded(paid * units / lot, scale)
                self.lots.appendleft((lot - units, paid - part))
                return cost + part
            cost, units = cost + paid, units - lot
        return cost

    def multiply(self, new: int, old: int) -> None:
        ratio = Fraction(new, old)
        self.quantity *= ratio
        self.lots = deque((units * ratio, paid) for units, paid in self.lots)

    def settle(self, worth: Fraction, scale: int) -> None:
        """Everything is sold and bought again at what it is worth."""
        self.realised += worth - self.cost
        self.cost = worth
        left, lots = worth, [*self.lots]
        self.lots = deque()
        for place, (units, paid) in enumerate(lots):
            last = place == len(lots) - 1
            share = left if last else rounded(worth * units / self.quantity, scale)
            left -= share
            self.fifo += share - paid
            self.lots.append((units, share))


class Book:
    """Cash, results and holdings of one owner; `income` by kind and currency."""

    def __init__(self, capital: Mapping[str, Fraction]) -> None:
        self.capital: Amounts = dict(capital)
        self.cash: Amounts = dict(capital)
        self.fees: Amounts = {}
        self.income: dict[tuple[str, str], Fraction] = {}
        self.holdings: dict[str, Holding] = {}
        self.fills = 0

    def quantity(self, symbol: str) -> Fraction:
        holding = self.holdings.get(symbol)
        return NOTHING if holding is None else holding.quantity

    def pay(self, currency: str, amount: Fraction) -> None:
        self.cash[currency] = self.cash.get(currency, NOTHING) - amount

    def endow(self, currency: str, amount: Fraction) -> None:
        self.pay(currency, -amount)
        self.capital[currency] = self.capital.get(currency, NOTHING) + amount

    def earn(self, kind: str, currency: str, amount: Fraction) -> None:
        self.pay(currency, -amount)
        self.income[kind, currency] = self.income.get((kind, currency), NOTHING) + amount

    def disorder(self) -> Iterable[str]:
        """Symbols whose lots are not what is held, or whose results by lots and by average cost differ in more than
        when they were realised."""
        for symbol, holding in self.holdings.items():
            units, cost = (sum(part) for part in zip(*holding.lots, strict=True)) if holding.lots else (0, 0)
            same = units == holding.quantity and cost - holding.fifo == holding.cost - holding.realised
            if not same or (not holding.quantity and holding.fifo != holding.realised):
                yield symbol
