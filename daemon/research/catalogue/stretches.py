"""The rows of one source, taken apart by series: what a catalogue does not have yet goes into files."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from daemon.research.catalogue.entry import Entry, Origin
from daemon.research.catalogue.index import entries_of
from daemon.research.catalogue.intake import Intake
from daemon.research.catalogue.known import Known
from daemon.research.catalogue.series import Series, series_of
from daemon.research.catalogue.writer import GROUP_ROWS, EntryWriter
from trading.market_data import MarketEvent

HELD_ROWS: Final = 4 * GROUP_ROWS
"""The most rows that wait for their group, of all series together."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the rows that a source has of a series: so many are new, in `files`, and so many were there. The
    times are those of its first and last row."""

    series: Series
    new: int
    known: int
    first_ns: int
    last_ns: int
    files: Sequence[Path]


class Stretches:
    """Takes the events of one source in the order of time, and writes those that are new. OSError, and Differs where
    one is not as the catalogue has it."""

    def __init__(
        self,
        taking: Intake,
        source: Origin,
        *,
        repeats: bool = False,
        may_be_negative: frozenset[str] = frozenset(),
    ) -> None:
        self._taking = taking
        self._source = source
        self._repeats = repeats
        self._may_be_negative = may_be_negative
        self._series: dict[tuple[type[MarketEvent], str], _Stretch] = {}

    def take(self, events: Sequence[MarketEvent]) -> None:
        """Take some events, of any series."""
        parts: dict[tuple[type[MarketEvent], str], list[MarketEvent]] = defaultdict(list)
        for event in events:
            parts[type(event), event.symbol].append(event)
        for key, part in parts.items():
            if key not in self._series:
                self._series[key] = self._begun(series_of(part[0]))
            self._series[key].take(part)
        self._hold_no_more_than(HELD_ROWS)

    def end(self) -> list[Taken]:
        """Have all of it whole on the disk; what became of each series."""
        return [stretch.end() for stretch in self._series.values()]

    def abandon(self) -> None:
        """Let go of what is not whole."""
        for stretch in self._series.values():
            stretch.abandon()

    def _begun(self, series: Series) -> "_Stretch":
        there = entries_of(self._taking.root, series)
        there += [entry for entry in self._taking.staged if entry.label.series == series]
        there.sort(key=lambda entry: entry.label.first_ns)

        def new_file() -> EntryWriter:
            return EntryWriter(
                self._taking.begin(),
                series,
                self._source,
                repeats=self._repeats,
                may_be_negative=series.symbol in self._may_be_negative,
            )

        return _Stretch(self._taking, series, Known(there), new_file)

    def _hold_no_more_than(self, rows: int) -> None:
        stretches = self._series.values()
        while sum(stretch.held for stretch in stretches) > rows:
            max(stretches, key=lambda stretch: stretch.held).flush()


class _Stretch:
    """One series of the source; a file is written for each place among those that are there."""

    def __init__(self, taking: Intake, series: Series, known: Known, new_file: Callable[[], EntryWriter]) -> None:
        self._taking = taking
        self._of = series
        self._known = known
        self._new_file = new_file
        self._rows = 0
        self._first_ns = 0
        self._last_ns = 0
        self._place = -1
        self._writer: EntryWriter | None = None
        self._entries: list[Entry] = []

    @property
    def held(self) -> int:
        """The rows that wait for their group."""
        return self._writer.held if self._writer is not None else 0

    def take(self, events: Sequence[MarketEvent]) -> None:
        """Take events in the order of time."""
        if not self._rows:
            self._first_ns = events[0].ts_ns
        self._rows += len(events)
        self._last_ns = events[-1].ts_ns
        for place, new in self._known.new(events):
            if place != self._place or self._writer is None:
                self._close()
                self._writer = self._new_file()
                self._place = place
            self._writer.write(new)

    def flush(self) -> None:
        """Write what is held."""
        if self._writer is not None:
            self._writer.flush()

    def end(self) -> Taken:
        """Close the last file."""
        self._close()
        new = sum(entry.label.rows for entry in self._entries)
        return Taken(
            series=self._of,
            new=new,
            known=self._rows - new,
            first_ns=self._first_ns,
            last_ns=self._last_ns,
            files=[entry.path for entry in self._entries],
        )

    def abandon(self) -> None:
        """Let go of the file in hand."""
        if self._writer is not None:
            self._writer.abandon()

    def _close(self) -> None:
        if self._writer is not None:
            writer, self._writer = self._writer, None
            try:
                self._entries.append(self._taking.stage(writer))
            except BaseException:
                writer.abandon()
                raise
