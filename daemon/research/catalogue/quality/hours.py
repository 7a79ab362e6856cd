"""Trading hours to hold data against: those of an exchange, of a config's calendar, or written out as weekly rules."""

import re
from collections.abc import Mapping
from typing import Final, get_args

from pydantic import ValidationError

from daemon.config.calendar_conversion import sessions_of_calendar
from daemon.config.calendar_settings import (
    ROUND_THE_CLOCK,
    Calendar,
    DayOfWeek,
    ExchangeCalendarSettings,
    WeeklyCalendarSettings,
)
from daemon.config.extras import absent, install_hint
from daemon.config.messages import words_for
from daemon.config.zones import no_zone
from daemon.errors import DaemonError
from daemon.processes import Processes
from trading.sessions import RoundTheClock, Sessions

_WEEKLY: Final = re.compile(r"(?P<zone>\S+) (?P<open>[0-9:]+)-(?P<close>[0-9:]+)(?: (?P<days>[a-z,-]+))?")
_DAYS: Final[tuple[str, ...]] = get_args(DayOfWeek)


def sessions_of(
    text: str, calendars: Mapping[str, Calendar], processes: Processes, environ: Mapping[str, str]
) -> Sessions:
    """The sessions that a text means: `24/7`; a name of `calendars`; `America/New_York 09:30-16:00 mon-fri`; or the
    code of an exchange. DaemonError for what is none of them or cannot be had."""
    if text == ROUND_THE_CLOCK:
        return RoundTheClock()
    if text in calendars:
        return sessions_of_calendar(text, calendars[text], processes, environ)
    if " " in text:
        return sessions_of_calendar(text, _weekly(text), processes, environ)
    if module := absent("exchange_calendars"):
        raise DaemonError(f"the calendar of an exchange needs {module}", mend=install_hint(module))
    return sessions_of_calendar(text, ExchangeCalendarSettings(kind="exchange", code=text), processes, environ)


def open_between(sessions: Sessions, begin_ns: int, end_ns: int) -> int:
    """How much of the time between two moments lies in sessions, in nanoseconds."""
    open_ns, at_ns = 0, begin_ns
    while at_ns < end_ns:
        session = sessions.at_or_after(at_ns)
        open_ns += max(0, min(session.close_ns, end_ns) - max(session.open_ns, at_ns))
        at_ns = session.close_ns
    return open_ns


def _weekly(text: str) -> WeeklyCalendarSettings:
    match = _WEEKLY.fullmatch(text)
    if match is None:
        raise DaemonError(
            f"{text!r} is no calendar", mend='write weekly hours as "America/New_York 09:30-16:00 mon-fri"'
        )
    if why := no_zone(match["zone"]):
        raise DaemonError(f"{text!r} is no calendar: {why}", mend="name a zone of the IANA, such as America/New_York")
    try:
        days = _days(match["days"] or "mon-fri")
        return WeeklyCalendarSettings.model_validate({"kind": "weekly", **match.groupdict(), "days": days})
    except ValidationError as error:
        wrong = "; ".join(words_for(one) for one in error.errors(include_url=False))
        raise DaemonError(f"{text!r} is no calendar: {wrong}", mend="write days as mon-fri, or mon,wed,fri")


def _days(text: str) -> tuple[str, ...]:
    """`mon-fri`, also over the end of the week as `sun-thu`, or `mon,wed`."""
    first, dash, last = text.partition("-")
    if not dash or first not in _DAYS or last not in _DAYS:
        return tuple(text.split(","))
    begin, count = _DAYS.index(first), (_DAYS.index(last) - _DAYS.index(first)) % 7 + 1
    return tuple(_DAYS[(begin + place) % 7] for place in range(count))
