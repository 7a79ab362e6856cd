"""Which column of an unknown text says when its rows are: the first whose cells are all times near those of the run."""

import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

import msgspec

from daemon.feeds.file.times import UNITS, TimeReader
from trading.timestamps import DAY

_NEAR_NS: Final = 20 * 365 * DAY
_DELIMITERS: Final = ",;\t|"
_HEAD_LINES: Final = 3
"""So many lines may stand before the first row."""
_FIRST_LINES: Final = 60
"""So many are tried before all are read."""

Rows = list[list[str]]
ReadRow = Callable[[list[str]], int]


class Stamps(msgspec.Struct, frozen=True, kw_only=True):
    """When each row is, and in which columns, from 0, that is written."""

    delimiter: str
    times: list[int]
    columns: tuple[int, ...]


def find_stamps(lines: Sequence[str], window: tuple[int, int], zone: str) -> Stamps | None:
    """The times of the rows in lines, all of them but for some at the head; None where there are none. Those without an
    offset are of a zone. csv.Error, a ValueError of ours, where lines cannot be cut."""
    for delimiter in _DELIMITERS:
        first = _cut(lines[:_FIRST_LINES], delimiter)
        for head in range(min(_HEAD_LINES + 1, len(first))):
            if not _are_alike(first[head:]):
                continue
            for columns, read in _readers(len(first[head]), zone):
                if _times(first[head:], read, window) is not None:
                    rows = _cut(lines[head:], delimiter)
                    times = _times(rows, read, window) if _are_alike(rows) else None
                    return None if times is None else Stamps(delimiter=delimiter, times=times, columns=columns)
    return None


def _cut(lines: Sequence[str], delimiter: str) -> Rows:
    try:
        rows = list(csv.reader(lines, delimiter=delimiter))
    except csv.Error as error:
        raise ValueError(str(error)) from error
    if len(rows) != len(lines):
        raise ValueError("a quoted cell goes on over the line's end")
    return rows


def _are_alike(rows: Rows) -> bool:
    return len({len(row) for row in rows}) == 1 and len(rows[0]) > 1


def _readers(width: int, zone: str) -> Iterator[tuple[tuple[int, ...], ReadRow]]:
    """Every way to read the time of a row: of two cells, a day and a time of day, or of one."""
    iso = TimeReader("iso", zone)
    for day, time in pairwise(range(width)):
        yield (day, time), _of_two(iso, day, time)
    for place in range(width):
        for form in ("iso", *UNITS):
            yield (place,), _of_one(TimeReader(form, zone), place)


def _of_one(reader: TimeReader, place: int) -> ReadRow:
    return lambda row: reader.read(row[place])


def _of_two(reader: TimeReader, day: int, time: int) -> ReadRow:
    def read(row: list[str]) -> int:
        if ":" not in row[time] or len(row[day].strip()) > len("2014-05-01"):
            raise ValueError(f"{row[day]} {row[time]} is no day and time of day")
        datetime.fromisoformat(row[day].strip())
        return reader.read(f"{row[day].strip()} {row[time].strip()}")

    return read


def _times(rows: Rows, read: ReadRow, window: tuple[int, int]) -> list[int] | None:
    begin_ns, end_ns = window
    try:
        times = [read(row) for row in rows]
    except ValueError:
        return None
    return times if begin_ns - _NEAR_NS <= min(times) and max(times) <= end_ns + _NEAR_NS else None
