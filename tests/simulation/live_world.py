"""A machine with one daemon's journal on it that trades on a live feed: a script brings the market, containers run free
in processes of their own, and the time is the test's."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import msgspec

from daemon.assembly import Quarters, fleet_of, make_health, make_host, make_live_feed, make_market
from daemon.check import Plan
from daemon.disk import Disk
from daemon.epoch import next_epoch
from daemon.feeds.port import Publish
from daemon.floor import FloorPlan, FloorState
from daemon.history import History, read_history
from daemon.hosts.free import FreeHost
from daemon.hosts.nursery import Nursery
from daemon.hosts.watchdog import Watchdog
from daemon.journal.log import Durability, Journal
from daemon.journal.reader import JournalReader
from daemon.journal.records import Opened, Record, Snapshot, Taped, TapedInput
from daemon.journal.steps import gather
from daemon.live.floor import LiveFloor
from daemon.live.shell import LiveShell
from daemon.live.tape import LiveTape
from daemon.shells import LiveTrading
from tests.real_children import block_until_gone, until
from tests.simulation.clock import SimulatedClock
from tests.simulation.counting import Counts
from tests.simulation.disk import Keep, PowerCut, SimulatedDisk
from tests.simulation.live_feed import SCRIPTS
from tests.simulation.world import JOURNAL, Machine
from trading.account.ids import ClientOrderIds
from trading.container import ContainerState
from trading.feed_news import AdapterNews
from trading.market_data import MarketEvent, Quote, Trade
from trading.recorder import MemoryRecorder
from trading.state import decode_state
from trading.timestamps import MILLISECOND, SECOND

RecordT = TypeVar("RecordT", bound=Record)


class Day:
    """What a script has in its hands: the market, the clock, and the containers."""

    def __init__(self, world: "LiveWorld", shell: LiveShell, publish: Publish, seed: int) -> None:
        self.shell = shell
        self.random = Random(seed)
        self._world = world
        self._publish = publish
        self._cents = {"AAA": 10_000, "BBB": 5_000}

    @property
    def clock(self) -> SimulatedClock:
        return self._world.clock

    def host(self, strategy: str) -> FreeHost:
        host = self.shell.floor.hosts[strategy]
        assert isinstance(host, FreeHost)
        return host

    def bring(self, told: MarketEvent | AdapterNews, venue_ns: int = 0) -> None:
        """An event comes, or news of the feed."""
        self._publish(told, venue_ns)

    def quote(self, symbol: str = "AAA") -> None:
        """A quote comes, a little away from the last."""
        cents = self._cents[symbol] = max(100, self._cents[symbol] + self.random.randint(-3, 3))
        self.bring(Quote(symbol, self.clock.wall_ns(), cents / 100, (cents + 1) / 100, 5.0, 5.0))

    def trade(self, symbol: str = "AAA") -> None:
        """A trade comes at the last bid."""
        self.bring(Trade(symbol, self.clock.wall_ns(), self._cents[symbol] / 100, 1.0))

    async def walk(self, events: int, every_ns: int = 250 * MILLISECOND, *, heard: float = 0.2) -> None:
        """So many events of both symbols, one after the other; after some of them, a share `heard`, all containers have
        heard everything before the next comes."""
        for _ in range(events):
            await self.clock.advance(every_ns)
            bring = self.quote if self.random.random() < 0.6 else self.trade
            bring(self.random.choice(("AAA", "BBB")))
            if self.random.random() < heard:
                await self.all_heard()

    async def walk_with(self, events: int, *strategies: str) -> None:
        """The same; after each of the events these have heard everything, whatever the others do."""
        for _ in range(events):
            await self.walk(1, heard=0)
            await self.all_heard(*strategies)

    async def all_heard(self, *strategies: str) -> None:
        """Wait until these containers, or all, have heard everything, also what came of what they asked for upon it."""
        floor = self.shell.floor
        hosts = [floor.hosts.free[strategy] for strategy in strategies or floor.hosts.free]
        steps = -1
        while steps != (steps := self._world.journal.sequence):
            floor.hosts.flush()
            await until(lambda: all(host.trip is not None or not host.waiting for host in hosts))
            await asyncio.gather(*(host.beat() for host in hosts), return_exceptions=True)

    def kill(self, strategy: str) -> None:
        """End its process from outside."""
        child = self.host(strategy)._lifeline.life.child
        assert child is not None
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
        block_until_gone(child.pid)


DayScript = Callable[[Day], Coroutine[Any, Any, None]]


class LiveWorld(Machine):
    """One machine. `plan` may be replaced between two lives. Time stands still but where a script lets it pass."""

    floor: LiveFloor

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        *,
        disk: SimulatedDisk | None = None,
        durability: Durability = "process",
        patience_seconds: float = 20,
        seed: int = 1,
    ) -> None:
        self.plan = plan
        self.disk = disk or SimulatedDisk()
        self.clock = SimulatedClock()
        self.seed = seed
        self.shell: LiveShell
        self.journal: Journal
        self._logs = folder / "logs"
        self._durability = durability
        self._patience_seconds = patience_seconds

    def live(self, script: DayScript, *, idle: DayScript | None = None) -> None:
        """One life, to the end of its script or until the disk ends it. The script runs on the feed; once that has
        ended, what is to happen while the daemon is `idle`, until it is stopped."""
        asyncio.run(self._live(script, idle))

    def crash(self, site: str, script: DayScript, keep: Keep | None = None, seed: int = 0) -> bool:
        """A life that ends at a site of the disk, unless that comes too late; whether it did."""
        self.disk.power_cut_at = site
        ended = False
        try:
            self.live(script)
        except BaseException as error:
            ended = holds(error, PowerCut)
            if not ended:
                raise
        self.disk = self.disk.after_kill() if keep is None else self.disk.after_power_cut(keep, Random(seed))
        return ended

    async def _live(self, script: DayScript, idle: DayScript | None) -> None:
        self.clock.step_wall(SECOND)
        self.seed += 1
        seed = self.seed
        trading = LiveTrading(self.plan, self.clock)
        reader = JournalReader(self.disk, JOURNAL)
        history = read_history(reader, trading.reference, fleet_of(self.plan))
        epoch_ms = await next_epoch(history.epoch_ms, self.clock)
        journal = self.journal = Journal(
            reader,
            Opened(
                epoch=epoch_ms,
                opened_ns=self.clock.wall_ns(),
                build="test",
                mode="paper",
                tape=trading.reference,
                fleet=msgspec.to_builtins(fleet_of(self.plan)),
            ),
            clock=self.clock,
            durability=self._durability,
            segment_bytes=self.plan.settings.journal.segment_bytes,
        )
        async with _quarters(self.clock, self._logs, self._patience_seconds) as quarters:
            shell = await trading.shell(
                history, journal, ClientOrderIds(epoch_ms), quarters, keep_up=lambda: None, is_halted=lambda: False
            )
            assert isinstance(shell, LiveShell)
            self.shell, self.floor = shell, shell.floor
            SCRIPTS["today"] = lambda publish: script(Day(self, shell, publish, seed))
            await shell.begin(history.snapshot)
            await shell.run()
            if idle is not None:
                meanwhile = asyncio.create_task(idle(Day(self, shell, _nothing_comes, seed)))
                await shell.idle()
                await meanwhile
            await self.floor.hosts.close()
            journal.close()

    # What is left of it.

    def entries(self, kind: type[RecordT]) -> list[tuple[int, RecordT]]:
        """All records of a kind, with their sequences."""
        found = (entry for group in self.groups() for entry in group.entries)
        return [(entry.sequence, entry.record) for entry in found if isinstance(entry.record, kind)]

    def inputs(self) -> list[TapedInput]:
        """All that came, in its order."""
        return [one for _, record in self.entries(Taped) for one in record.inputs]

    def states(self) -> list[FloorState]:
        """All snapshots."""
        return [msgspec.msgpack.decode(record.state, type=FloorState) for _, record in self.entries(Snapshot)]

    def counts(self, strategy: str) -> dict[str, Any]:
        """What a strategy that counts had counted by the last snapshot."""
        return counted(self.states()[-1], strategy)

    def ends(self) -> list[dict[str, Any]]:
        """Where one comes to from the journal's first snapshot, one in the middle and the last."""
        return asyncio.run(ends_of(self.plan, self.disk, JOURNAL, self._logs))


