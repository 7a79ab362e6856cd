"""What one strategy will have heard when the data ends, for its `signals`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daemon.research.timeline import FIELDS, Floats, Integers, Series, SeriesKey, Timeline
from trading.history import BarColumns
from trading.market_data import Bar
from trading.subscriptions import DataKind, Subscription
from trading.timestamps import format_interval, parse_interval


class HeardBars:
    """The bars of one subscription: those of the warm-up first, `warm` of them, then those of the run. `key` is their
    symbol and interval, `places` where they stand among the run's events, -1 for those of the warm-up."""

    def __init__(self, key: tuple[str, int], warm: Sequence[Bar], series: Series | None) -> None:
        self.key = key
        self.warm = len(warm)
        self.open, self.high, self.low, self.close, self.volume = (
            _after([getattr(bar, field) for bar in warm], column)
            for field, column in zip(
                FIELDS[Bar], series.columns if series is not None else [np.empty(0)] * 5, strict=True
            )
        )
        self.ts_ns: Integers = _after([bar.ts_ns for bar in warm], _times(series))
        self.places: Integers = _after([-1] * len(warm), _places(series))

    def __len__(self) -> int:
        return len(self.close)

    def rows_before(self, other: BarColumns) -> Integers:
        """For each of these bars the row of the other's last one that was heard before it."""
        assert isinstance(other, HeardBars), "of another history"
        rows: Integers = np.searchsorted(other.places, self.places) - 1
        # Bars of a warm-up have no places; they come by their times, the shorter ones first.
        rows[: self.warm] = np.searchsorted(other.ts_ns[: other.warm], self.ts_ns[: self.warm]) - 1
        rows[self.warm :] = np.maximum(rows[self.warm :], other.warm - 1)
        return rows


class StrategyHistory:
    """The bars of one strategy's subscriptions."""

    def __init__(
        self,
        strategy: str,
        subscriptions: Sequence[Subscription],
        timeline: Timeline,
        warm: Mapping[tuple[str, int], Sequence[Bar]],
    ) -> None:
        self._strategy = strategy
        self._intervals: dict[str, list[int]] = {}
        for one in subscriptions:
            if one.kind is DataKind.BARS:
                self._intervals.setdefault(one.symbol, []).append(one.interval_ns)
        self._timeline = timeline
        self._warm = warm
        self._bars: dict[tuple[str, int], HeardBars] = {}

    def bars(self, symbol: str, interval: str = "") -> HeardBars:
        """Those of an interval, or of the only one that is heard; LookupError for others."""
        heard = self._intervals.get(symbol, [])
        interval_ns = parse_interval(interval) if interval else heard[0] if len(heard) == 1 else 0
        if interval_ns not in heard:
            known = ", ".join(f"{format_interval(one)}" for one in heard) or "none"
            raise LookupError(f"{self._strategy} hears {known} of {symbol}; name one of them")
        key = (symbol, interval_ns)
        if key not in self._bars:
            series = self._timeline.find(SeriesKey(Bar, symbol, interval_ns))
            self._bars[key] = HeardBars(key, self._warm.get(key, ()), series)
        return self._bars[key]


def _times(series: Series | None) -> Integers:
    return np.empty(0, dtype=np.int64) if series is None else series.ts_ns


def _places(series: Series | None) -> Integers:
    return np.empty(0, dtype=np.int64) if series is None else series.places


def _after(past: Sequence[float], values: NDArray[Any]) -> NDArray[Any]:
    """Values after those of a past; where there is none the same, not a copy of them, and so not to be written to."""
    if past:
        return np.concatenate([np.array(past, dtype=values.dtype), values])
    shown = values.view()
    shown.flags.writeable = False
    return shown


def changes(columns: Sequence[Floats], begin: int) -> Integers:
    """The rows from one on at which something is decided, and not the same as at the row before."""
    known = np.ones(len(columns[0]), dtype=bool)
    same = np.ones(len(columns[0]), dtype=bool)
    for column in columns:
        known &= ~np.isnan(column)
        same[1:] &= column[1:] == column[:-1]
    same[: begin + 1] = False
    rows: Integers = np.flatnonzero(known & ~same)
    return rows[rows >= begin]
