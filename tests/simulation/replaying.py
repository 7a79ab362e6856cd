"""Replays of what a simulated machine's daemon has left, and journals that were tampered with."""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from daemon.clock import SystemClock
from daemon.journal.frames import NO_SEAL, SEAL_BYTES, encode
from daemon.journal.reader import JournalReader
from daemon.journal.records import Record
from daemon.paper import PaperShell
from daemon.research.replay.course import Course
from daemon.research.replay.outcome import DivergenceView, Outcome
from daemon.research.replay.replay import Wanted, replay
from tests.config_builders import plan_of
from tests.simulation.disk import SimulatedDisk
from tests.simulation.processes import SimulatedProcesses
from tests.simulation.test_recovery import BUSY, busy
from tests.simulation.test_restart_with_changes import HEAD as PLAIN
from tests.simulation.world import JOURNAL, Machine, World
from trading.recorder import Recorder
from trading.timestamps import MINUTE

STATE = JOURNAL.parent
_OF_A_COURSE = ("from_ns", "to_ns", "speed", "is_to_stop", "on_progress")


def replayed(
    machine: Machine | SimulatedDisk,
    config: Path | None,
    *,
    then: Recorder | None = None,
    on_step: Any = None,
    **given: Any,
) -> Outcome:
    """What a replay of the machine's journal comes to, with the config in a file as it is now."""
    disk = machine if isinstance(machine, SimulatedDisk) else machine.disk
    course = Course(SystemClock(), **{name: given.pop(name) for name in _OF_A_COURSE if name in given})
    wanted = Wanted(state=STATE, config=config, **given)
    return replay(wanted, course, disk=disk, environ={}, processes=SimulatedProcesses({}), then=then, on_step=on_step)


def repeats(machine: Machine, config: Path, **given: Any) -> Outcome:
    """The same where nothing may have diverged, and nothing is to be warned of."""
    outcome = replayed(machine, config, **given)
    assert outcome.identical, outcome.divergence
    assert (outcome.divergence, outcome.warnings) == (None, [])
    return outcome


def diverged(machine: Machine | SimulatedDisk, config: Path, **given: Any) -> DivergenceView:
    """The first divergence of a replay."""
    outcome = replayed(machine, config, **given)
    assert not outcome.identical
    assert outcome.divergence is not None
    return outcome.divergence


def rewritten(
    disk: SimulatedDisk, change: Callable[[int, Record], Record | None], *, version: int = 1
) -> SimulatedDisk:
    """A disk with the same journal in one segment, its records changed by sequence, or left out where that gives None;
    whole again."""
    log, seal, encoder, sequence = b"", NO_SEAL, msgspec.msgpack.Encoder(), 0
    for entry in JournalReader(disk, JOURNAL).entries():
        record = change(entry.sequence, entry.record)
        if record is not None:
            sequence += 1
            frame = encode(sequence, sequence - 1, seal, encoder.encode(record))
            log, seal = log + frame, frame[-SEAL_BYTES:]
    if version != 1:
        log = log[:3] + bytes([version]) + log[4:]
    return with_journal(log)


def with_journal(log: bytes, first: int = 1) -> SimulatedDisk:
    """A disk with a journal of one segment."""
    disk = SimulatedDisk()
    disk.make_directory(JOURNAL)
    file = disk.create(JOURNAL / f"journal-{first:016d}.log", len(log))
    file.write_at(log, 0)
    file.close()
    return disk


# Worlds.


@cache
def hour() -> World:
    """The busy hour, of which nothing may be changed."""
    world = World(busy())
    world.live()
    return world


def a_world(folder: Path, text: str = "", **given: Any) -> World:
    """A machine with a config in a folder, that of the busy hour if none is given; nothing has happened."""
    return World(plan_of(folder, text or BUSY.read_text()), **given)


def at(world: World, minutes: int) -> int:
    return world.floor.feed.start_ns + minutes * MINUTE


HEAD = PLAIN.replace("instruments:", "broker: {kind: simulated, slippage: {kind: fixed, ticks: 1}}\ninstruments:", 1)
MINE = """
from trading.strategy import Strategy

class Mine(Strategy):
    symbol: str

    def start(self):
        self.bars = 0
        {begins}
        self.schedule("look", every="{every}")

    def on_bar(self, bar):
        self.bars += 1
        if self.bars % 3 == 0:
            self.target(self.symbol, {quantity} if not self.position(self.symbol) else 0)
        {more}

    def on_timer(self, timer):
        self.bars += 0
"""
MY_ENTRY = """
  - {id: mine, class: "mine.py:Mine", params: {symbol: AAA}, capital: "10000"}
"""


def mine(folder: Path, quantity: int = 10, more: str = "pass", every: str = "7m", begins: str = "pass") -> None:
    (folder / "mine.py").write_text(MINE.format(quantity=quantity, more=more, every=every, begins=begins))
    forget_loaded()


def forget_loaded() -> None:
    """A replay is a new process; here, modules of strategies' files are forgotten."""
    for name in [name for name in sys.modules if name.startswith("bulkhead_strategy_")]:
        del sys.modules[name]


def for_events(count: int) -> Callable[[PaperShell], Any]:
    """A life that is stopped in good order after so many feed events."""

    async def work(shell: PaperShell) -> None:
        while shell.floor.upcoming() is not None and shell.floor.rows < count:
            shell.floor.lay_out()
            await shell.floor.advance()
        await shell.snapshot()

    return work
