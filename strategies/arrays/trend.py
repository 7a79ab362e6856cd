"""`trading.indicators.trend` over arrays."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from strategies.arrays.averages import wilders
from strategies.arrays.columns import QUIET, Array, columns, latest, padded, ratio
from strategies.arrays.volatility import average_true_ranges
from trading.indicators import Adx


class AdxArrays(NamedTuple):
    """Strength of the trend and its two directions at every bar."""

    adx: Array
    plus_di: Array
    minus_di: Array


@QUIET
def adx(high: ArrayLike, low: ArrayLike, close: ArrayLike, period: int) -> AdxArrays:
    """`Adx` of every bar."""
    Adx(period)
    highs, lows, closes = columns(high, low, close)
    up, down = np.diff(highs), lows[:-1] - lows[1:]
    plus = wilders(np.where((up > down) & (up > 0.0), up, 0.0), period)
    minus = wilders(np.where((down > up) & (down > 0.0), down, 0.0), period)
    ranges = average_true_ranges(highs, lows, closes, period)
    plus_di, minus_di = (100.0 * ratio(moved, ranges, otherwise=0.0) for moved in (plus, minus))
    strength = wilders(100.0 * ratio(np.abs(plus_di - minus_di), plus_di + minus_di, otherwise=0.0), period)
    lines = (strength, latest(plus_di, len(strength)), latest(minus_di, len(strength)))
    return AdxArrays(*(padded(line, len(closes)) for line in lines))
