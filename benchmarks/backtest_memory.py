"""What backtests take of memory, each in a process of its own: of a stream, however long, as much; of a run that skips,
which keeps its events as columns, little more than those.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.figures import Figure, table
from benchmarks.floors import ROOT
from benchmarks.one_backtest import EVERY_EVENT
from benchmarks.workloads import (
    OF_BARS,
    OF_QUOTES,
    SMA,
    Workload,
    bar_columns,
    megabytes,
    quote_columns,
    sized,
    write_workload,
)

FEW_QUOTES: Final = sized(250_000)
MANY_QUOTES: Final = 4 * FEW_QUOTES
FLAT: Final = 1.1
"""What four times as many events may take, in the memory of a quarter of them."""

FEW_BARS: Final = sized(250_000)
MANY_BARS: Final = FEW_BARS + sized(1_000_000)
COPIES: Final = 2.5
"""As often the columns themselves may be in the memory of a run that skips."""


def figures() -> list[Figure]:
    """Megabytes at the peak."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [_stream(folder), _columns(folder)]


def _stream(folder: Path) -> Figure:
    few, many = (
        _peak(write_workload(folder / f"quotes-{count}", quote_columns(count), OF_QUOTES, SMA), EVERY_EVENT)
        for count in (FEW_QUOTES, MANY_QUOTES)
    )
    name = f"memory of a backtest, {MANY_QUOTES:,} quotes from a file, held against {FEW_QUOTES:,}"
    return Figure(name=name, unit="MB", value=many, floor=few, target=FLAT * few)


def _columns(folder: Path) -> Figure:
    """What that of fewer bars takes too, such as room to read a large file in, is not of the columns."""
    few, many = (
        _peak(write_workload(folder / f"bars-{count}", bar_columns(count), OF_BARS, SMA, fast=400, slow=1_200))
        for count in (FEW_BARS, MANY_BARS)
    )
    raw = megabytes(bar_columns(MANY_BARS - FEW_BARS))
    name = f"memory of a backtest that skips through {MANY_BARS - FEW_BARS:,} bars, held against their columns"
    return Figure(name=name, unit="MB", value=many - few, floor=raw, target=COPIES * raw)


def _peak(workload: Workload, *words: str) -> float:
    result = workload.config.with_name("result.json")
    command = [sys.executable, "-m", "benchmarks.one_backtest", str(workload.config), str(result), *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return float(ran.stdout.splitlines()[-1])


if __name__ == "__main__":
    sys.stdout.write(table(figures()) + "\n")
