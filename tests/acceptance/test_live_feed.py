"""A venue in a process of its own, and the adapter that listens to it: everything comes, in order, at any pace."""

import asyncio
import time
from collections.abc import Iterable
from itertools import groupby, islice
from pathlib import Path

import msgspec
import pytest
import uvloop

from daemon.clock import SystemClock
from tests.live.adapter import WebsocketFeed
from tests.live.frames import FrameReader
from tests.live.listener import Listener
from tests.live.processes import venue
from tests.live.tape import Line, generated, recorded
from trading.market_data import MarketEvent
from trading.sequencer import Offer
from trading.timestamps import SECOND

OFFERS = {symbol: Offer(quotes=True, trades=True) for symbol in ("BTCUSDT", "ETHUSDT")}
BEGIN_NS = 1_767_623_400 * SECOND
RECORDED = "spot_btcusdt_20240808.gz"


def heard_from(address: str) -> tuple[list[MarketEvent], WebsocketFeed]:
    """All events that a feed publishes until its venue ends, each stamped zero."""
    listener = Listener()
    feed = WebsocketFeed(offers=OFFERS, options={"url": address}, clock=SystemClock())
    uvloop.run(feed.run(listener))
    return [unstamped(event) for event in listener.events], feed


def unstamped(event: MarketEvent) -> MarketEvent:
    return msgspec.structs.replace(event, ts_ns=0)


def events_of(tape: Iterable[Line]) -> list[MarketEvent]:
    """What a tape holds of the offers."""
    told: list[MarketEvent] = []
    reader = FrameReader(OFFERS)
    for _, frame in tape:
        reader.read(frame.encode(), 0, lambda event, _: told.append(event))
    return told


def made(count: int, rate: float) -> list[MarketEvent]:
    return events_of(islice(generated(7, list(OFFERS), begin_ns=BEGIN_NS, rate=rate), count))


@pytest.mark.parametrize("how", ["", "--per-frame=50", "--per-frame=50 --drop-after=300", "--drop-after=15000"])
def test_every_frame_of_a_recorded_file_arrives_as_its_event_in_order(shared: Path, how: str) -> None:
    tape = shared / "data" / "binance_raw_ws_2024_08" / RECORDED
    with venue("--tape", str(tape), "--speed=0", *how.split()) as address:
        told, _ = heard_from(address)
    assert len(told) == 37_797
    assert told == events_of(recorded(tape))


@pytest.mark.parametrize("how", ["", "--per-frame=50", "--drop-after=1000"])
def test_everything_that_is_made_arrives_in_order(how: str) -> None:
    with venue("--events=5000", "--rate=100", f"--begin-ns={BEGIN_NS}", "--speed=0", *how.split()) as address:
        told, feed = heard_from(address)
    assert told == made(5000, 100)
    assert feed.reader.misunderstood == {}


def test_twenty_thousand_events_a_second_arrive_as_they_are_sent() -> None:
    with venue(
        "--events=60000", "--rate=20000", f"--begin-ns={BEGIN_NS}", "--per-frame=100", "--gather=1ms"
    ) as address:
        began, used = time.perf_counter(), time.process_time()
        told, _ = heard_from(address)
        took, used = time.perf_counter() - began, time.process_time() - used
    assert told == made(60_000, 20_000)
    print(f"{len(told) / took:.0f} events a second, {1e6 * used / len(told):.1f} us of processor each")
    assert took > 2.5


def test_others_run_while_many_messages_wait() -> None:
    passes = 0
    seen_at: list[int] = []

    def hear(*_: object) -> None:
        if not seen_at:
            time.sleep(0.3)  # something hangs while the venue goes on
        seen_at.append(passes)

    async def count() -> None:
        nonlocal passes
        while True:
            passes += 1
            await asyncio.sleep(0)

    async def listen(address: str) -> None:
        counting = asyncio.create_task(count())
        feed = WebsocketFeed(offers=OFFERS, options={"url": address}, clock=SystemClock())
        await feed.run(hear)
        counting.cancel()

    with venue("--events=20000", "--speed=0") as address:
        uvloop.run(listen(address))
    assert max(len(list(run)) for _, run in groupby(seen_at)) <= 100
