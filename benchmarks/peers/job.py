"""A workload as every engine gets it, and how it is timed: alone in its environment, so nothing of Bulkhead is here.

A process takes a job as one line of JSON and answers with one: what it took and what it traded.
"""

import gc
import importlib.metadata
import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, Protocol

import numpy as np

from benchmarks.peak import peak_megabytes

MOST_RUNS: Final = 5
LONG_ENOUGH_SECONDS: Final = 10.0

Fill = tuple[int, float, float]
"""Time in nanoseconds, signed units, price."""


class Job(NamedTuple):
    """Columns by their names, and the terms: cash to begin with, units that are held or not, a fee for each unit, the
    two periods of the averages that cross."""

    columns: Mapping[str, Any]
    cash: float
    quantity: int
    fee_rate: float
    fast: int
    slow: int


class Work(Protocol):
    """One run. `load` makes everything anew and turns columns into what the engine takes; `run` is what is measured."""

    def load(self) -> None:
        """Get ready."""

    def run(self) -> None:
        """Run from the first row to the last."""

    def fills(self) -> list[Fill]:
        """What was traded."""


def main(distribution: str, works: Mapping[str, Callable[[Job], Work]]) -> None:
    """Do the work that the command line names, and tell of it."""
    asked = json.loads(sys.argv[1])
    with np.load(asked["file"]) as file:
        columns = {name: file[name][: asked["count"]] for name in file.files}
    work = works[asked["work"]](Job(columns, **asked["terms"]))
    loads: list[float] = []
    runs: list[float] = []
    while not (len(runs) >= MOST_RUNS or (len(runs) > 1 and sum(runs) > LONG_ENOUGH_SECONDS)):
        loads.append(_cpu_seconds(work.load))
        runs.append(_cpu_seconds(work.run))
    told = {
        "version": importlib.metadata.version(distribution) if distribution else "",
        "seconds": min(runs),
        "first_seconds": runs[0],
        "load_seconds": min(loads),
        "megabytes": peak_megabytes(),
        "fills": work.fills(),
    }
    sys.stdout.write(json.dumps(told) + "\n")


def _cpu_seconds(run: Callable[[], None]) -> float:
    gc.collect()
    began = time.process_time()
    run()
    return time.process_time() - began
