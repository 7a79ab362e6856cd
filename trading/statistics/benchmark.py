"""A series of simple returns against those of a benchmark over the same periods (see `returns.in_common`).

ValueError when one has more returns than the other.
"""

import math
from collections.abc import Sequence

from trading.statistics.figures import added, defined, deviation, mean, require_finite, require_positive, require_rate
from trading.statistics.ratios import TRADING_DAYS, cagr


@defined
def beta(returns: Sequence[float], benchmark: Sequence[float]) -> float | None:
    """Covariance with the benchmark / variance of the benchmark. Sharpe (1964).

    None below two returns and where the benchmark does not move.
    """
    _require_pairs(returns, benchmark)
    if len(returns) < 2 or not deviation(benchmark):
        return None
    centre, middle = mean(benchmark), mean(returns)
    offsets = [value - centre for value in benchmark]
    together = added(offset * (value - middle) for offset, value in zip(offsets, returns, strict=True))
    return together / added(offset * offset for offset in offsets)


@defined
def alpha(
    returns: Sequence[float],
    benchmark: Sequence[float],
    risk_free: float = 0.0,
    periods_per_year: float = TRADING_DAYS,
) -> float | None:
    """(1 + mean of (r - risk_free - beta x (b - risk_free))) ^ periods of a year - 1. Jensen (1968), compounded.

    `risk_free` is a rate per period. None where beta is, and where the mean is below -1.
    """
    slope = beta(returns, benchmark)
    require_rate(risk_free, "risk_free")
    require_positive(periods_per_year, "periods_per_year")
    if slope is None:
        return None
    over = [value - risk_free - slope * (other - risk_free) for value, other in zip(returns, benchmark, strict=True)]
    growth = 1.0 + mean(over)
    return math.pow(growth, periods_per_year) - 1.0 if growth >= 0 else None


def up_capture(
    returns: Sequence[float], benchmark: Sequence[float], periods_per_year: float = TRADING_DAYS
) -> float | None:
    """Compound annual growth / that of the benchmark, both over the periods in which the benchmark rose.

    None when it never rose, or a growth is not defined or zero for the benchmark. Morningstar's upside capture.
    """
    _require_pairs(returns, benchmark)
    return _capture([pair for pair in zip(returns, benchmark, strict=True) if pair[1] > 0], periods_per_year)


def down_capture(
    returns: Sequence[float], benchmark: Sequence[float], periods_per_year: float = TRADING_DAYS
) -> float | None:
    """The same over the periods in which the benchmark fell."""
    _require_pairs(returns, benchmark)
    return _capture([pair for pair in zip(returns, benchmark, strict=True) if pair[1] < 0], periods_per_year)


@defined
def excess_sharpe(returns: Sequence[float], benchmark: Sequence[float]) -> float | None:
    """Mean / sample standard deviation of r - b, per period, not annualised. Sharpe (1994), the information ratio.

    None below two returns and where the difference is constant.
    """
    _require_pairs(returns, benchmark)
    active = [value - other for value, other in zip(returns, benchmark, strict=True)]
    spread = deviation(active) if len(active) > 1 else 0.0
    return mean(active) / spread if spread else None


@defined
def _capture(pairs: Sequence[tuple[float, float]], periods_per_year: float) -> float | None:
    own = cagr([pair[0] for pair in pairs], periods_per_year)
    other = cagr([pair[1] for pair in pairs], periods_per_year)
    return own / other if own is not None and other else None


def _require_pairs(returns: Sequence[float], benchmark: Sequence[float]) -> None:
    if len(returns) != len(benchmark):
        raise ValueError(f"{len(returns)} returns for {len(benchmark)} of the benchmark; there must be as many")
    require_finite(returns)
    require_finite(benchmark, "return of the benchmark")
