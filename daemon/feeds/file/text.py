"""Text files of cells between delimiters. Every line that is not empty is a row.

A block is so many bytes up to the end of a line, read and cut at once.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from itertools import compress
from typing import Any, Final

from daemon.errors import BadData
from daemon.feeds.file.blocks import Columns, Place, Row, number
from daemon.feeds.file.columns import map_columns, time_form
from daemon.feeds.file.faults import GET_ANEW, Fault, Odd
from daemon.feeds.file.layout import FIELDS, DataFile
from daemon.feeds.file.packing import BREAKS, blocks_of, lines_before_break, unpacked
from daemon.feeds.file.times import UNITS, TimeReader

_BOM: Final = b"\xef\xbb\xbf"
_EMPTY_LINES: Final = ("", "\r")
_OTHER_DELIMITERS: Final = ";\t|,"


class TextSource:
    """One text file as the config describes it; BadData where it is empty or has one column only."""

    def __init__(self, file: DataFile) -> None:
        self._file = file
        cells, self._begin = _head(file)
        self._width = len(cells)
        self.mapped = map_columns(file, cells if file.header else self._width)
        shown = cells if file.header else [str(place) for place in range(1, self._width + 1)]
        self.fields = {field: shown[place] for field, place in self.mapped.places.items()}
        self.time_form = time_form(file, self.fields.get("time", ""))

    def described(self) -> dict[str, Any]:
        """How it is read, in plain values."""
        layout = {"header": self._file.header, "delimiter": self._file.delimiter}
        return {"columns": self.mapped.places, "time": self.time_form, **layout}

    def blocks(self, begin: Place) -> Iterator["TextBlock"]:
        """The blocks from the beginning of one; BadData where the file breaks off or is no text."""
        path = self._file.path
        cut = Cut(self._file, self._width, self.mapped.or_refuse(self._file), self.time_form)
        place = begin if begin.offset else self._begin
        try:
            for raw in blocks_of(path, place.offset):
                block = TextBlock(cut, _decoded(self._file, raw, place), len(raw), place)
                yield block
                place = block.after
        except BREAKS as error:
            row = place.row + lines_before_break(path, place.offset)
            raise BadData(f"{path}: cannot be read beyond row {row}: {error}", mend=GET_ANEW) from error


class Cut:
    """How the lines of one file become values."""

    def __init__(self, file: DataFile, width: int, places: Mapping[str, int], form: str) -> None:
        self.delimiter = file.delimiter
        self.width = width
        self.time = places["time"]
        self.date = places.get("date")
        self.id = places.get("id")
        self.symbol = places.get("symbol")
        self.wanted = frozenset(file.symbols) if self.symbol is not None and not file.others_are_bad else None
        self.only = file.symbols[0]
        self.numbers = [(field, places.get(field)) for field in FIELDS[file.data]]
        self.times = TimeReader(form, file.zone)
        plain = [place for _, place in self.numbers if place is not None]
        self.counted = [*plain, self.time] if form in UNITS else plain

    def time_of(self, cells: Sequence[str]) -> str:
        """The text of a row's time."""
        time = cells[self.time]
        return time if self.date is None else f"{cells[self.date]} {time}"


