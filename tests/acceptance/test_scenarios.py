"""Scenarios in real processes that are killed, crash, swell, hang and are interrupted: each has its end, the others go
on, and nothing stays."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.research.scenarios.processes import GRACE_SECONDS
from tests.patience import PATIENCE_SECONDS, until
from tests.real_children import all_gone, is_gone, offspring
from tests.scenario_builders import config, mishap

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-P", "-m", "daemon.cli", "backtest", "-c", "config.yaml", "--json", "all.json")
EARLY = "to: '2026-01-05T14:35:00Z'"


class Backtest:
    """`bulkhead backtest --scenarios`, under way."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.shown = folder / "shown.txt"
        with self.shown.open("wb") as shown:
            self.process = subprocess.Popen(
                [*COMMAND, *arguments],
                cwd=folder,
                env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "SECRET_TOKEN": "s3cret"},
                stdout=shown,
                stderr=shown,
            )

    def end(self, seconds: float = PATIENCE_SECONDS) -> tuple[int, dict[str, Any]]:
        """Its exit code, and its scenarios by their names."""
        self.process.wait(seconds)
        print(self.shown.read_text())
        whole = json.loads((self.folder / "all.json").read_text())
        self.run = whole["run"]
        return self.process.returncode, {one["scenario_name"]: one for one in whole["scenarios"]}

    def processes(self) -> set[int]:
        """All that it has begun, and they have."""
        found, left = set(), [self.process.pid]
        while left:
            for pid in offspring(left.pop()):
                found.add(pid)
                left.append(pid)
        return found


@pytest.fixture
def backtests() -> Iterator[list[Backtest]]:
    made: list[Backtest] = []
    yield made
    for one in made:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def begun(made: list[Backtest], folder: Path, *arguments: str) -> Backtest:
    made.append(Backtest(folder, *arguments))
    return made[-1]


def test_whatever_befalls_one_the_others_come_to_what_they_would(tmp_path: Path, backtests: list[Backtest]) -> None:
    mishaps = ["kill", "segfault", "exit", "raise"]
    scenarios = [f"{{name: first, {EARLY}}}", *map(mishap, mishaps)]
    scenarios += [mishap("swell", memory="256MB"), mishap("hang", timeout="10s"), f"{{name: last, {EARLY}}}"]
    config(tmp_path, *scenarios)
    code, ends = begun(backtests, tmp_path, "--scenarios", "--workers", "2").end()
    assert code == 1
    told = {name: re.sub(r" \(\w+\.py:\d+\)$", "", one["error_message"] or "") for name, one in ends.items()}
    assert {name: (one["status"], one["error_type"], told[name]) for name, one in ends.items()} == {
        "first": ("COMPLETED", None, ""),
        "kill": ("CRASHED", "ProcessLost", "its process has ended: killed by SIGKILL"),
        "segfault": ("CRASHED", "ProcessLost", "its process has ended: killed by SIGSEGV"),
        "exit": ("CRASHED", "ProcessLost", "its process has ended: exit code 7"),
        "raise": ("FINISHED_WITH_ERROR", "LookupError", "mishap failed: LookupError: there is no such thing"),
        "swell": ("OOM", "MemoryError", "it needs more memory than it may take; mishap failed: MemoryError"),
        "hang": ("TIMEOUT", "TimeoutError", "it was not done after 10 s and was ended"),
        "last": ("COMPLETED", None, ""),
    }
    for part in ("orders", "fills", "trades", "equity", "curves"):
        assert ends["first"]["result"][part] == ends["last"]["result"][part]
    assert ends["hang"]["execution_time_ms"] >= 10_000
    for name in ("kill", "segfault", "exit", "hang"):
        assert any('"now: ' in line for line in ends[name]["log_tail"]), "what it had logged is not lost"
    assert any("Segmentation fault" in line for line in ends["segfault"]["log_tail"])
    assert any("in do_hang" in line for line in ends["hang"]["log_tail"]), "it shows where it was"
    assert ends["swell"]["traceback"].endswith("MemoryError\n")
    assert ends["swell"]["result"]["metrics"]["events"] > 0


def test_a_limit_of_the_command_line_is_for_those_that_have_none(tmp_path: Path, backtests: list[Backtest]) -> None:
    config(
        tmp_path, mishap("hang", name="short", timeout="1s"), mishap("hang", name="long"), f"{{name: good, {EARLY}}}"
    )
    code, ends = begun(
        backtests, tmp_path, "--scenarios", "--timeout", "15s", "--memory", "1GB", "--workers", "3"
    ).end()
    assert code == 1
    assert {name: one["status"] for name, one in ends.items()} == {
        "short": "TIMEOUT",
        "long": "TIMEOUT",
        "good": "COMPLETED",
    }
    assert ends["short"]["execution_time_ms"] < 15_000 <= ends["long"]["execution_time_ms"]


