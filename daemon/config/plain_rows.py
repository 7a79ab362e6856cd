"""Small tables beside a config: lines of cells between commas, read whole, and refused with every wrong one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, NoReturn

from daemon.errors import BadData

_MOST_PLACES: Final = 18
_MOST_TOLD: Final = 5


class BadRow(BadData):
    """One row that cannot be, and why."""

    def __init__(self, row: "Row", what: str, *, mend: str) -> None:
        super().__init__(f"{row.file}: line {row.line}: {what}", mend=mend)
        self.row = row


class BadRows(BadData):
    """A file with rows that cannot be. `told` are the first five, in their order, and how many more there are."""

    def __init__(self, rows: Sequence[BadRow]) -> None:
        super().__init__(str(rows[0]), mend=rows[0].mend)
        self.told = [f"{one}; {one.mend}" for one in rows[:_MOST_TOLD]]
        if len(rows) > _MOST_TOLD:
            self.told.append(f"{rows[0].row.file}: {len(rows) - _MOST_TOLD} more lines cannot be")


class Faults:
    """What is wrong with the rows of one file, gathered so that one bad row hides no other."""

    def __init__(self) -> None:
        self._found: list[BadRow] = []

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Note the row that is refused within, and go on after it."""
        try:
            yield
        except BadRow as bad:
            self._found.append(bad)

    def refuse(self) -> None:
        """Raise BadRows if there are any, with the first fault of each line."""
        by_line = {bad.row.line: bad for bad in reversed(self._found)}
        if by_line:
            raise BadRows([by_line[line] for line in sorted(by_line)])


@dataclass(frozen=True, kw_only=True)
class Row:
    """The cells of one line, without spaces around them; lines count from 1."""

    file: str
    line: int
    cells: tuple[str, ...]

    def refuse(self, what: str, *, mend: str) -> NoReturn:
        """Raise BadRow with the file and the line."""
        raise BadRow(self, what, mend=mend)

    def number(self, text: str) -> Decimal:
        """A cell as an exact number; BadRow when it is none."""
        try:
            number = Decimal(text)
        except InvalidOperation:
            self.refuse(f"{text!r} is no number", mend="write it as 0.82")
        if not number.is_finite() or abs(number.adjusted()) > _MOST_PLACES:
            self.refuse(f"{text!r} is no number of at most {_MOST_PLACES} places", mend="write it as 0.82")
        return number

    def above_zero(self, text: str) -> Decimal:
        """A cell as an exact number above zero; BadRow when it is none."""
        number = self.number(text)
        if number <= 0:
            self.refuse(f"{text} is not above zero", mend="correct it, or leave the line out")
        return number


def rows_of(text: str, *, file: str) -> Iterator[Row]:
    """The lines that are not empty."""
    for line, written in enumerate(text.splitlines(), 1):
        if written.strip():
            yield Row(file=file, line=line, cells=tuple(cell.strip() for cell in written.split(",")))
