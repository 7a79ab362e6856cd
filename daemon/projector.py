"""Keeps the projection up with the journal, in a thread of its own, off the order path."""

import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import anyio
import anyio.to_thread

from daemon.disk import Disk
from daemon.errors import DaemonError, ProjectionFailed
from daemon.journal.projection import Projection
from daemon.journal.reader import JournalReader
from daemon.journal.records import Entry
from daemon.journal.rows import Warnings

MOST_WAITING: Final = 20_000
"""Entries that may wait before a feed that can wait has to."""

T = TypeVar("T")

log = logging.getLogger(__name__)


class Projector:
    """Owns the projection. `hear` never waits; a reader of history is asked to wait by `congested`.

    Where the tables fail, whatever it is that fails, trading goes on without them: `problem` says why they stand still,
    and the next question has them made anew from the journal.
    """

    def __init__(self, path: Path) -> None:
        self.problem = ""
        self._path = path
        self._journal: tuple[Disk, Path] | None = None
        self._waiting: deque[Entry] = deque()
        self._news = anyio.Event()
        self._relief: anyio.Event | None = None
        self._one_thread = anyio.CapacityLimiter(1)
        self._projection: Projection | None = None

    async def open(self, reader: JournalReader) -> None:
        """Bring the tables up to the journal as it was found. JournalDamaged, DiskError: it cannot be read."""
        self._journal = (reader.disk, reader.directory)
        with suppress(ProjectionFailed):
            await self._in_thread(lambda: self._make(reader))

    def hear(self, entry: Entry) -> None:
        """Take note of an entry that is safe in the journal. While the tables stand still that is not needed."""
        if not self.problem:
            self._waiting.append(entry)
            self._news.set()

    @property
    def warnings(self) -> Warnings:
        """How often each strategy was told of a margin call or a liquidation, as far as the tables are."""
        return {} if self._projection is None else self._projection.warnings

    def congested(self) -> anyio.Event | None:
        """What to wait for when too much is waiting, else None."""
        if len(self._waiting) > MOST_WAITING and self._relief is None:
            self._relief = anyio.Event()
        return self._relief

    async def run(self) -> None:
        """Apply what is heard, for ever."""
        while True:
            await self._news.wait()
            self._news = anyio.Event()
            await self.catch_up()

    async def catch_up(self) -> None:
        """Apply everything heard so far, unless the tables fail."""
        with suppress(ProjectionFailed):
            await self._in_thread(self._apply_waiting)
        if self._relief is not None:
            self._relief.set()
            self._relief = None

    async def ask(self, question: Callable[[Projection], T]) -> T:
        """An answer from tables that include everything heard so far; ProjectionFailed where they cannot be had."""
        if self.problem:
            await self._make_anew()
        await self.catch_up()
        return await self._in_thread(lambda: question(self._there()))

    async def close(self) -> None:
        """Write what is left."""
        await self.catch_up()
        with suppress(ProjectionFailed):
            await self._in_thread(lambda: None if self._projection is None else self._projection.close())

    async def _make_anew(self) -> None:
        """From here on what is heard waits again, so that the journal and what waits leave nothing out between them."""
        assert self._journal is not None
        disk, directory = self._journal
        self.problem = ""
        await self._in_thread(lambda: self._make(JournalReader(disk, directory)), besides=DaemonError)

    async def _in_thread(self, work: Callable[[], T], besides: type[Exception] = sqlite3.Error) -> T:
        """Do something with the tables; from the moment at which it fails there are none."""

        def attempt() -> T:
            try:
                return work()
            except (sqlite3.Error, OSError, besides):
                self._abandon()
                raise

        try:
            return await anyio.to_thread.run_sync(attempt, limiter=self._one_thread)
        except (sqlite3.Error, OSError, besides) as error:
            if not isinstance(error, ProjectionFailed):
                self.problem = str(error)
                self._waiting.clear()  # it is in the journal too
                log.error("%s; trading goes on", self._failed())
            raise self._failed() from error

    def _failed(self) -> ProjectionFailed:
        return ProjectionFailed(
            f"{self._path} cannot be kept up with the journal: {self.problem}",
            mend="free some space, or delete that file: the next question has it made anew from the journal",
        )

    # In the thread.

    def _make(self, reader: JournalReader) -> None:
        self._projection = Projection.open(self._path, reader)

    def _apply_waiting(self) -> None:
        """Taken one by one, here in the thread: who is cancelled on the way to it leaves nothing out."""
        while self._waiting and self._projection is not None:
            self._projection.apply(*self._waiting.popleft())

    def _there(self) -> Projection:
        if self._projection is None:
            raise self._failed()
        return self._projection

    def _abandon(self) -> None:
        if self._projection is not None:
            self._projection.abandon()
            self._projection = None
