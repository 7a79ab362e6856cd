"""Errands: work that a forked child does, so that nothing it meets, a disk that hangs or a server that never answers,
can hold up whoever sends it. Only a process with one thread may send one."""

import json
import os
import re
import select
import signal
import traceback
from collections.abc import Callable
from typing import Final, NamedTuple, NoReturn

MOST_LINES: Final = 100
_MOST_LETTERS: Final = 300
_LONG_RUN: Final = re.compile(r"(?<![\w/.])[A-Za-z0-9+=_\-][A-Za-z0-9+/=_\-]{23,}")
"""What may be a key or a signature, and is no path; an order's id on the wire has 18 letters."""


class Done(NamedTuple):
    """What came of an errand: lines that it brought, or the `problem` in words."""

    lines: list[str]
    problem: str


class Errand:
    """One errand, on its way as soon as it is made; after `seconds` it is killed."""

    def __init__(self, work: Callable[[], list[str]], seconds: float) -> None:
        self._seconds = seconds
        self._heard = b""
        self._done: Done | None = None
        pipe: tuple[int, ...] = ()
        try:
            pipe = os.pipe()
            self._pid = os.fork()
        except OSError:  # no room for a child: it is done here after all
            for descriptor in pipe:
                os.close(descriptor)
            self._done = _with_deadline(work, seconds)
        else:
            self._channel, theirs = pipe
            if self._pid == 0:
                _do(work, seconds, theirs)
            os.close(theirs)

    def wait(self, seconds: float) -> Done | None:
        """What came of it; None where it is still under way when no more is heard for so long."""
        poll = select.poll()
        if self._done is None:
            poll.register(self._channel, select.POLLIN)
        while self._done is None:
            if not poll.poll(seconds * 1_000):
                return None
            part = os.read(self._channel, 65_536)
            self._heard += part
            if not part:
                os.close(self._channel)
                self._done = self._ended()
        return self._done

    def _ended(self) -> Done:
        _, status = os.waitpid(self._pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if code == -signal.SIGALRM:
            return Done([], f"it took longer than {self._seconds:g} s")
        if code != 0:
            return Done([], f"it was ended by signal {-code}" if code < 0 else f"it ended with exit code {code}")
        return Done(*json.loads(self._heard))


def without_secrets(text: str) -> str:
    """A text of others to be shown: cut, on one line, without what may be a key."""
    return _LONG_RUN.sub("...", " ".join(text.split())[:_MOST_LETTERS])


def _do(work: Callable[[], list[str]], seconds: float, channel: int) -> NoReturn:
    """The child's whole life."""
    code = 1
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        told = memoryview(json.dumps(_result(work)).encode())
        while told:
            told = told[os.write(channel, told) :]
        code = 0
    finally:
        os._exit(code)


def _with_deadline(work: Callable[[], list[str]], seconds: float) -> Done:
    def interrupt(*_: object) -> NoReturn:
        raise TimeoutError(f"it took longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return _result(work)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _result(work: Callable[[], list[str]]) -> Done:
    try:
        lines = [without_secrets(str(line)) for line in work()]
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        told = without_secrets(str(error))
        return Done([], f"{type(error).__name__}{': ' if told else ''}{told} ({where.name}, line {where.lineno})")
    more = [f"and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    return Done(lines[:MOST_LINES] + more, "")
