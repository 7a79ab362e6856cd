"""The process that describes strategies: `python -P -m daemon.describe`, a request on stdin, the answers on stdout.

It runs other people's code, so it is short-lived, keeps its standard output to itself and ends at once when done.
"""

import faulthandler
import inspect
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from daemon.config.problems import nearest
from daemon.descriptions import READY, Answer, Description, Entry, Flaw, Parameter, Request, Undescribed
from daemon.errors import StrategyNotLoaded
from daemon.loading import failure_in_words, file_of, line_in, load_class
from trading import parameters
from trading.commands import ScheduleTimer, Trip
from trading.container import ContainerSpec, ScopedContainer
from trading.errors import InvalidParameters, UnsupportedState
from trading.strategy import Strategy

_STACK_AT: Final = 0.8
"""The part of the deadline after which the stack of what still runs is written to stderr."""


def answer(request: Request) -> list[Answer]:
    """Describe every entry; what is wrong with one is its own answer."""
    return [_describe(entry, request) for entry in request.entries]


def main() -> None:
    """Answer one request."""
    tell(sys.stdin.buffer.read())


def tell(given: bytes) -> NoReturn:
    """Answer one request on the standard output, and end."""
    answers = os.dup(1)
    os.dup2(2, 1)  # what strategies print goes to stderr
    request = msgspec.msgpack.decode(given, type=Request)
    faulthandler.enable()
    faulthandler.dump_traceback_later(request.deadline_seconds * _STACK_AT)
    with os.fdopen(answers, "wb") as output:
        output.write(READY)
        output.flush()
        output.write(msgspec.msgpack.encode(answer(request)))
    os._exit(0)  # threads that a strategy left behind are not waited for


def _describe(entry: Entry, request: Request) -> Answer:
    try:
        cls = load_class(entry.reference, Path(request.folder))
    except StrategyNotLoaded as error:
        return _undescribed(entry, str(error))
    try:
        return _started(cls, entry, request)
    except InvalidParameters as error:
        return Undescribed(id=entry.id, flaws=list(_wrong_parameters(cls, entry, error.problems)))
    except (Exception, SystemExit) as error:
        return _undescribed(entry, f"{cls.__name__} cannot be made: {failure_in_words(error, file_of(cls))}")


def _started(cls: type[Strategy], entry: Entry, request: Request) -> Answer:
    """Start the strategy in a container of its own and see what it asks for."""
    spec = ContainerSpec(
        strategy=entry.id,
        strategy_class=cls,
        parameters=entry.params,
        capital=entry.capital,
        timeframe_ns=entry.timeframe_ns,
        warmup=entry.warmup,
    )
    container = ScopedContainer(spec, request.instruments)
    commands = container.start(request.now_ns)
    for command in commands:
        if isinstance(command, Trip):
            return _undescribed(entry, f"start() raised {command.reason}{line_in(command.traceback, file_of(cls))}")
    try:
        container.state()
    except UnsupportedState as error:
        return _undescribed(entry, str(error))
    return Description(
        id=entry.id,
        name=cls.__name__,
        doc=inspect.cleandoc(cls.__doc__ or ""),
        file=file_of(cls),
        parameters=_parameters(cls, container.parameters),
        subscriptions=list(container.subscriptions),
        timers=[command for command in commands if isinstance(command, ScheduleTimer)],
    )


def _wrong_parameters(cls: type[Strategy], entry: Entry, problems: Mapping[str, str]) -> Iterator[Flaw]:
    """What is wrong with each parameter, with the value that is refused or the name that may be meant."""
    declared = list(parameters.names(cls, Strategy))
    for name, problem in problems.items():
        more = nearest(name, declared) if name not in declared else ""
        if name in declared and name in entry.params:
            more = f" ({entry.params[name]!r})"
        yield Flaw(path=("params", name), message=problem + more)


def _undescribed(entry: Entry, message: str) -> Undescribed:
    return Undescribed(id=entry.id, flaws=[Flaw(path=("class",), message=message)])


def _parameters(cls: type[Strategy], values: msgspec.Struct) -> list[Parameter]:
    return [
        Parameter(
            name=field.name,
            type=field.type.__name__ if isinstance(field.type, type) else str(field.type),
            required=field.required,
            default=None if field.required else msgspec.to_builtins(field.default),
            value=msgspec.to_builtins(getattr(values, field.name)),
        )
        for field in msgspec.structs.fields(cls.parameters_type())
    ]


if __name__ == "__main__":
    main()
