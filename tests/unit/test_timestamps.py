"""Times as text, and back again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.timestamps import DAY, LAST_NS, SECOND, iso, parse_iso


@given(st.integers(-LAST_NS, LAST_NS))
def test_a_time_that_was_written_is_read_back_to_the_nanosecond(ts_ns: int) -> None:
    assert parse_iso(iso(ts_ns)) == ts_ns


def test_a_time_is_read_as_utc() -> None:
    assert parse_iso("1970-01-02T00:00:01.000000002Z") == DAY + SECOND + 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-05",
        "2026-01-05T14:30:00",
        "2026-01-05T14:30:00+00:00",
        "2026-01-05T14:30:00.Z",
        "2026-01-05T14:30:00.1234567890Z",
        "2026-13-05T14:30:00Z",
        "2026-01-05T14:30Z",
        "2026-01-05Z",
        "Z",
        "2026-01-05T14:30:00Z\n",
    ],
)
def test_what_is_no_such_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no time in UTC|month must be|Invalid isoformat"):
        parse_iso(text)
