"""Sessions: which one a time belongs to, and what no schedule can be."""

import re
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.errors import ScheduleEnded, TradingError
from trading.sessions import RoundTheClock, Schedule, Session
from trading.timestamps import DAY, HOUR

MONDAY = 20_458 * DAY
"""2026-01-05T00:00:00Z."""

GAPS = st.tuples(st.integers(0, 3), st.integers(1, 5))
"""How long a market is closed, and then open."""


def schedule(*sessions: tuple[int, int]) -> Schedule:
    opens, closes = zip(*sessions, strict=True) if sessions else ((), ())
    return Schedule(opens, closes, name="nyse", mend="write more of them")


@pytest.mark.parametrize(
    ("ts_ns", "session"),
    [
        (-5, (10, 20)),
        (9, (10, 20)),
        (10, (10, 20)),
        (19, (10, 20)),
        (20, (30, 40)),
        (29, (30, 40)),
        (39, (30, 40)),
        (40, (40, 50)),
        (49, (40, 50)),
    ],
)
def test_a_time_belongs_to_the_session_that_it_lies_in_else_to_the_next(ts_ns: int, session: tuple[int, int]) -> None:
    assert schedule((10, 20), (30, 40), (40, 50)).at_or_after(ts_ns) == Session(*session)


def test_a_schedule_that_has_ended_says_which_and_when_and_what_to_do() -> None:
    nyse = schedule((MONDAY + 9 * HOUR, MONDAY + 16 * HOUR))
    nyse.at_or_after(MONDAY + 16 * HOUR - 1)
    message = (
        "calendar nyse has no session after 2026-01-05T16:00:00Z: its last one closed at 2026-01-05T16:00:00Z;"
        " write more of them"
    )
    with pytest.raises(ScheduleEnded, match=f"^{re.escape(message)}$") as caught:
        nyse.at_or_after(MONDAY + 16 * HOUR)
    assert isinstance(caught.value, TradingError)


def test_after_its_end_a_schedule_still_knows_its_sessions() -> None:
    nyse = schedule((10, 20), (30, 40))
    with pytest.raises(ScheduleEnded):
        nyse.at_or_after(40)
    assert nyse.at_or_after(15) == Session(10, 20)


@pytest.mark.parametrize(
    ("opens", "closes", "message"),
    [
        ((), (), "calendar nyse has 0 opens and 0 closes; a session has one of each"),
        ((1, 2), (3,), "calendar nyse has 2 opens and 1 closes; a session has one of each"),
        ((HOUR,), (HOUR,), "calendar nyse closes at 1970-01-01T01:00:00Z, not after its open at 1970-01-01T01:00:00Z"),
        ((2 * HOUR,), (HOUR,), "calendar nyse closes at 1970-01-01T01:00:00Z, not after its open at"
         " 1970-01-01T02:00:00Z"),
        ((0, HOUR), (2 * HOUR, 3 * HOUR), "calendar nyse opens at 1970-01-01T01:00:00Z, before its close at"
         " 1970-01-01T02:00:00Z"),
        ((DAY, 0), (DAY + HOUR, HOUR), "calendar nyse opens at 1970-01-01T00:00:00Z, before its close at"
         " 1970-01-02T01:00:00Z"),
    ],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(opens: tuple[int, ...], closes: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Schedule(opens, closes, name="nyse", mend="")


def test_round_the_clock_each_day_is_a_session() -> None:
    always = RoundTheClock()
    for ts_ns in (MONDAY, MONDAY + 1, MONDAY + DAY - 1):
        assert always.at_or_after(ts_ns) == Session(MONDAY, MONDAY + DAY)
    assert always.at_or_after(MONDAY + DAY) == Session(MONDAY + DAY, MONDAY + 2 * DAY)


@given(st.lists(GAPS, min_size=1, max_size=8), st.lists(st.integers(-2, 70), max_size=30))
def test_in_whatever_order_it_is_asked_it_names_the_first_session_that_closes_later(
    gaps: list[tuple[int, int]], times: list[int]
) -> None:
    edges = list(accumulate(length for gap in gaps for length in gap))
    sessions = [Session(*edge) for edge in zip(edges[::2], edges[1::2], strict=True)]
    asked = schedule(*((session.open_ns, session.close_ns) for session in sessions))
    assert all(one.close_ns <= other.open_ns for one, other in pairwise(sessions))
    for ts_ns in times:
        later = [session for session in sessions if session.close_ns > ts_ns]
        if later:
            assert asked.at_or_after(ts_ns) == later[0]
        else:
            with pytest.raises(ScheduleEnded):
                asked.at_or_after(ts_ns)
