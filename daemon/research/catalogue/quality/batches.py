"""Rows to be looked at, some thousand at a time, as the file feed reads and judges them."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from daemon.feeds.file.blocks import Block, Place, Row
from daemon.feeds.file.faults import BadRow, Odd
from daemon.feeds.file.judge import Before, Judge
from daemon.feeds.file.lane import source_of
from daemon.feeds.file.layout import DataFile
from trading.market_data import Bar, MarketEvent, Quote


class Where(NamedTuple):
    """A row's place; `line` is 0 where the file is no text."""

    path: Path
    row: int
    line: int


class Batch:
    """Some rows of one series: those that can be as events, the others as bad rows. `before` is the last event of the
    batch before, None in the first."""

    def __init__(
        self,
        file: DataFile,
        block: Block,
        events: Sequence[MarketEvent],
        bad: Sequence[BadRow],
        before: MarketEvent | None,
    ) -> None:
        self.file = file
        self.events = events
        self.bad = bad
        self.before = before
        self._block = block

    @cached_property
    def followed(self) -> list[MarketEvent]:
        """The events that have one before them in the series, after that one: each pair of neighbours is a step."""
        return [*self.events] if self.before is None else [self.before, *self.events]

    @cached_property
    def times(self) -> list[int]:
        """The times of `followed`."""
        return [event.ts_ns for event in self.followed]

    @cached_property
    def prices(self) -> list[float]:
        """The prices of `followed`: the middle of a quote, the price of a trade, the close of a bar."""
        return [price_of(event) for event in self.followed]

    def where(self, event: MarketEvent) -> Where:
        """The place of one of the events."""
        place = next(place for place, one in enumerate(self.events) if one is event)
        return Where(self.file.path, *self._places[place])

    def time_of(self, bad: BadRow) -> int | None:
        """The time of a bad row, of a bar its close; None where its cells cannot be read."""
        read = next(read for row, read in self.read() if row == bad.row)
        return read.ts_ns + self.file.shift_ns if isinstance(read, Row) else None

    def read(self) -> Iterator[tuple[int, Row | Odd]]:
        """All rows of the block with their numbers, as they are written."""
        for row, _, read in self._block.rows():
            yield row, read

    @cached_property
    def _places(self) -> list[tuple[int, int]]:
        """Row and line of each event."""
        bad = {one.row for one in self.bad}
        return [(row, line) for row, line, _ in self._block.rows() if row not in bad]


def batches(files: Sequence[DataFile]) -> Iterator[Batch]:
    """All rows of a series of one symbol, its files in the order of time; BadData where one cannot be read on."""
    before: MarketEvent | None = None
    for file in files:
        bad: list[BadRow] = []
        judge = Judge(file, Before(), bad.append)
        for block in source_of(file).blocks(Place()):
            bad.clear()
            events = judge.events(block)
            yield Batch(file, block, events, list(bad), before)
            before = events[-1] if events else before


def price_of(event: MarketEvent) -> float:
    """The middle of a quote, the price of a trade, the close of a bar."""
    if isinstance(event, Quote):
        return (event.bid + event.ask) / 2
    return event.close if isinstance(event, Bar) else event.price


def began(event: MarketEvent) -> int:
    """A bar's open, a tick's time."""
    return event.ts_ns - event.interval_ns if isinstance(event, Bar) else event.ts_ns
