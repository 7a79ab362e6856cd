"""What every function over arrays shares.

A kernel gets values and gives results from the first ready one on, so that kernels chain without a NaN between them: of
two results the last values belong together. `padded` puts NaN before them in the end.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.float64]

QUIET: Final = np.errstate(all="ignore")
"""Decorates every function: sums of huge floats become infinite in silence, as Python's do."""


def column(values: ArrayLike) -> Array:
    """Values as one column of float64; ValueError if they are no column."""
    made = np.asarray(values, dtype=np.float64)
    if made.ndim != 1:
        raise ValueError(f"an array of {made.ndim} dimensions; values must be one column")
    return made


def columns(*many: ArrayLike) -> tuple[Array, ...]:
    """Columns of one length, a place for each bar; ValueError if one is longer than another."""
    made = tuple(column(values) for values in many)
    if len({len(one) for one in made}) > 1:
        raise ValueError(
            f"columns of {', '.join(str(len(one)) for one in made)} values; there must be one for each bar"
        )
    return made


def padded(ready: Array, length: int) -> Array:
    """The results with NaN before them, up to a length."""
    whole = np.full(length, np.nan)
    whole[length - len(ready) :] = ready
    return whole


def latest(values: Array, count: int) -> Array:
    """The last so many values."""
    return values[len(values) - count :]


def known(values: Array) -> Array:
    """The values after the leading NaN, which stand for those that were not there yet."""
    if not len(values) or not np.isnan(values[0]):
        return values
    there = ~np.isnan(values)
    return values[int(np.argmax(there)) :] if there.any() else values[:0]


def over(values: ArrayLike, kernel: Callable[[Array], Array]) -> Array:
    """A kernel's results for every value, NaN where there is none."""
    whole = column(values)
    return padded(kernel(known(whole)), len(whole))


def larger(first: Array, second: Array | float) -> Array:
    """What the builtin `max` gives at each place: of two equal ones the first, also where their zeros differ."""
    return np.where(second > first, second, first)


def smaller(first: Array, second: Array | float) -> Array:
    """What the builtin `min` gives at each place."""
    return np.where(second < first, second, first)


def ratio(part: Array, whole: Array, *, otherwise: float) -> Array:
    """One over the other, and something else where the other is zero."""
    return np.where(whole == 0.0, otherwise, part / whole)


def typical_price(high: Array, low: Array, close: Array) -> Array:
    """The mean of the three at each bar."""
    return (high + low + close) / 3
