"""vectorbt: no engine that brings bars, but orders made of columns of signals by compiled loops; so the crossing alone.

Its first run compiles, and is told apart.
"""

import warnings

import pandas as pd
import vectorbt as vbt

from benchmarks.peers.job import Fill, Job, main

warnings.filterwarnings("ignore")


class Cross:
    """Holds while the fast average is above the slow one, from the next open on."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def load(self) -> None:
        """Two series."""
        times = pd.to_datetime(self._job.columns["ts_ns"])
        self._open, self._close = (pd.Series(self._job.columns[name], index=times) for name in ("open", "close"))

    def run(self) -> None:
        """To the orders and what everything was worth at each bar."""
        job = self._job
        fast, slow = (vbt.MA.run(self._close, period).ma for period in (job.fast, job.slow))
        above = (fast > slow).vbt.signals.fshift(1)
        self._portfolio = vbt.Portfolio.from_signals(
            self._close,
            entries=above,
            exits=~above,
            price=self._open,
            size=job.quantity,
            fixed_fees=job.quantity * job.fee_rate,
            init_cash=job.cash,
            freq="1min",
        )
        self._portfolio.value()

    def fills(self) -> list[Fill]:
        """Its records of orders; side 0 is a buy."""
        times, found = self._job.columns["ts_ns"], []
        for order in self._portfolio.orders.values:
            units = float(order["size"]) if order["side"] == 0 else -float(order["size"])
            found.append((int(times[order["idx"]]), units, float(order["price"])))
        return found


if __name__ == "__main__":
    main("vectorbt", {"cross": Cross})
