"""Times as files write them, to nanoseconds since the Unix epoch.

A time without an offset is in the file's zone. One that the zone skips or repeats when clocks change is refused: which
moment it means is not in the file.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from trading.timestamps import DAY, HOUR, LAST_NS, MILLISECOND, SECOND

UNITS: Final = {"s": SECOND, "ms": MILLISECOND, "us": 1_000, "ns": 1}
"""Nanoseconds of one count since the epoch."""

ISO: Final = "iso"

_COUNTING: Final = Context(prec=60, traps=[Inexact, InvalidOperation, Overflow])
"""Its own, as strategies may change the one that is in force."""

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - local times are counted from it
_EPOCH_UTC: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_BELOW_MICROSECONDS: Final = re.compile(r"(?<=[.,]\d{6})\d+")
_LONGEST_IN_MICROSECONDS: Final = len("2014-05-01 00:00:00.000000")


Number = TypeVar("Number", int, Decimal)


class LocalTime:
    """A zone's wall clock. ValueError for a time that it skips or shows twice."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._is_utc = zone == "UTC"
        self._offsets: dict[int, int | None] = {}

    def to_utc(self, local_ns: int) -> int:
        """The moment at which the clock shows a time."""
        shown = _EPOCH + timedelta(microseconds=local_ns // 1_000)
        offsets = [shown.replace(tzinfo=self._zone, fold=fold).utcoffset() for fold in (0, 1)]
        first, second = (offset or timedelta() for offset in offsets)
        if first != second:
            how = "does not exist" if first < second else "comes twice"
            raise ValueError(f"{shown} {how} in {self._zone.key}, as clocks change; write times with their offset")
        return local_ns - first // _MICROSECOND * 1_000

    def all_to_utc(self, local_ns: Sequence[int]) -> Sequence[int]:
        """The same of many, quickly where the clock does not change that day."""
        if self._is_utc:
            return local_ns
        offsets = {day: self._offset(day) for day in {ns // DAY for ns in local_ns}}
        if None in offsets.values():
            return [self.to_utc(ns) for ns in local_ns]
        return [ns - (offsets[ns // DAY] or 0) for ns in local_ns]

    def _offset(self, day: int) -> int | None:
        """The one offset in nanoseconds of a day since 1970; None where the clock changes."""
        if day not in self._offsets:
            hours = range(day * DAY, (day + 1) * DAY + 1, HOUR)
            try:
                offsets = {ns - self.to_utc(ns) for ns in hours}
            except ValueError:
                offsets = set()
            self._offsets[day] = offsets.pop() if len(offsets) == 1 else None
        return self._offsets[day]


class TimeReader:
    """Reads cells of text in one form: iso, a unit since the epoch, or a format of `datetime.strptime`."""

    def __init__(self, form: str, zone: str) -> None:
        self._form = form
        self._local = LocalTime(zone)
        self._parse: Callable[[str], datetime] = (
            _from_iso if form == ISO else lambda text: datetime.strptime(text, form)  # noqa: DTZ007
        )

    def read(self, text: str) -> int:
        """The time of one cell; ValueError says why there is none."""
        text = text.strip()
        return counted(text, UNITS[self._form]) if self._form in UNITS else in_range(self._written(text), text)

    def read_all(self, texts: Sequence[str]) -> Sequence[int]:
        """The times of many cells, quickly; ValueError where any is not a plain one."""
        if self._form in UNITS:
            unit_ns = UNITS[self._form]
            return all_in_range([int(text) * unit_ns for text in texts])
        if self._form == ISO and max(map(len, texts)) <= _LONGEST_IN_MICROSECONDS:
            moments = list(map(datetime.fromisoformat, texts))
            if moments[0].tzinfo is None:
                try:
                    local_ns = [(moment - _EPOCH) // _MICROSECOND * 1_000 for moment in moments]
                except TypeError as error:  # one of them has an offset
                    raise ValueError(str(error)) from error
                return all_in_range(self._local.all_to_utc(all_in_range(local_ns)))
        return [self.read(text) for text in texts]

    def _written(self, text: str) -> int:
        whole, below_ns = _split_nanoseconds(text) if self._form == ISO else (text, 0)
        try:
            moment = self._parse(whole)
        except ValueError:
            raise ValueError(self._unlike(text))
        if moment.tzinfo is not None:
            return (moment - _EPOCH_UTC) // _MICROSECOND * 1_000 + below_ns
        return self._local.to_utc((moment - _EPOCH) // _MICROSECOND * 1_000 + below_ns)

    def _unlike(self, text: str) -> str:
        if self._form != ISO:
            return f"{text!r} is not written as {self._form}"
        hint = "; a count since 1970 is `time: s`, ms, us or ns" if text.replace(".", "").isdecimal() else ""
        return f"{text!r} is no time in ISO-8601, such as 2014-05-01 13:30:00{hint}"


def counted(text: str, unit_ns: int) -> int:
    """Nanoseconds of a count of units, which may have a fraction; ValueError for anything else."""
    try:
        ts_ns = _COUNTING.multiply(_COUNTING.create_decimal(text), unit_ns)
    except ArithmeticError:
        raise ValueError(f"{text!r} is no count since 1970")
    if not ts_ns.is_finite() or "_" in text:
        raise ValueError(f"{text!r} is no count since 1970")
    if in_range(ts_ns, text) != int(ts_ns):
        raise ValueError(f"{text!r} is finer than a nanosecond")
    return int(ts_ns)


def in_range(ts_ns: Number, text: str) -> Number:
    """A time that the core can hold; ValueError for one that it cannot."""
    if not 0 <= ts_ns <= LAST_NS:
        raise ValueError(f"{text!r} is not between 1970 and 2262; see whether `time` is right")
    return ts_ns


def all_in_range(times: Sequence[int]) -> Sequence[int]:
    """The same of many."""
    if min(times) < 0 or max(times) > LAST_NS:
        raise ValueError("a time is not between 1970 and 2262")
    return times


def _from_iso(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _split_nanoseconds(text: str) -> tuple[str, int]:
    """The text down to microseconds, and what it says below, which `datetime` cannot hold."""
    match = _BELOW_MICROSECONDS.search(text)
    if match is None:
        return text, 0
    if match[0][3:].strip("0"):
        raise ValueError(f"{text!r} is finer than a nanosecond")
    return text[: match.start()] + text[match.end() :], int(match[0][:3].ljust(3, "0"))
