"""The engine of a backtest, on events in memory: sequencer, container, risk, gate, matching and books, by CPU time.

The floor is the same backtest as a plain loop over the same columns; fills that are not the very same are an error.
Loading is not in it, as it is not where other engines are measured, and what was done is kept in a list. What whole
backtests take, from the shell to the result, `whole_backtests` measures.
"""

import gc
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple, TypeVar

from benchmarks import floors_of_backtests as floors
from benchmarks.engine import ON_BARS, ON_QUOTES, driver_of, fills_of, records_of, skip_through, timeline_of
from benchmarks.figures import Figure, table
from benchmarks.floors_of_backtests import PlainFill
from benchmarks.subscribers import Idle
from benchmarks.workloads import BARS, QUOTES, bar_columns, bars_of, quote_columns, quotes_of
from daemon.research.tables import TableRecorder
from strategies.rsi_envelope import RsiEnvelope
from strategies.sma_cross import SmaCross
from trading.account.records import StepRecord
from trading.driver import Driver
from trading.market_data import Bar

PERIODS: Final = ((10, 30), (50, 150), (400, 1_200))
"""Of the averages that cross: the longer, the rarer."""

SKIPPING_TARGETS_US: Final = (0.45, 0.12, 0.03)
MOST_RUNS: Final = 5
LONG_ENOUGH_SECONDS: Final = 8.0

StateT = TypeVar("StateT")
ResultT = TypeVar("ResultT")


class Timed(NamedTuple):
    """Microseconds of CPU time, and what was traded and recorded meanwhile."""

    us: float
    fills: Sequence[PlainFill]
    records: Sequence[StepRecord] = ()


def figures() -> list[Figure]:
    """Microseconds a bar, a fill and a quote."""
    return [*_on_bars(), _on_quotes()]


def _on_bars() -> list[Figure]:
    columns = bar_columns(BARS)
    bars = bars_of(columns)
    crossing = partial(floors.sma_cross, columns.ts_ns.tolist(), columns.open.tolist(), columns.close.tolist())
    idle = _ours(partial(driver_of, Idle, ON_BARS), lambda driver: driver.run(bars))
    idle_floor = _floor(partial(floors.hear, bars))
    fast, slow = PERIODS[0]
    every_bar = _ours(partial(driver_of, SmaCross, ON_BARS, fast=fast, slow=slow), lambda driver: driver.run(bars))
    crossed = [_floor(partial(crossing, *periods)) for periods in PERIODS]
    hold_equal(every_bar.fills, crossed[0].fills)
    fills = len(every_bar.fills)
    return [
        _figure(f"backtest, {BARS:,} bars, strategy does nothing, a bar", idle.us / BARS, idle_floor.us / BARS, 0.4),
        _figure(
            "backtest, from a signal to its booked fill, whole path, a fill",
            (every_bar.us - idle.us) / fills,
            (crossed[0].us - idle_floor.us) / fills,
            10.0,
        ),
        _figure("backtest, what was done in tables, a fill", _in_tables(every_bar.records) / fills),
        _figure(f"backtest, SMA {fast}/{slow}, every bar, a bar", every_bar.us / BARS, crossed[0].us / BARS, 1.0),
        *_skipping(bars, crossed),
    ]


def _skipping(bars: Sequence[Bar], crossed: Sequence[Timed]) -> list[Figure]:
    """A bar of runs that pass by those at which nothing can happen; their signals are made on the way."""
    timeline = timeline_of(bars)
    found = []
    for (fast, slow), floor, target in zip(PERIODS, crossed, SKIPPING_TARGETS_US, strict=True):
        make = partial(driver_of, SmaCross, ON_BARS, fast=fast, slow=slow)
        ours = _ours(make, lambda driver: skip_through(driver, timeline))
        hold_equal(ours.fills, floor.fills)
        share = len(floor.fills) / BARS
        name = f"backtest, SMA {fast}/{slow}, skipping ahead, {share:.1%} of bars fill, a bar"
        found.append(_figure(name, ours.us / BARS, floor.us / BARS, target))
    return found


def _on_quotes() -> Figure:
    columns = quote_columns(QUOTES)
    quotes = quotes_of(columns)
    ours = _ours(partial(driver_of, RsiEnvelope, ON_QUOTES), lambda driver: driver.run(quotes))
    ts_ns, bids, asks, *_ = (column.tolist() for column in columns)
    floor = _floor(partial(floors.rsi_envelope, ts_ns, bids, asks))
    hold_equal(ours.fills, floor.fills)
    name = f"backtest, {QUOTES:,} quotes to RSI of 5 and envelope of 30 minutes, a quote"
    return _figure(name, ours.us / QUOTES, floor.us / QUOTES, 0.6)


def _ours(make: Callable[[], Driver], run: Callable[[Driver], None]) -> Timed:
    us, driver, _ = _fastest(make, run)
    return Timed(us, fills_of(driver), records_of(driver))


def _floor(run: Callable[[], Sequence[PlainFill]]) -> Timed:
    us, _, fills = _fastest(lambda: None, lambda _: run())
    return Timed(us, fills)


def _in_tables(records: Sequence[StepRecord]) -> float:
    """Microseconds until records are rows, as the result of a backtest is made of them."""

    def write(recorder: TableRecorder) -> None:
        for record in records:
            recorder.record(record)
        recorder.tables()

    us, recorder, _ = _fastest(TableRecorder, write, most=1)
    recorder.close()
    return us


def _fastest(
    make: Callable[[], StateT], run: Callable[[StateT], ResultT], most: int = MOST_RUNS
) -> tuple[float, StateT, ResultT]:
    """Microseconds of CPU time of the fastest of some runs, from two on until they have taken long enough; what the
    last was made of, and what it gave. The collector looks at nothing that was there before."""
    took: list[float] = []
    while True:
        state = make()
        gc.collect()
        gc.freeze()
        began = time.process_time()
        result = run(state)
        took.append(time.process_time() - began)
        gc.unfreeze()
        if len(took) >= most or (len(took) > 1 and sum(took) > LONG_ENOUGH_SECONDS):
            return min(took) * 1e6, state, result


def hold_equal(ours: Sequence[PlainFill], floor: Sequence[PlainFill]) -> None:
    """An engine is not measured at anything but the work that was asked for."""
    for one, other in zip(ours, floor, strict=False):
        assert one == other, f"{one} is not {other}"
    assert len(ours) == len(floor), f"{len(ours)} fills, not {len(floor)}"


def _figure(name: str, value: float, floor: float | None = None, target: float | None = None) -> Figure:
    return Figure(name=name, unit="us", value=value, floor=floor, target=target)


if __name__ == "__main__":
    sys.stdout.write(table(figures()) + "\n")