class TextBlock:
    """Some lines of a text."""

    def __init__(self, cut: Cut, text: str, size: int, begin: Place) -> None:
        self._cut = cut
        self._begin = begin
        self._lines = text.split("\n")
        if not self._lines[-1]:
            self._lines.pop()
        self._has_underscore = "_" in text
        empty = sum(map(self._lines.count, _EMPTY_LINES))
        self.after = Place(
            row=begin.row + len(self._lines) - empty,
            line=begin.line + len(self._lines),
            offset=begin.offset + size,
        )

    def columns(self) -> Columns | None:
        """All cells as values; None when there is any that cannot be read plainly."""
        cells = self._cells()
        try:
            return None if cells is None else self._values(cells)
        except ValueError:
            return None

    def rows(self) -> Iterator[tuple[int, int, Row | Odd]]:
        """Each row that is wanted with its number and its line, or what is wrong with it."""
        row = self._begin.row
        for line, text in enumerate(self._lines, self._begin.line + 1):
            if text in _EMPTY_LINES:
                continue
            row += 1
            try:
                read = self._row(text)
            except Odd as odd:
                yield row, line, odd
            else:
                if read is not None:
                    yield row, line, read

    def _cells(self) -> list[tuple[str, ...]] | None:
        """By column; None where lines are not all alike."""
        try:
            rows = list(csv.reader(self._lines, delimiter=self._cut.delimiter, strict=True))
            if len(rows) != len(self._lines):
                return None  # a quoted cell goes on over the line's end
            columns = list(zip(*filter(None, rows), strict=True))
        except (csv.Error, ValueError):
            return None
        return columns if len(columns) == self._cut.width else None

    def _values(self, cells: list[tuple[str, ...]]) -> Columns | None:
        cut, symbols = self._cut, None
        if cut.symbol is not None:
            symbols = list(map(str.strip, cells[cut.symbol]))
            if cut.wanted is not None and not cut.wanted.issuperset(symbols):
                chosen = [symbol in cut.wanted for symbol in symbols]
                cells = [tuple(compress(column, chosen)) for column in cells]
                symbols = list(compress(symbols, chosen))
            if cut.wanted is not None and len(cut.wanted) == 1:
                symbols = None
        if self._has_underscore and any("_" in cell for place in cut.counted for cell in cells[place]):
            return None  # Python would read 1_000 as a number
        times = cells[cut.time] if cut.date is None else list(map(cut.time_of, zip(*cells, strict=True)))
        return Columns(
            times=cut.times.read_all(times) if times else (),
            symbols=symbols,
            values=[None if place is None else list(map(float, cells[place])) for _, place in cut.numbers],
            ids=None if cut.id is None else cells[cut.id],
        )

    def _row(self, text: str) -> Row | None:
        cut, cells = self._cut, self._cut_up(text)
        symbol = cut.only if cut.symbol is None else cells[cut.symbol].strip()
        if cut.wanted is not None and symbol not in cut.wanted:
            return None
        try:
            ts_ns = cut.times.read(cut.time_of(cells))
        except ValueError as error:
            raise Odd(Fault.TIME, f"time {error}", "time")
        return Row(
            ts_ns=ts_ns,
            symbol=symbol,
            values=[0.0 if place is None else number(cells[place], field) for field, place in cut.numbers],
            id=None if cut.id is None else cells[cut.id],
        )

    def _cut_up(self, text: str) -> list[str]:
        try:
            (cells,) = csv.reader([text], delimiter=self._cut.delimiter, strict=True)
        except csv.Error as error:
            raise Odd(Fault.CELLS, f"cannot be cut into cells: {error}")
        if len(cells) != self._cut.width:
            raise Odd(Fault.CELLS, f"has {len(cells)} cells, and the file {self._cut.width} columns")
        return cells


def _head(file: DataFile) -> tuple[list[str], Place]:
    """The cells of the first line that is not empty, and where the rows begin."""
    with unpacked(file.path) as stream:
        offset, lines = 0, 0
        try:
            for raw in stream:
                begin = len(_BOM) if not lines and raw.startswith(_BOM) else 0
                text = _decoded(file, raw[begin:], Place())
                after = Place(line=lines + 1, offset=offset + len(raw))
                cells = next(csv.reader([text], delimiter=file.delimiter), [])
                if cells:
                    _refuse_one_cell(file, cells)
                    return [cell.strip() for cell in cells], after if file.header else Place(
                        line=lines, offset=offset + begin
                    )
                offset, lines = after.offset, after.line
        except (*BREAKS, csv.Error) as error:
            raise BadData(f"{file.path}: cannot be read: {error}", mend=GET_ANEW) from error
    raise BadData(f"{file.path}: is empty", mend="name a file with rows")


def _refuse_one_cell(file: DataFile, cells: list[str]) -> None:
    other = next((mark for mark in _OTHER_DELIMITERS if mark in cells[0] and mark != file.delimiter), None)
    if len(cells) == 1 and other is not None:
        raise BadData(
            f"{file.path}: its first line is one cell, {cells[0]!r}",
            mend=f"name what stands between cells, delimiter: {other!r}",
            key=("delimiter",),
        )


def _decoded(file: DataFile, raw: bytes, begin: Place) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = begin.line + raw.count(b"\n", 0, error.start) + 1
        raise BadData(f"{file.path}: line {line} is not UTF-8 text", mend="save it as UTF-8") from error
