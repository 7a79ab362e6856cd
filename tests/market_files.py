"""Files of market data, written by a test in a line, and how the feed is told to read them."""

import gzip
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from daemon.feeds.file.feed import FileFeed
from daemon.feeds.file.layout import DataFile
from trading.subscriptions import DataKind
from trading.timestamps import MINUTE, iso

Rows = Iterable[Sequence[Any]]

NAMES = {
    DataKind.QUOTES: ("bid", "ask", "bid_size", "ask_size"),
    DataKind.TRADES: ("price", "size"),
    DataKind.BARS: ("open", "high", "low", "close", "volume"),
}


def write(path: Path, text: str | bytes) -> Path:
    """A text as a file, packed as its ending says."""
    data = text.encode() if isinstance(text, str) else text
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(data))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("data.csv", data)
    else:
        path.write_bytes(data)
    return path


def write_rows(path: Path, names: Sequence[str], rows: Rows) -> Path:
    """Rows under a header, times in nanoseconds first: as ISO-8601 in a text, as timestamps in Parquet."""
    rows = list(rows)
    if path.suffix == ".parquet":
        columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
        times = pa.array(columns.pop(names[0]), pa.timestamp("ns", "UTC"))
        pq.write_table(pa.table({names[0]: times, **columns}), path, row_group_size=100)
        return path
    lines = [",".join(names), *(",".join([iso(row[0]), *map(str, row[1:])]) for row in rows)]
    return write(path, "\n".join(lines) + "\n")


def quotes(path: Path, **changes: Any) -> DataFile:
    """A file of quotes of AAA."""
    return _file(path, DataKind.QUOTES, changes)


def trades(path: Path, **changes: Any) -> DataFile:
    """A file of trades of AAA."""
    return _file(path, DataKind.TRADES, changes)


def bars(path: Path, **changes: Any) -> DataFile:
    """A file of one-minute bars of AAA, stamped with their close."""
    return _file(path, DataKind.BARS, {"interval_ns": MINUTE, **changes})


def feed_of(*files: DataFile, **changes: Any) -> FileFeed:
    """A feed of files from their first row on."""
    return FileFeed(files=files, **{"start_ns": 0, **changes})


def _file(path: Path, data: DataKind, changes: Mapping[str, Any]) -> DataFile:
    return DataFile(path=path, data=data, **{"symbols": ("AAA",), **changes})
