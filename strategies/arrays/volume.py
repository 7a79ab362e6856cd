"""`trading.indicators.volume` over arrays."""

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from strategies.arrays.columns import QUIET, Array, columns, ratio, typical_price


@QUIET
def obv(close: ArrayLike, volume: ArrayLike) -> Array:
    """`Obv` of every bar."""
    closes, volumes = columns(close, volume)
    change = volumes.copy()
    up, down = closes[1:] > closes[:-1], closes[1:] < closes[:-1]
    change[1:] = np.where(up, volumes[1:], np.where(down, -volumes[1:], 0.0))
    return np.cumsum(change)


@QUIET
def vwap(
    high: ArrayLike, low: ArrayLike, close: ArrayLike, volume: ArrayLike, starts: ArrayLike | None = None
) -> Array:
    """`Vwap` of every bar; where `starts` is true, a bar is the first after a `reset`."""
    highs, lows, closes, volumes = columns(high, low, close, volume)
    worths = typical_price(highs, lows, closes) * volumes
    firsts = [] if starts is None else np.flatnonzero(columns(starts, close)[0]).tolist()
    bounds = [0, *firsts, len(closes)]
    averages = np.empty(len(closes))
    for first, end in pairwise(bounds):
        session = slice(first, end)
        worth, traded = np.cumsum(worths[session]) + 0.0, np.cumsum(volumes[session]) + 0.0
        averages[session] = ratio(worth, traded, otherwise=np.nan)
    return averages
