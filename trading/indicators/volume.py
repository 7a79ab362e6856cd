"""What volume says. Both add up all they have heard; volumes in whole units do so exactly, up to 2 ** 53."""

from trading.indicators.indicator import Indicator
from trading.indicators.prices import typical_price
from trading.market_data import Bar


class Obv(Indicator[float]):
    """On-balance volume, in units of volume: plus a bar's volume if it closed higher than the last, minus if lower.

    It begins with the first bar's volume; an equal close adds nothing.
    Source: J. E. Granville, Granville's New Key to Stock Market Profits, 1963.
    """

    __slots__ = ("_last_close", "_value")

    def __init__(self) -> None:
        self._last_close: float | None = None
        self._value: float | None = None

    @property
    def value(self) -> float | None:
        """The last balance."""
        return self._value

    def update(self, bar: Bar) -> float | None:
        """Take the next bar and give the balance."""
        if self._value is None or self._last_close is None:
            self._value = bar.volume
        else:
            up, down = bar.close > self._last_close, bar.close < self._last_close
            self._value += bar.volume if up else -bar.volume if down else 0.0
        self._last_close = bar.close
        return self._value


class Vwap(Indicator[float]):
    """Volume-weighted average of the typical prices of all bars since `reset`; None until something has traded.

    Call `reset` before the first bar of a session, or of whatever it is to be anchored to.
    Source: S. Berkowitz, D. Logue and E. Noser, The Total Cost of Transactions on the NYSE, Journal of Finance, 1988.
    """

    __slots__ = ("_volume", "_worth")

    def __init__(self) -> None:
        self._worth = 0.0
        self._volume = 0.0

    @property
    def value(self) -> float | None:
        """The last average."""
        return self._worth / self._volume if self._volume else None

    def update(self, bar: Bar) -> float | None:
        """Take the next bar and give the average."""
        self._worth += typical_price(bar) * bar.volume
        self._volume += bar.volume
        return self.value

    def reset(self) -> None:
        """Forget every bar: the next one is the first of a session."""
        self._worth = self._volume = 0.0
