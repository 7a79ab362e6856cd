"""From a frame on a websocket to an order for it: a venue in a process of its own, at 500 frames a second with jitter.

Ours is the live shell with five strategies that all hear every quote and take turns to buy: from the frame's arrival in
the adapter until the order is at the simulated market. Bare is what nobody can leave out: the frame is read and
decoded, an order is encoded and written (and synced, for `power`); then it is sent on the same socket. There and back
is what the venue sees of that, both websocket stacks and the loopback in it.
"""

import asyncio
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
import uvloop
from aiohttp import web

from benchmarks.figures import Figure, percentile, table
from benchmarks.floors import AAA, Isolation, entry, fleet, live, market_of
from brokers.simulated.market import SimulatedMarket
from daemon.clock import SystemClock
from daemon.feeds.port import HistoricalFeed
from daemon.fleet import Fleet
from daemon.journal.log import Durability
from tests.live.adapter import WebsocketFeed
from trading.commands import WireCommand, WireSubmit
from trading.market import Effect
from trading.sequencer import Offer

FRAMES: Final = 3_000
WARM_UP: Final = 300
FRAMES_A_SECOND: Final = 500
SLOT_BYTES: Final = 512
"""Room for a written order; the file is as long as it will be before the first is written."""

PATIENCE_SECONDS: Final = 30.0

STRATEGIES: Final = 5
TARGETS_US: Final[dict[Isolation, tuple[float, float]]] = {"task": (100, 500), "process": (250, 1_000)}
"""Median and 99th percentile; what a sync may add to them is in `SYNC_US`."""

SYNC_US: Final = (250, 1_000)

_CLOCK: Final = SystemClock()


class Ticker(msgspec.Struct):
    """Best bid and ask; `u` is the monotonic time at which the venue sent it, in nanoseconds."""

    u: int
    b: float
    a: float


class Frame(msgspec.Struct):
    """What the venue sends."""

    stream: str
    data: Ticker


class Order(msgspec.Struct):
    """What goes back: the frame's time is in it, so that the venue knows which one it answers."""

    id: int
    symbol: str
    side: str
    quantity: str
    price: float
    answers: int


class TimedMarket(SimulatedMarket):
    """A simulated market that notes how old the quote behind each order is, in microseconds, until it has `enough`."""

    took: list[float]
    enough: asyncio.Event

    def on_command(self, command: WireCommand, ts_ns: int, /) -> list[Effect]:
        """Note the time, then take the command."""
        if isinstance(command, WireSubmit):
            self.took.append((_CLOCK.wall_ns() - command.terms.created_ns) / 1_000)
            if len(self.took) == FRAMES:
                self.enough.set()
        return super().on_command(command, ts_ns)


def figures() -> list[Figure]:
    """Median and 99th percentile, in microseconds: ours by isolation, and the bare path, for both durabilities."""
    return [*_figures("process", (0, 0)), *_figures("power", SYNC_US)]


def _figures(durability: Durability, sync_us: tuple[float, float]) -> list[Figure]:
    inside, there_and_back = bare(durability)
    found = []
    for isolation, targets_us in TARGETS_US.items():
        took = ours(isolation, durability)
        for name, share, target, for_sync in zip(("p50", "p99"), (0.5, 0.99), targets_us, sync_us, strict=True):
            found.append(
                Figure(
                    name=f"websocket frame in to order at the broker, {isolation}, {durability}, {name}",
                    unit="us",
                    value=percentile(took, share),
                    floor=percentile(inside, share),
                    target=target + for_sync,
                )
            )
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        title = f"bare websocket, there and back, {durability}, {name}"
        found.append(Figure(name=title, unit="us", value=percentile(there_and_back, share)))
    return found


