"""Moving averages that lag less than the plain ones."""

import math
from typing import ClassVar

from trading.indicators.averages import Ema, Sma, Wma
from trading.indicators.indicator import Indicator, require_period, require_shorter
from trading.indicators.windows import Lag


class Dema(Indicator[float]):
    """Double exponential average: 2 * Ema - Ema of the Ema, both of `period`, so ready with value 2 * `period` - 1.

    Source: P. G. Mulloy, Smoothing Data with Faster Moving Averages, Technical Analysis of Stocks & Commodities, 1994.
    """

    __slots__ = ("_first", "_second")
    _parts: ClassVar = {"_first": Ema, "_second": Ema}

    def __init__(self, period: int) -> None:
        require_period(self, period)
        self._first = Ema(period)
        self._second = Ema(period)

    @property
    def value(self) -> float | None:
        """The last average."""
        first, second = self._first.value, self._second.value
        return None if first is None or second is None else 2.0 * first - second

    def update(self, value: float) -> float | None:
        """Take the next value and give the average."""
        first = self._first.update(value)
        if first is not None:
            self._second.update(first)
        return self.value


class Tema(Indicator[float]):
    """Triple exponential average: 3 * Ema - 3 * Ema of that + Ema of that again; ready with value 3 * `period` - 2.

    Source: P. G. Mulloy, Smoothing Data with Less Lag, Technical Analysis of Stocks & Commodities, 1994.
    """

    __slots__ = ("_first", "_second", "_third")
    _parts: ClassVar = {"_first": Ema, "_second": Ema, "_third": Ema}

    def __init__(self, period: int) -> None:
        require_period(self, period)
        self._first = Ema(period)
        self._second = Ema(period)
        self._third = Ema(period)

    @property
    def value(self) -> float | None:
        """The last average."""
        first, second, third = self._first.value, self._second.value, self._third.value
        return None if first is None or second is None or third is None else 3.0 * first - 3.0 * second + third

    def update(self, value: float) -> float | None:
        """Take the next value and give the average."""
        first = self._first.update(value)
        second = None if first is None else self._second.update(first)
        if second is not None:
            self._third.update(second)
        return self.value


class Hma(Indicator[float]):
    """Hull's average: Wma over 2 * Wma(period // 2) - Wma(period), the outer of the whole part of sqrt(period) values.

    `period` is 2 or more; ready with value `period` - 1 + isqrt(`period`). Source: A. Hull, 2005.
    """

    __slots__ = ("_half", "_outer", "_whole")
    _parts: ClassVar = {"_half": Wma, "_outer": Wma, "_whole": Wma}

    def __init__(self, period: int) -> None:
        require_period(self, period, least=2)
        self._half = Wma(period // 2)
        self._whole = Wma(period)
        self._outer = Wma(math.isqrt(period))

    @property
    def value(self) -> float | None:
        """The last average."""
        return self._outer.value

    def update(self, value: float) -> float | None:
        """Take the next value and give the average."""
        half, whole = self._half.update(value), self._whole.update(value)
        if half is not None and whole is not None:
            self._outer.update(2.0 * half - whole)
        return self.value


class Kama(Indicator[float]):
    """Kaufman's adaptive average: last + share ** 2 * (value - last); the straighter the way, the larger the share.

    share = efficiency * (2 / (fast + 1) - 2 / (slow + 1)) + 2 / (slow + 1); efficiency, 0 to 1, is the distance from
    the value `period` before, over the length of the way from there. Where nothing has moved it is 1: there was no
    noise. The first average comes with value `period` + 1, and its last is the value before.
    Source: P. J. Kaufman, Smarter Trading, 1995.
    """

    __slots__ = ("_before", "_last", "_least", "_period", "_span", "_step", "_value")
    _parts: ClassVar = {"_before": Lag, "_step": Sma}

    def __init__(self, period: int, fast: int = 2, slow: int = 30) -> None:
        for name, length in (("period", period), ("fast", fast), ("slow", slow)):
            require_period(self, length, name)
        require_shorter(self, fast, slow)
        self._period = period
        self._least = 2 / (slow + 1)
        self._span = 2 / (fast + 1) - self._least
        self._before = Lag(period)
        self._step = Sma(period)
        self._last: float | None = None
        self._value: float | None = None

    @property
    def value(self) -> float | None:
        """The last average."""
        return self._value

    def update(self, value: float) -> float | None:
        """Take the next value and give the average."""
        before, last = self._before.update(value), self._last
        self._last = value
        if last is None:
            return None
        step = self._step.update(abs(value - last))
        if before is not None and step is not None:
            start = last if self._value is None else self._value
            share = self._efficiency(abs(value - before), self._period * step) * self._span + self._least
            self._value = start + share * share * (value - start)
        return self._value

    @staticmethod
    def _efficiency(distance: float, way: float) -> float:
        return min(distance / way, 1.0) if way else 1.0
