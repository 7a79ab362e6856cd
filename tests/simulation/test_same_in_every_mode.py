"""A backtest and a run of the same config come to the same, byte by byte, whatever seals the strategies off."""

from collections import Counter
from pathlib import Path
from string import Template

import msgspec
import pytest

from daemon.check import Plan
from daemon.clock import SystemClock
from daemon.journal.projection import Projection
from daemon.journal.reader import JournalReader
from daemon.performance import ACCOUNT
from daemon.research.coordinator import BacktestCoordinator
from daemon.results.outcome import Count, Course, outcome
from daemon.results.result import COMPARABLE, About, Result, canonical
from daemon.standing import standing_of
from tests.config_builders import plan_of
from tests.simulation.world import JOURNAL, World

BUSY = Path(__file__).with_name("busy.yaml").read_text()
EXCHANGE = Template("""
mode: paper
account: {currency: $CURRENCY, cash: "10000000"}
broker:
  kind: simulated
  commission: {kind: percent, percent: "0.01"}
  slippage: {kind: fixed, ticks: 1}
  volume_share: $SHARE
feed:
  kind: file
  speed: max
  at_end: exit
  start: "$START"
  end: "$END"
  files: [{path: $FOLDER/$FILE, symbol: $SYMBOL, $HOW}]
instruments: {$SYMBOL: {kind: $KIND, tick_size: "$TICK", lot_size: "$LOT"}}
strategies:
  - {id: sma, class: "strategies.sma_cross:SmaCross", params: {symbol: $SYMBOL, quantity: "$UNITS"}, capital: "1000000"}
  - id: fast
    class: "strategies.sma_cross:SmaCross"
    params: {symbol: $SYMBOL, fast: 3, slow: 8, quantity: "$UNITS"}
    capital: "1000000"
  - id: trend
    class: "strategies.trend_following:TrendFollowing"
    params: {symbol: $SYMBOL}
    capital: "1000000"
    timeframe: $LONGER
    risk: {sizing: {kind: equity_share, share: "0.5"}}
  - id: rsi
    class: "strategies.rsi_envelope:RsiEnvelope"
    params: {symbol: $SYMBOL, rsi_timeframe: $SHORT, envelope_timeframe: $LONG, quantity: "$UNITS"}
    capital: "1000000"
  - id: hold
    class: "strategies.buy_and_hold:BuyAndHold"
    params: {symbol: $SYMBOL, quantity: "$UNITS"}
    capital: "1000000"
  - id: brackets
    class: "strategies.breakout:Breakout"
    params: {symbol: $SYMBOL, tick_size: "$TICK", quantity: "$UNITS"}
    capital: "1000000"
""")
MINUTES = {
    "FILE": "lean_equity/equity_minute_trades.parquet",
    "HOW": "data: bars, interval: 1m, stamp: open",
    "SYMBOL": "SPY",
    "KIND": "equity",
    "CURRENCY": "USD",
    "TICK": "0.0001",
    "LOT": "1",
    "UNITS": "500",
    "SHARE": '"0.001"',
    "START": "2013-10-07T13:30:00Z",
    "END": "2013-10-09T20:00:00Z",
    "SHORT": "1m",
    "LONGER": "5m",
    "LONG": "30m",
}
TICKS = MINUTES | {
    "FILE": "lean_fx/oanda_eurusd_ticks.parquet",
    "HOW": "data: quotes, repeats: true",
    "SYMBOL": "EURUSD",
    "KIND": "fx",
    "TICK": "0.00001",
    "UNITS": "10000",
    "SHARE": "null",
    "START": "2014-05-01T10:00:00Z",
    "END": "2014-05-01T16:00:00Z",
    "LONGER": "1m",
}
CRYPTO = MINUTES | {
    "FILE": "poloniex_30m/BTCUSDT.csv.gz",
    "HOW": "data: bars, interval: 30m, stamp: open, time: s, columns: {time: date}",
    "SYMBOL": "BTCUSDT",
    "KIND": "crypto",
    "CURRENCY": "USDT",
    "TICK": "0.00000001",
    "LOT": "0.0001",
    "UNITS": "25",
    "SHARE": '"0.01"',
    "START": "2016-01-01T00:00:00Z",
    "END": "2016-02-15T00:00:00Z",
    "SHORT": "30m",
    "LONGER": "4h",
    "LONG": "2h",
}


def backtested(plan: Plan, *, every_event: bool = True) -> Result:
    coordinator = BacktestCoordinator(SystemClock())
    found = coordinator.run(plan, stopped=lambda: False, every_event=every_event)
    assert not coordinator.active
    return found


