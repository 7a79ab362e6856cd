"""The `process` hosts: the container lives in a process of its own, and nothing of it runs here.

What is the same however it is let hear: how it is made, kept and ended. A tripped container has no process: its books
are the ledger's from then on.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from daemon.errors import ContainerLost
from daemon.fleet import Fleet, StrategyEntry
from daemon.hosts import wire
from daemon.hosts.lifeline import Lifeline
from daemon.hosts.nursery import Nursery
from daemon.hosts.port import Started, Vital
from daemon.hosts.restarts import Restarts
from trading.commands import Command, Trip
from trading.container import ContainerState
from trading.errors import UnsupportedState
from trading.market_data import Bar
from trading.postings import Report
from trading.subscriptions import Subscription

WARMING_CHUNK: Final = 256
"""Bars of the past in one message; after each the child gives a sign."""


class ProcessHost:
    """Keeps one container in a child process. `trip` is what ended it, None as long as it trades."""

    isolation = "process"

    conflated = 0

    def __init__(
        self, entry: StrategyEntry, fleet: Fleet, nursery: Nursery, *, restarts: Restarts, patience_seconds: float
    ) -> None:
        self.strategy = entry.id
        self.trip: Trip | None = None
        self._lifeline = Lifeline(
            _opening(entry, fleet),
            nursery=nursery,
            restarts=restarts,
            patience_seconds=patience_seconds,
            in_flight=self._in_flight,
            on_more=self._on_more,
        )
        self._state: dict[str, Any] = {}
        self._subscriptions: list[Subscription] = []
        self._warming: list[bytes] = []
        self._now_ns = 0

    @property
    def keeps_books(self) -> bool:
        """Whether it has a process."""
        return self.trip is None

    @property
    def restarts(self) -> int:
        """How often its process was started again."""
        return self._lifeline.restarts.made

    @property
    def lags(self) -> bool:
        """In lock-step everybody is waited for."""
        return False

    # Its making.

    async def start(self, now_ns: int) -> Started:
        """Start the strategy."""
        await self._open()
        answer = await self._lifeline.make(wire.Start(now_ns))
        assert isinstance(answer, wire.Started)
        self._subscriptions = answer.subscriptions
        commands = self._noted(answer.commands)
        if self.trip is not None:
            await self._lay_down()
        return Started(subscriptions=answer.subscriptions, commands=commands)

    async def warm(self, bar: Bar) -> None:
        """Let it hear a bar of the past."""
        if self.trip is not None:
            return
        self._warming.append(wire.encoded(bar))
        if len(self._warming) == WARMING_CHUNK:
            await self._warm()

    async def run(self) -> list[Command]:
        """End its warm-up."""
        if self.trip is not None:
            return []
        await self._warm()
        answer = await self._lifeline.make(wire.Run())
        assert isinstance(answer, wire.Heard)
        commands = self._noted(answer.commands)
        if self.trip is not None:
            await self._lay_down()
        return commands

    async def restore(self, state: Mapping[str, Any]) -> Started:
        """Go on from a snapshot; a container that has tripped needs no process for that."""
        self._state = dict(state)
        self._subscriptions = msgspec.convert(state["desk"]["subscriptions"], list[Subscription])
        self.trip = msgspec.convert(state["trip"], Trip | None)
        if self.trip is None:
            await self._take_over(wire.Restore(msgspec.Raw(wire.encoded(state))), state["n"])
        return Started(subscriptions=self._subscriptions, commands=[])

    async def restore_books(self, state: Mapping[str, Any]) -> None:
        """Take over orders and portfolio only; `start` follows."""
        await self._take_over(wire.RestoreBooks(msgspec.Raw(wire.encoded(state))), state["n"])

    def _last_state(self, trip: Trip) -> dict[str, Any]:
        """What it left when it tripped, as far as that is not in the ledger."""
        if not self._state:
            raise UnsupportedState("it tripped before any state of it could be kept")
        return {**self._state, "life": ContainerState.TRIPPED.value, "trip": trip, "n": trip.n}

    async def _take_state(self) -> msgspec.Raw:
        answer = await self._lifeline.ask(wire.Snapshot(), wire.State, wire.Unsupported)
        if isinstance(answer, wire.Unsupported):
            raise UnsupportedState(answer.reason)
        assert isinstance(answer, wire.State)
        self._state = msgspec.msgpack.decode(answer.state)
        return answer.state

    async def _open(self) -> None:
        if not self._lifeline.is_open:
            await self._lifeline.open()

    async def _take_over(self, state: wire.Restore | wire.RestoreBooks, n: int) -> None:
        await self._open()
        answer = await self._lifeline.take_over(state, n)
        if isinstance(answer, wire.Unsupported):
            raise UnsupportedState(f"{self.strategy}: {answer.reason}")

    async def _warm(self) -> None:
        warming, self._warming = self._warming, []
        if warming:
            await self._lifeline.make(wire.Warm(wire.packed(warming)))

    # Its end.

    def seal(self, reason: str) -> None:
        """Close it from outside."""
        if self.trip is None:
            self.trip = self._trip_of(reason, lost=False)
        self._lifeline.abandon()

    async def beat(self) -> Vital:
        """How it is; ContainerLost when it is gone for good and its trip is yet to come."""
        try:
            if self.trip is None:
                vital = await self._lifeline.ask(wire.Beat(0), wire.Vital)
                return Vital(life=vital.life, reports=vital.reports, digest=vital.digest)
        except ContainerLost:
            if self.trip is None:
                raise
        return Vital(life=ContainerState.TRIPPED, reports=-1, digest="")

    async def close(self) -> None:
        """End its process."""
        await self._lifeline.end()

    async def _lay_down(self) -> None:
        """It has tripped: keep its last words, and end its process."""
        with suppress(UnsupportedState, ContainerLost):
            await self._take_state()
        await self._lifeline.end()

    # Within.

    def _in_flight(self) -> wire.Hear | None:
        """What a new life is to hear that the one before did not answer."""
        return None

    @property
    def _on_more(self) -> Callable[[list[Command]], None] | None:
        """Who takes what a new life asks for beyond the old; in lock-step there is nothing beyond."""
        return None

    def _noted(self, commands: list[Command], reports: Sequence[Report] = (), event: bytes = b"") -> list[Command]:
        self._lifeline.memory.heard(reports, event, commands)
        if commands and isinstance(commands[-1], Trip):
            self.trip = commands[-1]
        return commands

    def _trip_of(self, reason: str, *, lost: bool) -> Trip:
        return Trip(
            strategy=self.strategy,
            n=self._lifeline.memory.n + 1,
            ts_ns=self._now_ns,
            reason=reason,
            traceback="",
            lost=lost,
        )


def _opening(entry: StrategyEntry, fleet: Fleet) -> wire.Open:
    return wire.Open(
        strategy=entry.id,
        reference=entry.reference,
        folder=fleet.folder,
        params=entry.params,
        capital=entry.capital,
        timeframe_ns=entry.timeframe_ns,
        warmup=entry.warmup,
        limits=entry.limits,
        sizing=entry.sizing,
        instruments=fleet.instruments,
    )
