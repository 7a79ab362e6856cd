"""What is known of the events to come, for containers that hear ahead of the steps.

A container that lives in its own process would wait for its socket at every event. But as long as nothing can happen to
it from outside, its steps are its own affair: it may hear a run of events at once, up to the first at which it asks for
something. Nothing can happen to it before its next timer, nor before the first event that reaches an order of its own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from daemon.hosts.wire import packed
from trading.market import Market
from trading.market_data import MarketEvent
from trading.subscriptions import Subscription
from trading.timers import Timers

BEYOND: Final = 1 << 62
"""A place that no event of a window has."""


class Coming(msgspec.Struct):
    """What containers of equal subscriptions hear of a window: the events, their msgpack, and their places in it."""

    events: list[MarketEvent] = []
    encoded: list[bytes] = []
    places: list[int] = []
    runs: dict[tuple[int, int], msgspec.Raw] = {}

    def run(self, begin: int, end: int) -> msgspec.Raw:
        """Some of the events as one packed array, made once for all who hear them."""
        made = self.runs.get((begin, end))
        if made is None:
            made = self.runs[begin, end] = packed(self.encoded[begin:end])
        return made


class Foresight:
    """A window of laid out events, numbered from 0 by their places. `place` is that of the event whose step is next.

    `waiting` tells whose commands wait for the next step. `audiences` names for each container that hears ahead one of
    those that hear the same, perhaps itself.
    """

    def __init__(
        self,
        window: Iterable[Sequence[MarketEvent]],
        *,
        audiences: Mapping[str, str],
        hearing: Callable[[MarketEvent], Sequence[str]],
        market: Market,
        timers: Timers,
        waiting: Callable[[str], bool],
    ) -> None:
        self.place = 0
        self._fed: list[MarketEvent] = []
        self._fed_places: list[int] = []
        self._audiences = audiences
        self._market = market
        self._timers = timers
        self._waiting = waiting
        self._coming = {audience: Coming() for audience in audiences.values()}
        self._carried = 0
        self._see(window, hearing)

    def of(self, strategy: str) -> Coming:
        """What a container is going to hear."""
        return self._coming[self._audiences[strategy]]

    def pass_on(self, *, of_feed: bool) -> None:
        """The step of the next event is done."""
        self.place += 1
        self._carried += of_feed

    def quiet_until(self, strategy: str, at_most: int) -> tuple[int, int]:
        """The place and the time before which nothing comes to a container but these events.

        Looks over `at_most` of the feed's events that are not carried.
        """
        if self._waiting(strategy):
            return self.place, self._timers.next_of(strategy)
        end = self._carried + at_most
        quiet = self._carried + self._market.in_reach(strategy, self._fed[self._carried : end])
        place = self._fed_places[quiet] if quiet < len(self._fed_places) else BEYOND
        return place, self._timers.next_of(strategy)

    def _see(self, window: Iterable[Sequence[MarketEvent]], hearing: Callable[[MarketEvent], Sequence[str]]) -> None:
        encode = msgspec.msgpack.Encoder().encode
        by_hearing: dict[Sequence[str], list[Coming]] = {}
        place = 0
        for laid in window:
            for event in laid:
                strategies = hearing(event)
                audience = by_hearing.get(strategies)
                if audience is None:
                    named = dict.fromkeys(self._audiences[s] for s in strategies if s in self._audiences)
                    audience = by_hearing[strategies] = [self._coming[one] for one in named]
                if audience:
                    encoded = encode(event)
                    for coming in audience:
                        coming.events.append(event)
                        coming.encoded.append(encoded)
                        coming.places.append(place)
                place += 1
            self._fed.append(laid[-1])
            self._fed_places.append(place - 1)


def audiences(subscriptions: Mapping[str, Sequence[Subscription]], strategies: Iterable[str]) -> dict[str, str]:
    """For each of some strategies the first of them that hears the same."""
    first: dict[frozenset[tuple[str, str, int]], str] = {}
    return {
        strategy: first.setdefault(
            frozenset((one.symbol, one.kind, one.interval_ns) for one in subscriptions[strategy]), strategy
        )
        for strategy in strategies
    }
