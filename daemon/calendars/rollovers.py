"""Ends of days by the clock of a zone: the same time of every day of the calendar, whatever its clocks do."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from brokers.simulated.entitlements import Rollover
from daemon.calendars.local_time import reached
from trading.timestamps import SECOND

_ONE_DAY: Final = timedelta(days=1)


class ZoneRollovers:
    """The rollovers of a zone, without end. `nights` is for how many each day of the week counts, Monday first."""

    def __init__(self, *, zone: str, at: time, nights: Sequence[int]) -> None:
        """ZoneInfoNotFoundError when this machine does not know the zone."""
        assert len(nights) == 7, "a week has seven days"
        self._zone = ZoneInfo(zone)
        self._at = at
        self._nights = tuple(nights)

    def next_after(self, ts_ns: int) -> Rollover:
        """The first rollover after a time; ValueError beyond the year 9999."""
        # Where clocks change around midnight, a day's rollover can come on the date before or after by the clock.
        day = self._day_of(ts_ns) - _ONE_DAY
        while (end_ns := reached(self._zone, day, self._at)) <= ts_ns:
            day += _ONE_DAY
        return Rollover(end_ns, self._nights[day.weekday()])

    def _day_of(self, ts_ns: int) -> date:
        return datetime.fromtimestamp(ts_ns // SECOND, self._zone).date()
