"""Columns of Parquet as values: numbers and times of every type that can be meant."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from daemon.feeds.file.blocks import BarArrays, Columns, Place, Row, finite, number
from daemon.feeds.file.columns import Flaw, time_form
from daemon.feeds.file.faults import Fault, Odd
from daemon.feeds.file.layout import FIELDS, DataFile
from daemon.feeds.file.times import UNITS, LocalTime, TimeReader, all_in_range, counted
from trading.timestamps import DAY, LAST_NS


def plain_type(kind: Any) -> Any:
    """The type of a column's values, also where it keeps each of them once."""
    return kind.value_type if kinds.is_dictionary(kind) else kind


def flaws(types: Mapping[str, Any]) -> Iterator[Flaw]:
    """What each field's column cannot hold."""
    for field, kind in types.items():
        if field == "date":
            yield ("columns", field), "a Parquet file has one column for date and time; name it as time"
        elif field == "symbol" and not _is_text(kind):
            yield ("columns", field), f"the column holds {kind}, not text"
        elif field == "time" and not (_is_number(kind) or _is_text(kind) or _is_typed_time(kind)):
            yield ("columns", field), f"the column holds {kind}, not times"
        elif field not in {"symbol", "time", "id"} and not (_is_number(kind) or _is_text(kind)):
            yield ("columns", field), f"the column holds {kind}, not numbers"


def _is_text(kind: Any) -> bool:
    return bool(kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind))


def _is_number(kind: Any) -> bool:
    return bool(kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_decimal(kind))


def _is_typed_time(kind: Any) -> bool:
    return bool(kinds.is_timestamp(kind) or kinds.is_date32(kind))


class TimeColumn:
    """How the cells of a time column become nanoseconds: counted in the unit of their type or form, or read as text."""

    def __init__(self, file: DataFile, kind: Any, name: str) -> None:
        self.form = time_form(file, name)
        self._counts: Any = None
        self._local: LocalTime | None = None
        if kind is not None and _is_typed_time(kind):
            is_date = kinds.is_date32(kind)
            self._counts = pa.int32() if is_date else pa.int64()
            self._unit_ns = DAY if is_date else UNITS[kind.unit]
            self._local = None if not is_date and kind.tz else LocalTime(file.zone)
            self.form = str(kind)
        else:
            self._unit_ns = UNITS.get(self.form, 0) if kind is not None and _is_number(kind) else 0
            self._reader = TimeReader(self.form, file.zone)

    def cells(self, column: Any) -> Any:
        """The column as it is read: times that have a type of their own as counts."""
        return column if self._counts is None else column.cast(self._counts)

    def read_all(self, cells: Any) -> Sequence[int]:
        """The times of a whole column, quickly; ValueError where any is not a plain one."""
        values = _plain_list(cells)
        if not self._unit_ns:
            return self._reader.read_all(list(map(str, values)))
        if not kinds.is_integer(cells.type):
            return [counted(str(value), self._unit_ns) for value in values]
        times = all_in_range(values if self._unit_ns == 1 else [value * self._unit_ns for value in values])
        return times if self._local is None else all_in_range(self._local.all_to_utc(times))

    def array(self, cells: Any) -> Any:
        """The times of a whole column as int64, where they are counts in UTC; None elsewhere."""
        if cells.null_count or not self._unit_ns or self._local is not None or not kinds.is_integer(cells.type):
            return None
        counts = np.from_dlpack(cells).astype(np.int64)
        if len(counts) and not 0 <= counts.min() <= counts.max() <= LAST_NS // self._unit_ns:
            return None
        return counts * self._unit_ns

    def read(self, value: Any) -> int:
        """The time of one cell; ValueError says why there is none."""
        if value is None:
            raise ValueError("is empty")
        if not self._unit_ns:
            return self._reader.read(str(value))
        ts_ns = counted(str(value), self._unit_ns)
        return ts_ns if self._local is None else self._local.to_utc(ts_ns)


class Cut:
    """How the columns of one file become values."""

    def __init__(self, file: DataFile, fields: Mapping[str, str], time: TimeColumn) -> None:
        self.fields = fields
        self.time = time
        self.symbols = file.symbols
        self.wanted = frozenset(file.symbols) if "symbol" in fields and not file.others_are_bad else None
        self.numbers = FIELDS[file.data]


