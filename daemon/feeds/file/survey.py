"""A file looked at as a whole before anything trades on it: its bytes, its rows, and what is wrong with them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Final

import msgspec

from daemon.errors import BadData
from daemon.feeds.file.faults import NO_SUCH_FILE, BadRow, counted
from daemon.feeds.file.lane import Mark, Reader
from daemon.feeds.file.layout import DataFile
from trading.market_data import MarketEvent
from trading.subscriptions import DataKind
from trading.timestamps import iso

SHOWN: Final = 5
"""Bad rows that are told one by one."""

SKIP: Final = "leave such rows out, counted, with `on_bad_row: skip`"
"""What can be done about bad rows in a config, but for mending them."""


class FileSurvey(msgspec.Struct, frozen=True, kw_only=True):
    """What one file holds: its rows, the first and the last event of each symbol, and its bad rows counted by kind, the
    first few of them as they are."""

    path: Path
    rows: int
    first: Mapping[str, MarketEvent]
    last: Mapping[str, MarketEvent]
    faults: Mapping[str, int]
    bad_rows: Sequence[BadRow]

    def text(self) -> str:
        """`quotes.csv: 532903 rows, 4 skipped (3 crossed, 1 duplicate)`."""
        skipped = f", {sum(self.faults.values())} skipped ({counted(self.faults)})" if self.faults else ""
        return f"{self.path.name}: {self.rows} rows{skipped}"


def content(path: Path) -> dict[str, str | int]:
    """The number of a file's bytes and their BLAKE2b hash; BadData where it cannot be read."""
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=32))
            return {"bytes": stream.tell(), "content": digest.hexdigest()}
    except FileNotFoundError:
        raise BadData(f"{path}: no such file", mend=NO_SUCH_FILE)
    except OSError as error:
        raise BadData(f"{path}: cannot be read: {error.strerror}", mend="let the daemon's user read it")


def survey(file: DataFile) -> FileSurvey:
    """Read a file from its beginning to its end; BadData where it breaks off."""
    bad_rows: list[BadRow] = []
    reader = Reader(file, Mark(), lambda bad: bad_rows.append(bad) if len(bad_rows) < SHOWN else None)
    first: dict[str, MarketEvent] = {}
    for events in reader:
        if len(first) < len(file.symbols):
            first = {event.symbol: event for event in reversed(events)} | first
    mark = reader.mark
    return FileSurvey(
        path=file.path,
        rows=mark.place.row,
        first=first,
        last=mark.before.events,
        faults=mark.skipped,
        bad_rows=bad_rows,
    )


def refuse_bad_rows(surveys: Iterable[FileSurvey], *, otherwise: str = SKIP) -> None:
    """BadData that tells the first bad rows of all files, and counts the others; `otherwise` is what else can be
    done."""
    told = [one for one in surveys if one.bad_rows]
    if not told:
        return
    rows = [bad for one in told for bad in one.bad_rows][:SHOWN]
    counts = "; ".join(f"{one.path.name} has {counted(one.faults)}" for one in told)
    lines = "\n".join(f"  {bad.path.name}: {bad.place}: {bad.message}" for bad in rows)
    mend = "; ".join(dict.fromkeys(bad.mend for bad in rows))
    raise BadData(
        f"rows that cannot be: {counts}\n{lines}",
        mend=f"{mend}; or {otherwise}",
    )


def refuse_absent_symbols(files: Sequence[DataFile], surveys: Sequence[FileSurvey]) -> None:
    """BadData for a symbol of which a file has not one row."""
    for file, one in zip(files, surveys, strict=True):
        absent = [symbol for symbol in file.symbols if symbol not in one.first]
        if absent:
            raise BadData(
                f"{file.path}: has no row of {', '.join(absent)} that can be used",
                mend="correct the symbol or the rows",
            )


def refuse_overlapping_bars(files: Sequence[DataFile], surveys: Sequence[FileSurvey]) -> None:
    """BadData for two files that bring bars of one symbol for the same time."""
    bars = [pair for pair in zip(files, surveys, strict=True) if pair[0].data is DataKind.BARS]
    for (_, one), (_, other) in combinations(bars, 2):
        for symbol in one.first.keys() & other.first.keys():
            begin_ns = max(one.first[symbol].ts_ns, other.first[symbol].ts_ns)
            if begin_ns <= min(one.last[symbol].ts_ns, other.last[symbol].ts_ns):
                raise BadData(
                    f"{one.path} and {other.path} both have bars of {symbol} from {iso(begin_ns)} on",
                    mend="name one of them, or cut one off",
                )
