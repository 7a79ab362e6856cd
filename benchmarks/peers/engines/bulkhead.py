"""Bulkhead's own engine in the same place: event by event, and passing by those at which nothing can happen."""

from collections.abc import Sequence
from functools import partial

from benchmarks.engine import ON_BARS, ON_QUOTES, driver_of, fills_of, skip_through, timeline_of
from benchmarks.peers.job import Fill, Job, main
from benchmarks.subscribers import Idle
from benchmarks.workloads import BarColumns, QuoteColumns, bars_of, quotes_of
from strategies.rsi_envelope import RsiEnvelope
from strategies.sma_cross import SmaCross
from trading.market_data import MarketEvent
from trading.strategy import Strategy


class EveryEvent:
    """A strategy over events in memory."""

    def __init__(self, job: Job, strategy: type[Strategy], **params: int) -> None:
        self._columns = job.columns
        self._offer = ON_QUOTES if "bid" in job.columns else ON_BARS
        self._strategy = strategy
        self._params = params

    def load(self) -> None:
        """Columns as events, and a driver."""
        quotes, columns = "bid" in self._columns, self._columns
        self._events: Sequence[MarketEvent] = (
            quotes_of(QuoteColumns(**columns)) if quotes else bars_of(BarColumns(**columns))
        )
        self._driver = driver_of(self._strategy, self._offer, **self._params)

    def run(self) -> None:
        """From the first event to the last."""
        self._driver.run(self._events)

    def fills(self) -> list[Fill]:
        """Those in its records."""
        return [(fill.ts_ns, float(fill.units), float(fill.price)) for fill in fills_of(self._driver)]


class Skipping(EveryEvent):
    """The same, where its strategy offers signals; they are made in the run."""

    def load(self) -> None:
        """Columns as a timeline."""
        super().load()
        self._timeline = timeline_of(self._events)

    def run(self) -> None:
        """From where something can happen to where something can happen next."""
        skip_through(self._driver, self._timeline)


def _cross(kind: type[EveryEvent], job: Job) -> EveryEvent:
    return kind(job, SmaCross, fast=job.fast, slow=job.slow)


if __name__ == "__main__":
    main(
        "",
        {
            "nothing": lambda job: EveryEvent(job, Idle),
            "cross": partial(_cross, EveryEvent),
            "skipping": partial(_cross, Skipping),
            "ticks": lambda job: EveryEvent(job, RsiEnvelope),
        },
    )
