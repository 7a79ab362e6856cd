"""The ports of feeds: those that can be read again, stored or made from a seed, and those that happen once."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from daemon.clock import Clock
from trading.feed_news import AdapterNews, FeedNews
from trading.market_data import MarketEvent
from trading.sequencer import Offer


class HistoricalFeed(Protocol):
    """A pure source of events, the same at every reading, that can go on from any of them.

    Events come ordered by (time, rank, interval, place of the symbol in `offers`, row); ranks: bar, quote, trade.
    """

    @property
    def kind(self) -> str:
        """Its name in the config."""

    @property
    def offers(self) -> Mapping[str, Offer]:
        """What it brings of each symbol, in the order of the config."""

    @property
    def start_ns(self) -> int:
        """No event is earlier."""

    @property
    def end_ns(self) -> int | None:
        """Ticks are earlier, bars close no later; None where it has no end."""

    def reference(self) -> dict[str, Any]:
        """The tape as the journal keeps it, in plain values: two feeds of equal reference bring equal events."""

    def tally(self) -> str:
        """What it has brought so far, for people; empty where there is nothing to say."""

    def warmup(self, since_ns: Mapping[str, int]) -> Iterator[MarketEvent]:
        """Of each symbol named, the ticks of [since, start) and the whole bars within it, in order.

        Does not move the position. An earlier time adds older events and changes none.
        """

    def events(self) -> Iterator[MarketEvent]:
        """The events from the position on; each one taken moves the position past it."""

    def state(self) -> dict[str, Any]:
        """The position, in plain values."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take the position of a feed of equal reference; iterators of before are void."""


Publish = Callable[[MarketEvent | AdapterNews, int], None]
"""Takes an event and the venue's own time for it in nanoseconds, zero where the venue tells none; or news of the feed,
with zero. It never waits."""

PublishAll = Callable[[MarketEvent | FeedNews, int], None]
"""The same of what has been looked at, with what there is to say of it."""


class LiveFeed(Protocol):
    """A source of events that come when they come, and that nobody can ask again.

    A tick is stamped with the time of its receipt, by the wall clock, but never earlier than the tick before it. A bar
    is stamped with its close, comes once, complete, and of one symbol each is later than the one before. Prices and
    sizes are finite floats; an empty side of a quote is zero. What is none of this is left out and counted.

    What it can tell of itself goes the same way, in its place among the events, without a time:

        Connected       a connection is there and all is asked for on it; before the first event that it brings
        Disconnected    it is lost, and why; one that is told of a second time is still the same
        Gapped          of a symbol something was missed (a sequence, a checksum), and why; at once, before more of it
        Resubscribed    what was missed was asked for anew; after what shows how it stands now, such as a quote

    Where several connections make up the feed, the loss of one is a gap of its symbols. Whatever is not told, silence
    tells: later, and with no more to say than that.
    """

    @property
    def kind(self) -> str:
        """Its name in reports and in the journal."""

    @property
    def offers(self) -> Mapping[str, Offer]:
        """What it brings of each symbol, in the order of the config: exactly what was asked for."""

    def reference(self) -> dict[str, Any]:
        """Where the data comes from, as the journal keeps it: plain values, and no secret."""

    async def run(self, publish: Publish) -> None:
        """Connect, and publish events in the order of their coming until cancelled. A feed whose data stays out is
        cancelled and run again: then it connects, and asks for everything anew.

        A lost connection is made again after growing pauses, for ever. What cannot be understood is counted and logged
        once a kind, and never ends it. It returns only when the venue has said that there will be no more, and leaves
        no task and no socket behind, whichever way it ends. It lets the event loop run after a hundred messages at the
        latest, however many are waiting.
        """


class LiveFeedAdapter(Protocol):
    """How a live feed is made: what the class behind `feed.adapter` is called with.

    It opens nothing and waits for nothing, as `check` makes one too. ValueError in plain words when `options`, as the
    config has them, are not its own, or when its venue does not bring what `offers` ask for.
    """

    def __call__(self, *, offers: Mapping[str, Offer], options: Mapping[str, Any], clock: Clock) -> LiveFeed:
        """A feed that brings exactly these offers once it is run. All its times and pauses are the clock's."""
