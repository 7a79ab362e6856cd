"""The engine of a backtest on events in memory: one strategy, the account and the market, with nothing left out but
what reads data and writes results.
"""

from collections.abc import Sequence
from typing import Final

from benchmarks.floors_of_backtests import PlainFill
from benchmarks.terms import CASH, FEE_RATE
from benchmarks.workloads import AAA, START_NS
from brokers.simulated.costs import NoSlippage, PerShareCommission
from brokers.simulated.market import SimulatedMarket
from daemon.research.obstacle import obstacle
from daemon.research.skip_ahead import SkipAhead
from daemon.research.timeline import Timeline, TimelineWriter
from trading.account.ids import ClientOrderIds
from trading.account.records import Reported, StepRecord
from trading.container import ContainerSpec
from trading.driver import Driver
from trading.limits import RiskLimits
from trading.market_data import MarketEvent
from trading.recorder import MemoryRecorder
from trading.reports import Fill
from trading.sequencer import Offer
from trading.strategy import Strategy
from trading.timestamps import HOUR, MINUTE

ON_BARS: Final = Offer(bar_interval_ns=MINUTE)
ON_QUOTES: Final = Offer(quotes=True)


def driver_of(strategy: type[Strategy], offer: Offer, **params: object) -> Driver:
    """A driver that has not begun, on the terms of all workloads, which keeps its records in a list."""
    capital = {"USD": CASH}
    spec = ContainerSpec(
        strategy="s",
        strategy_class=strategy,
        parameters={"symbol": AAA.symbol, **params},
        capital=capital,
        timeframe_ns=MINUTE,
    )
    market = SimulatedMarket(
        instruments={AAA.symbol: AAA},
        cash=capital,
        match_on={AAA.symbol: offer.matched_on.value},
        slippage=NoSlippage(),
        commission=PerShareCommission(currency=AAA.currency, rate=FEE_RATE),
    )
    return Driver(
        specs=[spec],
        instruments={AAA.symbol: AAA},
        offers={AAA.symbol: offer},
        cash=capital,
        market=market,
        recorder=MemoryRecorder(),
        ids=ClientOrderIds(1),
        limits=RiskLimits(),
        start_ns=START_NS,
        valued_every_ns=HOUR,
    )


def timeline_of(events: Sequence[MarketEvent]) -> Timeline:
    """The events as a run that skips looks ahead in them; no other is derived of them."""
    writer = TimelineWriter()
    writer.add([(events, True)])
    return writer.finished()


def skip_through(driver: Driver, timeline: Timeline) -> None:
    """Carry it through from where something can happen to where something can happen next."""
    assert not obstacle(driver), obstacle(driver)
    driver.begin()
    skipping = SkipAhead(driver, timeline, {})
    while not skipping.is_over:
        skipping.advance()
    driver.finish()


def records_of(driver: Driver) -> list[StepRecord]:
    """All that was recorded."""
    recorder = driver.lockstep.recorder
    assert isinstance(recorder, MemoryRecorder), "no other keeps them"
    return recorder.records


def fills_of(driver: Driver) -> list[PlainFill]:
    """What was traded, by the records; as many fills are in the books."""
    reports = (record.report for record in records_of(driver) if isinstance(record, Reported))
    fills = [_plain(report.fill) for report in reports if report.fill is not None]
    assert len(fills) == driver.containers["s"].portfolio.fills
    return fills


def _plain(fill: Fill) -> PlainFill:
    return PlainFill(fill.ts_ns, fill.side.signed(fill.quantity), fill.price, fill.fee)
