"""backtesting.py: one pandas frame of bars; quotes are given to it as bars of one price, the middle."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy
from backtesting.lib import resample_apply

from benchmarks.peers.job import Fill, Job, main

warnings.filterwarnings("ignore")


class Run:
    """A strategy over a frame."""

    def __init__(self, job: Job, strategy: type[Strategy]) -> None:
        self._job = job
        self._strategy = strategy

    def load(self) -> None:
        """A frame with times as its index."""
        job, columns = self._job, self._job.columns
        if "bid" in columns:
            middle = (columns["bid"] + columns["ask"]) / 2
            values = dict.fromkeys(("Open", "High", "Low", "Close"), middle)
        else:
            values = {name.title(): columns[name] for name in ("open", "high", "low", "close", "volume")}
        frame = pd.DataFrame(values, index=pd.to_datetime(columns["ts_ns"]))
        self._strategy.job = job
        self._backtest = Backtest(
            frame, self._strategy, cash=job.cash, commission=lambda units, _price: abs(units) * job.fee_rate
        )

    def run(self) -> None:
        """With its statistics, which it makes of every run."""
        self._stats = self._backtest.run()

    def fills(self) -> list[Fill]:
        """Entries and exits of closed trades, and the entry of one that is open."""
        times, found = self._job.columns["ts_ns"], []
        for trade in (*self._stats._strategy.closed_trades, *self._stats._strategy.trades):
            found.append((int(times[trade.entry_bar]), float(trade.size), float(trade.entry_price)))
            if trade.exit_bar is not None:
                found.append((int(times[trade.exit_bar]), -float(trade.size), float(trade.exit_price)))
        return sorted(found)


class Holds(Strategy):
    """Holds or is flat."""

    job: Job

    def be(self, *, held: bool) -> None:
        """From the next open on."""
        if held and not self.position:
            self.buy(size=self.job.quantity)
        elif not held and self.position:
            self.position.close()


class Nothing(Holds):
    """Does nothing."""

    def init(self) -> None:
        """Make nothing."""

    def next(self) -> None:
        """Do nothing."""


class Cross(Holds):
    """Holds while the fast average is above the slow one."""

    def init(self) -> None:
        """Two averages, made ahead."""
        self.fast = self.I(_average, self.data.Close, self.job.fast)
        self.slow = self.I(_average, self.data.Close, self.job.slow)

    def next(self) -> None:
        """Compare them."""
        self.be(held=self.fast[-1] > self.slow[-1])


class Ticks(Holds):
    """Index of bars of 5 minutes, envelope of bars of 30."""

    def init(self) -> None:
        """Made ahead, for every tick the value of the last bar that is complete."""
        close = self.data.Close
        self.index = resample_apply("5min", _rsi, close)
        self.short = resample_apply("5min", lambda values: values, close)
        self.lower = resample_apply("30min", lambda values: 0.98 * _average(values, 20), close)
        self.upper = resample_apply("30min", lambda values: 1.02 * _average(values, 20), close)
        self.heard = float("nan")

    def next(self) -> None:
        """Decide at a new bar of 5 minutes."""
        if self.index[-1] == self.heard:
            return
        self.heard, close = self.index[-1], self.short[-1]
        if self.heard < 30 and self.lower[-1] < close < self.upper[-1]:
            self.be(held=True)
        elif self.heard > 70 or close > self.upper[-1]:
            self.be(held=False)


def _average(values: Any, period: int) -> Any:
    return pd.Series(values).rolling(period).mean()


def _rsi(values: Any) -> Any:
    """Wilder's, seeded by the plain mean of the first 14 changes."""
    change = np.diff(np.asarray(values))
    index = np.full(len(change) + 1, np.nan)
    gain, loss = np.maximum(change, 0.0), np.maximum(-change, 0.0)
    up, down = gain[:14].mean(), loss[:14].mean()
    index[14] = 100 * up / (up + down)
    for place in range(14, len(change)):
        up += (gain[place] - up) / 14
        down += (loss[place] - down) / 14
        index[place + 1] = 100 * up / (up + down)
    return pd.Series(index, index=values.index)


if __name__ == "__main__":
    main(
        "backtesting",
        {
            "nothing": lambda job: Run(job, Nothing),
            "cross": lambda job: Run(job, Cross),
            "ticks": lambda job: Run(job, Ticks),
        },
    )
