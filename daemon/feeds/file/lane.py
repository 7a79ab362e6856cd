"""One file on its way: its events block by block, and where it stands, to go on from there later."""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from operator import attrgetter
from typing import Final

import msgspec

from daemon.feeds.file.blocks import Block, Place, Source
from daemon.feeds.file.faults import BadRow
from daemon.feeds.file.judge import Before, Judge, OnBadRow
from daemon.feeds.file.layout import DataFile
from trading.market_data import MarketEvent

_TIME: Final = attrgetter("ts_ns")


class Mark(msgspec.Struct, frozen=True):
    """The beginning of a block: its place, what is known from the rows before it, and the bad rows among them."""

    place: Place = Place()
    before: Before = msgspec.field(default_factory=Before)
    skipped: dict[str, int] = {}


class Position(msgspec.Struct, frozen=True):
    """So many events into the block that begins at a mark."""

    mark: Mark = Mark()
    taken: int = 0


def source_of(file: DataFile) -> Source:
    """The reader of a file by its ending; BadData where it cannot be read, ImportError without the extra `data`."""
    if file.is_parquet:
        from daemon.feeds.file.parquet import ParquetSource  # noqa: PLC0415 - the extra is needed only here

        return ParquetSource(file)
    from daemon.feeds.file.text import TextSource  # noqa: PLC0415

    return TextSource(file)


class Reader:
    """Reads one file from a mark on, block after block. `mark` is where the next one begins."""

    def __init__(self, file: DataFile, mark: Mark, on_bad_row: OnBadRow) -> None:
        self.mark = mark
        self._skipped = dict(mark.skipped)
        self._on_bad_row = on_bad_row
        self._judge = Judge(file, mark.before, self._count)
        self._blocks: Iterator[Block] = source_of(file).blocks(mark.place)

    def __iter__(self) -> Iterator[list[MarketEvent]]:
        for block in self._blocks:
            events = self._judge.events(block)
            self.mark = Mark(block.after, self._judge.before, dict(self._skipped))
            yield events

    def _count(self, bad: BadRow) -> None:
        self._skipped[bad.fault] = self._skipped.get(bad.fault, 0) + 1
        self._on_bad_row(bad)


class Held(msgspec.Struct):
    """A block's events at hand, from `next` on."""

    mark: Mark
    events: list[MarketEvent]
    next: int


class Lane:
    """The events of one file from begin to before end; those that were read and not yet taken are at hand."""

    def __init__(self, file: DataFile, position: Position, *, begin_ns: int, end_ns: int, on_bad_row: OnBadRow) -> None:
        self.ended = False
        self.last_ns = 0
        self._begin_ns = begin_ns
        self._end_ns = end_ns
        self._reader = Reader(file, position.mark, on_bad_row)
        self._batches = iter(self._reader)
        self._taken = position.taken
        self._held: deque[Held] = deque()

    @property
    def mark(self) -> Mark:
        """How far the file is read."""
        return self._reader.mark

    @property
    def position(self) -> Position:
        """Where to go on once what is at hand is forgotten."""
        if self._held:
            return Position(self._held[0].mark, self._held[0].next)
        return Position(self._reader.mark, self._taken)

    @property
    def first_ns(self) -> int | None:
        """The time of the first event at hand."""
        return self._held[0].events[self._held[0].next].ts_ns if self._held else None

    def read(self) -> None:
        """Get one more block at hand; `last_ns` is the time of its last event, `ended` says that there is no more."""
        mark = self._reader.mark
        events = next(self._batches, None)
        if events is None:
            self.ended = True
            return
        after = bisect_left(events, self._end_ns, key=_TIME)
        self.ended = after < len(events)
        del events[after:]
        taken = min(self._taken, len(events))  # blocks may be cut otherwise than when the position was noted
        self._taken -= taken
        first = max(taken, bisect_left(events, self._begin_ns, key=_TIME))
        if first < len(events):
            self._held.append(Held(mark, events, first))
            self.last_ns = events[-1].ts_ns

    def take_before(self, ts_ns: int) -> list[MarketEvent]:
        """What is at hand and earlier than a time."""
        taken: list[MarketEvent] = []
        while self._held:
            held = self._held[0]
            after = bisect_left(held.events, ts_ns, lo=held.next, key=_TIME)
            taken += held.events[held.next : after]
            held.next = after
            if after < len(held.events):
                break
            self._held.popleft()
        return taken
