"""What a daemon's journal holds is repeated command by command: through kills and restarts, changed fleets, operations,
lost processes; and what comes otherwise is told with its field and both values."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from daemon.journal.reader import JournalReader
from daemon.paper import PaperShell
from daemon.research.replay.divergence import Difference
from daemon.research.replay.script import Script
from tests.config_builders import plan_of
from tests.simulation.mortals import license_ends
from tests.simulation.replaying import HEAD, MY_ENTRY, a_world, at, diverged, for_events, hour, mine, repeats, replayed
from tests.simulation.test_interventions import DAY, operated
from tests.simulation.test_process_hosts import DOOMED, a_strategy, mortal
from tests.simulation.test_process_hosts import a_plan as a_mortal_plan
from tests.simulation.test_process_hosts import a_world as a_mortal_world
from tests.simulation.test_recovery import BUSY
from tests.simulation.test_restart_with_changes import MAKER, SMA
from tests.simulation.world import JOURNAL, without_wire_id
from trading.account.records import Operation
from trading.commands import Trip, WireSubmit
from trading.recorder import MemoryRecorder

NAMES = ("sma", "maker", "restless", "chaser", "raises", "trend", "resourceful")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The config of the busy hour, unless a test writes another there."""
    path = tmp_path / "config.yaml"
    path.write_text(BUSY.read_text())
    return path


# What is repeated.


@pytest.mark.parametrize("isolation", [("task",), ("process", "task")], ids=" and ".join)
def test_a_busy_hour_is_repeated_to_the_last_command(tmp_path: Path, config: Path, isolation: tuple[str, ...]) -> None:
    """Brackets, trailing stops, amendments, partial fills, a strategy that raises, more rounds than a step has."""
    text = BUSY.read_text().replace("commission:", 'volume_share: "0.02"\n  commission:')
    world = a_world(tmp_path, text, isolation=isolation)
    world.live()
    outcome = repeats(world, config)
    steps = world.steps()
    assert outcome.orders == sum(isinstance(one, WireSubmit) for one in steps) > 200
    assert outcome.fills == len(world.fills()) > 150
    assert outcome.commands > outcome.orders
    assert outcome.events == world.floor.lockstep.events
    assert (outcome.first, outcome.last) == ("2026-01-05T14:30:00Z", "2026-01-05T15:29:50Z")
    parts = Counter(fill.order_id for fill in world.fills())
    assert max(parts.values()) > 1, "no order was filled in parts"
    assert any(one.terms.parent_id for one in steps if isinstance(one, WireSubmit))
    assert {one.strategy for one in steps if isinstance(one, Trip)} == {"raises"}


@pytest.mark.parametrize("name", NAMES)
def test_each_strategy_is_repeated_alone_by_the_reports_that_it_had(config: Path, name: str) -> None:
    outcome = repeats(hour(), config, strategy=name)
    assert outcome.fills == sum(fill.strategy == name for fill in hour().fills())
    assert outcome.commands > 0


def test_what_has_come_is_handed_on_record_by_record(config: Path) -> None:
    world, memory = hour(), MemoryRecorder()
    told: list[int] = []
    repeats(world, config, then=memory, on_step=lambda step: told.append(len(step)))
    assert [without_wire_id(record) for record in memory.records] == world.steps()
    assert sum(told) == len(memory.records)


def test_lives_that_were_killed_make_one_journal_that_repeats(tmp_path: Path, config: Path) -> None:
    world = a_world(tmp_path)
    for write in (120, 60, 200):
        world.crash(f"write#{write}")
        repeats(world, config)
    world.live()
    assert any(not group.committed for group in world.groups()) or len(world.groups()) > 100
    outcome = repeats(world, config)
    assert outcome.fills == len(world.fills())
    for name in ("maker", "resourceful"):
        repeats(world, config, strategy=name)


def test_operations_are_repeated_in_their_places(tmp_path: Path, config: Path) -> None:
    world = a_world(tmp_path)
    world.live(operated(world, DAY))
    assert {one.action for one in world.steps() if isinstance(one, Operation)} == {"halt", "resume", "trip"}
    repeats(world, config)
    repeats(world, config, strategy="maker")
    repeats(world, config, strategy="resourceful")


@pytest.mark.parametrize("policy", ["cancel", "leave"])
def test_processes_that_were_lost_for_good_are_lost_in_the_same_place(
    tmp_path: Path, config: Path, policy: str
) -> None:
    """Here nothing ends: the journal knows where it did."""
    licences = [tmp_path / f"m{number}.licence" for number, _ in enumerate(DOOMED)]
    rule = f", restart: {{policy: temporary}}, on_trip: {policy}"
    doomed = [
        mortal(one.stem, how, where, n, one, more=rule) for one, (where, n, how) in zip(licences, DOOMED, strict=True)
    ]
    for licence in licences:
        license_ends(licence, times=10)
    world = a_mortal_world(a_mortal_plan(tmp_path, a_strategy("first"), *doomed), tmp_path)
    world.live()
    assert sum(isinstance(one, Trip) and one.lost for one in world.steps()) == 4
    assert repeats(world, config).fills == len(world.fills()) > 10
    for name in ("first", "m0", "m2", "m4"):
        repeats(world, config, strategy=name)


# A part of it.


