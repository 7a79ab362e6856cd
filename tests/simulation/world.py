"""A machine with one daemon's journal on it, through as many lives as it takes: no real time, no real disk.

What a life does is what the supervisor does without its surfaces: read the journal, go on from it, trade.
"""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from daemon.assembly import Quarters, fleet_of, make_driver, make_feed, make_host, make_market
from daemon.check import Plan
from daemon.epoch import next_epoch
from daemon.feeds.pacing import Pace
from daemon.fleet import Fleet
from daemon.floor import Floor, FloorPlan
from daemon.history import History, read_history
from daemon.hosts.nursery import Nursery
from daemon.hosts.watchdog import Watchdog
from daemon.journal.log import Durability, Journal
from daemon.journal.reader import JournalReader
from daemon.journal.records import DaemonRecord, Opened
from daemon.journal.steps import Group, gather
from daemon.paper import PaperShell
from tests.simulation.clock import SimulatedClock
from tests.simulation.disk import Keep, PowerCut, SimulatedDisk
from trading.account.ids import ClientOrderIds
from trading.account.records import Noted, Reported, StepRecord
from trading.commands import Trip, WireAmend, WireCancel, WireSubmit
from trading.market import Note, ReportDelayed, TriggerMoved
from trading.recorder import MemoryRecorder
from trading.reports import Fill
from trading.timestamps import SECOND
from trading.warmup import needed_since

JOURNAL = Path("/state/journal")

Work = Callable[[PaperShell], Awaitable[None]]


class Machine:
    """What is left of the lives of one daemon. `floor` is the last one's."""

    disk: SimulatedDisk
    floor: Floor

    def groups(self) -> list[Group]:
        """The journal, step by step."""
        return list(gather(JournalReader(self.disk, JOURNAL).entries()))

    def steps(self) -> list[StepRecord]:
        """All committed records of steps, without what may differ between two runs: the wire's ids."""
        return steps_of(self.groups())

    def fills(self) -> list[Fill]:
        """The fills of committed steps."""
        return fills_of(self.steps())

    def wire_ids(self) -> list[str]:
        """The ids of all orders that were ever sent, also in steps that were discarded."""
        return wire_ids_of(self.groups())

    def books(self) -> dict[str, Any]:
        """The ledger as plain values."""
        plain: dict[str, Any] = msgspec.to_builtins(self.floor.lockstep.router.ledger.state())
        return plain

    def adds_up(self) -> bool:
        """Whether all books together are the market's own account."""
        lockstep = self.floor.lockstep
        return not lockstep.router.ledger.difference(lockstep.market.account())


