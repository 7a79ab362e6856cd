"""What limits remember, container's and account's: wherever a life ends, the next one refuses what an uninterrupted run
refuses; and processes change none of it. The hour spans a midnight."""

from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import pytest

from daemon.check import Plan
from daemon.journal.steps import Group
from tests.config_builders import plan_of
from tests.simulation.disk import Keep
from tests.simulation.ends import changes, some
from tests.simulation.test_recovery import BUSY, assert_as_if_nothing_had_happened
from tests.simulation.world import PureRun, World
from trading.commands import RefusedOrder

OWN = {
    "sma": "max_daily_loss_notional: 15",
    "maker": "duplicate_window: 1m",
    "restless": 'max_drawdown_share: "0.0008"',
    "chaser": 'max_heat_notional: 300, heat_without_stop_share: "0.5", restricted_symbols: [AAA]',
    "resourceful": 'price_collar_percent: "0.05", symbols: [AAA], max_orders_per_second: 2',
}
LOSS = "max_orders_per_second: 2, max_daily_loss_notional: 60, self_trade: reject"
DRAWDOWN = 'max_orders_per_second: 1, max_drawdown_share: "0.0008", duplicate_window: 15s, self_trade: reject'
ACCOUNTS = (LOSS, DRAWDOWN)


@cache
def plan(account: str) -> Plan:
    """The busy hour with limits, from half past eleven."""
    text = BUSY.read_text().replace("  duration: 1h\n", '  start: "2026-01-05T23:30:00Z"\n  duration: 1h\n')
    for strategy, limits in OWN.items():
        head = f"  - {{id: {strategy}, "
        assert text.count(head) == 1, strategy
        text = text.replace(head, f"{head}risk: {{{limits}}}, ")
    with TemporaryDirectory() as folder:
        return plan_of(Path(folder), text + f"risk: {{{account}}}\n")


@cache
def pure(account: str) -> PureRun:
    return PureRun(plan(account))


@cache
def sites(account: str, durability: str = "process") -> list[str]:
    world = World(plan(account), durability=durability)  # type: ignore[arg-type]
    world.live()
    return changes(world.disk.trace)


def refusals(groups: list[Group]) -> Counter[str]:
    records = (entry.record for group in groups for entry in group.entries)
    return Counter(record.code for record in records if isinstance(record, RefusedOrder))


def test_the_hour_meets_every_limit_that_remembers_something() -> None:
    met: Counter[str] = Counter()
    for account in ACCOUNTS:
        world = World(plan(account))
        world.live()
        assert_as_if_nothing_had_happened(world, pure(account))
        met += refusals(world.groups())
    assert met.keys() >= {
        "max_daily_loss_notional",
        "max_drawdown_share",
        "duplicate",
        "price_collar_percent",
        "self_trade",
        "account_max_orders_per_second",
        "account_max_daily_loss_notional",
        "account_max_drawdown_share",
        "account_duplicate",
    }


@pytest.mark.parametrize("account", ACCOUNTS)
def test_a_killed_life_is_taken_up_where_it_was(account: str) -> None:
    for site in some(sites(account), seed=len(account)):
        world = World(plan(account))
        world.crash(site)
        world.live()
        assert_as_if_nothing_had_happened(world, pure(account))


@pytest.mark.parametrize("keep", get_args(Keep))
def test_after_a_power_cut_too(keep: Keep) -> None:
    for number, site in enumerate(some(sites(LOSS, "power"), seed=len(keep), few=2)):
        world = World(plan(LOSS), durability="power")
        world.crash(site, keep, seed=number)
        world.live()
        assert_as_if_nothing_had_happened(world, pure(LOSS))


@pytest.mark.parametrize("account", ACCOUNTS)
def test_many_lives_with_many_snapshots_make_one_run(account: str) -> None:
    world = World(plan(account), snapshot_every=40)
    for write in range(60, 900, 140):
        world.crash(f"write#{write}")
    world.live()
    assert_as_if_nothing_had_happened(world, pure(account))


@pytest.mark.parametrize("account", ACCOUNTS)
def test_processes_change_none_of_it(account: str) -> None:
    world = World(plan(account), isolation=("process",))
    world.live()
    assert_as_if_nothing_had_happened(world, pure(account))
