"""A piece of work in a process of its own that is gone when it is done: whatever a strategy's code leaves behind, in
modules, in the interpreter, in its own classes, the next trial does not find it."""

import gc
import os
import traceback
from collections.abc import Callable
from typing import Final, NoReturn

from daemon.errors import ContainerLost

_DONE: Final = b"+"
_RAISED: Final = b"!"


class Raised(Exception):
    """The work raised; what it raised, in words."""


def in_fork(work: Callable[[], bytes]) -> bytes:
    """What the work gives. Raised where it raises, ContainerLost where it ends the process."""
    reading, writing = os.pipe()
    process = os.fork()
    if not process:
        _work(work, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(process, 0)
    if answer[:1] == _RAISED:
        raise Raised(answer[1:].decode())
    if answer[:1] != _DONE:
        raise ContainerLost(f"its code ended the process (exit code {os.waitstatus_to_exitcode(status)})")
    return answer[1:]


def _work(work: Callable[[], bytes], writing: int) -> NoReturn:
    gc.freeze()  # what the collector does not touch, both processes go on sharing
    try:
        answer = _DONE + work()
    except BaseException as error:  # also what means to end the process
        words = traceback.format_exception_only(error)[-1].strip()
        answer = _RAISED + words.encode(errors="backslashreplace")
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(answer)
    os._exit(0)  # threads that a strategy left behind are not waited for
