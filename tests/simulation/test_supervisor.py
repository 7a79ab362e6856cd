"""The whole daemon in one process: its tasks, its surfaces and its end, on a clock that the test moves."""

import asyncio
import errno
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from daemon.check import Plan
from daemon.cli.client import Client
from daemon.disk import Disk, RealDisk
from daemon.errors import DaemonError, JournalFailed, StateInUse
from daemon.hosts.port import Vital
from daemon.hosts.task import TaskHost
from daemon.journal.reader import JournalReader
from daemon.journal.records import Closed, Opened, Record, Snapshot
from daemon.journal.steps import Group, gather
from daemon.net import SystemNet
from daemon.state import JOURNAL_NAME, SOCKET_NAME
from daemon.supervisor import Supervisor
from tests.config_builders import plan_of
from tests.simulation.clock import SimulatedClock
from tests.simulation.disk import SimulatedDisk
from tests.simulation.test_restart_with_changes import HEAD, MAKER, SMA
from tests.simulation.world import PureRun, steps_of
from trading.account.records import Operation
from trading.container import ContainerState
from trading.timestamps import SECOND

REAL_TIME = HEAD.replace("speed: max", "speed: 1")
IDLE = HEAD.replace("at_end: exit", "at_end: idle")
TAMPERER = """
  - id: tampers
    class: "tests.simulation.strategies:Tampers"
    params: {symbol: AAA}
    capital: "10000"
    isolation: task
"""


class NotedNet:
    """The system's network, but for datagrams, which are noted."""

    def __init__(self) -> None:
        self.datagrams: list[str] = []
        self._real = SystemNet()

    def send_datagram(self, _address: str, payload: bytes) -> None:
        self.datagrams.append(payload.decode().partition("\n")[0])

    def listen(self, path: Path) -> AbstractContextManager[socket.socket]:
        return self._real.listen(path)


