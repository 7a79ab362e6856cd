"""The process that workers are forked from, and what a worker says."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from daemon.clock import SystemClock
from daemon.hosts.children import Forkserver
from daemon.hosts.launch import Program
from daemon.hosts.wire import Garbage, encoded
from daemon.research.scenarios.processes import PARQUET, ProcessExecutor
from daemon.research.scenarios.results import Scenario, ended
from daemon.research.scenarios.status import Status
from daemon.research.scenarios.task import Over, Said, from_worker
from tests.real_children import Listener


def program(*modules: str) -> Program:
    """As the executor begins it."""
    return ProcessExecutor(1, SystemClock(), {}, modules)._program


def looked_at(forkserver: Forkserver) -> tuple[int, list[str]]:
    """How many threads it has, and what it was called with."""
    of_process = Path(f"/proc/{forkserver.pid}")
    return len(list((of_process / "task").iterdir())), (of_process / "cmdline").read_bytes().decode().split("\0")


@asynccontextmanager
async def begun(*modules: str) -> AsyncIterator[Forkserver]:
    forkserver = await Forkserver.open({"PATH": os.environ["PATH"]}, program(*modules))
    yield forkserver
    await forkserver.close()


async def test_it_imports_what_is_there_of_what_is_named_and_a_worker_without_a_task_ends(tmp_path: Path) -> None:
    async with begun("wave", "no_such_module_at_all") as forkserver:
        threads, arguments = looked_at(forkserver)
        assert (threads, "wave" in arguments) == (1, True)
        listener = Listener()
        child = await forkserver.spawn("idle", tmp_path / "idle.log", listener, from_worker)
        assert child._transport is not None
        child._transport.write_eof()
        assert await listener.told.get() == "exit code 0"


async def test_where_an_import_starts_a_thread_nothing_is_forked_beside_it() -> None:
    async with begun("tests.starts_a_thread") as forkserver:
        threads, arguments = looked_at(forkserver)
        assert threads == 1
        assert "tests.starts_a_thread" not in arguments, "it has begun anew without"


async def test_parquet_is_imported_without_a_thread() -> None:
    pytest.importorskip("pyarrow")
    async with begun(*PARQUET) as forkserver:
        threads, arguments = looked_at(forkserver)
        assert threads == 1
        assert set(PARQUET) <= set(arguments), "else each worker would import it again"


def test_what_a_worker_says_is_read_and_anything_else_is_garbage() -> None:
    result = ended(Scenario(name="a", index=1), Status.COMPLETED)
    assert from_worker(encoded(Said(Status.RUNNING))) == Said(Status.RUNNING)
    over = from_worker(encoded(Over(result)))
    assert isinstance(over, Over)
    assert msgspec.json.encode(over.result) == msgspec.json.encode(result)
    for body in (b"", b"\xc1", encoded(["said", "NOWHERE"]), encoded(["over", {}]), encoded(["unheard of", 1])):
        with pytest.raises(Garbage):
            from_worker(body)
