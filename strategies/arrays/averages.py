"""`trading.indicators.averages` over arrays."""

from itertools import accumulate

import numpy as np
from numpy.typing import ArrayLike

from strategies.arrays.columns import QUIET, Array, over
from strategies.arrays.windows import means, weighted_means
from trading.indicators import Ema, Sma, Wilder, Wma


def exponential(values: Array, period: int, weight: float) -> Array:
    """last + weight * (value - last), seeded by the mean of the first `period` values."""
    if len(values) < period:
        return values[:0]
    seed = (0.0 + float(np.cumsum(values[:period])[-1])) / period
    later = accumulate(values[period:].tolist(), lambda last, value: last + weight * (value - last), initial=seed)
    return np.fromiter(later, np.float64, len(values) - period + 1)


def emas(values: Array, period: int) -> Array:
    """The exponential averages from the first ready one on."""
    return exponential(values, period, 2 / (period + 1))


def wilders(values: Array, period: int) -> Array:
    """Wilder's averages from the first ready one on."""
    return exponential(values, period, 1 / period)


@QUIET
def sma(values: ArrayLike, period: int) -> Array:
    """`Sma` of every value."""
    Sma(period)
    return over(values, lambda there: means(there, period))


@QUIET
def wma(values: ArrayLike, period: int) -> Array:
    """`Wma` of every value."""
    Wma(period)
    return over(values, lambda there: weighted_means(there, period))


@QUIET
def ema(values: ArrayLike, period: int) -> Array:
    """`Ema` of every value."""
    Ema(period)
    return over(values, lambda there: emas(there, period))


@QUIET
def wilder(values: ArrayLike, period: int) -> Array:
    """`Wilder` of every value."""
    Wilder(period)
    return over(values, lambda there: wilders(there, period))
