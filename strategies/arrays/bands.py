"""`trading.indicators.bands` over arrays."""

from typing import NamedTuple

from numpy.typing import ArrayLike

from strategies.arrays.averages import emas
from strategies.arrays.columns import QUIET, Array, column, columns, known, latest, over, padded, typical_price
from strategies.arrays.volatility import average_true_ranges
from strategies.arrays.windows import means, standard_deviations
from trading.indicators import Bollinger, Envelope, Keltner, StandardDeviation


class BandArrays(NamedTuple):
    """An average and the bands around it at every value or bar."""

    lower: Array
    middle: Array
    upper: Array


@QUIET
def standard_deviation(values: ArrayLike, period: int) -> Array:
    """`StandardDeviation` of every value."""
    StandardDeviation(period)
    return over(values, lambda there: standard_deviations(there, period))


@QUIET
def bollinger(values: ArrayLike, period: int, deviations: float) -> BandArrays:
    """`Bollinger` of every value."""
    Bollinger(period, deviations)
    whole = column(values)
    there = known(whole)
    return _around(means(there, period), deviations * standard_deviations(there, period), len(whole))


@QUIET
def envelope(values: ArrayLike, period: int, deviation: float) -> BandArrays:
    """`Envelope` of every value."""
    Envelope(period, deviation)
    whole = column(values)
    middle = means(known(whole), period)
    return _around(middle, deviation / 100 * middle, len(whole))


@QUIET
def keltner(
    high: ArrayLike, low: ArrayLike, close: ArrayLike, period: int, *, range_period: int, multiple: float
) -> BandArrays:
    """`Keltner` of every bar."""
    Keltner(period, range_period, multiple)
    highs, lows, closes = columns(high, low, close)
    middle = emas(typical_price(highs, lows, closes), period)
    ranges = average_true_ranges(highs, lows, closes, range_period)
    count = min(len(middle), len(ranges))
    return _around(latest(middle, count), multiple * latest(ranges, count), len(closes))


def _around(middle: Array, width: Array, length: int) -> BandArrays:
    return BandArrays(padded(middle - width, length), padded(middle, length), padded(middle + width, length))
