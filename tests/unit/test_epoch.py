"""Every life has an epoch later than all before, or there is none."""

import asyncio

import pytest

from daemon.epoch import next_epoch
from daemon.errors import EpochNotPassed
from tests.simulation.clock import SimulatedClock
from trading.timestamps import MILLISECOND, SECOND

NOW_MS = 1_767_225_600_000


def a_clock() -> SimulatedClock:
    return SimulatedClock(wall_ns=NOW_MS * MILLISECOND)


async def test_the_first_epoch_is_the_time() -> None:
    assert await next_epoch(0, a_clock()) == NOW_MS


async def test_a_later_start_need_not_wait() -> None:
    assert await next_epoch(NOW_MS - 1, a_clock()) == NOW_MS


@pytest.mark.parametrize("ahead_ms", [0, 1, 4_999, 5_000])
async def test_a_start_waits_until_the_clock_is_past_the_last_one(ahead_ms: int) -> None:
    clock = a_clock()
    waiting = asyncio.create_task(next_epoch(NOW_MS + ahead_ms, clock))
    await clock.advance(ahead_ms * MILLISECOND)
    assert not waiting.done()
    await clock.advance(MILLISECOND)
    assert await waiting == NOW_MS + ahead_ms + 1


async def test_a_clock_that_is_stepped_back_while_it_waits_is_waited_for_again() -> None:
    clock = a_clock()
    waiting = asyncio.create_task(next_epoch(NOW_MS, clock))
    await clock.advance(0)
    clock.step_wall(-SECOND)
    await clock.advance(MILLISECOND)
    assert not waiting.done()
    await clock.advance(SECOND)
    assert await waiting == NOW_MS + 1


async def test_a_clock_far_behind_refuses_the_start_and_says_by_how_much() -> None:
    with pytest.raises(EpochNotPassed, match=r"the clock is 5\.0 s behind the last start of this state") as caught:
        await next_epoch(NOW_MS + 5_001, a_clock())
    assert caught.value.mend
