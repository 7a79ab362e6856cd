"""How much a free child is sent ahead: enough for one that is quick, little for one that is slow."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.hosts.window import FIRST, LEAST, MOST, SLOW_PASSES, SLOW_SECONDS, Window


def test_it_is_filled_by_what_is_sent_and_emptied_by_what_is_heard() -> None:
    window = Window()
    window.sent(30, 0.0, sign=True)
    window.sent(10, 0.0, sign=False)
    window.sent(5, 0.0, sign=True)
    assert (window.room, window.is_empty) == (FIRST - 45, False)
    window.heard()
    assert window.room == FIRST - 15
    window.heard()
    assert (window.room, window.is_empty) == (FIRST, True)


def test_one_that_has_run_dry_is_sent_twice_as_much_each_time() -> None:
    window, sizes = Window(), []
    for now in range(8):
        window.judge(float(now))
        sizes.append(window.room)
        window.sent(window.room, float(now), sign=True)
        window.heard()
    assert sizes == [min(FIRST << turn, MOST) for turn in range(1, 9)]


def slow(window: Window, passes: int, seconds: float) -> int:
    """The window's size after a frame was not heard in so many passes and so many seconds."""
    window.sent(window.room, 0.0, sign=True)
    for turn in range(1, passes + 1):
        window.judge(seconds * turn / passes)
    window.heard()
    return window.room


def wide() -> Window:
    window = Window()
    window.judge(0.0)
    return window


def test_one_that_is_slow_is_sent_the_least() -> None:
    assert slow(wide(), SLOW_PASSES + 1, 2 * SLOW_SECONDS) == LEAST


def test_the_supervisors_own_delay_says_nothing_of_the_child() -> None:
    assert slow(wide(), SLOW_PASSES, 100 * SLOW_SECONDS) == 2 * FIRST
    assert slow(wide(), 100, SLOW_SECONDS) == 2 * FIRST


def test_one_that_was_judged_is_judged_again_by_what_is_sent_from_then_on() -> None:
    window = wide()
    for _ in range(2):
        window.sent(100, 0.0, sign=True)
    for turn in range(1, 10):
        window.judge(turn * SLOW_SECONDS)
    window.heard()
    window.heard()
    window.judge(1.0)
    assert window.room == 2 * LEAST


@given(st.lists(st.one_of(st.tuples(st.integers(1, 100), st.booleans()), st.none()), max_size=100))
def test_what_is_unheard_is_what_was_sent_after_the_last_frame_whose_sign_came(
    story: list[tuple[int, bool] | None],
) -> None:
    window, unheard = Window(), []
    for one in story:
        if one is not None:
            window.sent(one[0], 0.0, sign=one[1])
            unheard.append(one)
        elif any(sign for _, sign in unheard):
            window.heard()
            first = next(place for place, (_, sign) in enumerate(unheard) if sign)
            unheard = unheard[first + 1 :]
    assert window.room == FIRST - sum(length for length, _ in unheard)
    assert window.is_empty == (not unheard)
    window.clear()
    assert (window.room, window.is_empty) == (FIRST, True)
