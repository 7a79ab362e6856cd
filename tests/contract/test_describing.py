"""Strategies described again and again by a process that is warm: as by one of its own each time."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from daemon.descriptions import Answer, Description, Entry, Undescribed, describe, start_request
from daemon.processes import SystemProcesses
from daemon.research.scenarios.describing import Describing
from tests.market_builders import an_instrument
from tests.real_children import block_until_gone, is_gone, offspring

STRATEGIES = """
import os, pathlib, subprocess, sys, time
from trading.strategy import Strategy

SEEN = []


class Mine(Strategy):
    symbol: str
    what: str = ""

    def start(self):
        SEEN.append(1)
        print("printed")
        if self.what == "hang":
            time.sleep(60)
        if self.what == "die":
            os._exit(3)
        if self.what == "breed":
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            pathlib.Path(__file__).with_name("bred").write_text(str(child.pid))
        self.schedule(f"number-{len(SEEN)}", every="1m")
"""


@pytest.fixture
def describing() -> Iterator[Describing]:
    with Describing(SystemProcesses()) as processes:
        yield processes


def asked(folder: Path, processes: Describing | SystemProcesses, what: str = "", seconds: float = 10.0) -> Answer:
    (folder / "mine.py").write_text(STRATEGIES)
    entry = Entry(
        id="mine",
        reference="mine.py:Mine",
        params={"symbol": "AAA", "what": what},
        capital={},
        timeframe_ns=1,
        warmup=0,
    )
    request = start_request(folder, 0, {"AAA": an_instrument("AAA")}, [entry])
    request = msgspec.structs.replace(request, deadline_seconds=seconds)
    (found,) = describe(request, processes, dict(os.environ))
    return found


def test_it_answers_as_a_process_of_its_own_would_each_time_anew(tmp_path: Path, describing: Describing) -> None:
    expected = asked(tmp_path, SystemProcesses())
    assert isinstance(expected, Description)
    assert [asked(tmp_path, describing) for _ in range(3)] == [expected] * 3
    (describer,) = ours()
    assert offspring(describer) == set(), "and nobody is left"


@pytest.mark.parametrize("what", ["die", "hang"])
def test_one_that_dies_or_hangs_is_named_and_the_next_is_described(
    tmp_path: Path, describing: Describing, what: str
) -> None:
    found, expected = (asked(tmp_path, one, what, 1.0) for one in (describing, SystemProcesses()))
    assert isinstance(found, Undescribed)
    assert isinstance(expected, Undescribed)
    told = found.flaws[0].message.partition(";")[0]  # where it was hanging is told by who had the time
    assert told == expected.flaws[0].message.partition(";")[0]
    assert isinstance(asked(tmp_path, describing), Description)


def test_what_one_leaves_behind_ends_with_it(tmp_path: Path, describing: Describing) -> None:
    assert isinstance(asked(tmp_path, describing, "breed"), Description)
    bred = int((tmp_path / "bred").read_text())
    block_until_gone(bred)
    assert is_gone(bred)


def test_it_is_begun_anew_where_it_is_lost(tmp_path: Path, describing: Describing) -> None:
    expected = asked(tmp_path, describing)
    (lost,) = ours()
    os.kill(lost, signal.SIGKILL)
    assert [asked(tmp_path, describing) for _ in range(2)] == [expected] * 2
    (other,) = ours()
    assert other != lost


def test_other_helpers_run_as_ever_and_nobody_is_begun_for_them(describing: Describing) -> None:
    program = (sys.executable, "-c", "print('hello')")
    found = describing.run(program, given=b"", environment={}, deadline_seconds=10.0)
    assert found.output == b"hello\n"
    assert ours() == []


def test_it_ends_with_whoever_asked(tmp_path: Path) -> None:
    with Describing(SystemProcesses()) as processes:
        asked(tmp_path, processes)
        (describer,) = ours()
    assert is_gone(describer)


def ours() -> list[int]:
    """The describers that this process has begun."""
    return [pid for pid in offspring(os.getpid()) if not is_gone(pid) and b"describer" in cmdline(pid)]


def cmdline(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
