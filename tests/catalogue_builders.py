"""Catalogues filled by a test in a line, and what they hold."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from daemon.disk import RealDisk
from daemon.feeds.file.feed import FileFeed
from daemon.feeds.file.layout import DataFile
from daemon.research.catalogue.importing import Imported, import_files
from daemon.research.catalogue.index import entries, entries_of
from daemon.research.catalogue.series import Series
from tests.market_files import Rows, write_rows
from trading.market_data import MarketEvent
from trading.subscriptions import DataKind
from trading.timestamps import MINUTE, SECOND

NOON = 1_527_854_400 * SECOND
"""2018-06-01T12:00:00Z."""

QUOTES = Series(symbol="AAA", kind=DataKind.QUOTES)
TRADES = Series(symbol="AAA", kind=DataKind.TRADES)
BARS = Series(symbol="AAA", kind=DataKind.BARS, interval_ns=MINUTE)


def trade_rows(count: int, *, first: int = 0, every_ns: int = SECOND) -> Iterator[tuple[int, float, float]]:
    """Trades at prices that count up from 1, a second apart from noon on."""
    return ((NOON + place * every_ns, place + 1.0, 100.0) for place in range(first, first + count))


def trade_file(path: Path, count: int, *, first: int = 0) -> Path:
    """Such trades as a file."""
    return write_rows(path, ("time", "price", "size"), trade_rows(count, first=first))


def bar_file(path: Path, rows: Rows) -> Path:
    """Bars as a file: time, open, high, low, close, volume."""
    return write_rows(path, ("time", "open", "high", "low", "close", "volume"), rows)


def taken(root: Path, *files: DataFile, skip_bad_rows: bool = False) -> list[Imported]:
    """Files imported into a catalogue."""
    return import_files(root, files, skip_bad_rows=skip_bad_rows, disk=RealDisk())


def files_in(root: Path, series: Series, start_ns: int | None = None, end_ns: int | None = None) -> list[DataFile]:
    """The files of a series that reach into a window, as a feed reads them."""
    return [entry.data_file() for entry in entries_of(root, series) if entry.reaches(start_ns, end_ns)]


def events_of(files: Iterable[DataFile]) -> list[MarketEvent]:
    """What the file feed brings of files."""
    return list(FileFeed(files=list(files), start_ns=0).events())


def events_in(root: Path, series: Series) -> list[MarketEvent]:
    """What the file feed brings of a series of a catalogue."""
    return events_of(files_in(root, series))


def stretches(root: Path, series: Series) -> list[tuple[int, int, int]]:
    """Of each file of a series its rows and, in seconds after noon, its first and last time."""
    labels = [entry.label for entry in entries(root).get(series, [])]
    return [(one.rows, (one.first_ns - NOON) // SECOND, (one.last_ns - NOON) // SECOND) for one in labels]


def snapshot(root: Path) -> dict[str, bytes]:
    """Every file of a catalogue but for its lock, by its place."""
    paths: Sequence[Path] = sorted(path for path in root.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}
