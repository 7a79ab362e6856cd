"""What one scenario came to, and where that is kept: a file each, written beside and renamed, by whoever knew the end.

A result with its fills and curves may be large, and there may be a thousand of them; so a run keeps them on disk, and
in memory what a table shows.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from daemon.research.scenarios.profile import Profile
from daemon.research.scenarios.status import Status
from daemon.research.writing import write_whole
from daemon.results.result import Metrics, Result

TAIL_LINES: Final = 40
"""Of a scenario's log, the last lines that its result has."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the preparation, and how long it took."""

    name: str
    ms: float


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """Which one it is, what it trades and the window that is asked for, as far as that is known; times are ISO-8601 in
    UTC."""

    name: str
    index: int
    symbols: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None


class ProcessResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a scenario came to.

    `error_type`, `error_message` and `traceback` say why it is no success; a config that does not fit it has no
    traceback. `execution_time_ms` is from the beginning of its preparation to its end. `metrics` are the account's;
    they and `result` are there also where it was cancelled or a strategy failed, as far as it had come: to `end`, which
    nobody knows where there is no result. `window_end` is how far it was to come.
    """

    scenario_name: str
    scenario_index: int
    status: Status
    success: bool
    symbols: Sequence[str] = ()
    start: str | None = None
    end: str | None = None
    window_end: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    traceback: str | None = None
    submitted_at: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    execution_time_ms: float = 0.0
    preparation: Sequence[Step] = ()
    live_updates: int = 0
    profile: Profile | None = None
    log_path: str = ""
    log_tail: Sequence[str] = ()
    metrics: Metrics | None = None
    result: Result | None = None


def ended(scenario: Scenario, status: Status, **known: Any) -> ProcessResult:
    """The result of a scenario of which is known how it ended."""
    result: Result | None = known.get("result")
    return ProcessResult(
        scenario_name=scenario.name,
        scenario_index=scenario.index,
        status=status,
        success=status is Status.COMPLETED,
        symbols=scenario.symbols,
        start=scenario.start,
        end=None if result is None else result.about.end,
        window_end=scenario.end,
        **known,
    )


def slim(result: ProcessResult) -> ProcessResult:
    """What memory keeps of it."""
    return msgspec.structs.replace(result, result=None, log_tail=())


def stem(index: int, name: str) -> str:
    """What a scenario's files are called, in the order of the scenarios."""
    return f"{index:04d}-{name}"


def result_path(folder: Path, scenario: Scenario) -> Path:
    """Where a scenario's result is."""
    return folder / f"{stem(scenario.index, scenario.name)}.json"


def log_path(folder: Path, scenario: Scenario) -> Path:
    """Where its log is."""
    return folder / f"{stem(scenario.index, scenario.name)}.log"


def keep(folder: Path, scenario: Scenario, result: ProcessResult) -> None:
    """Write a result to its file, whole or not at all; NotWritten."""
    write_whole(result_path(folder, scenario), msgspec.json.encode(result) + b"\n")
