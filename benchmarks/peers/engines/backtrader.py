"""backtrader: a pandas frame as its feed, without observers; quotes are ticks of one price, the middle."""

from typing import Any

import backtrader as bt
import pandas as pd

from benchmarks.peers.job import Fill, Job, main


class Run:
    """A strategy over a frame."""

    def __init__(self, job: Job, strategy: type[bt.Strategy]) -> None:
        self._job = job
        self._strategy = strategy

    def load(self) -> None:
        """An engine with its feed, which has turned no row into its lines yet; it does that in its run."""
        job, columns = self._job, self._job.columns
        times = pd.to_datetime(columns["ts_ns"])
        self._cerebro = engine = bt.Cerebro(stdstats=False)
        if "bid" in columns:
            middle = (columns["bid"] + columns["ask"]) / 2
            frame = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), middle) | {"volume": 1.0}, index=times)
            data = bt.feeds.PandasData(dataname=frame, timeframe=bt.TimeFrame.Ticks, openinterest=None)
            engine.adddata(data)
            for minutes in (5, 30):
                engine.resampledata(data, timeframe=bt.TimeFrame.Minutes, compression=minutes)
        else:
            names = ("open", "high", "low", "close", "volume")
            frame = pd.DataFrame({name: columns[name] for name in names}, index=times)
            engine.adddata(bt.feeds.PandasData(dataname=frame, timeframe=bt.TimeFrame.Minutes, openinterest=None))
        engine.broker.setcash(job.cash)
        engine.broker.setcommission(commission=job.fee_rate, commtype=bt.CommInfoBase.COMM_FIXED, stocklike=True)
        engine.addstrategy(self._strategy, job=job)

    def run(self) -> None:
        """From the first row to the last."""
        (self._ran,) = self._cerebro.run()

    def fills(self) -> list[Fill]:
        """Those that it was told of."""
        times = self._job.columns["ts_ns"]
        return [(int(times[row]), units, price) for row, units, price in self._ran.filled]


class Holds(bt.Strategy):
    """Holds or is flat."""

    params = (("job", None),)

    def __init__(self) -> None:
        self.filled: list[tuple[int, float, float]] = []

    def be(self, *, held: bool) -> None:
        """From the next open on."""
        if held and not self.position.size:
            self.buy(size=self.p.job.quantity)
        elif not held and self.position.size:
            self.close()

    def notify_order(self, order: Any) -> None:
        """Note the row at which it was filled."""
        if order.status == order.Completed:
            self.filled.append((len(self.data) - 1, order.executed.size, order.executed.price))


class Nothing(Holds):
    """Does nothing."""

    def next(self) -> None:
        """Do nothing."""


class Cross(Holds):
    """Holds while the fast average is above the slow one."""

    def __init__(self) -> None:
        super().__init__()
        self.fast = bt.ind.SMA(period=self.p.job.fast)
        self.slow = bt.ind.SMA(period=self.p.job.slow)

    def next(self) -> None:
        """Compare them."""
        self.be(held=self.fast[0] > self.slow[0])


class Ticks(Holds):
    """Index of bars of 5 minutes, envelope of bars of 30."""

    def __init__(self) -> None:
        super().__init__()
        self.index = bt.ind.RSI(self.data1.close, period=14)
        self.average = bt.ind.SMA(self.data2.close, period=20)
        self.heard = 0

    def next(self) -> None:
        """Decide at a new bar of 5 minutes."""
        if len(self.data1) == self.heard:
            return
        self.heard = len(self.data1)
        index, close, average = self.index[0], self.data1.close[0], self.average[0]
        if index < 30 and 0.98 * average < close < 1.02 * average:
            self.be(held=True)
        elif index > 70 or close > 1.02 * average:
            self.be(held=False)


if __name__ == "__main__":
    main(
        "backtrader",
        {
            "nothing": lambda job: Run(job, Nothing),
            "cross": lambda job: Run(job, Cross),
            "ticks": lambda job: Run(job, Ticks),
        },
    )
