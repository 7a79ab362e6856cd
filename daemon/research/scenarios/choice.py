"""In which way scenarios run: as asked for; else in line where that suffices, and in processes otherwise.

A debugger changes nothing by itself: it only brings a hint, since another executor gives other times and other faults
than those that are looked for. `DEBUG_MODE` is somebody's wish, and makes in line the default.
"""

import sys
from collections.abc import Container, Mapping
from typing import Final, Literal, NamedTuple

from daemon.errors import CannotLimit

Executor = Literal["inline", "thread", "process"]

DEBUG_VARIABLE: Final = "DEBUG_MODE"
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_DEBUGGERS: Final = ("debugpy", "pydevd")


class Choice(NamedTuple):
    """An executor, why it is that one, and what may be worth knowing."""

    executor: Executor
    why: str
    hint: str = ""


def choose(
    asked: Executor | None,
    scenarios: int,
    *,
    limited: bool,
    own_limits: bool,
    environ: Mapping[str, str],
    debugger: str,
) -> Choice:
    """The way for so many scenarios. `limited` says that the command line limits time or memory: CannotLimit where the
    executor asked for cannot end what exceeds them. Scenarios may have `own_limits` in the config."""
    if asked in {"inline", "thread"} and limited:
        stuck = "a thread that is stuck" if asked == "thread" else "what runs in this very process"
        raise CannotLimit(
            f"--timeout and --memory: nothing can end {stuck}", mend="leave them out, or say --executor process"
        )
    executor, why = _way(asked, scenarios, limited=limited, own_limits=own_limits, environ=environ)
    hints = []
    if debugger and executor != "inline":
        hints.append(f"{debugger} is there, and does not see into processes and threads; --executor inline is easier")
    if own_limits and executor != "process":
        hints.append(f"timeout and memory of scenarios are not enforced: {executor} cannot")
    return Choice(executor, why, "\n".join(hints))


def _way(
    asked: Executor | None, scenarios: int, *, limited: bool, own_limits: bool, environ: Mapping[str, str]
) -> tuple[Executor, str]:
    if asked is not None:
        return asked, "it was asked for"
    if limited:
        return "process", "only a process can be ended at a limit"
    if environ.get(DEBUG_VARIABLE, "").lower() in _TRUE:
        return "inline", f"{DEBUG_VARIABLE} is set"
    if own_limits:
        return "process", "only a process can be ended at a limit"
    if scenarios > 1:
        return "process", f"{scenarios} scenarios use all cores only in processes"
    return "inline", "one scenario needs no other process"


def debugger(modules: Container[str] | None = None) -> str:
    """What looks on, as far as can be told from within; empty where nothing does. A tracer need not be a debugger, and
    a debugger that is loaded need not be attached."""
    loaded = sys.modules if modules is None else modules
    found = next((name for name in _DEBUGGERS if name in loaded), "")
    return found or ("a tracer" if sys.gettrace() is not None else "")
