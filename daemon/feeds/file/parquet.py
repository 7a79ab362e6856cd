"""Parquet files, read with pyarrow some thousand rows at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from daemon.errors import BadData
from daemon.feeds.file.arrow import Cut, ParquetBlock, TimeColumn, flaws, plain_type
from daemon.feeds.file.blocks import Place
from daemon.feeds.file.columns import Mapped, map_columns
from daemon.feeds.file.faults import GET_ANEW, NO_SUCH_FILE
from daemon.feeds.file.layout import DataFile

BLOCK_ROWS: Final = 8192
_BUFFER_BYTES: Final = 1 << 20
"""What of a column is read at once, so that memory does not grow with the file."""

_BREAKS: Final = (pa.ArrowException, OSError)


class ParquetSource:
    """One Parquet file as the config describes it; BadData where it is none."""

    def __init__(self, file: DataFile) -> None:
        self._file = file
        with _opened(file) as opened:
            schema = opened.schema_arrow
        names: list[str] = schema.names
        mapped = map_columns(file, names)
        types = {field: plain_type(schema.field(place).type) for field, place in mapped.places.items()}
        self.mapped = Mapped(mapped.places, (*mapped.flaws, *flaws(types)))
        self.fields = {field: names[place] for field, place in mapped.places.items()}
        self._time = TimeColumn(file, types.get("time"), self.fields.get("time", ""))
        self.time_form = self._time.form

    def described(self) -> dict[str, Any]:
        """How it is read, in plain values."""
        return {"columns": self.mapped.places, "time": self.time_form}

    def blocks(self, begin: Place) -> Iterator[ParquetBlock]:
        """The blocks from the beginning of one; BadData where the file is damaged."""
        self.mapped.or_refuse(self._file)
        cut = Cut(self._file, self.fields, self._time)
        place = begin
        try:
            for batch in self._batches(begin.row):
                block = ParquetBlock(cut, batch, place)
                yield block
                place = block.after
        except _BREAKS as error:
            message = f"{self._file.path}: cannot be read beyond row {place.row}: {error}"
            raise BadData(message, mend=GET_ANEW) from error

    def _batches(self, row: int) -> Iterator[Any]:
        """The rows after so many; whole groups of rows before them are not touched."""
        with _opened(self._file) as opened:
            group, skipped, groups = 0, row, opened.metadata.num_row_groups
            while group < groups and skipped >= opened.metadata.row_group(group).num_rows:
                skipped -= opened.metadata.row_group(group).num_rows
                group += 1
            columns = list(dict.fromkeys(self.fields.values()))
            for batch in opened.iter_batches(BLOCK_ROWS, row_groups=range(group, groups), columns=columns):
                if skipped < batch.num_rows:
                    yield batch.slice(skipped)
                skipped = max(0, skipped - batch.num_rows)


@contextmanager
def _opened(file: DataFile) -> Iterator[Any]:
    try:
        # what is buffered beforehand is held as long as the file is open
        opened = pq.ParquetFile(file.path, buffer_size=_BUFFER_BYTES, pre_buffer=False)
    except FileNotFoundError:
        raise BadData(f"{file.path}: no such file", mend=NO_SUCH_FILE)
    except _BREAKS as error:
        message = f"{file.path}: is no whole Parquet file: {str(error).splitlines()[0]}"
        raise BadData(message, mend=GET_ANEW) from error
    with opened:
        yield opened
