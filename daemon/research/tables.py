"""The records of a run as the tables that the daemon itself is asked of, in a file that is gone with the run."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Final

from daemon.errors import ProjectionFailed
from daemon.journal.projection import Projection
from daemon.journal.tables import open_tables
from trading.account.records import StepRecord

_BATCH: Final = 2_000
"""Records that are gathered before the tables hear of them."""


class TableRecorder:
    """Writes records to a projection of their own. Memory does not grow with their number. ProjectionFailed from every
    method where the folder for temporary files does not take them."""

    def __init__(self) -> None:
        self._waiting: list[StepRecord] = []
        self._sequence = 0
        with ExitStack() as last:
            self._folder = Path(last.enter_context(_temporary_folder()))
            with self._kept():
                self._projection = Projection(open_tables(self._folder / "run.sqlite", 0))
            last.callback(self._projection.abandon)
            self._last = last.pop_all()

    @property
    def sequence(self) -> int:
        """How many records were taken."""
        return self._sequence + len(self._waiting)

    def record(self, record: StepRecord) -> None:
        """Take one record."""
        self._waiting.append(record)
        if len(self._waiting) >= _BATCH:
            self._write()

    def barrier(self) -> None:
        """Nothing leaves this process, so nothing has to be durable."""

    def tables(self) -> Projection:
        """All that was recorded so far."""
        self._write()
        with self._kept():
            self._projection.flush()
        return self._projection

    def close(self) -> None:
        """Let the tables go."""
        self._last.close()

    def _write(self) -> None:
        with self._kept():
            for record in self._waiting:
                self._sequence += 1
                self._projection.apply(self._sequence, record)
        self._waiting.clear()

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _not_kept(self._folder, error) from error


def _temporary_folder() -> TemporaryDirectory[str]:
    try:
        return TemporaryDirectory(prefix="bulkhead-")
    except OSError as error:
        raise _not_kept(Path(gettempdir()), error) from error


def _not_kept(folder: Path, error: Exception) -> ProjectionFailed:
    return ProjectionFailed(
        f"the tables of a run cannot be kept in {folder}: {error}",
        mend="free some space there, or name another folder for temporary files in TMPDIR",
    )
