"""The daemon's side of its kill switch: the flag follows the journal whatever happens, and somebody always watches."""

import asyncio
import errno
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import pytest
from anyio.abc import TaskGroup

from daemon.errors import DiskError, ProcessNotStarted
from daemon.journal.records import Entry
from daemon.killswitch.flag import HaltFlag
from daemon.killswitch.guard import BEAT_NS, BUSY_SECONDS, Guard
from daemon.killswitch.life import Busy, Life
from daemon.killswitch.switch import KillSwitch
from daemon.killswitch.wire import Beat, Watch, Watching, to_beat
from tests.simulation.clock import SimulatedClock
from trading.account.breakers import Breakers
from trading.account.records import Commit, Operation
from trading.account.triggers import ACCOUNT, Trigger
from trading.timestamps import SECOND

# The flag and the journal.


class Account:
    """An account that is operated: its breakers do what is asked, and then the switch hears that it is safe."""

    def __init__(self, path: Path, tasks: TaskGroup, guard: Guard | None) -> None:
        self.flag = HaltFlag(path)
        self.flag.prepare()
        self.clock = SimulatedClock()
        self.switch = KillSwitch(self.flag, guard, self.clock, tasks)
        self.breakers = Breakers(["a"], {})
        router = SimpleNamespace(breakers=self.breakers)
        floor = SimpleNamespace(lockstep=SimpleNamespace(router=router, events=0))
        self.shell: Any = SimpleNamespace(floor=floor, now_ns=0, venue=None)

    async def watch(self) -> None:
        journal: Any = SimpleNamespace(safe_sequence=1)
        await self.switch.watch(self.shell, journal, self.operate)

    async def operate(self, operation: Operation) -> None:
        match operation.action:
            case "halt":
                self.breakers.on_trouble(ACCOUNT, Trigger.OPERATOR, operation.reason or "no reason given", 0)
            case "resume":
                self.breakers.withdraw(ACCOUNT, Trigger.OPERATOR, "", 0)
            case "reset_breaker":
                self.breakers.reset(ACCOUNT, "", 0)
            case "trip":
                self.breakers.on_trouble(ACCOUNT, operation.trigger, operation.reason, 0)
        self.switch.hear(Entry(1, operation))

    async def halt(self, reason: str, *, cancel_orders: bool = False) -> None:
        await self.operate(Operation(action="halt", ts_ns=0, reason=reason, cancel_orders=cancel_orders))

    async def resume(self) -> None:
        await self.operate(Operation(action="resume", ts_ns=0, reason=""))

    @property
    def says(self) -> tuple[str, bool] | None:
        halt = HaltFlag(self.flag.path).look()
        return None if halt is None else (halt.reason, halt.cancel_orders)


@asynccontextmanager
async def an_account(path: Path, guard: Guard | None = None) -> AsyncIterator[Account]:
    async with anyio.create_task_group() as tasks:
        account = Account(path, tasks, guard)
        await account.watch()
        yield account
        tasks.cancel_scope.cancel()
    account.flag.close()


async def test_the_flag_follows_the_journal(tmp_path: Path) -> None:
    async with an_account(tmp_path / "halt") as account:
        await account.halt("drill", cancel_orders=True)
        assert (account.flag.is_set, account.says) == (True, ("drill", False)), "what was to be cancelled is seen to"
        account.switch.hear(Entry(2, Commit(event=1, ts_ns=0)))
        assert account.flag.is_set
        await account.resume()
        assert (account.flag.is_set, account.says, account.switch.alarms) == (False, None, [])


async def test_a_breaker_that_opens_by_itself_is_no_halt_and_its_reset_ends_one(tmp_path: Path) -> None:
    loss = Operation(action="trip", ts_ns=0, reason="lost", scope=ACCOUNT, trigger=Trigger.DAILY_LOSS)
    async with an_account(tmp_path / "halt") as account:
        await account.operate(loss)
        assert account.says is None
        await account.halt("drill")
        await account.resume()
        assert account.says is None
        await account.halt("drill")
        await account.operate(Operation(action="reset_breaker", ts_ns=0, reason="", scope=ACCOUNT))
        assert account.says is None
        await account.operate(loss)
        await account.watch()
        assert account.says is None, "a start does not set it either"


async def test_a_resume_does_not_end_a_halt_that_came_after_it_was_asked_for(tmp_path: Path) -> None:
    async with an_account(tmp_path / "halt") as account:
        await account.halt("first")
        HaltFlag(tmp_path / "halt").set("second")
        await account.resume()
        assert account.says == ("second", False)


