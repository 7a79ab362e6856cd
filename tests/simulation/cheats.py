"""Strategies that know the future, each in another way, and a few that only look as though they did."""

import csv
import sys
import time
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import FrameType

import numpy as np
import pyarrow.parquet as pq

from strategies.arrays import sma
from strategies.arrays.decisions import at_rows, sided
from trading.history import Decisions, History
from trading.indicators import Sma
from trading.market_data import Bar, Timer
from trading.reports import Fill
from trading.strategy import Strategy
from trading.timestamps import MINUTE, from_datetime


class Held(Strategy):
    """Holds while its decision is above zero."""

    symbol: str

    def decide(self, bar: Bar, hold: float) -> None:
        self.target(self.symbol, 10 if hold > 0 else 0)


# By their arrays.


class NextBar(Held):
    """Holds where the next bar closes higher."""

    def on_bar(self, bar: Bar) -> None:
        self.decide(bar, 0.0)

    def signals(self, history: History) -> Decisions:
        bars = history.bars(self.symbol)
        higher = [float(after > now) for now, after in zip(bars.close, bars.close[1:], strict=False)]
        return Decisions(bars, self.decide, [np.array([*higher, 0.0])])


class ShiftedBack(Held):
    """Crosses averages that are shifted by minus two."""

    def on_bar(self, bar: Bar) -> None:
        self.decide(bar, 0.0)

    def signals(self, history: History) -> Decisions:
        bars = history.bars(self.symbol)
        return Decisions(bars, self.decide, [np.roll(sided(sma(bars.close, 3), sma(bars.close, 8)), -2)])


class RareShift(Held):
    """An honest average, but where the price is about to jump."""

    def start(self) -> None:
        self.average = Sma(5)

    def on_bar(self, bar: Bar) -> None:
        average = self.average.update(bar.close)
        if average is not None:
            self.decide(bar, float(bar.close > average))

    def signals(self, history: History) -> Decisions:
        bars = history.bars(self.symbol)
        hold = sided(bars.close, sma(bars.close, 5))
        falls = np.append(bars.close[1:] < 0.96 * bars.close[:-1], False)
        return Decisions(bars, self.decide, [np.where(falls, 0.0, hold)])


class ZScoreOfAll(Held):
    """Buys what is cheap by the mean and deviation of the whole history."""

    def on_bar(self, bar: Bar) -> None:
        self.decide(bar, 0.0)

    def signals(self, history: History) -> Decisions:
        close = history.bars(self.symbol).close
        return Decisions(history.bars(self.symbol), self.decide, [np.where(close < close.mean(), 1.0, 0.0)])


class LongerBar(Held):
    """Follows the five-minute bar that is still open."""

    def start(self) -> None:
        self.subscribe(self.symbol, bars="1m")
        self.subscribe(self.symbol, bars="5m")

    def on_bar(self, bar: Bar) -> None:
        pass

    def signals(self, history: History) -> Decisions:
        short, long = history.bars(self.symbol, "1m"), history.bars(self.symbol, "5m")
        rows = np.minimum(short.rows_before(long) + 1, len(long) - 1)
        return Decisions(short, self.decide, [at_rows(np.where(long.close > long.open, 1.0, 0.0), rows)])


class LeavesAtTheEnd(Held):
    """Holds, and is flat when the last bar of the data comes."""

    def on_bar(self, bar: Bar) -> None:
        self.decide(bar, 1.0)

    def signals(self, history: History) -> Decisions:
        bars = history.bars(self.symbol)
        return Decisions(bars, self.decide, [np.where(np.arange(len(bars)) < len(bars) - 3, 1.0, 0.0)])


class DecideLooksBeside(Held):
    """Its arrays are honest; `decide` has kept the closes."""

    def start(self) -> None:
        self.closes: dict[float, float] = {}

    def on_bar(self, bar: Bar) -> None:
        self.decide(bar, bar.close)

    def decide(self, bar: Bar, hold: float) -> None:
        self.target(self.symbol, 10 if self.closes.get(bar.close, 0.0) > bar.close else 0)

    def signals(self, history: History) -> Decisions:
        bars = history.bars(self.symbol)
        self.closes = dict(zip(bars.close.tolist(), bars.close[1:].tolist(), strict=False))
        return Decisions(bars, self.decide, [bars.close])


