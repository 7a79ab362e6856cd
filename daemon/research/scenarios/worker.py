"""The program of a worker: `python -P -m daemon.research.scenarios.worker <descriptor> [module...]`.

It has imported what every scenario needs, and forks a process for each one; the modules named are imported too. That
process gets one task, runs it, says what came of it and ends: nothing of a scenario reaches the next.

A process with threads must not fork. Where a module that is named has started some, everything begins anew without.
"""

import importlib
import os
import resource
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final

from daemon.clock import SystemClock
from daemon.hosts import forkserver
from daemon.hosts.wire import FrameReader, frame
from daemon.research.scenarios.conduct import Conducted, Links
from daemon.research.scenarios.outlet import Outlet
from daemon.research.scenarios.results import slim
from daemon.research.scenarios.scenario_log import nothing_but_logs
from daemon.research.scenarios.status import Status
from daemon.research.scenarios.task import Over, Said, Task, to_worker

_READ_BYTES: Final = 256 * 1024
_RESERVE_BYTES: Final = 256 * 2**20
"""What may be taken beyond the limit, to tell that it was reached."""
_THREADS: Final = Path("/proc/self/task")
_SIZES: Final = Path("/proc/self/statm")


def main() -> None:
    """Import what is named, then fork workers until nobody wants any more."""
    for module in sys.argv[2:]:
        with suppress(ImportError):
            importlib.import_module(module)
    if sum(1 for _ in _THREADS.iterdir()) > 1:
        os.execv(sys.executable, (sys.executable, "-P", "-m", __spec__.name, sys.argv[1]))  # noqa: S606
    forkserver.main(serve)


def serve(channel: socket.socket) -> None:
    """Run the one task that comes; nothing where nobody sends one."""
    task = _task(channel)
    if task is None:
        return
    if task.temporary:
        os.environ["TMPDIR"] = tempfile.tempdir = task.temporary
    relieve = _limit_memory(task.memory_bytes)
    outlet = Outlet(task.progress) if task.progress else None
    with nothing_but_logs():
        channel.sendall(frame(Said(Status.INIT_PROCESS)))
        links = Links(
            say=lambda status: channel.sendall(frame(Said(status))),
            send=outlet,
            stopped=_interrupted(),
            clock=SystemClock(),
            relieved=relieve,
        )
        result = Conducted(task, links).run()
    channel.sendall(frame(Over(slim(result))))


def _task(channel: socket.socket) -> Task | None:
    reader = FrameReader()
    while data := channel.recv(_READ_BYTES):
        reader.feed(data)
        for body in reader:
            return to_worker(body)
    return None


def _interrupted() -> Callable[[], bool]:
    """Gives what says whether somebody wants it to end by itself."""
    asked = False

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True

    signal.signal(signal.SIGINT, note)
    return lambda: asked


def _limit_memory(memory_bytes: int | None) -> Callable[[], None]:
    """Let it take so much address space beyond what it has; gives what lets it take some more, to tell of that."""
    if memory_bytes is None:
        return lambda: None
    pages = int(_SIZES.read_text().split()[0])
    most = pages * resource.getpagesize() + memory_bytes
    with_reserve = most + _RESERVE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, with_reserve))
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (with_reserve, with_reserve))


if __name__ == "__main__":
    main()
