"""What a strategy's process weighs, and how long it takes until many of them have started.

Bare is a process that imports msgspec alone, and such a process forked as many times.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Final

import uvloop

from benchmarks.figures import Figure, table
from benchmarks.floors import AAA, entry, fleet, floor_plan, quarters
from daemon.feeds.port import HistoricalFeed
from daemon.feeds.synthetic import SyntheticFeed
from daemon.feeds.walk import SyntheticSymbol
from daemon.floor import Floor
from trading.recorder import MemoryRecorder
from trading.subscriptions import DataKind
from trading.timestamps import HOUR, MINUTE, SECOND

MANY: Final = (50, 200)
TARGET_MEGABYTES: Final = 25.0
START_NS: Final = 1_767_623_400 * SECOND

_BARE: Final = """
import os, sys, msgspec
out, hold = os.pipe()
for _ in range(int(sys.argv[1])):
    if not os.fork():
        os.close(hold)
        os.write(1, b".")
        os.read(out, 1)
        os._exit(0)
sys.stdin.read()
"""
"""Forks that say a byte each; they end with their parent."""


def figures() -> list[Figure]:
    """Megabytes of one, alone and among others, and seconds until many have started."""
    found = []
    _, alone = _ours(1)
    with _forks(1) as (bare, _):
        megabytes = _megabytes(bare)
    name = "memory of a process with SmaCross (PSS)"
    found.append(Figure(name=f"{name}, alone", unit="MB", value=alone, floor=megabytes, target=TARGET_MEGABYTES))
    for count in MANY:
        seconds, among = _ours(count)
        with _forks(count) as (bare, bare_seconds):
            megabytes = _megabytes(bare)
        found += [
            Figure(name=f"{name}, one of {count}", unit="MB", value=among, floor=megabytes, target=TARGET_MEGABYTES),
            Figure(name=f"from nothing to {count} processes started", unit="s", value=seconds, floor=bare_seconds),
        ]
    return found


def _ours(count: int) -> tuple[float, float]:
    """Seconds until all have started and are warm, and the megabytes of one of them."""
    with tempfile.TemporaryDirectory() as folder:
        return uvloop.run(_start(Path(folder), count))


async def _start(folder: Path, count: int) -> tuple[float, float]:
    strategies = [
        entry(f"s{place}", "strategies.sma_cross:SmaCross", "process", warmup=30, symbol="AAA")
        for place in range(count)
    ]
    traded = fleet(AAA, strategies)
    began = time.perf_counter()
    async with quarters(folder) as its_quarters:
        floor = await Floor.begin(floor_plan(traded, its_quarters, MemoryRecorder(), _feed), traded)
        seconds = time.perf_counter() - began
        forkserver = _children_of(os.getpid())[-1]
        megabytes = _megabytes(forkserver)
        await floor.hosts.close()
    return seconds, megabytes


def _feed() -> HistoricalFeed:
    return SyntheticFeed(
        seed=1,
        start_ns=START_NS,
        duration_ns=HOUR,
        symbols=[SyntheticSymbol(instrument=AAA, price=Decimal(100))],
        data={DataKind.BARS},
        every_ns=MINUTE,
        bar_interval_ns=MINUTE,
    )


@contextmanager
def _forks(count: int) -> Iterator[tuple[int, float]]:
    """Bare processes: whose children they are, and how many seconds it took until all were there."""
    began = time.perf_counter()
    command = [sys.executable, "-c", _BARE, str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        for _ in range(count):
            assert parent.stdout.read(1), "the bare processes did not start"
        yield parent.pid, time.perf_counter() - began


def _megabytes(parent: int) -> float:
    """The proportional share of memory of a process's last child: pages that several have count for each in part."""
    rollup = Path(f"/proc/{_children_of(parent)[-1]}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024


def _children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


if __name__ == "__main__":
    sys.stdout.write(table(figures()) + "\n")
