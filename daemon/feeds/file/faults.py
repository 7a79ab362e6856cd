"""What can be wrong with market data: a row that cannot be, and a file that cannot be used at all."""

import enum
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from daemon.errors import BadData


class Fault(enum.StrEnum):
    """The kinds of bad row, as they are counted."""

    CELLS = "with cells missing or too many"
    NUMBER = "with no number"
    TIME = "with no time"
    PRICE = "with a price not above zero"
    SIZE = "with a negative size"
    CROSSED = "crossed"
    RANGE = "outside their own range"
    SYMBOL = "of an unknown symbol"
    BACKWARDS = "going back in time"
    DUPLICATE = "duplicate"
    OVERLAP = "overlapping"


class Odd(Exception):
    """A row that cannot be; `field` is the one at fault, empty where it is the whole row. It is mended as its kind is,
    unless it says how."""

    def __init__(self, fault: Fault, message: str, field: str = "", *, mend: str = "") -> None:
        super().__init__(message)
        self.fault = fault
        self.message = message
        self.field = field
        self.mend = mend or MEND[fault]


class BadRow(msgspec.Struct, frozen=True, kw_only=True):
    """A bad row in its place. Rows count from 1 without the header; `line` is 0 where the file is no text."""

    path: Path
    row: int
    line: int
    fault: Fault
    message: str
    mend: str
    field: str = ""

    @property
    def place(self) -> str:
        """`row 5 (line 6)`."""
        return f"row {self.row} (line {self.line})" if self.line else f"row {self.row}"

    def error(self) -> BadData:
        """The error that ends a run."""
        return BadData(f"{self.path}: {self.place}: {self.message}", mend=self.mend, key=key_of(self))


NO_SUCH_FILE: Final = "correct the path; in a config it counts from its folder"
GET_ANEW: Final = "get the file anew"

MEND: Final[Mapping[Fault, str]] = {
    Fault.CELLS: "complete the row, or name the right `delimiter`",
    Fault.NUMBER: "correct the cell, or name the right column",
    Fault.TIME: "correct the cell, or write how times are written: `time` and `zone`",
    Fault.PRICE: "correct the cell, or name the right column",
    Fault.SIZE: "correct the cell, or name the right column",
    Fault.CROSSED: "correct the row, or see whether the columns of bid and ask are exchanged",
    Fault.RANGE: "correct the row, or see whether columns are exchanged",
    Fault.SYMBOL: "add it to instruments, or name the `symbols` to take",
    Fault.BACKWARDS: "sort the file by time; one that is sorted by symbol first is named once for each symbol",
    Fault.DUPLICATE: "remove the row",
    Fault.OVERLAP: "give the `interval` of the bars, and only bars of one length",
}
"""How to mend a row of each kind."""


def key_of(row: BadRow) -> tuple[str, ...]:
    """The setting of the file that would be wrong, if not the row."""
    if row.fault is Fault.TIME:
        return ("time",)
    if row.fault is Fault.OVERLAP:
        return ("interval",)
    return ("columns", row.field) if row.field else ()


def counted(faults: Mapping[str, int]) -> str:
    """`3 crossed, 1 duplicate`."""
    return ", ".join(f"{count} {fault}" for fault, count in faults.items())
