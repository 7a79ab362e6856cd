"""What holds for every series: figures are those of an independent library, and money from outside is never return.

Where the library's number is NaN or infinite ours is None. Where it is finite ours is the same, but where
`docs/statistics.md` says otherwise: what follows a loss of all, a negative growth that is annualised, and a spread that
is nothing but rounding.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import empyrical
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading import statistics
from trading.statistics import EquityCurve, Flow
from trading.statistics.returns import wealth
from trading.timestamps import HOUR


def millionths(least: int, most: int) -> st.SearchStrategy[float]:
    """Returns on a grid: far finer than any that matters, far coarser than rounding."""
    return st.integers(least, most).map(lambda count: count / 1_000_000)


ANY = millionths(-900_000, 2_000_000)
SMALL = millionths(-50_000, 50_000)
FEW = st.sampled_from([0.0, 0.1, -0.1, 0.01, -0.9])
SERIES = st.lists(SMALL, max_size=40) | st.lists(ANY, max_size=12) | st.lists(FEW, max_size=8)
RATES = st.sampled_from([0.0, 0.0001, -0.001, 0.05])
PERIODS = st.sampled_from([1, 12, 252])


def theirs(figure: Callable[..., Any], *series: Sequence[float], **arguments: Any) -> float:
    """The library's number, whatever it warns of."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return float(figure(*(np.array(values, dtype=float) for values in series), **arguments))


def assert_same(ours: float | None, other: float, name: str) -> None:
    if ours is None:
        assert not math.isfinite(other), (name, other)
    else:
        assert ours == pytest.approx(other, rel=1e-9, abs=1e-9), name


@given(returns=SERIES, rate=RATES, periods=PERIODS)
def test_a_series_has_the_librarys_figures(returns: list[float], rate: float, periods: int) -> None:
    annual = {"annualization": periods}
    pairs: list[tuple[float | None, float, str]] = [
        (statistics.total_return(returns), theirs(empyrical.cum_returns_final, returns), "total return"),
        (statistics.cagr(returns, periods), theirs(empyrical.cagr, returns, **annual), "cagr"),
        (
            statistics.annual_volatility(returns, periods),
            theirs(empyrical.annual_volatility, returns, **annual),
            "volatility",
        ),
        (
            statistics.sharpe(returns, rate, periods),
            theirs(empyrical.sharpe_ratio, returns, risk_free=rate, **annual),
            "sharpe",
        ),
        (
            statistics.downside_risk(returns, rate, periods),
            theirs(empyrical.downside_risk, returns, required_return=rate, **annual),
            "downside risk",
        ),
        (
            statistics.sortino(returns, rate, periods),
            theirs(empyrical.sortino_ratio, returns, required_return=rate, **annual),
            "sortino",
        ),
        (statistics.max_drawdown(returns), theirs(empyrical.max_drawdown, returns), "drawdown"),
        (statistics.calmar(returns, periods), theirs(empyrical.calmar_ratio, returns, **annual), "calmar"),
        (
            statistics.omega(returns, rate),
            theirs(empyrical.omega_ratio, returns, required_return=rate, annualization=1),
            "omega",
        ),
    ]
    for ours, other, name in pairs:
        assert_same(ours, other, name)


@given(returns=SERIES, cutoff=st.sampled_from([0.0, 0.01, 0.05, 0.5, 1.0]))
def test_a_series_has_the_librarys_tails(returns: list[float], cutoff: float) -> None:
    assert_same(
        statistics.value_at_risk(returns, cutoff),
        theirs(empyrical.value_at_risk, returns, cutoff=cutoff),
        "value at risk",
    )
    assert_same(
        statistics.conditional_value_at_risk(returns, cutoff),
        theirs(empyrical.conditional_value_at_risk, returns, cutoff=cutoff),
        "conditional value at risk",
    )
    low = statistics.value_at_risk(returns)
    if not low or abs(low) > 1e-12:
        assert_same(statistics.tail_ratio(returns), theirs(empyrical.tail_ratio, returns), "tail ratio")


@given(returns=SERIES)
def test_a_series_has_the_librarys_stability(returns: list[float]) -> None:
    ours, other = statistics.stability(returns), theirs(empyrical.stability_of_timeseries, returns)

    if ours is None and len(returns) > 1:
        assert set(returns[1:]) == {0.0}
    else:
        assert_same(ours, other, "stability")