class LeavesAtTheHighest(Held):
    """Its arrays and `decide` are honest; what it does with a fill is not."""

    def start(self) -> None:
        self.average = Sma(5)
        self.highest: dict[int, float] = {}

    def on_bar(self, bar: Bar) -> None:
        average = self.average.update(bar.close)
        if average is not None:
            self.decide(bar, 1.0 if bar.close > average else -1.0 if bar.close < average else 0.0)

    def decide(self, bar: Bar, hold: float) -> None:
        if hold > 0 and not self.position(self.symbol) and not self.open_orders():
            self.buy(self.symbol, 10)

    def on_fill(self, fill: Fill) -> None:
        if self.position(self.symbol):
            self.sell(self.symbol, 10, limit_price=Decimal(repr(self.highest.get(fill.ts_ns, 200.0))))

    def signals(self, history: History) -> Decisions:
        bars = history.bars(self.symbol)
        times = bars.ts_ns.tolist()  # type: ignore[attr-defined]
        self.highest = {time: float(bars.high[row : row + 10].max()) for row, time in enumerate(times)}
        return Decisions(bars, self.decide, [sided(bars.close, sma(bars.close, 5))])


class LooksUpLaterByArrays(Held):
    """Takes of a table what stands there for a minute later."""

    table: str

    def on_bar(self, bar: Bar) -> None:
        self.decide(bar, 0.0)

    def signals(self, history: History) -> Decisions:
        bars = history.bars(self.symbol)
        labels = labels_of(self.table)
        times = [ts_ns + MINUTE for ts_ns in bars.ts_ns.tolist()]  # type: ignore[attr-defined]
        return Decisions(bars, self.decide, [np.array([float(labels.get(time, "0")) for time in times])])


class Disagrees(Held):
    """Knows no future; its bars decide by another average than its arrays."""

    def start(self) -> None:
        self.average = Sma(9)

    def on_bar(self, bar: Bar) -> None:
        average = self.average.update(bar.close)
        if average is not None:
            self.decide(bar, float(bar.close > average))

    def signals(self, history: History) -> Decisions:
        bars = history.bars(self.symbol)
        return Decisions(bars, self.decide, [sided(bars.close, sma(bars.close, 8))])


class ActsLater(Held):
    """Knows no future; it acts upon the third of the same values in a row."""

    def start(self) -> None:
        self.heard = 0

    def on_bar(self, bar: Bar) -> None:
        self.decide(bar, 1.0)

    def decide(self, bar: Bar, hold: float) -> None:
        self.heard += 1
        if self.heard == 3:
            self.target(self.symbol, 10)

    def signals(self, history: History) -> Decisions:
        bars = history.bars(self.symbol)
        return Decisions(bars, self.decide, [np.ones(len(bars))])


class Rounds(Held):
    """Smooths by a transform of the whole history: only the last digits know what comes."""

    def on_bar(self, bar: Bar) -> None:
        pass

    def decide(self, bar: Bar, hold: float) -> None:
        pass

    def signals(self, history: History) -> Decisions:
        bars = history.bars(self.symbol)
        size = 2 * len(bars) + 5
        smooth = np.fft.irfft(np.fft.rfft(bars.close, size) * np.fft.rfft(np.full(5, 0.2), size), size)
        return Decisions(bars, self.decide, [smooth[: len(bars)]])


# Event by event.


class ReadsAhead(Held):
    """Reads the feed's own file, and holds where the next row closes higher."""

    path: str

    def start(self) -> None:
        self.after = closes_after(Path(self.path))

    def on_bar(self, bar: Bar) -> None:
        self.decide(bar, self.after.get(bar.ts_ns, 0.0) - bar.close)


