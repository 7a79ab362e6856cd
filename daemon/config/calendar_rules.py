"""What must hold of calendars, as far as the config alone tells."""

from collections.abc import Iterator
from datetime import date, time
from typing import Final, get_args

from daemon.config.calendar_settings import (
    ROUND_THE_CLOCK,
    DayOfWeek,
    ExchangeCalendarSettings,
    WeeklyCalendarSettings,
)
from daemon.config.extras import absent, install_hint
from daemon.config.problems import KeyPath, nearest
from daemon.config.settings import Settings
from daemon.config.source import Document
from daemon.config.zones import no_zone

Breach = tuple[KeyPath, str]
_MINUTES_OF_A_DAY: Final = 24 * 60


def calendars_are_known(settings: Settings, document: Document) -> Iterator[Breach]:
    """Instruments name calendars that are there, and no entry takes the place of the one that always is."""
    written = document.values.get("calendars", {})
    if not isinstance(written, dict):
        return
    if ROUND_THE_CLOCK in written:
        yield ("calendars", ROUND_THE_CLOCK), "is always there, for what never closes; take another name"
    known = [ROUND_THE_CLOCK, *written]
    for symbol, instrument in settings.instruments.items():
        if instrument.calendar not in known:
            message = (
                f"{instrument.calendar!r} is no calendar; add it to calendars{nearest(instrument.calendar, known)}"
            )
            yield ("instruments", symbol, "calendar"), message


def zones_of_calendars_are_known(settings: Settings, _document: Document) -> Iterator[Breach]:
    """Weekly calendars are in a zone that this machine knows."""
    for name, calendar in _weekly(settings):
        if why := no_zone(calendar.zone):
            yield ("calendars", name, "zone"), why


def early_closes_are_within_sessions(settings: Settings, _document: Document) -> Iterator[Breach]:
    """A session that closes early is held, and closes before its time."""
    for name, calendar in _weekly(settings):
        for day, close in calendar.early_closes.items():
            if why := _no_early_close(calendar, day, close):
                yield ("calendars", name, "early_closes", day.isoformat()), why


def exchange_calendars_can_be_read(settings: Settings, _document: Document) -> Iterator[Breach]:
    """Calendars of exchanges need their extra."""
    for name, calendar in settings.calendars.items():
        if isinstance(calendar, ExchangeCalendarSettings) and (module := absent("exchange_calendars")):
            yield ("calendars", name, "kind"), f"exchange needs {module}; {install_hint(module)}"


def _weekly(settings: Settings) -> Iterator[tuple[str, WeeklyCalendarSettings]]:
    for name, calendar in settings.calendars.items():
        if isinstance(calendar, WeeklyCalendarSettings):
            yield name, calendar


def _no_early_close(calendar: WeeklyCalendarSettings, day: date, close: time) -> str:
    """Why a session cannot close early at a time; empty when it can."""
    day_of_week = get_args(DayOfWeek)[day.weekday()]
    if day_of_week not in calendar.days:
        return f"no session opens on this day, a {day_of_week}"
    if day in calendar.holidays:
        return "no session opens on this day, one of its holidays"
    usual = _minutes_until(calendar.open, calendar.close) or _MINUTES_OF_A_DAY
    if not 0 < _minutes_until(calendar.open, close) < usual:
        hours = f"{calendar.open:%H:%M} to {calendar.close:%H:%M}"
        return f"{close:%H:%M} is not within the session, {hours}"
    return ""


def _minutes_until(begin: time, end: time) -> int:
    """How long after a time of day another comes, in minutes; 0 when they are the same."""
    return ((end.hour - begin.hour) * 60 + end.minute - begin.minute) % _MINUTES_OF_A_DAY
