"""What the pictures and tables of a report show beside what the result says: by the rules of `trading.statistics`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import accumulate, groupby
from typing import Final, NamedTuple

from daemon.research.report.thinning import Point
from daemon.results.result import Curve, FlowLine, Result
from trading.statistics import EquityCurve, Flow, Returns, sharpe, total_return
from trading.statistics.returns import wealth
from trading.timestamps import SECOND, parse_iso

WINDOWS: Final = (63, 21)
"""Days that a rolling ratio looks back over: a quarter or a month, the first of which there are two."""


class Rolling(NamedTuple):
    """A ratio over the last `window` daily returns, at the end of each; no window where there are too few."""

    window: int
    points: Sequence[Point]


class Year(NamedTuple):
    """Returns by month, January is 1, and of the year as a whole; a month without a daily return has none."""

    year: int
    months: Mapping[int, float | None]
    whole: float | None


def points_of(curve: Curve) -> list[Point]:
    """A curve as numbers."""
    return [Point(parse_iso(ts), float(value)) for ts, value in curve]


def equity_curve(curve: Curve, flows: Iterable[FlowLine]) -> EquityCurve:
    """As statistics take it; `flows` are those of this book."""
    points = points_of(curve)
    return EquityCurve(
        times_ns=[point.ts_ns for point in points],
        values=[point.value for point in points],
        flows=[
            Flow(ts_ns=parse_iso(flow.ts), amount=float(flow.amount), equity_before=float(flow.equity_before))
            for flow in flows
        ],
    )


def account_curve(result: Result) -> EquityCurve:
    """That of the account, with what was paid in and out."""
    return equity_curve(result.equity, (flow for flow in result.flows if not flow.strategy))


def drawdown(curve: EquityCurve) -> list[Point]:
    """Wealth over its peak so far, less 1: zero at a peak, -0.25 where a quarter is lost."""
    returns = curve.returns()
    if not returns.values:
        return []
    levels = wealth(returns.values)
    peaks = accumulate(levels, max)
    times_ns = [returns.start_ns, *returns.times_ns]
    return [Point(ts, level / peak - 1.0) for ts, level, peak in zip(times_ns, levels, peaks, strict=True)]


def by_month(days: Returns) -> list[Year]:
    """Daily returns linked by calendar month, UTC, the newest year last. Midnight is of the day that it ends."""
    stamped = [(_month(ts_ns), value) for ts_ns, value in zip(days.times_ns, days.values, strict=True)]
    years = []
    for year, in_year in groupby(stamped, lambda one: one[0].year):
        returns = list(in_year)
        months = {
            month: total_return([value for _, value in group])
            for month, group in groupby(returns, lambda one: one[0].month)
        }
        years.append(Year(year, months, total_return([value for _, value in returns])))
    return years


def rolling_sharpe(days: Returns, days_of_a_year: float) -> Rolling:
    """The Sharpe ratio of a year by the days of a window; left out where it is not defined."""
    window = next((length for length in WINDOWS if len(days.values) >= 2 * length), 0)
    if not window:
        return Rolling(0, ())
    ratios = (
        (days.times_ns[end - 1], sharpe(days.values[end - window : end], periods_per_year=days_of_a_year))
        for end in range(window, len(days.values) + 1)
    )
    return Rolling(window, [Point(ts_ns, ratio) for ts_ns, ratio in ratios if ratio is not None])


def _month(ts_ns: int) -> datetime:
    return datetime.fromtimestamp((ts_ns - 1) // SECOND, UTC)
