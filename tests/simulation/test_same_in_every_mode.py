"""Backtest, run and replay of the same config come to the same, byte by byte: whatever seals the strategies off, and
whether what brings nothing is passed by or not."""

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
from daemon.research.tables import TableRecorder
from daemon.results.outcome import Count, Course, outcome
from daemon.results.result import COMPARABLE, About, Result, canonical
from daemon.standing import standing_of
from tests.config_builders import paired, plan_of
from tests.simulation.replaying import repeats
from tests.simulation.test_account_recovery import ACTIONS, MARGIN, delayed, falling
from tests.simulation.world import JOURNAL, World

NOWHERE = About(
    run_id="", mode="paper", version="", python="", config_path="", config="", data={}, currency="", start="", end=""
)
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
  speed: max
  at_end: exit
  start: "$START"
  $FEED
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
  - id: brackets
    class: "strategies.breakout:Breakout"
    params: {symbol: $SYMBOL, tick_size: "$TICK", quantity: "$UNITS"}
    capital: "1000000"
""")
BARS = {
    "FEED": "end: '2013-10-09T20:00:00Z'\n  kind: file\n  files:"
    " [{path: lean_equity/equity_minute_trades.parquet, symbol: SPY, data: bars, interval: 1m, stamp: open}]",
    "SYMBOL": "SPY",
    "KIND": "equity",
    "CURRENCY": "USD",
    "TICK": "0.0001",
    "LOT": "1",
    "UNITS": "500",
    "SHARE": '"0.001"',
    "START": "2013-10-07T13:30:00Z",
    "SHORT": "1m",
    "LONGER": "5m",
    "LONG": "30m",
}
TICKS = BARS | {
    "FEED": "end: '2014-05-01T16:00:00Z'\n  kind: file\n  files:"
    " [{path: lean_fx/oanda_eurusd_ticks.parquet, symbol: EURUSD, data: quotes, repeats: true}]",
    "SYMBOL": "EURUSD",
    "KIND": "fx",
    "TICK": "0.00001",
    "UNITS": "10000",
    "SHARE": "null",
    "START": "2014-05-01T10:00:00Z",
    "LONGER": "1m",
}
CRYPTO = BARS | {
    "FEED": "end: '2016-01-22T00:00:00Z'\n  kind: file\n  files:"
    " [{path: poloniex_30m/BTCUSDT.csv.gz, symbol: BTCUSDT, data: bars, interval: 30m, stamp: open,"
    " time: s, columns: {time: date}}]",
    "SYMBOL": "BTCUSDT",
    "KIND": "crypto",
    "CURRENCY": "USDT",
    "TICK": "0.00000001",
    "LOT": "0.0001",
    "UNITS": "25",
    "SHARE": '"0.01"',
    "START": "2016-01-01T00:00:00Z",
    "SHORT": "30m",
    "LONGER": "4h",
    "LONG": "2h",
}
GENERATED = BARS | {
    "FEED": "duration: 20d\n  every: 1m\n  bars: 30m\n  kind: synthetic\n  data: [bars]\n"
    "  symbols: {SPY: {price: '100', volatility_ticks: 8}}",
    "TICK": "0.01",
    "SHORT": "30m",
    "LONGER": "4h",
    "LONG": "2h",
}
MARKETS = {"minutes": BARS, "ticks": TICKS, "crypto": CRYPTO, "generated": GENERATED}


@pytest.fixture(params=MARKETS)
def exchange(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The config of five strategies on one of the markets, and its name."""
    text = EXCHANGE.substitute(MARKETS[request.param])
    if "kind: file" not in text:
        return request.param, text
    return request.param, text.replace("{path: ", f"{{path: {request.getfixturevalue('shared')}/data/")


def backtested(plan: Plan, *, every_event: bool = True) -> Result:
    coordinator = BacktestCoordinator(SystemClock())
    found = coordinator.run(plan, stopped=lambda: False, every_event=every_event)
    assert not coordinator.active
    return found


def told_of(world: World, tables: Projection) -> Result:
    """What tables of a world's run say."""
    lockstep = world.floor.lockstep
    standing = standing_of(
        world.floor.fleet,
        lockstep.router,
        start_ns=world.floor.feed.start_ns,
        now_ns=lockstep.now_ns,
        sequence=JournalReader(world.disk, JOURNAL).tail.sequence,
    )
    course = Course(
        standing=standing,
        counts={ACCOUNT: Count(), **{strategy: Count() for strategy in standing.capital}},
        seconds=0,
        prices={},
        signals=[],
        warnings=[],
    )
    return outcome(tables, course, NOWHERE)


def lived(plan: Plan, folder: Path, isolation: str) -> tuple[Result, Result]:
    """What the journal of a whole run on paper says, and what its replay comes to."""
    world = World(plan, isolation=(isolation,), snapshot_every=10_000)
    world.live()
    tables = Projection.open(folder / f"{isolation}.sqlite", JournalReader(world.disk, JOURNAL))
    repeated = TableRecorder()
    try:
        repeats(world, plan.config, then=repeated)
        return told_of(world, tables), told_of(world, repeated.tables())
    finally:
        tables.close()
        repeated.close()


def lived_everywhere(plan: Plan, folder: Path) -> list[Result]:
    """The same of a run in tasks and of one in processes."""
    return [result for isolation in ("task", "process") for result in lived(plan, folder, isolation)]


