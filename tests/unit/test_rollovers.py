"""When days end by the clock of a zone: the same time of every day, whatever its clocks do."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.simulated.entitlements import Rollovers
from daemon.calendars.rollovers import ZoneRollovers
from trading.timestamps import DAY, HOUR, SECOND, from_datetime, iso

NEW_YORK = "America/New_York"
WEDNESDAY_COUNTS_THRICE = (1, 1, 3, 1, 1, 0, 0)
ZONES = (NEW_YORK, "UTC", "Europe/London", "Asia/Tokyo", "Asia/Beirut", "Australia/Lord_Howe", "America/Sao_Paulo")


def ends(at: str = "17:00", zone: str = NEW_YORK, nights: tuple[int, ...] = WEDNESDAY_COUNTS_THRICE) -> Rollovers:
    return ZoneRollovers(zone=zone, at=time.fromisoformat(at), nights=nights)


def moment(text: str) -> int:
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC))


def told(rollovers: Rollovers, since: str, count: int) -> list[str]:
    """The next rollovers, each as `2026-03-06T22:00:00Z x1`."""
    found, ts_ns = [], moment(since)
    for _ in range(count):
        rollover = rollovers.next_after(ts_ns)
        found.append(f"{iso(rollover.ts_ns)} x{rollover.nights}")
        ts_ns = rollover.ts_ns
    return found


def test_it_is_five_in_new_york_also_when_clocks_go_forward() -> None:
    assert told(ends(), "2026-03-06 12:00", 5) == [
        "2026-03-06T22:00:00Z x1",
        "2026-03-07T22:00:00Z x0",
        "2026-03-08T21:00:00Z x0",
        "2026-03-09T21:00:00Z x1",
        "2026-03-10T21:00:00Z x1",
    ]


def test_it_is_five_in_new_york_also_when_clocks_go_back() -> None:
    assert told(ends(), "2026-10-30 12:00", 4) == [
        "2026-10-30T21:00:00Z x1",
        "2026-10-31T21:00:00Z x0",
        "2026-11-01T22:00:00Z x0",
        "2026-11-02T22:00:00Z x1",
    ]


def test_a_week_has_seven_nights_and_wednesday_has_those_of_the_weekend() -> None:
    assert [one.partition(" ")[2] for one in told(ends(), "2026-01-05 12:00", 7)] == [
        "x1", "x1", "x3", "x1", "x1", "x0", "x0",
    ]  # fmt: skip


def test_the_next_one_comes_after_a_time_and_not_at_it() -> None:
    rollovers, friday = ends(), moment("2026-01-09 22:00")
    assert rollovers.next_after(friday - 1).ts_ns == friday
    assert rollovers.next_after(friday).ts_ns == friday + DAY


def test_of_a_time_that_comes_twice_the_first_is_meant_and_of_one_that_is_skipped_the_change() -> None:
    assert told(ends("01:30"), "2026-10-31 12:00", 2) == ["2026-11-01T05:30:00Z x0", "2026-11-02T06:30:00Z x1"]
    assert told(ends("02:30"), "2026-03-07 12:00", 2) == ["2026-03-08T07:00:00Z x0", "2026-03-09T06:30:00Z x1"]


def test_a_day_can_end_at_midnight_of_a_zone_whose_clocks_change_there() -> None:
    beirut = ends("00:00", zone="Asia/Beirut")
    assert told(beirut, "2026-03-27 12:00", 3) == [
        "2026-03-27T22:00:00Z x0",
        "2026-03-28T22:00:00Z x0",
        "2026-03-29T21:00:00Z x1",
    ]


@pytest.mark.parametrize("zone", ZONES)
@given(since=st.integers(0, 80 * 365 * DAY), at=st.times().map(lambda at: at.replace(second=0, microsecond=0)))
def test_each_day_of_the_calendar_ends_once_when_its_clock_shows_the_time(zone: str, since: int, at: time) -> None:
    rollovers = ZoneRollovers(zone=zone, at=at, nights=WEDNESDAY_COUNTS_THRICE)
    begun, ts_ns = ZoneInfo(zone), since
    nights: list[int] = []
    for _ in range(7):
        rollover = rollovers.next_after(ts_ns)
        assert 0 < rollover.ts_ns - ts_ns <= DAY + 2 * HOUR
        shown = datetime.fromtimestamp(rollover.ts_ns // SECOND, begun)
        before = datetime.fromtimestamp(rollover.ts_ns // SECOND - 1, begun)
        skipped = shown.utcoffset() != before.utcoffset()
        assert shown.time() == at or (skipped and shown.time() > at)
        assert rollover.nights == WEDNESDAY_COUNTS_THRICE[shown.weekday()]
        ts_ns, nights = rollover.ts_ns, [*nights, rollover.nights]
    assert sum(nights) == 7
    assert timedelta(days=6) - timedelta(hours=2) < timedelta(microseconds=(ts_ns - since) // 1000) < timedelta(days=8)
