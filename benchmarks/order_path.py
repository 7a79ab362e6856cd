"""From an event's arrival to its command at the market, in process: container, risk, gate and journal.

The floor does what no daemon can leave out: it decides, encodes the order, writes it (and syncs it), and calls.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from benchmarks.figures import Figure, percentile
from benchmarks.floors import AAA, entry, fleet, floor_plan, journal, market_of, quarters
from brokers.simulated.market import SimulatedMarket
from daemon.feeds.port import HistoricalFeed
from daemon.feeds.synthetic import SyntheticFeed
from daemon.feeds.walk import SyntheticSymbol
from daemon.fleet import Fleet
from daemon.floor import Floor
from daemon.journal.log import Durability
from trading.commands import WireCommand, WireSubmit
from trading.market import Effect
from trading.market_data import Quote
from trading.orders import OrderTerms, Side
from trading.subscriptions import DataKind
from trading.timestamps import MINUTE, SECOND

EVENTS: Final = 4_000
WARM_UP: Final = 500
START_NS: Final = 1_767_623_400 * SECOND


class TimedMarket(SimulatedMarket):
    """A simulated market that notes when each command reaches it."""

    arrivals_ns: list[int]

    def on_command(self, command: WireCommand, ts_ns: int, /) -> list[Effect]:
        """Note the time, then take the command."""
        self.arrivals_ns.append(time.perf_counter_ns())
        return super().on_command(command, ts_ns)


def figures() -> list[Figure]:
    """Median and 99th percentile for both durabilities."""
    found = []
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        for durability in ("process", "power"):
            ours = uvloop.run(_ours(Path(folder) / durability, durability))
            floor = _floor(Path(folder) / f"{durability}.floor", durability)
            for name, share, target, for_power in (("p50", 0.5, 100.0, 250.0), ("p99", 0.99, 500.0, 1_000.0)):
                found.append(
                    Figure(
                        name=f"event in to command at the broker, {durability}, {name}",
                        unit="us",
                        value=percentile(ours, share),
                        floor=percentile(floor, share),
                        target=target if durability == "process" else target + for_power,
                    )
                )
    return found


async def _ours(directory: Path, durability: Durability) -> list[float]:
    arrivals_ns: list[int] = []
    traded = fleet(AAA, [entry("in-and-out", "benchmarks.subscribers:InAndOut", "task", symbol="AAA")])

    def make_market(of: Fleet, feed: HistoricalFeed) -> TimedMarket:
        made = market_of(TimedMarket, of, feed)
        made.arrivals_ns = arrivals_ns
        return made

    async with quarters(directory) as its_quarters:
        with journal(directory, durability) as log:
            plan = floor_plan(traded, its_quarters, log, _feed, make_market=make_market)
            floor = await Floor.begin(plan, traded)
            took: list[float] = []
            while floor.upcoming() is not None:
                arrivals_ns.clear()
                began_ns = time.perf_counter_ns()
                floor.lay_out()
                await floor.advance()
                took.append((arrivals_ns[0] - began_ns) / 1_000)
                if len(took) % 64 == 0:
                    await asyncio.sleep(0)
    return took[WARM_UP:]


def _feed() -> HistoricalFeed:
    return SyntheticFeed(
        seed=1,
        start_ns=START_NS,
        duration_ns=EVENTS * SECOND,
        symbols=[SyntheticSymbol(instrument=AAA, price=Decimal(100))],
        data={DataKind.QUOTES},
        every_ns=SECOND,
        bar_interval_ns=MINUTE,
    )


def _floor(path: Path, durability: Durability) -> list[float]:
    encoder = msgspec.msgpack.Encoder()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.posix_fallocate(descriptor, 0, EVENTS * 512)
    held, took = False, []
    for number, quote in enumerate(_quotes()):
        began_ns = time.perf_counter_ns()
        terms = OrderTerms(
            order_id=f"floor-{number}",
            strategy="floor",
            symbol=quote.symbol,
            side=Side.SELL if held else Side.BUY,
            quantity=Decimal(1),
            created_ns=quote.ts_ns,
        )
        held = not held
        os.pwrite(descriptor, encoder.encode(WireSubmit(cid="bk", terms=terms)), number * 512)
        if durability == "power":
            os.fdatasync(descriptor)
        took.append((time.perf_counter_ns() - began_ns) / 1_000)
    os.close(descriptor)
    return took[WARM_UP:]


def _quotes() -> Iterator[Quote]:
    for number in range(EVENTS):
        yield Quote("AAA", START_NS + number * SECOND, 99.99, 100.01, 100.0, 100.0)
