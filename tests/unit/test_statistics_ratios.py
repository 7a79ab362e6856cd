"""Ratios, drawdowns and tails by hand, and every series for which a figure is not defined."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest

from trading import statistics
from trading.statistics import Drawdown, Returns
from trading.statistics.returns import wealth

Figure = Callable[..., float | None]

ONE_SERIES: list[Figure] = [
    statistics.total_return,
    statistics.cagr,
    statistics.annual_volatility,
    statistics.sharpe,
    statistics.sortino,
    statistics.downside_risk,
    statistics.calmar,
    statistics.omega,
    statistics.stability,
    statistics.max_drawdown,
    statistics.tail_ratio,
    statistics.value_at_risk,
    statistics.conditional_value_at_risk,
]
TWO_SERIES: list[Figure] = [
    statistics.alpha,
    statistics.beta,
    statistics.up_capture,
    statistics.down_capture,
    statistics.excess_sharpe,
]
ANNUAL: list[Figure] = [
    statistics.cagr,
    statistics.annual_volatility,
    statistics.sharpe,
    statistics.sortino,
    statistics.downside_risk,
    statistics.calmar,
]


@pytest.mark.parametrize(
    ("figure", "arguments", "wanted"),
    [
        (statistics.total_return, {}, 1.1 * 0.8 * 1.2 - 1),
        (statistics.cagr, {"periods_per_year": 6}, (1.1 * 0.8 * 1.2) ** 2 - 1),
        (statistics.annual_volatility, {"periods_per_year": 4}, 2 * math.sqrt(0.0433333333333333333)),
        (statistics.sharpe, {"periods_per_year": 4}, 2 * (0.1 / 3) / math.sqrt(0.0433333333333333333)),
        (statistics.sharpe, {"periods_per_year": 1, "risk_free": 0.1}, (-0.2 / 3) / math.sqrt(0.0433333333333333333)),
        (statistics.downside_risk, {"periods_per_year": 4}, 2 * math.sqrt(0.04 / 3)),
        (statistics.downside_risk, {"periods_per_year": 1, "required": 0.15}, math.sqrt((0.0025 + 0.1225) / 3)),
        (statistics.sortino, {"periods_per_year": 4}, 4 * (0.1 / 3) / (2 * math.sqrt(0.04 / 3))),
        (statistics.sortino, {"periods_per_year": 1, "required": 0.1}, (-0.2 / 3) / math.sqrt(0.09 / 3)),
        (statistics.max_drawdown, {}, -0.2),
        (statistics.calmar, {"periods_per_year": 3}, (1.1 * 0.8 * 1.2 - 1) / 0.2),
        (statistics.omega, {}, 0.3 / 0.2),
        (statistics.omega, {"threshold": 0.1}, 0.1 / 0.3),
        (statistics.tail_ratio, {}, 0.19 / 0.17),
        (statistics.value_at_risk, {}, -0.17),
        (statistics.value_at_risk, {"cutoff": 0}, -0.2),
        (statistics.value_at_risk, {"cutoff": 0.75}, 0.15),
        (statistics.value_at_risk, {"cutoff": 1}, 0.2),
        (statistics.conditional_value_at_risk, {}, -0.2),
        (statistics.conditional_value_at_risk, {"cutoff": 0.5}, -0.05),
        (statistics.conditional_value_at_risk, {"cutoff": 1}, 0.1 / 3),
    ],
)
def test_three_returns_by_hand(figure: Figure, arguments: dict[str, float], wanted: float) -> None:
    assert figure([0.1, -0.2, 0.2], **arguments) == pytest.approx(wanted, rel=1e-12)


def test_stability_by_hand() -> None:
    """Log wealth of 1, 1, 2 over 0, 1, 2: covariance 1, squares 2 and 2/3, so R squared is 1 / (4/3)."""
    returns = [math.expm1(1.0), 0.0, math.expm1(1.0)]

    assert statistics.stability(returns) == pytest.approx(0.75, rel=1e-12)


@pytest.mark.parametrize(
    ("figure", "arguments", "wanted"),
    [
        (statistics.beta, {}, 0.5),
        (statistics.alpha, {"periods_per_year": 2}, 1.1**2 - 1),
        (statistics.alpha, {"periods_per_year": 1, "risk_free": 0.1}, 0.05),
        (statistics.up_capture, {"periods_per_year": 1}, 0.2 / 0.2),
        (statistics.down_capture, {"periods_per_year": 1}, 0.05 / -0.1),
        (statistics.excess_sharpe, {}, (0.15 / 2) / math.sqrt(2 * 0.075**2)),
    ],
)
def test_two_returns_against_a_benchmark_by_hand(figure: Figure, arguments: dict[str, float], wanted: float) -> None:
    assert figure([0.2, 0.05], [0.2, -0.1], **arguments) == pytest.approx(wanted, rel=1e-12)


UNDEFINED: list[tuple[str, Sequence[float], dict[str, float | None]]] = [
    ("no returns", [], dict.fromkeys([figure.__name__ for figure in ONE_SERIES])),
    (
        "one return",
        [0.5],
        {
            "total_return": 0.5,
            "cagr": 0.5,
            "annual_volatility": None,
            "sharpe": None,
            "sortino": None,
            "downside_risk": 0.0,
            "calmar": None,
            "omega": None,
            "stability": None,
            "max_drawdown": 0.0,
            "tail_ratio": 1.0,
            "value_at_risk": 0.5,
            "conditional_value_at_risk": 0.5,
        },
    ),
    ("one loss", [-0.5], {"calmar": -1.0, "sortino": None, "omega": None, "downside_risk": 0.5, "max_drawdown": -0.5}),
    (
        "nothing ever happens",
        [0.0, 0.0, 0.0],
        {
            "total_return": 0.0,
            "cagr": 0.0,
            "annual_volatility": 0.0,
            "sharpe": None,
            "sortino": None,
            "downside_risk": 0.0,
            "calmar": None,
            "omega": None,
            "stability": None,
            "max_drawdown": 0.0,
            "tail_ratio": None,
            "value_at_risk": 0.0,
            "conditional_value_at_risk": 0.0,
        },
    ),
    (
        "a constant gain whose mean is not a float",
        [0.1, 0.1, 0.1],
        {"annual_volatility": 0.0, "sharpe": None, "sortino": None, "omega": None, "stability": 1.0, "calmar": None},
    ),
    ("a constant loss", [-0.1, -0.1], {"sharpe": None, "sortino": -1.0, "omega": 0.0, "calmar": -1.0}),
    (
        "all is lost",
        [0.5, -1.0, 0.5],
        {"total_return": -1.0, "cagr": -1.0, "max_drawdown": -1.0, "calmar": -1.0, "stability": None},
    ),
    (
        "more than all is lost",
        [0.5, -2.0, 0.5],
        {"total_return": -2.5, "cagr": None, "max_drawdown": -2.0, "calmar": None, "stability": None},
    ),
    (
        "wealth that no float can hold",
        [1e200, 1e200],
        {"total_return": None, "cagr": None, "max_drawdown": None, "calmar": None, "omega": None},
    ),
    ("a sum that no float can hold", [1.7e308, 1.7e308], {"sharpe": None, "annual_volatility": 0.0, "omega": None}),
    ("beyond squares", [1e-200, -1e-200], {"downside_risk": 1e-200 / 2**0.5, "omega": 1.0}),
    ("constant but for rounding", [0.1, 0.1 + 1e-16], {"annual_volatility": 0.0, "sharpe": None}),
    ("large and constant but for rounding", [1e6, 1e6 + 1e-10], {"annual_volatility": 0.0, "sharpe": None}),
]


@pytest.mark.parametrize(("returns", "wanted"), [pytest.param(*row[1:], id=row[0]) for row in UNDEFINED])
def test_a_degenerate_series_has_a_figure_or_none(returns: list[float], wanted: dict[str, float | None]) -> None:
    for figure in ONE_SERIES:
        if figure.__name__ in wanted:
            arguments: dict[str, Any] = {"periods_per_year": 1} if figure in ANNUAL else {}
            if figure is statistics.cagr or figure is statistics.calmar:
                arguments["periods_per_year"] = len(returns) or 1
            value = wanted[figure.__name__]
            found = figure(returns, **arguments)
            assert found == (None if value is None else pytest.approx(value, rel=1e-9)), figure.__name__


@pytest.mark.parametrize(
    ("returns", "benchmark", "wanted"),
    [
        pytest.param([], [], dict.fromkeys([figure.__name__ for figure in TWO_SERIES]), id="no returns"),
        pytest.param([0.1], [0.2], {"alpha": None, "beta": None, "excess_sharpe": None, "up_capture": 0.5}, id="one"),
        pytest.param([0.1, 0.3], [0.2, 0.2], {"alpha": None, "beta": None}, id="a benchmark that stands still"),
        pytest.param([0.1, 0.3], [0.0, 1e-16], {"alpha": None, "beta": None}, id="a benchmark that moves by rounding"),
        pytest.param([0.1, 0.3], [0.2, 0.4], {"excess_sharpe": None, "beta": 1.0}, id="a constant difference"),
        pytest.param([0.5, 0.5], [0.2, 0.4], {"beta": 0.0, "alpha": 0.5, "down_capture": None}, id="it never fell"),
        pytest.param([0.5, 0.5], [0.0, -0.5], {"up_capture": None, "down_capture": -1.0}, id="it never rose"),
        pytest.param([-3.0, 0.1], [-0.1, 0.2], {"down_capture": None, "up_capture": 0.5}, id="debt has no growth"),
        pytest.param([-2.0, -2.0], [0.1, -0.1], {"beta": 0.0, "alpha": None}, id="a mean below -100 %"),
        pytest.param([-1.0, -1.0], [0.1, -0.1], {"beta": 0.0, "alpha": -1.0}, id="a mean of -100 %"),
        pytest.param([1e300, 1.0], [0.0, 1e-14], {"beta": None, "alpha": None}, id="no float can hold it"),
    ],
)
def test_a_degenerate_pair_has_a_figure_or_none(
    returns: list[float], benchmark: list[float], wanted: dict[str, float | None]
) -> None:
    arguments = {name: {"periods_per_year": 1} for name in ("alpha", "up_capture", "down_capture")}
    for figure in TWO_SERIES:
        if figure.__name__ in wanted:
            value = wanted[figure.__name__]
            found = figure(returns, benchmark, **arguments.get(figure.__name__, {}))
            assert found == (None if value is None else pytest.approx(value, rel=1e-9, abs=1e-12)), figure.__name__


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(wrong: float) -> None:
    for figure in ONE_SERIES:
        with pytest.raises(ValueError, match=f"return 1 is {wrong}"):
            figure([0.1, wrong])
    for figure in TWO_SERIES:
        with pytest.raises(ValueError, match=f"return 0 is {wrong}"):
            figure([wrong], [0.1])
        with pytest.raises(ValueError, match=f"return of the benchmark 0 is {wrong}"):
            figure([0.1], [wrong])
    for figure, name in (
        (statistics.sharpe, "risk_free"),
        (statistics.sortino, "required"),
        (statistics.omega, "threshold"),
    ):
        with pytest.raises(ValueError, match=f"{name} is {wrong}; it must be a finite number"):
            figure([0.1, 0.2], wrong)


@pytest.mark.parametrize("periods", [0.0, -1.0, math.nan, math.inf])
def test_a_year_has_a_number_of_periods(periods: float) -> None:
    for figure in ANNUAL:
        with pytest.raises(ValueError, match=r"periods_per_year is .*; it must be a finite number above zero"):
            figure([0.1, -0.2], periods_per_year=periods)
    for figure in (statistics.alpha, statistics.up_capture):
        with pytest.raises(ValueError, match="periods_per_year"):
            figure([0.1, -0.2], [0.1, 0.2], periods_per_year=periods)


@pytest.mark.parametrize("cutoff", [-0.1, 1.1, math.nan])
def test_a_share_is_from_zero_to_one(cutoff: float) -> None:
    for figure in (statistics.value_at_risk, statistics.conditional_value_at_risk):
        with pytest.raises(ValueError, match=r"cutoff is .*; it must be from 0 to 1"):
            figure([0.1], cutoff)


def test_two_series_are_of_one_length() -> None:
    for figure in TWO_SERIES:
        with pytest.raises(ValueError, match="2 returns for 1 of the benchmark; there must be as many"):
            figure([0.1, 0.2], [0.1])


def test_wealth_stays_where_all_is_lost() -> None:
    assert wealth([]) == [1.0]
    assert wealth([1.0, -0.5, -1.5, 0.5, -3.0]) == [1.0, 2.0, 1.0, -0.5, -0.5, -0.5]


def returns_of(*levels: float) -> Returns:
    """Returns from one level to the next, ten nanoseconds each."""
    values = [after / before - 1 for before, after in pairwise(levels)]
    return Returns(start_ns=100, times_ns=[110 + 10 * n for n in range(len(values))], values=values)


@pytest.mark.parametrize(
    ("returns", "wanted"),
    [
        pytest.param(returns_of(), None, id="nothing"),
        pytest.param(returns_of(1, 1, 2, 2, 4), None, id="it never falls"),
        pytest.param(returns_of(4, 2, 4, 8), (-0.5, 100, 110, 120, 2), id="from the beginning, and back"),
        pytest.param(returns_of(4, 8, 8, 4, 2, 4), (-0.75, 120, 140, None, 3), id="from the last high, and never back"),
        pytest.param(returns_of(8, 4, 8, 4, 16), (-0.5, 100, 110, 120, 2), id="the first of two as deep"),
        pytest.param(returns_of(8, 4, 16, 4, 2), (-0.875, 120, 140, None, 2), id="the deeper one"),
        pytest.param(returns_of(8, 0), (-1.0, 100, 110, None, 1), id="all is lost"),
        pytest.param(
            Returns(start_ns=100, times_ns=[110, 120], values=[1e200, 1e200]), None, id="wealth that no float can hold"
        ),
    ],
)
def test_a_drawdown_has_its_times(returns: Returns, wanted: tuple[float, int, int, int | None, int] | None) -> None:
    found = statistics.deepest_drawdown(returns)

    if wanted is None:
        assert found is None
    else:
        depth, peak_ns, trough_ns, recovery_ns, periods = wanted
        assert found == Drawdown(
            depth=depth,
            peak_ns=peak_ns,
            trough_ns=trough_ns,
            recovery_ns=recovery_ns,
            length_ns=10 * periods,
            periods=periods,
        )
