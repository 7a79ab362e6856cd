"""What a window of the last values holds at its edges: its oldest value, its highest, its lowest."""

from collections.abc import Callable
from itertools import accumulate
from typing import ClassVar

from trading.indicators.indicator import Indicator, require_period


class Lag(Indicator[float]):
    """The value that came `period` values before the last one."""

    __slots__ = ("_period", "_place", "_ring", "_value")

    def __init__(self, period: int) -> None:
        require_period(self, period)
        self._period = period
        self._place = 0
        self._ring: list[float] = []
        self._value: float | None = None

    @property
    def value(self) -> float | None:
        """The earlier value."""
        return self._value

    def update(self, value: float) -> float | None:
        """Take the next value and give the one `period` before it."""
        if len(self._ring) < self._period:
            self._ring.append(value)
        else:
            self._value = self._ring[self._place]
            self._ring[self._place] = value
            self._place = (self._place + 1) % self._period
        return self._value


class _Extreme(Indicator[float]):
    """Tails and head as in `averages`, with the higher or lower of two in the place of their sum.

    Between two full blocks the head begins at the newest value of the last one, which every tail holds anyway.
    """

    __slots__ = ("_block", "_head", "_period", "_tails", "_value")
    _choose: ClassVar[Callable[[float, float], float]]

    def __init__(self, period: int) -> None:
        require_period(self, period)
        self._period = period
        self._block: list[float] = []
        self._tails: list[float] = []
        self._head = 0.0
        self._value: float | None = None

    @property
    def value(self) -> float | None:
        """The last extreme."""
        return self._value

    def update(self, value: float) -> float | None:
        """Take the next value and give the extreme of the window."""
        self._block.append(value)
        choose = type(self)._choose
        if self._tails:
            self._head = choose(self._head, value)
            # Neither 0.0 nor -0.0 is the higher: the sum makes them one, whichever was chosen.
            self._value = choose(self._tails.pop(), self._head) + 0.0
        elif len(self._block) == self._period:
            self._tails = list(accumulate(reversed(self._block), choose))
            self._value = self._tails.pop() + 0.0
            self._block, self._head = [], self._block[-1]
        return self._value


class Highest(_Extreme):
    """The highest of the last `period` values."""

    __slots__ = ()
    _choose: ClassVar[Callable[[float, float], float]] = max


class Lowest(_Extreme):
    """The lowest of the last `period` values."""

    __slots__ = ()
    _choose: ClassVar[Callable[[float, float], float]] = min
