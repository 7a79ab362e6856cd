"""What a worker is given: one scenario in plain values, and nothing that was made. It makes everything itself, and
reads the data where it lies."""

import json
from typing import Any, Final

import msgspec

from daemon.config.source import WrittenFloat
from daemon.hosts.wire import Garbage, Message
from daemon.research.scenarios.answers import Answer
from daemon.research.scenarios.results import ProcessResult, Scenario
from daemon.research.scenarios.status import Status
from daemon.research.scenarios.surveys import Looked
from daemon.research.signal_log import Kept
from daemon.research.wishes import Wishes

_WRITTEN: Final = "\0written"
"""What marks a number whose text counts; no YAML has such a key."""


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be told of progress: every so often, and what of it that costs more."""

    every_ns: int
    portfolio: bool = False
    performance: bool = False
    bars: bool = False


class Task(Message, frozen=True, kw_only=True):
    """One scenario of a run. `text` is the config's, `values` are the document's, as `encoded` makes them, before its
    `wishes` amend them; `answers` are those of its check, `looked` tells of the files of its data. What it leaves goes
    to `folder`; `progress` is the address of a socket for messages of progress, empty where nobody reads them, and
    `temporary` a folder for temporary files that is its process's alone, empty where the system's own is good."""

    run: str
    scenario: Scenario
    config: str
    text: str
    values: bytes
    wishes: Wishes
    answers: list[Answer]
    looked: Looked | None
    folder: str
    keep: Kept
    every_event: bool = False
    submitted_at: str
    telling: Telling | None = None
    progress: str = ""
    temporary: str = ""
    timeout_ns: int | None = None
    memory_bytes: int | None = None


class Said(Message, frozen=True):
    """A worker's scenario is so far."""

    status: Status


class Over(Message, frozen=True):
    """It has ended so, and its file is written."""

    result: ProcessResult


_FROM_WORKER: Final[msgspec.msgpack.Decoder[Said | Over]] = msgspec.msgpack.Decoder(Said | Over)
_TASK: Final[msgspec.msgpack.Decoder[Task]] = msgspec.msgpack.Decoder(Task)


def to_worker(body: bytes) -> Task:
    """The one message that a worker is sent."""
    return _TASK.decode(body)


def from_worker(body: bytes) -> Said | Over:
    """What a worker says; Garbage for anything else."""
    try:
        return _FROM_WORKER.decode(body)
    except (ValueError, RecursionError) as error:
        raise Garbage(f"a message that is none: {error}")


def encoded(values: dict[str, Any]) -> bytes:
    """A document's values, whatever their size; of numbers that a variable gave, the text goes along."""
    return json.dumps(_marked(values)).encode()


def decoded(values: bytes) -> dict[str, Any]:
    """The values again, none of them shared."""
    found: dict[str, Any] = json.loads(values, object_hook=_unmarked)
    return found


def _marked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _marked(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_marked(one) for one in value]
    return {_WRITTEN: [float(value), value.text]} if isinstance(value, WrittenFloat) else value


def _unmarked(value: dict[str, Any]) -> Any:
    if _WRITTEN not in value:
        return value
    number, text = value[_WRITTEN]
    written = WrittenFloat(number)
    written.text = text
    return written
