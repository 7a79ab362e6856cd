"""Time in the core: integer nanoseconds since the Unix epoch, UTC. Intervals are written `500ms`, `5s`, `1m`, `4h`."""

import re
from datetime import UTC, datetime
from typing import Final

MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

LAST_NS: Final = (1 << 63) - 1
"""The last time that there is."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS: Final = {"ms": MILLISECOND, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_INTERVAL: Final = re.compile(r"([1-9][0-9]*)(ms|s|m|h|d)")


def parse_interval(text: str) -> int:
    """Nanoseconds of an interval such as `5m`; ValueError says what is accepted."""
    match = _INTERVAL.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text!r} is not an interval; write a whole number and a unit of ms, s, m, h or d, such as 5m"
        )
    return int(match[1]) * _UNITS[match[2]]


def format_interval(interval_ns: int) -> str:
    """The shortest text that `parse_interval` reads back, such as `5m`."""
    for unit in ("d", "h", "m", "s", "ms"):
        count, rest = divmod(interval_ns, _UNITS[unit])
        if rest == 0:
            return f"{count}{unit}"
    raise ValueError(f"{interval_ns} ns is not a whole number of milliseconds")


def from_datetime(moment: datetime) -> int:
    """Nanoseconds of an aware datetime; ValueError when it carries no zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; append Z for UTC")
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds * 1_000


_TO_THE_SECOND: Final = len("2026-01-05T14:30:00")


def iso(ts_ns: int) -> str:
    """ISO-8601 in UTC, with the digits below a second only where there are any."""
    seconds, nanoseconds = divmod(ts_ns, SECOND)
    text = datetime.fromtimestamp(seconds, UTC).isoformat()[:_TO_THE_SECOND]
    return f"{text}.{nanoseconds:09d}".rstrip("0") + "Z" if nanoseconds else f"{text}Z"


def parse_iso(text: str) -> int:
    """Nanoseconds of a time as `iso` writes it, to the last digit; ValueError where it is none."""
    moment, fraction, zone = text[:19], text[19:-1], text[-1:]
    digits = fraction[1:]
    if zone != "Z" or (fraction and not (fraction[0] == "." and digits.isdecimal() and len(digits) <= 9)):
        raise ValueError(f"{text!r} is no time in UTC such as 2026-01-05T14:30:00Z")
    return from_datetime(datetime.fromisoformat(f"{moment}+00:00")) + (int(digits.ljust(9, "0")) if digits else 0)


def month_of(ts_ns: int) -> int:
    """The calendar month of a time, UTC, as year times 12 plus month."""
    day = datetime.fromtimestamp(ts_ns // SECOND, UTC)
    return day.year * 12 + day.month
