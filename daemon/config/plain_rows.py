"""Small tables beside a config: lines of cells between commas, read whole and refused at the first wrong one."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, NoReturn

from daemon.errors import BadData

_MOST_PLACES: Final = 18


@dataclass(frozen=True, kw_only=True)
class Row:
    """The cells of one line, without spaces around them; lines count from 1."""

    file: str
    line: int
    cells: tuple[str, ...]

    def refuse(self, what: str, *, mend: str) -> NoReturn:
        """Raise BadData with the file and the line."""
        raise BadData(f"{self.file}: line {self.line}: {what}", mend=mend)

    def number(self, text: str) -> Decimal:
        """A cell as an exact number; BadData when it is none."""
        try:
            number = Decimal(text)
        except InvalidOperation:
            self.refuse(f"{text!r} is no number", mend="write it as 0.82")
        if not number.is_finite() or abs(number.adjusted()) > _MOST_PLACES:
            self.refuse(f"{text!r} is no number of at most {_MOST_PLACES} places", mend="write it as 0.82")
        return number

    def above_zero(self, text: str) -> Decimal:
        """A cell as an exact number above zero; BadData when it is none."""
        number = self.number(text)
        if number <= 0:
            self.refuse(f"{text} is not above zero", mend="correct it, or leave the line out")
        return number


def rows_of(text: str, *, file: str) -> Iterator[Row]:
    """The lines that are not empty."""
    for line, written in enumerate(text.splitlines(), 1):
        if written.strip():
            yield Row(file=file, line=line, cells=tuple(cell.strip() for cell in written.split(",")))