def ours(isolation: Isolation, durability: Durability) -> list[float]:
    """How long each order took, in microseconds."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder, venue() as (address, _):
        return uvloop.run(_trade(Path(folder), address, isolation, durability))[WARM_UP:]


async def _trade(folder: Path, address: str, isolation: Isolation, durability: Durability) -> list[float]:
    reference = "benchmarks.subscribers:TakesTurns"
    strategies = [entry(f"s{n}", reference, isolation, symbol="AAA", turn=n, of=STRATEGIES) for n in range(STRATEGIES)]
    feed = WebsocketFeed(offers={"AAA": Offer(quotes=True)}, options={"url": address}, clock=_CLOCK)

    took: list[float] = []
    enough = asyncio.Event()

    def make_market(traded: Fleet, its_feed: HistoricalFeed) -> TimedMarket:
        made = market_of(TimedMarket, traded, its_feed)
        made.took, made.enough = took, enough
        return made

    async with (
        live(folder, fleet(AAA, strategies), feed, durability, make_market) as shell,
        asyncio.timeout(FRAMES / FRAMES_A_SECOND + PATIENCE_SECONDS),
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(shell.run())
        await enough.wait()
        shell.stop()
    return took


def bare(durability: Durability) -> tuple[list[float], list[float]]:
    """How long each order took, in microseconds: inside, and there and back."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder, venue() as (address, results):
        inside = uvloop.run(_answer(address, Path(folder) / "orders", durability))
        assert results.poll(PATIENCE_SECONDS), "the venue did not hear all orders"
        there_and_back: list[float] = results.recv()
    return inside[WARM_UP:], there_and_back[WARM_UP:]


@contextmanager
def venue() -> Iterator[tuple[str, Connection]]:
    """A venue's address, and where it tells how long it waited for each order, in microseconds."""
    results, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_run_venue, args=(theirs,), daemon=True)
    process.start()
    try:
        assert results.poll(PATIENCE_SECONDS), "the venue did not start"
        yield results.recv(), results
    finally:
        process.kill()
        process.join()


async def _answer(address: str, path: Path, durability: Durability) -> list[float]:
    decode, encode = msgspec.json.Decoder(Frame, strict=False).decode, msgspec.json.Encoder().encode
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.posix_fallocate(descriptor, 0, FRAMES * SLOT_BYTES)
    os.fsync(descriptor)
    took: list[float] = []
    async with aiohttp.ClientSession() as session, session.ws_connect(address, decode_text=False) as connection:
        async for message in connection:
            began_ns = time.perf_counter_ns()
            tick, number = decode(message.data).data, len(took)
            side, price = ("buy", tick.a) if number % 2 else ("sell", tick.b)
            order = encode(Order(number, "AAA", side, "100", price, tick.u))
            os.pwrite(descriptor, order, number * SLOT_BYTES)
            if durability == "power":
                os.fdatasync(descriptor)
            took.append((time.perf_counter_ns() - began_ns) / 1_000)
            await connection.send_str(order.decode())
            if len(took) == FRAMES:
                break
    os.close(descriptor)
    return took


def _run_venue(results: Connection) -> None:
    uvloop.run(_serve(results))


async def _serve(results: Connection) -> None:
    async def connected(request: web.Request) -> web.WebSocketResponse:
        connection = web.WebSocketResponse(compress=False)
        await connection.prepare(request)
        sending = asyncio.create_task(_send(connection))
        results.send(await _orders(connection))
        sending.cancel()
        return connection

    app = web.Application()
    app.router.add_get("/stream", connected)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    results.send(f"ws://127.0.0.1:{runner.addresses[0][1]}/stream")
    await asyncio.Event().wait()


async def _send(connection: web.WebSocketResponse) -> None:
    """Send frames at random distances, so that no timers fall into step."""
    rng, due = random.Random(1), time.perf_counter()
    with suppress(ConnectionError):
        for number in range(FRAMES):
            due += rng.expovariate(FRAMES_A_SECOND)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            bid, ask = f"{100 + number % 7 / 100:.2f}", f"{100.01 + number % 7 / 100:.2f}"
            tick = f'{{"u":{time.perf_counter_ns()},"s":"AAA","b":"{bid}","B":"100","a":"{ask}","A":"100"}}'
            await connection.send_str(f'{{"stream":"aaa@bookTicker","data":{tick}}}')


async def _orders(connection: web.WebSocketResponse) -> list[float]:
    """Until all have come, how long each took from its frame, in microseconds."""
    decode, took = msgspec.json.Decoder(Order).decode, []
    async for message in connection:
        heard_ns = time.perf_counter_ns()
        took.append((heard_ns - decode(message.data).answers) / 1_000)
        if len(took) == FRAMES:
            break
    return took


if __name__ == "__main__":
    sys.stdout.write(table(figures()) + "\n")
