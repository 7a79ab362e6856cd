"""What one owner's book was worth at times, and the money that came and went between: in the journal's order.

A flow cuts the curve, and what the book was worth just before it is needed: that of a valuation at the flow's own time
and after it, less the flow; else that of the last valuation before, so that what the day brought until then counts as
earned on what there was after.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from trading.account.records import Valuation
from trading.money import EXACT, ZERO, total
from trading.statistics import EquityCurve, Flow, Sample


class Point(NamedTuple):
    """Equity and gross exposure as a record of the journal tells them; None where a rate was missing."""

    sequence: int
    ts_ns: int
    equity: Decimal | None
    exposure: Decimal | None

    @property
    def is_known(self) -> bool:
        """Whether no rate was missing."""
        return self.equity is not None and self.exposure is not None

    def plus(self, other: "Point") -> "Point":
        """Two books at one time, together."""
        return Point(self.sequence, self.ts_ns, _sum(self.equity, other.equity), _sum(self.exposure, other.exposure))

    @classmethod
    def sum_of(cls, values: Iterable[Valuation], sequence: int, ts_ns: int) -> "Point":
        """All books at one time, together."""
        point = cls(sequence, ts_ns, ZERO, ZERO)
        for value in values:
            point = point.plus(cls(sequence, ts_ns, value.equity, value.exposure))
        return point


def begun(points: Sequence[Point], given: Point, *, is_certain: bool) -> list[Point]:
    """The points of an owner from its beginning on. What it was `given` is known for certain where that needs no rate;
    else it begins at the first point with a value, and only where there is none with what that would come to now."""
    if is_certain:
        return [given, *points]
    first = next((place for place, point in enumerate(points) if point.is_known), None)
    return [given, *points] if first is None else [*points[first:]]


class Change(NamedTuple):
    """Money that came, or went where it is negative; None where it has no rate."""

    sequence: int
    ts_ns: int
    amount: Decimal | None


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The samples of a time, and the flows between them."""

    samples: Sequence[Sample]
    flows: Sequence[Flow]
    net_profit: Decimal

    def curve(self) -> EquityCurve:
        """As statistics take it."""
        return EquityCurve(
            times_ns=[sample.ts_ns for sample in self.samples],
            values=[sample.equity for sample in self.samples],
            flows=self.flows,
        )


class Track:
    """One owner's history. The first point is its beginning, the last is now; `capital` is what was put in by now, less
    what was taken out, and `equity` what there is. Both None where a rate is missing."""

    def __init__(self, points: Sequence[Point], changes: Sequence[Change]) -> None:
        self._points = points
        self._changes = [change for change in changes if change.sequence > points[0].sequence]
        self.equity = points[-1].equity
        self.capital: Decimal | None = points[0].equity
        for change in self._changes:
            self.capital = _sum(self.capital, change.amount)

    def since(self, begin_ns: int) -> Part | None:
        """What was from a point on, named by its time; None where what it is worth now, or a flow, has no rate."""
        first = next((place for place, point in enumerate(self._points) if point.ts_ns >= begin_ns), 0)
        points = [point for point in self._points[first:] if point.is_known]
        changes = [change for change in self._changes if points and change.sequence > points[0].sequence]
        amounts = [change.amount for change in changes if change.amount is not None]
        if self.equity is None or not points or points[0] is not self._points[first] or len(amounts) < len(changes):
            return None
        began = points[0].equity or ZERO
        samples, flows = _in_order(points, changes)
        net_profit = EXACT.subtract(EXACT.subtract(self.equity, began), total(amounts))
        return Part(samples=samples, flows=flows, net_profit=net_profit)


def _in_order(points: Sequence[Point], changes: Sequence[Change]) -> tuple[list[Sample], list[Flow]]:
    """Both by time: what the journal has before a flow is told as before it, though it be of the same time."""
    samples: list[Sample] = []
    flows: list[Flow] = []
    before, clock_ns, taken = ZERO, points[0].ts_ns, 0
    for point in points:
        coming = taken
        while coming < len(changes) and changes[coming].sequence < point.sequence:
            coming += 1
        between = changes[taken:coming]
        if between and between[-1].ts_ns == point.ts_ns:
            before = EXACT.subtract(point.equity or ZERO, total(change.amount or ZERO for change in between))
        for change in between:
            clock_ns = max(change.ts_ns, clock_ns + 1)
            amount = change.amount or ZERO
            flows.append(Flow(ts_ns=clock_ns, amount=float(amount), equity_before=float(before)))
            before = EXACT.add(before, amount)
        clock_ns = max(point.ts_ns, clock_ns)
        before, exposure = point.equity or ZERO, point.exposure or ZERO
        samples.append(Sample(ts_ns=clock_ns, equity=float(before), gross_exposure=float(exposure)))
        taken = coming
    return samples, flows


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else EXACT.add(one, other)
