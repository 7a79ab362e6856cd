"""One symbol's bars of a Parquet file as arrays, for who wants their numbers and not each bar.

A block of rows is judged at once by the rules of `judge.py`; one that is not flawless comes as its events, as that
module makes them row by row. Needs the extra `data`.
"""

from collections.abc import Iterator

import numpy as np

from daemon.feeds.file.arrow import ParquetBlock
from daemon.feeds.file.blocks import BarArrays, Place
from daemon.feeds.file.judge import Before, Judge, OnBadRow
from daemon.feeds.file.layout import DataFile
from daemon.feeds.file.parquet import ParquetSource
from trading.market_data import Bar, MarketEvent


def bar_blocks(
    file: DataFile, *, begin_ns: int, end_ns: int, on_bad_row: OnBadRow
) -> Iterator[BarArrays | list[MarketEvent]]:
    """The bars of a file that close from begin to before end, in its order; BadData where it is damaged."""
    judge = Judge(file, Before(), on_bad_row)
    for block in ParquetSource(file).blocks(Place()):
        bars = _judged(file, judge, block)
        if bars is None:
            events = judge.events(block)
            if within := [event for event in events if begin_ns <= event.ts_ns < end_ns]:
                yield within
            if events and events[-1].ts_ns >= end_ns:
                return
            continue
        first, after = bars.times.searchsorted((begin_ns, end_ns)).tolist()
        if first < after:
            yield BarArrays(bars.times[first:after], [column[first:after] for column in bars.columns])
        if after < len(bars.times):
            return


def _judged(file: DataFile, judge: Judge, block: ParquetBlock) -> BarArrays | None:
    """A block that is flawless, by which what comes next is then judged; None for any other."""
    bars = block.arrays()
    if bars is None or not len(bars.times):
        return None
    bars = BarArrays(bars.times + file.shift_ns, bars.columns)
    before = judge.before
    last = before.events.get(file.symbols[0])
    if bars.times.item(0) < before.ts_ns or not _are_flawless(bars, signed=file.may_be_negative >= {*file.symbols}):
        return None
    apart = np.diff(bars.times, prepend=[] if last is None else [last.ts_ns])
    if (apart < file.interval_ns).any():
        return None
    end = Bar(file.symbols[0], bars.times.item(-1), file.interval_ns, *[column.item(-1) for column in bars.columns])
    judge.before = Before(ts_ns=end.ts_ns, events={end.symbol: end})
    return bars


def _are_flawless(bars: BarArrays, *, signed: bool) -> bool:
    """Whether prices lie within lows and highs, lows are above zero where they must be, and all of it are numbers."""
    opens, highs, lows, closes, volumes = bars.columns
    if not all(np.isfinite(column).all() for column in bars.columns):
        return False
    if not all(((lows <= prices) & (prices <= highs)).all() for prices in (opens, closes)):
        return False
    return bool((signed or lows.min() > 0.0) and volumes.min() >= 0.0)
