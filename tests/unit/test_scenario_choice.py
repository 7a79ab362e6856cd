"""In which way scenarios run, and on how many cores."""

import os
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from daemon.errors import CannotLimit
from daemon.research.scenarios.cgroups import available_cores, oom_kills, workers_by_default
from daemon.research.scenarios.choice import Choice, Executor, choose, debugger

HINT = "debugpy is there, and does not see into processes and threads; --executor inline is easier"

UNENFORCED = "timeout and memory of scenarios are not enforced: {} cannot"


def chosen(
    asked: Executor | None = None,
    scenarios: int = 3,
    *,
    limited: bool = False,
    own: bool = False,
    debug: str = "",
    looks_on: str = "",
) -> Choice:
    environ = {"DEBUG_MODE": debug} if debug else {}
    return choose(asked, scenarios, limited=limited, own_limits=own, environ=environ, debugger=looks_on)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (chosen(scenarios=1), Choice("inline", "one scenario needs no other process")),
        (chosen(), Choice("process", "3 scenarios use all cores only in processes")),
        (chosen("thread"), Choice("thread", "it was asked for")),
        (chosen("process", 1), Choice("process", "it was asked for")),
        (chosen(scenarios=1, limited=True), Choice("process", "only a process can be ended at a limit")),
        (chosen(debug="1"), Choice("inline", "DEBUG_MODE is set")),
        (chosen(debug="true"), Choice("inline", "DEBUG_MODE is set")),
        (chosen(debug="TRUE"), Choice("inline", "DEBUG_MODE is set")),
        (chosen(debug="0"), Choice("process", "3 scenarios use all cores only in processes")),
        (chosen(debug="false"), Choice("process", "3 scenarios use all cores only in processes")),
        (chosen("process", debug="1"), Choice("process", "it was asked for")),
        (chosen(limited=True, debug="1"), Choice("process", "only a process can be ended at a limit")),
        (chosen(looks_on="debugpy"), Choice("process", "3 scenarios use all cores only in processes", HINT)),
        (chosen("process", looks_on="debugpy"), Choice("process", "it was asked for", HINT)),
        (chosen("inline", looks_on="debugpy"), Choice("inline", "it was asked for")),
        (chosen(scenarios=1, own=True), Choice("process", "only a process can be ended at a limit")),
        (chosen("thread", own=True), Choice("thread", "it was asked for", UNENFORCED.format("thread"))),
        (chosen(debug="1", own=True), Choice("inline", "DEBUG_MODE is set", UNENFORCED.format("inline"))),
    ],
)
def test_what_is_asked_for_is_done_and_a_debugger_only_brings_a_hint(choice: Choice, expected: Choice) -> None:
    assert choice == expected


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("thread", "nothing can end a thread that is stuck"),
        ("inline", "nothing can end what runs in this very process"),
    ],
)
def test_a_limit_that_nothing_could_enforce_is_refused(asked: Executor, message: str) -> None:
    with pytest.raises(CannotLimit, match=message) as caught:
        chosen(asked, limited=True)
    assert caught.value.mend == "leave them out, or say --executor process"


def test_a_debugger_is_known_by_its_module_and_a_tracer_by_being_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def trace(_frame: FrameType, _event: str, _argument: Any) -> None:
        return None

    before = sys.gettrace()
    try:
        sys.settrace(None)
        assert debugger({"json"}) == ""
        assert debugger({"json", "debugpy"}) == "debugpy"
        assert debugger({"pydevd"}) == "pydevd"
        sys.settrace(trace)
        assert debugger({"json"}) == "a tracer"
        assert debugger({"pydevd"}) == "pydevd"
    finally:
        sys.settrace(before)


# Cores, as the system has them written down.


def machine(root: Path, cgroup: str, files: dict[str, str]) -> Path:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(cgroup)
    for name, text in files.items():
        (root / "sys/fs/cgroup" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "sys/fs/cgroup" / name).write_text(text)
    return root


@pytest.fixture
def sixteen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))


@pytest.mark.usefixtures("sixteen")
@pytest.mark.parametrize(
    ("cgroup", "files", "cores"),
    [
        ("0::/\n", {}, 16),
        ("0::/\n", {"cpu.max": "max 100000\n"}, 16),
        ("0::/\n", {"cpu.max": "400000 100000\n"}, 4),
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "50000 100000\n"}, 1),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "300000 100000\n"}, 3),
        ("0::/a/b\n", {"a/b/cpu.max": "200000 100000\n", "a/cpu.max": "300000 100000\n"}, 2),
        (
            "4:memory:/x\n2:cpu,cpuacct:/x\n",
            {"cpu,cpuacct/x/cpu.cfs_quota_us": "500000\n", "cpu,cpuacct/x/cpu.cfs_period_us": "100000\n"},
            5,
        ),
        ("2:cpu:/x\n", {"cpu/x/cpu.cfs_quota_us": "-1\n", "cpu/x/cpu.cfs_period_us": "100000\n"}, 16),
        ("0::/\n", {"cpu.max": "nonsense\n"}, 16),
    ],
)
def test_a_quota_of_the_group_or_of_one_above_it_counts(
    tmp_path: Path, cgroup: str, files: dict[str, str], cores: int
) -> None:
    root = machine(tmp_path, cgroup, files)
    assert available_cores(root) == cores
    assert workers_by_default(root) == max(1, cores - 1)


def test_affinity_counts_and_nothing_is_known_of_a_system_that_tells_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5})
    assert available_cores(tmp_path) == 2
    assert workers_by_default(tmp_path) == 1
    assert oom_kills(tmp_path) == 0


def test_the_system_counts_whom_it_ends_for_want_of_memory(tmp_path: Path) -> None:
    root = machine(tmp_path, "0::/a\n", {"a/memory.events": "low 0\nhigh 1\nmax 2\noom 3\noom_kill 2\n"})
    assert oom_kills(root) == 2
