"""Sessions by rules: the same hours on the same days of the week, but for holidays and early closes.

Rules are in the zone's time, sessions in UTC. A local time stands for the first moment at which the zone's clock has
reached it: of a time that comes twice as clocks change the first, of one that is skipped the change itself. A session
of which nothing is left by that is not held.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from daemon.calendars.local_time import EPOCH, reached
from trading.sessions import Schedule, Session
from trading.timestamps import DAY

_YEAR: Final = 365 * DAY
"""How much is made at a time; it need not be a calendar year."""

_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class WeeklyRules:
    """When a venue trades. A close that is not after the open is the next day's.

    `days` are days of the week, 0 for Monday. They, holidays and early closes are of the day on which a session opens.
    """

    zone: str
    open: time
    close: time
    days: frozenset[int]
    holidays: frozenset[date] = frozenset()
    early_closes: Mapping[date, time]


class WeeklySessions:
    """The sessions of weekly rules, without end, made a year at a time when they are first asked for."""

    def __init__(self, name: str, rules: WeeklyRules) -> None:
        """`name` is the calendar's; ZoneInfoNotFoundError when this machine does not know the zone."""
        assert rules.days, f"calendar {name} has no days"
        self._name = name
        self._rules = rules
        self._zone = ZoneInfo(rules.zone)
        self._years: dict[int, Schedule] = {}

    def at_or_after(self, ts_ns: int, /) -> Session:
        """The first session that closes after a time."""
        year = ts_ns // _YEAR
        if year not in self._years:
            self._years[year] = self._made(year)
        return self._years[year].at_or_after(ts_ns)

    def _made(self, year: int) -> Schedule:
        """The sessions that close within a year, and the next one."""
        begin_ns, end_ns = year * _YEAR, (year + 1) * _YEAR
        opens: list[int] = []
        closes: list[int] = []
        for session in self._from(EPOCH + timedelta(days=begin_ns // DAY - 2)):
            if session.close_ns > begin_ns:
                opens.append(session.open_ns)
                closes.append(session.close_ns)
            if session.close_ns >= end_ns:
                break
        return Schedule(opens, closes, name=self._name, mend="its rules have no end")

    def _from(self, day: date) -> Iterator[Session]:
        """The sessions that open on a day or later."""
        rules = self._rules
        while True:
            if day.weekday() in rules.days and day not in rules.holidays:
                close = rules.early_closes.get(day, rules.close)
                open_ns = reached(self._zone, day, rules.open)
                close_ns = reached(self._zone, day + _ONE_DAY if close <= rules.open else day, close)
                if open_ns < close_ns:
                    yield Session(open_ns, close_ns)
            day += _ONE_DAY
