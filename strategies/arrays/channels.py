"""`trading.indicators.channels` over arrays."""

from typing import NamedTuple

from numpy.typing import ArrayLike

from strategies.arrays.bands import BandArrays
from strategies.arrays.columns import QUIET, Array, columns, latest, padded, ratio
from strategies.arrays.windows import highest_of, lowest_of, means
from trading.indicators import Donchian, Stochastic, WilliamsR


class StochasticArrays(NamedTuple):
    """%K and %D at every bar."""

    k: Array
    d: Array


@QUIET
def donchian(high: ArrayLike, low: ArrayLike, period: int) -> BandArrays:
    """`Donchian` of every bar."""
    Donchian(period)
    highs, lows = columns(high, low)
    upper, lower = highest_of(highs, period), lowest_of(lows, period)
    return BandArrays(*(padded(line, len(highs)) for line in (lower, (upper + lower) / 2, upper)))


@QUIET
def stochastic(
    high: ArrayLike, low: ArrayLike, close: ArrayLike, period: int, *, slowing: int, signal: int
) -> StochasticArrays:
    """`Stochastic` of every bar."""
    Stochastic(period, slowing, signal)
    highs, lows, closes = columns(high, low, close)
    upper, lower = highest_of(highs, period), lowest_of(lows, period)
    places = 100.0 * ratio(latest(closes, len(lower)) - lower, upper - lower, otherwise=0.5)
    k = means(places, slowing)
    d = means(k, signal)
    return StochasticArrays(padded(latest(k, len(d)), len(closes)), padded(d, len(closes)))


@QUIET
def williams_r(high: ArrayLike, low: ArrayLike, close: ArrayLike, period: int) -> Array:
    """`WilliamsR` of every bar."""
    WilliamsR(period)
    highs, lows, closes = columns(high, low, close)
    upper, lower = highest_of(highs, period), lowest_of(lows, period)
    places = ratio(latest(closes, len(upper)) - upper, upper - lower, otherwise=-0.5)
    return padded(100.0 * places, len(closes))
