"""The process that reads an exchange's calendar, as it alone imports exchange_calendars.

`python -m daemon.calendars.exchange_helper XNYS 1970-01-01 2049-12-31` answers in JSON on stdout.
"""

import sys

import exchange_calendars
import msgspec

from daemon.calendars.exchange import Answer, Listed, UnknownCode


def answer(code: str, first: str, last: str) -> Answer:
    """The sessions of an exchange from one day to another, both included, as far as the library goes."""
    codes = exchange_calendars.get_calendar_names()
    if code not in codes:
        return UnknownCode(codes=codes)
    begin, end = _bounds(code)
    calendar = exchange_calendars.get_calendar(code, start=max(first, begin), end=min(last, end))
    return Listed(opens=calendar.opens_nanos.tolist(), closes=calendar.closes_nanos.tolist())


def _bounds(code: str) -> tuple[str, str]:
    """The first and the last day that the library knows of an exchange; far away where it names none."""
    recent = exchange_calendars.get_calendar(code)
    begin, end = recent.bound_min(), recent.bound_max()
    return str(begin.date()) if begin is not None else "", str(end.date()) if end is not None else "9999-12-31"


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(answer(*sys.argv[1:])))
