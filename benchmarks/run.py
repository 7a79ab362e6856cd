"""`make bench`: every figure of the README, each with its target and a verdict. A miss is reported, never a failure."""

import sys
from pathlib import Path

from benchmarks import catalogue, children, fanout, live_orders, lockstep, matching, order_path, startup, websocket
from benchmarks.figures import table, write


def main() -> None:
    """Measure, print, and write the results beside this file."""
    measured = (matching, order_path, startup, children, lockstep, websocket, fanout, live_orders, catalogue)
    found = [figure for benchmark in measured for figure in benchmark.figures()]
    sys.stdout.write(table(found) + "\n")
    write(found, Path(__file__).with_name("results.json"))


if __name__ == "__main__":
    main()
