"""From a state's folder to what became of its replay. Whatever cannot be is told before anything is repeated."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from daemon.disk import Disk
from daemon.errors import DaemonError, JournalDamaged
from daemon.journal.frames import NewerFrame
from daemon.journal.reader import JournalReader
from daemon.processes import Processes
from daemon.repetition import JournaledStep
from daemon.research.replay.alone import SoleRunner
from daemon.research.replay.comparison import Tally
from daemon.research.replay.course import Course
from daemon.research.replay.ground import find_config, ground_of, other_markets
from daemon.research.replay.outcome import DivergenceView, Outcome
from daemon.research.replay.runner import Runner
from daemon.research.replay.script import Script
from daemon.state import JOURNAL_NAME
from trading.account.records import StepRecord
from trading.recorder import Recorder
from trading.timestamps import LAST_NS, iso

_LOOKS: Final = 3
"""How often a journal is read that seems damaged: a daemon may have been writing to it meanwhile."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A state, the config that it was traded with where that is named, and whether one strategy alone is repeated, or
    with the market that was recorded."""

    state: Path
    config: Path | None = None
    strategy: str = ""
    recorded_market: bool = False


class Nowhere:
    """A recorder for whom nothing is worth keeping."""

    def record(self, record: StepRecord) -> None:
        """Let it go."""

    def barrier(self) -> None:
        """Nothing is kept."""


def replay(
    wanted: Wanted,
    course: Course,
    *,
    disk: Disk,
    environ: Mapping[str, str],
    processes: Processes,
    on_step: Callable[[JournaledStep], None] | None = None,
    then: Recorder | None = None,
) -> Outcome:
    """Repeat what a state's journal holds; each record that comes as it is journaled is recorded `then`, and `on_step`
    is told of each step. DaemonError where it cannot be repeated at all. Runs an event loop of its own."""
    script = read_script(disk, wanted.state)
    _refuse_empty(script, course)
    config = find_config(wanted.config, wanted.state.absolute(), script.folders)
    ground = ground_of(config, script, environ, processes, wanted.strategy)
    script.move_to(str(config.absolute().parent))
    course.end_event = script.end_event
    tally, then = Tally(on_step), then or Nowhere()
    runner = (
        SoleRunner(script, ground, course, tally, then, strategy=wanted.strategy)
        if wanted.strategy
        else Runner(script, ground, course, tally, then, recorded=wanted.recorded_market)
    )
    course.begin()
    divergence = asyncio.run(runner.run())
    warnings = [*_gaps(script, runner), *runner.warnings]
    if not (wanted.recorded_market or wanted.strategy):
        met = [one for one in script.places if runner.place.sequence <= one.sequence and one.ts_ns <= course.to_ns]
        warnings += other_markets(ground, met)
    if course.is_to_stop():
        warnings.append(f"stopped at event {runner.reached_event} of {script.end_event}, before the journal's end")
    return Outcome(
        identical=divergence is None,
        events=runner.events,
        steps=tally.steps,
        commands=tally.commands,
        orders=tally.orders,
        fills=tally.fills,
        seconds=course.seconds,
        first=iso(runner.place.ts_ns or script.begin_ns),
        last=iso(runner.reached_ns or script.begin_ns),
        divergence=None if divergence is None else DivergenceView.of(divergence),
        warnings=warnings,
    )


def read_script(disk: Disk, state: Path) -> Script:
    """The journal of a state, looked through; DaemonError where there is none that can be read."""
    if not disk.exists(state):
        raise DaemonError(f"there is no state {state}", mend="name the folder that the config has as its `state`")
    script = _looked_through(disk, state)
    if not script.places:
        raise DaemonError(
            f"the journal of {state} holds nothing to begin with: its daemon ended before the first snapshot",
            mend="run it again; then there is something to repeat",
        )
    return script


def _looked_through(disk: Disk, state: Path, looks: int = _LOOKS) -> Script:
    reader = JournalReader(disk, state / JOURNAL_NAME)
    if not reader.segments:
        raise DaemonError(
            f"the state {state} has no journal: no daemon ever ran on it",
            mend="name the folder that the config has as its `state`",
        )
    try:
        return Script(reader)
    except JournalDamaged as error:
        if isinstance(error.__cause__, NewerFrame):
            raise DaemonError(str(error), mend="replay it with the version of Bulkhead that wrote it") from error
        if looks == 1:
            raise
        return _looked_through(disk, state, looks - 1)


def _refuse_empty(script: Script, course: Course) -> None:
    begin_ns = script.places[0].ts_ns or script.begin_ns
    if course.from_ns > course.to_ns or course.from_ns > script.end_ns or course.to_ns < begin_ns:
        given = [f"from {iso(course.from_ns)}"] if course.from_ns else []
        given += [f"to {iso(course.to_ns)}"] if course.to_ns < LAST_NS else []
        raise DaemonError(
            f"nothing is journaled {' '.join(given)}: the journal goes from {iso(begin_ns)} to {iso(script.end_ns)}",
            mend="choose --from and --to within that",
        )


def _gaps(script: Script, runner: Runner) -> Iterator[str]:
    """What of the journal is not there to be repeated."""
    if script.first_sequence > 1 and runner.place == script.places[0]:
        where = f"event {runner.place.event}, {iso(runner.place.ts_ns or script.begin_ns)}"
        yield f"the journal begins at record {script.first_sequence}: repeated from its oldest snapshot on, {where}"
    if script.torn:
        yield f"the journal is torn at its end, and repeated up to there: {script.torn}"
