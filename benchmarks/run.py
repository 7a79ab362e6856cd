"""`make bench`: every figure, each with its target and a verdict. A miss is reported, never a failure; a benchmark that
ends with an error, as where fills are not those of its floor, is one once all others are told.
"""

import sys
import time
import traceback
from pathlib import Path
from types import ModuleType
from typing import Final

from benchmarks import (
    backtest,
    backtest_memory,
    catalogue,
    children,
    components,
    fanout,
    kill_switch,
    live_orders,
    lockstep,
    matching,
    order_path,
    scenarios,
    startup,
    websocket,
    whole_backtests,
)
from benchmarks.figures import Figure, table, write

_DAEMON: Final = (matching, order_path, startup, children, lockstep, websocket, fanout, live_orders, kill_switch)
_RESEARCH: Final = (catalogue, backtest, whole_backtests, components, backtest_memory, scenarios)


def main() -> None:
    """Measure, print, and write the results beside this file."""
    found: list[Figure] = []
    failed = [benchmark.__name__ for benchmark in (*_DAEMON, *_RESEARCH) if not _measure(benchmark, found)]
    sys.stdout.write(table(found) + "\n")
    write(found, Path(__file__).with_name("results.json"))
    if failed:
        sys.exit(f"ended with an error: {', '.join(failed)}")


def _measure(benchmark: ModuleType, found: list[Figure]) -> bool:
    """Add its figures, and tell how long that took; whether it came to any."""
    began = time.perf_counter()
    try:
        found += benchmark.figures()
    except Exception:
        traceback.print_exc()
        return False
    sys.stderr.write(f"{benchmark.__name__}: {time.perf_counter() - began:.0f} s\n")
    return True


if __name__ == "__main__":
    main()
