"""Trading hours: the sessions of an instrument, one after another.

A session holds its open but not its close. Bars and marks take no notice of sessions; orders do.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import msgspec

from trading.errors import ScheduleEnded
from trading.timestamps import DAY, iso


class Session(msgspec.Struct, frozen=True, gc=False):
    """One session, in nanoseconds since the Unix epoch."""

    open_ns: int
    close_ns: int


class Sessions(Protocol):
    """The sessions of a calendar, in order and without overlap."""

    def at_or_after(self, ts_ns: int, /) -> Session:
        """The first session that closes after a time: the one that it lies in, else the next."""


class RoundTheClock:
    """The market never closes; each day of UTC is a session."""

    def at_or_after(self, ts_ns: int, /) -> Session:
        """The day that a time lies in."""
        open_ns = ts_ns - ts_ns % DAY
        return Session(open_ns, open_ns + DAY)


class Schedule:
    """Sessions that were listed beforehand. Before the first one, the market is closed until it opens."""

    def __init__(self, opens: Sequence[int], closes: Sequence[int], *, name: str, mend: str) -> None:
        """Opens and closes in nanoseconds since the Unix epoch; a session may open as the one before it closes.

        `name` is the calendar's, `mend` what to do once it has ended: both are for ScheduleEnded. ValueError when there
        are no sessions, or one closes before it opens, or before the one ahead of it has closed.
        """
        if len(opens) != len(closes) or not opens:
            raise ValueError(
                f"calendar {name} has {len(opens)} opens and {len(closes)} closes; a session has one of each"
            )
        for open_ns, close_ns in zip(opens, closes, strict=True):
            if open_ns >= close_ns:
                raise ValueError(f"calendar {name} closes at {iso(close_ns)}, not after its open at {iso(open_ns)}")
        for (_, closed_ns), (open_ns, _) in pairwise(zip(opens, closes, strict=True)):
            if open_ns < closed_ns:
                raise ValueError(f"calendar {name} opens at {iso(open_ns)}, before its close at {iso(closed_ns)}")
        self._opens = tuple(opens)
        self._closes = tuple(closes)
        self._name = name
        self._mend = mend
        self._asked_ns = opens[0]
        self._answer = Session(opens[0], closes[0])

    def at_or_after(self, ts_ns: int, /) -> Session:
        """The first session that closes after a time; ScheduleEnded when there is none."""
        if not self._asked_ns <= ts_ns < self._answer.close_ns:  # until it closes, the last answer is right again
            place = bisect_right(self._closes, ts_ns)
            if place == len(self._closes):
                raise ScheduleEnded(
                    f"calendar {self._name} has no session after {iso(ts_ns)}: its last one closed at"
                    f" {iso(self._closes[-1])}; {self._mend}"
                )
            self._asked_ns = ts_ns
            self._answer = Session(self._opens[place], self._closes[place])
        return self._answer
