"""Return and risk of a series of simple returns, one a period, the oldest first. 0.01 is one percent.

The definitions are those of empyrical-reloaded 0.7.1; `docs/statistics.md` holds each with its formula and source. A
figure is a finite float, or None where it is not defined. ValueError when a return, a rate or the number of periods of
a year cannot be. Wealth at zero or below stays there: what follows a return of -100 % or less earns nothing.
"""

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from trading.statistics.drawdown import max_drawdown
from trading.statistics.figures import (
    added,
    defined,
    deviation,
    mean,
    require_finite,
    require_positive,
    require_rate,
)
from trading.statistics.returns import wealth

TRADING_DAYS: Final = 252.0
"""Periods of a year when they are the days of an exchange."""


@defined
def total_return(returns: Sequence[float]) -> float | None:
    """Product of (1 + r), less 1; None without returns."""
    require_finite(returns)
    return wealth(returns)[-1] - 1.0 if returns else None


@defined
def cagr(returns: Sequence[float], periods_per_year: float = TRADING_DAYS) -> float | None:
    """Compound annual growth: (1 + total return) ^ (periods of a year / n) - 1; None without returns or in debt."""
    require_finite(returns)
    require_positive(periods_per_year, "periods_per_year")
    growth = wealth(returns)[-1]
    if not returns or growth < 0:
        return None
    return math.pow(growth, periods_per_year / len(returns)) - 1.0


@defined
def annual_volatility(returns: Sequence[float], periods_per_year: float = TRADING_DAYS) -> float | None:
    """Sample standard deviation x root of the periods of a year; None below two returns, 0 for a constant series."""
    require_finite(returns)
    require_positive(periods_per_year, "periods_per_year")
    return deviation(returns) * math.sqrt(periods_per_year) if len(returns) > 1 else None


@defined
def sharpe(returns: Sequence[float], risk_free: float = 0.0, periods_per_year: float = TRADING_DAYS) -> float | None:
    """Mean / sample standard deviation x root of the periods of a year, both of r - risk_free (a rate per period).

    None below two returns and for a constant series. Sharpe (1994).
    """
    require_finite(returns)
    require_rate(risk_free, "risk_free")
    require_positive(periods_per_year, "periods_per_year")
    excess = [value - risk_free for value in returns]
    spread = deviation(excess) if len(excess) > 1 else 0.0
    return mean(excess) / spread * math.sqrt(periods_per_year) if spread else None


@defined
def downside_risk(
    returns: Sequence[float], required: float = 0.0, periods_per_year: float = TRADING_DAYS
) -> float | None:
    """Root of the mean over all n of min(r - required, 0)^2, x root of the periods of a year; None without returns.

    `required` is a rate per period. Sortino and van der Meer (1991).
    """
    require_finite(returns)
    require_rate(required, "required")
    require_positive(periods_per_year, "periods_per_year")
    if not returns:
        return None
    shortfall = math.hypot(*(min(value - required, 0.0) for value in returns))
    return shortfall / math.sqrt(len(returns)) * math.sqrt(periods_per_year)


@defined
def sortino(returns: Sequence[float], required: float = 0.0, periods_per_year: float = TRADING_DAYS) -> float | None:
    """Mean of (r - required) x the periods of a year / downside risk.

    `required` is a rate per period. None below two returns and where no return is below it. Sortino and Price (1994).
    """
    risk = downside_risk(returns, required, periods_per_year)
    if len(returns) < 2 or not risk:
        return None
    return mean([value - required for value in returns]) * periods_per_year / risk


@defined
def calmar(returns: Sequence[float], periods_per_year: float = TRADING_DAYS) -> float | None:
    """Compound annual growth / the size of the maximum drawdown; None without a drawdown or a growth. Young (1991)."""
    growth, drawdown = cagr(returns, periods_per_year), max_drawdown(returns)
    return growth / abs(drawdown) if growth is not None and drawdown else None


@defined
def omega(returns: Sequence[float], threshold: float = 0.0) -> float | None:
    """Sum of what is above the threshold / sum of what is below it; Keating and Shadwick (2002).

    `threshold` is a rate per period. None below two returns and where none is below it.
    """
    require_finite(returns)
    require_rate(threshold, "threshold")
    gains = added(max(value - threshold, 0.0) for value in returns)
    losses = added(max(threshold - value, 0.0) for value in returns)
    return gains / losses if len(returns) > 1 and losses else None


@defined
def stability(returns: Sequence[float]) -> float | None:
    """R squared of the line through the cumulated log returns over 0 .. n - 1.

    None below two returns, after a return of -100 % or less, and where the log wealth never changes.
    """
    require_finite(returns)
    if len(returns) < 2 or min(returns) <= -1:
        return None
    return _squared_correlation(list(accumulate(math.log1p(value) for value in returns)))


def _squared_correlation(heights: Sequence[float]) -> float | None:
    """Of heights with their ranks 0 .. n - 1; None when they are all the same."""
    if min(heights) == max(heights):
        return None
    middle, centre = mean(heights), (len(heights) - 1) / 2
    offsets = [height - middle for height in heights]
    steps = [rank - centre for rank in range(len(heights))]
    together = added(step * offset for step, offset in zip(steps, offsets, strict=True))
    return (together / math.hypot(*offsets) / math.hypot(*steps)) ** 2
