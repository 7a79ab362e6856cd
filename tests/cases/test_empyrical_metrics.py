"""Figures of twenty years of daily closes, worked out by another library and by a script after its formulas."""

import json
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.cases.bars import daily_bars
from trading import statistics
from trading.statistics import EquityCurve, Returns
from trading.timestamps import SECOND

CASE = "metrics_empyrical_spy_ibm_bac_20y"
FIRST, LAST = "1999-12-31", "2019-12-31"
DAILY_RATE = 0.02 / 252

ALONE = {
    "total_return": statistics.total_return,
    "cagr": statistics.cagr,
    "annual_volatility": statistics.annual_volatility,
    "sharpe_rf0": statistics.sharpe,
    "sharpe_rf_daily": lambda returns: statistics.sharpe(returns, DAILY_RATE),
    "sortino_rf0": statistics.sortino,
    "sortino_req_daily": lambda returns: statistics.sortino(returns, DAILY_RATE),
    "downside_risk": statistics.downside_risk,
    "max_drawdown": statistics.max_drawdown,
    "calmar": statistics.calmar,
    "omega": statistics.omega,
    "tail_ratio": statistics.tail_ratio,
    "stability": statistics.stability,
    "var_5pct": statistics.value_at_risk,
    "cvar_5pct": statistics.conditional_value_at_risk,
}
AGAINST = {
    "alpha": statistics.alpha,
    "beta": statistics.beta,
    "up_capture": statistics.up_capture,
    "down_capture": statistics.down_capture,
    "tracking_excess_sharpe": statistics.excess_sharpe,
}
TOLD_OTHERWISE = {"n", "first", "last", "max_drawdown_trough_date", "max_drawdown_peak_date"}


def expected(shared: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((shared / "cases" / CASE / "expected.json").read_text())["metrics"]
    return found


def returns(shared: Path, symbol: str) -> Returns:
    bars = daily_bars(shared, symbol, FIRST, LAST)
    return EquityCurve(times_ns=[bar.ts_ns for bar in bars], values=[bar.close for bar in bars]).daily().returns()


def date_of(close_ns: int) -> str:
    """The date of a bar that is stamped with its close, at midnight."""
    return datetime.fromtimestamp(close_ns // SECOND - 1, UTC).date().isoformat()


@pytest.mark.parametrize("symbol", ["SPY", "IBM", "BAC"])
def test_every_figure_of_a_series_is_as_recorded(shared: Path, symbol: str) -> None:
    wanted, series = expected(shared)[symbol], returns(shared, symbol)

    assert set(wanted) - TOLD_OTHERWISE - set(AGAINST) == set(ALONE)
    assert len(series.values) == wanted["n"]
    assert [series.values[0], series.values[-1]] == pytest.approx([wanted["first"], wanted["last"]], rel=1e-9)
    for name, figure in ALONE.items():
        assert figure(series.values) == pytest.approx(wanted[name], rel=1e-9, abs=0.0), name


@pytest.mark.parametrize("symbol", ["SPY", "IBM", "BAC"])
def test_the_deepest_drawdown_has_its_dates(shared: Path, symbol: str) -> None:
    wanted, series = expected(shared)[symbol], returns(shared, symbol)
    closes = [bar.close for bar in daily_bars(shared, symbol, FIRST, LAST)]

    deepest = statistics.deepest_drawdown(series)

    assert deepest is not None
    assert date_of(deepest.peak_ns) == wanted["max_drawdown_peak_date"]
    assert date_of(deepest.trough_ns) == wanted["max_drawdown_trough_date"]
    times_ns = [series.start_ns, *series.times_ns]
    peak, trough = times_ns.index(deepest.peak_ns), times_ns.index(deepest.trough_ns)
    back = next((index for index in range(trough, len(closes)) if closes[index] >= closes[peak]), None)
    assert deepest.recovery_ns == (None if back is None else times_ns[back])
    assert deepest.periods == (len(closes) - 1 if back is None else back) - peak


@pytest.mark.parametrize("symbol", ["IBM", "BAC"])
def test_every_figure_against_the_benchmark_is_as_recorded(shared: Path, symbol: str) -> None:
    wanted, series, benchmark = expected(shared)[symbol], returns(shared, symbol), returns(shared, "SPY")

    own, other = statistics.in_common(series, benchmark)

    assert own == pytest.approx(series.values, rel=1e-12)
    assert set(AGAINST) < set(wanted)
    for name, figure in AGAINST.items():
        assert figure(own, other) == pytest.approx(wanted[name], rel=1e-9, abs=0.0), name


def test_every_day_has_one_return(shared: Path) -> None:
    closes = [bar.close for bar in daily_bars(shared, "SPY", FIRST, LAST)]

    assert returns(shared, "SPY").values == pytest.approx([after / before - 1 for before, after in pairwise(closes)])
