"""Entries gathered into steps, and the steps that never were told from the others."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from daemon.journal.records import DaemonRecord, Entry
from trading.account.records import Commit


class Group(NamedTuple):
    """The entries of one step, its Commit last; or one of the daemon's own. A step that never was is not committed."""

    entries: tuple[Entry, ...]
    committed: bool


class StepGatherer:
    """Holds the entries of a step back until it is known what became of it."""

    def __init__(self) -> None:
        self._step: list[Entry] = []

    def take(self, entry: Entry) -> list[Group]:
        """What this entry makes known: nothing inside a step; before one of the daemon's own perhaps a lost step."""
        if isinstance(entry.record, DaemonRecord):
            return [*self.rest(), Group((entry,), committed=True)]
        self._step.append(entry)
        if not isinstance(entry.record, Commit):
            return []
        step, self._step = tuple(self._step), []
        return [Group(step, committed=True)]

    def rest(self) -> list[Group]:
        """At the end: the step that never was, if there is one."""
        lost, self._step = tuple(self._step), []
        return [Group(lost, committed=False)] if lost else []


def gather(entries: Iterable[Entry]) -> Iterator[Group]:
    """All groups of a log, in order."""
    gatherer = StepGatherer()
    for entry in entries:
        yield from gatherer.take(entry)
    yield from gatherer.rest()


def committed(entries: Iterable[Entry]) -> Iterator[Group]:
    """The groups that count."""
    return (group for group in gather(entries) if group.committed)
