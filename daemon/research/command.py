"""What `bulkhead backtest` does: check, run, tell."""

import gc
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from types import FrameType
from typing import Final

import msgspec

from daemon.check import check
from daemon.clock import SystemClock
from daemon.processes import SystemProcesses
from daemon.research.coordinator import BacktestCoordinator
from daemon.research.progress_line import ProgressLine
from daemon.research.report.markup import printable
from daemon.research.showing import Ways, show_result
from daemon.research.signal_log import Kept
from daemon.research.wishes import Wishes
from daemon.shadowing import refuse_shadowed_packages

_ENDING: Final[Mapping[signal.Signals, Callable[[int, FrameType | None], object] | signal.Handlers]] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}
"""What ends a run, and what it does the second time."""
_SELDOM: Final = 50
"""Times as many new objects as usual before the collector looks at them."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A backtest as the command line asks for it."""

    config: Path
    wishes: Wishes
    ways: Ways
    keep: Kept
    every_event: bool


def run_backtest(asked: Asked, environ: Mapping[str, str]) -> int:
    """Run, write and show; the exit code, 1 where something ended a run before its data did."""
    refuse_shadowed_packages()
    asked.ways.require()
    tell = ProgressLine(sys.stderr).tell if sys.stderr.isatty() else None
    # What strategies print must not come between.
    with redirect_stdout(sys.stderr) if asked.ways.takes_stdout else nullcontext():
        plan = check(asked.config, environ, SystemProcesses(), asked.wishes)
        with until_interrupted() as stopped, _collected_seldom():
            result = BacktestCoordinator(SystemClock()).run(
                plan, tell=tell, stopped=stopped, keep=asked.keep, every_event=asked.every_event
            )
    about = result.about
    try:
        show_result(result, asked.ways)
    finally:
        if about.ended:
            why = printable(" ".join(about.ended.splitlines()))
            sys.stderr.write(f"stopped at {about.end}: {why}; the result is of what was done by then\n")
    return 1 if about.ended else 0


@contextmanager
def _collected_seldom() -> Iterator[None]:
    """What a run makes refers to nothing in a circle: the collector need not look at it often, and at what was there
    before not at all."""
    usual, *others = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_SELDOM * usual, *others)
    try:
        yield
    finally:
        gc.set_threshold(usual, *others)
        gc.unfreeze()


@contextmanager
def until_interrupted() -> Iterator[Callable[[], bool]]:
    """Gives what says whether ^C was pressed, or the process asked to end; a second time that ends it, also where it
    was begun in the background, with ^C ignored."""
    pressed = False

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        for number, handler in _ENDING.items():
            signal.signal(number, handler)

    before = {number: signal.signal(number, note) for number in _ENDING}
    try:
        yield lambda: pressed
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
