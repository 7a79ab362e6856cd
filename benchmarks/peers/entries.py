"""Which engine is measured at which workload, over how many of its rows, and why its fills are others than ours."""

from typing import Final, NamedTuple

from benchmarks.workloads import BARS, QUOTES

FLOOR: Final = "floor"
OURS: Final = (FLOOR, "bulkhead")
"""Modules of `engines` that run in this environment; each other one is named as its environment is."""

WORKLOADS: Final = {
    "nothing": "bars, and a strategy that does nothing",
    "cross": "bars, held while SMA 10 is above SMA 30",
    "ticks": "quotes, to the RSI of bars of 5 minutes and an envelope of bars of 30",
}

_ON_TICKS: Final = "one price a tick, the middle; trades at the next"


class Entry(NamedTuple):
    """An engine at a workload; one of so many rows is enough for it."""

    workload: str
    label: str
    module: str
    work: str = ""
    one_of: int = 1
    why: str = ""

    @property
    def data(self) -> str:
        """What it runs over."""
        return "quotes" if self.workload == "ticks" else "bars"

    @property
    def items(self) -> int:
        """Over how many."""
        return (QUOTES if self.workload == "ticks" else BARS) // self.one_of


ENTRIES: Final = (
    Entry("nothing", FLOOR, FLOOR),
    Entry("nothing", "bulkhead", "bulkhead"),
    Entry("nothing", "backtesting.py", "backtesting"),
    Entry("nothing", "nautilus_trader", "nautilus_trader"),
    Entry("nothing", "backtrader", "backtrader", one_of=5),
    Entry("cross", FLOOR, FLOOR),
    Entry("cross", "bulkhead, every bar", "bulkhead"),
    Entry("cross", "bulkhead, skipping ahead", "bulkhead", "skipping"),
    Entry("cross", "vectorbt", "vectorbt"),
    Entry("cross", "backtesting.py", "backtesting"),
    Entry("cross", "nautilus_trader", "nautilus_trader", why="trades at the close of the bar that decides"),
    Entry("cross", "backtrader", "backtrader", one_of=5),
    Entry("ticks", FLOOR, FLOOR),
    Entry("ticks", "bulkhead", "bulkhead"),
    Entry("ticks", "backtesting.py", "backtesting", why=_ON_TICKS),
    Entry("ticks", "nautilus_trader", "nautilus_trader", why="fills some decisions of the half hour a tick later"),
    Entry("ticks", "backtrader", "backtrader", one_of=10, why=_ON_TICKS),
)
"""vectorbt brings no bars to a strategy, so one workload is all that it has."""
