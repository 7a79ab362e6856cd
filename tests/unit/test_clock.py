import asyncio

from daemon.clock import SteadyClock, SystemClock
from tests.simulation.clock import SimulatedClock
from trading.timestamps import SECOND


async def test_the_system_clock_waits_until_a_deadline_and_not_for_one_in_the_past() -> None:
    clock = SystemClock()
    deadline = clock.monotonic_ns() + 2_000_000
    await clock.sleep_until(deadline)
    assert clock.monotonic_ns() >= deadline
    await clock.sleep_until(deadline - SECOND)
    await clock.sleep(-SECOND)


def test_the_system_clock_counts_from_the_epoch() -> None:
    assert SystemClock().wall_ns() > 1_700_000_000 * SECOND


async def test_simulated_sleepers_wake_in_the_order_of_their_deadlines() -> None:
    clock = SimulatedClock()
    woken: list[tuple[str, int]] = []

    async def sleeper(name: str, *naps: int) -> None:
        for nap in naps:
            await clock.sleep(nap)
            woken.append((name, clock.monotonic_ns()))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sleeper("b", 20, 20))
        tasks.create_task(sleeper("a", 10, 20, 20))
        await clock.advance(40)
        assert woken == [("a", 10), ("b", 20), ("a", 30), ("b", 40)]
        await clock.advance(10)
    assert woken[-1] == ("a", 50)


async def test_time_passes_a_sleeper_that_was_cancelled() -> None:
    clock = SimulatedClock()
    task = asyncio.create_task(clock.sleep(10))
    await clock.advance(5)
    task.cancel()
    await clock.advance(10)
    assert task.cancelled()
    assert clock.monotonic_ns() == 15


def test_a_step_of_the_wall_clock_leaves_the_monotonic_one_alone() -> None:
    clock = SimulatedClock(wall_ns=1000)
    clock.step_wall(-300)
    assert (clock.wall_ns(), clock.monotonic_ns()) == (700, 0)


async def test_a_steady_clock_goes_on_as_if_nobody_had_set_the_other() -> None:
    clock = SimulatedClock()
    steady = SteadyClock(clock)
    began_ns = steady.wall_ns()
    assert began_ns == clock.wall_ns()
    clock.step_wall(-3_600 * SECOND)
    await clock.advance(5 * SECOND)
    clock.step_wall(7 * SECOND)
    assert (steady.wall_ns() - began_ns, steady.monotonic_ns()) == (5 * SECOND, 5 * SECOND)
    sleeping = [asyncio.create_task(steady.sleep(10)), asyncio.create_task(steady.sleep_until(5 * SECOND + 20))]
    await clock.advance(10)
    assert [task.done() for task in sleeping] == [True, False]
    await clock.advance(10)
    assert sleeping[1].done()
