"""Events to a Parquet file, a group of rows at a time. The same events give the same bytes."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from typing import IO, Any, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from daemon.research.catalogue.entry import KEY, Label, Origin
from daemon.research.catalogue.series import TIME, Series
from trading.market_data import MarketEvent

GROUP_ROWS: Final = 65_536

_TIME_TYPE: Final = pa.timestamp("ns", "UTC")
_OPTIONS: Final[Mapping[str, Any]] = {"compression": "zstd", "column_encoding": {TIME: "DELTA_BINARY_PACKED"}}


class EntryWriter:
    """Writes the file of one stretch of a series. OSError where the disk will not have it."""

    def __init__(self, path: Path, series: Series, source: Origin, *, repeats: bool, may_be_negative: bool) -> None:
        self.path = path
        self.rows = 0
        self.first_ns = 0
        self.last_ns = 0
        self.held = 0
        self._series = series
        self._source = source
        self._repeats = repeats
        self._may_be_negative = may_be_negative
        self._batches: list[Any] = []
        fields = series.columns[1:]
        self._schema = pa.schema([(TIME, _TIME_TYPE), *((field, pa.float64()) for field in fields)])
        self._getters = [attrgetter(field) for field in fields]
        self._stream: IO[bytes] = path.open("xb")
        self._writer = pq.ParquetWriter(self._stream, self._schema, use_dictionary=list(fields), **_OPTIONS)

    def write(self, events: Sequence[MarketEvent]) -> None:
        """Take rows; they are on their way to the disk once there are enough for a group."""
        if not events:
            return
        times = [event.ts_ns for event in events]
        if not self.rows:
            self.first_ns = times[0]
        self.last_ns = times[-1]
        self.rows += len(times)
        columns = [pa.array(times, pa.int64()).cast(_TIME_TYPE)]
        columns += [pa.array(map(getter, events), pa.float64(), size=len(times)) for getter in self._getters]
        self._batches.append(pa.record_batch(columns, schema=self._schema))
        self.held += len(times)
        if self.held >= GROUP_ROWS:
            self._write_groups(whole=True)

    def flush(self) -> None:
        """Write what is held, as a group that may be smaller than others."""
        self._write_groups(whole=False)

    def close(self) -> Label:
        """Write the footer and return once all of it is on the disk."""
        self.flush()
        label = Label(
            symbol=self._series.symbol,
            kind=self._series.kind,
            interval_ns=self._series.interval_ns,
            rows=self.rows,
            first_ns=self.first_ns,
            last_ns=self.last_ns,
            source=self._source,
            repeats=self._repeats,
            may_be_negative=self._may_be_negative,
        )
        self._writer.add_key_value_metadata({KEY: msgspec.json.encode(label)})
        self._writer.close()
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        return label

    def abandon(self) -> None:
        """Let go of a file that will not be whole; one that is closed stays as it is."""
        self._writer.is_open = False  # else pyarrow would write its footer when the writer is forgotten
        with suppress(OSError):
            self._stream.close()

    def _write_groups(self, *, whole: bool) -> None:
        table = pa.Table.from_batches(self._batches, self._schema)
        count = table.num_rows - table.num_rows % GROUP_ROWS if whole else table.num_rows
        if count:
            self._writer.write_table(table.slice(0, count), GROUP_ROWS)
        rest = table.slice(count).combine_chunks().to_batches() if count < table.num_rows else []
        self._batches, self.held = rest, table.num_rows - count
