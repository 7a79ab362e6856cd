"""Some thousand rows of a file at once, whatever it is written in: quickly as columns, or carefully row by row."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import msgspec

from daemon.feeds.file.columns import Mapped
from daemon.feeds.file.faults import Fault, Odd

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


class Place(msgspec.Struct, frozen=True):
    """Where a block begins: the rows before it, and in a text the lines and bytes."""

    row: int = 0
    line: int = 0
    offset: int = 0


class Columns(msgspec.Struct, frozen=True):
    """Cells as values. `symbols` is None where there is one only, and an entry of `values` where the file has none of
    them."""

    times: Sequence[int]
    symbols: Sequence[str] | None
    values: Sequence[Sequence[float] | None]
    ids: Sequence[str] | None


class BarArrays(NamedTuple):
    """Bars as arrays: times in nanoseconds, int64, and open, high, low, close and volume, float64."""

    times: "NDArray[np.int64]"
    columns: "Sequence[NDArray[np.float64]]"


class Row(msgspec.Struct, frozen=True):
    """The cells of one row as values; a time as in the file, without the shift to a bar's close."""

    ts_ns: int
    symbol: str
    values: Sequence[float]
    id: str | None


class Block(Protocol):
    """Rows of a file, less those of symbols that are not wanted."""

    @property
    def after(self) -> Place:
        """Where the next block begins."""

    def columns(self) -> Columns | None:
        """All of it; None when there is any cell that cannot be read plainly."""

    def rows(self) -> Iterator[tuple[int, int, Row | Odd]]:
        """Each row with its number and its line, or what is wrong with it."""


class Source(Protocol):
    """One file, ready to be read from the beginning of any block."""

    @property
    def mapped(self) -> Mapped:
        """Where the columns are, or which could not be found."""

    @property
    def fields(self) -> dict[str, str]:
        """The column of each field that the file has."""

    @property
    def time_form(self) -> str:
        """How its times are written."""

    def described(self) -> dict[str, Any]:
        """How it is read, in plain values."""

    def blocks(self, begin: Place) -> Iterator[Block]:
        """The blocks from the beginning of one; BadData where the file cannot be read on."""


def number(text: str, field: str) -> float:
    """A finite number as it is written; Odd for anything else, also for what `float` would let pass."""
    if _NUMBER.fullmatch(text.strip()) is None:
        raise Odd(Fault.NUMBER, f"{field} {text!r} is no number" if text.strip() else f"{field} is empty", field)
    return finite(float(text), field)


def finite(value: float, field: str) -> float:
    """A number, if it is finite; Odd otherwise."""
    if not math.isfinite(value):
        raise Odd(Fault.NUMBER, f"{field} {value} is no number", field)
    return value
