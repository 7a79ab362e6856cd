"""Where sessions come from: weekly rules in a zone, and the calendars of exchanges as the library has them."""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.calendars.exchange import HELPER, Listed, NoExchangeCalendar, UnknownCode, exchange_schedule
from daemon.calendars.weekly import WeeklyRules, WeeklySessions
from daemon.processes import Finished, SystemProcesses
from trading.errors import ScheduleEnded
from trading.sessions import Schedule, Session, Sessions
from trading.timestamps import DAY, HOUR, SECOND, from_datetime, iso

NEW_YORK = "America/New_York"
EVERY_DAY = frozenset(range(7))
ZONES = (NEW_YORK, "Europe/London", "Asia/Tokyo", "Asia/Beirut", "Australia/Lord_Howe", "Africa/Casablanca")


def weekly(
    hours: str,
    *,
    zone: str = NEW_YORK,
    days: frozenset[int] = frozenset(range(5)),
    holidays: tuple[str, ...] = (),
    early_closes: Mapping[str, str] | None = None,
) -> WeeklySessions:
    """Sessions of hours such as `09:30-16:00`, on the days from Monday to Friday if no others are given."""
    opening, closing = map(time.fromisoformat, hours.split("-"))
    early = {date.fromisoformat(day): time.fromisoformat(at) for day, at in (early_closes or {}).items()}
    rules = WeeklyRules(
        zone=zone,
        open=opening,
        close=closing,
        days=days,
        holidays=frozenset(map(date.fromisoformat, holidays)),
        early_closes=early,
    )
    return WeeklySessions("own", rules)


def at(text: str) -> int:
    """A moment of UTC, such as `2026-03-06 14:30`."""
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC))


def told(sessions: Sessions, since: str, count: int) -> list[str]:
    """The next sessions, each as `2026-03-06 14:30 21:00`, with the date of a close that is on another day."""
    told, ts_ns = [], at(since)
    for _ in range(count):
        session = sessions.at_or_after(ts_ns)
        begin, end = (iso(ns)[:16].replace("T", " ") for ns in (session.open_ns, session.close_ns))
        told.append(f"{begin} {end.removeprefix(begin[:11])}")
        ts_ns = session.close_ns
    return told


# Weekly rules.


def test_a_session_opens_and_closes_by_the_venues_clock_when_clocks_go_forward() -> None:
    assert told(weekly("09:30-16:00"), "2026-03-06", 3) == [
        "2026-03-06 14:30 21:00",
        "2026-03-09 13:30 20:00",
        "2026-03-10 13:30 20:00",
    ]


def test_a_session_opens_and_closes_by_the_venues_clock_when_clocks_go_back() -> None:
    assert told(weekly("09:30-16:00"), "2026-10-29 20:00", 3) == [
        "2026-10-30 13:30 20:00",
        "2026-11-02 14:30 21:00",
        "2026-11-03 14:30 21:00",
    ]


def test_two_venues_that_change_clocks_on_different_days_are_both_right() -> None:
    new_york, london = weekly("09:30-16:00"), weekly("08:00-16:30", zone="Europe/London")
    both_open = {
        day: (london.at_or_after(at(day)).close_ns - new_york.at_or_after(at(day)).open_ns) // HOUR
        for day in ("2027-03-12", "2027-03-15", "2027-03-26", "2027-03-29", "2027-10-29", "2027-11-01", "2027-11-08")
    }
    assert list(both_open.values()) == [2, 3, 3, 2, 2, 3, 2]


def test_on_holidays_no_session_opens_and_some_sessions_close_early() -> None:
    sessions = weekly("09:30-16:00", holidays=("2026-11-26",), early_closes={"2026-11-27": "13:00"})
    assert told(sessions, "2026-11-25", 3) == [
        "2026-11-25 14:30 21:00",
        "2026-11-27 14:30 18:00",
        "2026-11-30 14:30 21:00",
    ]


