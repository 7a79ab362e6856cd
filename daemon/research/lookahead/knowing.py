"""When the rows of a file are known of which the config says nothing: at their times, unless they hold what the feed
shows to be later, as bars do that are stamped when they open."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from daemon.research.lookahead.cells import numbers
from daemon.research.timeline import Floats, Integers

_FEWEST: Final = 8
"""Of fewer rows nothing is said."""
_MOST_ARE: Final = 0.8
_FEW_ARE: Final = 0.2


class Prices(NamedTuple):
    """The feed's prices of one symbol, in the order of time."""

    times: Integers
    prices: Floats

    def at(self, times: Integers) -> Floats:
        """The last ones at some times; not a number before the first."""
        rows = self.times.searchsorted(times, side="right") - 1
        return np.where(rows >= 0, self.prices[rows], np.nan)


def known_times(times: Sequence[int], columns: Iterable[Sequence[Any]], feed: Mapping[str, Prices]) -> Sequence[int]:
    """When each row is known. Where a column holds the price that the feed has at the time of the next row, and not the
    one that it has at the row's own, that is the time of the next."""
    own = np.array(times, dtype=np.int64)
    if len(own) <= _FEWEST or (np.diff(own) <= 0).any():
        return times
    following = np.append(own[1:], own[-1] + int(np.median(np.diff(own))))
    if any(_are_of(numbers(cells), one, own, following) for cells in columns for one in feed.values()):
        return [int(time) for time in following]
    return times


def _are_of(values: Floats, feed: Prices, own: Integers, following: Integers) -> bool:
    """Whether values are prices of the following times."""
    before, after = feed.at(own), feed.at(following)
    telling = (own >= feed.times[0]) & (following <= feed.times[-1]) & (before != after)
    if np.count_nonzero(telling) < _FEWEST:
        return False
    share_after, share_before = (float(np.mean(values[telling] == one[telling])) for one in (after, before))
    return share_after >= _MOST_ARE and share_before <= _FEW_ARE
