"""Bands around a moving average."""

import math
from itertools import accumulate
from typing import ClassVar

import msgspec

from trading.indicators.averages import Ema, Sma
from trading.indicators.indicator import Indicator, require_period, require_positive
from trading.indicators.prices import typical_price
from trading.indicators.volatility import Atr
from trading.market_data import Bar


class Bands(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A moving average and the bands around it, in units of the values."""

    lower: float
    middle: float
    upper: float


class StandardDeviation(Indicator[float]):
    """Population standard deviation of the last `period` values.

    Sums as in `averages`, of each value's offset from a pivot and of the offset's square: sqrt(squares / period -
    (sum / period) ** 2). The pivot is the newest value of the last full block. It lies within the window, at most
    sqrt(period - 1) deviations from its mean, so the difference keeps its digits however high the values are, and
    rounding cannot take it below zero.
    """

    __slots__ = ("_block", "_head", "_period", "_pivot", "_square_head", "_square_tails", "_tails", "_value")

    def __init__(self, period: int) -> None:
        require_period(self, period)
        self._period = period
        self._pivot = 0.0
        self._block: list[float] = []
        self._tails: list[float] = []
        self._square_tails: list[float] = []
        self._head = 0.0
        self._square_head = 0.0
        self._value: float | None = None

    @property
    def value(self) -> float | None:
        """The last deviation."""
        return self._value

    def update(self, value: float) -> float | None:
        """Take the next value and give the deviation."""
        self._block.append(value)
        if self._tails:
            offset = value - self._pivot
            self._head += offset
            self._square_head += offset * offset
            self._value = self._deviation()
        elif len(self._block) == self._period:
            self._turn()
            self._value = self._deviation()
        return self._value

    def _turn(self) -> None:
        self._pivot = self._block[-1]
        offsets = [value - self._pivot for value in reversed(self._block)]
        self._tails = list(accumulate(offsets))
        self._square_tails = list(accumulate(offset * offset for offset in offsets))
        self._block, self._head, self._square_head = [], 0.0, 0.0

    def _deviation(self) -> float:
        mean = (self._tails.pop() + self._head) / self._period
        mean_square = (self._square_tails.pop() + self._square_head) / self._period
        return math.sqrt(mean_square - mean * mean)


class Bollinger(Indicator[Bands]):
    """Bollinger bands: the average plus and minus `deviations` population standard deviations, over `period` values.

    Source: J. Bollinger, Bollinger on Bollinger Bands, 2001.
    """

    __slots__ = ("_average", "_deviation", "_deviations")
    _parts: ClassVar = {"_average": Sma, "_deviation": StandardDeviation}

    def __init__(self, period: int, deviations: float) -> None:
        require_period(self, period)
        require_positive(self, deviations, "deviations")
        self._average = Sma(period)
        self._deviation = StandardDeviation(period)
        self._deviations = deviations

    @property
    def value(self) -> Bands | None:
        """The last bands."""
        middle, deviation = self._average.value, self._deviation.value
        if middle is None or deviation is None:
            return None
        width = self._deviations * deviation
        return Bands(lower=middle - width, middle=middle, upper=middle + width)

    def update(self, value: float) -> Bands | None:
        """Take the next value and give the bands."""
        self._average.update(value)
        self._deviation.update(value)
        return self.value


class Envelope(Indicator[Bands]):
    """The average of `period` values with bands at plus and minus `deviation` percent of it (2.0 is 2 percent)."""

    __slots__ = ("_average", "_share")
    _parts: ClassVar = {"_average": Sma}

    def __init__(self, period: int, deviation: float) -> None:
        require_period(self, period)
        require_positive(self, deviation, "deviation")
        self._average = Sma(period)
        self._share = deviation / 100

    @property
    def value(self) -> Bands | None:
        """The last bands."""
        middle = self._average.value
        if middle is None:
            return None
        width = self._share * middle
        return Bands(lower=middle - width, middle=middle, upper=middle + width)

    def update(self, value: float) -> Bands | None:
        """Take the next value and give the bands."""
        self._average.update(value)
        return self.value


class Keltner(Indicator[Bands]):
    """Keltner channel: Ema(`period`) of the typical price, plus and minus `multiple` times Atr(`range_period`).

    In units of price; ready with bar `period` or `range_period` + 1, whichever is later.
    Source: C. W. Keltner, How to Make Money in Commodities, 1960; its average is exponential and its range the average
    true one since L. B. Raschke.
    """

    __slots__ = ("_average", "_multiple", "_range")
    _parts: ClassVar = {"_average": Ema, "_range": Atr}

    def __init__(self, period: int, range_period: int, multiple: float) -> None:
        require_period(self, period)
        require_period(self, range_period, "range_period")
        require_positive(self, multiple, "multiple")
        self._average = Ema(period)
        self._range = Atr(range_period)
        self._multiple = multiple

    @property
    def value(self) -> Bands | None:
        """The last channel."""
        middle, true_range = self._average.value, self._range.value
        if middle is None or true_range is None:
            return None
        width = self._multiple * true_range
        return Bands(lower=middle - width, middle=middle, upper=middle + width)

    def update(self, bar: Bar) -> Bands | None:
        """Take the next bar and give the channel."""
        self._average.update(typical_price(bar))
        self._range.update(bar)
        return self.value