class ParquetBlock:
    """Some rows of a Parquet file."""

    def __init__(self, cut: Cut, batch: Any, begin: Place) -> None:
        self._cut = cut
        self._batch = batch
        self._begin = begin
        self.after = Place(row=begin.row + batch.num_rows)

    def columns(self) -> Columns | None:
        """All cells as values; None when there is any that cannot be read plainly."""
        cut, batch = self._cut, self._batch
        if cut.wanted is not None:
            wanted = pc.is_in(_decoded(batch.column(cut.fields["symbol"])), value_set=pa.array(cut.symbols))
            batch = batch if wanted.true_count == batch.num_rows else batch.filter(wanted)
        if not batch.num_rows:
            return Columns((), None, [None for _ in cut.numbers], None)
        try:
            return self._values(batch)
        except (ValueError, pa.ArrowException):
            return None

    def arrays(self) -> BarArrays | None:
        """The same of one symbol's bars; None also where the file has several symbols, or lacks a price."""
        cut, batch = self._cut, self._batch
        if "symbol" in cut.fields or not {*cut.numbers} - {"volume"} <= cut.fields.keys():
            return None
        try:
            times = cut.time.array(cut.time.cells(_decoded(batch.column(cut.fields["time"]))))
            columns = [
                _floats(batch.column(cut.fields[field])) if field in cut.fields else np.zeros(batch.num_rows)
                for field in cut.numbers
            ]
        except (ValueError, pa.ArrowException):
            return None
        return None if times is None else BarArrays(times, columns)

    def rows(self) -> Iterator[tuple[int, int, Row | Odd]]:
        """Each row that is wanted with its number, or what is wrong with it."""
        cut, names = self._cut, self._batch.schema.names
        columns = dict(zip(names, map(_decoded, self._batch.columns), strict=True))
        columns[cut.fields["time"]] = cut.time.cells(columns[cut.fields["time"]])
        cells = zip(*(column.to_pylist() for column in columns.values()), strict=True)
        for row, values in enumerate(cells, self._begin.row + 1):
            named = dict(zip(names, values, strict=True))
            if cut.wanted is None or named[cut.fields["symbol"]] in cut.wanted:
                yield row, 0, self._row(named)

    def _values(self, batch: Any) -> Columns:
        cut = self._cut
        symbols = None
        if "symbol" in cut.fields and (cut.wanted is None or len(cut.wanted) > 1):
            symbols = _decoded(batch.column(cut.fields["symbol"])).to_pylist()
        return Columns(
            times=cut.time.read_all(cut.time.cells(_decoded(batch.column(cut.fields["time"])))),
            symbols=symbols,
            values=[
                _numbers(_decoded(batch.column(cut.fields[field]))) if field in cut.fields else None
                for field in cut.numbers
            ],
            ids=batch.column(cut.fields["id"]).cast(pa.string()).to_pylist() if "id" in cut.fields else None,
        )

    def _row(self, cells: Mapping[str, Any]) -> Row | Odd:
        cut = self._cut
        try:
            return Row(
                ts_ns=self._time(cells[cut.fields["time"]]),
                symbol=str(cells[cut.fields["symbol"]]) if "symbol" in cut.fields else cut.symbols[0],
                values=[
                    _number(cells[cut.fields[field]], field) if field in cut.fields else 0.0 for field in cut.numbers
                ],
                id=str(cells[cut.fields["id"]]) if "id" in cut.fields else None,
            )
        except Odd as odd:
            return odd

    def _time(self, value: Any) -> int:
        try:
            return self._cut.time.read(value)
        except ValueError as error:
            raise Odd(Fault.TIME, f"time {error}", "time")


def _decoded(column: Any) -> Any:
    return column.dictionary_decode() if kinds.is_dictionary(column.type) else column


def _plain_list(column: Any) -> list[Any]:
    if column.null_count:
        raise ValueError("a cell is empty")
    if _is_text(column.type):
        return column.to_pylist()  # type: ignore[no-any-return]
    return np.from_dlpack(column).tolist()  # type: ignore[no-any-return] # `to_numpy` would import pandas


def _numbers(column: Any) -> list[float]:
    if _is_text(column.type):
        texts = _plain_list(column)
        if any("_" in text for text in texts):
            raise ValueError("Python would read 1_000 as a number")
        return list(map(float, texts))
    return _plain_list(column.cast(pa.float64(), safe=False))


def _floats(column: Any) -> Any:
    if column.null_count or not kinds.is_primitive(column.type):
        raise ValueError("a cell is empty, or has to be read")
    return np.from_dlpack(column.cast(pa.float64(), safe=False))


def _number(value: Any, field: str) -> float:
    if value is None:
        raise Odd(Fault.NUMBER, f"{field} is empty", field)
    return number(value, field) if isinstance(value, str) else finite(float(value), field)
