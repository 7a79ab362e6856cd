"""How many of the bars that a session can have are there, session by session."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from daemon.research.catalogue.quality.batches import Batch, began
from trading.sessions import RoundTheClock, Session, Sessions
from trading.timestamps import DAY, iso

WORST: Final = 5


class Coverage:
    """Counts the bars of each session: a bar belongs to the first session that it touches.

    Without sessions a day of UTC is one, and what it can have is what the days with bars usually have: their median.
    """

    def __init__(self, interval_ns: int, sessions: Sessions | None) -> None:
        self._interval_ns = interval_ns
        self._sessions = sessions
        self._days: Sessions = sessions or RoundTheClock()
        self._counts: Counter[int] = Counter()
        self._first_ns: int | None = None
        self._last_ns = 0

    def __call__(self, batch: Batch) -> None:
        """Count the bars of a batch."""
        for event in batch.events:
            session = self._days.at_or_after(began(event))
            if session.open_ns < event.ts_ns:
                self._counts[session.open_ns] += 1
        if batch.events:
            self._first_ns = began(batch.events[0]) if self._first_ns is None else self._first_ns
            self._last_ns = batch.events[-1].ts_ns

    def result(self) -> dict[str, Any] | None:
        """Bars that are there and that can be, of the whole and of the worst days; None where a day has no more than
        one bar, and without sessions nothing tells on which days there is one."""
        if self._first_ns is None or self._interval_ns > DAY or (self._sessions is None and self._interval_ns == DAY):
            return None
        days = [(open_ns, min(self._counts[open_ns], most), most) for open_ns, most in self._expected()]
        present, expected = sum(day[1] for day in days), sum(day[2] for day in days)
        short = sorted((day for day in days if day[1] < day[2]), key=lambda day: (day[1] / day[2], day[0]))
        return {
            "days": len(days),
            "whole_days": len(days) - len(short),
            "present": present,
            "expected": expected,
            "share": present / expected if expected else None,
            "worst": [
                {"day": iso(open_ns), "present": there, "expected": most, "share": there / most}
                for open_ns, there, most in short[:WORST]
            ],
        }

    def _expected(self) -> Iterator[tuple[int, int]]:
        """The open of each session, and how many bars it can have."""
        if self._sessions is None:
            counts = sorted(self._counts.values())
            yield from ((day, counts[len(counts) // 2]) for day in sorted(self._counts))
            return
        assert self._first_ns is not None
        session = self._sessions.at_or_after(self._first_ns)
        while session.open_ns < self._last_ns:
            yield session.open_ns, self._slots(session)
            session = self._sessions.at_or_after(session.close_ns)

    def _slots(self, session: Session) -> int:
        """How many intervals, counted as the bars are, a session touches."""
        assert self._first_ns is not None
        phase_ns = self._first_ns % self._interval_ns
        first = (session.open_ns - phase_ns) // self._interval_ns
        return -((phase_ns - session.close_ns) // self._interval_ns) - first