def test_a_close_before_the_open_is_the_next_days_and_days_are_those_of_the_open() -> None:
    futures = weekly(
        "18:00-17:00",
        days=frozenset({6, 0, 1, 2, 3}),
        holidays=("2026-11-30",),
        early_closes={"2026-11-25": "13:15", "2026-11-26": "22:00"},
    )
    assert told(futures, "2026-11-24 22:00", 5) == [
        "2026-11-24 23:00 2026-11-25 22:00",
        "2026-11-25 23:00 2026-11-26 18:15",
        "2026-11-26 23:00 2026-11-27 03:00",
        "2026-11-29 23:00 2026-11-30 22:00",
        "2026-12-01 23:00 2026-12-02 22:00",
    ]


def test_a_session_over_a_change_of_clocks_is_an_hour_shorter_or_longer() -> None:
    sessions = weekly("18:00-17:00", days=EVERY_DAY)
    assert told(sessions, "2026-03-07 22:00", 1) == ["2026-03-07 23:00 2026-03-08 21:00"]
    assert told(sessions, "2026-10-31 21:00", 1) == ["2026-10-31 22:00 2026-11-01 22:00"]


def test_where_the_close_is_the_open_one_session_follows_the_other() -> None:
    currencies = weekly("17:00-17:00", days=frozenset({6, 0, 1, 2, 3}))
    assert told(currencies, "2026-11-18 22:00", 3) == [
        "2026-11-18 22:00 2026-11-19 22:00",
        "2026-11-19 22:00 2026-11-20 22:00",
        "2026-11-22 22:00 2026-11-23 22:00",
    ]


def test_a_time_that_the_clock_skips_is_the_change_and_one_that_comes_twice_is_the_first() -> None:
    sessions = weekly("02:30-05:00", days=EVERY_DAY)
    assert told(sessions, "2026-03-07", 3) == [
        "2026-03-07 07:30 10:00",
        "2026-03-08 07:00 09:00",
        "2026-03-09 06:30 09:00",
    ]
    assert told(weekly("01:30-05:00", days=EVERY_DAY), "2026-11-01", 1) == ["2026-11-01 05:30 10:00"]
    midnight = weekly("00:00-00:00", zone="Asia/Beirut", days=EVERY_DAY)
    assert told(midnight, "2026-03-28", 3)[1:] == [
        "2026-03-28 22:00 2026-03-29 21:00",
        "2026-03-29 21:00 2026-03-30 21:00",
    ]


def test_a_session_that_the_clock_skips_is_not_held() -> None:
    short = weekly("02:15-02:45", days=EVERY_DAY)
    assert told(short, "2026-03-07", 2) == ["2026-03-07 07:15 07:45", "2026-03-09 06:15 06:45"]
    samoa = weekly("09:00-16:00", zone="Pacific/Apia", days=EVERY_DAY)  # it had no 30 December 2011
    assert told(samoa, "2011-12-29 12:00", 2) == [
        "2011-12-29 19:00 2011-12-30 02:00",
        "2011-12-30 19:00 2011-12-31 02:00",
    ]


@pytest.mark.parametrize("zone", ["Pacific/Pago_Pago", "UTC", "Pacific/Kiritimati"])
@pytest.mark.parametrize("hour", range(24))
def test_sessions_that_are_made_a_year_at_a_time_are_the_same_at_both_sides(zone: str, hour: int) -> None:
    midnight = 56 * 365 * DAY
    begin, end = (weekly(f"{hour:02}:00-{hour:02}:00", zone=zone, days=EVERY_DAY) for _ in range(2))
    session = begin.at_or_after(midnight - 1)
    following = begin.at_or_after(session.close_ns)
    assert session.open_ns < midnight <= session.close_ns == following.open_ns
    assert end.at_or_after(midnight) == (session if midnight < session.close_ns else following)


def test_holidays_of_more_than_a_year_are_waited_for() -> None:
    closed = [date.fromordinal(date(2026, 1, 1).toordinal() + day).isoformat() for day in range(800)]
    assert told(weekly("09:30-16:00", holidays=tuple(closed)), "2026-01-01", 1) == ["2028-03-13 13:30 20:00"]


