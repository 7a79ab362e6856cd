"""How prices went during one event, as far as an order can know: a tick is one price, a bar a way of four.

    open ──leg 1──► nearer extreme ──leg 2──► other extreme ──leg 3──► close

In the worst case nothing is known of the way: stops are met before what is good for the trader, and what comes into
being within a bar meets only what is bad.
"""

from decimal import Decimal
from typing import NamedTuple, Protocol

from brokers.simulated.rules import Path
from trading.money import EXACT, ZERO


class Place(NamedTuple):
    """Where on the way something happens; places compare by their order on it. `price` is the market's there."""

    leg: int
    along: Decimal
    price: Decimal


class Walk(Protocol):
    """The way of one event."""

    start: Place
    end: Place

    def meet(self, level: Decimal, *, falling: bool, after: Place, adverse: bool, through: bool) -> Place | None:
        """The first place at or after `after` where the price has come to a level, from above if `falling`; with
        `through` it must go beyond. `adverse` tells that it is bad for the trader."""

    def touches(self, level: Decimal, *, falling: bool, through: bool) -> bool:
        """Whether the price is at the level or beyond anywhere on the way; with `through` it must be beyond."""

    def best(self, *, falling: bool) -> Decimal:
        """The lowest price on the way if `falling`, else the highest."""


class Point:
    """A tick: one price."""

    def __init__(self, price: Decimal) -> None:
        self.start = self.end = Place(0, ZERO, price)

    def meet(
        self,
        level: Decimal,
        *,
        falling: bool,
        after: Place,
        adverse: bool,  # noqa: ARG002 - a tick has no way to choose
        through: bool,
    ) -> Place | None:
        """Here or nowhere."""
        return after if _is_at(after.price, level, falling=falling, through=through) else None

    def touches(self, level: Decimal, *, falling: bool, through: bool) -> bool:
        """Whether it is there."""
        return _is_at(self.start.price, level, falling=falling, through=through)

    def best(self, *, falling: bool) -> Decimal:  # noqa: ARG002 - a tick has but one
        """Its price."""
        return self.start.price


class _Range:
    """What every bar knows: its open, its close and its extremes."""

    def __init__(self, prices: tuple[Decimal, Decimal, Decimal, Decimal]) -> None:
        open_, high, low, close = prices
        self._low, self._high = min(low, open_, close), max(high, open_, close)
        self.start = Place(0, ZERO, open_)
        self.end = Place(4, ZERO, close)

    def touches(self, level: Decimal, *, falling: bool, through: bool) -> bool:
        """Whether the bar's range comes to the level."""
        return _is_at(self._low if falling else self._high, level, falling=falling, through=through)

    def best(self, *, falling: bool) -> Decimal:
        """The extreme."""
        return self._low if falling else self._high


class NearerExtreme(_Range):
    """The open, the extreme nearer to it, the other one, the close; of equal ones that which is away from the close."""

    def __init__(self, prices: tuple[Decimal, Decimal, Decimal, Decimal]) -> None:
        super().__init__(prices)
        open_, close = prices[0], prices[3]
        up, down = EXACT.subtract(self._high, open_), EXACT.subtract(open_, self._low)
        low_first = down < up or (down == up and close >= open_)
        extremes = (self._low, self._high) if low_first else (self._high, self._low)
        self.points = (open_, *extremes, close)

    def meet(
        self,
        level: Decimal,
        *,
        falling: bool,
        after: Place,
        adverse: bool,  # noqa: ARG002 - the way is chosen already
        through: bool,
    ) -> Place | None:
        """The first place on the way that is left."""
        if _is_at(after.price, level, falling=falling, through=through):
            return after
        for leg in range(max(after.leg, 1), 4):
            if _is_at(self.points[leg], level, falling=falling, through=through):
                return Place(leg, EXACT.abs(EXACT.subtract(level, self.points[leg - 1])), level)
        return None


class WorstCase(_Range):
    """At the open what the open brings; then all that is adverse, anywhere in the range; then the rest of what was
    there at the open."""

    def meet(self, level: Decimal, *, falling: bool, after: Place, adverse: bool, through: bool) -> Place | None:
        """At once, or in the rank of its kind."""
        if _is_at(after.price, level, falling=falling, through=through):
            return after
        is_reached = _is_at(self._low if falling else self._high, level, falling=falling, through=through)
        if not is_reached or after.leg >= self.end.leg:
            return None
        if adverse:
            return Place(max(after.leg, 1), ZERO, level)
        return Place(2, ZERO, level) if after.leg == 0 else None


def walk_of_bar(prices: tuple[Decimal, Decimal, Decimal, Decimal], path: Path) -> "NearerExtreme | WorstCase":
    """The way of a bar's open, high, low and close."""
    return NearerExtreme(prices) if path is Path.NEARER_EXTREME else WorstCase(prices)


def _is_at(price: Decimal, level: Decimal, *, falling: bool, through: bool) -> bool:
    if through and price == level:
        return False
    return price <= level if falling else price >= level