class ReadsAheadByName(Held):
    """The same at its first bar, by a name that it has written down."""

    def start(self) -> None:
        self.after: dict[int, float] = {}

    def on_bar(self, bar: Bar) -> None:
        self.after = self.after or closes_after(Path("prices.csv"))
        self.decide(bar, self.after.get(bar.ts_ns, 0.0) - bar.close)


class StatisticsOfTheFile(Held):
    """Reckons in `start` what the whole file's mean is."""

    path: str

    def start(self) -> None:
        closes = list(closes_after(Path(self.path)).values())
        self.mean = sum(closes) / len(closes)

    def on_bar(self, bar: Bar) -> None:
        self.decide(bar, self.mean - bar.close)


class ReadsAheadInParquet(Held):
    """Reads the feed's own file by a library that Python does not see; the file may be named by a parameter."""

    path: str = "prices.parquet"

    def start(self) -> None:
        rows = pq.read_table(self.path, use_threads=False).to_pylist()
        stamps = [int(row["ts_ns"]) for row in rows]
        self.after = dict(zip(stamps, [float(row["close"]) for row in rows[1:]], strict=False))

    def on_bar(self, bar: Bar) -> None:
        self.decide(bar, self.after.get(bar.ts_ns, 0.0) - bar.close)


class LeavesBeforeGaps(Held):
    """Reads times alone, and is flat where the next minute has no bar."""

    path: str

    def start(self) -> None:
        self.times = list(closes_after(Path(self.path)))

    def on_bar(self, bar: Bar) -> None:
        later = [time for time in self.times if time > bar.ts_ns]
        self.decide(bar, 0.0 if later and later[0] > bar.ts_ns + MINUTE else 1.0)


