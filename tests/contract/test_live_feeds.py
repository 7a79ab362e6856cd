"""What every feed that happens once must hold, whatever it listens to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import groupby, islice
from pathlib import Path
from typing import Protocol

import msgspec
import pytest

from daemon.clock import Clock, SystemClock
from daemon.feeds.port import LiveFeed
from tests.live.adapter import WebsocketFeed
from tests.live.listener import Listener
from tests.live.tape import generated
from tests.live.venue import Venue, serving
from tests.patience import PATIENCE_SECONDS
from trading.feed_health import FeedHealth
from trading.feed_news import AdapterNews, Connected, Disconnected
from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.sequencer import Offer
from trading.timestamps import SECOND

OFFERS = {
    "BTCUSDT": Offer(quotes=True, trades=True, bar_interval_ns=SECOND),
    "ETHUSDT": Offer(quotes=True, trades=True),
}

PASSES = 20_000
"""Passes of the event loop in which the other end must have noticed that a feed has gone."""


class OpenFeed(Protocol):
    """Opens a feed whose venue has some hundred events of every kind that is offered, and then ends or falls silent."""

    def __call__(self, clock: Clock, *, ends: bool = True) -> AbstractAsyncContextManager[LiveFeed]: ...


def websocket(*, per_frame: int = 1, drop_after: int | None = None) -> OpenFeed:
    @asynccontextmanager
    async def open_feed(clock: Clock, *, ends: bool = True) -> AsyncIterator[LiveFeed]:
        tape = islice(generated(7, list(OFFERS), begin_ns=1_767_623_400 * SECOND, rate=100, bars_ns=SECOND), 1000)
        venue = Venue(tape, clock=SystemClock(), per_frame=per_frame, drop_after=drop_after, ends=ends)
        async with serving(venue) as address:
            yield WebsocketFeed(offers=OFFERS, options={"url": address}, clock=clock)

    return open_feed


@pytest.fixture(
    params=[websocket(), websocket(per_frame=20), websocket(drop_after=400)],
    ids=["websocket", "websocket, many events a frame", "websocket that is dropped"],
)
def open_feed(request: pytest.FixtureRequest) -> OpenFeed:
    opened: OpenFeed = request.param
    return opened


async def everything(open_feed: OpenFeed, clock: Clock) -> list[tuple[MarketEvent, int]]:
    """All events that a feed publishes, until it returns by itself."""
    told = (await listened(open_feed, clock)).told
    return [(one, venue_ns) for one, venue_ns in told if isinstance(one, MarketEvent)]


async def listened(open_feed: OpenFeed, clock: Clock) -> Listener:
    """All that a feed publishes, until it returns by itself."""
    listener = Listener()
    async with open_feed(clock) as feed, asyncio.timeout(PATIENCE_SECONDS):
        await feed.run(listener)
    assert len(listener.events) > 500
    return listener


def sockets() -> int:
    return sum(
        link.is_symlink() and str(link.readlink()).startswith("socket:") for link in Path("/proc/self/fd").iterdir()
    )


async def assert_nothing_is_left(tasks: set[asyncio.Task[object]], open_sockets: int) -> None:
    """No task and no socket beyond those of before; the venue, on the same loop, may need some passes to leave too."""
    for _ in range(PASSES):
        if asyncio.all_tasks() == tasks and sockets() == open_sockets:
            return
        await asyncio.sleep(0)
    assert (asyncio.all_tasks(), sockets()) == (tasks, open_sockets)


class FalteringClock(SystemClock):
    """A wall clock that a time server sets back now and then."""

    def __init__(self) -> None:
        self._readings = 0

    def wall_ns(self) -> int:
        self._readings += 1
        return super().wall_ns() - self._readings % 7 * SECOND


async def test_it_brings_what_it_offers_and_nothing_else(open_feed: OpenFeed) -> None:
    async with open_feed(SystemClock()) as feed:
        offers = feed.offers
    events = [event for event, _ in await everything(open_feed, SystemClock())]
    assert {event.symbol for event in events} == set(offers)
    for symbol, offer in offers.items():
        mine = [event for event in events if event.symbol == symbol]
        assert any(isinstance(event, Quote) for event in mine) == offer.quotes
        assert any(isinstance(event, Trade) for event in mine) == offer.trades
        intervals = {event.interval_ns for event in mine if isinstance(event, Bar)}
        assert intervals == ({offer.bar_interval_ns} if offer.bar_interval_ns else set())


async def test_a_tick_is_stamped_with_the_time_of_its_receipt(open_feed: OpenFeed) -> None:
    clock = SystemClock()
    began_ns = clock.wall_ns()
    told = await everything(open_feed, clock)
    stamps = [event.ts_ns for event, _ in told if not isinstance(event, Bar)]
    assert began_ns <= stamps[0]
    assert stamps == sorted(stamps)
    assert stamps[-1] <= clock.wall_ns()


async def test_stamps_of_ticks_never_go_back_though_the_clock_does(open_feed: OpenFeed) -> None:
    told = await everything(open_feed, FalteringClock())
    stamps = [event.ts_ns for event, _ in told if not isinstance(event, Bar)]
    assert stamps == sorted(stamps)


async def test_a_bar_is_stamped_with_its_close_and_later_than_the_one_before(open_feed: OpenFeed) -> None:
    bars = [event for event, _ in await everything(open_feed, SystemClock()) if isinstance(event, Bar)]
    assert len(bars) > 2
    assert all(bar.ts_ns % bar.interval_ns == 0 for bar in bars)
    for _, of_symbol in groupby(sorted(bars, key=lambda bar: bar.symbol), key=lambda bar: bar.symbol):
        closes = [bar.ts_ns for bar in of_symbol]
        assert closes == sorted(set(closes))


async def test_the_venues_own_times_are_told_or_zero(open_feed: OpenFeed) -> None:
    told = await everything(open_feed, SystemClock())
    assert all(venue_ns >= 0 for _, venue_ns in told)
    assert any(venue_ns > 0 for _, venue_ns in told)


async def test_what_it_tells_of_itself_is_in_its_place_among_the_events(open_feed: OpenFeed) -> None:
    told = await listened(open_feed, SystemClock())
    connected = False
    for one, venue_ns in told.told:
        if isinstance(one, MarketEvent):
            assert connected or not told.news, "an event came before news of its connection"
            continue
        assert isinstance(one, AdapterNews)
        assert (one.ts_ns, venue_ns) == (0, 0)
        connected = (connected or isinstance(one, Connected)) and not isinstance(one, Disconnected)


async def test_what_it_brings_can_be_data(open_feed: OpenFeed) -> None:
    health = FeedHealth(OFFERS)
    assert {health.flaw(event) for event, _ in await everything(open_feed, SystemClock())} == {""}


async def test_it_can_be_run_again_after_it_was_cancelled(open_feed: OpenFeed) -> None:
    async with open_feed(SystemClock()) as feed, asyncio.timeout(PATIENCE_SECONDS):
        for runs in range(1, 4):
            told = Listener()
            running = asyncio.create_task(feed.run(told))
            if runs < 3:
                await told.until(Trade, 50)
                running.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await running
            else:
                await running
                assert len(told.events) > 50


async def test_reference_is_plain_values(open_feed: OpenFeed) -> None:
    async with open_feed(SystemClock()) as feed:
        reference = feed.reference()
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(reference)) == reference
        assert reference["kind"] == feed.kind


async def test_it_returns_when_the_venue_ends_and_leaves_nothing(open_feed: OpenFeed) -> None:
    async with open_feed(SystemClock()) as feed, asyncio.timeout(PATIENCE_SECONDS):
        before, open_sockets = asyncio.all_tasks(), sockets()
        await feed.run(lambda *_: None)
        await assert_nothing_is_left(before, open_sockets)


@pytest.mark.parametrize("events", [1, 300, 700])
async def test_cancelling_it_ends_it_at_once_and_leaves_nothing(open_feed: OpenFeed, events: int) -> None:
    async with open_feed(SystemClock(), ends=False) as feed, asyncio.timeout(PATIENCE_SECONDS):
        before, open_sockets = asyncio.all_tasks(), sockets()
        heard = asyncio.Semaphore(0)
        running = asyncio.create_task(feed.run(lambda *_: heard.release()))
        for _ in range(events):
            await heard.acquire()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await assert_nothing_is_left(before, open_sockets)


async def test_what_the_publisher_raises_comes_out_of_it(open_feed: OpenFeed) -> None:
    def broken(_told: MarketEvent | AdapterNews, _venue_ns: int) -> None:
        raise OSError("the disk is full")

    async with open_feed(SystemClock()) as feed, asyncio.timeout(PATIENCE_SECONDS):
        before, open_sockets = asyncio.all_tasks(), sockets()
        with pytest.raises(OSError, match="the disk is full"):
            await feed.run(broken)
        await assert_nothing_is_left(before, open_sockets)
