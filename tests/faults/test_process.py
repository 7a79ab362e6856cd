"""Group I: what befalls the process, its tasks and its loop."""

import ast
import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from daemon.errors import TaskLost
from daemon.floor import Floor
from daemon.hosts.task import TaskHost
from daemon.journal.records import Closed
from daemon.projector import Projector
from daemon.state import SOCKET_NAME
from daemon.watch.notify import Notifier
from tests.faults.fleet import PACED, SHORT, a_plan, pure
from tests.patience import PATIENCE_SECONDS
from tests.simulation.test_supervisor import Machine, leaves
from tests.simulation.world import PureRun, steps_of
from trading.timestamps import MILLISECOND, SECOND

ROOT = Path(__file__).resolve().parents[2]
WATCHED = {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "2000000"}

"""Seconds in which threads and processes of a daemon that ends have done; no time passes on its own clock meanwhile."""


class Dead(Exception):
    """What a task dies of in these tests."""


# F91: one of its tasks dies.


@pytest.mark.parametrize(
    ("owner", "method"),
    [(Projector, "catch_up"), (TaskHost, "beat"), (Notifier, "watchdog"), (Floor, "advance")],
    ids=["follows the journal", "compares books", "feeds the watchdog", "trades"],
)
async def test_when_any_of_its_tasks_dies_the_daemon_ends_within_a_second_and_answers_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: type, method: str
) -> None:
    machine = Machine(a_plan(tmp_path, PACED), environ=dict(WATCHED))
    life = asyncio.create_task(machine.run())
    await machine.ready.wait()
    await machine.clock.advance(125 * SECOND)
    assert not life.done()
    died_ns: list[int] = []

    def dies(*_: object) -> None:
        died_ns.append(machine.clock.monotonic_ns())
        raise Dead

    with monkeypatch.context() as patched:
        patched.setattr(owner, method, dies)
        while not died_ns:
            await machine.clock.advance(SECOND // 2)
        await machine.clock.advance(SECOND // 2)
        error = await what_ended(life)
    assert isinstance(error, BaseExceptionGroup)
    assert Dead in {type(one) for one in leaves(error)}
    assert not (machine.plan.state / SOCKET_NAME).exists()
    assert not any(isinstance(record, Closed) for record in machine.records())
    again = goes_on(machine)
    await again.run()
    assert steps_of(again.groups()) == pure().steps


@pytest.mark.parametrize(
    "name",
    [
        *("Projector.run", "KillSwitch.run", "BreakerWatch.run", "Supervisor._heartbeat"),
        *("Supervisor._stop_on_signal", "Supervisor._feel_the_loop", "Supervisor._tend_service_manager"),
    ],
)
async def test_when_any_of_its_tasks_is_cancelled_by_somebody_else_the_daemon_ends_at_once(
    tmp_path: Path, name: str
) -> None:
    """A cancelled future that one of them awaits is enough, and asyncio takes that for an end like any other."""
    machine = Machine(a_plan(tmp_path, PACED), environ=dict(WATCHED))
    life = asyncio.create_task(machine.run())
    await machine.ready.wait()
    await machine.clock.advance(125 * SECOND)
    next(task for task in asyncio.all_tasks() if task.get_name() == name).cancel()
    await machine.clock.advance(SECOND // 2)
    with pytest.raises(TaskLost, match=name):
        raise await what_ended(life)
    assert not any(isinstance(record, Closed) for record in machine.records())


async def what_ended(life: asyncio.Task[None]) -> BaseException:
    """What a life ended with, its clock standing still."""
    await asyncio.wait({life}, timeout=PATIENCE_SECONDS)
    assert life.done(), "nobody has noticed"
    error = life.exception()
    assert error is not None
    return error


def goes_on(machine: Machine) -> Machine:
    """The same state in a daemon that is in a hurry."""
    after = Machine(a_plan(machine.plan.config.parent, SHORT))
    after.clock = machine.clock
    return after


# F92: it is asked to end, at whatever moment.


@pytest.mark.parametrize("seed", range(3))
async def test_a_stop_at_any_moment_loses_no_order_and_the_next_start_knows_them_all(tmp_path: Path, seed: int) -> None:
    """SIGTERM right after it is ready, between two events, at an event, and right before the next."""
    machine, random = Machine(a_plan(tmp_path, PACED)), Random(seed)
    for _ in range(12):
        async with machine.running():
            await machine.clock.advance(random.choice([0, 1, 9_999, 10_000, 10_001, 25_000]) * MILLISECOND)
        assert isinstance(machine.records()[-1], Closed)
    again = goes_on(machine)
    await again.run()
    assert steps_of(again.groups()) == pure().steps


# F95: tasks that nobody holds.


async def test_collecting_garbage_at_every_pass_of_the_loop_takes_no_task_away(tmp_path: Path) -> None:
    loop, collected = asyncio.get_running_loop(), 0
    gc.collect()
    gc.freeze()  # what the tests hold; what the daemon makes is looked at each time

    def collect() -> None:
        nonlocal collected
        gc.collect()
        collected += 1
        if not life.done():
            loop.call_soon(collect)

    machine = Machine(a_plan(tmp_path, SHORT.replace("duration: 10m", "duration: 2m")))
    life = asyncio.create_task(machine.run())
    try:
        loop.call_soon(collect)
        await life
    finally:
        gc.unfreeze()
    assert collected > 50
    assert steps_of(machine.groups()) == PureRun(machine.plan).steps


SPAWNS = {"create_task", "ensure_future", "run_coroutine_threadsafe"}


def spawned_and_dropped(tree: ast.AST) -> Iterator[int]:
    """The lines that begin a task and keep no hold of it."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name))) if name in SPAWNS:
                yield node.lineno


@pytest.mark.parametrize("package", ["brokers", "daemon", "trading"])
def test_no_task_is_begun_that_nobody_holds(package: str) -> None:
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for line in spawned_and_dropped(ast.parse(path.read_text()))
    }
    assert found == set()
    assert [
        *spawned_and_dropped(ast.parse("import asyncio\nasyncio.create_task(work())\ntask = create_task(work())"))
    ] == [2]
