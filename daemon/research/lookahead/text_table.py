"""Tables of text: lines of cells between delimiters, plain or packed."""

import csv
import gzip
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from daemon.feeds.file.layout import DataFile
from daemon.feeds.file.packing import unpacked
from daemon.feeds.file.text import TextSource
from daemon.feeds.file.times import TimeReader
from daemon.research.lookahead.cells import other_columns
from daemon.research.lookahead.futures import Change, Future, noise
from daemon.research.lookahead.knowing import known_times
from daemon.research.lookahead.stamps import find_stamps
from daemon.research.lookahead.tables import NO_TIME, About, rows_after
from daemon.research.timeline import Integers


class Layout(msgspec.Struct, frozen=True):
    """What stands before the rows, what between two cells, and the field that each column is of."""

    head: str
    delimiter: str
    fields: Sequence[str]


class TextTable:
    """The lines of a file. One that is not cut as the others are has no time, and stays."""

    def __init__(self, path: Path, layout: Layout, lines: Sequence[str], times: Sequence[int], seed: int) -> None:
        self.path = path
        self.times: Integers = np.array(times, dtype=np.int64)
        self._layout = layout
        self._lines = list(lines)
        self._others: dict[Future, list[str]] = {}
        self._seed = seed

    def write(self, target: Path, change: Change) -> None:
        """A copy after a change."""
        lines = self._lines
        if change.future is not Future.ENDS:
            lines = lines + self._other_lines(change.future)
        rows = rows_after(self.times, change).tolist()
        _pack(target, "".join([self._layout.head, *(lines[row] for row in rows)]).encode(), member=self.path.stem)

    def _other_lines(self, future: Future) -> list[str]:
        if future not in self._others:
            fields, delimiter = self._layout.fields, self._layout.delimiter
            lines = list(self._lines)
            timed = np.flatnonzero(self.times != NO_TIME).tolist()
            rows = csv.reader((lines[row] for row in timed), delimiter=delimiter)
            columns = dict(zip(fields, zip(*rows, strict=True), strict=True))
            made = other_columns(columns, future, noise(self._seed, self.path.name, len(timed)))
            for row, cells in zip(timed, zip(*made.values(), strict=True), strict=True):
                lines[row] = _line(cells, delimiter)
            self._others[future] = lines
        return self._others[future]


def read_text(path: Path, file: DataFile | None, about: About) -> TextTable | None:
    """The table in a text; None where nothing is said of it and no times are found in it."""
    with unpacked(path) as stream:
        text = stream.read().decode()
    lines = [f"{line}\n" for line in text.split("\n") if line.strip()]
    if file is None:
        return _found(path, lines, about)
    source = TextSource(file)
    places = source.mapped.or_refuse(file)
    head, lines = ("".join(lines[:1]), lines[1:]) if file.header else ("", lines)
    reader, width = TimeReader(source.time_form, file.zone), _width(lines, file.delimiter)
    named = {place: field for field, place in places.items()}
    layout = Layout(head, file.delimiter, [named.get(place, f"column {place}") for place in range(width)])
    cells = csv.reader(lines, delimiter=file.delimiter)
    times = [_time(reader, row, places, file.shift_ns) if len(row) == width else NO_TIME for row in cells]
    return TextTable(path, layout, lines, times, about.seed)


def _found(path: Path, lines: Sequence[str], about: About) -> TextTable | None:
    stamps = find_stamps(lines, about.window, about.zone)
    if stamps is None:
        return None
    head = len(lines) - len(stamps.times)
    width = _width(lines[head:], stamps.delimiter)
    names = dict(zip(stamps.columns, ("time", "date"), strict=False))
    fields = [names.get(place, f"column {place}") for place in range(width)]
    layout = Layout("".join(lines[:head]), stamps.delimiter, fields)
    columns = zip(*csv.reader(lines[head:], delimiter=stamps.delimiter), strict=True)
    times = known_times(stamps.times, columns, about.prices)
    return TextTable(path, layout, lines[head:], times, about.seed)


def _width(lines: Sequence[str], delimiter: str) -> int:
    return len(next(csv.reader(lines, delimiter=delimiter), []))


def _time(reader: TimeReader, row: Sequence[str], places: Mapping[str, int], shift_ns: int) -> int:
    time = row[places["time"]]
    try:
        return reader.read(f"{row[places['date']]} {time}" if "date" in places else time) + shift_ns
    except ValueError:
        return NO_TIME


def _line(cells: Sequence[str], delimiter: str) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator="\n").writerow(cells)
    return written.getvalue()


def _pack(target: Path, content: bytes, *, member: str) -> None:
    match target.suffix.lower():
        case ".gz":
            target.write_bytes(gzip.compress(content, compresslevel=1, mtime=0))
        case ".zip":
            with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                archive.writestr(member, content)
        case _:
            target.write_bytes(content)
