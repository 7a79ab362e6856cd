"""Group I: a log that nobody reads, or that has no room."""

import asyncio
import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TextIO

import pytest

from daemon.watch.logs import set_up
from tests.faults.fleet import a_plan, pure
from tests.simulation.test_supervisor import Machine
from tests.simulation.world import steps_of


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, raises = root.handlers[:], root.level, logging.raiseExceptions
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.raiseExceptions = raises
    logging.captureWarnings(capture=False)


@pytest.mark.usefixtures("logging_as_before")
@pytest.mark.parametrize("words", ["x" * 100, "ä" * 300, "x" * 20_000])
def test_a_log_that_nobody_reads_keeps_nobody_waiting_and_says_later_what_is_missing(words: str) -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", buffering=1) as stream, os.fdopen(reader, "rb", buffering=0) as end:
        set_up(stream, written="json")
        for number in range(2_000):
            logging.getLogger("x").info("%d %s", number, words)
        os.set_blocking(reader, False)
        first = b"".join(iter(lambda: end.read(65_536), None))
        lines = first.split(b"\n")
        kept = len(lines) - 1
        assert 0 < kept < 2_000
        assert [json.loads(line)["message"] for line in lines[:kept]] == [f"{n} {words}" for n in range(kept)]
        logging.getLogger("x").info("again")
        gap, again = end.read(65_536).removeprefix(b"\n").splitlines()
        assert json.loads(gap)["message"] == f"{2_000 - kept} lines of this log could not be written"
        assert json.loads(again)["message"] == "again"


@contextmanager
def full_pipe() -> Iterator[TextIO]:
    """A pipe whose reader reads nothing; who writes to it waits for ever."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(4_096))
    os.set_blocking(writer, True)
    with os.fdopen(reader), os.fdopen(writer, "w", buffering=1) as stream:
        yield stream


@contextmanager
def full_disk() -> Iterator[TextIO]:
    """A file that takes nothing; what is left in its buffer is lost with it."""
    with suppress(OSError), Path("/dev/full").open("w", buffering=1) as stream:
        yield stream


@pytest.mark.usefixtures("logging_as_before")
@pytest.mark.parametrize("sink", [full_pipe, full_disk])
def test_a_daemon_trades_to_the_end_with_a_log_that_takes_nothing(
    tmp_path: Path, sink: Callable[[], AbstractContextManager[TextIO]]
) -> None:
    machine = Machine(a_plan(tmp_path))
    with sink() as stream:
        set_up(stream)
        asyncio.run(machine.run())
    assert steps_of(machine.groups()) == pure().steps
