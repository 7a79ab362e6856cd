"""Keeps the projection up with the journal, in a thread of its own, off the order path."""

import sqlite3
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import anyio
import anyio.to_thread

from daemon.errors import ProjectionFailed
from daemon.journal.projection import Projection
from daemon.journal.reader import JournalReader
from daemon.journal.records import Entry
from daemon.journal.rows import Warnings

MOST_WAITING: Final = 20_000
"""Entries that may wait before a feed that can wait has to."""

T = TypeVar("T")


class Projector:
    """Owns the projection. `hear` never waits; a reader of history is asked to wait by `congested`.

    ProjectionFailed from every method that waits.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: deque[Entry] = deque()
        self._news = anyio.Event()
        self._relief: anyio.Event | None = None
        self._one_thread = anyio.CapacityLimiter(1)
        self._projection: Projection | None = None

    async def open(self, reader: JournalReader) -> None:
        """Bring the tables up to the journal as it was found."""
        self._projection = await self._in_thread(lambda: Projection.open(self._path, reader))

    def hear(self, entry: Entry) -> None:
        """Take note of an entry that is safe in the journal."""
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
        """Apply everything heard so far."""
        await self._in_thread(self._apply_waiting)
        if self._relief is not None:
            self._relief.set()
            self._relief = None

    async def ask(self, question: Callable[[Projection], T]) -> T:
        """An answer from tables that include everything heard so far."""
        await self.catch_up()
        projection = self._projection
        assert projection is not None
        return await self._in_thread(lambda: question(projection))

    async def close(self) -> None:
        """Write what is left."""
        await self.catch_up()
        if self._projection is not None:
            await self._in_thread(self._projection.close)

    def _apply_waiting(self) -> None:
        """Taken one by one, here in the thread: who is cancelled on the way to it leaves nothing out."""
        assert self._projection is not None
        while self._waiting:
            self._projection.apply(*self._waiting.popleft())

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await anyio.to_thread.run_sync(work, limiter=self._one_thread)
        except sqlite3.Error as error:
            raise ProjectionFailed(
                f"{self._path} cannot be kept up with the journal: {error}",
                mend="free some space, or delete that file, and start again: it is made anew from the journal",
            ) from error
