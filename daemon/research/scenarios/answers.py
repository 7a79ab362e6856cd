"""What helpers answered while a scenario was checked: asked once by whoever checks, and repeated by whoever runs it.

So a worker makes of the same document the very plan that was checked, and starts no process for it.
"""

from collections.abc import Mapping, Sequence
from threading import Lock

import msgspec

from daemon.processes import Finished, Processes


class Answer(msgspec.Struct, frozen=True):
    """A program's arguments, what it was given, and how it ended."""

    arguments: tuple[str, ...]
    given: bytes
    finished: Finished


_Asked = tuple[tuple[str, ...], bytes]


class Known:
    """All answers so far, for several threads: what was asked once is not asked again."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._answers: dict[_Asked, Finished] = {}
        self._lock = Lock()

    def listener(self) -> "Noted":
        """Helpers for one check, which keeps what it hears."""
        return Noted(self)

    def ask(self, asked: _Asked, *, environment: Mapping[str, str], deadline_seconds: float) -> Finished:
        """An answer, from before if there is one."""
        with self._lock:
            known = self._answers.get(asked)
        if known is not None:
            return known
        arguments, given = asked
        found = self._processes.run(arguments, given=given, environment=environment, deadline_seconds=deadline_seconds)
        with self._lock:
            return self._answers.setdefault(asked, found)


class Noted:
    """Helpers for one check; `answers` are what they said."""

    def __init__(self, known: Known) -> None:
        self.answers: list[Answer] = []
        self._known = known

    def run(
        self, arguments: Sequence[str], *, given: bytes, environment: Mapping[str, str], deadline_seconds: float
    ) -> Finished:
        """Ask, and keep the answer."""
        finished = self._known.ask(
            (tuple(arguments), given), environment=environment, deadline_seconds=deadline_seconds
        )
        self.answers.append(Answer(tuple(arguments), given, finished))
        return finished


class Repeated:
    """Gives the answers of before; what was not asked then is asked now."""

    def __init__(self, answers: Sequence[Answer], processes: Processes) -> None:
        self._answers = {(answer.arguments, answer.given): answer.finished for answer in answers}
        self._processes = processes

    def run(
        self, arguments: Sequence[str], *, given: bytes, environment: Mapping[str, str], deadline_seconds: float
    ) -> Finished:
        """The answer of before."""
        known = self._answers.get((tuple(arguments), given))
        if known is not None:
            return known
        return self._processes.run(arguments, given=given, environment=environment, deadline_seconds=deadline_seconds)