class World(Machine):
    """One machine. `plan` may be replaced between two lives, as a config may be edited; `isolation` is in turn for each
    of its strategies."""

    def __init__(
        self,
        plan: Plan,
        *,
        disk: SimulatedDisk | None = None,
        durability: Durability = "process",
        snapshot_every: int = 400,
        segment_bytes: int = 200_000,
        speed: float | None = None,
        isolation: Sequence[str] = ("task",),
        patience_seconds: float = 5,
    ) -> None:
        self.plan = plan
        self.disk = disk or SimulatedDisk()
        self.clock = SimulatedClock()
        self.logs = Path(tempfile.gettempdir()) / "bulkhead-test-logs"
        self._durability = durability
        self._snapshot_every = snapshot_every
        self._segment_bytes = segment_bytes
        self._speed = speed
        self._isolation = isolation
        self._patience_seconds = patience_seconds

    def live(self, work: Work = PaperShell.run) -> None:
        """One life: to the end of its work, or until the disk ends it."""
        asyncio.run(self._live(work))

    async def _live(self, work: Work) -> None:
        self.clock.step_wall(SECOND)
        reader = JournalReader(self.disk, JOURNAL)
        fleet = self._housed(fleet_of(self.plan))
        history = read_history(reader, make_feed(self.plan).reference(), fleet)
        epoch_ms = await next_epoch(history.epoch_ms, self.clock)
        opened = Opened(
            epoch=epoch_ms,
            opened_ns=self.clock.wall_ns(),
            build="test",
            mode="paper",
            tape=make_feed(self.plan).reference(),
            fleet=msgspec.to_builtins(fleet),
        )
        journal = Journal(
            reader, opened, clock=self.clock, durability=self._durability, segment_bytes=self._segment_bytes
        )
        watchdog = Watchdog(self.clock, stall_seconds=5)
        nursery = Nursery(os.environ, self.logs)
        quarters = Quarters(watchdog, nursery, self.clock, self._patience_seconds)
        floor_plan = FloorPlan(
            make_feed=lambda: make_feed(self.plan),
            make_market=lambda feed: make_market(self.plan, feed),
            make_host=lambda entry, its_fleet: make_host(entry, its_fleet, quarters, free=False),
            recorder=journal,
            ids=ClientOrderIds(epoch_ms),
        )
        try:
            await self._trade(history, floor_plan, fleet, journal, watchdog, work)
        finally:
            await nursery.close()

    async def _trade(
        self, history: History, plan: FloorPlan, fleet: Fleet, journal: Journal, watchdog: Watchdog, work: Work
    ) -> None:
        self.floor = await history.resume(plan, fleet, Floor)
        shell = PaperShell(
            floor=self.floor,
            journal=journal,
            clock=self.clock,
            pace=Pace(self._speed),
            watchdog=watchdog,
            snapshot_every_events=self._snapshot_every,
            keep_up=lambda: None,
        )
        await shell.begin(history.snapshot)
        await work(shell)
        journal.close()

    def _housed(self, fleet: Fleet) -> Fleet:
        """The fleet with its strategies isolated in turn as the world was told."""
        ways = cycle(self._isolation)
        entries = [msgspec.structs.replace(entry, isolation=next(ways)) for entry in fleet.strategies]
        return msgspec.structs.replace(fleet, strategies=entries)

    def crash(self, site: str, keep: Keep | None = None, seed: int = 0, work: Work = PaperShell.run) -> None:
        """A life that ends at a site of the disk, unless that comes too late: killed there, or its power cut."""
        self.disk.power_cut_at = site
        with suppress(PowerCut):
            self.live(work)
        self.disk = self.disk.after_kill() if keep is None else self.disk.after_power_cut(keep, Random(seed))


class PureRun:
    """A plan through the pure driver, to the feed's end."""

    def __init__(self, plan: Plan) -> None:
        feed, recorder = make_feed(plan), MemoryRecorder()
        driver = make_driver(plan, feed, recorder)
        driver.warm(feed.warmup(needed_since(driver.subscriptions, feed.start_ns)))
        driver.run(feed.events())
        self.steps = [without_wire_id(record) for record in recorder.records]
        self.fills = fills_of(self.steps)
        self.books: dict[str, Any] = msgspec.to_builtins(driver.lockstep.router.ledger.state())


def without_wire_id(record: StepRecord) -> StepRecord:
    """A record as it is in every run of the same config; a traceback names places in files."""
    if isinstance(record, WireSubmit | WireCancel | WireAmend):
        return msgspec.structs.replace(record, cid="")
    if isinstance(record, Noted):
        return msgspec.structs.replace(record, note=_without_cid(record.note))
    if isinstance(record, Reported):
        reason = record.report.reason.replace(f" ({record.report.cid})", "")
        return msgspec.structs.replace(record, report=msgspec.structs.replace(record.report, cid="", reason=reason))
    return msgspec.structs.replace(record, traceback="") if isinstance(record, Trip) else record


def _without_cid(note: Note) -> Note:
    if isinstance(note, TriggerMoved):
        return msgspec.structs.replace(note, cid="")
    if not isinstance(note, ReportDelayed):
        return note
    return msgspec.structs.replace(note, report=msgspec.structs.replace(note.report, cid=""))


def steps_of(groups: Iterable[Group]) -> list[StepRecord]:
    """The committed records of steps, without the wire's ids."""
    return [
        without_wire_id(entry.record)
        for group in groups
        if group.committed
        for entry in group.entries
        if not isinstance(entry.record, DaemonRecord)
    ]


def wire_ids_of(groups: Iterable[Group]) -> list[str]:
    """The ids of all orders that were sent."""
    return [entry.record.cid for group in groups for entry in group.entries if isinstance(entry.record, WireSubmit)]


def fills_of(records: list[StepRecord]) -> list[Fill]:
    """The fills that records tell of."""
    return [record.report.fill for record in records if isinstance(record, Reported) and record.report.fill]