async def test_what_happens_otherwise_leaves_a_flag_alone_that_is_yet_to_be_taken_up(tmp_path: Path) -> None:
    async with an_account(tmp_path / "halt") as account:
        HaltFlag(tmp_path / "halt").set("from outside", cancel_orders=True)
        await account.operate(Operation(action="move_cash", ts_ns=0, reason=""))
        await account.resume()
        assert account.says == ("from outside", True)


async def test_what_cannot_be_taken_off_the_flag_is_done_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise DiskError("the file system is read-only", errno=errno.EROFS)

    async with an_account(tmp_path / "halt") as account:
        HaltFlag(tmp_path / "halt").set("from outside", cancel_orders=True)
        monkeypatch.setattr(HaltFlag, "set_seen_to", refused)
        done: list[str] = []

        async def operate(operation: Operation) -> None:
            done.append(operation.reason)
            await account.operate(operation)

        account.shell.operate = operate
        looking = asyncio.create_task(account.switch.run(account.shell))
        await account.clock.advance(10 * SECOND)
        looking.cancel()
        assert (done, account.says) == (["from outside"], ("from outside", True))
        assert account.switch.alarms == ["the file system is read-only; the halt itself is in the journal"]


CALLS = ("open", "pread", "pwrite", "fstat", "fsync", "fdatasync", "ftruncate")


