"""The process that looks at one strategy: `python -P -m daemon.research.lookahead.judge`, a request on stdin, the
answer on stdout. Every run of the strategy is a process of its own, forked from it; here none of its code is imported.
"""

import os
import sys
from pathlib import Path
from typing import Final

import msgspec

from daemon.check import check
from daemon.clock import Clock, SystemClock
from daemon.errors import DaemonError
from daemon.processes import Processes, SystemProcesses
from daemon.research.lookahead.findings import READY, Answer, Refused, Request
from daemon.research.lookahead.forks import Raised
from daemon.research.lookahead.inquiry import Inquiry
from daemon.research.lookahead.stage import read_stage
from daemon.research.lookahead.trials import Trials

_STACK_AT: Final = 0.6
"""The part of the deadline after which the stack of what still runs is written to stderr."""


def judge(request: Request, processes: Processes, clock: Clock) -> Answer:
    """What is found of the strategy of a request."""
    begun_ns = clock.monotonic_ns()

    def seconds_left() -> float:
        return max(0.1, request.seconds * _STACK_AT - (clock.monotonic_ns() - begun_ns) / 1e9)

    environ = {**os.environ, **request.environ}
    wishes = msgspec.structs.replace(request.wishes, strategies=(), alone=request.strategy)
    try:
        plan = check(Path(request.config), environ, processes, wishes)
        stage = read_stage(plan, most=request.events, seed=request.seed)
        return Inquiry(stage, Trials(stage, Path(request.folder), seconds_left)).verdict()
    except DaemonError as error:
        return Refused(message=str(error), mend=error.mend)
    except Raised as error:
        return Refused(message=str(error), mend="see where its code ends the process")


def main() -> None:
    """Answer one request."""
    answers = os.dup(1)
    os.dup2(2, 1)  # what strategies print goes to stderr
    request = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Request)
    with os.fdopen(answers, "wb") as output:
        output.write(READY)
        output.flush()
        output.write(msgspec.msgpack.encode(judge(request, SystemProcesses(), SystemClock())))


if __name__ == "__main__":
    main()
