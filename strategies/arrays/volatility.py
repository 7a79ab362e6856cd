"""`trading.indicators.volatility` over arrays."""

from numpy.typing import ArrayLike

from strategies.arrays.averages import wilders
from strategies.arrays.columns import QUIET, Array, columns, larger, padded, smaller
from trading.indicators import Atr


def true_ranges(high: Array, low: Array, close: Array) -> Array:
    """How far each bar but the first has ranged from the close before it."""
    return larger(high[1:], close[:-1]) - smaller(low[1:], close[:-1])


def average_true_ranges(high: Array, low: Array, close: Array, period: int) -> Array:
    """The averages from the first ready one on."""
    return wilders(true_ranges(high, low, close), period)


@QUIET
def atr(high: ArrayLike, low: ArrayLike, close: ArrayLike, period: int) -> Array:
    """`Atr` of every bar."""
    Atr(period)
    highs, lows, closes = columns(high, low, close)
    return padded(average_true_ranges(highs, lows, closes, period), len(closes))
