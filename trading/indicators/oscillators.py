"""Momentum: how far and how steadily values move away from where they were."""

from typing import ClassVar

import msgspec

from trading.indicators.averages import Ema, Wilder
from trading.indicators.indicator import Indicator, require_period, require_shorter
from trading.indicators.prices import typical_price
from trading.indicators.windows import Lag
from trading.market_data import Bar


class Rsi(Indicator[float]):
    """Wilder's relative strength index, 0 to 100: 100 * gain / (gain + loss), each change's gain and loss by `Wilder`.

    The first index comes after `period` changes, with value `period` + 1. Where nothing has moved it is 50.
    Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978.
    """

    __slots__ = ("_gain", "_last", "_loss")
    _parts: ClassVar = {"_gain": Wilder, "_loss": Wilder}

    def __init__(self, period: int) -> None:
        require_period(self, period)
        self._gain = Wilder(period)
        self._loss = Wilder(period)
        self._last: float | None = None

    @property
    def value(self) -> float | None:
        """The last index."""
        gain, loss = self._gain.value, self._loss.value
        if gain is None or loss is None:
            return None
        moved = gain + loss
        return 100.0 * gain / moved if moved else 50.0

    def update(self, value: float) -> float | None:
        """Take the next value and give the index."""
        if self._last is not None:
            change = value - self._last
            self._gain.update(max(change, 0.0))
            self._loss.update(max(-change, 0.0))
        self._last = value
        return self.value


class MacdLines(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Fast average less slow average, the average of that, and their difference; in units of the values."""

    macd: float
    signal: float
    histogram: float


class Macd(Indicator[MacdLines]):
    """Moving average convergence divergence: Ema(fast) - Ema(slow), and Ema(signal) over all values of that.

    Each average is seeded by the mean of its own first values; the lines come with value `slow` + `signal` - 1.
    Source: G. Appel, Technical Analysis: Power Tools for Active Investors, 2005.
    """

    __slots__ = ("_fast", "_signal", "_slow")
    _parts: ClassVar = {"_fast": Ema, "_slow": Ema, "_signal": Ema}

    def __init__(self, fast: int, slow: int, signal: int) -> None:
        for name, period in (("fast", fast), ("slow", slow), ("signal", signal)):
            require_period(self, period, name)
        require_shorter(self, fast, slow)
        self._fast = Ema(fast)
        self._slow = Ema(slow)
        self._signal = Ema(signal)

    @property
    def value(self) -> MacdLines | None:
        """The last lines; None until the signal is there too."""
        fast, slow, signal = self._fast.value, self._slow.value, self._signal.value
        if fast is None or slow is None or signal is None:
            return None
        return MacdLines(macd=fast - slow, signal=signal, histogram=fast - slow - signal)

    def update(self, value: float) -> MacdLines | None:
        """Take the next value and give the lines."""
        fast, slow = self._fast.update(value), self._slow.update(value)
        if fast is not None and slow is not None:
            self._signal.update(fast - slow)
        return self.value


class Roc(Indicator[float]):
    """Rate of change in percent: 100 * (value - earlier) / earlier, of the value `period` before.

    The first comes with value `period` + 1. From an earlier value of zero there is no rate: it is 0.
    """

    __slots__ = ("_earlier", "_value")
    _parts: ClassVar = {"_earlier": Lag}

    def __init__(self, period: int) -> None:
        require_period(self, period)
        self._earlier = Lag(period)
        self._value: float | None = None

    @property
    def value(self) -> float | None:
        """The last rate."""
        return self._value

    def update(self, value: float) -> float | None:
        """Take the next value and give the rate."""
        earlier = self._earlier.update(value)
        if earlier is not None:
            self._value = 100.0 * ((value - earlier) / earlier) if earlier else 0.0
        return self._value


class Cci(Indicator[float]):
    """Commodity channel index: (typical price - mean) / (0.015 * mean deviation), over the last `period` bars.

    The mean deviation is the mean of |price - mean|. Both are taken anew over the window, oldest first and as distances
    from the newest price, in O(`period`): the mean moves under every distance. Where they are all one price it is 0.
    Source: D. R. Lambert, Commodity Channel Index, Commodities, October 1980.
    """

    __slots__ = ("_period", "_value", "_window")

    def __init__(self, period: int) -> None:
        require_period(self, period)
        self._period = period
        self._window: list[float] = []
        self._value: float | None = None

    @property
    def value(self) -> float | None:
        """The last index."""
        return self._value

    def update(self, bar: Bar) -> float | None:
        """Take the next bar and give the index."""
        newest = typical_price(bar)
        self._window.append(newest)
        if len(self._window) > self._period:
            del self._window[0]
        if len(self._window) == self._period:
            self._value = self._index(newest)
        return self._value

    def _index(self, newest: float) -> float:
        # Plain loops: the builtin sum rounds otherwise in newer Pythons.
        total = deviations = 0.0
        for price in self._window:
            total += newest - price
        above = total / self._period
        for price in self._window:
            deviations += abs(newest - price - above)
        scale = 0.015 * (deviations / self._period)
        return above / scale if scale else 0.0
