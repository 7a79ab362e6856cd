"""What the core writes ahead to. The daemon's journal is one; a list in memory is another."""

from typing import Protocol

from trading.account.records import StepRecord


class Recorder(Protocol):
    """Takes records in order."""

    def record(self, record: StepRecord) -> None:
        """Add one record."""

    def barrier(self) -> None:
        """Return once everything recorded is as durable as was asked for; called before anything leaves."""


class MemoryRecorder:
    """Keeps the records in a list."""

    def __init__(self) -> None:
        self.records: list[StepRecord] = []

    def record(self, record: StepRecord) -> None:
        """Add one record."""
        self.records.append(record)

    def barrier(self) -> None:
        """Memory is as durable as this recorder gets."""
