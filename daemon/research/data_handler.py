"""The market data of one run: its window, its events chunk by chunk, and how many of them there were."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

import msgspec

from daemon.assembly import Lap, unheeded
from daemon.errors import BadWindow
from daemon.feeds.file.feed import FileFeed
from daemon.feeds.port import HistoricalFeed
from trading.market_data import Bar, MarketEvent
from trading.sequencer import Offer, Sequencer
from trading.subscriptions import event_type
from trading.timestamps import iso

if TYPE_CHECKING:
    from daemon.feeds.file.blocks import BarArrays
    from daemon.research.timeline import Timeline

LARGEST_CHUNK: Final = 4_096
MOST_POINTS: Final = 2_000
"""Of each symbol's prices that are kept for charts, the double of it at most."""

PriceOf = Callable[[str], Decimal | None]


class Surveyed(msgspec.Struct, frozen=True):
    """What a look through a feed's files has found: their first and their last time, in words what is in each, and
    which of them leave rows out."""

    earliest_ns: int
    latest_ns: int
    texts: tuple[str, ...]
    faults: tuple[str, ...]


class HistoricalDataHandler:
    """Brings a feed's events in chunks, and between two of them takes note of where prices stand.

    Chunks grow as the run goes on: so many prices are kept of a short run and of a long one alike, and looking at them
    costs nothing an event. `events` and `bars` count what was carried through, `last` has each symbol's newest event of
    the kind that it is matched on; `end_ns` is when the data ends, None where it never does. After `most` events, where
    that is given, there are no more.
    """

    def __init__(self, feed: HistoricalFeed, most: int | None = None) -> None:
        self.feed = feed
        self.most = most
        self.end_ns = feed.end_ns
        self.events = 0
        self.bars = 0
        self.last: dict[str, MarketEvent] = {}
        self.prices: dict[str, list[tuple[int, float]]] = {symbol: [] for symbol in feed.offers}
        self._matched_on = {symbol: event_type(offer.matched_on) for symbol, offer in feed.offers.items()}
        self._coming: Iterator[MarketEvent] = iter(())
        self._chunk = 1
        self._looks_every = 1
        self._chunks = 0
        self._looks = 0

    @property
    def offers(self) -> Mapping[str, Offer]:
        """What the feed brings of each symbol."""
        return self.feed.offers

    def survey(self, surveyed: Surveyed | None = None) -> list[str]:
        """Look at every row of files before anything is traded on them, unless they were `surveyed`, and say which of
        them leave rows out. BadData for what is wrong with one, BadWindow where the window holds nothing."""
        if surveyed is None and isinstance(self.feed, FileFeed):
            surveyed = survey(self.feed)
        if surveyed is not None:
            latest_ns = surveyed.latest_ns
            self.end_ns = latest_ns if self.feed.end_ns is None else min(self.feed.end_ns, latest_ns)
        self._coming = self.feed.events()
        first = next(self._coming, None)
        if first is None:
            raise nothing_in(self.feed, surveyed)
        self._coming = islice(chain([first], self._coming), self.most)
        return [] if surveyed is None else list(surveyed.faults)

    def chunks(self) -> Iterator[list[MarketEvent]]:
        """All events in their order; between two of them `note` is told what has been carried through."""
        while chunk := list(islice(self._coming, self._chunk)):
            yield chunk

    def timeline(self, sequencer: Sequencer, stopped: Callable[[], bool], lap: Lap = unheeded) -> "Timeline | None":
        """All events and the bars derived of them, as columns; None where it was stopped meanwhile."""
        from daemon.research.timeline import TimelineWriter  # noqa: PLC0415 - numpy, which this is all that needs

        writer = TimelineWriter()
        self._chunk = LARGEST_CHUNK
        for chunk in self._blocks(sequencer):
            lap("reading")
            if isinstance(chunk, list):
                writer.add(sequencer.runs(chunk), lap)
            else:
                ((symbol, offer),) = self.offers.items()
                writer.add_bars(symbol, offer.bar_interval_ns, chunk)
                sequencer.last_ns = chunk.times.item(-1)
                lap("timeline")
            if stopped():
                return None
        writer.add_last(sequencer.bars_until(sequencer.last_ns))
        made = writer.finished()
        lap("timeline")
        return made

    def _blocks(self, sequencer: Sequencer) -> "Iterator[list[MarketEvent] | BarArrays]":
        """The same, as arrays where nothing is derived of them and they can be had."""
        if self.most is None and not sequencer.builds and isinstance(self.feed, FileFeed):
            blocks = self.feed.bar_blocks()
            if blocks is not None:
                return blocks
        return self.chunks()

    def note_passed(self, timeline: "Timeline", place: int) -> None:
        """Count what came before a place of a timeline, and take note of where prices stood."""
        fed = [(series, series.row_from(place)) for series in timeline.series if series.of_feed]
        self.events = sum(rows for _, rows in fed)
        self.bars = sum(rows for series, rows in fed if series.key.kind is Bar)
        for series, rows in fed:
            if rows and series.key.kind is self._matched_on[series.key.symbol]:
                self.last[series.key.symbol] = series.event(rows - 1)
                self.prices[series.key.symbol] = series.thinned(MOST_POINTS, rows)

    def note(self, carried: Sequence[MarketEvent], price_of: PriceOf, now_ns: int) -> None:
        """Count what was carried through, and take note of where prices stand: as many again as are wanted, and every
        second one goes."""
        self.events += len(carried)
        self.bars += sum(type(event) is Bar for event in carried)
        self._note_last(carried)
        self._chunks += 1
        if self._chunks % self._looks_every:
            return
        for symbol, points in self.prices.items():
            price = price_of(symbol)
            if price is not None:
                points.append((now_ns, float(price)))
        self._looks += 1
        if self._looks >= 2 * MOST_POINTS:
            self._thin()

    def _thin(self) -> None:
        self._looks //= 2
        if self._chunk < LARGEST_CHUNK:
            self._chunk *= 2
        else:
            self._looks_every *= 2
        for points in self.prices.values():
            del points[::2]

    def _note_last(self, carried: Sequence[MarketEvent]) -> None:
        """Of each symbol the newest event that it is matched on, from the chunk's end backwards."""
        missing = set(self._matched_on)
        for event in reversed(carried):
            if event.symbol in missing and type(event) is self._matched_on[event.symbol]:
                self.last[event.symbol] = event
                missing.discard(event.symbol)
                if not missing:
                    return


def survey(feed: FileFeed) -> Surveyed:
    """Look at every row of a feed's files; BadData for what nothing may trade on."""
    surveys = feed.survey()
    return Surveyed(
        earliest_ns=min(event.ts_ns for one in surveys for event in one.first.values()),
        latest_ns=max(event.ts_ns for one in surveys for event in one.last.values()),
        texts=tuple(one.text() for one in surveys),
        faults=tuple(one.text() for one in surveys if one.faults),
    )


def nothing_in(feed: HistoricalFeed, surveyed: Surveyed | None) -> BadWindow:
    """Why a window that holds nothing cannot be traded on."""
    window = f"from {iso(feed.start_ns)}" + ("" if feed.end_ns is None else f" to {iso(feed.end_ns)}")
    there = ""
    if surveyed is not None:
        there = f"; the files have some from {iso(surveyed.earliest_ns)} to {iso(surveyed.latest_ns)}"
    return BadWindow(
        f"the window {window} has no event{there}",
        mend="set --from and --to, or feed.start and feed.end, within what there is",
    )
