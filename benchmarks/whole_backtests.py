"""Whole backtests: from the shell to the result, and runs on ticks from their start to their first event and to their
end.

The floor of a run is the same backtest as one plain loop over the same file, in a process of its own where ours is;
that of the small example is a process that does nothing but import the libraries.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from pyarrow import parquet

from benchmarks.backtest import hold_equal
from benchmarks.figures import Figure, table
from benchmarks.floors import ROOT
from benchmarks.floors_of_backtests import PlainFill, rsi_envelope
from benchmarks.workloads import (
    OF_BARS,
    OF_QUOTES,
    RSI,
    SMA,
    START_NS,
    QuoteColumns,
    bar_columns,
    quote_columns,
    sized,
    write_workload,
)
from daemon.check import Plan, check
from daemon.clock import SystemClock
from daemon.processes import SystemProcesses
from daemon.research.coordinator import BacktestCoordinator, Run
from daemon.research.wishes import Wishes
from daemon.results.result import FillLine, Result
from trading.orders import Side
from trading.timestamps import HOUR, MILLISECOND, MINUTE, from_datetime

RUNS: Final = 5
YEAR: Final = sized(525_600)
"""Minutes of a year."""

TICKS: Final = {2_300: (60.0, 812.0), 20_000: (63.0, 1_546.0)}
"""Milliseconds to the first event and to the end that were published of another program, by the number of ticks."""

APART_NS: Final = 400 * MILLISECOND
PAST_NS: Final = 12 * HOUR
"""Before a run on ticks there is a quote each minute, of which the bars of its warm-up are made."""

_IMPORTS: Final = "import click, msgspec, numpy, pydantic_settings, sqlite3, yaml"
_YEAR_BY_HAND: Final = """
import json, sys
from pyarrow import parquet
from benchmarks.floors_of_backtests import sma_cross
rows = parquet.read_table(sys.argv[1])
fills = sma_cross(*(rows[name].to_pylist() for name in ("ts_ns", "open", "close")), *map(int, sys.argv[3:]))
with open(sys.argv[2], "w") as file:
    json.dump(fills, file)
"""


def figures() -> list[Figure]:
    """Seconds and milliseconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [_example(folder), *_years(folder), *_runs_on_ticks(folder)]


def _example(folder: Path) -> Figure:
    """That of the README."""
    command = ["backtest", "-c", str(ROOT / "examples" / "year.yaml"), "--report", str(folder / "year.html")]
    return Figure(
        name="bulkhead backtest, the README's example, from the shell to its page",
        unit="s",
        value=_fastest(lambda: _child(["-P", "-m", "daemon.cli", *command])),
        floor=_fastest(lambda: _child(["-c", _IMPORTS])),
        target=1.5,
    )


def _years(folder: Path) -> list[Figure]:
    """The averages of two days, which trade 500 times a year, and those of half an hour, which do 20,000 times."""
    return [_year(folder / f"year-{fast}-{slow}", fast, slow) for fast, slow in ((400, 1_200), (10, 30))]


def _year(folder: Path, fast: int, slow: int) -> Figure:
    written = write_workload(folder, bar_columns(YEAR), OF_BARS, SMA, fast=fast, slow=slow)
    ours, by_hand = folder / "year.json", folder / "by-hand.json"
    command = ["-P", "-m", "daemon.cli", "backtest", "-c", str(written.config), "--json", str(ours)]
    plain = ["-c", _YEAR_BY_HAND, str(written.data), str(by_hand), str(fast), str(slow)]
    figure = Figure(
        name=f"bulkhead backtest, {YEAR:,} bars of a minute, SMA {fast}/{slow}, from the shell to its result",
        unit="s",
        value=_fastest(lambda: _child(command), 2),
        floor=_fastest(lambda: _child(plain), 2),
        target=2.0,
    )
    found = msgspec.json.decode(ours.read_bytes(), type=_Traded)
    hold_equal(_plain(found.fills), msgspec.json.decode(by_hand.read_bytes(), type=list[PlainFill]))
    return figure


class _Traded(msgspec.Struct):
    """What is read of a result."""

    fills: list[FillLine]


def _runs_on_ticks(folder: Path) -> list[Figure]:
    """Milliseconds of runs in this process; what reads and checks the config is not in them."""
    found = []
    for count, (to_first_ms, to_end_ms) in TICKS.items():
        plan = ticks_of(folder, count)
        data = plan.config.with_name("data.parquet")
        run, by_hand = partial(run_of, plan), partial(_run_by_hand, data, START_NS + PAST_NS)
        hold_equal(_plain(run().fills), by_hand())
        name = f"{count:,} ticks to RSI of 5 and envelope of 30 minutes"
        found += [
            Figure(
                name=f"{name}, from the run's start to its first event",
                unit="ms",
                value=_fastest(partial(_begin, plan)) * 1_000,
                target=to_first_ms,
            ),
            Figure(
                name=f"{name}, from the run's start to its result",
                unit="ms",
                value=_fastest(run) * 1_000,
                floor=_fastest(by_hand) * 1_000,
                target=to_end_ms,
            ),
        ]
    return found


def ticks_of(folder: Path, count: int) -> Plan:
    """The plan of a run on so many ticks, with its data in a new folder of that one."""
    columns = _with_past(count)
    written = write_workload(folder / str(count), columns, OF_QUOTES, RSI, start_ns=START_NS + PAST_NS)
    return check(written.config, dict(os.environ), SystemProcesses(), Wishes())


def _with_past(count: int) -> QuoteColumns:
    """A quote each minute, then so many ticks of a run."""
    past = quote_columns(PAST_NS // MINUTE, seed=3, apart_ns=MINUTE)
    ticks = quote_columns(count, seed=4, apart_ns=APART_NS)
    early = past.ts_ns < START_NS + PAST_NS
    ticks = ticks._replace(ts_ns=ticks.ts_ns + PAST_NS)
    return QuoteColumns(*(np.concatenate((old[early], new)) for old, new in zip(past, ticks, strict=True)))


def run_of(plan: Plan) -> Result:
    """From its start to its result, in this process."""
    return BacktestCoordinator(SystemClock()).run(plan, stopped=lambda: False)


def _begin(plan: Plan) -> None:
    """A run that is stopped when it has carried its first event: then it asks for the first time."""
    run = Run("first", plan, "first", SystemClock(), every_event=True)
    run.initialise()
    run.carry(lambda: True, None)
    run.teardown()


def _run_by_hand(file: Path, start_ns: int) -> list[PlainFill]:
    rows = parquet.read_table(file)
    times, bids, asks = (rows[name].to_pylist() for name in ("ts_ns", "bid", "ask"))
    return rsi_envelope(times, bids, asks, start_ns)


def _plain(lines: Iterable[FillLine]) -> list[PlainFill]:
    return [
        PlainFill(
            from_datetime(datetime.fromisoformat(line.ts)),
            Side(line.side).signed(Decimal(line.quantity)),
            Decimal(line.price),
            Decimal(line.fee),
        )
        for line in lines
    ]


def _child(arguments: Sequence[str]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)


def _fastest(run: Callable[[], object], runs: int = RUNS) -> float:
    """Seconds that pass of the fastest of some runs."""
    took = []
    for _ in range(runs):
        began = time.perf_counter()
        run()
        took.append(time.perf_counter() - began)
    return min(took)


if __name__ == "__main__":
    sys.stdout.write(table(figures()) + "\n")
