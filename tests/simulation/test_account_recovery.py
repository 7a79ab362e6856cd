"""On margin too, with everything that falls due, a run that is ended anywhere comes to the same as one that is not."""

from collections import Counter
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from daemon.check import Plan
from tests.config_builders import plan_of
from tests.simulation.ends import changes, some
from tests.simulation.world import PureRun, World, steps_of
from trading.account.records import Posted, Valued
from trading.timestamps import HOUR, SECOND

MARGIN = Path(__file__).with_name("margin.yaml").read_text()
ACTIONS = """date,kind,value
2026-01-07,dividend,0.37
2026-01-08,split,3:2
"""
LATENCY = "{orders: 12s, reports: 7s, jitter: 9s, seed: 3}"


@cache
def plan(text: str = MARGIN) -> Plan:
    with TemporaryDirectory() as folder:
        (Path(folder) / "actions.csv").write_text(ACTIONS)
        return plan_of(Path(folder), text)


@cache
def pure(text: str = MARGIN) -> PureRun:
    return PureRun(plan(text))


def delayed() -> str:
    return MARGIN.replace("  kind: simulated\n", f"  kind: simulated\n  latency: {LATENCY}\n")


def falling() -> str:
    """As much as ever fits, at ten times the moves."""
    return MARGIN.replace("volatility_ticks: 30", "volatility_ticks: 600").replace('most: "5"', 'most: "40"')


def assert_as_if_nothing_had_happened(world: World, reference: PureRun) -> None:
    assert steps_of(world.groups()) == reference.steps
    assert world.books() == reference.books
    assert world.adds_up()


def test_every_kind_of_thing_befalls_the_account() -> None:
    befell = Counter(step.posting.kind.value for step in pure().steps if isinstance(step, Posted))
    assert set(befell) >= {
        *("dividend", "split", "funding", "swap", "borrow", "interest", "settlement", "expiry", "conversion"),
    }
    assert len(pure().fills) > 300
    began_ns = 1_767_708_000 * SECOND
    assert [step.ts_ns for step in pure().steps if isinstance(step, Valued)] == [
        began_ns,
        *range(began_ns, began_ns + 60 * HOUR, HOUR),
    ]
    assert any(isinstance(step, Posted) and step.posting.kind == "liquidation" for step in pure(falling()).steps)


@pytest.mark.parametrize("text", [MARGIN, delayed(), falling()], ids=["at once", "with latency", "with liquidations"])
def test_a_life_that_is_killed_is_taken_up_where_it_was(text: str) -> None:
    whole = World(plan(text))
    whole.live()
    assert_as_if_nothing_had_happened(whole, pure(text))
    for site in some(changes(whole.disk.trace), seed=7, few=2):
        world = World(plan(text))
        world.crash(site)
        world.live()
        assert_as_if_nothing_had_happened(world, pure(text))


def test_after_power_cuts_and_short_lives_too() -> None:
    world = World(plan(), durability="power", snapshot_every=200)
    for number, write in enumerate(Random(1).sample(range(5, 400), 6)):
        world.crash(f"write#{write}", "prefix" if number % 2 else None, seed=number)
        steps = steps_of(world.groups())
        assert steps == pure().steps[: len(steps)]
    world.live()
    assert_as_if_nothing_had_happened(world, pure())


@pytest.mark.parametrize("text", [MARGIN, falling()], ids=["quiet", "with liquidations"])
def test_processes_hear_of_what_befalls_them_at_the_same_event(text: str, tmp_path: Path) -> None:
    world = World(plan(text), isolation=("process",))
    world.logs = tmp_path / "logs"
    world.live()
    assert_as_if_nothing_had_happened(world, pure(text))
