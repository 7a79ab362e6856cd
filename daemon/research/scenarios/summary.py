"""A run as a whole: what was run in which way, and what its scenarios came to together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from daemon.research.scenarios.choice import Executor
from daemon.research.scenarios.results import ProcessResult
from daemon.research.scenarios.status import Status
from trading.statistics.containers import ContainerMetrics, OptimizationAnalysis, OptimizationAnalyzer


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """`statuses` count; `analysis` is of those that have completed, among as many trials as there were scenarios."""

    run_id: str
    version: str
    python: str
    config_path: str
    folder: str
    executor: Executor
    why: str
    workers: int
    started_at: str
    ended_at: str
    seconds: float
    statuses: Mapping[Status, int]
    analysis: OptimizationAnalysis


def statuses(results: Sequence[ProcessResult]) -> dict[Status, int]:
    """How many ended in which way, in the order of the ways."""
    counted = Counter(result.status for result in results)
    return {status: counted[status] for status in Status if counted[status]}


def analysis(results: Sequence[ProcessResult]) -> OptimizationAnalysis:
    """Those that have completed, together."""
    completed = [metrics for result in results if (metrics := container_metrics(result)) is not None]
    return OptimizationAnalyzer(trials=len(results)).analyze_optimization_results(completed)


def container_metrics(result: ProcessResult) -> ContainerMetrics | None:
    """A scenario's account as one container; None where it has not completed."""
    metrics = result.metrics
    if metrics is None or not result.success or result.started_at is None:
        return None
    return ContainerMetrics(
        container_id=result.scenario_name,
        start_time=datetime.fromisoformat(result.started_at),
        events_processed=metrics.events,
        orders_generated=metrics.orders,
        fills_executed=metrics.fills,
        final_portfolio_value=None if metrics.final_equity is None else Decimal(metrics.final_equity),
        max_drawdown=metrics.max_drawdown or 0.0,
        sharpe_ratio=metrics.sharpe,
        execution_time=result.execution_time_ms / 1_000,
    )