def assert_exact(world: LiveWorld) -> None:
    """From whichever snapshot one repeats the journal, each record of it comes again, and one comes to the same
    containers, books and market; and the books add up."""
    first, *others = world.ends()
    assert others
    assert all(end == first for end in others)
    assert first["lockstep"]["router"]["ledger"] == msgspec.to_builtins(world.floor.lockstep.router.ledger.state())
    assert world.adds_up()
    wire_ids = world.wire_ids()
    assert len(set(wire_ids)) == len(wire_ids)


async def ends_of(plan: Plan, disk: Disk, journal: Path, logs: Path) -> list[dict[str, Any]]:
    """Where one comes to from the first snapshot of a live journal, one in the middle and the last, everything after it
    repeated: as plain values."""
    entries = (entry for group in gather(JournalReader(disk, journal).entries()) for entry in group.entries)
    snapshots = [entry.sequence for entry in entries if isinstance(entry.record, Snapshot)]
    clock, ends = SimulatedClock(), []
    for sequence in sorted({snapshots[0], snapshots[len(snapshots) // 2], snapshots[-1]}):
        reference = LiveTape(make_live_feed(plan, clock), 0).reference()
        history = read_history(ReaderTo(disk, journal, sequence), reference, fleet_of(plan))
        async with _quarters(clock, logs) as quarters:
            ends.append(await _end_of(history, plan, clock, quarters))
    return ends


async def _end_of(history: History, plan: Plan, clock: SimulatedClock, quarters: Quarters) -> dict[str, Any]:
    recorder, feed = MemoryRecorder(), make_live_feed(plan, clock)
    floor_plan = FloorPlan(
        make_feed=lambda: LiveTape(feed, 0, history.inputs, history.left_out, make_health(plan, feed)),
        make_market=lambda feed: make_market(plan, feed),
        make_host=lambda entry, fleet: make_host(entry, fleet, quarters, free=True),
        recorder=recorder,
        ids=ClientOrderIds(1),
    )
    floor = await history.resume(floor_plan, fleet_of(plan), LiveFloor)
    state = await floor.state()
    await floor.hosts.close()
    assert recorder.records == [], "something came that is not in the journal"
    plain: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(state, epoch_ms=0))
    for container in plain["containers"].values():
        if container["life"] == ContainerState.TRIPPED:  # what it had in mind last is known or not; its books are
            container.update(dict.fromkeys(("trip", "n", "asked", "strategy", "risk_manager", "desk", "in_flight")))
    return plain


@asynccontextmanager
async def _quarters(clock: SimulatedClock, logs: Path, patience_seconds: float = 20) -> AsyncIterator[Quarters]:
    nursery = Nursery(os.environ, logs)
    try:
        yield Quarters(Watchdog(clock, 5), nursery, clock, patience_seconds)
    finally:
        await nursery.close()


class ReaderTo(JournalReader):
    """A reader for whom the last snapshot is that of a sequence."""

    def __init__(self, disk: Disk, journal: Path, sequence: int) -> None:
        super().__init__(disk, journal)
        self._sequence = sequence

    def last(self, kind: type[RecordT]) -> tuple[int, RecordT] | None:
        """As if nothing of that kind had come after it."""
        if kind is not Snapshot:
            return super().last(kind)
        found = (entry for entry in self.entries() if entry.sequence == self._sequence)
        return next(((sequence, record) for sequence, record in found if isinstance(record, kind)), None)


def _nothing_comes(told: MarketEvent | AdapterNews, venue_ns: int) -> None:
    raise AssertionError(f"the feed has ended, and now comes {told}")


def holds(error: BaseException, kind: type[BaseException]) -> bool:
    """Whether it is of that kind, or a group in which one is."""
    if isinstance(error, BaseExceptionGroup):
        return error.subgroup(kind) is not None
    return isinstance(error, kind)


def counted(state: FloorState, strategy: str) -> dict[str, Any]:
    """What a strategy that counts had counted by a snapshot."""
    kept = decode_state(state.containers[strategy]["strategy"], owner=Counts)
    return {name: kept[name] for name in ("quotes", "trades", "bars", "timers", "fills", "orders")}
