"""What a strategy decides, all bars at once. The arrays are numpy's float64, which this package does not know."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

Array = Any
"""One float64 for each bar."""


class BarColumns(Protocol):
    """All bars of one symbol and interval that a strategy hears, those of its warm-up first."""

    open: Array
    high: Array
    low: Array
    close: Array
    volume: Array

    def __len__(self) -> int:
        """How many bars there are."""

    def rows_before(self, other: "BarColumns") -> Array:
        """For each of these bars the row of the other's last one that was heard before it, as integers; -1 where none
        was."""


class History(Protocol):
    """The bars that one strategy will have heard when the data ends."""

    def bars(self, symbol: str, interval: str = "") -> BarColumns:
        """Those of an interval such as `5m`, or of the only one that it hears of the symbol; LookupError for bars that
        it does not hear."""


class Decisions(NamedTuple):
    """What a strategy decides at each of its `bars`: `columns` are the values that `decide(bar, *values)` is called
    with, a NaN in any of them says that nothing is decided.

    `decide` looks at nothing but the values, the bar, the strategy's position and its open orders. Where it has done
    nothing upon some values, it does nothing upon the same ones, as long as the strategy hears of no fill and of no
    change of an order.
    """

    bars: BarColumns
    decide: Callable[..., None]
    columns: Sequence[Array]
