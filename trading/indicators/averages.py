"""Moving averages.

Windows are summed without ever subtracting, so nothing drifts. The values are cut into blocks of one period. When a
block is full, the sums of its last 1, 2, ... values are taken, newest first (`_tails`); from then on a window is the
tail of the last full block that it still covers, plus the sum of the values since (`_head`), oldest first. A value is
added twice in its life: O(1) per update, spread over one period.
"""

from itertools import accumulate

from trading.indicators.indicator import Indicator, require_period


class Sma(Indicator[float]):
    """Simple moving average: the mean of the last `period` values, as (tail + head) / period."""

    __slots__ = ("_block", "_head", "_period", "_tails", "_value")

    def __init__(self, period: int) -> None:
        require_period(self, period)
        self._period = period
        self._block: list[float] = []
        self._tails: list[float] = []
        self._head = 0.0
        self._value: float | None = None

    @property
    def value(self) -> float | None:
        """The last average."""
        return self._value

    def update(self, value: float) -> float | None:
        """Take the next value and give the average."""
        self._block.append(value)
        if self._tails:
            self._head += value
            self._value = (self._tails.pop() + self._head) / self._period
        elif len(self._block) == self._period:
            self._tails = list(accumulate(reversed(self._block)))
            self._value = self._tails.pop() / self._period
            self._block, self._head = [], 0.0
        return self._value


class Wma(Indicator[float]):
    """Linearly weighted moving average of the last `period` values: weight 1 for the oldest, `period` for the newest.

    With m values left in the tail: (weighted tail + m * head + weighted head) / (period * (period + 1) / 2), where both
    weighted sums count their own values from 1.
    """

    __slots__ = ("_block", "_head", "_period", "_value", "_weight", "_weighted_head", "_weighted_tails")

    def __init__(self, period: int) -> None:
        require_period(self, period)
        self._period = period
        self._weight = period * (period + 1) / 2
        self._block: list[float] = []
        self._weighted_tails: list[float] = []
        self._head = 0.0
        self._weighted_head = 0.0
        self._value: float | None = None

    @property
    def value(self) -> float | None:
        """The last average."""
        return self._value

    def update(self, value: float) -> float | None:
        """Take the next value and give the average."""
        self._block.append(value)
        covered = len(self._weighted_tails)
        if covered:
            self._head += value
            self._weighted_head += len(self._block) * value
            total = self._weighted_tails.pop() + covered * self._head + self._weighted_head
            self._value = total / self._weight
        elif len(self._block) == self._period:
            # A tail that grows by an older value weighs every newer one by one more: a sum of sums.
            self._weighted_tails = list(accumulate(accumulate(reversed(self._block))))
            self._value = self._weighted_tails.pop() / self._weight
            self._block, self._head, self._weighted_head = [], 0.0, 0.0
        return self._value


class _Exponential(Indicator[float]):
    """last + weight * (value - last), seeded by the plain mean of the first `period` values."""

    __slots__ = ("_heard", "_period", "_sum", "_value", "_weight")

    def __init__(self, period: int, weight: float) -> None:
        self._period = period
        self._weight = weight
        self._heard = 0
        self._sum = 0.0
        self._value: float | None = None

    @property
    def value(self) -> float | None:
        """The last average."""
        return self._value

    def update(self, value: float) -> float | None:
        """Take the next value and give the average."""
        last = self._value
        if last is not None:
            self._value = last = last + self._weight * (value - last)
            return last
        self._heard += 1
        self._sum += value
        if self._heard == self._period:
            self._value = self._sum / self._period
        return self._value


class Ema(_Exponential):
    """Exponential moving average with weight 2 / (period + 1), seeded by the mean of the first `period` values."""

    __slots__ = ()

    def __init__(self, period: int) -> None:
        require_period(self, period)
        super().__init__(period, 2 / (period + 1))


class Wilder(_Exponential):
    """Wilder's smoothing: the exponential average of weight 1 / period, seeded as `Ema` is."""

    __slots__ = ()

    def __init__(self, period: int) -> None:
        require_period(self, period)
        super().__init__(period, 1 / period)
