"""The tape of a live feed: nobody can ask for its events again, so the journal keeps them, in the order in which they
were carried.

Inputs gather until something is to be recorded that came of them, or somebody flushes: then they go before it.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from daemon.feeds.port import LiveFeed
from daemon.journal.log import Journal
from daemon.journal.records import Conflated, Taped, TapedInput
from trading.account.records import StepRecord
from trading.feed_health import FeedHealth
from trading.market_data import MarketEvent
from trading.sequencer import Offer

MOST_GATHERED: Final = 1_000


class TapeRecorder:
    """Records what steps say, each after the inputs that it came of."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._inputs: list[TapedInput] = []
        self._venue_ns: list[int] = []

    def tape(self, taped: TapedInput, venue_ns: int = 0) -> None:
        """Take one input, about to be carried, with the venue's own time for it."""
        if len(self._inputs) >= MOST_GATHERED:
            self.flush()
        self._inputs.append(taped)
        self._venue_ns.append(venue_ns)

    def left_out(self, strategy: str, numbers: list[int]) -> None:
        """Quotes that a container was not told, by their events' numbers; the events themselves come first."""
        self.flush()
        self._journal.append(Conflated(strategy=strategy, events=numbers))

    def flush(self) -> None:
        """Append what has gathered; the next barrier makes it safe."""
        if self._inputs:
            self._journal.append(Taped(inputs=self._inputs, venue_ns=self._venue_ns))
            self._inputs, self._venue_ns = [], []

    def record(self, record: StepRecord) -> None:
        """Take a record of a step."""
        self.flush()
        self._journal.record(record)

    def barrier(self) -> None:
        """Return once everything recorded is safe."""
        self._journal.barrier()


class LiveTape:
    """A live feed as a floor knows feeds: without a past, but with what the journal has of it since the last snapshot.

    `left_out` are the numbers of events that were conflated, by strategy. `health` is to hear each input of the feed
    before it is carried, and is kept with the feed's position."""

    end_ns = None

    def __init__(
        self,
        feed: LiveFeed,
        start_ns: int,
        inputs: Iterable[TapedInput] = (),
        left_out: Mapping[str, frozenset[int]] = MappingProxyType({}),
        health: FeedHealth | None = None,
    ) -> None:
        self.kind = feed.kind
        self.offers: Mapping[str, Offer] = feed.offers
        self.start_ns = start_ns
        self.inputs = inputs
        self.left_out = left_out
        self.health = health or FeedHealth(feed.offers)
        self._reference = feed.reference()

    def reference(self) -> dict[str, Any]:
        """Where the data comes from."""
        return {"kind": "live", **self._reference}

    def tally(self) -> str:
        """Nothing that is not in the journal."""
        return ""

    def warmup(self, _since_ns: Mapping[str, int]) -> Iterator[MarketEvent]:
        """Nothing: it has no past."""
        return iter(())

    def events(self) -> Iterator[MarketEvent]:
        """Nothing: they come by themselves."""
        return iter(())

    def state(self) -> dict[str, Any]:
        """When it began, and how it stands."""
        return {"start_ns": self.start_ns, "health": self.health.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on with a feed that began then and stood so."""
        self.start_ns = state["start_ns"]
        self.health.restore(state["health"])
