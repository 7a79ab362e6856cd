"""What `bulkhead backtest` does: check, run, tell."""

import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

import msgspec

from daemon.check import check
from daemon.clock import SystemClock
from daemon.processes import SystemProcesses
from daemon.research.coordinator import BacktestCoordinator
from daemon.research.signal_log import Kept
from daemon.research.wishes import Wishes
from daemon.shadowing import refuse_shadowed_packages

STDOUT: Final = Path("-")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A backtest as the command line asks for it. With `separate` each strategy has an account of its own."""

    config: Path
    wishes: Wishes
    separate: bool
    json_path: Path | None
    keep: Kept
    every_event: bool


def run_backtests(asked: Asked, environ: Mapping[str, str]) -> int:
    """Run, write and show; the exit code, 1 where something ended a run before its data did."""
    refuse_shadowed_packages()
    plan = check(asked.config, environ, SystemProcesses(), asked.wishes)
    coordinator = BacktestCoordinator(SystemClock())
    with until_interrupted() as stopped:
        result = coordinator.run(plan, stopped=stopped, keep=asked.keep, every_event=asked.every_event)
    text = msgspec.json.encode(result)
    if asked.json_path == STDOUT:
        sys.stdout.buffer.write(text + b"\n")
    elif asked.json_path is not None:
        asked.json_path.write_bytes(text + b"\n")
    return 1 if result.about.ended else 0


@contextmanager
def until_interrupted() -> Iterator[Callable[[], bool]]:
    """Gives what says whether ^C was pressed; pressed again it interrupts as ever."""
    pressed = False

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)
