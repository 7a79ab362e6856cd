"""What cannot be repeated is told before anything is, with how to mend it; what is left of a journal is repeated."""

from pathlib import Path
from typing import Any

import pytest

from daemon.config.problems import ConfigProblems
from daemon.errors import (
    ChangeRefused,
    DaemonError,
    JournalDamaged,
    StrategyNotLoaded,
    UnknownStrategy,
)
from daemon.research.replay.alone import DRIFTED
from tests.config_builders import plan_of
from tests.simulation.disk import SimulatedDisk
from tests.simulation.replaying import (
    HEAD,
    MY_ENTRY,
    STATE,
    a_world,
    at,
    for_events,
    forget_loaded,
    hour,
    mine,
    repeats,
    replayed,
    rewritten,
    with_journal,
)
from tests.simulation.test_recovery import BUSY, busy
from tests.simulation.test_restart_with_changes import MAKER
from tests.simulation.world import JOURNAL, Machine
from trading.timestamps import SECOND


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The config of the busy hour, unless a test writes another there."""
    path = tmp_path / "config.yaml"
    path.write_text(BUSY.read_text())
    return path


def refusal(
    machine: Machine | SimulatedDisk, config: Path | None, kind: type[DaemonError], **given: Any
) -> DaemonError:
    with pytest.raises(kind) as caught:
        replayed(machine, config, **given)
    assert caught.value.mend
    return caught.value


def test_a_state_that_is_not_there_and_one_without_a_journal(config: Path) -> None:
    disk = SimulatedDisk()
    assert str(refusal(disk, config, DaemonError)) == f"there is no state {STATE}"
    disk.make_directory(STATE)
    assert str(refusal(disk, config, DaemonError)) == f"the state {STATE} has no journal: no daemon ever ran on it"


def test_a_journal_whose_life_ended_before_anything_was_traded(tmp_path: Path, config: Path) -> None:
    world = a_world(tmp_path)
    world.crash("write#1")
    told = refusal(world, config, DaemonError)
    assert str(told).startswith(f"the journal of {STATE} holds nothing to begin with")


def test_a_journal_of_another_version(config: Path) -> None:
    newer = rewritten(hour().disk, lambda _, record: record, version=9)
    told = refusal(newer, config, DaemonError)
    assert "the frame has version 9; this build reads 1" in str(told)
    assert told.mend == "replay it with the version of Bulkhead that wrote it"


def test_a_frame_that_rotted_in_the_middle(config: Path) -> None:
    disk = hour().disk.copy()
    segment = JOURNAL / sorted(disk.list(JOURNAL))[0]
    disk.flip(segment, 8 * 50_000)
    told = refusal(disk, config, JournalDamaged)
    assert str(segment) in str(told)


def test_a_torn_tail_is_repeated_up_to_the_tear_and_told(config: Path) -> None:
    log = whole_log()
    torn = with_journal(log[: len(log) * 2 // 3])
    outcome = replayed(torn, config)
    assert outcome.identical
    assert 100 < outcome.steps < len(hour().groups())
    (warning,) = outcome.warnings
    assert warning.startswith("the journal is torn at its end, and repeated up to there: ")


def whole_log() -> bytes:
    """The journal of the hour, in one segment."""
    disk = rewritten(hour().disk, lambda _, record: record)
    return disk.read(JOURNAL / disk.list(JOURNAL)[0])


def test_a_feed_that_is_not_the_one_of_then(config: Path) -> None:
    config.write_text(BUSY.read_text().replace("every: 10s", "every: 10s\n  seed: 5"))
    told = refusal(hour(), config, ChangeRefused)
    assert str(told) == "the feed is not the one that this state was traded on; different: seed"
    assert told.mend == ("put the data back as it was, or name the config that the state was traded with: -c CONFIG")


def test_an_account_that_is_not_the_one_of_then(config: Path) -> None:
    config.write_text(BUSY.read_text().replace('cash: "100000"', 'cash: "200000"'))
    told = refusal(hour(), config, ChangeRefused)
    assert str(told) == f"{config} differs from what the journal holds: account.cash was 100000 and would be 200000"


FLEET = HEAD + MY_ENTRY + MAKER
OTHER_FLEETS = [
    ("params: {symbol: AAA}", "params: {symbol: BBB}", "strategies.mine.params.symbol was AAA and would be BBB"),
    ("params: {symbol: AAA}", "params: {symbol: AAA, n: 1}", "strategies.mine.params.n was not given and would be 1"),
    ("mine.py:Mine", "mine.py:Others", "strategies.mine.class was mine.py:Mine and would be mine.py:Others"),
    ('capital: "10000"', 'capital: "9000"', "mine: capital was 10000 and would be 9000"),
    ("{id: mine,", "{id: yours,", "strategies.mine would be gone; strategies.yours would be new"),
    ("{id: mine,", "{id: mine, warmup: 3,", "strategies.mine.warmup was 0 and would be 3"),
    ("{id: mine,", "{id: mine, timeframe: 5m,", "strategies.mine.timeframe was 1m and would be 5m"),
    ("{id: mine,", "{id: mine, on_trip: leave,", "strategies.mine.on_trip was cancel and would be leave"),
    (
        "{id: mine,",
        "{id: mine, risk: {max_open_orders: 3, sizing: {kind: fixed, quantity: 5}},",
        "strategies.mine.risk.max_open_orders was not given and would be 3; "
        "strategies.mine.risk.sizing.quantity was not given and would be 5",
    ),
    (
        "{id: mine,",
        "{id: mine, breakers: {consecutive_rejects: 3},",
        "strategies.mine.breakers.consecutive_rejects was not given and would be 3",
    ),
    (
        "strategies:",
        'risk: {max_order_notional: "5"}\nstrategies:',
        "risk.max_order_notional was not given and would be 5",
    ),
    (
        "strategies:",
        "journal: {equity_every: 2h}\nstrategies:",
        "journal.equity_every was 1h and would be 2h",
    ),
]


@pytest.mark.parametrize(("old", "new", "told"), OTHER_FLEETS, ids=[case[2].split()[0] for case in OTHER_FLEETS])
def test_a_fleet_that_is_not_the_one_of_then(tmp_path: Path, config: Path, old: str, new: str, told: str) -> None:
    mine(tmp_path)
    world = a_world(tmp_path, FLEET)
    world.live(for_events(300))
    assert FLEET.count(old) >= 1
    config.write_text(FLEET.replace(old, new, 1))
    refused = refusal(world, config, ChangeRefused)
    assert str(refused) == f"{config} differs from what the journal holds: {told}"
    assert refused.mend.startswith("give the config as it was: -c CONFIG; ")
    if ".mine" in told or told.startswith("mine"):
        repeats(world, config, strategy="maker")
        assert told.partition("; ")[0] in str(refusal(world, config, ChangeRefused, strategy="mine"))


def test_what_is_no_part_of_a_replay_may_be_another(tmp_path: Path, config: Path) -> None:
    mine(tmp_path)
    world = a_world(tmp_path, FLEET)
    world.live(for_events(300))
    config.write_text(FLEET.replace("{id: mine,", "{id: mine, isolation: task, restart: {most: 9},"))
    repeats(world, config)


def test_the_config_of_each_life_is_that_of_the_journal(tmp_path: Path, config: Path) -> None:
    mine(tmp_path)
    lives = [HEAD + MAKER, FLEET, FLEET.replace("{id: mine,", "{id: mine, risk: {max_open_orders: 3},")]
    world = a_world(tmp_path, lives[0])
    world.live(for_events(100))
    for text in lives[1:]:
        world.plan = plan_of(tmp_path, text)
        world.live(for_events(300))
    for text in lives:
        config.write_text(text)
        repeats(world, config)
    config.write_text(lives[2].replace("max_open_orders: 3", "max_open_orders: 4"))
    told = refusal(world, config, ChangeRefused)
    assert str(told).endswith("holds: strategies.mine.risk.max_open_orders was 3 and would be 4")


def test_a_config_that_is_not_there(tmp_path: Path) -> None:
    missing = tmp_path / "other.yaml"
    assert "no such file" in str(raised(ConfigProblems, missing))
    told = raised(DaemonError, None)
    assert str(told) == (
        f"there is no config of the state {STATE}: no {STATE.parent}config.yaml, beside the state, and no {gone()}, in "
        "the folder that the journal has of it"
    )


def raised(kind: type[DaemonError], config: Path | None) -> DaemonError:
    with pytest.raises(kind) as caught:
        replayed(hour(), config)
    return caught.value


def gone() -> Path:
    """Where the config of the hour was, which was a folder for the time being."""
    return busy().folder / "config.yaml"


def test_a_strategy_that_never_was(config: Path) -> None:
    told = refusal(hour(), config, UnknownStrategy, strategy="smaa")
    assert (str(told), told.exit_code) == ("no strategy 'smaa' in this journal", 4)
    assert told.mend == "those in it: sma, maker, restless, chaser, raises, trend, resourceful"


@pytest.mark.parametrize("times", [(1, 2), (None, 5), (90, None), (30, 20)])
def test_a_time_of_which_nothing_is_journaled(config: Path, times: tuple[int | None, int | None]) -> None:
    since, until = (None if one is None else at(hour(), one) for one in times)
    if times == (1, 2):
        since, until = SECOND, 2 * SECOND
    if times == (None, 5):
        until = at(hour(), -5)
    window = {**({} if since is None else {"from_ns": since}), **({} if until is None else {"to_ns": until})}
    told = refusal(hour(), config, DaemonError, **window)
    assert "the journal goes from 2026-01-05T14:30:00Z to 2026-01-05T15:29:50Z" in str(told)


def test_code_that_is_gone_refuses_all_but_others_alone(tmp_path: Path, config: Path) -> None:
    mine(tmp_path)
    world = a_world(tmp_path, HEAD + MY_ENTRY + MAKER)
    world.live()
    (tmp_path / "mine.py").unlink()
    forget_loaded()
    told = refusal(world, config, StrategyNotLoaded)
    assert "no file" in str(told)
    assert "--container ID" in told.mend
    assert repeats(world, config, strategy="maker").fills > 10


def test_others_whose_code_is_gone_and_that_set_timers_are_told_as_what_may_not_be_exact(
    tmp_path: Path, config: Path
) -> None:
    mine(tmp_path, more="self.schedule('once', at_ns=bar.ts_ns + 1)")
    world = a_world(tmp_path, HEAD + MY_ENTRY + MAKER)
    world.live()
    (tmp_path / "mine.py").unlink()
    forget_loaded()
    outcome = replayed(world, config, strategy="maker")
    assert outcome.identical
    assert outcome.warnings == [DRIFTED]


def test_code_that_does_not_take_its_parameters_or_its_state(tmp_path: Path, config: Path) -> None:
    mine(tmp_path)
    world = a_world(tmp_path, HEAD + MY_ENTRY + MAKER)
    world.live()
    (tmp_path / "mine.py").write_text((tmp_path / "mine.py").read_text().replace("symbol: str", "market: str"))
    forget_loaded()
    told = refusal(world, config, StrategyNotLoaded)
    assert "the parameters are those of the journal" in str(told)