def test_interrupted_those_that_run_tell_what_they_have_and_those_that_wait_are_skipped(
    tmp_path: Path, backtests: list[Backtest]
) -> None:
    config(tmp_path, "{name: long}", mishap("deafen"), "{name: waits}", duration="1000d")
    backtest = begun(backtests, tmp_path, "--scenarios", "--workers", "2")
    until(lambda: any("now: deafen" in log.read_text() for log in tmp_path.glob("backtests/*/*deafen.log")))
    until(lambda: any("prepared" in log.read_text() for log in tmp_path.glob("backtests/*/*long.log")))
    processes = backtest.processes()
    backtest.process.send_signal(signal.SIGINT)
    code, ends = backtest.end()
    assert code == 1
    assert {name: one["status"] for name, one in ends.items()} == {
        "long": "CANCELLED",
        "deafen": "CANCELLED",
        "waits": "SKIPPED",
    }
    assert ends["long"]["result"]["about"]["ended"] == "it was interrupted"
    assert ends["long"]["result"]["metrics"]["events"] > 0
    assert ends["deafen"]["result"] is None, "it does not listen, and was ended"
    until(lambda: all_gone(processes))


def test_interrupted_twice_nobody_is_waited_for(tmp_path: Path, backtests: list[Backtest]) -> None:
    once, twice = (seconds_to_end(tmp_path / str(times), backtests, times) for times in (1, 2))
    print(f"interrupted once, ended after {once:.1f} s; twice, after {twice:.1f} s")
    assert once >= GRACE_SECONDS
    assert twice < once


def seconds_to_end(folder: Path, backtests: list[Backtest], interrupts: int) -> float:
    """How long after so many interrupts one that does not listen is ended."""
    folder.mkdir()
    config(folder, mishap("deafen"), "{name: waits}", duration="1000d")
    backtest = begun(backtests, folder, "--scenarios", "--workers", "1")
    until(lambda: any("now: deafen" in log.read_text() for log in folder.glob("backtests/*/*deafen.log")))
    processes, began = backtest.processes(), time.perf_counter()
    for number in range(interrupts):
        time.sleep(2 * min(number, 1))  # two at once are one
        backtest.process.send_signal(signal.SIGINT)
    _, ends = backtest.end()
    took = time.perf_counter() - began
    assert [one["status"] for one in ends.values()] == ["CANCELLED", "SKIPPED"]
    until(lambda: all_gone(processes))
    return took


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_a_run_that_is_killed(
    tmp_path: Path, backtests: list[Backtest], number: signal.Signals
) -> None:
    config(tmp_path, mishap("hang"), mishap("hang", name="other"))
    backtest = begun(backtests, tmp_path, "--scenarios", "--workers", "2")
    until(lambda: len([log for log in tmp_path.glob("backtests/*/0*.log") if "now: hang" in log.read_text()]) == 2)
    processes = backtest.processes()
    assert len(processes) == 3, "two workers, and the process that they are forked from"
    backtest.process.send_signal(number)
    backtest.process.wait(PATIENCE_SECONDS)
    until(lambda: all_gone(processes))


def test_where_the_process_that_workers_are_forked_from_is_killed_those_are_lost_and_the_rest_goes_on(
    tmp_path: Path, backtests: list[Backtest]
) -> None:
    config(tmp_path, mishap("hang"), f"{{name: good, {EARLY}}}")
    backtest = begun(backtests, tmp_path, "--scenarios", "--workers", "1")
    until(lambda: any("now: hang" in log.read_text() for log in tmp_path.glob("backtests/*/*hang.log")))
    (forkserver,) = (pid for pid in offspring(backtest.process.pid) if not is_gone(pid))
    os.kill(forkserver, signal.SIGKILL)
    _, ends = backtest.end()
    assert {name: one["status"] for name, one in ends.items()} == {"hang": "CRASHED", "good": "COMPLETED"}


def test_a_worker_has_nothing_of_the_environment_that_could_be_a_secret(
    tmp_path: Path, backtests: list[Backtest]
) -> None:
    config(tmp_path, mishap("hang", timeout="30s"))
    backtest = begun(backtests, tmp_path, "--scenarios", "--executor", "process")
    until(lambda: any("now: hang" in log.read_text() for log in tmp_path.glob("backtests/*/*hang.log")))
    for pid in backtest.processes():
        assert b"s3cret" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_a_thousand_scenarios_take_no_more_memory_than_a_few(tmp_path: Path, backtests: list[Backtest]) -> None:
    few, many = (most_memory(tmp_path / str(count), backtests, count) for count in (10, 1_000))
    assert many < few + 40, f"{few:.0f} MB for 10 scenarios, {many:.0f} MB for 1,000"


def most_memory(folder: Path, backtests: list[Backtest], count: int) -> float:
    """The most megabytes that the process which runs them has had."""
    folder.mkdir()
    config(folder, *(f"{{name: s{place}, set: {{feed.seed: {place}}}, max_events: 300}}" for place in range(count)))
    backtest = begun(backtests, folder, "--scenarios", "--workers", "2")
    most = 0
    while backtest.process.poll() is None:
        try:
            status = Path(f"/proc/{backtest.process.pid}/status").read_text()
            most = max(most, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")))
        except (FileNotFoundError, TypeError):
            break
        time.sleep(0.02)
    code, ends = backtest.end()
    assert (code, len(ends)) == (0, count)
    return most / 1024
