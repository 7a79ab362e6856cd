"""Children of a real forkserver for tests, and a look at processes from outside.

Run as a program, `python -m tests.real_children FOLDER`, it is a supervisor that keeps two children with children of
their own, writes all process ids to its output, and waits.
"""

import asyncio
import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from daemon.hosts.children import Child, Forkserver
from daemon.hosts.wire import FromChild, Heard, Opened, Run, Start, Started, ToChild
from tests.child_builders import ROOT, bids, hear, opening
from tests.patience import PATIENCE_SECONDS


class Listener:
    """Keeps what a child says, and how it was lost, in the order in which it was told."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[FromChild | str] = asyncio.Queue()
        self.takes_more = asyncio.Event()

    def on_message(self, message: FromChild) -> None:
        self.told.put_nowait(message)

    def on_lost(self, how: str) -> None:
        self.told.put_nowait(how)

    def on_writable(self) -> None:
        self.takes_more.set()


class Ward:
    """A child, what it says, and the files that are its own."""

    def __init__(self, child: Child, listener: Listener, folder: Path) -> None:
        self.child = child
        self.listener = listener
        self.log = folder / f"{child.strategy}.log"
        self.note = folder / f"{child.strategy}.json"

    async def next(self) -> FromChild | str:
        """What is told next of it."""
        return await self.listener.told.get()

    async def tell(self, *messages: ToChild, answers: int = 1) -> list[FromChild | str]:
        """Say something, and wait for so many answers."""
        self.child.send(*messages)
        return [await self.next() for _ in range(answers)]

    async def noted(self) -> Any:
        """What its strategy writes to its file."""
        await until(self.note.exists)
        return json.loads(self.note.read_text())


class Nursery:
    """Makes children, with their files in a folder."""

    def __init__(self, forkserver: Forkserver, folder: Path) -> None:
        self.forkserver = forkserver
        self.folder = folder

    async def unopened(self, name: str = "a") -> Ward:
        """A child that waits for its first message."""
        listener = Listener()
        return Ward(await self.forkserver.spawn(name, self.folder / f"{name}.log", listener), listener, self.folder)

    async def ward(self, what: str = "", name: str = "a", *, reference: str = "Acts") -> Ward:
        """A child that runs."""
        ward = await self.unopened(name)
        params = {"what": what, "where": str(ward.note)} if reference == "Acts" else {}
        message = opening(f"tests.child_strategies:{reference}", strategy=name, **params)
        opened, started, ran = await ward.tell(message, Start(0), Run(), answers=3)
        assert (opened, type(started), ran) == (Opened(), Started, Heard(0, []))
        return ward


async def until(condition: Callable[[], bool]) -> None:
    """Look again and again until it is so."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110  (of a stranger's end there is no event)
            await asyncio.sleep(0.002)


def block_until_gone(pid: int) -> None:
    """Let nothing else happen here until a process has ended."""
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        assert poll.poll(PATIENCE_SECONDS * 1_000)
        os.close(descriptor)


def is_gone(pid: int) -> bool:
    """Whether it has ended, also where nobody has reaped it yet."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in "ZX"


def all_gone(pids: Iterable[int]) -> bool:
    return all(map(is_gone, pids))


def offspring(pid: int) -> set[int]:
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def start_keeping_children(folder: Path) -> subprocess.Popen[str]:
    """This program, on its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.real_children", folder],
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


async def keep_children(folder: Path) -> None:
    nursery = Nursery(await Forkserver.open({}), folder)
    pids = [nursery.forkserver.pid]
    for name in ("a", "b"):
        ward = await nursery.ward("breed", name)
        ward.child.send(hear(bids(1)))
        pids += await ward.noted()
    print(json.dumps(pids), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(keep_children(Path(sys.argv[1])))
