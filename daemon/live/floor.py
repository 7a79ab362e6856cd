"""The floor of a live feed: every input is carried at once, and nobody is waited for."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress

import msgspec

from daemon.feeds.port import HistoricalFeed
from daemon.floor import Conditions, Floor, FloorMarket, FloorState
from daemon.hosts.conversation import ChildLost
from daemon.hosts.foresight import audiences
from daemon.hosts.free import FreeHost, FreeOwner
from daemon.hosts.free_group import FreeGroup
from daemon.hosts.port import Host
from daemon.journal.records import Reached, TapedInput
from daemon.live.tape import LiveTape
from daemon.recovery import Replay
from trading.account.records import CommandsTaken, FeedTold, FromVenue, Operation
from trading.commands import Command
from trading.feed_health import FeedHealth
from trading.lockstep import Step
from trading.market_data import Bar, MarketEvent
from trading.venue.session import VenueSession

LET_OTHERS_RUN_AFTER = 500
"""Inputs that are repeated before the children's answers are read."""


class LiveFloor(Floor):
    """Carries what comes: events, the time, commands of free containers, operations."""

    hosts: FreeGroup

    @staticmethod
    def group(hosts: Iterable[Host]) -> FreeGroup:
        """All hosts together."""
        return FreeGroup(hosts)

    @property
    def due_ns(self) -> int:
        """When the next bar is complete or the next timer rings."""
        return min(self.lockstep.sequencer.next_bar_ns, self.lockstep.timers.next_ns)

    @staticmethod
    def _conditions(feed: HistoricalFeed, market: FloorMarket) -> Conditions:
        """Data that is not to be relied on, and a venue that is not ready."""
        assert isinstance(feed, LiveTape)
        conditions: Conditions = {"data_refusal": feed.health.refusal}
        if isinstance(market, VenueSession):
            conditions["holds_back"] = lambda: market.holds_back
        return conditions

    @property
    def health(self) -> FeedHealth:
        """How the feed stands."""
        assert isinstance(self.feed, LiveTape)
        return self.feed.health

    def let_run(self, owner: FreeOwner) -> None:
        """Let the free containers run, for an owner who takes what they ask for."""
        self.hosts.belong_to(owner, audiences(self.subscriptions, self.hosts.free))

    def in_order(self, event: MarketEvent) -> MarketEvent:
        """The event, not earlier than the one before it, whatever the clock was set to; a bar has its own time."""
        last_ns = self.lockstep.sequencer.last_ns
        if event.ts_ns >= last_ns or isinstance(event, Bar):
            return event
        return msgspec.structs.replace(event, ts_ns=last_ns)

    def steps_of(self, taped: TapedInput) -> Iterator[Step]:
        """The steps of an event, or of what is due by a time; each is to be carried before the next is asked for."""
        if isinstance(taped, Reached):
            return self.lockstep.steps_until(taped.ts_ns)
        self.rows += 1
        self.health.hear(taped)
        return self.lockstep.steps(self.lockstep.sequencer.lay_out(taped))

    def carry(self, taped: TapedInput) -> None:
        """Carry an event, or the time, through."""
        for step in self.steps_of(taped):
            self.hosts.carry(step)

    def tell(self, told: FeedTold) -> None:
        """Take news of the feed: they change what may be ordered, and nothing else."""
        self.health.hear(told.news)
        self.hosts.carry(self.lockstep.note(told))

    def take(self, commands: list[Command]) -> None:
        """Carry through what a free container has asked for."""
        self.hosts.carry(self.lockstep.take(commands))

    def hear(self, heard: FromVenue) -> None:
        """Carry through what came of the venue."""
        self.hosts.carry(self.lockstep.hear(heard))

    def operate_at_once(self, operation: Operation) -> None:
        """Carry through what was done from outside."""
        self.hosts.carry(self.lockstep.operate(operation))

    async def state(self) -> FloorState:
        """A snapshot, once all have come to rest; of a container that does not live to give its part, the next life
        does."""
        while True:
            with suppress(ChildLost):
                return await super().state()

    def state_of_now(self) -> "asyncio.Task[FloorState]":
        """A snapshot of this moment, there once every container has come to it; from awaiting it UnsupportedState, or
        ChildLost when one of them did not live to."""
        plain = msgspec.msgpack.decode(msgspec.msgpack.encode(self.lockstep.state()))
        rows, feed, epoch_ms = self.rows, self.feed.state(), self._plan.ids.epoch_ms
        states = self.hosts.states()

        async def gathered() -> FloorState:
            return FloorState(
                fleet=self.fleet,
                rows=rows,
                in_hand=None,
                epoch_ms=epoch_ms,
                feed=feed,
                lockstep=plain,
                containers=self._as_booked(await states, plain["router"]),
            )

        return asyncio.create_task(gathered())

    async def _repeat(self, replay: Replay) -> None:
        assert isinstance(self.feed, LiveTape)
        self.hosts.leave_out(self.feed.left_out)
        await self._repeat_from_outside(replay)
        for number, taped in enumerate(self.feed.inputs, 1):
            for step in self.steps_of(taped):
                replay.expect_event()
                self.hosts.carry(step)
                replay.settle()
                await self._repeat_from_outside(replay)
            if number % LET_OTHERS_RUN_AFTER == 0:
                await asyncio.sleep(0)
        replay.end()

    async def _repeat_from_outside(self, replay: Replay) -> None:
        for cause in replay.from_outside():
            match cause:
                case Operation():
                    self.operate_at_once(cause)
                case CommandsTaken():
                    host = self.hosts[cause.strategy]
                    assert isinstance(host, FreeHost), f"{cause.strategy} did not run free"
                    self.take(await host.asked_until(cause.n))
                case FeedTold():
                    self.tell(cause)
                case _:
                    self.hear(cause)
