"""Lock-step at full speed: one long run of quotes through containers that all hear every one of them.

The floor is the pure driver: the same strategies, steps and fills, with neither processes nor a journal nor a loop.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

import uvloop

from benchmarks.figures import Figure, table
from benchmarks.floors import ROOT, SNAPSHOT_EVERY, Isolation, entry, fleet, floor_plan, journal, market, quarters
from daemon.feeds.file.feed import FileFeed
from daemon.feeds.file.layout import DataFile
from daemon.feeds.pacing import Pace
from daemon.feeds.port import HistoricalFeed
from daemon.feeds.synthetic import SyntheticFeed
from daemon.feeds.walk import SyntheticSymbol
from daemon.fleet import Fleet, StrategyEntry
from daemon.floor import Floor
from daemon.loading import load_class
from daemon.paper import PaperShell
from trading.account.ids import ClientOrderIds
from trading.container import ContainerSpec
from trading.driver import Driver
from trading.instruments import Instrument, InstrumentKind
from trading.money import Currency
from trading.recorder import MemoryRecorder
from trading.subscriptions import DataKind
from trading.timestamps import MINUTE, SECOND

QUOTES: Final = 532_903
"""As many as the file has."""

FEWER: Final = 100_000
"""For what is compared and has no target of its own."""

TARGET_SECONDS: Final = 15.0
EVERY: Final = 1_000
"""Quotes to an order of each strategy."""

START_NS: Final = 1_398_902_400 * SECOND
TICKS: Final = (
    Path(os.environ.get("BULKHEAD_SHARED", ROOT.parent / "shared")) / "data/lean_fx/oanda_eurusd_ticks.parquet"
)

EURUSD: Final = Instrument(
    symbol="EURUSD",
    kind=InstrumentKind.FX,
    currency=Currency.known("USD"),
    tick_size=Decimal("0.00001"),
    lot_size=Decimal(1),
)

MakeFeed = Callable[[], HistoricalFeed]


def figures() -> list[Figure]:
    """Microseconds a quote."""
    target = TARGET_SECONDS * 1e6 / QUOTES
    return [
        _figure("1 process", QUOTES, traders(1, "process")),
        _figure("5 processes", QUOTES, traders(5, "process"), target),
        _figure("20 processes", FEWER, traders(20, "process")),
        _figure("5 tasks", FEWER, traders(5, "task")),
        _figure("the 5 shipped strategies, processes", FEWER, shipped("process")),
        _figure("the 5 shipped strategies, tasks", FEWER, shipped("task")),
    ]


def traders(count: int, isolation: Isolation) -> list[StrategyEntry]:
    """Strategies that hear every quote and trade now and then."""
    reference = "benchmarks.subscribers:NowAndThen"
    return [entry(f"s{number}", reference, isolation, symbol="EURUSD", every=EVERY) for number in range(count)]


def shipped(isolation: Isolation) -> list[StrategyEntry]:
    """What comes with the daemon; the maker's quotes are as far apart as a maker's of this symbol would be."""
    maker: dict[str, Any] = {"tick_size": "0.00001", "half_spread_ticks": 20, "requote_ticks": 50}
    return [
        entry("sma", "strategies.sma_cross:SmaCross", isolation, symbol="EURUSD"),
        entry("trend", "strategies.trend_following:TrendFollowing", isolation, symbol="EURUSD"),
        entry("rsi", "strategies.rsi_envelope:RsiEnvelope", isolation, symbol="EURUSD"),
        entry("hold", "strategies.buy_and_hold:BuyAndHold", isolation, symbol="EURUSD"),
        entry("maker", "strategies.market_maker:MarketMaker", isolation, symbol="EURUSD", **maker),
    ]


def _figure(who: str, quotes: int, strategies: Sequence[StrategyEntry], target: float | None = None) -> Figure:
    make_feed = partial(_of_file if TICKS.is_file() else _generated, quotes)
    whose = "EURUSD" if TICKS.is_file() else "generated"
    traded = fleet(EURUSD, strategies)
    floor = _pure(traded, make_feed())
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        ours = uvloop.run(_ours(Path(folder), traded, make_feed))
    return Figure(
        name=f"lock-step, {quotes:,} {whose} quotes through {who}, a quote",
        unit="us",
        value=ours * 1e6 / quotes,
        floor=floor * 1e6 / quotes,
        target=target,
    )


async def _ours(folder: Path, traded: Fleet, make_feed: MakeFeed) -> float:
    """Seconds from the first event to the snapshot after the last."""
    async with quarters(folder) as its_quarters:
        with journal(folder, "process") as log:
            shell = PaperShell(
                floor=await Floor.begin(floor_plan(traded, its_quarters, log, make_feed), traded),
                journal=log,
                clock=its_quarters.clock,
                pace=Pace(None),
                watchdog=its_quarters.watchdog,
                snapshot_every_events=SNAPSHOT_EVERY,
                keep_up=lambda: None,
            )
            await shell.begin(None)
            began = time.perf_counter()
            await shell.run()
            took = time.perf_counter() - began
            await shell.floor.hosts.close()
    assert not shell.floor.lockstep.router.tripped, shell.floor.lockstep.router.tripped
    return took


def _pure(traded: Fleet, feed: HistoricalFeed) -> float:
    """Seconds of the pure driver."""
    driver = Driver(
        specs=[_spec(one, traded) for one in traded.strategies],
        instruments=traded.instruments,
        offers=feed.offers,
        cash=traded.cash,
        market=market(traded, feed),
        recorder=MemoryRecorder(),
        ids=ClientOrderIds(1),
        limits=traded.limits,
        start_ns=feed.start_ns,
    )
    began = time.perf_counter()
    driver.run(feed.events())
    return time.perf_counter() - began


def _spec(one: StrategyEntry, traded: Fleet) -> ContainerSpec:
    return ContainerSpec(
        strategy=one.id,
        strategy_class=load_class(one.reference, ROOT),
        parameters=one.params,
        capital=one.capital,
        timeframe_ns=one.timeframe_ns,
        sizing=one.sizing,
    )


def _of_file(quotes: int) -> HistoricalFeed:
    """The first quotes of the file."""
    file = DataFile(path=TICKS, data=DataKind.QUOTES, symbols=("EURUSD",), repeats=True)
    whole = FileFeed(files=[file], start_ns=START_NS)
    after = next(islice(whole.events(), quotes, None), None)
    return FileFeed(files=[file], start_ns=START_NS, end_ns=after and after.ts_ns)


def _generated(quotes: int) -> HistoricalFeed:
    """As many quotes, two seconds apart, of a price that walks."""
    return SyntheticFeed(
        seed=1,
        start_ns=START_NS,
        duration_ns=quotes * 2 * SECOND,
        symbols=[SyntheticSymbol(instrument=EURUSD, price=Decimal("1.38"))],
        data={DataKind.QUOTES},
        every_ns=2 * SECOND,
        bar_interval_ns=MINUTE,
    )


if __name__ == "__main__":
    sys.stdout.write(table(figures()) + "\n")
