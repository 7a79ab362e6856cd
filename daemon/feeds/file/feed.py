"""Stored market data as a feed: files merged into one order, read as they are needed, from any position on."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec

from daemon.errors import BadData
from daemon.feeds.file.faults import BadRow, counted
from daemon.feeds.file.lane import Lane, Position, source_of
from daemon.feeds.file.layout import DataFile
from daemon.feeds.file.merge import Merge, arranged, offers_of
from daemon.feeds.file.survey import (
    FileSurvey,
    content,
    refuse_absent_symbols,
    refuse_bad_rows,
    refuse_overlapping_bars,
    survey,
)
from trading.market_data import Bar, MarketEvent
from trading.subscriptions import DataKind
from trading.timestamps import LAST_NS, iso

if TYPE_CHECKING:
    from daemon.feeds.file.blocks import BarArrays

_GENERATION: Final = 1
"""Changes whenever the same files and settings would give other events."""


class FileFeed:
    """The events of files from `start_ns` on: ticks of that time and later, and bars that close after it.

    A bad row ends it with BadData, or with `skip_bad_rows` is left out and counted. Whoever trades on it surveys it
    once before, so that nothing trades on a file that cannot be read to its end.
    """

    kind: Final = "file"

    def __init__(
        self, *, files: Sequence[DataFile], start_ns: int, end_ns: int | None = None, skip_bad_rows: bool = False
    ) -> None:
        self.offers = offers_of(files)
        self.start_ns = start_ns
        self.end_ns = end_ns
        self.files = files
        self._arranged, self._key = arranged(files)
        self.skips_bad_rows = skip_bad_rows
        self._positions = [Position() for _ in files]
        self._taken = 0
        self._lanes: list[Lane] = []
        self._reference: dict[str, Any] = {}

    def reference(self) -> dict[str, Any]:
        """What determines the events: the settings, and the content of each file. Reads every byte of them, once."""
        if not self._reference:
            self._reference = {
                "kind": self.kind,
                "generation": _GENERATION,
                "start_ns": self.start_ns,
                "end_ns": self.end_ns,
                "skip_bad_rows": self.skips_bad_rows,
                "files": [
                    {**file.described(), **source_of(file).described(), **content(file.path)} for file in self.files
                ],
            }
        return self._reference

    def survey(self) -> list[FileSurvey]:
        """Look at every row of every file: some seconds for a million rows of text, a second of Parquet.

        BadData for what nothing may trade on: a file that breaks off, a bad row unless they are skipped, a symbol
        without a row, bars of one time in two files, or no event from the start on.
        """
        surveys = [survey(file) for file in self.files]
        if not self.skips_bad_rows:
            refuse_bad_rows(surveys)
        refuse_absent_symbols(self.files, surveys)
        refuse_overlapping_bars(self.files, surveys)
        latest_ns = max(event.ts_ns for one in surveys for event in one.last.values())
        if latest_ns < self.start_ns:
            raise BadData(
                f"no file has a row after the start, {iso(self.start_ns)}; the last is of {iso(latest_ns)}",
                mend="set an earlier `start`, of a backtest --from, or add files",
            )
        return surveys

    @property
    def rows(self) -> int:
        """The rows read so far, also before the position that was restored."""
        return sum(lane.mark.place.row for lane in self._lanes)

    @property
    def skipped(self) -> dict[str, dict[str, int]]:
        """The bad rows among them that were left out: by file, then by kind."""
        return {
            file.path.name: lane.mark.skipped
            for file, lane in zip(self._arranged, self._lanes, strict=False)
            if lane.mark.skipped
        }

    def tally(self) -> str:
        """`532903 rows, 4 skipped (a.csv: 3 crossed, 1 duplicate)`, of what was read so far."""
        skipped = sum(sum(faults.values()) for faults in self.skipped.values())
        kinds = "; ".join(f"{name}: {counted(faults)}" for name, faults in self.skipped.items())
        return f"{self.rows} rows, {skipped} skipped" + (f" ({kinds})" if kinds else "")

    def warmup(self, since_ns: Mapping[str, int]) -> Iterator[MarketEvent]:
        """The past of each symbol, read from the files' beginning on."""
        files = [file for file in self._arranged if not since_ns.keys().isdisjoint(file.symbols)]
        lanes = [
            self._lane(file, Position(), min(since_ns[one] for one in file.symbols if one in since_ns), self.start_ns)
            for file in files
        ]
        for _, events in Merge(lanes, self._key).runs():
            for event in events:
                if event.symbol in since_ns and _began(event) >= since_ns[event.symbol]:
                    yield event

    def events(self) -> Iterator[MarketEvent]:
        """The events from the position on; each one taken moves the position past it."""
        end_ns = LAST_NS if self.end_ns is None else self.end_ns
        self._lanes = [
            self._lane(file, position, self.start_ns, end_ns)
            for file, position in zip(self._arranged, self._positions, strict=True)
        ]
        taken = self._taken
        for positions, events in Merge(self._lanes, self._key).runs():
            if taken > len(events):
                taken -= len(events)
                continue
            self._positions, self._taken = positions, taken
            for event in islice(events, taken, None):
                self._taken += 1
                yield event
            taken = 0

    def bar_blocks(self) -> "Iterator[BarArrays | list[MarketEvent]] | None":
        """All its events, from the start whatever the position is, as arrays as far as they can be; None but for one
        symbol's bars in one Parquet file."""
        (file, *others), after = self.files, 1
        if others or not file.is_parquet or file.data is not DataKind.BARS or len(file.symbols) != 1:
            return None
        from daemon.feeds.file.bar_arrays import bar_blocks  # noqa: PLC0415 - the extra is needed only here

        end_ns = LAST_NS if self.end_ns is None else min(self.end_ns + after, LAST_NS)
        return bar_blocks(file, begin_ns=self.start_ns + after, end_ns=end_ns, on_bad_row=self._on_bad_row)

    def state(self) -> dict[str, Any]:
        """The position: where each file stood before the run of events in hand, and how many of that are taken."""
        positions: list[Any] = msgspec.to_builtins(self._positions)
        return {"files": positions, "taken": self._taken}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take the position of a feed of equal reference."""
        self._positions = msgspec.convert(state["files"], list[Position])
        self._taken = state["taken"]

    def _lane(self, file: DataFile, position: Position, begin_ns: int, end_ns: int) -> Lane:
        """A file's ticks of [begin, end), or its bars that close after the begin and no later than the end."""
        after = int(file.data is DataKind.BARS)
        return Lane(
            file,
            position,
            begin_ns=begin_ns + after,
            end_ns=min(end_ns + after, LAST_NS),
            on_bad_row=self._on_bad_row,
        )

    def _on_bad_row(self, bad: BadRow) -> None:
        if not self.skips_bad_rows:
            raise bad.error()


def _began(event: MarketEvent) -> int:
    return event.ts_ns - event.interval_ns if isinstance(event, Bar) else event.ts_ns
