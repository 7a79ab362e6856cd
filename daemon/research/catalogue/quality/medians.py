"""Medians of any number of values in bounded memory."""

from collections import Counter
from collections.abc import Iterable
from math import frexp, isfinite, ldexp
from typing import Final

MOST: Final = 65_536
"""So many different values are told apart; when there are more, all are cut."""

_DIGITS: Final = 10


class Median:
    """The median of what was added, of an even number the upper one. It is exact unless there are more than `MOST`
    different values, which are then cut down to ten binary digits, about a thousandth."""

    def __init__(self) -> None:
        self._counts: Counter[float] = Counter()
        self._is_cut = False

    def add(self, values: Iterable[float]) -> None:
        """Take values, none of them negative."""
        self._counts.update(map(cut, values) if self._is_cut else values)
        if len(self._counts) > MOST and not self._is_cut:
            self._is_cut = True
            exact, self._counts = self._counts, Counter()
            for value, count in exact.items():
                self._counts[cut(value)] += count

    @property
    def value(self) -> float | None:
        """It; None where nothing was added."""
        middle = self._counts.total() // 2
        for value in sorted(self._counts):
            middle -= self._counts[value]
            if middle < 0:
                return value
        return None


def cut(value: float) -> float:
    """A value without its binary digits after the tenth."""
    if not isfinite(value):
        return value
    fraction, exponent = frexp(value)
    return ldexp(int(ldexp(fraction, _DIGITS)), exponent - _DIGITS)
