"""Scenarios of one config: how they start, what each way to run them costs and brings, what a thousand of them take,
and what it costs to know where their time goes. Targets are the figures of the example (`scenario_windows.py`)."""

import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Figure, table
from benchmarks.scenario_windows import (
    LARGE,
    LONG,
    PAST,
    ROOT,
    SMALL,
    START_NS,
    begin,
    by_hand_ms,
    first_to_last,
    run,
    start_ms,
    until,
    window,
    write_config,
    write_ticks,
)
from daemon.check import Plan, check
from daemon.clock import SystemClock, worked_ns
from daemon.processes import SystemProcesses
from daemon.research.coordinator import BacktestCoordinator
from daemon.research.scenarios.sampler import Sampler
from daemon.research.scenarios.surveys import Surveys
from daemon.research.wishes import Wishes

RUNS: Final = 5
WINDOWS: Final = 8
LONG_WINDOWS: Final = 4
MANY: Final = 1_000

median = statistics.median


def figures() -> list[Figure]:
    """All of them; some minutes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_ticks(folder / "ticks.parquet")
        parts = (_start_methods(), _windows(folder), _executors(folder), _memory(folder), _cost(folder), _many(folder))
        return [figure for part in parts for figure in part]


# How a process starts.

_STARTS: Final = """
import multiprocessing, statistics, time
import daemon.research.scenarios.conduct
from benchmarks.scenarios import answer
if __name__ == "__main__":
    context = multiprocessing.get_context("{method}")
    if "{method}" == "forkserver":
        context.set_forkserver_preload(["daemon.research.scenarios.conduct"])
    took = []
    for run in range({runs} + 1):
        ours, theirs = context.Pipe()
        began = time.perf_counter()
        process = context.Process(target=answer, args=(theirs,))
        process.start()
        ours.recv()
        took.append(time.perf_counter() - began)
        process.join()
    print(statistics.median(took[1:]) * 1_000)
