"""Fewer points for a picture, always the same ones: what is left has the same beginning, end and extremes.

Time is cut into stretches of one length, and of each the lowest and the highest stay: a picture with no more pixels
than stretches looks the same.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple, TypeVar

from trading.timestamps import MILLISECOND

Item = TypeVar("Item")


class Point(NamedTuple):
    """A time and what there was then."""

    ts_ns: int
    value: float


def thinned(points: Sequence[Point], most: int) -> Sequence[Point]:
    """At most `most` of points by time, 4 or more; all of them where there are no more."""
    if len(points) <= most:
        return points
    inner = extremes(points[1:-1], most - 2, at=attrgetter("ts_ns"), height=attrgetter("value"))
    return [points[0], *inner, points[-1]]


def extremes(
    items: Sequence[Item], most: int, *, at: Callable[[Item], int], height: Callable[[Item], float]
) -> Sequence[Item]:
    """At most `most` of items by time, 2 or more: the lowest and the highest of each stretch, the first of equals. All
    of them where there are no more. `at` is an item's time."""
    if len(items) <= most:
        return items
    start, end = at(items[0]), at(items[-1])
    length = (end - start) // (most // 2) + 1
    kept: list[Item] = []
    for _, group in groupby(items, lambda item: (at(item) - start) // length):
        stretch = list(group)
        places = range(len(stretch))
        lowest = min(places, key=lambda place: height(stretch[place]))
        highest = max(places, key=lambda place: height(stretch[place]))
        kept += [stretch[place] for place in sorted({lowest, highest})]
    return kept


def in_milliseconds(points: Iterable[Point]) -> tuple[list[int], list[float]]:
    """Times in milliseconds and values, as charts take them: each time is later than the one before, so that one of the
    same millisecond stands a millisecond further."""
    times: list[int] = []
    values: list[float] = []
    for point in points:
        time = point.ts_ns // MILLISECOND
        times.append(max(time, times[-1] + 1) if times else time)
        values.append(point.value)
    return times, values
