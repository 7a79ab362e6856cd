"""The port of feeds that can be read again: stored history, and data made from a seed."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

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