class LongerRow(Held):
    """Takes of a table of bars, stamped at their open, the one that is still open."""

    table: str

    def start(self) -> None:
        self.closes = {time: float(row.split(",")[-1]) for time, row in labels_of(self.table).items()}

    def on_bar(self, bar: Bar) -> None:
        self.decide(bar, self.closes.get((bar.ts_ns - 1) // (5 * MINUTE) * 5 * MINUTE, 0.0) - bar.close)


class LooksUpNatively(Held):
    """Takes labels from a table by a library that Python does not see, and by a name of its own."""

    def start(self) -> None:
        rows = pq.read_table("labels.parquet", use_threads=False).to_pylist()
        self.labels = {row["time"].value: row["label"] for row in rows}

    def on_bar(self, bar: Bar) -> None:
        self.decide(bar, float(self.labels.get(bar.ts_ns + MINUTE, 0)))


class CountsRows(Held):
    """Reads closes from a file without times, row by row."""

    def start(self) -> None:
        self.closes = [float(line) for line in Path("closes.txt").read_text().split()]
        self.heard = 0

    def on_bar(self, bar: Bar) -> None:
        self.heard += 1
        self.decide(bar, self.closes[min(self.heard, len(self.closes) - 1)] - bar.close)


class KeepsInAFile(Held):
    """Writes down what it has heard, and reads it again."""

    def on_bar(self, bar: Bar) -> None:
        Path("kept.txt").write_text(repr(bar.close))
        self.decide(bar, bar.open - float(Path("kept.txt").read_text()))


class FindsItInMemory(Held):
    """Searches its process for the bars to come."""

    def start(self) -> None:
        self.closes: dict[int, float] = {}
        frame: FrameType | None = sys._getframe()
        while frame is not None:
            for value in frame.f_locals.values():
                self.closes |= {event.ts_ns: event.close for event, _ in getattr(value, "laid", ())}
            frame = frame.f_back

    def on_bar(self, bar: Bar) -> None:
        self.decide(bar, self.closes.get(bar.ts_ns + MINUTE, 0.0) - bar.close)


class AsksTheClock(Held):
    """Does one thing or the other by the clock."""

    def on_bar(self, bar: Bar) -> None:
        self.decide(bar, float(time.perf_counter_ns() % 2))


class Hangs(Held):
    """Never answers."""

    def on_bar(self, bar: Bar) -> None:
        while True:
            pass


# Honest ones, and one that may be.


class LongerRowBefore(Held):
    """Takes of a table of bars, stamped at their open, the last one that is over."""

    table: str

    def start(self) -> None:
        self.closes = {time: float(row.split(",")[-1]) for time, row in labels_of(self.table).items()}

    def on_bar(self, bar: Bar) -> None:
        self.decide(bar, self.closes.get(bar.ts_ns // (5 * MINUTE) * 5 * MINUTE - 5 * MINUTE, 0.0) - bar.close)


class DrawsAndWaits(Held):
    """Draws by its own seed, sets timers and hears two intervals."""

    def start(self) -> None:
        self.subscribe(self.symbol, bars="1m")
        self.subscribe(self.symbol, bars="5m")
        self.schedule("often", every="90s")
        self.is_up = False

    def on_bar(self, bar: Bar) -> None:
        if bar.interval_ns > MINUTE:
            self.is_up = bar.close > bar.open
        elif self.random.random() < 0.5:
            self.schedule("once", at_ns=bar.ts_ns + MINUTE // 3)

    def on_timer(self, timer: Timer) -> None:
        self.target(self.symbol, 10 if self.is_up == (timer.name == "often") else 0)


class Rolling(Held):
    """The extreme of a window less the price of some bars ago; of bars to come where that is negative."""

    window: int
    ago: int
    highest: bool

    def on_bar(self, bar: Bar) -> None:
        pass

    def signals(self, history: History) -> Decisions:
        bars = history.bars(self.symbol)
        windows = np.lib.stride_tricks.sliding_window_view(
            np.append(np.full(self.window - 1, np.nan), bars.high if self.highest else bars.low), self.window
        )
        extreme = windows.max(axis=1) if self.highest else windows.min(axis=1)
        then = np.roll(bars.close, self.ago)
        then[: self.ago] = np.nan
        return Decisions(bars, self.decide, [extreme - then])


class Honest(Held):
    """A price above its average, over so many bars."""

    window: int = 5

    def start(self) -> None:
        self.average = Sma(self.window)

    def on_bar(self, bar: Bar) -> None:
        average = self.average.update(bar.close)
        if average is not None:
            self.decide(bar, float(bar.close > average))

    def signals(self, history: History) -> Decisions:
        bars = history.bars(self.symbol)
        return Decisions(bars, self.decide, [sided(bars.close, sma(bars.close, self.window))])


class FailsOnItsWay(Held):
    """Does nothing, but for what it does at one bar: it raises, or means to end the process."""

    at_bar: int = 7
    ends: bool = False

    def start(self) -> None:
        self.bars = 0

    def on_bar(self, bar: Bar) -> None:
        self.bars += 1
        if self.bars == self.at_bar:
            raise SystemExit(5) if self.ends else ValueError("boom")


class NeedsManyBars(Held):
    """Is honest, and fails where there are too few bars."""

    def on_bar(self, bar: Bar) -> None:
        pass

    def signals(self, history: History) -> Decisions:
        bars = history.bars(self.symbol)
        windows = np.lib.stride_tricks.sliding_window_view(bars.close, 70)
        lead = np.full(69, np.nan)
        return Decisions(bars, self.decide, [np.append(lead, np.where(windows.max(axis=1) < 0, 1.0, 0.0))])


def closes_after(path: Path) -> dict[int, float]:
    """By the time of each row of prices the close of the next."""
    with path.open() as file:
        rows = list(csv.DictReader(file))
    stamps = [int(row["ts_ns"]) for row in rows]
    return dict(zip(stamps, [float(row["close"]) for row in rows[1:]], strict=False))


def labels_of(path: str) -> dict[int, str]:
    """The labels of a table, by their times."""
    rows = [line.split(",", 1) for line in Path(path).read_text().splitlines()[1:]]
    return {from_datetime(datetime.fromisoformat(time)): label for time, label in rows}
