"""What the supervisor knows of strategies without importing them: a short-lived process imports them and tells.

One process describes all entries. If it dies or hangs, each entry is asked alone, so that the culprit is named.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from daemon.errors import ProcessNotStarted
from daemon.hosts.launch import environment
from daemon.processes import Finished, Processes
from trading.commands import ScheduleTimer
from trading.instruments import Instrument
from trading.subscriptions import Subscription

DEADLINE_SECONDS: Final = 10.0
READY: Final = b"ready\n"
"""What the process writes before it runs any strategy's code; if it fails before, no strategy is to blame."""
_STACK_LINE: Final = re.compile(r'File "([^"]+)", line (\d+)')


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy to be described. `capital` is by currency code, `warmup` in bars of the timeframe."""

    id: str
    reference: str
    params: dict[str, Any]
    capital: dict[str, Decimal]
    timeframe_ns: int
    warmup: int


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What the process reads. Files count from `folder`; strategies start at `now_ns`."""

    folder: str
    now_ns: int
    deadline_seconds: float
    instruments: dict[str, Instrument]
    entries: list[Entry]


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter as its class declares it, and its value in this entry; `default` is None where it is required."""

    name: str
    type: str
    required: bool
    default: Any
    value: Any


class Description(msgspec.Struct, frozen=True, kw_only=True, tag="described"):
    """What a strategy is and wants to hear, as its class and its `start()` say."""

    id: str
    name: str
    doc: str
    file: str
    parameters: list[Parameter]
    subscriptions: list[Subscription]
    timers: list[ScheduleTimer]


class Flaw(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong at one key of an entry, such as `("params", "fast")`."""

    path: tuple[str, ...]
    message: str


class Undescribed(msgspec.Struct, frozen=True, kw_only=True, tag="undescribed"):
    """A strategy that cannot be run as it is configured."""

    id: str
    flaws: list[Flaw]


Answer = Description | Undescribed


def describe(request: Request, processes: Processes, environ: Mapping[str, str]) -> list[Answer]:
    """An answer for each entry, in their order; ProcessNotStarted when none can be had."""
    if not request.entries:
        return []
    finished = _run(request, processes, environ)
    if not finished.output.startswith(READY):
        last = finished.errors.decode(errors="replace").strip().rpartition("\n")[2]
        raise ProcessNotStarted(
            f"the process that describes strategies failed ({finished.ending}) before it began: {last}"
        )
    answers = _answers(finished)
    if answers is not None:
        return answers
    if len(request.entries) == 1:
        return [Undescribed(id=request.entries[0].id, flaws=[_culprit(request, finished)])]
    alone = (msgspec.structs.replace(request, entries=[entry]) for entry in request.entries)
    return [answer for one in alone for answer in describe(one, processes, environ)]


def _run(request: Request, processes: Processes, environ: Mapping[str, str]) -> Finished:
    # -P keeps the working directory, where anything may lie, off the path of imports.
    return processes.run(
        (sys.executable, "-P", "-m", "daemon.describe"),
        given=msgspec.msgpack.encode(request),
        environment=environment(environ),
        deadline_seconds=request.deadline_seconds,
    )


def _answers(finished: Finished) -> list[Answer] | None:
    if finished.timed_out or finished.exit_code != 0:
        return None
    return msgspec.msgpack.decode(finished.output.removeprefix(READY), type=list[Answer])


def _culprit(request: Request, finished: Finished) -> Flaw:
    seconds = f"{request.deadline_seconds:g} s"
    what = (
        f"its import or start() hangs: no answer within {seconds}"
        if finished.timed_out
        else f"its import or start() ended the process ({finished.ending})"
    )
    return Flaw(path=("class",), message=what + _last_place(finished.errors))


def _last_place(errors: bytes) -> str:
    """The innermost line of the stack that a process left before it was killed, if it left one."""
    stack = _STACK_LINE.findall(errors.decode(errors="replace"))
    places = [f"{Path(file).name}:{line}" for file, line in stack if not file.startswith("<")]
    return f"; it was at {places[0]}" if places else ""


def start_request(
    folder: Path, now_ns: int, instruments: Mapping[str, Instrument], entries: Sequence[Entry]
) -> Request:
    """A request with the usual deadline."""
    return Request(
        folder=str(folder),
        now_ns=now_ns,
        deadline_seconds=DEADLINE_SECONDS,
        instruments=dict(instruments),
        entries=list(entries),
    )
