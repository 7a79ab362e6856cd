"""New rows held against those that a catalogue has of their series: which are there already, and which are to be kept.

Where the two overlap in time they must be the same rows, one by one. What is new lies before, between and after the
files that are there, a stretch in each place.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Final

from daemon.feeds.file.faults import BadRow
from daemon.feeds.file.lane import Mark, Reader
from daemon.research.catalogue.entry import Entry
from trading.market_data import MarketEvent

_TIME: Final = attrgetter("ts_ns")


class Differs(Exception):
    """A new row where the catalogue has another. `there` is that one, or None where the new row is one too many, and
    `event` is None where it is one too few."""

    def __init__(self, entry: Entry, event: MarketEvent | None, there: MarketEvent | None) -> None:
        super().__init__(entry.path.name)
        self.entry = entry
        self.event = event
        self.there = there


class Known:
    """The rows of a series that are there, walked along with new ones in the order of time."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        """`entries` are in the order of time."""
        self._entries = entries
        self._next = 0
        self._rows: _Rows | None = None

    def new(self, events: Sequence[MarketEvent]) -> Iterator[tuple[int, Sequence[MarketEvent]]]:
        """The events that are not there yet, in runs, each with its place: before which file. Differs where they differ
        from what is there."""
        at = 0
        while at < len(events):
            if self._next == len(self._entries):
                yield self._next, events[at:]
                return
            entry = self._entries[self._next]
            before = bisect_left(events, entry.label.first_ns, lo=at, key=_TIME)
            if at < before:
                yield self._next, events[at:before]
            after = bisect_right(events, entry.label.last_ns, lo=before, key=_TIME)
            if before < after:
                self._compare(entry, events[before:after])
            if after < len(events):
                self._leave(entry)
            at = after

    def _compare(self, entry: Entry, events: Sequence[MarketEvent]) -> None:
        if self._rows is None:
            self._rows = _Rows(entry, events[0].ts_ns)
        there = self._rows.take(len(events))
        if list(events) == there:
            return
        for event, other in zip(events, there, strict=False):
            if event != other:
                raise Differs(entry, event, other)
        raise Differs(entry, events[len(there)], None)

    def _leave(self, entry: Entry) -> None:
        """Go on behind a file; one that was compared must be at its end, too."""
        left = self._rows.take(1) if self._rows is not None else []
        if left:
            raise Differs(entry, None, left[0])
        self._rows = None
        self._next += 1


class _Rows:
    """The events of a file from a time on."""

    def __init__(self, entry: Entry, begin_ns: int) -> None:
        self._batches = iter(Reader(entry.data_file(), Mark(), _damaged))
        self._held: list[MarketEvent] = []
        self._at = 0
        while self._fill() and self._held[-1].ts_ns < begin_ns:
            self._held = []
        self._at = bisect_left(self._held, begin_ns, key=_TIME)

    def take(self, count: int) -> list[MarketEvent]:
        """The next so many; fewer at the end."""
        taken: list[MarketEvent] = []
        while len(taken) < count and self._fill():
            part = self._held[self._at : self._at + count - len(taken)]
            self._at += len(part)
            taken += part
        return taken

    def _fill(self) -> bool:
        """Have something at hand; False at the end."""
        while self._at == len(self._held):
            events = next(self._batches, None)
            if events is None:
                return False
            self._held, self._at = events, 0
        return True


def _damaged(bad: BadRow) -> None:
    raise bad.error()
