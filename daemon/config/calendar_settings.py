"""The calendars of a configuration: when a venue trades, by rules of one's own or by an exchange's code."""

import re
from datetime import date, time
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from daemon.config.section import Section

ROUND_THE_CLOCK: Final = "24/7"
"""The calendar that needs no entry: a market that never closes."""

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME_OF_DAY: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_MINUTES_OF_A_DAY: Final = 24 * 60


def _day(value: Any) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise ValueError(f"{value!r} is no date: {error}")
    raise ValueError("must be a date such as 2026-12-25")


def _time_of_day(value: Any) -> time:
    if isinstance(value, str) and _TIME_OF_DAY.fullmatch(value):
        return time.fromisoformat(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MINUTES_OF_A_DAY:
        hours, minutes = divmod(value, 60)
        raise ValueError(f'put it in quotes, "{hours:02}:{minutes:02}": without them YAML reads a number')
    raise ValueError('must be a time of day in quotes, from "00:00" to "23:59"')


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A day of the calendar's zone, written as `2026-12-25`."""

TimeOfDay = Annotated[
    time, BeforeValidator(_time_of_day), WithJsonSchema({"type": "string", "pattern": f"^{_TIME_OF_DAY.pattern}$"})
]
"""What the clock of the calendar's zone shows, written as `"09:30"`."""

DayOfWeek = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class WeeklyCalendarSettings(Section):
    """The same hours on the same days of the week, but for holidays and early closes. Days are those of the open."""

    kind: Literal["weekly"] = Field(description="where trading hours come from: weekly")
    zone: str = Field(description="time zone of the venue, such as America/New_York")
    open: TimeOfDay = Field(description='when a session opens, such as "09:30"')
    close: TimeOfDay = Field(description='when it closes, such as "16:00"; the next day if not after the open')
    days: Annotated[tuple[DayOfWeek, ...], Field(strict=False, min_length=1)] = Field(
        default=("mon", "tue", "wed", "thu", "fri"), description="days of the week on which a session opens"
    )
    holidays: Annotated[tuple[Day, ...], Field(strict=False)] = Field(
        default=(), description="dates on which no session opens"
    )
    early_closes: dict[Day, TimeOfDay] = Field(
        default={}, description='closes of single sessions, by the date of their open: {2026-11-27: "13:00"}'
    )


class ExchangeCalendarSettings(Section):
    """The hours of an exchange as the library exchange-calendars knows them."""

    kind: Literal["exchange"] = Field(description="where trading hours come from: exchange")
    code: str = Field(min_length=1, description="code of the exchange, such as XNYS")


Calendar = Annotated[WeeklyCalendarSettings | ExchangeCalendarSettings, Field(discriminator="kind")]
