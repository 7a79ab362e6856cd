"""Where the processes of strategies come from: one forkserver, opened when it is first wanted."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from daemon.hosts.children import Child, ChildListener, Forkserver, Read
from daemon.hosts.launch import STRATEGIES, Program
from daemon.hosts.wire import from_child


class Nursery:
    """Spawns children whose logs lie in one folder. A forkserver that has ended is replaced by the next spawn."""

    def __init__(self, environ: Mapping[str, str], logs: Path, program: Program = STRATEGIES) -> None:
        self._environ = environ
        self._logs = logs
        self._program = program
        self._forkserver: asyncio.Task[Forkserver] | None = None

    def log_of(self, strategy: str) -> Path:
        """Where a strategy's output goes."""
        return self._logs / f"{strategy}.log"

    def open(self) -> None:
        """Begin to open the forkserver; nobody need wait for it before the first spawn."""
        if self._forkserver is None:
            self._forkserver = asyncio.create_task(Forkserver.open(self._environ, self._program), name="forkserver")

    async def spawn(self, strategy: str, listener: ChildListener, read: Read = from_child) -> Child:
        """A new child; ProcessNotStarted."""
        self.open()
        assert self._forkserver is not None
        if self._forkserver.done() and (self._forkserver.exception() or self._forkserver.result().is_gone):
            await self.close()
            self.open()
        self._logs.mkdir(mode=0o700, exist_ok=True)
        forkserver = await asyncio.shield(self._forkserver)
        return await forkserver.spawn(strategy, self.log_of(strategy), listener, read)

    async def close(self) -> None:
        """End the forkserver and every child."""
        opened, self._forkserver = self._forkserver, None
        if opened is None:
            return
        await asyncio.wait((opened,))
        if not opened.cancelled() and opened.exception() is None:
            await opened.result().close()
