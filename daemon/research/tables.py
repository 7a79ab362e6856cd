"""The records of a run as the tables that the daemon itself is asked of, in a file that is gone with the run."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from daemon.journal.projection import Projection
from daemon.journal.tables import open_tables
from trading.account.records import StepRecord

_BATCH: Final = 2_000
"""Records that are gathered before the tables hear of them."""


class TableRecorder:
    """Writes records to a projection of their own. Memory does not grow with their number."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="bulkhead-")
        self._projection = Projection(open_tables(Path(self._folder.name) / "run.sqlite", 0))
        self._waiting: list[StepRecord] = []
        self._sequence = 0

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
        self._projection.flush()
        return self._projection

    def close(self) -> None:
        """Let the tables go."""
        self._projection.abandon()
        self._folder.cleanup()

    def _write(self) -> None:
        for record in self._waiting:
            self._sequence += 1
            self._projection.apply(self._sequence, record)
        self._waiting.clear()
