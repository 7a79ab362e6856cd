"""The process that describes strategies again and again: `python -P -m daemon.research.scenarios.describer`.

It has imported what `daemon.describe` imports, and forks a process for each request: so every one begins clean, as if
it were the only one, and at once. It never runs a strategy's code itself.
"""

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from daemon import describe
from daemon.hosts.wire import FrameReader, frame
from daemon.processes import Finished
from daemon.research.scenarios.describing import Described, to_describer

_READ_BYTES = 64 * 1024


def main() -> None:
    """Answer every request, until there are no more."""
    reader = FrameReader()
    while data := os.read(0, _READ_BYTES):
        reader.feed(data)
        for body in reader:
            asked = to_describer(body)
            sys.stdout.buffer.write(frame(Described(described(asked.given, asked.deadline_seconds))))
            sys.stdout.buffer.flush()


def described(given: bytes, deadline_seconds: float) -> Finished:
    """What a process of its own makes of a request; at the deadline it and its children are killed."""
    output, errors = os.memfd_create("output"), os.memfd_create("errors")  # which nobody has to read meanwhile
    pid = os.fork()
    if pid == 0:
        _describe(given, output, errors)
    timed_out = False

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal timed_out
        timed_out = True
        _kill(pid)

    signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, deadline_seconds)
    _, status = os.waitpid(pid, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    with suppress(ProcessLookupError):  # what it has left behind
        os.killpg(pid, signal.SIGKILL)
    exit_code = os.waitstatus_to_exitcode(status)
    return Finished(exit_code=exit_code, output=_read(output), errors=_read(errors), timed_out=timed_out)


def _describe(given: bytes, output: int, errors: int) -> NoReturn:
    """In the process that was forked."""
    try:
        os.setsid()
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(errors, 2)
        describe.tell(given)
    finally:
        os._exit(1)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)


def _read(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as stream:
        stream.seek(0)
        return stream.read()


if __name__ == "__main__":
    main()
