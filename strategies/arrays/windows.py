"""Windows over arrays, cut into blocks as the incremental indicators cut them.

Row b of every table is block b of the values, and place j within it is a window that ends there: the last values of
block b - 1 and the first j + 1 of block b, or at the last place block b alone. Accumulating along a row adds one value
after another, as a loop does. A head begins with a sum of 0.0, which only the sign of a zero can show.
"""

import numpy as np
from numpy.typing import ArrayLike

from strategies.arrays.columns import QUIET, Array, over
from trading.indicators import Highest, Lowest


def means(values: Array, period: int) -> Array:
    """Of each window, its mean."""
    blocks = _blocks(values, period)
    tails = np.cumsum(blocks[:, ::-1], axis=1)
    heads = np.cumsum(blocks, axis=1) + 0.0
    return _ready(tails[:, -1] / period, (_before(tails) + _after(heads)) / period, len(values))


def weighted_means(values: Array, period: int) -> Array:
    """Of each window, its mean with weights that fall by one from `period` for the newest value."""
    blocks, weight = _blocks(values, period), period * (period + 1) / 2
    tails = np.cumsum(np.cumsum(blocks[:, ::-1], axis=1), axis=1)
    heads = np.cumsum(blocks, axis=1) + 0.0
    weighted_heads = np.cumsum(np.arange(1.0, period + 1.0) * blocks, axis=1) + 0.0
    covered = np.arange(period - 1.0, 0.0, -1.0)
    joined = _before(tails) + covered * _after(heads) + _after(weighted_heads)
    return _ready(tails[:, -1] / weight, joined / weight, len(values))


def standard_deviations(values: Array, period: int) -> Array:
    """Of each window, its population standard deviation."""
    blocks = _blocks(values, period)
    pivots = blocks[:, -1:]
    backward = blocks[:, ::-1] - pivots
    forward = np.zeros_like(blocks)
    forward[1:] = blocks[1:] - pivots[:-1]
    tails, square_tails = np.cumsum(backward, axis=1), np.cumsum(backward * backward, axis=1)
    heads, square_heads = np.cumsum(forward, axis=1) + 0.0, np.cumsum(forward * forward, axis=1)
    return _ready(
        _deviation(tails[:, -1], square_tails[:, -1], period),
        _deviation(_before(tails) + _after(heads), _before(square_tails) + _after(square_heads), period),
        len(values),
    )


def highest_of(values: Array, period: int) -> Array:
    """Of each window, its highest value; a zero is never negative."""
    blocks = _blocks(values, period)
    tails = np.maximum.accumulate(blocks[:, ::-1], axis=1)
    heads = np.maximum.accumulate(blocks, axis=1)
    return _ready(tails[:, -1], np.maximum(_before(tails), _after(heads)), len(values)) + 0.0


def lowest_of(values: Array, period: int) -> Array:
    """Of each window, its lowest value; a zero is never negative."""
    return -highest_of(-values, period) + 0.0


@QUIET
def highest(values: ArrayLike, period: int) -> Array:
    """`Highest` of every value."""
    Highest(period)
    return over(values, lambda there: highest_of(there, period))


@QUIET
def lowest(values: ArrayLike, period: int) -> Array:
    """`Lowest` of every value."""
    Lowest(period)
    return over(values, lambda there: lowest_of(there, period))


def _blocks(values: Array, period: int) -> Array:
    """A row for each block, the last filled up with zeros, which no window within the values reaches."""
    rows = -(-len(values) // period)
    filled = np.zeros(rows * period)
    filled[: len(values)] = values
    return filled.reshape(rows, period)


def _before(tails: Array) -> Array:
    """For the windows that end within a block, but not with it: the tail of the block before that they cover."""
    return tails[:-1, :-1][:, ::-1]


def _after(heads: Array) -> Array:
    """For the same windows: the head of their own block."""
    return heads[1:, :-1]


def _ready(whole: Array, joined: Array, count: int) -> Array:
    """The results in order, of windows that are a block and of those that join two."""
    table = np.zeros((len(whole), joined.shape[1] + 1))
    table[1:, :-1] = joined
    table[:, -1] = whole
    return table.ravel()[joined.shape[1] : count]


def _deviation(total: Array, squares: Array, period: int) -> Array:
    mean = total / period
    return np.sqrt(squares / period - mean * mean)