"""


def answer(pipe: Any) -> None:
    """What a process that was started says, once it has what a backtest needs."""
    import daemon.research.scenarios.conduct  # noqa: F401, PLC0415  (spawned, it has to import it)

    pipe.send("here")


def _start_methods() -> Iterator[Figure]:
    """From asking the standard library for a process until it can run a backtest and says so."""
    for method in ("fork", "forkserver", "spawn"):
        found = subprocess.run(
            [sys.executable, "-c", _STARTS.format(method=method, runs=RUNS)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
            text=True,
        )
        name = f"a process that can run a backtest, multiprocessing's {method}"
        yield Figure(name=name, unit="ms", value=float(found.stdout))


# A small window and a large one.


def _windows(folder: Path) -> Iterator[Figure]:
    write_config(folder, window("window-05", SMALL), window("window-07", LARGE))
    runs = [run(folder, "--executor", "process", "--workers", "1") for _ in range(RUNS)]
    small, large = ([one[place] for one in runs] for place in (0, 1))
    yield Figure(name="our process, from its task to the first event", unit="ms", value=_start(small), target=63.0)
    for step in [step["name"] for step in small[0]["preparation"]]:
        took = [next(one["ms"] for one in ran["preparation"] if one["name"] == step) for ran in small]
        yield Figure(name=f"  of that: {step}", unit="ms", value=median(took))
    for name, found, ticks, target in (("small", small, SMALL, 812.0), ("large", large, LARGE, 1_546.0)):
        floor = min(by_hand_ms(folder / "ticks.parquet", ticks) for _ in range(RUNS))
        whole = median([one["execution_time_ms"] for one in found])
        yield Figure(name=f"{name} window, {ticks:,} ticks", unit="ms", value=whole, floor=floor, target=target)
        a_tick = median([one["profile"]["total_ms"] for one in found]) / ticks * 1_000
        yield Figure(name=f"{name} window, a tick", unit="us", value=a_tick, target=target / ticks * 1_000)


def _start(found: list[dict[str, Any]]) -> float:
    return median([start_ms(one) for one in found])


# Ways to run many.


def _executors(folder: Path) -> Iterator[Figure]:
    """Eight large windows, and four long ones: how long until all are done; the floor is one after another."""
    ways = (("inline", "1"), ("thread", "2"), ("process", "1"), ("process", "2"))
    (longer := folder / "long").mkdir()
    write_ticks(longer / "ticks.parquet", PAST + LONG)
    for place, count, kind, ticks in ((folder, WINDOWS, "large", LARGE), (longer, LONG_WINDOWS, "long", LONG)):
        write_config(place, *(window(f"w{number}", ticks) for number in range(count)))
        took = {
            way: [first_to_last(run(place, "--executor", way[0], "--workers", way[1])) for _ in range(3)]
            for way in ways
        }
        floor = min(took["inline", "1"])
        for (executor, workers), seconds in took.items():
            name = f"{count} {kind} windows, {executor}, {workers} at a time"
            yield Figure(name=name, unit="s", value=median(seconds), floor=floor)


def _memory(folder: Path) -> Iterator[Figure]:
    """What the fourth worker at the same work adds: pages that several share count for each in part."""
    found = {}
    for count in (3, 4):
        write_config(folder, *(window(f"w{place}", LARGE) for place in range(count)), waiting=True)
        process = begin(folder, "--executor", "process", "--workers", str(count), "--folder", f"waiting-{count}")
        until(lambda count=count: _prepared(folder / f"waiting-{count}") == count)  # type: ignore[misc]
        time.sleep(1)
        found[count] = sum(map(_pss, _descendants(process.pid)))
        process.wait()
    yield Figure(name="memory of another process at work (PSS)", unit="MB", value=found[4] - found[3])


def _prepared(folder: Path) -> int:
    return sum("prepared" in log.read_text() for log in folder.glob("*/0*.log"))


def _descendants(pid: int) -> list[int]:
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return children + [one for child in children for one in _descendants(child)]


def _pss(pid: int) -> float:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024


def _many(folder: Path) -> Iterator[Figure]:
    """A thousand small windows, and what the command takes of memory for them; the floor is that for ten."""
    most, seconds = {}, 0.0
    for count in (10, MANY):
        write_config(
            folder,
            *(window(f"w{place}", 200, **{"strategies.rsi.params.oversold": place / 20}) for place in range(count)),
        )
        began = time.perf_counter()
        most[count] = _most_memory(begin(folder, "--executor", "process", "--workers", str(os.cpu_count())))
        seconds = time.perf_counter() - began
    yield Figure(name=f"{MANY:,} windows of 200 ticks, each", unit="ms", value=seconds / MANY * 1_000)
    yield Figure(name=f"memory of the command, {MANY:,} scenarios", unit="MB", value=most[MANY], floor=most[10])


def _most_memory(process: subprocess.Popen[bytes]) -> float:
    """The most megabytes that it has had, once it has ended."""
    most = 0.0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        kilobytes = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")]
        most = max([most, *(one / 1024 for one in kilobytes)])
        time.sleep(0.05)
    assert process.wait() == 0
    return most


# What it costs to know where the time goes.


def _cost(folder: Path) -> Iterator[Figure]:
    """The processor's time for the large window with samples and without, in turns."""
    plan = check(write_config(folder), {}, SystemProcesses(), Wishes(start_ns=START_NS, max_events=LARGE))
    for every_event in (False, True):
        costs: list[float] = []
        spent: dict[bool, list[int]] = {False: [], True: []}
        for turn in range(6 * RUNS):
            for sampled in (turn % 2 == 0, turn % 2 == 1):  # neither always goes first
                spent[sampled].append(_carry_ns(plan, costs if sampled else None, every_event=every_event))
        cost = min(spent[True]) / min(spent[False]) - 1
        name = f"cost of knowing where the time goes{', each event carried' if every_event else ''}"
        yield Figure(name=f"{name}, least of {6 * RUNS}", unit="%", value=100 * cost, target=1.0)
        yield Figure(name=f"{name}, by its own account", unit="%", value=median(costs), target=1.0)


def _carry_ns(plan: Plan, costs: list[float] | None, *, every_event: bool) -> int:
    clock, looked = SystemClock(), Surveys().of(plan)
    with BacktestCoordinator(clock).made(plan, every_event=every_event) as made, _uncollected():
        made.initialise(surveyed=None if looked is None else looked.surveyed)
        if costs is None:
            began_ns = time.process_time_ns()
            made.carry(lambda: False, None)
            return time.process_time_ns() - began_ns
        sampler = Sampler(made, plan.instruments, clock.monotonic_ns, worked_ns)
        began_ns = time.process_time_ns()
        sampler.carry(lambda: False, None)
        spent_ns = time.process_time_ns() - began_ns
        costs.append(100 * sampler.profile().cost_share)
        return spent_ns


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector, which comes when it likes."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


if __name__ == "__main__":
    sys.stdout.write(table(figures()) + "\n")
