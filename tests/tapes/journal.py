"""A journal in memory: it outlives a process, and a process may end at any of its records."""

from collections.abc import Callable

import msgspec

from trading.account.records import Commit, StepRecord

JournaledStep = tuple[StepRecord, ...]


class Written(msgspec.Struct):
    """A record, the life that wrote it, and whether it is safe by now."""

    record: StepRecord
    life: int
    is_safe: bool = False


class Journal:
    """Keeps records of steps; `steps` are those that have an end. `passes` is told of each site that is passed."""

    def __init__(self, passes: Callable[[str], None]) -> None:
        self.written: list[Written] = []
        self.steps: list[JournaledStep] = []
        self.life = 0
        self._passes = passes
        self._open: list[Written] = []
        self._unsafe: list[Written] = []

    def record(self, record: StepRecord) -> None:
        """Write a record."""
        written = Written(record, self.life)
        self.written.append(written)
        self._open.append(written)
        self._unsafe.append(written)
        if not isinstance(record, Commit):
            self._passes("record")

    def barrier(self) -> None:
        """All that was written is safe."""
        for written in self._unsafe:
            written.is_safe = True
        self._unsafe = []
        if self._open and isinstance(self._open[-1].record, Commit):
            self.steps.append(tuple(written.record for written in self._open))
            self._open = []
        else:
            self._passes("barrier")
            self._passes("leak")

    @property
    def under_way(self) -> list[StepRecord]:
        """What was written of a step that has not ended."""
        return [written.record for written in self._open]

    def die(self) -> None:
        """The process is over: what was not safe is gone, and the step that was under way never was."""
        gone = {id(written) for written in self._unsafe}
        self.written = [written for written in self.written if id(written) not in gone]
        self._open, self._unsafe = [], []
        self.life += 1
