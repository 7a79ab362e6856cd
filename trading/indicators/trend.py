"""Whether a market goes anywhere, and where."""

from typing import ClassVar

import msgspec

from trading.indicators.averages import Wilder
from trading.indicators.indicator import Indicator, require_period
from trading.indicators.volatility import Atr
from trading.market_data import Bar


class AdxLines(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Strength of the trend, and how much of the true range went up and down beyond the bar before; 0 to 100 each."""

    adx: float
    plus_di: float
    minus_di: float


class Adx(Indicator[AdxLines]):
    """Wilder's directional movement: +DI, -DI and ADX = `Wilder` of 100 * |+DI - -DI| / (+DI + -DI).

    DI = 100 * `Wilder` of the movement / `Atr`. A bar moves up by high - last high if that is above zero and above
    last low - low, otherwise not; down the other way round. The first DI comes with bar `period` + 1, of the mean of
    `period` movements, the first ADX and so the lines with bar 2 * `period`. Without a range a DI is 0, without
    either DI what is averaged is 0. Source: J. W. Wilder, New Concepts in Technical Trading Systems, 1978.
    """

    __slots__ = ("_adx", "_last", "_minus", "_minus_di", "_plus", "_plus_di", "_range")
    _parts: ClassVar = {"_adx": Wilder, "_minus": Wilder, "_plus": Wilder, "_range": Atr}

    def __init__(self, period: int) -> None:
        require_period(self, period)
        self._range = Atr(period)
        self._plus = Wilder(period)
        self._minus = Wilder(period)
        self._adx = Wilder(period)
        self._plus_di = 0.0
        self._minus_di = 0.0
        self._last: list[float] = []

    @property
    def value(self) -> AdxLines | None:
        """The last lines; None until ADX is there too."""
        adx = self._adx.value
        return None if adx is None else AdxLines(adx=adx, plus_di=self._plus_di, minus_di=self._minus_di)

    def update(self, bar: Bar) -> AdxLines | None:
        """Take the next bar and give the lines."""
        true_range = self._range.update(bar)
        if self._last:
            high, low = self._last
            up, down = bar.high - high, low - bar.low
            plus = self._plus.update(up if up > down and up > 0.0 else 0.0)
            minus = self._minus.update(down if down > up and down > 0.0 else 0.0)
            if plus is not None and minus is not None and true_range is not None:
                self._take(plus, minus, true_range)
        self._last = [bar.high, bar.low]
        return self.value

    def _take(self, plus: float, minus: float, true_range: float) -> None:
        self._plus_di = 100.0 * (plus / true_range) if true_range else 0.0
        self._minus_di = 100.0 * (minus / true_range) if true_range else 0.0
        both = self._plus_di + self._minus_di
        self._adx.update(100.0 * (abs(self._plus_di - self._minus_di) / both) if both else 0.0)
