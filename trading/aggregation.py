"""Ticks, or shorter bars, to bars of any interval. Boundaries are the multiples of the interval since the Unix epoch.

A tick on a boundary belongs to the interval that begins there; a bar stamped on a boundary, to the one that ends there.
Nothing here knows the time: whoever orders the events closes the open bar before it hands in what belongs to the next.
"""

from collections.abc import Mapping
from typing import Any, Final

from trading.market_data import Bar
from trading.timestamps import format_interval

_KEPT: Final = ("due_ns", "late", "_begin_ns", "_empty", "_open", "_high", "_low", "_close", "_volume")
_BEFORE_ALL: Final = -(1 << 63)


class BarBuilder:
    """Builds one symbol's bars of one interval.

    `due_ns` is the boundary at which the open bar is complete, None while none is open. What belongs before the open
    bar, or before the last closed boundary, is left out and counted in `late`. With `fill_empty` every interval after
    the first bar gives one: where nothing came, flat at the last close with volume 0.
    """

    __slots__ = (*_KEPT, "_fill_empty", "_interval_ns", "_symbol")

    def __init__(self, symbol: str, interval_ns: int, *, fill_empty: bool = False) -> None:
        if interval_ns < 1:
            raise ValueError(f"{symbol}: a bar interval of {interval_ns} ns cannot be; it must be above zero")
        self._symbol = symbol
        self._interval_ns = interval_ns
        self._fill_empty = fill_empty
        self.due_ns: int | None = None
        self.late = 0
        self._begin_ns = _BEFORE_ALL
        self._empty = True
        self._open = self._high = self._low = self._close = self._volume = 0.0

    def add_price(self, ts_ns: int, price: float, size: float) -> int | None:
        """Take a tick: its price, and its size in units (0 for the middle of a quote). Where it begins a bar, `due_ns`
        of that."""
        if ts_ns < self._begin_ns:
            self.late += 1
            return None
        if self._empty:
            self._open = self._high = self._low = self._close = price
            self._volume = size
            return self._begin(ts_ns - ts_ns % self._interval_ns)
        assert self.due_ns is not None, "a bar is open"
        assert ts_ns < self.due_ns, "a tick came before the open bar was closed"
        if price > self._high:
            self._high = price
        elif price < self._low:
            self._low = price
        self._close = price
        self._volume += size
        return None

    def add_bar(self, bar: Bar) -> int | None:
        """Take a shorter bar; ValueError unless this builder's interval is a whole multiple of the bar's. Where it
        begins a bar, `due_ns` of that."""
        if self._interval_ns % bar.interval_ns:
            raise ValueError(
                f"{self._symbol}: bars of {format_interval(bar.interval_ns)} do not add up to "
                f"{format_interval(self._interval_ns)}; ask for a whole multiple"
            )
        begin_ns = (bar.ts_ns - 1) // self._interval_ns * self._interval_ns
        if begin_ns < self._begin_ns:
            self.late += 1
            return None
        if self._empty:
            self._open, self._high, self._low, self._close = bar.open, bar.high, bar.low, bar.close
            self._volume = bar.volume
            return self._begin(begin_ns)
        assert begin_ns == self._begin_ns, "a bar came before the open bar was closed"
        self._high = max(self._high, bar.high)
        self._low = min(self._low, bar.low)
        self._close = bar.close
        self._volume += bar.volume
        return None

    def close(self) -> Bar:
        """The complete bar, stamped at `due_ns`; then `due_ns` is None, or with `fill_empty` the next boundary."""
        assert self.due_ns is not None, "no bar is open"
        bar = Bar(
            self._symbol,
            self.due_ns,
            self._interval_ns,
            self._open,
            self._high,
            self._low,
            self._close,
            self._volume,
        )
        self._begin_ns = self.due_ns
        self._empty = True
        self._open = self._high = self._low = self._close
        self._volume = 0.0
        self.due_ns = self._begin_ns + self._interval_ns if self._fill_empty else None
        return bar

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs of a builder of the same symbol and interval, of plain values."""
        return {name: getattr(self, name) for name in _KEPT}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the builder that gave this state."""
        for name in _KEPT:
            setattr(self, name, state[name])

    def _begin(self, begin_ns: int) -> int:
        end_ns = begin_ns + self._interval_ns
        assert self.due_ns in (None, end_ns), "a tick or bar came before the open bar was closed"
        self._begin_ns = begin_ns
        self.due_ns = end_ns
        self._empty = False
        return end_ns
