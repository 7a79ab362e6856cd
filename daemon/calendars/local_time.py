"""Times of day of a zone as moments. A local time stands for the first moment at which the zone's clock has reached it:
of a time that comes twice as clocks change the first, of one that is skipped the change itself."""

from bisect import bisect_left
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from trading.timestamps import DAY, SECOND

EPOCH: Final = date(1970, 1, 1)

_DAY_SECONDS: Final = DAY // SECOND


def reached(zone: ZoneInfo, day: date, at: time) -> int:
    """The first moment at which the clock shows a time of a day or a later one, in nanoseconds."""
    shown = datetime.combine(day, at, zone)
    first, second = _seconds(shown.utcoffset()), _seconds(shown.replace(fold=1).utcoffset())
    local = (day - EPOCH).days * _DAY_SECONDS + at.hour * 3600 + at.minute * 60
    if first >= second:
        return (local - first) * SECOND
    around = range(local - second, local - first)
    return around[0] * SECOND + bisect_left(around, second, key=lambda at: _offset(zone, at)) * SECOND


def _offset(zone: ZoneInfo, second: int) -> int:
    return _seconds(datetime.fromtimestamp(second, zone).utcoffset())


def _seconds(offset: timedelta | None) -> int:
    assert offset is not None, "a ZoneInfo always has an offset"
    return offset // timedelta(seconds=1)
