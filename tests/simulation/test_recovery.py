"""Wherever a life ends, the next ones come to the same orders, fills and books as if nothing had happened; and that is
what the pure driver, which knows of no journal, comes to."""

import asyncio
import errno
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.check import Plan
from daemon.errors import EpochNotPassed, JournalFailed
from daemon.journal.reader import JournalReader
from daemon.journal.steps import Group
from daemon.journal.verify import verify
from daemon.paper import PaperShell
from tests.config_builders import plan_of
from tests.simulation.disk import Keep, SimulatedDisk
from tests.simulation.ends import changes, some, writes
from tests.simulation.world import JOURNAL, PureRun, World, steps_of, wire_ids_of, without_wire_id
from trading.account.ids import decode
from trading.commands import WireSubmit
from trading.timestamps import SECOND

BUSY = Path(__file__).with_name("busy.yaml")


@cache
def busy() -> Plan:
    with TemporaryDirectory() as folder:
        return plan_of(Path(folder), BUSY.read_text())


@cache
def pure() -> PureRun:
    return PureRun(busy())


@cache
def sites(durability: str = "process", **given: Any) -> list[str]:
    """Where a whole run reaches the disk to change something."""
    world = World(busy(), durability=durability, **given)  # type: ignore[arg-type]
    world.live()
    return changes(world.disk.trace)


def assert_as_if_nothing_had_happened(world: World, reference: PureRun) -> None:
    groups = world.groups()
    assert steps_of(groups) == reference.steps
    assert world.books() == reference.books
    assert world.adds_up()
    wire_ids = wire_ids_of(groups)
    assert len(set(wire_ids)) == len(wire_ids)
    assert_discarded_steps_ran_again(groups)


def assert_discarded_steps_ran_again(groups: list[Group]) -> None:
    """With the orders' own ids as before, and other ids on the wire."""
    sent: dict[str, WireSubmit] = {}
    discarded: list[WireSubmit] = []
    for group in groups:
        submits = [entry.record for entry in group.entries if isinstance(entry.record, WireSubmit)]
        if group.committed:
            sent |= {submit.terms.order_id: submit for submit in submits}
        else:
            discarded += submits
    for submit in discarded:
        again = sent[submit.terms.order_id]
        assert without_wire_id(again) == without_wire_id(submit)
        assert again.cid != submit.cid


def test_a_run_on_a_journal_is_the_pure_drivers_to_the_last_digit() -> None:
    world = World(busy())
    world.live()
    assert len(pure().fills) >= 100
    assert len({fill.strategy for fill in pure().fills}) >= 4
    assert_as_if_nothing_had_happened(world, pure())


@pytest.mark.parametrize("seed", range(2))
def test_a_killed_life_is_taken_up_where_it_was(seed: int) -> None:
    for site in some(sites(), seed):
        world = World(busy())
        world.crash(site)
        world.live()
        assert_as_if_nothing_had_happened(world, pure())


@pytest.mark.parametrize("keep", get_args(Keep))
def test_after_a_power_cut_too(keep: Keep) -> None:
    for number, site in enumerate(some(sites("power"), seed=len(keep))):
        world = World(busy(), durability="power")
        world.crash(site, keep, seed=number)
        world.live()
        assert_as_if_nothing_had_happened(world, pure())


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 400), st.booleans()), min_size=2, max_size=6), st.integers(20, 2_000))
def test_any_number_of_lives_make_one_run(ends: list[tuple[int, bool]], snapshot_every: int) -> None:
    """Each is ended at its so-many-th write, by a kill or by a power cut; the books add up after every recovery."""
    world = World(busy(), durability="power", snapshot_every=snapshot_every)
    for number, (write, power) in enumerate(ends):
        world.crash(f"write#{write}", "prefix" if power else None, seed=number)
        world.live(rest)
        assert world.adds_up()
    world.live()
    assert_as_if_nothing_had_happened(world, pure())
    assert verify(JournalReader(world.disk, JOURNAL)).torn == ""


