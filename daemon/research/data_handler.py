"""The market data of one run: its window, its events chunk by chunk, and how many of them there were."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Final

from daemon.feeds.file.feed import FileFeed
from daemon.feeds.port import HistoricalFeed
from trading.market_data import Bar, MarketEvent
from trading.sequencer import Offer, Sequencer
from trading.subscriptions import event_type

if TYPE_CHECKING:
    from daemon.research.timeline import Timeline

LARGEST_CHUNK: Final = 4_096
MOST_POINTS: Final = 2_000
"""Of each symbol's prices that are kept for charts, the double of it at most."""

PriceOf = Callable[[str], Decimal | None]


class HistoricalDataHandler:
    """Brings a feed's events in chunks, and between two of them takes note of where prices stand.

    Chunks grow as the run goes on: so many prices are kept of a short run and of a long one alike, and looking at them
    costs nothing an event. `events` and `bars` count what was brought, `last` has each symbol's newest event of the
    kind that it is matched on.
    """

    def __init__(self, feed: HistoricalFeed) -> None:
        self.feed = feed
        self.events = 0
        self.bars = 0
        self.last: dict[str, MarketEvent] = {}
        self.prices: dict[str, list[tuple[int, float]]] = {symbol: [] for symbol in feed.offers}
        self._matched_on = {symbol: event_type(offer.matched_on) for symbol, offer in feed.offers.items()}
        self._chunk = 1
        self._looks = 0

    @property
    def offers(self) -> Mapping[str, Offer]:
        """What the feed brings of each symbol."""
        return self.feed.offers

    def survey(self) -> list[str]:
        """Look at every row of files before anything is traded on them, and say what is in them; BadData for what is
        wrong with one. Of other feeds there is nothing to say."""
        return [surveyed.text() for surveyed in self.feed.survey()] if isinstance(self.feed, FileFeed) else []

    def chunks(self) -> Iterator[list[MarketEvent]]:
        """All events in their order; at each yield those of before are carried through."""
        events = self.feed.events()
        while chunk := list(islice(events, self._chunk)):
            self.events += len(chunk)
            self.bars += sum(type(event) is Bar for event in chunk)
            yield chunk
            self._note_last(chunk)

    def timeline(self, sequencer: Sequencer, stopped: Callable[[], bool]) -> "Timeline | None":
        """All events and the bars derived of them, as columns; None where it was stopped meanwhile."""
        from daemon.research.timeline import TimelineWriter  # noqa: PLC0415 - numpy, which this is all that needs

        writer = TimelineWriter()
        self._chunk = LARGEST_CHUNK
        for chunk in self.chunks():
            writer.add(chunk, sequencer.lay_out)
            if stopped():
                return None
        writer.add_last(sequencer.bars_until(sequencer.last_ns))
        made = writer.finished()
        for series in made.series:
            if series.key.kind is self._matched_on[series.key.symbol] and series.of_feed:
                self.prices[series.key.symbol] = series.thinned(MOST_POINTS)
        return made

    def _note_last(self, chunk: list[MarketEvent]) -> None:
        """Of each symbol the newest event that it is matched on, from the chunk's end backwards."""
        missing = set(self._matched_on)
        for event in reversed(chunk):
            if event.symbol in missing and type(event) is self._matched_on[event.symbol]:
                self.last[event.symbol] = event
                missing.discard(event.symbol)
                if not missing:
                    return

    def look(self, price_of: PriceOf, now_ns: int) -> None:
        """Take note of where prices stand after a chunk; as many again as are wanted, and every second one goes."""
        for symbol, points in self.prices.items():
            price = price_of(symbol)
            if price is not None:
                points.append((now_ns, float(price)))
        self._looks += 1
        if self._looks >= 2 * MOST_POINTS and self._chunk < LARGEST_CHUNK:
            self._looks //= 2
            self._chunk *= 2
            for points in self.prices.values():
                del points[::2]
