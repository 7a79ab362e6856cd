"""Asking the watching process for a halt, from anywhere on the machine; with the standard library alone."""

import os
import socket
from pathlib import Path
from typing import Final, NamedTuple

from daemon.errors import NotRunning, Unreachable
from daemon.killswitch.flag import plain_reason
from daemon.killswitch.wire import from_line, line

ANSWER_SECONDS: Final = 120.0
"""How long it may take: it cancels at the venue first, again and again if need be."""


class Answer(NamedTuple):
    """What was done, in lines, and whether that is all that was to be done."""

    said: list[str]
    is_done: bool


def ask_watchman(path: Path, reason: str, *, cancel_orders: bool, timeout_seconds: float = ANSWER_SECONDS) -> Answer:
    """Have the daemon halt within a second, or else be ended and its orders cancelled.

    NotRunning where nobody watches, Unreachable where there is no answer.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_seconds)
            connection.connect(os.fspath(path))
            connection.sendall(line(reason=plain_reason(reason), cancel_orders=cancel_orders))
            lines = [from_line(text) for text in connection.makefile("rb")]
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise NotRunning("nobody watches the daemon") from error
    except (OSError, ValueError) as error:
        raise Unreachable(f"the watching process at {path} does not answer: {error}") from error
    if not lines or "done" not in lines[-1]:
        why = lines[-1].get("problem", "it ended meanwhile") if lines else "it ended meanwhile"
        raise Unreachable(f"the watching process at {path} does not answer: {why}")
    return Answer([str(one["said"]) for one in lines[:-1]], bool(lines[-1]["done"]))
