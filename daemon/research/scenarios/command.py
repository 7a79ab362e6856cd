"""What `bulkhead backtest --scenarios` and `--separate` do: check all, run what can be, keep what came of each."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

import msgspec

from daemon.clock import Clock, SystemClock
from daemon.processes import SystemProcesses
from daemon.research.command import until_interrupted
from daemon.research.coordinator import Stopped
from daemon.research.scenarios.board import Board, log
from daemon.research.scenarios.cgroups import workers_by_default
from daemon.research.scenarios.checking import Checked, Means, Source, Wanted, check_all, named, read_source, separate
from daemon.research.scenarios.choice import Choice, Executor, choose, debugger
from daemon.research.scenarios.describing import Describing
from daemon.research.scenarios.display import Display
from daemon.research.scenarios.inline import InlineExecutor
from daemon.research.scenarios.processes import PARQUET, SKIPPING, ProcessExecutor
from daemon.research.scenarios.results import ProcessResult, result_path
from daemon.research.scenarios.run_folder import RUN_LOG, base_folder, logged, make_folder
from daemon.research.scenarios.status import Status
from daemon.research.scenarios.summary import RunSummary, analysis, statuses
from daemon.research.scenarios.surveys import Surveys
from daemon.research.scenarios.task import Task, Telling
from daemon.research.scenarios.threads import ThreadExecutor
from daemon.research.showing import STDOUT, Ways
from daemon.research.signal_log import Kept
from daemon.research.wishes import Wishes
from daemon.research.writing import write_all
from daemon.results.outcome import this_python
from daemon.shadowing import refuse_shadowed_packages
from daemon.version import VERSION
from trading.timestamps import iso


class AskedScenarios(msgspec.Struct, frozen=True, kw_only=True):
    """Scenarios as the command line asks for them: those of these names, all of the config where none is named, or one
    for each strategy. Limits are for scenarios that have none of their own."""

    config: Path
    wishes: Wishes
    names: tuple[str, ...] = ()
    separate: bool = False
    executor: Executor | None = None
    workers: int | None = None
    timeout_ns: int | None = None
    memory_bytes: int | None = None
    folder: Path | None = None
    json_path: Path | None = None
    keep: Kept = "acted"
    every_event: bool = False


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is over, with its scenarios in their order and a hint, if there is one."""

    run: RunSummary
    scenarios: list[ProcessResult]
    hint: str

    @property
    def exit_code(self) -> int:
        """0 where all have completed, else 1."""
        return 0 if all(result.success for result in self.scenarios) else 1


class Began(NamedTuple):
    """When a run began, by both clocks."""

    wall_ns: int
    monotonic_ns: int


class Carrier(Protocol):
    """What runs tasks."""

    def carry(self, tasks: Iterator[Task], board: Board, stopped: Stopped) -> None:
        """Run all, until it is stopped; each that begins is told to the board, and its end too."""


def run_scenarios(asked: AskedScenarios, environ: Mapping[str, str]) -> Ran:
    """Run them, and write what was asked for. ConfigProblems, NoScenario, CannotLimit, NotWritten or DiskError before
    anything has run; NotWritten also where a result cannot be kept."""
    refuse_shadowed_packages()
    Ways(json_path=asked.json_path).require()
    clock = SystemClock()
    began = Began(wall_ns=clock.wall_ns(), monotonic_ns=clock.monotonic_ns())
    source = read_source(asked.config, environ)
    wanted = separate(source, asked.wishes) if asked.separate else named(source, asked.names, asked.wishes)
    choice = choose(
        asked.executor,
        len(wanted),
        limited=_is_limited(asked),
        own_limits=any(map(_is_limited, wanted)),
        environ=environ,
        debugger=debugger(),
    )
    surveys, most = Surveys(), asked.workers or workers_by_default()
    with Describing(SystemProcesses()) as processes:
        checked = check_all(source, wanted, Means(environ, processes, surveys), most)
    runnable = sum(not one.problems for one in checked)
    workers = 1 if choice.executor == "inline" else max(1, min(most, runnable))
    folder = make_folder((asked.folder or base_folder(environ)).absolute(), began.wall_ns)
    board = Board([one.scenario for one in checked], folder, clock, Display(sys.stderr))
    with logged(log, folder / RUN_LOG, folder.name):
        for text in surveys.texts:
            log.info("%s", text)
        told = "%d of %d scenarios can run, %d at a time; executor: %s, as %s"
        log.info(told, runnable, len(checked), workers, choice.executor, choice.why)
        carrier = _carrier(choice, workers, clock, environ, checked)
        _carry(carrier, _tasks(asked, source, checked, folder, clock), checked, board)
        summary = _summary(board, clock, began, config=asked.config, choice=choice, workers=workers)
        log.info("done: %s", ", ".join(f"{count} {status}" for status, count in summary.statuses.items()))
    if asked.json_path is not None:
        write_json(asked.json_path, summary, [result_path(folder, one.scenario) for one in checked])
    return Ran(run=summary, scenarios=board.results, hint=choice.hint)


