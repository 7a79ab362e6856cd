"""The live shell: it carries what the feed brings when it comes, what free containers ask for when they ask, and what
people want when they say so; and it writes down the order of all that.

Nothing here decides about orders, and nothing here waits for a container.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Final

import anyio
import msgspec
from anyio.abc import TaskGroup

from daemon.clock import Clock
from daemon.errors import StateNotKept
from daemon.floor import FloorState
from daemon.hosts.conversation import ChildLost
from daemon.hosts.free import FreeHost
from daemon.hosts.watchdog import Watchdog
from daemon.journal.log import Journal
from daemon.journal.records import Reached, Snapshot
from daemon.live.feed_watch import FeedWatch
from daemon.live.floor import LiveFloor
from daemon.live.tape import TapeRecorder
from daemon.live.venue import VenueLine
from daemon.tasks import own
from trading.account.records import FeedTold, FromVenue, Operation
from trading.errors import LedgerError, UnsupportedState
from trading.feed_news import FeedNews
from trading.market_data import Bar, MarketEvent
from trading.timestamps import MILLISECOND

log = logging.getLogger(__name__)

TICK_NS: Final = 20 * MILLISECOND
"""How often it looks whether a bar or a timer is due, what is to be made safe, and who was told less than all."""

LAST_SNAPSHOT_SECONDS: Final = 1.0
"""How long an exit waits for containers that lag."""

MOST_LAST_SNAPSHOTS: Final = 10
"""Some containers never come to rest."""


class LiveShell:
    """Runs one floor on a live feed. `lag_ns` is how old the last tick was when it came, by the venue's own time."""

    def __init__(
        self,
        *,
        floor: LiveFloor,
        journal: Journal,
        tape: TapeRecorder,
        clock: Clock,
        watch: FeedWatch,
        watchdog: Watchdog,
        snapshot_every_events: int,
        bar_grace_ns: int,
        venue: VenueLine | None = None,
    ) -> None:
        self.floor = floor
        self.lag_ns = 0
        self.at_end = False
        self.snapshot_problem = ""
        self._journal = journal
        self._tape = tape
        self._clock = clock
        self.watch = watch
        self._watchdog = watchdog
        self._snapshot_every = snapshot_every_events
        self._snapshot_event = 0
        self._takes_snapshot = False
        self._is_at_rest = False
        self._bar_grace_ns = bar_grace_ns
        self._venue = venue
        self._is_to_stop = False
        self._stopped = anyio.Event()
        self._failure: BaseException | None = None

    @property
    def now_ns(self) -> int:
        """The time of the last event, or of the feed's start before the first."""
        return self.floor.lockstep.now_ns or self.floor.feed.start_ns

    @property
    def unready(self) -> list[str]:
        """Data that does not come, and a venue that was not read."""
        return self.watch.reasons() + ([] if self._venue is None else self._venue.unready)

    @property
    def alarms(self) -> list[str]:
        """Data that is not to be relied on."""
        return self.watch.alarms()

    @property
    def venue(self) -> VenueLine | None:
        """The line to the venue; None where the market is simulated."""
        return self._venue

    async def begin(self, before: FloorState | None) -> None:
        """Write down where everything stands before anything trades.

        StateNotKept when that cannot be done and the snapshot before, if there is one, is of another fleet.
        """
        await self.snapshot()
        if self.snapshot_problem and (before is None or before.fleet != self.floor.fleet):
            raise StateNotKept(self.snapshot_problem)
        self.floor.let_run(self)

    async def run(self) -> None:
        """Run until `stop`, or until the venue says that there is no more; then everything is safe, and a snapshot
        taken."""
        async with self._until_stopped() as tasks:
            own(tasks, self._listen)
        await self._come_to_rest()

    async def idle(self) -> None:
        """After the feed's end: still take what containers ask for, and do what people ask."""
        if not self._is_to_stop:
            self._stopped = anyio.Event()
        async with self._until_stopped():
            pass
        await self._come_to_rest()

    def stop(self) -> None:
        """Come to an end."""
        self._is_to_stop = True
        self._stopped.set()

    # What comes. Whoever calls may be a callback, or a task of somebody else's, where an error would be lost.

    def publish(self, told: MarketEvent | FeedNews, venue_ns: int) -> None:
        """Carry an event of the feed, or news of it."""
        with self._failing_as_a_whole():
            if isinstance(told, FeedNews):
                self._tape.flush()
                self.floor.tell(FeedTold(news=told))
            else:
                self._carry(self.floor.in_order(told), venue_ns)
            if self._watchdog.stalls:
                self._trip_stalled()

    def _carry(self, event: MarketEvent, venue_ns: int) -> None:
        if venue_ns and not isinstance(event, Bar):
            self.lag_ns = max(0, event.ts_ns - venue_ns)
        self._tape.tape(event, venue_ns)
        self.floor.carry(event)

    def on_asked(self, host: FreeHost) -> None:
        """Take what a free container asks for."""
        with self._failing_as_a_whole():
            self._note_left_out(host)
            commands = host.take_asked()
            if commands:
                self.floor.take(commands)
            if self._watchdog.stalls:
                self._trip_stalled()

    def on_gone(self, host: FreeHost, why: str) -> None:
        """Trip a container that will not come back."""
        with self._failing_as_a_whole():
            self._trip(host.strategy, why)

    def hear(self, heard: FromVenue) -> None:
        """Carry what the venue says, or that it is so late there."""
        with self._failing_as_a_whole():
            self._tape.flush()
            self.floor.hear(heard)

    def halt(self, why: str) -> None:
        """Stop opening anything: something is wrong here."""
        log.critical("halted: %s", why)
        with self._failing_as_a_whole():
            self._tape.flush()
            self.floor.operate_at_once(Operation(action="halt", ts_ns=self.now_ns, reason=why))

    async def operate(self, operation: Operation) -> None:
        """Do what was asked from outside, at once. LedgerError where the books do not allow it: nothing has happened
        then."""
        refused: LedgerError | None = None
        with self._failing_as_a_whole():
            self._tape.flush()
            sequence = self._journal.sequence
            try:
                self.floor.operate_at_once(operation)
            except LedgerError as error:
                if self._journal.sequence != sequence:
                    raise
                refused = error
        if refused is not None:
            raise refused

    @contextmanager
    def _failing_as_a_whole(self) -> Iterator[None]:
        """What goes wrong within a step ends everything: the step is neither done nor undone."""
        if self._failure is not None:
            raise self._failure
        try:
            yield
        except BaseException as error:
            self._failure = error
            self._stopped.set()
            raise
        if self._venue is not None:
            self._venue.courier.dispatch()

    # What is written down.

    async def snapshot(self) -> None:
        """Write down where everything stands now; where that cannot be, an alarm, and the last one stays newest."""
        self._takes_snapshot = True
        try:
            while await self._is_disturbed():
                pass
        finally:
            self._takes_snapshot = False

    async def _is_disturbed(self) -> bool:
        """Take a snapshot, unless a container is lost before it comes to its part of it."""
        self._look_after()
        since, event = self._journal.sequence, self.floor.lockstep.events
        self._snapshot_event = event
        try:
            state = await self.floor.state_of_now()
        except ChildLost as lost:
            log.info("the snapshot is taken anew: %s", lost)
            return True
        except UnsupportedState as error:
            self.snapshot_problem = str(error)
            log.error("no snapshot could be taken, the last one is kept: %s", error)
        else:
            self.snapshot_problem = ""
            self._tape.flush()
            self._is_at_rest = self._journal.sequence == since
            self._journal.append(Snapshot(event=event, state=msgspec.msgpack.encode(state), since=since))
            self._journal.barrier()
        return False

    async def _come_to_rest(self) -> None:
        """Take snapshots until nothing was asked for while the last one was taken: then the next start has nothing to
        repeat. On the way to an exit that is asked for, only for so long."""
        self._is_at_rest = False
        try:
            async with asyncio.timeout(None if self.at_end else LAST_SNAPSHOT_SECONDS):
                for _ in range(MOST_LAST_SNAPSHOTS):
                    await self.snapshot()
                    if self._is_at_rest or self.snapshot_problem:
                        return
        except TimeoutError:
            log.warning("a container lags; the next start repeats what was since the last snapshot")

    @asynccontextmanager
    async def _until_stopped(self) -> AsyncIterator[TaskGroup]:
        """Tick until stopped, with whatever else is started; the failure of a step comes out of it."""
        serving = nullcontext() if self._venue is None else self._venue.serving(self.hear, self.halt)
        async with serving, anyio.create_task_group() as tasks:
            own(tasks, self._tick)
            yield tasks
            await self._stopped.wait()
            if self._venue is not None and self._failure is None:
                await self._venue.release()
            tasks.cancel_scope.cancel()
        if self._failure is not None:
            raise self._failure

    async def _listen(self) -> None:
        await self.watch.run(self.publish)
        self.at_end = True
        self._stopped.set()

    async def _tick(self) -> None:
        async with anyio.create_task_group() as snapshots:
            while True:
                await self._clock.sleep(TICK_NS)
                with self._failing_as_a_whole():
                    self._carry_what_is_due()
                    if self._venue is not None:
                        self._venue.on_tick()
                    self._look_after()
                if self._snapshot_is_due():
                    snapshots.start_soon(self.snapshot)

    def _carry_what_is_due(self) -> None:
        reached = Reached(self._clock.wall_ns() - self._bar_grace_ns)
        if reached.ts_ns >= self.floor.due_ns:
            self._tape.tape(reached)
            self.floor.carry(reached)

    def _look_after(self) -> None:
        """What came is made safe, and what was not told is noted."""
        for host in self.floor.hosts.free.values():
            self._note_left_out(host)
        self._tape.flush()
        self._journal.barrier()

    def _note_left_out(self, host: FreeHost) -> None:
        if left_out := host.take_left_out():
            self._tape.left_out(host.strategy, left_out)

    def _snapshot_is_due(self) -> bool:
        if self._takes_snapshot:
            return False
        since = self.floor.lockstep.events - self._snapshot_event
        return since >= self._snapshot_every or (self._journal.snapshot_due and not self.snapshot_problem)

    # Who fails.

    def _trip_stalled(self) -> None:
        for stall in self._watchdog.take_stalls():
            self._trip(stall.strategy, f"stalled for {stall.seconds:.1f} s")

    def _trip(self, strategy: str, reason: str) -> None:
        if strategy in self.floor.lockstep.router.tripped:
            return
        log.error("tripped: %s", reason, extra={"strategy": strategy})
        self.floor.operate_at_once(Operation(action="trip", ts_ns=self.now_ns, reason=reason, strategy=strategy))
