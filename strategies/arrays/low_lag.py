"""`trading.indicators.low_lag` over arrays."""

import math
from itertools import accumulate

import numpy as np
from numpy.typing import ArrayLike

from strategies.arrays.averages import emas
from strategies.arrays.columns import QUIET, Array, latest, over, ratio, smaller
from strategies.arrays.windows import means, weighted_means
from trading.indicators import Dema, Hma, Kama, Tema


@QUIET
def dema(values: ArrayLike, period: int) -> Array:
    """`Dema` of every value."""
    Dema(period)
    return over(values, lambda there: _double(there, period))


@QUIET
def tema(values: ArrayLike, period: int) -> Array:
    """`Tema` of every value."""
    Tema(period)
    return over(values, lambda there: _triple(there, period))


@QUIET
def hma(values: ArrayLike, period: int) -> Array:
    """`Hma` of every value."""
    Hma(period)
    return over(values, lambda there: _hull(there, period))


@QUIET
def kama(values: ArrayLike, period: int, fast: int = 2, slow: int = 30) -> Array:
    """`Kama` of every value."""
    Kama(period, fast, slow)
    return over(values, lambda there: _adaptive(there, period, fast, slow))


def _double(values: Array, period: int) -> Array:
    first = emas(values, period)
    second = emas(first, period)
    return 2.0 * latest(first, len(second)) - second


def _triple(values: Array, period: int) -> Array:
    first = emas(values, period)
    second = emas(first, period)
    third = emas(second, period)
    return 3.0 * latest(first, len(third)) - 3.0 * latest(second, len(third)) + third


def _hull(values: Array, period: int) -> Array:
    half, whole = weighted_means(values, period // 2), weighted_means(values, period)
    return weighted_means(2.0 * latest(half, len(whole)) - whole, math.isqrt(period))


def _adaptive(values: Array, period: int, fast: int, slow: int) -> Array:
    if len(values) <= period:
        return values[:0]
    least = 2 / (slow + 1)
    way = period * means(np.abs(np.diff(values)), period)
    efficiency = smaller(ratio(np.abs(values[period:] - values[:-period]), way, otherwise=1.0), 1.0)
    share = efficiency * (2 / (fast + 1) - least) + least
    steps = zip((share * share).tolist(), values[period:].tolist(), strict=True)
    start = float(values[period - 1])
    averages = accumulate(steps, lambda last, step: last + step[0] * (step[1] - last), initial=start)
    return np.fromiter(averages, np.float64, len(values) - period + 1)[1:]
