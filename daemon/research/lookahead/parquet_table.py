"""The same of Parquet."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as kinds

from daemon.feeds.file.arrow import TimeColumn, plain_type
from daemon.feeds.file.layout import DataFile
from daemon.feeds.file.parquet import ParquetSource
from daemon.research.lookahead.cells import KEPT, other_columns
from daemon.research.lookahead.futures import Change, Future, noise
from daemon.research.lookahead.knowing import known_times
from daemon.research.lookahead.tables import About, rows_after
from daemon.research.timeline import Integers
from trading.subscriptions import DataKind


class ParquetTable:
    """A whole Parquet file."""

    def __init__(self, path: Path, content: Any, fields: list[str], times: Sequence[int], seed: int) -> None:
        self.path = path
        self.times: Integers = np.array(times, dtype=np.int64)
        self._content = content
        self._fields = fields
        self._others: dict[Future, Any] = {}
        self._seed = seed

    def write(self, target: Path, change: Change) -> None:
        """A copy, after a change."""
        whole = self._content
        if change.future is not Future.ENDS:
            whole = pa.concat_tables([whole, self._other(change.future)])
        pq.write_table(whole.take(pa.array(rows_after(self.times, change))), target)

    def _other(self, future: Future) -> Any:
        if future not in self._others:
            schema = self._content.schema
            plain = {
                field: self._content.column(place).to_pylist()
                for place, field in enumerate(self._fields)
                if field not in KEPT and _is_plain(schema.field(place).type)
            }
            made = other_columns(plain, future, noise(self._seed, self.path.name, len(self.times)))
            columns = [
                pa.array(made[field], type=schema.field(place).type) if field in made else self._content.column(place)
                for place, field in enumerate(self._fields)
            ]
            self._others[future] = pa.table(columns, schema=schema)
        return self._others[future]


def read_parquet(path: Path, file: DataFile | None, about: About) -> ParquetTable | None:
    """The table in a file; None where no column is of times. ValueError where it is no such file."""
    try:
        with pq.ParquetFile(path) as opened:
            content = opened.read()
        return _table(path, content, file, about)
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error


def _table(path: Path, content: Any, file: DataFile | None, about: About) -> ParquetTable | None:
    names: list[str] = content.schema.names
    if file is not None:
        named = {column: field for field, column in ParquetSource(file).fields.items()}
        fields = [named.get(name, f"column {name}") for name in names]
        times = _times(content, names[fields.index("time")], file)
        return ParquetTable(path, content, fields, [time + file.shift_ns for time in times], about.seed)
    stamp = next((name for name in names if kinds.is_timestamp(content.schema.field(name).type)), None)
    if stamp is None:
        return None
    fields = ["time" if name == stamp else f"column {name}" for name in names]
    unknown = DataFile(path=path, data=DataKind.TRADES, symbols=(), zone=about.zone)
    plain = [column.to_pylist() for column in content.columns if _is_plain(column.type)]
    known = known_times(_times(content, stamp, unknown), plain, about.prices)
    return ParquetTable(path, content, fields, known, about.seed)


def _times(content: Any, name: str, file: DataFile) -> list[int]:
    column = content.column(name).combine_chunks()
    column = column.dictionary_decode() if kinds.is_dictionary(column.type) else column
    reader = TimeColumn(file, plain_type(column.type), name)
    return list(reader.read_all(reader.cells(column)))


def _is_plain(kind: Any) -> bool:
    """Whether other values of a type can be made."""
    return bool(
        kinds.is_integer(kind)
        or kinds.is_floating(kind)
        or kinds.is_string(kind)
        or kinds.is_large_string(kind)
        or kinds.is_boolean(kind)
    )
