"""From lines to decisions: where one is above another, where that changes, what was known at the time."""

import numpy as np
from numpy.typing import NDArray

from strategies.arrays.columns import QUIET, Array


@QUIET
def sided(first: Array, second: Array) -> Array:
    """1 where the first is above the second, 0 where it is not, NaN where either has no value."""
    return np.where(np.isnan(first) | np.isnan(second), np.nan, (first > second).astype(np.float64))


def crossed(sides: Array) -> Array:
    """The side where it is another than at the value before, NaN elsewhere and at the first value."""
    return np.where(sides != lagged(sides), sides, np.nan) + 0.0 * lagged(sides)


def lagged(values: Array) -> Array:
    """The value before each, NaN for the first."""
    before = np.empty_like(values)
    before[:1] = np.nan
    before[1:] = values[:-1]
    return before


def at_rows(values: Array, rows: NDArray[np.int64]) -> Array:
    """The values of rows, NaN for rows below zero."""
    if not len(values):
        return np.full(len(rows), np.nan)
    return np.where(rows < 0, np.nan, values[np.maximum(rows, 0)])
