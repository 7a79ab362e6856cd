"""The daemon's own parts put together for a measurement: a fleet on one symbol, real journal, hosts and forkserver."""

import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from brokers.simulated.costs import NoCommission, NoSlippage
from brokers.simulated.market import SimulatedMarket
from daemon.assembly import Quarters, make_host
from daemon.clock import SystemClock
from daemon.disk import RealDisk
from daemon.feeds.port import HistoricalFeed, LiveFeed
from daemon.fleet import Fleet, StrategyEntry
from daemon.floor import FloorMarket, FloorPlan
from daemon.hosts.nursery import Nursery
from daemon.hosts.watchdog import Watchdog
from daemon.journal.log import Durability, Journal
from daemon.journal.reader import JournalReader
from daemon.journal.records import Opened
from daemon.live.feed_watch import FeedWatch
from daemon.live.floor import LiveFloor
from daemon.live.shell import LiveShell
from daemon.live.tape import LiveTape, TapeRecorder
from trading.account.ids import ClientOrderIds
from trading.instruments import Instrument, InstrumentKind
from trading.limits import FixedSize, RiskLimits
from trading.money import Currency
from trading.recorder import Recorder
from trading.timestamps import MILLISECOND, MINUTE

Isolation = Literal["task", "process"]
MakeMarket = Callable[[Fleet, HistoricalFeed], FloorMarket]

MarketT = TypeVar("MarketT", bound=SimulatedMarket)

ROOT: Final = Path(__file__).resolve().parent.parent
CAPITAL: Final = Decimal(1_000_000)
PATIENCE_SECONDS: Final = 60.0
SNAPSHOT_EVERY: Final = 50_000

AAA: Final = Instrument(
    symbol="AAA",
    kind=InstrumentKind.EQUITY,
    currency=Currency.known("USD"),
    tick_size=Decimal("0.01"),
    lot_size=Decimal(1),
)


def entry(name: str, reference: str, isolation: Isolation, *, warmup: int = 0, **params: Any) -> StrategyEntry:
    """One strategy of a fleet, on bars of a minute."""
    return StrategyEntry(
        id=name,
        reference=reference,
        params=params,
        capital={"USD": CAPITAL},
        isolation=isolation,
        timeframe_ns=MINUTE,
        warmup=warmup,
        cancel_on_trip=True,
        limits=RiskLimits(),
        sizing=FixedSize(quantity=Decimal(1_000)),
        code="",
    )


def fleet(instrument: Instrument, strategies: Sequence[StrategyEntry]) -> Fleet:
    """All strategies on one account, without limits."""
    return Fleet(
        currency="USD",
        cash={"USD": CAPITAL * len(strategies)},
        instruments={instrument.symbol: instrument},
        limits=RiskLimits(),
        broker="simulated",
        strategies=list(strategies),
        folder=str(ROOT),
    )


def market(of: Fleet, feed: HistoricalFeed) -> SimulatedMarket:
    """The simulated market, free of costs."""
    return market_of(SimulatedMarket, of, feed)


def market_of(kind: type[MarketT], of: Fleet, feed: HistoricalFeed) -> MarketT:
    """A simulated market of some kind, free of costs."""
    return kind(
        instruments=of.instruments,
        cash=of.cash,
        match_on={symbol: offer.matched_on for symbol, offer in feed.offers.items()},
        slippage=NoSlippage(),
        commission=NoCommission(),
    )


@asynccontextmanager
async def quarters(folder: Path) -> AsyncIterator[Quarters]:
    """Where hosts put their containers: a watchdog, and a forkserver that is opened by the first process."""
    clock, nursery = SystemClock(), Nursery(os.environ, folder / "logs")
    with Watchdog(clock, PATIENCE_SECONDS) as watchdog:
        try:
            yield Quarters(watchdog, nursery, clock, PATIENCE_SECONDS)
        finally:
            await nursery.close()


@contextmanager
def journal(folder: Path, durability: Durability) -> Iterator[Journal]:
    """A journal on the real disk."""
    reader = JournalReader(RealDisk(), folder / "journal")
    opened = Opened(epoch=1, opened_ns=0, build="benchmark", mode="paper", tape={}, fleet={})
    made = Journal(reader, opened, clock=SystemClock(), durability=durability)
    yield made
    made.close()


def floor_plan(
    of: Fleet,
    its_quarters: Quarters,
    recorder: Recorder,
    make_feed: Callable[[], HistoricalFeed],
    *,
    make_market: MakeMarket = market,
    free: bool = False,
) -> FloorPlan:
    """A floor in lock-step, or one whose containers run `free`."""
    return FloorPlan(
        make_feed=make_feed,
        make_market=lambda feed: make_market(of, feed),
        make_host=lambda one, whole: make_host(one, whole, its_quarters, free=free),
        recorder=recorder,
        ids=ClientOrderIds(1),
    )


@asynccontextmanager
async def live(
    folder: Path, of: Fleet, feed: LiveFeed, durability: Durability, make_market: MakeMarket = market
) -> AsyncIterator[LiveShell]:
    """A live shell that is ready to run, its strategies started."""
    async with quarters(folder) as its_quarters:
        with journal(folder, durability) as log:
            tape, clock = TapeRecorder(log), its_quarters.clock
            plan = floor_plan(
                of, its_quarters, tape, lambda: LiveTape(feed, clock.wall_ns()), make_market=make_market, free=True
            )
            floor = await LiveFloor.begin(plan, of)
            shell = LiveShell(
                floor=floor,
                journal=log,
                tape=tape,
                clock=clock,
                watch=FeedWatch(feed, health=floor.health, limits=(), clock=clock),
                watchdog=its_quarters.watchdog,
                snapshot_every_events=SNAPSHOT_EVERY,
                bar_grace_ns=250 * MILLISECOND,
            )
            await shell.begin(None)
            yield shell
            await shell.floor.hosts.close()
