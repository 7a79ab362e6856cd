"""Metrics of one container, and of many together."""

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from trading.statistics import ContainerMetrics, Distribution, OptimizationAnalysis, OptimizationAnalyzer

START = datetime(2024, 1, 2, 14, 30, tzinfo=UTC)


def metrics(name: str, **known: Any) -> ContainerMetrics:
    return ContainerMetrics(container_id=name, start_time=START, **known)


def test_a_new_container_has_counted_nothing() -> None:
    assert msgspec.structs.asdict(metrics("a")) == {
        "container_id": "a",
        "start_time": START,
        "events_processed": 0,
        "orders_generated": 0,
        "fills_executed": 0,
        "final_portfolio_value": None,
        "max_drawdown": 0.0,
        "sharpe_ratio": None,
        "execution_time": None,
    }


def test_its_start_is_a_moment_and_survives_the_wire() -> None:
    with pytest.raises(ValueError, match="a: start_time 2024-01-02T14:30:00 has no time zone"):
        ContainerMetrics(container_id="a", start_time=START.replace(tzinfo=None))
    told = metrics("a", final_portfolio_value=Decimal("100.10"))
    assert msgspec.json.decode(msgspec.json.encode(told), type=ContainerMetrics) == told


def test_of_no_containers_there_is_nothing_to_tell() -> None:
    assert OptimizationAnalyzer().analyze_optimization_results([]) == OptimizationAnalysis(
        total_containers=0,
        trial_count=0,
        best_sharpe_ratio=None,
        best_return=None,
        average_execution_time=None,
        sharpe_distribution=None,
        value_distribution=None,
    )


def test_the_best_are_of_those_that_have_one() -> None:
    results = [
        metrics("a", sharpe_ratio=1.0, final_portfolio_value=Decimal(90), execution_time=2.0),
        metrics("b"),
        metrics("c", sharpe_ratio=-1.0, final_portfolio_value=Decimal("110.01"), execution_time=4.0),
        metrics("d", sharpe_ratio=3.0),
    ]

    found = OptimizationAnalyzer(trials=9).analyze_optimization_results(results)

    assert found == OptimizationAnalysis(
        total_containers=4,
        trial_count=9,
        best_sharpe_ratio=3.0,
        best_return=Decimal("110.01"),
        average_execution_time=3.0,
        sharpe_distribution=Distribution(
            count=3,
            mean=1.0,
            deviation=2.0,
            minimum=-1.0,
            lower_quartile=0.0,
            median=1.0,
            upper_quartile=2.0,
            maximum=3.0,
        ),
        value_distribution=found.value_distribution,
    )
    assert found.value_distribution is not None
    assert found.value_distribution.median == pytest.approx(100.005)


def test_of_one_value_there_is_no_deviation() -> None:
    found = OptimizationAnalyzer().analyze_optimization_results([metrics("a", sharpe_ratio=0.5)])

    assert found.trial_count == 1
    assert found.sharpe_distribution == Distribution(
        count=1,
        mean=0.5,
        deviation=None,
        minimum=0.5,
        lower_quartile=0.5,
        median=0.5,
        upper_quartile=0.5,
        maximum=0.5,
    )


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"sharpe_ratio": math.nan}, "Sharpe ratio 0 is nan"),
        ({"execution_time": math.inf}, "execution time 0 is inf"),
        ({"final_portfolio_value": Decimal("NaN")}, "portfolio value 0 is nan"),
    ],
)
def test_what_is_no_number_is_refused(wrong: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        OptimizationAnalyzer().analyze_optimization_results([metrics("a", **wrong)])
