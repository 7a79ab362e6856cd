"""The range that a market has held over a window of bars, and where in it the close stands.

Windows include the newest bar. A close in a range without height stands in its middle.
"""

from typing import ClassVar

import msgspec

from trading.indicators.averages import Sma
from trading.indicators.bands import Bands
from trading.indicators.indicator import Indicator, require_period
from trading.indicators.windows import Highest, Lowest
from trading.market_data import Bar


class Donchian(Indicator[Bands]):
    """Highest high and lowest low of the last `period` bars, and the middle between them, in units of price.

    Source: R. D. Donchian's four-week rule, 1960.
    """

    __slots__ = ("_high", "_low")
    _parts: ClassVar = {"_high": Highest, "_low": Lowest}

    def __init__(self, period: int) -> None:
        require_period(self, period)
        self._high = Highest(period)
        self._low = Lowest(period)

    @property
    def value(self) -> Bands | None:
        """The last channel."""
        high, low = self._high.value, self._low.value
        return None if high is None or low is None else Bands(lower=low, middle=(high + low) / 2, upper=high)

    def update(self, bar: Bar) -> Bands | None:
        """Take the next bar and give the channel."""
        self._high.update(bar.high)
        self._low.update(bar.low)
        return self.value


class StochasticLines(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where the close stands in its range, 0 to 100, and the average of that, the signal."""

    k: float
    d: float


class Stochastic(Indicator[StochasticLines]):
    """Lane's stochastic: %K = Sma(slowing) of 100 * (close - low) / (high - low), and %D = Sma(signal) of %K.

    High and low are the extremes of the last `period` bars; without a range the close stands at 50. A `slowing` of 1
    gives the fast stochastic. Both lines come with bar `period` + `slowing` + `signal` - 2.
    Source: G. C. Lane, Lane's Stochastics, Technical Analysis of Stocks & Commodities, 1984.
    """

    __slots__ = ("_d", "_high", "_k", "_low")
    _parts: ClassVar = {"_d": Sma, "_high": Highest, "_k": Sma, "_low": Lowest}

    def __init__(self, period: int, slowing: int, signal: int) -> None:
        for name, length in (("period", period), ("slowing", slowing), ("signal", signal)):
            require_period(self, length, name)
        self._high = Highest(period)
        self._low = Lowest(period)
        self._k = Sma(slowing)
        self._d = Sma(signal)

    @property
    def value(self) -> StochasticLines | None:
        """The last lines; None until %D is there too."""
        k, d = self._k.value, self._d.value
        return None if k is None or d is None else StochasticLines(k=k, d=d)

    def update(self, bar: Bar) -> StochasticLines | None:
        """Take the next bar and give the lines."""
        high, low = self._high.update(bar.high), self._low.update(bar.low)
        if high is not None and low is not None:
            height = high - low
            k = self._k.update(100.0 * ((bar.close - low) / height) if height else 50.0)
            if k is not None:
                self._d.update(k)
        return self.value


class WilliamsR(Indicator[float]):
    """Williams' %R, -100 to 0: 100 * (close - high) / (high - low), of the extremes of the last `period` bars.

    Without a range it is -50. Source: L. Williams, How I Made One Million Dollars Last Year Trading Commodities, 1973.
    """

    __slots__ = ("_high", "_low", "_value")
    _parts: ClassVar = {"_high": Highest, "_low": Lowest}

    def __init__(self, period: int) -> None:
        require_period(self, period)
        self._high = Highest(period)
        self._low = Lowest(period)
        self._value: float | None = None

    @property
    def value(self) -> float | None:
        """The last %R."""
        return self._value

    def update(self, bar: Bar) -> float | None:
        """Take the next bar and give %R."""
        high, low = self._high.update(bar.high), self._low.update(bar.low)
        if high is not None and low is not None:
            height = high - low
            self._value = 100.0 * ((bar.close - high) / height) if height else -50.0
        return self._value
