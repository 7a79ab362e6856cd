"""The paper shell: it brings the floor forward at the feed's pace, and between two feed events does what people ask,
trips what stalled, and takes snapshots.

Nothing here decides about orders; and nothing here is done while a feed event is being carried through.
"""

import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import anyio
import msgspec

from daemon.clock import Clock
from daemon.errors import DaemonError, StateNotKept
from daemon.feeds.pacing import Pace
from daemon.floor import Floor, FloorState
from daemon.hosts.watchdog import Watchdog
from daemon.journal.log import Journal
from daemon.journal.records import Snapshot
from trading.account.records import Operation
from trading.errors import LedgerError, UnsupportedState
from trading.market_data import MarketEvent
from trading.timestamps import MILLISECOND

log = logging.getLogger(__name__)

TURN_NS: Final = 5 * MILLISECOND
"""How long the floor may run on before everything else has its turn."""

WINDOW: Final = 512
"""How many feed events are laid out at once, for containers to hear ahead. What people ask for waits as long."""

PATIENCE_SECONDS: Final = 0.1
"""How long it waits for those who are behind before it looks again at what people ask."""


class Asked(msgspec.Struct):
    """An operation that waits for its turn; `done` is set once it is in the journal, or `refused`."""

    operation: Operation
    done: anyio.Event
    refused: LedgerError | None = None


