"""From the equity of an account to its returns. What is deposited or withdrawn is not return.

Returns are time-weighted by exact linking, the true time-weighted return of the Global Investment Performance
Standards: a flow of money from outside cuts its period in two. The part before it ends at the equity just before, the
part after it begins at that equity plus the flow, and the parts are multiplied. Whoever books a flow knows the equity
on both sides of it, so nothing is approximated, as Modified Dietz would. A sample at a flow's own time is taken after
the flow.

A part that begins at zero or below has no capital to earn on, and no return: it is left out, and so is a period that
consists of such parts. Within a period as over periods, what follows a return of -100 % or less earns nothing. A return
that is no more than rounding is zero.
"""

import math
from collections.abc import Mapping, Sequence, Set
from itertools import pairwise

import msgspec

from trading.statistics.figures import NOISE, require_finite
from trading.timestamps import DAY


class Flow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Money from outside: positive came, negative went. `equity_before` is the equity just before it."""

    ts_ns: int
    amount: float
    equity_before: float


class EquityCurve(msgspec.Struct, frozen=True, kw_only=True):
    """Equity at times, and the flows between them, in one currency. The first value is what there was to begin with.

    ValueError when times go back, when there are not as many as values, or when a number is NaN or infinite. Samples of
    one time are in the order in which they were taken.
    """

    times_ns: Sequence[int]
    values: Sequence[float]
    flows: Sequence[Flow] = ()

    def __post_init__(self) -> None:
        if len(self.times_ns) != len(self.values):
            raise ValueError(f"{len(self.times_ns)} times for {len(self.values)} values; there must be as many")
        require_finite(self.values, "equity")
        require_finite([flow.amount for flow in self.flows], "flow")
        require_finite([flow.equity_before for flow in self.flows], "equity before flow")
        _require_order(self.times_ns, "equity")
        _require_order([flow.ts_ns for flow in self.flows], "flow")

    @property
    def deposited(self) -> float:
        """The sum of the flows after the first sample, up to the last."""
        return math.fsum(flow.amount for flow in self._flows_within())

    def _flows_within(self) -> list[Flow]:
        if not self.times_ns:
            return []
        return [flow for flow in self.flows if self.times_ns[0] < flow.ts_ns <= self.times_ns[-1]]

    def daily(self, utc_offset_ns: int = 0) -> "EquityCurve":
        """The first sample, which is what the first day began with, and the last one of each day; flows as they were.

        A day lasts until midnight, included, as a bar is stamped with its close; midnight is UTC's, or that of a zone
        so many nanoseconds ahead of it.
        """
        kept = [
            index
            for index, ts_ns in enumerate(self.times_ns)
            if index in (0, len(self.times_ns) - 1)
            or day_of(ts_ns, utc_offset_ns) != day_of(self.times_ns[index + 1], utc_offset_ns)
        ]
        return EquityCurve(
            times_ns=[self.times_ns[index] for index in kept],
            values=[self.values[index] for index in kept],
            flows=self.flows,
        )

    def returns(self) -> "Returns":
        """The simple return of each period that has one; ValueError when one does not fit in a float."""
        times_ns, values = [], []
        flows = self._flows_within()
        taken = 0
        points = zip(self.times_ns, self.values, strict=True)
        for (_, base), (ts_ns, end) in pairwise(points):
            first = taken
            while taken < len(flows) and flows[taken].ts_ns <= ts_ns:
                taken += 1
            growth = _linked(base, flows[first:taken], end)
            if growth is not None:
                times_ns.append(ts_ns)
                values.append(growth - 1.0 if abs(growth - 1.0) > NOISE else 0.0)
        require_finite(values)
        return Returns(start_ns=self.times_ns[0] if self.times_ns else 0, times_ns=times_ns, values=values)


class Returns(msgspec.Struct, frozen=True, kw_only=True):
    """Simple returns, each with the end of its period; `start_ns` is when the first period began."""

    start_ns: int
    times_ns: Sequence[int]
    values: Sequence[float]


def wealth(returns: Sequence[float]) -> list[float]:
    """What 1 has become, before the first return and after each; at zero or below it stays what it is.

    OverflowError when that does not fit in a float.
    """
    levels = [1.0]
    for value in returns:
        levels.append(_grown(levels[-1], 1.0 + value))
    if not math.isfinite(levels[-1]):
        raise OverflowError("the wealth that these returns make does not fit in a float")
    return levels


def in_common(returns: Returns, benchmark: Returns, utc_offset_ns: int = 0) -> tuple[list[float], list[float]]:
    """Two series over the same periods: from each day at whose end both have a value to the next such day, linked.

    The day on which a series begins counts from its end. Days are those of `EquityCurve.daily`.
    """
    own, other = _growth_by_day(returns, utc_offset_ns), _growth_by_day(benchmark, utc_offset_ns)
    common = own.keys() & other.keys()
    return _from_day_to_day(own, common), _from_day_to_day(other, common)


def day_of(ts_ns: int, utc_offset_ns: int = 0) -> int:
    """Which day since 1970-01-01 a time is of; midnight is of the day that ends with it."""
    return (ts_ns + utc_offset_ns - 1) // DAY


def _growth_by_day(returns: Returns, utc_offset_ns: int) -> dict[int, float]:
    growth = {day_of(returns.start_ns, utc_offset_ns): 1.0} if returns.values else {}
    for ts_ns, value in zip(returns.times_ns, returns.values, strict=True):
        day = day_of(ts_ns, utc_offset_ns)
        growth[day] = _grown(growth.get(day, 1.0), 1.0 + value)
    return growth


def _from_day_to_day(growth: Mapping[int, float], days: Set[int]) -> list[float]:
    linked = []
    level = 1.0
    for day, grown in growth.items():
        level = _grown(level, grown)
        if day in days:
            linked.append(level - 1.0)
            level = 1.0
    return linked[1:]


def _grown(level: float, growth: float) -> float:
    """A level after a growth; at zero or below it stays what it is."""
    return level * growth if level > 0 else level


def _linked(base: float, flows: Sequence[Flow], end: float) -> float | None:
    """How one unit of capital grew over a period, over the parts that have capital; None when none has."""
    growth: float | None = None
    begins = [base, *(flow.equity_before + flow.amount for flow in flows)]
    ends = [*(flow.equity_before for flow in flows), end]
    for begin, until in zip(begins, ends, strict=True):
        if begin > 0:
            growth = _grown(1.0 if growth is None else growth, until / begin)
    return growth


def _require_order(times_ns: Sequence[int], what: str) -> None:
    for index, (before, after) in enumerate(pairwise(times_ns), start=1):
        if after < before:
            raise ValueError(f"{what} {index} is of {after}, before the one at {before}; times must not go back")