def test_it_begins_at_the_last_snapshot_before_a_time_and_ends_at_another(config: Path) -> None:
    world = hour()
    whole = repeats(world, config)
    half = at(world, 15)
    first, second = repeats(world, config, to_ns=half), repeats(world, config, from_ns=half)
    assert first.last <= "2026-01-05T14:45:00Z"
    assert "2026-01-05T14:40:00Z" < second.first <= "2026-01-05T14:45:00Z"
    assert first.orders + second.orders >= whole.orders
    between = repeats(world, config, from_ns=half, to_ns=at(world, 25))
    assert between.first == second.first
    assert between.steps + first.steps < whole.steps
    assert 0 < repeats(world, config, strategy="maker", from_ns=half).fills < first.fills + second.fills


@pytest.mark.parametrize("minutes", range(1, 60, 7))
def test_wherever_it_ends_nothing_is_missing_or_too_much(config: Path, minutes: int) -> None:
    repeats(hour(), config, to_ns=at(hour(), minutes))


def test_of_a_journal_whose_oldest_segments_are_gone_the_rest_is_repeated_and_it_says_so(
    tmp_path: Path, config: Path
) -> None:
    world = a_world(tmp_path, segment_bytes=60_000)
    world.live()
    first, second, *_ = sorted(name for name in world.disk.list(JOURNAL))
    world.disk.remove(JOURNAL / first)
    outcome = replayed(world, config)
    assert outcome.identical
    sequence = int(second.removeprefix("journal-").removesuffix(".log"))
    (warning,) = outcome.warnings
    assert warning.startswith(f"the journal begins at record {sequence}: repeated from its oldest snapshot on, event ")


def test_it_can_be_stopped_and_tells_what_was_compared_so_far(config: Path) -> None:
    seen: list[int] = []
    outcome = replayed(hour(), config, is_to_stop=lambda: len(seen) > 30, on_step=lambda _: seen.append(1))
    assert (outcome.identical, outcome.steps) == (True, 31)
    (warning,) = outcome.warnings
    assert warning.startswith("stopped at event ")


def test_nothing_is_written_locked_or_made(config: Path) -> None:
    trace = len(hour().disk.trace)
    repeats(hour(), config)
    assert {site.partition("#")[0] for site in hour().disk.trace[trace:]} == {"exists", "list", "read"}


def test_a_journal_is_repeated_while_a_daemon_writes_it(tmp_path: Path, config: Path) -> None:
    world, seen = a_world(tmp_path), []

    async def work(shell: PaperShell) -> None:
        while shell.floor.upcoming() is not None:
            shell.floor.lay_out()
            await shell.floor.advance()
            if shell.floor.rows % 300 == 0:
                seen.append(await asyncio.to_thread(repeats, world, config))

    world.live(work)
    steps = [outcome.steps for outcome in seen]
    assert len(steps) == 4
    assert steps == sorted(set(steps))


# Fleets that change.


def test_strategies_that_come_are_renewed_and_go_are_repeated_where_they_did(tmp_path: Path, config: Path) -> None:
    world = a_world(tmp_path, HEAD + MAKER)
    world.live(for_events(300))
    world.plan = plan_of(tmp_path, HEAD + MAKER + SMA)
    world.live(for_events(700))
    world.plan = plan_of(tmp_path, HEAD + MAKER + SMA.replace("slow: 5", "slow: 7"))
    world.live(for_events(1_000))
    leaving = SMA.replace("strategies.sma_cross:SmaCross", "strategies.go_flat:GoFlat").replace(
        ", fast: 2, slow: 5", ""
    )
    world.plan = plan_of(tmp_path, HEAD + MAKER + leaving)
    world.live(for_events(1_200))
    world.plan = plan_of(tmp_path, HEAD + MAKER)
    world.live()
    assert Counter(fill.strategy for fill in world.fills())["sma"] > 4
    outcome = repeats(world, config)
    assert outcome.fills == len(world.fills())
    assert repeats(world, config, strategy="maker").events == outcome.events
    alone = repeats(world, config, strategy="sma")
    assert alone.fills == Counter(fill.strategy for fill in world.fills())["sma"]
    assert alone.events < outcome.events


@pytest.mark.parametrize("alone", ["", "mine"])
def test_the_code_of_a_last_life_is_repeated_from_its_start_on(tmp_path: Path, config: Path, alone: str) -> None:
    """Where it was renewed it is started again, so that it has what its `start()` makes now."""
    mine(tmp_path, quantity=10)
    world = a_world(tmp_path, HEAD + MY_ENTRY + MAKER)
    world.live(for_events(400))
    mine(tmp_path, quantity=20)
    world.plan = plan_of(tmp_path, HEAD + MY_ENTRY + MAKER)
    world.live(for_events(1_000))
    (renewed,) = (place for place in Script(JournalReader(world.disk, JOURNAL)).places if place.is_turn)
    assert diverged(world, config, strategy=alone).fields[0] == Difference("terms.quantity", "10", "20")
    assert repeats(world, config, from_ns=renewed.ts_ns, strategy=alone).orders > 0
    mine(tmp_path, quantity=20, begins="self.more = 1", more="self.bars += 1 - self.more")
    mended = replayed(world, config, from_ns=renewed.ts_ns, strategy=alone)
    assert (mended.identical, mended.warnings) == (True, ["the code of mine has changed since"])