class Machine:
    """One daemon's machine, through its lives."""

    def __init__(self, plan: Plan, disk: Disk | None = None, environ: dict[str, str] | None = None) -> None:
        self.plan = plan
        self.disk = disk or RealDisk()
        self.clock = SimulatedClock()
        self.net = NotedNet()
        self.environ = environ or {"NOTIFY_SOCKET": "/run/notify"}
        self.ready = asyncio.Event()
        plan.state.mkdir(exist_ok=True)

    async def run(self) -> None:
        """One life; the error of its group that is for people, if there is one."""
        self.clock.step_wall(SECOND)
        supervisor = Supervisor(
            self.plan,
            clock=self.clock,
            disk=self.disk,
            net=self.net,
            environ=self.environ,
            on_ready=self.ready.set,
        )
        try:
            await supervisor.run()
        except BaseExceptionGroup as group:
            error = next((leaf for leaf in leaves(group) if isinstance(leaf, DaemonError)), group)
            raise error from None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """A life from ready until SIGTERM."""
        self.ready.clear()
        life = asyncio.create_task(self.run())
        ready = asyncio.create_task(self.ready.wait())
        await asyncio.wait({life, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if life.done():
            await life
        try:
            yield
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            await life

    async def ask(self, method: str, path: str, **query: Any) -> Any:
        """What a client is answered."""
        client = Client(self.plan.state / SOCKET_NAME, 5)
        return await asyncio.to_thread(getattr(client, method), path, **query)

    def groups(self) -> list[Group]:
        return list(gather(JournalReader(self.disk, self.plan.state / JOURNAL_NAME).entries()))

    def records(self) -> list[Record]:
        return [entry.record for group in self.groups() for entry in group.entries]


def leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        yield from leaves(error) if isinstance(error, BaseExceptionGroup) else (error,)


async def test_it_trades_to_the_feeds_end_and_says_what_it_does(tmp_path: Path) -> None:
    machine = Machine(plan_of(tmp_path, HEAD + SMA + MAKER))
    await machine.run()
    records = machine.records()
    assert isinstance(records[0], Opened)
    assert records[-1] == Closed(reason="the feed has ended")
    assert machine.net.datagrams == ["READY=1", "STOPPING=1"]
    assert steps_of(machine.groups()) == PureRun(machine.plan).steps
    assert not (machine.plan.state / SOCKET_NAME).exists()


async def test_the_service_manager_hears_that_it_makes_progress(tmp_path: Path) -> None:
    environ = {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "2000000"}
    machine = Machine(plan_of(tmp_path, REAL_TIME + SMA), environ=environ)
    async with machine.running():
        await machine.clock.advance(10 * SECOND)
    assert machine.net.datagrams.count("WATCHDOG=1") >= 10
    assert machine.net.datagrams[-1] == "STOPPING=1"


async def test_it_keeps_the_feeds_time_and_stops_between_two_events(tmp_path: Path) -> None:
    machine = Machine(plan_of(tmp_path, REAL_TIME + SMA))
    async with machine.running():
        await machine.clock.advance(95 * SECOND)
        status = await machine.ask("get", "/v1/status")
        assert (status["feed"]["time"], status["feed"]["lag_seconds"]) == ("2026-01-05T14:31:30Z", 0.0)
    snapshot, closed = machine.records()[-2:]
    assert isinstance(snapshot, Snapshot)
    assert snapshot.event == status["event"], "the next start has nothing to repeat"
    assert closed == Closed(reason="stopped")


async def test_at_the_feeds_end_it_idles_and_can_be_halted_and_a_restart_stays_halted(tmp_path: Path) -> None:
    machine = Machine(plan_of(tmp_path, IDLE + SMA))
    async with machine.running():
        await until_at_end(machine)
        await machine.ask("post", "/v1/halt", reason="")
        assert (await machine.ask("get", "/v1/status"))["halted"] is True
    async with machine.running():
        status = await machine.ask("get", "/v1/status")
        assert (status["halted"], status["halt_reason"], status["ready"]) == (True, "no reason given", False)
        await machine.ask("post", "/v1/resume", reason="lunch is over")
        assert (await machine.ask("get", "/v1/status"))["halted"] is False
    operations = [record for record in machine.records() if isinstance(record, Operation)]
    assert [(one.action, one.reason) for one in operations] == [("halt", ""), ("resume", "lunch is over")]


async def until_at_end(machine: Machine) -> None:
    while not (await machine.ask("get", "/v1/status"))["feed"]["at_end"]:
        pass


async def test_a_container_whose_books_differ_from_the_ledgers_is_tripped(tmp_path: Path) -> None:
    machine = Machine(plan_of(tmp_path, REAL_TIME + TAMPERER + MAKER.rstrip() + "\n    isolation: task\n"))
    async with machine.running():
        await machine.clock.advance(179 * SECOND)
        assert [one["state"] for one in await machine.ask("get", "/v1/strategies")] == ["running", "running"]
        await machine.clock.advance(20 * SECOND)
        tampers, maker = await machine.ask("get", "/v1/strategies")
        assert (tampers["state"], tampers["reason"]) == (
            "tripped",
            "its own books differ from the ledger's after report 0",
        )
        assert maker["state"] == "running"
        assert (await machine.ask("get", "/v1/account"))["balanced"] is True


async def test_books_are_compared_at_equal_numbers_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that has not heard its last reports yet is behind, not wrong."""

    async def beat(_: TaskHost) -> Vital:
        return Vital(life=ContainerState.RUNNING, reports=10**6, digest="not yet the same")

    monkeypatch.setattr(TaskHost, "beat", beat)
    machine = Machine(plan_of(tmp_path, REAL_TIME + SMA))
    async with machine.running():
        await machine.clock.advance(30 * SECOND)
        assert [one["state"] for one in await machine.ask("get", "/v1/strategies")] == ["running"]


async def test_a_second_daemon_on_the_same_state_is_refused_by_the_firsts_process_id(tmp_path: Path) -> None:
    machine = Machine(plan_of(tmp_path, REAL_TIME + SMA))
    async with machine.running():
        with pytest.raises(StateInUse, match=rf"another daemon \(process {os.getpid()}\) works on the state"):
            await Machine(machine.plan).run()
        assert (await machine.ask("get", "/v1/status"))["ready"] is True


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
async def test_an_error_of_the_disk_at_any_call_of_a_start_refuses_it_in_words(tmp_path: Path, number: int) -> None:
    plan = plan_of(tmp_path, HEAD.replace("duration: 1h", "duration: 10s") + SMA)
    whole = Machine(plan, SimulatedDisk())
    await whole.run()
    assert isinstance(whole.disk, SimulatedDisk)
    for site in whole.disk.trace:
        machine = Machine(plan, SimulatedDisk(faults={site: number}))
        with pytest.raises(DaemonError) as caught:
            await machine.run()
        assert machine.ready.is_set() <= isinstance(caught.value, JournalFailed), site
        assert os.strerror(number) not in str(caught.value)
        assert caught.value.mend, site
        assert not (plan.state / SOCKET_NAME).exists()


async def test_a_journal_that_fails_ends_the_daemon_and_the_next_start_goes_on(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, HEAD + SMA + MAKER)
    machine = Machine(plan, SimulatedDisk(faults={"write#60": errno.ENOSPC}))
    with pytest.raises(JournalFailed, match="the disk is full"):
        await machine.run()
    assert isinstance(machine.disk, SimulatedDisk)
    machine.disk = machine.disk.after_kill()
    await machine.run()
    assert steps_of(machine.groups()) == PureRun(plan).steps


async def test_questions_are_answered_while_it_trades(tmp_path: Path) -> None:
    """As often as they can be asked until the feed's end; every answer balances."""
    machine = Machine(plan_of(tmp_path, IDLE + SMA + MAKER))
    events = set()
    async with machine.running():
        with suppress(StopAsyncIteration):
            while not (await machine.ask("get", "/v1/status"))["feed"]["at_end"]:
                account = await machine.ask("get", "/v1/account")
                assert account["balanced"], account
                events.add(account["event"])
        fills = await machine.ask("get", "/v1/fills", limit=10_000)
    assert len(fills) == len(PureRun(machine.plan).fills)