class PaperShell:
    """Runs one floor. `lag_ns` is how far the feed was behind its pace at the last event."""

    def __init__(
        self,
        *,
        floor: Floor,
        journal: Journal,
        clock: Clock,
        pace: Pace,
        watchdog: Watchdog,
        snapshot_every_events: int,
        keep_up: Callable[[], anyio.Event | None],
    ) -> None:
        self.floor = floor
        self.lag_ns = 0
        self.at_end = False
        self.snapshot_problem = ""
        self.watch = None
        self.venue = None
        self._journal = journal
        self._clock = clock
        self._pace = pace
        self._watchdog = watchdog
        self._snapshot_every = snapshot_every_events
        self._snapshot_event = 0
        self._keep_up = keep_up
        self._asked: deque[Asked] = deque()
        self._wake = anyio.Event()
        self._stopping = False

    @property
    def unready(self) -> list[str]:
        """Nothing: data and market are here."""
        return []

    @property
    def alarms(self) -> list[str]:
        """Nothing beside what the router knows."""
        return []

    async def run(self) -> None:
        """Run to the feed's end, or until `stop`; then everything is committed and a snapshot taken."""
        turn_ends_ns = 0
        while (event := self.floor.upcoming()) is not None:
            await self._until_due(event)
            if self._stopping:
                break
            self._lay_out_what_is_due()
            await self.floor.advance(self._trip_stalled)
            await self._between_events()
            now_ns = self._clock.monotonic_ns()
            if now_ns > turn_ends_ns:
                await self._give_way()
                turn_ends_ns = self._clock.monotonic_ns() + TURN_NS
        else:
            await self.floor.finish()
            self.at_end = True
        await self._do_what_is_asked()
        await self.snapshot()

    async def idle(self) -> None:
        """After the feed's end: still do what people ask."""
        while not self._stopping:
            await self._wake.wait()
            await self._between_events()

    def stop(self) -> None:
        """Come to an end before the next feed event."""
        self._stopping = True
        self._wake.set()

    async def operate(self, operation: Operation) -> None:
        """Have something done between two events; returns once it is in the journal. LedgerError where the books do not
        allow it: nothing has happened then."""
        asked = Asked(operation, anyio.Event())
        self._asked.append(asked)
        self._wake.set()
        await asked.done.wait()
        if asked.refused is not None:
            raise asked.refused

    async def begin(self, before: FloorState | None) -> None:
        """Write down where everything stands before anything trades.

        StateNotKept when that cannot be done and the snapshot before, if there is one, is of another fleet: then no
        later start could go on from it.
        """
        await self.snapshot()
        if self.snapshot_problem and (before is None or before.fleet != self.floor.fleet):
            raise StateNotKept(self.snapshot_problem)

    async def snapshot(self) -> None:
        """Write down where everything stands; where that cannot be, an alarm, and the last snapshot stays newest."""
        try:
            state = await self.floor.state()
        except UnsupportedState as error:
            self.snapshot_problem = str(error)
            log.error("no snapshot could be taken, the last one is kept: %s", error)
        else:
            self.snapshot_problem = ""
            self._write(state)
        self._snapshot_event = self.floor.lockstep.events

    def _write(self, state: FloorState) -> None:
        self._journal.append(Snapshot(event=self.floor.lockstep.events, state=msgspec.msgpack.encode(state)))
        self._journal.barrier()

    async def _until_due(self, event: MarketEvent) -> None:
        while not self._stopping:
            now_ns = self._clock.monotonic_ns()
            due_ns = self._pace.due_ns(event.ts_ns, now_ns)
            self.lag_ns = max(0, now_ns - due_ns)
            if due_ns <= now_ns:
                return
            await self._woken_or(due_ns)
            await self._between_events()

    async def _woken_or(self, due_ns: int) -> None:
        async with anyio.create_task_group() as either:

            async def alarm() -> None:
                await self._clock.sleep_until(due_ns)
                either.cancel_scope.cancel()

            either.start_soon(alarm)
            await self._wake.wait()
            either.cancel_scope.cancel()

    def _lay_out_what_is_due(self) -> None:
        """The upcoming event, and where containers hear ahead, those after it that are due as well."""
        self.floor.lay_out()
        if not self.floor.hosts.ahead:
            return
        now_ns = self._clock.monotonic_ns()
        with suppress(DaemonError):  # of a feed that breaks off: what came before is carried first
            while self.floor.laid_out < WINDOW and (event := self.floor.upcoming()) is not None:
                if self._pace.due_ns(event.ts_ns, now_ns) > now_ns:
                    return
                self.floor.lay_out()

    async def _between_events(self) -> None:
        if self._wake.is_set():
            await self._do_what_is_asked()
        if self._snapshot_is_due():
            await self.snapshot()

    def _snapshot_is_due(self) -> bool:
        """At the beginning of a segment and now and then; where one could not be taken, only now and then."""
        since = self.floor.lockstep.events - self._snapshot_event
        return since >= self._snapshot_every or (self._journal.snapshot_due and not self.snapshot_problem)

    async def _do_what_is_asked(self) -> None:
        self._wake = anyio.Event()
        while self._asked:
            asked = self._asked.popleft()
            if not self._is_done(asked.operation):
                await self._carry_out(asked)
            asked.done.set()

    async def _carry_out(self, asked: Asked) -> None:
        """What the books do not allow is told to who asked, as long as nothing of it is in the journal."""
        sequence = self._journal.sequence
        try:
            await self.floor.operate(asked.operation)
        except LedgerError as error:
            if self._journal.sequence != sequence:
                raise
            asked.refused = error

    def _is_done(self, operation: Operation) -> bool:
        """Whether a strategy that was to be tripped has tripped by itself meanwhile."""
        return operation.action == "trip" and operation.strategy in self.floor.lockstep.router.tripped

    async def _trip_stalled(self) -> None:
        for stall in self._watchdog.take_stalls() if self._watchdog.stalls else ():
            if stall.strategy not in self.floor.lockstep.router.tripped:
                reason = f"stalled for {stall.seconds:.1f} s"
                log.error("tripped: %s", reason, extra={"strategy": stall.strategy})
                await self.floor.operate(
                    Operation(action="trip", ts_ns=self.now_ns, reason=reason, strategy=stall.strategy)
                )

    @property
    def now_ns(self) -> int:
        """The time of the last event, or of the feed's start before the first."""
        return self.floor.lockstep.now_ns or self.floor.feed.start_ns

    async def _give_way(self) -> None:
        await self._clock.sleep(0)
        while (behind := self._keep_up()) is not None and not self._stopping:
            with anyio.move_on_after(PATIENCE_SECONDS):
                await behind.wait()
            await self._between_events()