def assert_same(one: Result, *others: Result) -> None:
    first = canonical(one)
    for other in others:
        second = canonical(other)
        for part in COMPARABLE:
            assert first[part] == second[part], part


def test_on_generated_data(tmp_path: Path) -> None:
    market = '  slippage: {kind: fixed, ticks: 1}\n  volume_share: "0.2"\nbacktest: {on_error: go_on}\n'
    plan = plan_of(tmp_path, BUSY.replace("  slippage: {kind: fixed, ticks: 1}\n", market))
    found = backtested(plan)
    assert_same(found, *lived_everywhere(plan, tmp_path))
    assert max(Counter(fill.order_id for fill in found.fills).values()) > 1
    assert any(fill.order_id in exits_of(found) for fill in found.fills)
    assert len({fill.strategy for fill in found.fills}) >= 5
    assert found.strategies["raises"].trip


def test_on_every_market(tmp_path: Path, exchange: tuple[str, str]) -> None:
    market, text = exchange
    plan = plan_of(tmp_path, text)
    found, skipping = backtested(plan), backtested(plan, every_event=False)
    assert_same(found, skipping, *lived_everywhere(plan, tmp_path))
    assert found.metrics == msgspec.structs.replace(skipping.metrics, seconds=found.metrics.seconds)
    assert {fill.strategy for fill in found.fills} == {"sma", "fast", "trend", "rsi", "brackets"}
    assert any(fill.order_id in exits_of(found) for fill in found.fills)
    assert (max(Counter(fill.order_id for fill in found.fills).values()) > 1) is (market != "ticks")


LIMITS = {
    "account_max_daily_loss_notional": '\nrisk: {max_daily_loss_notional: "500"}\n',
    "account_max_drawdown_share": '\nrisk: {max_drawdown_share: "0.0001"}\n',
    "halted": '\nbreakers: {account: {daily_loss_amount: "500", on_trip: flatten}}\n',
}


@pytest.mark.parametrize("code", LIMITS)
def test_passing_by_what_brings_nothing_beside_limits(tmp_path: Path, shared: Path, code: str) -> None:
    plan = plan_of(tmp_path, EXCHANGE.substitute(BARS).replace("{path: ", f"{{path: {shared}/data/") + LIMITS[code])
    whole = backtested(plan)
    assert_same(whole, backtested(plan, every_event=False))
    assert code in {order.code for order in whole.orders}


GO_ON = "backtest: {on_error: go_on}\n"
MARGINS = {"near": MARGIN, "far": delayed(), "falling": falling()}


@pytest.mark.parametrize("market", MARGINS)
def test_on_margin_with_futures_and_currencies(tmp_path: Path, market: str) -> None:
    (tmp_path / "actions.csv").write_text(ACTIONS)
    plan = plan_of(tmp_path, MARGINS[market] + GO_ON)
    found = backtested(plan)
    assert_same(found, *lived_everywhere(plan, tmp_path))
    assert len(found.fills) > 100
    assert {one.currency for one in found.trades} == {"USD", "JPY"}
    assert any(one.trip for one in found.strategies.values()) is (market == "falling")


FLATTENED = {
    "maker": '{on_trip: flatten, daily_loss_amount: "3"}',
    "chaser": '{on_trip: flatten, drawdown_share: "0.0004"}',
    "restless": "{on_trip: flatten, order_rate: {orders: 3, within: 1m}}",
}
FAR = "  latency: {orders: 900ms, reports: 400ms, jitter: 300ms, seed: 2}\n"


@pytest.mark.parametrize("far", [False, True], ids=["near", "far"])
@pytest.mark.parametrize("of_account", [False, True], ids=["of strategies", "of the account"])
def test_with_breakers_that_flatten(tmp_path: Path, of_account: bool, far: bool) -> None:
    text = BUSY.replace("duration: 1h", "duration: 2h") + GO_ON
    if of_account:
        text += 'breakers: {account: {on_trip: flatten, daily_loss_amount: "50"}}\n'
    else:
        for strategy, rules in FLATTENED.items():
            text = text.replace(f"id: {strategy},", f"id: {strategy}, breakers: {rules},")
    plan = plan_of(
        tmp_path, text.replace("  kind: simulated\n", f"  kind: simulated\n{FAR}" if far else "  kind: simulated\n")
    )
    found = backtested(plan)
    assert_same(found, *lived_everywhere(plan, tmp_path))
    assert any("breaker" in order.reason and order.state == "filled" for order in found.orders)


def test_in_several_currencies(tmp_path: Path) -> None:
    text = paired(BUSY, "EUR").replace('cash: "100000"', 'cash: {USD: "90000", EUR: "20000"}')
    text = text.replace("AAA: {kind: equity,", "AAA: {kind: equity, currency: EUR,")
    text = text.replace('per_share, rate: "0.005"', 'percent, percent: "0.05"')
    for capital in ("20000", "10000"):
        text = text.replace(f'capital: "{capital}"', f'capital: {{USD: "{capital}", EUR: "2000"}}')
    plan = plan_of(tmp_path, text + GO_ON)
    found = backtested(plan)
    assert_same(found, *lived_everywhere(plan, tmp_path))
    assert {one.fee_currency for one in found.fills} == {"EUR", "USD"}
    assert {one.currency for one in found.trades} == {"EUR", "USD"}


def exits_of(found: Result) -> set[str]:
    return {order.order_id for order in found.orders if order.parent_id}