def _is_limited(one: AskedScenarios | Wanted) -> bool:
    return one.timeout_ns is not None or one.memory_bytes is not None


def _carry(carrier: Carrier, tasks: Iterator[Task], checked: Sequence[Checked], board: Board) -> None:
    """Run what can be run; in the end each has its end."""
    _refuse_invalid(checked, board)
    try:
        with until_interrupted() as stopped:
            carrier.carry(tasks, board, stopped)
    except KeyboardInterrupt:
        log.warning("interrupted twice; nothing more is waited for")
    finally:
        board.close()


def _summary(board: Board, clock: Clock, began: Began, *, config: Path, choice: Choice, workers: int) -> RunSummary:
    return RunSummary(
        run_id=board.folder.name,
        version=VERSION,
        python=this_python(),
        config_path=str(config.absolute()),
        folder=str(board.folder),
        executor=choice.executor,
        why=choice.why,
        workers=workers,
        started_at=iso(began.wall_ns),
        ended_at=iso(clock.wall_ns()),
        seconds=(clock.monotonic_ns() - began.monotonic_ns) / 1e9,
        statuses=statuses(board.results),
        analysis=analysis(board.results),
    )


def write_json(path: Path, summary: RunSummary, results: Sequence[Path]) -> None:
    """The whole run, each scenario with its whole result, of which memory holds one at a time; NotWritten."""
    if path == STDOUT:
        _pour(sys.stdout.buffer, summary, results)
        return
    write_all({path: lambda stream: _pour(stream, summary, results)})


def _pour(stream: BinaryIO, summary: RunSummary, results: Sequence[Path]) -> None:
    stream.write(b'{"run":' + msgspec.json.encode(summary) + b',"scenarios":[')
    for place, result in enumerate(results):
        stream.write((b"," if place else b"") + result.read_bytes().rstrip())
    stream.write(b"]}\n")


def _carrier(
    choice: Choice, workers: int, clock: Clock, environ: Mapping[str, str], checked: Sequence[Checked]
) -> Carrier:
    match choice.executor:
        case "inline":
            return InlineExecutor(clock)
        case "thread":
            return ThreadExecutor(workers, clock)
        case "process":
            files = [seen for one in checked if one.looked is not None for seen in one.looked.files]
            parquet = PARQUET if any(seen.path.endswith(".parquet") for seen in files) else ()
            return ProcessExecutor(workers, clock, environ, (*SKIPPING, *parquet))


def _refuse_invalid(checked: Sequence[Checked], board: Board) -> None:
    """What cannot run ends here, with all that is wrong with it."""
    for one in checked:
        if one.problems:
            told = "\n".join(f"{number}. {problem}" for number, problem in enumerate(one.problems, start=1))
            message = f"scenario {one.scenario.name} cannot run:\n{told}"
            board.end(one.scenario, Status.FINISHED_WITH_ERROR, error_type="ValidationError", error_message=message)


def _tasks(
    asked: AskedScenarios, source: Source, checked: Sequence[Checked], folder: Path, clock: Clock
) -> Iterator[Task]:
    """A task for each that can run, made when somebody has a place for it."""
    told = source.settings.backtest.progress
    telling = Telling(every_ns=told.every_ns, portfolio=told.portfolio, performance=told.performance, bars=told.bars)
    for one in checked:
        if one.problems:
            continue
        wanted = one.wanted
        yield Task(
            run=folder.name,
            scenario=one.scenario,
            config=str(source.document.path),
            text=source.document.text,
            values=source.values,
            wishes=wanted.wishes,
            answers=one.answers,
            looked=one.looked,
            folder=str(folder),
            keep=asked.keep,
            every_event=asked.every_event,
            submitted_at=iso(clock.wall_ns()),
            telling=telling if told.enabled else None,
            timeout_ns=asked.timeout_ns if wanted.timeout_ns is None else wanted.timeout_ns,
            memory_bytes=asked.memory_bytes if wanted.memory_bytes is None else wanted.memory_bytes,
        )