@pytest.mark.parametrize("before", ["running", "halted", "gone"])
@pytest.mark.parametrize("action", ["halt", "resume"])
async def test_no_trouble_with_the_flag_comes_out_where_the_journal_is_told(
    tmp_path: Path, before: str, action: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An error at every call of the operating system, one after the other: the halt is in force by then."""
    caplog.set_level(logging.CRITICAL)
    reached, failing, alarmed = True, 0, 0
    while reached:
        failing += 1
        async with an_account(tmp_path / f"halt{failing}") as account:
            if before == "halted":
                await account.halt("before")
            if before == "gone":
                account.flag.path.unlink()
            with pytest.MonkeyPatch.context() as monkeypatch:
                count = failing_calls(monkeypatch, failing)
                await (account.halt("now") if action == "halt" else account.resume())
                reached = count() >= failing
            alarmed += bool(account.switch.alarms)
            if action == "halt":
                assert account.says is not None or account.switch.alarms, failing
            elif account.switch.alarms:
                assert account.says is not None, "an alarm says that no order leaves"
    assert alarmed or (action, before) != ("halt", "running")


def failing_calls(monkeypatch: pytest.MonkeyPatch, failing: int) -> Callable[[], int]:
    """Has the call of that number fail; gives how many there were."""
    calls: list[str] = []

    def faulty(name: str, call: Callable[..., object]) -> Callable[..., object]:
        def one(*arguments: object) -> object:
            calls.append(name)
            if len(calls) == failing:
                raise OSError(errno.EIO, "")
            return call(*arguments)

        return one

    for name in CALLS:
        monkeypatch.setattr(os, name, faulty(name, getattr(os, name)))
    return lambda: len(calls)


# Somebody watches.


class LifeInMemory:
    """A watching process that hears and echoes until it is lost."""

    pid = 4711

    def __init__(self) -> None:
        self.heard: list[Beat | None] = []
        self.how = ""
        self.end = ""

    def send(self, packet: bytes) -> None:
        self.heard.append(to_beat(packet))

    def look(self) -> str:
        return self.how

    async def say_goodbye(self) -> None:
        self.end = "goodbye"

    def abandon(self) -> None:
        self.end = "abandoned"

    def bury(self) -> None:
        self.end = "buried"


class Lives:
    """Those that are begun, one after the other; `refusals` keep the next from beginning."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun: list[LifeInMemory] = []
        self.tries = 0
        self.refusals: list[Exception] = []

        async def begin(*_: object) -> LifeInMemory:
            self.tries += 1
            if self.refusals:
                raise self.refusals.pop(0)
            self.begun.append(LifeInMemory())
            return self.begun[-1]

        monkeypatch.setattr(Life, "begin", begin)


@pytest.fixture
def lives(monkeypatch: pytest.MonkeyPatch) -> Lives:
    return Lives(monkeypatch)


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def guard(tmp_path: Path, clock: SimulatedClock) -> Guard:
    watch = Watch(os.getpid(), str(tmp_path / "halt"), str(tmp_path / "s"), Watching("a:b"))
    return Guard(watch, log_path=tmp_path / "log", environ={}, clock=clock)


@asynccontextmanager
async def running(guard: Guard) -> AsyncIterator[None]:
    await guard.start(lambda: Beat(1, 2, halted=False))
    task = asyncio.create_task(guard.run())
    yield
    task.cancel()


async def test_it_beats_five_times_a_second_and_when_told(guard: Guard, lives: Lives, clock: SimulatedClock) -> None:
    async with running(guard):
        assert lives.begun[0].heard == [Beat(1, 2, halted=False)]
        await clock.advance(SECOND)
        assert len(lives.begun[0].heard) == 1 + SECOND // BEAT_NS
        guard.beat()
        assert len(lives.begun[0].heard) == 2 + SECOND // BEAT_NS


async def test_one_that_is_lost_is_replaced_within_a_second(guard: Guard, lives: Lives, clock: SimulatedClock) -> None:
    async with running(guard):
        lives.begun[0].how = "it has ended"
        await clock.advance(SECOND)
        first, second = lives.begun
        assert (first.end, guard.alarm) == ("buried", "")
        assert second.heard


async def test_when_too_many_are_lost_there_is_an_alarm_until_one_stays(
    guard: Guard, lives: Lives, clock: SimulatedClock
) -> None:
    async with running(guard):
        for _ in range(4):
            assert guard.alarm == ""
            lives.begun[-1].how = "it has ended"
            await clock.advance(SECOND)
        assert len(lives.begun) == 4
        assert guard.alarm.startswith("nobody watches this daemon (it has ended, and 3 restarts within 1m are used up)")
        assert guard.pid == 0
        lives.refusals = [ProcessNotStarted("no memory")] * 100
        await clock.advance(181 * SECOND)
        assert 3 <= lives.tries - 4 <= 12
        assert guard.alarm.startswith("nobody watches this daemon (no memory, and 3 restarts")
        lives.refusals = []
        await clock.advance(61 * SECOND)
        assert (len(lives.begun), guard.alarm, guard.pid) == (5, "", 4711)


async def test_a_start_waits_for_one_that_still_cancels(guard: Guard, lives: Lives, clock: SimulatedClock) -> None:
    lives.refusals = [Busy("at work")] * 4
    starting = asyncio.create_task(guard.start(lambda: Beat(0, 0, halted=False)))
    await clock.advance(SECOND)
    assert not starting.done()
    await clock.advance(2 * SECOND)
    await starting
    assert len(lives.begun) == 1


async def test_a_start_does_not_wait_for_ever(guard: Guard, lives: Lives, clock: SimulatedClock) -> None:
    lives.refusals = [Busy("at work")] * 10_000
    starting = asyncio.create_task(guard.start(lambda: Beat(0, 0, halted=False)))
    await clock.advance(BUSY_SECONDS * SECOND)
    with pytest.raises(Busy):
        await starting


async def test_a_start_without_anybody_who_could_watch_is_refused(guard: Guard, lives: Lives) -> None:
    lives.refusals = [ProcessNotStarted("a:b cannot be had")]
    with pytest.raises(ProcessNotStarted, match="cannot be had"):
        await guard.start(lambda: Beat(0, 0, halted=False))


async def test_it_leaves_with_a_goodbye_or_without(guard: Guard, lives: Lives) -> None:
    await guard.say_goodbye()
    guard.abandon()
    async with running(guard):
        await guard.say_goodbye()
        assert lives.begun[0].end == "goodbye"
        guard.abandon()
        assert lives.begun[0].end == "abandoned"


@pytest.mark.parametrize(("asked", "ends"), [("seen to", False), ("late", True), ("never seen", False), ("no", False)])
async def test_what_a_halt_was_to_cancel_and_a_clean_stop_has_not_is_left_to_who_watches(
    guard: Guard, lives: Lives, tmp_path: Path, asked: str, ends: bool
) -> None:
    async with an_account(tmp_path / "halt", guard) as account:
        account.shell.venue = SimpleNamespace(ends=ends)
        if asked != "no":
            HaltFlag(tmp_path / "halt").set("drill", cancel_orders=True)
        if asked in ("seen to", "late"):
            await account.halt("drill", cancel_orders=True)
        await account.switch.say_goodbye()
        assert lives.begun[0].end == ("goodbye" if asked in ("seen to", "no") else "abandoned")


async def test_the_first_process_of_a_container_is_warned(
    guard: Guard, lives: Lives, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)
    await guard.start(lambda: Beat(0, 0, halted=False))
    assert "run the daemon under an init" in caplog.text
