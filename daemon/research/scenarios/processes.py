"""Scenarios in processes, a new one for each: what one does to its process ends with it, and any can be killed.

They are forked from one that has imported everything (`worker.py`). A socket of each brings its status and its end,
without loss; progress comes by another way, and may be left out. Each has a folder of its own for temporary files,
which is removed when it has ended: one that is killed clears nothing up itself.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from daemon.clock import Clock
from daemon.disk import disk_error
from daemon.errors import ProcessNotStarted
from daemon.hosts.children import Child
from daemon.hosts.launch import Program
from daemon.hosts.nursery import Nursery
from daemon.hosts.wire import frame
from daemon.research.coordinator import Stopped
from daemon.research.scenarios.board import Board, log
from daemon.research.scenarios.cgroups import oom_kills
from daemon.research.scenarios.outlet import Inlet
from daemon.research.scenarios.results import TAIL_LINES, ProcessResult, log_path, stem
from daemon.research.scenarios.scenario_log import tail_of
from daemon.research.scenarios.status import Status
from daemon.research.scenarios.task import Over, Said, Task, from_worker
from trading.timestamps import MILLISECOND, SECOND, iso

GRACE_SECONDS: Final = 5.0
"""How long one that is interrupted may take to tell what it has."""
_TICK_NS: Final = 100 * MILLISECOND
_STACK_NS: Final = 100 * MILLISECOND
"""How long one that is to be ended has to show where it is."""
_KILLED: Final = "killed by SIGKILL"

_ENVIRONMENT: Final = {
    "OPENBLAS_NUM_THREADS": "1",  # no threads by an import, and cores are for scenarios
    "OMP_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # none of pyarrow's allocator either
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # its own reserves a gigabyte of addresses, which a limit would count
    "MALLOC_ARENA_MAX": "2",
}
SKIPPING: Final = ("daemon.research.skip_ahead", "strategies.arrays")
"""What is worth importing once, as most runs pass by events."""
PARQUET: Final = ("daemon.feeds.file.parquet", "pandas")
"""What is worth importing once where files are Parquet: pandas too, which pyarrow imports by itself where it is."""


class ProcessExecutor:
    """So many at a time. `modules` are imported before the first is forked."""

    def __init__(self, workers: int, clock: Clock, environ: Mapping[str, str], modules: tuple[str, ...] = ()) -> None:
        self._workers = workers
        self._clock = clock
        self._environ = environ
        self._program = Program("daemon.research.scenarios.worker", modules, _ENVIRONMENT)

    def carry(self, tasks: Iterator[Task], board: Board, stopped: Stopped) -> None:
        """Run all, until it is stopped; then those that run have a moment to tell what they have."""
        with _folder() as folder, Inlet(folder) as inlet:
            asyncio.run(
                _Pool(self._clock, tasks, board, stopped, inlet=inlet, folder=folder).carry(
                    Nursery(self._environ, board.folder, self._program), self._workers
                )
            )


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for temporary files, which is gone with all that is in it; DiskError."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="bulkhead-"))
    except OSError as error:
        raise disk_error("make a folder in", Path(tempfile.gettempdir()), error)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            log.warning("%s cannot be removed", folder)


class _Lost(NamedTuple):
    """How one ended that could not say so itself."""

    status: Status
    kind: str
    message: str


class _Listener:
    """Hears one worker; `over` is set once, when it has ended."""

    def __init__(self, task: Task, board: Board) -> None:
        self.over: asyncio.Future[ProcessResult | str] = asyncio.get_running_loop().create_future()
        self._index = task.scenario.index
        self._board = board

    def on_message(self, message: object) -> None:
        """It said something."""
        match message:
            case Said(status):
                self._board.said(self._index, status)
            case Over(result) if not self.over.done():
                self.over.set_result(result)

    def on_lost(self, how: str) -> None:
        """It has ended without a word."""
        if not self.over.done():
            self.over.set_result(how)

    def on_writable(self) -> None:
        """It is sent one message, and no more."""


class _Pool:
    """All of them, on an event loop."""

    def __init__(
        self, clock: Clock, tasks: Iterator[Task], board: Board, stopped: Stopped, *, inlet: Inlet, folder: Path
    ) -> None:
        self._clock = clock
        self._tasks = tasks
        self._board = board
        self._stopped = stopped
        self._inlet = inlet
        self._folder = folder
        self._interrupted = asyncio.Event()

    async def carry(self, nursery: Nursery, workers: int) -> None:
        """Run all tasks, so many at a time: none is made before there is a place for it."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._inlet, self._hear)
        tasks = [asyncio.create_task(self._work(nursery)) for _ in range(workers)]
        tasks.append(asyncio.create_task(self._tick()))
        try:
            await asyncio.gather(*tasks[:-1])
        finally:
            loop.remove_reader(self._inlet)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await nursery.close()

    async def _work(self, nursery: Nursery) -> None:
        while not self._stopped() and (task := next(self._tasks, None)) is not None:
            await self._one(task, nursery)

    async def _one(self, task: Task, nursery: Nursery) -> None:
        listener, kills = _Listener(task, self._board), oom_kills()
        name = stem(task.scenario.index, task.scenario.name)
        temporary = self._folder / name
        over: ProcessResult | _Lost
        try:
            temporary.mkdir()
            child = await nursery.spawn(name, listener, from_worker)
        except (OSError, ProcessNotStarted) as error:
            self._board.end(task.scenario, Status.CRASHED, error_type=type(error).__name__, error_message=str(error))
            return
        began_ns, started_at = self._clock.monotonic_ns(), iso(self._clock.wall_ns())
        try:
            given = msgspec.structs.replace(task, progress=self._inlet.address, temporary=str(temporary))
            child.write(frame(given))
            over = await self._until_over(listener, child, task, kills)
        finally:
            await child.end()
            shutil.rmtree(temporary, ignore_errors=True)  # what is left by now goes with the whole
        if isinstance(over, ProcessResult):
            self._board.over(over)
            return
        path = log_path(self._board.folder, task.scenario)
        self._board.end(
            task.scenario,
            over.status,
            error_type=over.kind,
            error_message=over.message,
            submitted_at=task.submitted_at,
            started_at=started_at,
            execution_time_ms=(self._clock.monotonic_ns() - began_ns) / 1e6,
            log_path=str(path),
            log_tail=tail_of(path, TAIL_LINES),
        )

    async def _until_over(self, listener: _Listener, child: Child, task: Task, kills: int) -> ProcessResult | _Lost:
        """How it ends: by itself, at its deadline, or when everything is interrupted."""
        interrupted = asyncio.create_task(self._interrupted.wait())
        seconds = None if task.timeout_ns is None else task.timeout_ns / SECOND
        try:
            await asyncio.wait((listener.over, interrupted), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if not listener.over.done() and interrupted.done():
                child.interrupt()
                await asyncio.wait((listener.over,), timeout=GRACE_SECONDS)
                if not listener.over.done():
                    return _Lost(Status.CANCELLED, "Interrupted", "it did not end by itself and was ended")
            if not listener.over.done():
                assert seconds is not None
                child.show_stack()  # into its log
                await self._clock.sleep(_STACK_NS)
                return _Lost(Status.TIMEOUT, "TimeoutError", f"it was not done after {seconds:g} s and was ended")
        finally:
            interrupted.cancel()
        over = listener.over.result()
        if isinstance(over, ProcessResult):
            return over
        if over == _KILLED and oom_kills() > kills:
            return _Lost(Status.OOM, "MemoryError", "the system had no memory left and ended its process")
        return _Lost(Status.CRASHED, "ProcessLost", f"its process has ended: {over}")

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(_TICK_NS)
            self._board.draw()
            if self._stopped():
                self._interrupted.set()

    def _hear(self) -> None:
        for message in self._inlet.messages():
            self._board.told(message)