def lived(plan: Plan, folder: Path, *isolation: str) -> Result:
    """What the journal of a whole run on paper says."""
    world = World(plan, isolation=isolation, snapshot_every=10_000)
    world.live()
    reader, lockstep = JournalReader(world.disk, JOURNAL), world.floor.lockstep
    standing = standing_of(
        world.floor.fleet,
        lockstep.router,
        start_ns=world.floor.feed.start_ns,
        now_ns=lockstep.now_ns,
        sequence=reader.tail.sequence,
    )
    tables = Projection.open(folder / "run.sqlite", reader)
    course = Course(
        standing=standing,
        counts={ACCOUNT: Count(), **{strategy: Count() for strategy in standing.capital}},
        seconds=0,
        prices={},
        signals=[],
        warnings=[],
    )
    try:
        about = About(
            run_id="",
            mode="paper",
            version="",
            python="",
            config_path="",
            config="",
            data={},
            currency="",
            start="",
            end="",
        )
        return outcome(tables, course, about)
    finally:
        tables.close()


def assert_same(one: Result, other: Result) -> None:
    first, second = canonical(one), canonical(other)
    for part in COMPARABLE:
        assert first[part] == second[part], part


@pytest.mark.parametrize("isolation", ["task", "process"])
def test_on_generated_data(tmp_path: Path, isolation: str) -> None:
    market = '  slippage: {kind: fixed, ticks: 1}\n  volume_share: "0.2"\nbacktest: {on_error: go_on}\n'
    plan = plan_of(tmp_path, BUSY.replace("  slippage: {kind: fixed, ticks: 1}\n", market))
    found = backtested(plan)
    assert_same(found, lived(plan, tmp_path, isolation))
    assert max(Counter(fill.order_id for fill in found.fills).values()) > 1
    assert any(fill.order_id in exits_of(found) for fill in found.fills)
    assert len({fill.strategy for fill in found.fills}) >= 5
    assert found.strategies["raises"].trip


@pytest.mark.parametrize("isolation", ["task", "process"])
@pytest.mark.parametrize("market", [MINUTES, TICKS, CRYPTO], ids=["minutes", "ticks", "crypto"])
def test_on_data_of_exchanges(tmp_path: Path, shared: Path, market: dict[str, str], isolation: str) -> None:
    plan = plan_of(tmp_path, EXCHANGE.substitute(market, FOLDER=shared / "data"))
    found = backtested(plan)
    assert_same(found, lived(plan, tmp_path, isolation))
    assert {fill.strategy for fill in found.fills} == {"sma", "fast", "trend", "rsi", "hold", "brackets"}
    assert any(fill.order_id in exits_of(found) for fill in found.fills)
    assert (max(Counter(fill.order_id for fill in found.fills).values()) > 1) is (market["SHARE"] != "null")


HOLD = """  - id: hold
    class: "strategies.buy_and_hold:BuyAndHold"
    params: {symbol: $SYMBOL, quantity: "$UNITS"}
    capital: "1000000"
"""
LIMITS = {
    "account_max_daily_loss_notional": '\nrisk: {max_daily_loss_notional: "500"}\n',
    "account_max_drawdown_share": '\nrisk: {max_drawdown_share: "0.0001"}\n',
    "halted": '\nbreakers: {account: {daily_loss_amount: "500", on_trip: flatten}}\n',
}


def without_hold(market: dict[str, str], shared: Path) -> str:
    return Template(EXCHANGE.template.replace(HOLD, "")).substitute(market, FOLDER=shared / "data")


@pytest.mark.parametrize("market", [MINUTES, TICKS, CRYPTO], ids=["minutes", "ticks", "crypto"])
def test_passing_by_what_brings_nothing(tmp_path: Path, shared: Path, market: dict[str, str]) -> None:
    plan = plan_of(tmp_path, without_hold(market, shared))
    whole, skipping = backtested(plan), backtested(plan, every_event=False)
    assert_same(whole, skipping)
    assert whole.metrics == msgspec.structs.replace(skipping.metrics, seconds=whole.metrics.seconds)
    assert len({fill.strategy for fill in whole.fills}) == 5


@pytest.mark.parametrize("code", LIMITS)
def test_passing_by_what_brings_nothing_beside_limits(tmp_path: Path, shared: Path, code: str) -> None:
    plan = plan_of(tmp_path, without_hold(MINUTES, shared) + LIMITS[code])
    whole = backtested(plan)
    assert_same(whole, backtested(plan, every_event=False))
    assert code in {order.code for order in whole.orders}


def exits_of(found: Result) -> set[str]:
    return {order.order_id for order in found.orders if order.parent_id}