async def rest(_shell: PaperShell) -> None:
    """A life that recovers and does nothing."""


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_after_a_failed_write_nothing_is_sent_and_the_next_life_goes_on(number: int) -> None:
    for site in some(writes(sites()), seed=number)[2:]:
        world = World(busy(), disk=SimulatedDisk(faults={site: number}))
        with pytest.raises(JournalFailed):
            world.live()
        assert_market_has_heard_only_what_is_safe(world)
        world.disk = world.disk.after_kill()
        world.live()
        assert_as_if_nothing_had_happened(world, pure())


def assert_market_has_heard_only_what_is_safe(world: World) -> None:
    known = set(world.wire_ids())
    state = world.floor.lockstep.market.state()
    assert {order.cid for order in state["working"]} | set(state["closed"]) <= known


def test_an_id_of_the_wire_tells_its_strategy_without_any_journal() -> None:
    world = World(busy())
    world.crash("write#300")
    world.live()
    strategies = [entry.id for entry in world.floor.fleet.strategies]
    epochs = {decode(cid, strategies).epoch_ms for cid in world.wire_ids()}
    owners = {decode(cid, strategies).strategy for cid in world.wire_ids()}
    assert len(epochs) == 2
    assert owners == set(strategies)


def test_a_clock_that_was_set_back_refuses_the_start_for_the_wires_ids_sake() -> None:
    world = World(busy())
    world.crash("write#300")
    before = world.groups()
    world.clock.step_wall(-60 * SECOND)
    with pytest.raises(EpochNotPassed):
        world.live()
    assert world.groups() == before


def test_no_id_of_the_wire_repeats_after_an_old_backup_was_restored() -> None:
    world = World(busy())
    world.crash("write#200")
    backup = world.disk.copy()
    world.live()
    later = set(world.wire_ids())
    world.disk = backup
    before = set(world.wire_ids())
    world.live()
    assert not (set(world.wire_ids()) - before) & later


def test_who_stops_between_two_events_loses_none() -> None:
    """The event that waited for its time when the life ended comes first in the next."""
    world = World(busy(), speed=60)

    async def until_stopped(shell: PaperShell) -> None:
        running = asyncio.create_task(shell.run())
        await world.clock.advance(SECOND * 7 + 12_345_678)
        shell.stop()
        await running

    for _ in range(6):
        world.live(until_stopped)
    assert 3_000 > world.floor.rows > 6 * 80
    world = in_a_hurry(world)
    world.live()
    assert_as_if_nothing_had_happened(world, pure())


def in_a_hurry(world: World) -> World:
    """The same machine, as fast as possible from now on."""
    after = World(world.plan, disk=world.disk)
    after.clock = world.clock
    return after


ON_BARS = """
mode: paper
account: {currency: USD, cash: "100000"}
feed:
  {kind: synthetic, duration: 1h, speed: max, every: 5s, data: [bars], bars: 1m, symbols: {AAA: {price: "100.00"}}}
instruments: {AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}}
strategies:
  - {id: chaser, class: "tests.simulation.strategies:Chaser", params: {symbol: AAA}, capital: "50000", timeframe: 5m}
  - {id: slow, class: "tests.simulation.strategies:Chaser", params: {symbol: AAA}, capital: "50000", timeframe: 10m}
"""


def test_steps_that_were_due_at_the_feeds_end_are_taken_up_too(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, ON_BARS)
    whole = World(plan)
    whole.live()
    reference = PureRun(plan)
    ordered = [record.terms for record in reference.steps if isinstance(record, WireSubmit)]
    last_ns = whole.floor.lockstep.now_ns
    assert [terms.strategy for terms in ordered if terms.created_ns == last_ns] == ["chaser", "slow"]
    for site in writes(whole.disk.trace)[-20:]:
        world = World(plan)
        world.crash(site)
        world.live()
        assert_as_if_nothing_had_happened(world, reference)


def test_a_segment_smaller_than_a_snapshot_does_not_make_one_of_every_step() -> None:
    world = World(busy(), segment_bytes=1_000, snapshot_every=10**9)
    world.live()
    assert len(JournalReader(world.disk, JOURNAL).segments) < len(pure().steps) / 4
    assert_as_if_nothing_had_happened(world, pure())
