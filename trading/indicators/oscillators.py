"""Momentum: Wilder's relative strength, and the convergence and divergence of two averages."""

from typing import ClassVar

import msgspec

from trading.indicators.averages import Ema, Wilder
from trading.indicators.indicator import Indicator, require_period


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
    """Moving average convergence divergence: Ema(fast) - Ema(slow), and Ema(signal) over all values of that."""

    __slots__ = ("_fast", "_signal", "_slow")
    _parts: ClassVar = {"_fast": Ema, "_slow": Ema, "_signal": Ema}

    def __init__(self, fast: int, slow: int, signal: int) -> None:
        for name, period in (("fast", fast), ("slow", slow), ("signal", signal)):
            require_period(self, period, name)
        if fast >= slow:
            raise ValueError(f"Macd: fast is {fast} and slow is {slow}; fast must be the shorter period")
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
