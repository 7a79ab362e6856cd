"""The websocket adapter's connections: made again after growing pauses, until the venue says that there is no more."""

import asyncio
from collections.abc import Sequence
from itertools import chain, islice

import pytest
from aiohttp import web

from daemon.clock import SystemClock
from tests.live.adapter import FIRST_PAUSE_NS, LONGEST_PAUSE_NS, WebsocketFeed
from tests.live.frames import FrameReader
from tests.live.listener import Listener
from tests.live.tape import Line, generated
from tests.live.venue import Venue, opened, serving
from trading.feed_news import Connected, Disconnected, FeedNews
from trading.market_data import MarketEvent
from trading.sequencer import Offer
from trading.timestamps import SECOND

OFFERS = {"BTCUSDT": Offer(quotes=True, trades=True), "ETHUSDT": Offer(trades=True)}
NOWHERE = "ws://127.0.0.1:1/stream"


def lines(count: int) -> list[Line]:
    return list(islice(generated(3, list(OFFERS), begin_ns=1_767_623_400 * SECOND, rate=100), count))


def events_of(tape: Sequence[Line]) -> list[MarketEvent]:
    """What a tape holds of the offers, all stamped zero."""
    told: list[MarketEvent] = []
    reader = FrameReader(OFFERS)
    for _, frame in tape:
        reader.read(frame.encode(), 0, lambda event, _: told.append(event))
    return told


class TimelessClock(SystemClock):
    """It stands at zero, notes the pauses and makes none; after so many it waits for ever."""

    def __init__(self, pauses: int = 1_000) -> None:
        self.pauses_ns: list[int] = []
        self.waits = asyncio.Event()
        self._left = pauses

    def wall_ns(self) -> int:
        return 0

    async def sleep(self, duration_ns: int) -> None:
        self.pauses_ns.append(duration_ns)
        self._left -= 1
        if not self._left:
            self.waits.set()
            await asyncio.Event().wait()


def feed_from(address: str, clock: TimelessClock, **options: float) -> WebsocketFeed:
    return WebsocketFeed(offers=OFFERS, options={"url": address, **options}, clock=clock)


async def heard(venue: Venue, clock: TimelessClock) -> list[MarketEvent]:
    return (await listened(venue, clock)).events


async def listened(venue: Venue, clock: TimelessClock) -> Listener:
    listener = Listener()
    async with serving(venue) as address, asyncio.timeout(10):
        await feed_from(address, clock).run(listener)
    return listener


@pytest.mark.parametrize("per_frame", [1, 7, 1000])
async def test_every_event_comes_in_order(per_frame: int) -> None:
    tape = lines(500)
    venue = Venue(iter(tape), clock=SystemClock(), per_frame=per_frame)
    assert await heard(venue, TimelessClock()) == events_of(tape)


async def test_every_event_comes_in_order_over_connections_that_break() -> None:
    tape, clock = lines(500), TimelessClock()
    venue = Venue(iter(tape), clock=SystemClock(), drop_after=100)
    assert await heard(venue, clock) == events_of(tape)
    assert venue.connections > 3
    assert clock.pauses_ns == [FIRST_PAUSE_NS] * (venue.connections - 1)


async def test_each_connection_is_told_of_before_its_events_and_its_loss_after_them() -> None:
    told = await listened(Venue(iter(lines(500)), clock=SystemClock(), drop_after=100), TimelessClock())
    news = [(place, one) for place, (one, _) in enumerate(told.told) if isinstance(one, FeedNews)]
    lost = Disconnected("it was lost, with code 1006")
    assert news[:4] == [(0, Connected()), (101, lost), (102, Connected()), (203, lost)]
    assert news[-1][1] == Connected()


async def test_pauses_grow_while_there_is_no_connection() -> None:
    clock, told = TimelessClock(pauses=10), Listener()
    running = asyncio.create_task(feed_from(NOWHERE, clock).run(told))
    async with asyncio.timeout(10):
        await clock.waits.wait()
    assert clock.pauses_ns == [min(FIRST_PAUSE_NS << attempt, LONGEST_PAUSE_NS) for attempt in range(10)]
    assert [type(one) for one in told.news] == [Disconnected] * 10
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_venue_that_answers_no_ping_is_left() -> None:
    async def dumb(request: web.Request) -> web.WebSocketResponse:
        connection = web.WebSocketResponse(autoping=False)
        await connection.prepare(request)
        async for _ in connection:
            pass
        return connection

    clock = TimelessClock(pauses=3)
    async with opened(dumb) as address, asyncio.timeout(10):
        feed = feed_from(address, clock, heartbeat_seconds=0.02)
        running = asyncio.create_task(feed.run(lambda *_: None))
        await clock.waits.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert clock.pauses_ns == [FIRST_PAUSE_NS, 2 * FIRST_PAUSE_NS, 4 * FIRST_PAUSE_NS]


async def test_garbage_between_the_frames_costs_none_of_them() -> None:
    tape = lines(50)
    venue = Venue(chain.from_iterable((line, (line[0], "}" * 1000)) for line in tape), clock=SystemClock())
    told = Listener()
    async with serving(venue) as address, asyncio.timeout(10):
        feed = feed_from(address, TimelessClock())
        await feed.run(told)
    assert told.events == events_of(tape)
    assert feed.reader.misunderstood.total() == len(tape)


async def test_only_what_was_asked_for_is_sent() -> None:
    venue = Venue(iter(lines(300)), clock=SystemClock())
    async with serving(venue) as address, asyncio.timeout(10):
        feed = feed_from(address, TimelessClock())
        await feed.run(lambda *_: None)
    assert feed.reader.misunderstood == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "Object missing required field `url`"),
        ({"url": 5}, r"Expected `str`, got `int` - at `\$.url`"),
        ({"url": NOWHERE, "heartbeat_seconds": 0}, r"Expected `float` > 0.0 - at `\$.heartbeat_seconds`"),
        ({"url": NOWHERE, "key": "x"}, "Object contains unknown field `key`"),
        ({"url": "https://venue.example"}, "'https://venue.example' is no websocket's; it begins with ws:// or wss://"),
    ],
)
def test_options_that_are_not_its_own_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WebsocketFeed(offers=OFFERS, options=options, clock=SystemClock())
