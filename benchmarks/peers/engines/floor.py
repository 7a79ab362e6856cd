"""The plain loops in the same place."""

from collections.abc import Callable, Sequence

from benchmarks.floors_of_backtests import PlainFill, hear, rsi_envelope, sma_cross
from benchmarks.peers.job import Fill, Job, main
from benchmarks.workloads import BarColumns, bars_of


class Loop:
    """One of them; `prepare` gives what is timed."""

    def __init__(self, prepare: Callable[[], Callable[[], Sequence[PlainFill]]]) -> None:
        self._prepare = prepare

    def load(self) -> None:
        """Columns as lists, or as bars."""
        self._loop = self._prepare()

    def run(self) -> None:
        """From the first row to the last."""
        self._found = self._loop()

    def fills(self) -> list[Fill]:
        """What it has traded."""
        return [(fill.ts_ns, float(fill.units), float(fill.price)) for fill in self._found]


def nothing(job: Job) -> Loop:
    """A call a bar."""

    def prepare() -> Callable[[], Sequence[PlainFill]]:
        bars = bars_of(BarColumns(**job.columns))
        return lambda: hear(bars)

    return Loop(prepare)


def cross(job: Job) -> Loop:
    """Two averages."""

    def prepare() -> Callable[[], Sequence[PlainFill]]:
        times, opens, closes = (job.columns[name].tolist() for name in ("ts_ns", "open", "close"))
        return lambda: sma_cross(times, opens, closes, job.fast, job.slow)

    return Loop(prepare)


def ticks(job: Job) -> Loop:
    """Index and envelope."""

    def prepare() -> Callable[[], Sequence[PlainFill]]:
        times, bids, asks = (job.columns[name].tolist() for name in ("ts_ns", "bid", "ask"))
        return lambda: rsi_envelope(times, bids, asks)

    return Loop(prepare)


if __name__ == "__main__":
    main("", {"nothing": nothing, "cross": cross, "ticks": ticks})
