"""What `bulkhead check --lookahead` does: one process after another looks at one strategy each; all of it is told."""

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec

from daemon.assembly import make_feed
from daemon.check import check
from daemon.config.extras import absent, install_hint
from daemon.errors import DaemonError
from daemon.hosts.launch import environment
from daemon.processes import Processes
from daemon.research.data_handler import HistoricalDataHandler
from daemon.research.lookahead.findings import READY, Answer, Level, Refused, Request
from daemon.research.wishes import Wishes

NO_PROOF: Final = "nothing found is no proof: look-ahead shows where it changes a decision, and only there"
_NUMBERS: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
"""The same sums and the same order in every run."""
_PARTS: Final = ("findings", "notes", "looked")
_STACK_LINE: Final = re.compile(r'File "([^"]+)", line (\d+)')


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be looked at: at most so many events of the feed, for so many seconds a strategy."""

    config: Path
    wishes: Wishes
    seed: int
    events: int
    seconds: float


def look(
    asked: Asked, environ: Mapping[str, str], processes: Processes, tell: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """What was found of every strategy, in plain values; ConfigProblems, BadData and the like before any has run.

    Of one that could not be looked at, or not to the end, `failed` says why. Before each, `tell` is told which it is,
    in words."""
    if absent("numpy"):
        raise DaemonError("looking for look-ahead needs numpy", mend=install_hint("numpy"))
    plan = check(asked.config, environ, processes, asked.wishes)
    HistoricalDataHandler(make_feed(plan)).survey()
    told, count = [], len(plan.settings.strategies)
    for number, strategy in enumerate(plan.settings.strategies, start=1):
        if tell is not None:
            tell(f"{number} of {count}: {strategy.id}, {asked.seconds:g} s at most")
        told.append(_plain(strategy.id, _answer(strategy.id, asked, environ, processes)))
    return {
        "seed": asked.seed,
        "strategies": told,
        "caveat": NO_PROOF,
    }


def is_in_order(told: Mapping[str, Any]) -> bool:
    """Whether nothing is proven, and every strategy could be looked at to the end."""
    levels = [finding["level"] for one in told["strategies"] for finding in one["findings"]]
    return Level.PROOF not in levels and not any(one["failed"] for one in told["strategies"])


def _plain(strategy: str, answer: Answer) -> dict[str, Any]:
    if isinstance(answer, Refused):
        failed = "; ".join(filter(None, (answer.message, answer.mend)))
        return {"id": strategy, "clean": False, "failed": failed, "findings": [], "notes": [], "looked": None}
    told: dict[str, Any] = msgspec.to_builtins(answer)
    is_clean = not (answer.findings or answer.failed)
    return {"id": strategy, "clean": is_clean, "failed": answer.failed, **{name: told[name] for name in _PARTS}}


def _answer(strategy: str, asked: Asked, environ: Mapping[str, str], processes: Processes) -> Answer:
    with TemporaryDirectory(prefix="bulkhead-lookahead-", ignore_cleanup_errors=True) as folder:
        return _answered(strategy, folder, asked, environ, processes)


def _answered(strategy: str, folder: str, asked: Asked, environ: Mapping[str, str], processes: Processes) -> Answer:
    """What a process answers, whose copies of files lie in a folder that outlives it: it may be killed."""
    request = Request(
        config=str(asked.config.absolute()),
        environ={name: value for name, value in environ.items() if name.startswith("BULKHEAD_")},
        wishes=asked.wishes,
        strategy=strategy,
        seed=asked.seed,
        events=asked.events,
        seconds=asked.seconds,
        folder=folder,
    )
    finished = processes.run(
        (sys.executable, "-P", "-m", "daemon.research.lookahead.judge"),
        given=msgspec.msgpack.encode(request),
        environment={**environment(environ), **_NUMBERS},
        deadline_seconds=asked.seconds,
    )
    if finished.timed_out:
        where = _last_place(finished.errors)
        return Refused(
            message=f"no answer within {asked.seconds:g} s{where}",
            mend="give it less data, by --to or --events, or a longer --timeout",
        )
    if finished.exit_code != 0 or not finished.output.startswith(READY):
        last = finished.errors.decode(errors="replace").strip().rpartition("\n")[2]
        return Refused(message=f"the process that looks at it failed ({finished.ending}): {last}", mend="")
    answer: Answer = msgspec.msgpack.decode(finished.output.removeprefix(READY), type=Answer)
    return answer


def _last_place(errors: bytes) -> str:
    """The innermost line of the stack that a process left before it was killed, if it left one."""
    stack = _STACK_LINE.findall(errors.decode(errors="replace"))
    places = [f"{Path(file).name}:{line}" for file, line in stack if not file.startswith("<")]
    return f"; it was at {places[0]}" if places else ""
