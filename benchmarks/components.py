"""Where the time of a backtest goes: the share of each component, in a small run and in a large one.

A profiler looks on, so calls weigh more than they do without it. What the interpreter and libraries do counts for the
component that called them.
"""

import cProfile
import pstats
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Figure, table
from benchmarks.floors import ROOT
from benchmarks.whole_backtests import TICKS, run_of, ticks_of

COMPONENTS: Final = {
    "reading data": ("daemon/feeds", "daemon/research/data_handler", "daemon/research/timeline"),
    "order of events, bars": (
        "trading/sequencer",
        "trading/aggregation",
        "trading/lockstep",
        "trading/calm",
        "trading/driver",
        "trading/warmup",
        "trading/timers",
        "trading/market_data",
        "daemon/research/coordinator",
        "daemon/research/skip_ahead",
    ),
    "strategy, indicators": ("strategies", "trading/strategy", "trading/indicators", "trading/desk"),
    "market": ("brokers",),
    "account: router, gate, ledger": ("trading/account",),
    "container: risk, orders, book": ("trading",),
    "tables, result": (
        *("daemon/journal", "daemon/performance", "daemon/research", "daemon/results"),
        "trading/statistics",
    ),
}
"""By what the paths of their files begin with; the longest beginning counts."""

REST: Final = "the rest"


def figures() -> list[Figure]:
    """Shares of the time from a run's start to its result."""
    with tempfile.TemporaryDirectory() as folder:
        return [figure for count in TICKS for figure in _shares(Path(folder), count)]


def _shares(folder: Path, count: int) -> list[Figure]:
    run = partial(run_of, ticks_of(folder, count))
    run()  # what is imported and made once is no share of a run
    profile = cProfile.Profile()
    profile.runcall(run)
    spent = by_component(pstats.Stats(profile).stats)  # type: ignore[attr-defined]
    return [
        Figure(name=f"{count:,} ticks, share of {component}", unit="%", value=100 * spent[component] / spent.total())
        for component in (*COMPONENTS, REST)
    ]


def by_component(stats: Mapping[tuple[str, int, str], Any]) -> Counter[str]:
    """Seconds by component, out of what a profile has by function: its own seconds third, and fifth its callers, again
    with the seconds that it has spent for each of them third."""
    spent: Counter[str] = Counter()
    for (file, _, _), (_, _, seconds, _, callers) in stats.items():
        if (own := component_of(file)) != REST:
            spent[own] += seconds
            continue
        for (calling, _, _), (_, _, for_caller, _) in callers.items():
            spent[component_of(calling)] += for_caller
    return spent


def component_of(file: str) -> str:
    """To which component a file belongs."""
    path = file.removeprefix(f"{ROOT}/")
    found = [(len(begin), one) for one, begins in COMPONENTS.items() for begin in begins if path.startswith(begin)]
    return max(found)[1] if found else REST


if __name__ == "__main__":
    sys.stdout.write(table(figures()) + "\n")
