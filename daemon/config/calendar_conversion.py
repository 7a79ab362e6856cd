"""From the calendars of a config to the sessions of its instruments."""

from collections.abc import Collection, Mapping
from typing import get_args

from daemon.calendars.exchange import NoExchangeCalendar, exchange_schedule
from daemon.calendars.weekly import WeeklyRules, WeeklySessions
from daemon.config.calendar_rules import Breach
from daemon.config.calendar_settings import ROUND_THE_CLOCK, Calendar, DayOfWeek, WeeklyCalendarSettings
from daemon.config.problems import KeyPath
from daemon.config.settings import Settings
from daemon.errors import ProcessNotStarted
from daemon.processes import Processes
from trading.errors import ScheduleEnded
from trading.sessions import RoundTheClock, Sessions


def sessions_of(
    settings: Settings,
    *,
    begin_ns: int,
    unsound: Collection[KeyPath],
    processes: Processes,
    environ: Mapping[str, str],
) -> tuple[dict[str, Sessions], list[Breach]]:
    """The sessions of each symbol, and what is wrong with the calendars that cannot be had.

    A calendar must reach past `begin_ns`, where trading begins. One with a place in `unsound` is told of elsewhere. The
    sessions follow from the config, the zones of the machine and the library's version alone: a restart finds the same.
    """
    calendars: dict[str, Sessions] = {ROUND_THE_CLOCK: RoundTheClock()}
    breaches: list[Breach] = []
    for name, calendar in settings.calendars.items():
        if any(place[:2] == ("calendars", name) for place in unsound):
            continue
        try:
            calendars[name] = sessions_of_calendar(name, calendar, processes, environ)
            calendars[name].at_or_after(begin_ns)
        except (NoExchangeCalendar, ProcessNotStarted, ScheduleEnded) as error:
            breaches.append((("calendars", name, "code"), str(error)))
    named = {symbol: instrument.calendar for symbol, instrument in settings.instruments.items()}
    return {symbol: calendars[name] for symbol, name in named.items() if name in calendars}, breaches


def weekly_rules(settings: WeeklyCalendarSettings) -> WeeklyRules:
    """When a venue trades, by its section."""
    return WeeklyRules(
        zone=settings.zone,
        open=settings.open,
        close=settings.close,
        days=frozenset(get_args(DayOfWeek).index(day) for day in settings.days),
        holidays=frozenset(settings.holidays),
        early_closes=settings.early_closes,
    )


def sessions_of_calendar(name: str, calendar: Calendar, processes: Processes, environ: Mapping[str, str]) -> Sessions:
    """The sessions of one calendar; NoExchangeCalendar or ProcessNotStarted where an exchange's cannot be had."""
    if isinstance(calendar, WeeklyCalendarSettings):
        return WeeklySessions(name, weekly_rules(calendar))
    return exchange_schedule(name, calendar.code, processes, environ)
