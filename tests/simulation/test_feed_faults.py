"""A live feed on a real websocket whose venue, connection or adapter fails in ways that real ones have failed: orders
that add to a position are held back at the deadline, the feed is asked anew, and once data comes all is well again."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from itertools import islice

import aiohttp
import anyio
import pytest

from daemon.clock import Clock, SystemClock
from daemon.feeds.port import LiveFeed, Publish
from daemon.live.feed_watch import FeedWatch
from tests.live.adapter import WebsocketFeed
from tests.live.book_feed import PAUSE_NS, BookFeed
from tests.live.book_venue import BookVenue
from tests.live.frames import FrameReader
from tests.live.listener import Listener
from tests.live.tape import Line, generated
from tests.live.venue import Venue, serving
from tests.patience import PATIENCE_SECONDS
from tests.simulation.clock import SimulatedClock
from trading.feed_health import FeedHealth
from trading.feed_news import Connected, Disconnected, FeedNews, Gapped, Resubscribed, SilenceLimit
from trading.feed_streams import kinds_of
from trading.market_data import MarketEvent, Quote
from trading.sequencer import Offer
from trading.timestamps import MILLISECOND, SECOND

OFFERS = {"AAA": Offer(quotes=True), "BBB": Offer(quotes=True)}
LIMIT_NS = 5 * SECOND

Adapter = Callable[[str, Clock], LiveFeed]


def books(address: str, clock: Clock) -> BookFeed:
    return BookFeed(offers=OFFERS, options={"url": address}, clock=clock)


class Desk:
    """A feed from a venue, watched; the health that hears it, and all that was published. Time is the test's."""

    def __init__(self, venue: BookVenue, feed: LiveFeed, clock: SimulatedClock) -> None:
        self.venue = venue
        self.clock = clock
        self.listener = Listener()
        self.health = FeedHealth(feed.offers)
        limits = [
            SilenceLimit(symbol, kind, LIMIT_NS) for symbol, offer in feed.offers.items() for kind in kinds_of(offer)
        ]
        self.watch = FeedWatch(feed, health=self.health, limits=limits, clock=clock)

    def publish(self, told: MarketEvent | FeedNews, venue_ns: int) -> None:
        self.health.hear(told)
        self.listener(told, venue_ns)

    async def moves(self, *symbols: str, bid: str = "99", ask: str = "101") -> None:
        """The market moves, and the quotes have come."""
        for symbol in symbols:
            came = partial(self._came, symbol, self.quotes(symbol))
            await self.venue.move(symbol, bid, ask)
            await self.until(came)

    async def passes(self, duration_ns: int, *, moving: Iterable[str] = ()) -> None:
        """Time passes, and some symbols move every second."""
        symbols = list(moving)
        for _ in range(duration_ns // SECOND):
            await self.clock.advance(SECOND)
            await self.moves(*symbols)
        await self.clock.advance(duration_ns % SECOND)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds, which is looked at whenever something is published."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds():
                await self.listener.heard.acquire()

    def _came(self, symbol: str, quotes: int) -> bool:
        return self.quotes(symbol) > quotes

    def quotes(self, symbol: str) -> int:
        return sum(isinstance(one, Quote) and one.symbol == symbol for one in self.listener.events)

    def told(self, kind: type[FeedNews]) -> int:
        return sum(isinstance(one, kind) for one in self.listener.news)

    def codes(self, *symbols: str) -> list[str | None]:
        """Why an order in each symbol that is no reduction would be refused."""
        refusals = (self.health.refusal(symbol) for symbol in symbols or OFFERS)
        return [None if refusal is None else refusal.code.removeprefix("feed_") for refusal in refusals]


@asynccontextmanager
async def a_desk(make: Adapter = books) -> AsyncIterator[Desk]:
    """A desk at which all symbols have been quoted."""
    venue, clock = BookVenue(OFFERS), SimulatedClock()
    async with venue.serving() as address, anyio.create_task_group() as tasks:
        desk = Desk(venue, make(address, clock), clock)
        tasks.start_soon(desk.watch.run, desk.publish)
        await desk.until(lambda: all(desk.quotes(symbol) for symbol in OFFERS))
        assert (desk.codes(), desk.watch.reasons()) == ([None, None], [])
        yield desk
        tasks.cancel_scope.cancel()


async def test_a_silent_stream_is_noticed_though_pings_are_answered() -> None:
    def with_pings(address: str, clock: Clock) -> BookFeed:
        return BookFeed(offers=OFFERS, options={"url": address, "heartbeat_seconds": 0.02}, clock=clock)

    async with a_desk(with_pings) as desk:
        await desk.clock.advance(LIMIT_NS - 1)
        pings = desk.venue.pings
        await desk.venue.until(lambda: desk.venue.pings >= pings + 3)
        assert (desk.codes(), desk.watch.reasons(), desk.venue.connections) == ([None, None], [], 1)
        await desk.clock.advance(SECOND)
        assert desk.codes() == ["silent", "silent"]
        assert len(desk.watch.reasons()) == 2
        await desk.clock.advance(SECOND)
        await desk.until(lambda: desk.told(Connected) == 2 and desk.codes() == [None, None])
        assert (desk.venue.connections, desk.watch.reasons()) == (2, [])


class Forgetful(BookFeed):
    """Asks for data on the first connection of a run only."""

    has_asked = False

    async def run(self, publish: Publish) -> None:
        self.has_asked = False
        await super().run(publish)

    async def ask_for(self, connection: aiohttp.ClientWebSocketResponse, symbols: Iterable[str]) -> None:
        if not self.has_asked:
            self.has_asked = True
            await super().ask_for(connection, symbols)


def forgetful(address: str, clock: Clock) -> Forgetful:
    return Forgetful(offers=OFFERS, options={"url": address}, clock=clock)


async def test_a_connection_that_is_made_again_and_asks_for_nothing_is_no_health() -> None:
    async with a_desk(forgetful) as desk:
        await desk.passes(SECOND, moving=OFFERS)
        desk.venue.drop()
        await desk.until(lambda: desk.told(Disconnected) == 1)
        assert desk.codes() == ["disconnected", "disconnected"]
        assert "feed_stale: the feed has no connection" in desk.watch.reasons()[0]
        await desk.clock.advance(PAUSE_NS)
        await desk.until(lambda: desk.told(Connected) == 2)
        assert desk.codes() == ["waiting", "waiting"]
        for symbol in OFFERS:
            await desk.venue.move(symbol, "90", "91")
        await desk.clock.advance(LIMIT_NS)
        assert desk.codes() == ["silent", "silent"]
        await desk.clock.advance(2 * SECOND)
        await desk.until(lambda: desk.codes() == [None, None])
        assert desk.venue.asked == {"AAA": 2, "BBB": 2}
        assert (desk.venue.connections, desk.watch.reruns) == (3, 1)


class Resigned(BookFeed):
    """Does not connect a second time."""

    async def lost(self) -> None:
        await asyncio.Event().wait()


def resigned(address: str, clock: Clock) -> Resigned:
    return Resigned(offers=OFFERS, options={"url": address}, clock=clock)


class Unsuspecting(BookFeed):
    """Neither connects a second time nor says that it should."""

    async def run(self, publish: Publish) -> None:
        def publish_events(told: object, venue_ns: int) -> None:
            if isinstance(told, MarketEvent):
                publish(told, venue_ns)

        await super().run(publish_events)

    async def lost(self) -> None:
        await asyncio.Event().wait()


def unsuspecting(address: str, clock: Clock) -> Unsuspecting:
    return Unsuspecting(offers=OFFERS, options={"url": address}, clock=clock)


@pytest.mark.parametrize("ends", [BookVenue.drop, BookVenue.half_close])
@pytest.mark.parametrize("make", [resigned, unsuspecting])
async def test_an_adapter_that_never_connects_again_is_run_anew(
    make: Adapter, ends: Callable[[BookVenue], None]
) -> None:
    async with a_desk(make) as desk:
        await desk.passes(SECOND, moving=OFFERS)
        ends(desk.venue)
        if make is resigned:
            await desk.until(lambda: desk.told(Disconnected) == 1)
            assert desk.codes() == ["disconnected", "disconnected"]
        await desk.clock.advance(LIMIT_NS + 200 * MILLISECOND)
        assert desk.watch.reasons()
        assert desk.codes()[0] == ("disconnected" if make is resigned else "silent")
        await desk.clock.advance(SECOND)
        await desk.until(lambda: desk.codes() == [None, None])
        assert (desk.venue.connections, desk.watch.reasons()) == (2, [])


async def test_one_symbols_dead_feed_is_noticed_while_the_other_runs() -> None:
    async with a_desk() as desk:
        desk.venue.dead.add("AAA")
        await desk.passes(LIMIT_NS, moving=["BBB"])
        await desk.clock.advance(100 * MILLISECOND)
        assert desk.codes() == ["silent", None]
        (reason,) = desk.watch.reasons()
        assert reason.startswith("feed_stale: no quotes of AAA for 5.")
        await desk.clock.advance(1_200 * MILLISECOND)
        await desk.until(lambda: desk.venue.connections == 2 and desk.codes() == ["silent", None])
        for _ in range(2):  # it stays red and held back, and the other trades on
            await desk.passes(3 * SECOND, moving=["BBB"])
            assert (desk.codes(), len(desk.watch.reasons())) == (["silent", None], 1)
        desk.venue.dead.clear()
        await desk.passes(5 * SECOND, moving=["BBB"])
        await desk.until(lambda: desk.codes() == [None, None])
        assert (desk.watch.reasons(), desk.venue.connections) == ([], 3)


async def test_a_change_that_was_lost_gaps_the_book_until_the_whole_one_has_come() -> None:
    async with a_desk() as desk:
        await desk.moves("AAA", bid="98", ask="100")
        await desk.venue.move("AAA", "97", "99", lost=True)
        quotes = desk.quotes("AAA")
        await desk.venue.move("AAA", "96", "98")
        await desk.until(lambda: desk.told(Gapped) == 1)
        assert (desk.quotes("AAA"), desk.codes()) == (quotes, ["gapped", None])
        refusal = desk.health.refusal("AAA")
        assert refusal is not None
        assert "change 3 follows 2, and 1 was the last to come" in refusal.reason
        await desk.until(lambda: desk.told(Resubscribed) == 1)
        last = [one for one in desk.listener.events if isinstance(one, Quote) and one.symbol == "AAA"][-1]
        assert (last.bid, last.ask) == (96.0, 98.0)
        assert (desk.codes(), desk.venue.asked, desk.venue.connections) == ([None, None], {"AAA": 2, "BBB": 1}, 1)


async def test_a_book_with_a_level_that_is_not_the_venues_is_asked_for_anew() -> None:
    async with a_desk() as desk:
        await desk.venue.move("AAA", "98", "100", garbled=True)
        await desk.until(lambda: desk.told(Gapped) == 1)
        (refused,) = [one for one in desk.listener.news if isinstance(one, Gapped)]
        assert refused.reason.startswith("the checksum is ")
        assert desk.codes() == ["gapped", None]
        await desk.until(lambda: desk.told(Resubscribed) == 1)
        assert desk.codes() == [None, None]
        assert not any(isinstance(one, Quote) and one.bid_size == 7.0 for one in desk.listener.events)


async def test_a_crossed_book_holds_orders_back_until_it_is_not() -> None:
    async with a_desk() as desk:
        await desk.moves("AAA", bid="102", ask="101")
        for _ in range(3):
            assert desk.codes() == ["crossed", None]
            await desk.passes(SECOND, moving=["BBB"])
        assert desk.watch.reasons() == []
        assert desk.watch.alarms() == ["the bid of 102.0 for AAA is above the ask of 101.0, since 2026-01-01T00:00:00Z"]
        await desk.moves("AAA", bid="101", ask="101")
        assert (desk.codes(), desk.watch.alarms()) == ([None, None], [])


# On a websocket of combined streams.

COMBINED = {"AAA": Offer(quotes=True, trades=True)}


def lines(count: int) -> list[Line]:
    return list(islice(generated(3, ["AAA"], begin_ns=1_767_623_400 * SECOND, rate=100), count))


def piece(stream: str, **data: str) -> Line:
    written = ", ".join(f'"{key}": {value}' for key, value in data.items())
    return 0, f'{{"stream":"aaa@{stream}","data":{{{written}}}}}'


def events_of(tape: Iterable[Line]) -> list[MarketEvent]:
    told: list[MarketEvent] = []
    reader = FrameReader(COMBINED)
    for _, frame in tape:
        reader.read(frame.encode(), 0, lambda event, _: told.append(event))
    return told


BAD_PRICES = [
    "0",
    '"0"',
    "-5",
    '"-5"',
    '"NaN"',
    "NaN",
    '"Infinity"',
    "1e999",
    "null",
    '"abc"',
    '""',
    "true",
    "[]",
    "{}",
]


@pytest.mark.parametrize("price", BAD_PRICES)
async def test_a_price_that_is_none_is_neither_an_event_nor_the_end(price: str) -> None:
    bad = [
        piece("trade", p=price, q='"1"', T="5"),
        *([] if price in ("0", '"0"') else [piece("bookTicker", b=price, B='"1"', a='"101"', A='"1"')]),
    ]
    tape = lines(100)
    venue, clock = Venue(iter([*tape[:50], *bad, *tape[50:]]), clock=SystemClock()), SystemClock()
    health, listener = FeedHealth(COMBINED), Listener()

    def publish(told: MarketEvent | FeedNews, venue_ns: int) -> None:
        health.hear(told)
        listener(told, venue_ns)

    async with serving(venue) as address, asyncio.timeout(PATIENCE_SECONDS):
        feed = WebsocketFeed(offers=COMBINED, options={"url": address}, clock=clock)
        await FeedWatch(feed, health=health, limits=[], clock=clock).run(publish)
    assert len(listener.events) == len(events_of(tape))
    assert all(not health.flaw(event) for event in listener.events)
    assert feed.reader.misunderstood.total() == len(bad)


async def test_a_burst_upon_a_slow_reader_loses_nothing_and_no_connection() -> None:
    """The reader hangs for longer than the venue may be silent, while ten thousand events wait."""
    tape = lines(11_000)
    expected = events_of(tape)
    assert len(expected) > 10_000
    venue, clock = Venue(iter(tape), clock=SystemClock()), SystemClock()
    health, events = FeedHealth(COMBINED), list[MarketEvent]()
    news: list[FeedNews] = []

    def slowly(told: MarketEvent | FeedNews, _venue_ns: int) -> None:
        health.hear(told)
        if isinstance(told, FeedNews):
            news.append(told)
            return
        if len(events) in (0, 5_000):
            time.sleep(0.2)
        events.append(told)

    async with serving(venue) as address, asyncio.timeout(PATIENCE_SECONDS):
        feed = WebsocketFeed(offers=COMBINED, options={"url": address, "heartbeat_seconds": 0.05}, clock=clock)
        watch = FeedWatch(feed, health=health, limits=[], clock=clock)
        await watch.run(slowly)
    assert [type(one) for one in events] == [type(one) for one in expected]
    assert [_content(one) for one in events] == [_content(one) for one in expected]
    assert (venue.connections, watch.reruns) == (1, 0)
    assert [type(one).__name__ for one in news] == ["Begun", "Connected", "Disconnected"]


def _content(event: MarketEvent) -> list[float]:
    return [getattr(event, name) for name in event.__struct_fields__ if name != "ts_ns"]
