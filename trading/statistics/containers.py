"""What each of many containers came to, and what they came to together, as in an optimisation."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from trading.statistics.figures import deviation, mean, percentile, require_finite


class ContainerMetrics(msgspec.Struct, kw_only=True):
    """One container's metrics; it counts while it runs. ValueError when `start_time` has no zone.

    `final_portfolio_value` is money, `max_drawdown` zero or negative, `sharpe_ratio` annual and `execution_time` in
    seconds. None: there is none.
    """

    container_id: str
    start_time: datetime
    events_processed: int = 0
    orders_generated: int = 0
    fills_executed: int = 0
    final_portfolio_value: Decimal | None = None
    max_drawdown: float = 0.0
    sharpe_ratio: float | None = None
    execution_time: float | None = None

    def __post_init__(self) -> None:
        if self.start_time.tzinfo is None:
            raise ValueError(f"{self.container_id}: start_time {self.start_time.isoformat()} has no time zone")


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """How values lie: quartiles linear between ranks, the sample standard deviation, None of a single value."""

    count: int
    mean: float
    deviation: float | None
    minimum: float
    lower_quartile: float
    median: float
    upper_quartile: float
    maximum: float


class OptimizationAnalysis(msgspec.Struct, frozen=True, kw_only=True):
    """Containers together. The best are the highest of those that have one; None when none has.

    `best_return` is the highest final portfolio value. `trial_count` is how many were tried, also those that gave no
    metrics: the more trials, the less a best one tells.
    """

    total_containers: int
    trial_count: int
    best_sharpe_ratio: float | None
    best_return: Decimal | None
    average_execution_time: float | None
    sharpe_distribution: Distribution | None
    value_distribution: Distribution | None


class OptimizationAnalyzer:
    """Analyses the results of many containers. `trials` is how many were tried, where more were than have metrics."""

    def __init__(self, trials: int | None = None) -> None:
        self._trials = trials

    def analyze_optimization_results(self, container_results: Iterable[ContainerMetrics]) -> OptimizationAnalysis:
        """All of them at once; of none, None throughout. ValueError when a number is NaN or infinite."""
        results = list(container_results)
        sharpes = [one.sharpe_ratio for one in results if one.sharpe_ratio is not None]
        values = [one.final_portfolio_value for one in results if one.final_portfolio_value is not None]
        times = [one.execution_time for one in results if one.execution_time is not None]
        worths = [float(value) for value in values]
        for numbers, name in ((sharpes, "Sharpe ratio"), (times, "execution time"), (worths, "portfolio value")):
            require_finite(numbers, name)
        return OptimizationAnalysis(
            total_containers=len(results),
            trial_count=max(self._trials or 0, len(results)),
            best_sharpe_ratio=max(sharpes, default=None),
            best_return=max(values, default=None),
            average_execution_time=mean(times) if times else None,
            sharpe_distribution=_distribution(sharpes),
            value_distribution=_distribution(worths),
        )


def _distribution(values: Sequence[float]) -> Distribution | None:
    if not values:
        return None
    return Distribution(
        count=len(values),
        mean=mean(values),
        deviation=deviation(values) if len(values) > 1 else None,
        minimum=min(values),
        lower_quartile=percentile(values, 0.25),
        median=percentile(values, 0.5),
        upper_quartile=percentile(values, 0.75),
        maximum=max(values),
    )