RULES = st.builds(
    WeeklyRules,
    zone=st.sampled_from(ZONES),
    open=st.times(max_value=time(23, 59)).map(lambda one: one.replace(second=0, microsecond=0)),
    close=st.times(max_value=time(23, 59)).map(lambda one: one.replace(second=0, microsecond=0)),
    days=st.frozensets(st.integers(0, 6), min_size=1),
    holidays=st.frozensets(st.dates(date(2025, 1, 1), date(2028, 1, 1)), max_size=20),
    early_closes=st.just({}),
)
MOMENTS = st.integers(at("2025-01-01") // SECOND, at("2028-01-01") // SECOND).map(lambda second: second * SECOND)


@given(RULES, MOMENTS)
def test_sessions_are_in_order_apart_and_the_first_that_closes_later(rules: WeeklyRules, ts_ns: int) -> None:
    sessions = WeeklySessions("own", rules)
    session = sessions.at_or_after(ts_ns - 30 * DAY)
    while session.close_ns <= ts_ns:
        following = sessions.at_or_after(session.close_ns)
        assert session.open_ns < session.close_ns <= following.open_ns < following.close_ns
        session = following
    assert WeeklySessions("own", rules).at_or_after(ts_ns) == session


@given(RULES, MOMENTS)
def test_a_session_opens_on_its_days_when_the_clock_shows_its_time_or_has_just_skipped_it(
    rules: WeeklyRules, ts_ns: int
) -> None:
    session = WeeklySessions("own", rules).at_or_after(ts_ns)
    zone = ZoneInfo(rules.zone)
    shown, just_before = (datetime.fromtimestamp(session.open_ns // SECOND - back, zone) for back in (0, 1))
    assert shown.weekday() in rules.days
    assert shown.date() not in rules.holidays
    clocks_went_forward = (just_before.utcoffset() or 0) != shown.utcoffset()
    assert shown.time() == rules.open or clocks_went_forward


# The calendars of exchanges, read by the real process.


@pytest.fixture(scope="module")
def new_york() -> Schedule:
    return exchange_schedule("nyse", "XNYS", SystemProcesses(), os.environ)


def test_an_exchanges_holidays_and_early_closes_are_those_that_it_published(new_york: Schedule) -> None:
    days = list(year_of(new_york, 2026))
    weekdays = {date.fromordinal(n) for n in range(date(2026, 1, 1).toordinal(), date(2027, 1, 1).toordinal())}
    weekdays = {day for day in weekdays if day.weekday() < 5}
    assert sorted(f"{day:%m-%d}" for day in weekdays - {opens.date() for opens, _ in days}) == [
        "01-01", "01-19", "02-16", "04-03", "05-25", "06-19", "07-03", "09-07", "11-26", "12-25",
    ]  # fmt: skip
    assert {opens.time() for opens, _ in days} == {time(9, 30)}
    assert {f"{closes:%m-%d %H:%M}" for _, closes in days if closes.time() != time(16)} == {
        "11-27 13:00",
        "12-24 13:00",
    }


def year_of(sessions: Sessions, year: int) -> Iterator[tuple[datetime, datetime]]:
    """The opens and closes of a year by New York's clock."""
    session = sessions.at_or_after(at(f"{year}-01-01"))
    while session.open_ns < at(f"{year + 1}-01-01"):
        opens, closes = (
            datetime.fromtimestamp(ns // SECOND, ZoneInfo(NEW_YORK)) for ns in (session.open_ns, session.close_ns)
        )
        yield opens, closes
        session = sessions.at_or_after(session.close_ns)


def test_an_exchanges_calendar_is_of_all_days_from_1970_to_2049(new_york: Schedule) -> None:
    assert told(new_york, "1970-01-01", 1)[0].startswith("1970-01-02 ")
    assert told(new_york, "2049-12-31", 1) == ["2049-12-31 14:30 21:00"]
    with pytest.raises(ScheduleEnded, match=r"^calendar nyse has no session after 2050-01-01T00:00:00Z: its last one"):
        new_york.at_or_after(at("2050-01-01"))


def test_an_exchanges_calendar_goes_no_further_than_the_library_knows_it() -> None:
    shanghai = exchange_schedule("sse", "XSHG", SystemProcesses(), os.environ)
    assert told(shanghai, "1970-01-01", 1)[0].startswith("1990-12-")
    with pytest.raises(ScheduleEnded, match=r"^calendar sse has no session after 20"):
        shanghai.at_or_after(at("2049-12-01"))


def test_a_session_with_a_break_at_noon_is_one_session() -> None:
    hong_kong = exchange_schedule("hkex", "XHKG", SystemProcesses(), os.environ)
    assert told(hong_kong, "2026-11-02", 1) == ["2026-11-02 01:30 08:00"]


def test_a_code_that_is_no_exchanges_is_refused_with_the_nearest() -> None:
    with pytest.raises(NoExchangeCalendar, match=r"^exchange-calendars has no 'xnys'; did you mean 'XNYS'\?$"):
        exchange_schedule("nyse", "xnys", SystemProcesses(), os.environ)


# What becomes of a helper that does not answer.


FAILED = "the process that reads the calendar of XNYS failed"
MEND = "try another version of exchange-calendars or of pandas, or write a weekly calendar"


class Helper:
    """A helper that ends as it is told."""

    def __init__(self, finished: Finished) -> None:
        self._finished = finished

    def run(
        self, arguments: Sequence[str], *, given: bytes, environment: Mapping[str, str], deadline_seconds: float
    ) -> Finished:
        assert HELPER in arguments
        return self._finished


def said(answer: Listed | UnknownCode) -> Finished:
    return Finished(exit_code=0, output=msgspec.json.encode(answer), errors=b"")


@pytest.mark.parametrize(
    ("finished", "message"),
    [
        (
            Finished(exit_code=1, output=b"", errors=b"Traceback\nImportError: no pandas\n"),
            f"{FAILED} (exit code 1): ImportError: no pandas; {MEND}",
        ),
        (
            Finished(exit_code=1, output=b"", errors=b"ValueError: " + b"special " * 1000),
            f"{FAILED} (exit code 1): ValueError: {'special ' * 22}special...; {MEND}",
        ),
        (Finished(exit_code=-9, output=b"{", errors=b"", timed_out=True), f"{FAILED} (its deadline passed); {MEND}"),
        (Finished(exit_code=-9, output=b"", errors=b""), f"{FAILED} (SIGKILL); {MEND}"),
        (
            Finished(exit_code=1, output=b'{"type": "listed", "opens": [0], "closes": [1]}', errors=b""),
            f"{FAILED} (exit code 1); {MEND}",
        ),
        (Finished(exit_code=0, output=b"hello", errors=b""), f"{FAILED} (exit code 0); {MEND}"),
        (said(UnknownCode(codes=["XLON"])), "exchange-calendars has no 'XNYS'"),
        (
            said(Listed(opens=[DAY], closes=[0])),
            "exchange-calendars has sessions of XNYS that cannot be: calendar nyse closes at 1970-01-01T00:00:00Z, not"
            " after its open at 1970-01-02T00:00:00Z",
        ),
    ],
)
def test_a_helper_that_fails_is_an_error_that_says_how(finished: Finished, message: str) -> None:
    with pytest.raises(NoExchangeCalendar) as caught:
        exchange_schedule("nyse", "XNYS", Helper(finished), {})
    assert str(caught.value) == message


def test_a_calendar_that_has_ended_asks_for_a_newer_library() -> None:
    schedule = exchange_schedule("nyse", "XNYS", Helper(said(Listed(opens=[0], closes=[HOUR]))), {})
    assert schedule.at_or_after(0) == Session(0, HOUR)
    with pytest.raises(ScheduleEnded, match=r"knows XNYS no further: install a newer one, or write a weekly calendar$"):
        schedule.at_or_after(HOUR)
