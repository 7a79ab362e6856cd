"""After which moments the data is made another: some drawn all over the window, some where what is decided changes."""

from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Final

from daemon.research.lookahead.futures import Cut

ACROSS: Final = 4
AT_CHANGES: Final = 8
_FIRST_SHARE: Final = 20
"""What comes in the first twentieth is not drawn: hardly anything is decided there yet."""


def choose(random: Random, moments: Sequence[Cut], changes: Sequence[int]) -> list[Cut]:
    """Cuts in the order of time. `changes` count the moments at which a decision changes: look-ahead shows there, as it
    acts upon what comes right after."""
    last = len(moments) - 1  # after it nothing can be another
    first = last // _FIRST_SHARE
    bounds = [first + (last - first) * part // ACROSS for part in range(ACROSS + 1)]
    drawn = {random.randrange(begin, end) for begin, end in pairwise(bounds) if begin < end}
    able = [change for change in changes if change < last]
    drawn |= set(random.sample(able, min(AT_CHANGES, len(able))))
    return [moments[place] for place in sorted(drawn)]
