"""Times as files write them, read one by one and many at once."""

import re

import pytest

from daemon.feeds.file.times import TimeReader
from trading.timestamps import DAY, HOUR, MINUTE, SECOND

NOON = 1_527_854_400 * SECOND
"""2018-06-01T12:00:00Z."""


@pytest.mark.parametrize(
    ("form", "zone", "text", "ts_ns"),
    [
        ("iso", "UTC", "2018-06-01T12:00:00Z", NOON),
        ("iso", "UTC", "2018-06-01 12:00:00", NOON),
        ("iso", "UTC", "2018-06-01 12:00", NOON),
        ("iso", "UTC", "2018-06-01", NOON - 12 * HOUR),
        ("iso", "UTC", "20180601 120000", NOON),
        ("iso", "UTC", "2018-06-01 14:00:00+02:00", NOON),
        ("iso", "America/New_York", "2018-06-01 14:00:00+02:00", NOON),
        ("iso", "America/New_York", "2018-06-01 08:00:00", NOON),
        ("iso", "America/New_York", "2018-01-15 07:00:00", 1_516_017_600 * SECOND),
        ("iso", "UTC", "2018-06-01 12:00:00.123456", NOON + 123_456_000),
        ("iso", "UTC", "2018-06-01 12:00:00.123456789", NOON + 123_456_789),
        ("iso", "UTC", "2018-06-01 12:00:00.1234567Z", NOON + 123_456_700),
        ("iso", "UTC", "2018-06-01 12:00:00.123456789000", NOON + 123_456_789),
        ("s", "UTC", "1527854400", NOON),
        ("ms", "UTC", "1527854400001", NOON + 1_000_000),
        ("us", "UTC", "1527854400000001", NOON + 1_000),
        ("ns", "UTC", "1527854400000000001", NOON + 1),
        ("%d.%m.%Y %H:%M:%S", "UTC", "01.06.2018 12:00:00", NOON),
        ("%d/%m/%y %I:%M %p", "Europe/Berlin", "01/06/18 02:00 PM", NOON),
        ("%Y-%m-%d %H:%M %z", "Europe/Berlin", "2018-06-01 12:00 +0000", NOON),
    ],
)
def test_a_time_is_read_in_its_form_and_zone(form: str, zone: str, text: str, ts_ns: int) -> None:
    reader = TimeReader(form, zone)
    assert reader.read(text) == ts_ns
    assert list(reader.read_all([text, text])) == [ts_ns, ts_ns]


@pytest.mark.parametrize(
    ("form", "text", "ts_ns"),
    [
        ("iso", " 2018-06-01 12:00:00 ", NOON),
        ("s", "1527854400.000000001", NOON + 1),
        ("s", "1.5278544e9", NOON),
    ],
)
def test_a_time_that_is_not_plain_is_read_by_itself_only(form: str, text: str, ts_ns: int) -> None:
    reader = TimeReader(form, "UTC")
    assert reader.read(text) == ts_ns
    with pytest.raises(ValueError, match=r"Invalid isoformat string|invalid literal"):
        reader.read_all([text])


@pytest.mark.parametrize(
    ("form", "zone", "text", "why"),
    [
        ("iso", "UTC", "noon", "'noon' is no time in ISO-8601, such as 2014-05-01 13:30:00"),
        ("iso", "UTC", "", "'' is no time in ISO-8601, such as 2014-05-01 13:30:00"),
        ("iso", "UTC", "1527854400", "'1527854400' is no time in ISO-8601, such as 2014-05-01 13:30:00; a count since"
         " 1970 is `time: s`, ms, us or ns"),
        ("iso", "UTC", "2018-02-30", "'2018-02-30' is no time in ISO-8601, such as 2014-05-01 13:30:00"),
        ("iso", "UTC", "2018-06-01 12:00:00.1234567891", "'2018-06-01 12:00:00.1234567891' is finer than a nanosecond"),
        ("iso", "UTC", "1969-12-31", "'1969-12-31' is not between 1970 and 2262; see whether `time` is right"),
        ("iso", "UTC", "9999-12-31", "'9999-12-31' is not between 1970 and 2262; see whether `time` is right"),
        ("s", "UTC", "1527854400000", "'1527854400000' is not between 1970 and 2262; see whether `time` is right"),
        ("s", "UTC", "1e99", "'1e99' is not between 1970 and 2262; see whether `time` is right"),
        ("s", "UTC", "1e999999", "'1e999999' is no count since 1970"),
        ("s", "UTC", "nan", "'nan' is no count since 1970"),
        ("s", "UTC", "1_527_854_400", "'1_527_854_400' is no count since 1970"),
        ("ns", "UTC", "1527854400000000000.5", "'1527854400000000000.5' is finer than a nanosecond"),
        ("%d.%m.%Y", "UTC", "2018-06-01", "'2018-06-01' is not written as %d.%m.%Y"),
        ("iso", "America/New_York", "2018-03-11 02:30", "2018-03-11 02:30:00 does not exist in America/New_York, as"
         " clocks change; write times with their offset"),
        ("iso", "America/New_York", "2018-11-04 01:30", "2018-11-04 01:30:00 comes twice in America/New_York, as"
         " clocks change; write times with their offset"),
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused_with_the_reason(form: str, zone: str, text: str, why: str) -> None:
    reader = TimeReader(form, zone)
    with pytest.raises(ValueError, match=f"^{re.escape(why)}$"):
        reader.read(text)


@pytest.mark.parametrize("text", ["noon", "", "9999-12-31", "2018-03-11 02:30", "2018-11-04 01:30"])
def test_many_are_refused_where_one_is(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        TimeReader("iso", "America/New_York").read_all(["2018-06-01", text])


def test_times_with_and_without_an_offset_may_stand_together() -> None:
    reader = TimeReader("iso", "Europe/Berlin")
    assert list(map(reader.read, ["2018-06-01 14:00", "2018-06-01 12:00+00:00"])) == [NOON, NOON]
    with pytest.raises(ValueError, match="subtract"):
        reader.read_all(["2018-06-01 14:00", "2018-06-01 12:00+00:00"])


def test_a_day_on_which_clocks_change_is_read_around_the_change() -> None:
    midnight = 1_520_744_400 * SECOND  # 2018-03-11T00:00:00-05:00
    texts = ["2018-03-10 00:00", "2018-03-11 00:00", "2018-03-11 01:59", "2018-03-11 03:00", "2018-03-12 00:00"]
    assert list(TimeReader("iso", "America/New_York").read_all(texts)) == [
        midnight - DAY,
        midnight,
        midnight + 119 * MINUTE,
        midnight + 2 * HOUR,
        midnight + 23 * HOUR,
    ]
