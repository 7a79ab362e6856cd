"""Hosts that stand in for those of then: every container is in this process and is called, wherever it lived.

One that ran free is told what happens at once, and what it asks for is kept until the journal says that it was taken.
One that had a process and has tripped keeps no books any more, as the ledger has them.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from daemon.hosts.free_group import FreeGroup
from daemon.hosts.port import Host, Started, Vital
from daemon.hosts.task import TaskHost
from daemon.hosts.watchdog import Watchdog
from trading.commands import Command, Trip
from trading.container import ContainerState, ScopedContainer
from trading.lockstep import Delivery
from trading.market_data import Bar, Event
from trading.postings import Report
from trading.subscriptions import Subscription
from trading.timestamps import SECOND

LostHere = Callable[[str], Trip | None]
"""The trip with which a container was lost then, instead of hearing what is to be told to it now."""

OVERDUE_NS: Final = 60 * SECOND
"""What one that ran free asks for and nobody took for so long, it did not ask for then. No pause of the feed counts for
more than a second of that."""

_NOTHING: Final[list[Command]] = []


class ReplayedHost(TaskHost):
    """Keeps a container that then had the `isolation` of its entry; `runs_free` where nobody waited for it."""

    def __init__(
        self,
        container: ScopedContainer,
        watchdog: Watchdog,
        *,
        had_process: bool,
        runs_free: bool,
        lost_here: LostHere,
    ) -> None:
        super().__init__(container, watchdog)
        self.runs_free = runs_free
        self.trip: Trip | None = None
        self.asked: list[Command] = []
        self.asks_since_ns: int | None = None
        self._had_process = had_process
        self._lost_here = lost_here

    @property
    def keeps_books(self) -> bool:  # type: ignore[override]  # those of a task always do
        """Whether its own books go on."""
        return self.trip is None

    def hear(self, reports: list[Report], event: Event | None) -> list[Command]:
        """Let it hear; what it asks for comes back where it was waited for."""
        if self.trip is not None:
            return _NOTHING
        if self._had_process and (lost := self._lost_here(self.strategy)) is not None:
            self._container.seal(lost.reason)
            self.trip = lost
            return [lost]
        container = self._container
        commands: list[Command] = []
        for report in reports:
            commands += container.on_report(report)
        if event is not None:
            commands += container.on_event(event)
        if self.runs_free:
            self.asked += commands
            return _NOTHING
        if self._had_process and commands and isinstance(commands[-1], Trip):
            self.trip = commands[-1]
        return commands

    def take_until(self, n: int) -> list[Command]:
        """What it has asked for, up to its command `n`."""
        taken = [command for command in self.asked if command.n <= n]
        self.asked, self.asks_since_ns = [command for command in self.asked if command.n > n], None
        if taken and isinstance(taken[-1], Trip):
            self.trip = taken[-1]
        return taken

    def seal(self, reason: str) -> None:
        """Close it from outside."""
        super().seal(reason)
        if self._had_process and self.trip is None:
            self.trip, self.asked = self._container.trip, []

    async def state(self) -> dict[str, Any]:
        """A snapshot, with what was asked for and not taken."""
        state = await super().state()
        return {**state, "in_flight": self.asked} if self.runs_free else state

    async def restore(self, state: Mapping[str, Any]) -> Started:
        """Go on from a snapshot."""
        started = await super().restore(state)
        if self._had_process:
            self.trip = msgspec.convert(state["trip"], Trip | None)
        if self.runs_free:
            self.asked, started = started.commands, msgspec.structs.replace(started, commands=[])
        return started


class SilentHost:
    """In the place of a container that does not run: it is known what it heard, and that is all."""

    isolation = "none"
    keeps_books = True
    restarts = 0
    conflated = 0
    lags = False

    def __init__(self, strategy: str, journaled: Mapping[str, Any]) -> None:
        self.strategy = strategy
        self._state = dict(journaled)

    async def start(self, _now_ns: int) -> Started:
        """Hear what it heard."""
        subscriptions = msgspec.convert(self._state["desk"]["subscriptions"], list[Subscription])
        return Started(subscriptions=subscriptions, commands=[])

    async def restore(self, _state: Mapping[str, Any]) -> Started:
        """Hear what it heard."""
        return await self.start(0)

    async def restore_books(self, state: Mapping[str, Any]) -> None:
        """It needs none."""

    async def warm(self, bar: Bar) -> None:
        """It needs no past."""

    async def run(self) -> list[Command]:
        """It asks for nothing."""
        return []

    def hear(self, _reports: list[Report], _event: Event | None) -> list[Command]:
        """It asks for nothing."""
        return []

    def seal(self, reason: str) -> None:
        """It does nothing already."""

    async def beat(self) -> Vital:
        """It does not live."""
        return Vital(life=ContainerState.STOPPED, reports=-1, digest="")

    async def state(self) -> dict[str, Any]:
        """As it was."""
        return self._state

    async def close(self) -> None:
        """Nothing is there of it."""


class ReplayedGroup(FreeGroup):
    """All hosts together where nobody was waited for. `left_out` are the events that each was not told."""

    def __init__(self, hosts: Iterable[Host]) -> None:
        super().__init__(hosts)
        self.left_out: Mapping[str, frozenset[int]] = {}
        self._reached_ns = self._awake_ns = 0

    def overdue(self, ts_ns: int) -> Command | None:
        """Something that one has asked for and that was not taken in time, as it has come to be so late."""
        self._awake_ns += min(max(0, ts_ns - self._reached_ns), SECOND)
        self._reached_ns = max(self._reached_ns, ts_ns)
        for host in self:
            if not isinstance(host, ReplayedHost) or not host.asked:
                continue
            if host.asks_since_ns is None:
                host.asks_since_ns = self._awake_ns
            elif self._awake_ns - host.asks_since_ns > OVERDUE_NS:
                return host.asked[0]
        return None

    def _told(self, delivery: Delivery) -> list[Command]:
        if any(delivery.number in self.left_out.get(strategy, ()) for strategy in delivery.subscribers):
            told = tuple(one for one in delivery.subscribers if delivery.number not in self.left_out.get(one, ()))
            delivery = msgspec.structs.replace(delivery, subscribers=told)
        return super()._told(delivery)
