import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.feeds.pacing import Pace
from trading.timestamps import SECOND


def test_the_first_event_is_due_at_once() -> None:
    assert Pace(1.0).wait_ns(1_767_623_400 * SECOND, 17) == 0


@pytest.mark.parametrize(("speed", "wait_ns"), [(1.0, 60 * SECOND), (60.0, SECOND), (0.5, 120 * SECOND)])
def test_later_events_wait_their_share_of_the_time_between(speed: float, wait_ns: int) -> None:
    pace = Pace(speed)
    pace.wait_ns(1_000 * SECOND, 5)
    assert pace.wait_ns(1_060 * SECOND, 5) == wait_ns


def test_time_spent_between_two_events_is_not_waited_again() -> None:
    pace = Pace(1.0)
    pace.wait_ns(0, 0)
    assert pace.wait_ns(10 * SECOND, 4 * SECOND) == 6 * SECOND


def test_a_late_event_is_due_at_once_and_the_next_on_its_old_time() -> None:
    pace = Pace(1.0)
    pace.wait_ns(0, 0)
    assert pace.wait_ns(SECOND, 5 * SECOND) == 0
    assert 5 * SECOND - pace.due_ns(SECOND, 5 * SECOND) == 4 * SECOND
    assert pace.wait_ns(6 * SECOND, 5 * SECOND) == SECOND


def test_as_fast_as_possible_never_waits() -> None:
    pace = Pace(None)
    assert [pace.wait_ns(ts_ns, 3) for ts_ns in (0, 10**18, 5)] == [0, 0, 0]


@pytest.mark.parametrize("speed", [0.0, -1.0, float("inf"), float("nan")])
def test_a_speed_that_cannot_be_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="write a number above 0, or max"):
        Pace(speed)


@given(
    speed=st.floats(1e-3, 1e6),
    gaps=st.lists(st.integers(0, 10**12), min_size=1, max_size=20),
    begin_ns=st.integers(0, 2**62),
)
def test_events_are_due_in_order_and_on_time_whenever_asked(speed: float, gaps: list[int], begin_ns: int) -> None:
    pace, ts_ns = Pace(speed), begin_ns
    due = pace.due_ns(ts_ns, 100)
    for gap in gaps:
        ts_ns += gap
        later = pace.due_ns(ts_ns, 0)
        assert later >= due
        assert later == 100 + round((ts_ns - begin_ns) / speed)
        due = later
