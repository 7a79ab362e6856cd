"""How far prices range."""

from typing import ClassVar

from trading.indicators.averages import Wilder
from trading.indicators.indicator import Indicator, require_period
from trading.market_data import Bar


class Atr(Indicator[float]):
    """Wilder's average true range, in units of price: `Wilder` over max(high, last close) - min(low, last close).

    The first bar has no last close and only gives one, so the first value comes with bar `period` + 1.
    Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978.
    """

    __slots__ = ("_last_close", "_range")
    _parts: ClassVar = {"_range": Wilder}

    def __init__(self, period: int) -> None:
        require_period(self, period)
        self._range = Wilder(period)
        self._last_close: float | None = None

    @property
    def value(self) -> float | None:
        """The last average."""
        return self._range.value

    def update(self, bar: Bar) -> float | None:
        """Take the next bar and give the average."""
        if self._last_close is not None:
            self._range.update(max(bar.high, self._last_close) - min(bar.low, self._last_close))
        self._last_close = bar.close
        return self.value
