"""With orders and reports on their way, too, a run that is ended anywhere comes to the same as one that is not."""

from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from daemon.check import Plan
from tests.config_builders import plan_of
from tests.simulation.ends import changes, some
from tests.simulation.world import PureRun, World, steps_of
from trading.account.records import Noted
from trading.market import ReportDelayed, TriggerMoved
from trading.reports import ReportKind

BUSY = Path(__file__).with_name("busy.yaml").read_text()
ON_BARS = """
mode: paper
account: {currency: USD, cash: "100000"}
feed:
  kind: synthetic
  duration: 3h
  speed: max
  every: 5s
  data: [bars]
  bars: 1m
  at_end: exit
  symbols: {AAA: {price: "100.00", volatility_ticks: 4}, BBB: {price: "50.00", volatility_ticks: 4}}
broker:
  kind: simulated
instruments:
  AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}
  BBB: {kind: equity, tick_size: "0.01", lot_size: "1"}
strategies:
  - {id: trails, class: "tests.simulation.far_strategies:Trails", params: {symbol: AAA}, capital: "25000"}
  - {id: more, class: "tests.simulation.far_strategies:Trails", params: {symbol: AAA}, capital: "25000"}
  - {id: slow, class: "tests.simulation.far_strategies:Trails", params: {symbol: BBB}, capital: "25000", timeframe: 2m}
  - {id: chaser, class: "tests.simulation.strategies:Chaser", params: {symbol: BBB}, capital: "25000", timeframe: 5m}
"""
LATENCIES = {
    "none": "{}",
    "both": "{orders: 12s, reports: 7s, jitter: 9s, seed: 3}",
    "orders": "{orders: 4s}",
    "reports": "{reports: 25s}",
    "jitter": "{jitter: 30s}",
}


@cache
def plan(market: str, latency: str, seed: int = 1) -> Plan:
    text = {"quotes": BUSY, "bars": ON_BARS}[market]
    text = text.replace("  kind: simulated", f"  kind: simulated\n  latency: {LATENCIES[latency]}")
    with TemporaryDirectory() as folder:
        return plan_of(Path(folder), text.replace("jitter: 30s", f"jitter: 30s, seed: {seed}"))


@cache
def pure(market: str, latency: str) -> PureRun:
    return PureRun(plan(market, latency))


def sites(market: str, latency: str) -> list[str]:
    """A few places where a whole run reaches the disk."""
    world = World(plan(market, latency))
    world.live()
    return some(changes(world.disk.trace), seed=7, few=1)


def assert_as_if_nothing_had_happened(world: World, reference: PureRun) -> None:
    assert steps_of(world.groups()) == reference.steps
    assert world.books() == reference.books
    assert world.adds_up()


@pytest.mark.parametrize("market", ["quotes", "bars"])
@pytest.mark.parametrize("latency", ["both", "orders", "reports", "jitter"])
def test_a_killed_life_finds_everything_on_its_way_again(market: str, latency: str) -> None:
    reference = pure(market, latency)
    for site in sites(market, latency):
        world = World(plan(market, latency))
        world.crash(site)
        world.live()
        assert_as_if_nothing_had_happened(world, reference)


@pytest.mark.parametrize("market", ["quotes", "bars"])
def test_after_power_cuts_and_short_lives_too(market: str) -> None:
    """Snapshots are taken while things are on their way."""
    reference = pure(market, "both")
    for seed in range(3):
        world = World(plan(market, "both"), durability="power", snapshot_every=30 + 10 * seed)
        for number, write in enumerate(Random(seed).sample(range(5, 250), 5)):
            world.crash(f"write#{write}", "prefix" if number % 2 else None, seed=number)
            steps = steps_of(world.groups())
            assert steps == reference.steps[: len(steps)]
        world.live()
        assert_as_if_nothing_had_happened(world, reference)


@pytest.mark.parametrize("market", ["quotes", "bars"])
def test_processes_that_run_ahead_hear_of_it_in_time(market: str, tmp_path: Path) -> None:
    world = World(plan(market, "both"), isolation=("process",))
    world.logs = tmp_path / "logs"
    world.live()
    assert_as_if_nothing_had_happened(world, pure(market, "both"))


@pytest.mark.parametrize("market", ["quotes", "bars"])
def test_these_runs_hold_what_they_are_for(market: str) -> None:
    """Reports on their way, stops that follow, changes that come in time and too late."""
    steps = pure(market, "both").steps
    notes = [record.note for record in steps if isinstance(record, Noted)]
    delayed = [note.report for note in notes if isinstance(note, ReportDelayed)]
    kinds = {report.kind for report in delayed}

    assert len(pure(market, "both").fills) > 30
    assert kinds >= {
        ReportKind.ACCEPTED,
        ReportKind.FILLED,
        ReportKind.CANCELLED,
        ReportKind.CANCEL_REJECTED,
        ReportKind.REPLACED,
        ReportKind.REPLACE_REJECTED,
        ReportKind.TRIGGERED,
    }
    assert any(isinstance(note, TriggerMoved) for note in notes)


def test_late_orders_trade_otherwise() -> None:
    assert pure("quotes", "both").fills != pure("quotes", "orders").fills


def test_the_same_seed_draws_the_same_delays_and_another_others() -> None:
    reference = pure("quotes", "jitter")

    assert PureRun(plan("quotes", "jitter")).steps == reference.steps
    assert PureRun(plan("quotes", "jitter", seed=2)).steps != reference.steps


@pytest.mark.parametrize(
    ("before", "after"), [("none", "both"), ("both", "orders"), ("orders", "reports"), ("reports", "jitter")]
)
def test_another_latency_holds_from_a_restart_on(before: str, after: str) -> None:
    reference = pure("quotes", before)
    for write in (150, 400):
        world = World(plan("quotes", before))
        world.crash(f"write#{write}")
        done = steps_of(world.groups())
        world.plan = plan("quotes", after)
        world.live()

        steps = steps_of(world.groups())
        assert steps[: len(done)] == done == reference.steps[: len(done)]
        assert len(steps) > len(done) > 50
        assert steps != reference.steps
        assert world.adds_up()