@given(pairs=st.lists(st.tuples(SMALL, SMALL), max_size=40) | st.lists(st.tuples(FEW, FEW), max_size=8), rate=RATES)
def test_two_series_have_the_librarys_figures(pairs: list[tuple[float, float]], rate: float) -> None:
    own, other = [pair[0] for pair in pairs], [pair[1] for pair in pairs]

    ours, library = statistics.beta(own, other), theirs(empyrical.beta, own, other)
    assert_same(ours, library, "beta")
    annual = statistics.alpha(own, other, rate)
    if ours is not None and sum(1 + value - rate - ours * (market - rate) for value, market in pairs) < 0:
        assert annual is None or annual == pytest.approx(-1.0)
    else:
        assert_same(annual, theirs(empyrical.alpha, own, other, risk_free=rate), "alpha")
    assert_same(statistics.up_capture(own, other), theirs(empyrical.up_capture, own, other), "up capture")
    assert_same(statistics.down_capture(own, other), theirs(empyrical.down_capture, own, other), "down capture")
    excess, library = statistics.excess_sharpe(own, other), theirs(empyrical.excess_sharpe, own, other)
    if excess is not None or not abs(library) > 1e9:
        assert_same(excess, library, "excess sharpe")


@given(returns=SERIES, loss=st.sampled_from([-1.0, -1.25, -3.0]), after=SERIES)
def test_a_loss_of_all_is_the_librarys_and_nothing_follows_it(
    returns: list[float], loss: float, after: list[float]
) -> None:
    ruined = [*returns, loss]
    for ours, library in (
        (statistics.total_return, empyrical.cum_returns_final),
        (statistics.max_drawdown, empyrical.max_drawdown),
    ):
        assert_same(ours(ruined), theirs(library, ruined), ours.__name__)
        assert ours([*ruined, *after]) == ours(ruined)
    assert statistics.cagr(ruined) == (-1.0 if loss == -1.0 else None)
    assert statistics.stability([*ruined, *after]) is None


@given(
    returns=st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=8),
    other=st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=8),
)
def test_whatever_the_numbers_a_figure_is_finite_or_none(returns: list[float], other: list[float]) -> None:
    length = min(len(returns), len(other))
    figures = [
        *(
            figure(returns)
            for figure in (
                statistics.total_return,
                statistics.cagr,
                statistics.annual_volatility,
                statistics.sharpe,
                statistics.downside_risk,
                statistics.sortino,
                statistics.max_drawdown,
                statistics.calmar,
                statistics.omega,
                statistics.stability,
                statistics.tail_ratio,
                statistics.value_at_risk,
                statistics.conditional_value_at_risk,
            )
        ),
        *(
            figure(returns[:length], other[:length])
            for figure in (
                statistics.alpha,
                statistics.beta,
                statistics.up_capture,
                statistics.down_capture,
                statistics.excess_sharpe,
            )
        ),
    ]

    assert all(figure is None or math.isfinite(figure) for figure in figures)


@given(
    steps=st.lists(st.tuples(millionths(-500_000, 500_000), st.none() | st.integers(-40, 400)), max_size=30),
    offset_hours=st.integers(-12, 12),
)
def test_deposits_and_withdrawals_are_no_return(steps: list[tuple[float, int | None]], offset_hours: int) -> None:
    """A step is a growth, and then, of some, a share of the equity that comes or goes."""
    equity = alone = 100.0
    times_ns, values, undisturbed, flows = [0], [equity], [alone], []
    for n, (growth, percent) in enumerate(steps, start=1):
        ts_ns = n * 5 * HOUR
        equity, alone = equity * (1 + growth), alone * (1 + growth)
        if percent is not None:
            flows.append(Flow(ts_ns=ts_ns - 1, amount=equity * percent / 100, equity_before=equity))
            equity += flows[-1].amount
        times_ns.append(ts_ns)
        values.append(equity)
        undisturbed.append(alone)
    with_flows = EquityCurve(times_ns=times_ns, values=values, flows=flows)
    without = EquityCurve(times_ns=times_ns, values=undisturbed)

    for ours, plain in (
        (with_flows, without),
        (with_flows.daily(offset_hours * HOUR), without.daily(offset_hours * HOUR)),
    ):
        assert ours.returns().times_ns == plain.returns().times_ns
        assert ours.returns().values == pytest.approx(plain.returns().values, rel=1e-9, abs=1e-12)
        assert wealth(ours.returns().values)[-1] == pytest.approx(alone / 100, rel=1e-9)


@given(returns=st.lists(millionths(-500_000, 500_000), max_size=30))
def test_the_deepest_drawdown_is_the_deepest_of_all_pairs(returns: list[float]) -> None:
    levels = wealth(returns)
    times_ns = list(range(100, 100 + len(levels)))
    series = statistics.Returns(start_ns=100, times_ns=times_ns[1:], values=returns)
    deepest = min((later / earlier - 1 for n, earlier in enumerate(levels) for later in levels[n:]), default=0.0)

    found = statistics.deepest_drawdown(series)

    if found is None:
        assert deepest == 0
        return
    assert found.depth == deepest == statistics.max_drawdown(returns)
    peak, trough = found.peak_ns - 100, found.trough_ns - 100
    assert levels[trough] / levels[peak] - 1 == deepest
    end = peak + found.periods
    assert max(levels[peak + 1 : end], default=0.0) < levels[peak]
    assert (found.recovery_ns is None) == (levels[end] < levels[peak])
    assert found.length_ns == found.periods
