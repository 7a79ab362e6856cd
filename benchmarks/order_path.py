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
from brokers.simulated.costs import NoCommission, NoSlippage
from brokers.simulated.market import SimulatedMarket
from daemon.clock import SystemClock
from daemon.disk import RealDisk
from daemon.feeds.port import HistoricalFeed
from daemon.feeds.synthetic import SyntheticFeed
from daemon.feeds.walk import SyntheticSymbol
from daemon.fleet import Fleet, StrategyEntry
from daemon.floor import Floor, FloorPlan
from daemon.hosts.port import Host
from daemon.hosts.task import TaskHost
from daemon.hosts.watchdog import Watchdog
from daemon.journal.log import Durability, Journal
from daemon.journal.reader import JournalReader
from daemon.journal.records import Opened
from trading.account.ids import ClientOrderIds
from trading.commands import WireCommand, WireSubmit
from trading.container import ContainerSpec, ScopedContainer
from trading.instruments import Instrument, InstrumentKind
from trading.limits import RiskLimits
from trading.market import Market
from trading.market_data import Quote
from trading.money import Currency
from trading.orders import OrderTerms, Side
from trading.reports import ExecutionReport
from trading.strategy import Strategy
from trading.subscriptions import DataKind
from trading.timestamps import MINUTE, SECOND

EVENTS: Final = 4_000
WARM_UP: Final = 500
START_NS: Final = 1_767_623_400 * SECOND

AAA: Final = Instrument(
    symbol="AAA",
    kind=InstrumentKind.EQUITY,
    currency=Currency.known("USD"),
    tick_size=Decimal("0.01"),
    lot_size=Decimal(1),
)


class InAndOut(Strategy):
    """One order an event: buy when flat, else sell."""

    symbol: str

    def on_quote(self, quote: Quote) -> None:
        """Turn the position around."""
        if self.position(self.symbol):
            self.sell(self.symbol, 1)
        else:
            self.buy(self.symbol, 1)


class TimedMarket(SimulatedMarket):
    """A simulated market that notes when each command reaches it."""

    arrivals_ns: list[int]

    def on_command(self, command: WireCommand, ts_ns: int, /) -> list[ExecutionReport]:
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
    reader = JournalReader(RealDisk(), directory)
    opened = Opened(epoch=1, opened_ns=0, build="benchmark", mode="paper", tape={}, fleet={})
    journal = Journal(reader, opened, clock=SystemClock(), durability=durability)
    arrivals_ns: list[int] = []
    with Watchdog(SystemClock(), 60) as watchdog:
        floor = await Floor.begin(_plan(journal, watchdog, arrivals_ns), _fleet())
        took: list[float] = []
        for event in floor.upcoming():
            arrivals_ns.clear()
            began_ns = time.perf_counter_ns()
            await floor.advance(event)
            took.append((arrivals_ns[0] - began_ns) / 1_000)
            if len(took) % 64 == 0:
                await asyncio.sleep(0)
    journal.close()
    return took[WARM_UP:]


def _plan(journal: Journal, watchdog: Watchdog, arrivals_ns: list[int]) -> FloorPlan:
    def make_feed() -> HistoricalFeed:
        return SyntheticFeed(
            seed=1,
            start_ns=START_NS,
            duration_ns=EVENTS * SECOND,
            symbols=[SyntheticSymbol(instrument=AAA, price=Decimal(100))],
            data={DataKind.QUOTES},
            every_ns=SECOND,
            bar_interval_ns=MINUTE,
        )

    def make_market(_feed: HistoricalFeed) -> Market:
        market = TimedMarket(
            instruments={"AAA": AAA},
            cash={"USD": Decimal(100_000)},
            match_on={"AAA": "quotes"},
            slippage=NoSlippage(),
            commission=NoCommission(),
        )
        market.arrivals_ns = arrivals_ns
        return market

    def make_host(entry: StrategyEntry, fleet: Fleet) -> Host:
        spec = ContainerSpec(
            strategy=entry.id,
            strategy_class=InAndOut,
            parameters=entry.params,
            capital={fleet.currency: entry.capital},
            timeframe_ns=entry.timeframe_ns,
        )
        return TaskHost(ScopedContainer(spec, fleet.instruments), watchdog)

    return FloorPlan(
        make_feed=make_feed,
        make_market=make_market,
        make_host=make_host,
        recorder=journal,
        ids=ClientOrderIds(1),
    )


def _fleet() -> Fleet:
    entry = StrategyEntry(
        id="in-and-out",
        reference="benchmarks.order_path:InAndOut",
        params={"symbol": "AAA"},
        capital=Decimal(50_000),
        isolation="task",
        timeframe_ns=MINUTE,
        warmup=0,
        cancel_on_trip=True,
        limits=RiskLimits(),
        sizing=None,
        code="",
    )
    return Fleet(
        currency="USD",
        cash=Decimal(100_000),
        instruments={"AAA": AAA},
        limits=RiskLimits(),
        broker="simulated",
        strategies=[entry],
        folder=".",
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
