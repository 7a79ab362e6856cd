"""A process host that runs free: it is told what happens as it happens, and answers when it can.

Nobody waits for it. What it asks for is taken when it comes; where it lags, quotes are conflated for it alone; a child
that is lost is made again while everything else goes on.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec

from daemon.errors import ContainerLost, NotRepeatable
from daemon.fleet import Fleet, StrategyEntry
from daemon.hosts import wire
from daemon.hosts.conversation import ChildLost
from daemon.hosts.nursery import Nursery
from daemon.hosts.outbox import Outbox
from daemon.hosts.port import Started
from daemon.hosts.process import ProcessHost
from daemon.hosts.restarts import Restarts
from daemon.hosts.window import Window
from daemon.recovery import has_changed
from trading.commands import Command, Trip
from trading.errors import UnsupportedState
from trading.market_data import Event
from trading.postings import Report

LAG_SECONDS: Final = 1.0
"""A child that has not come to an end of what it is to hear for so long lags."""

MOST_WAITING: Final = 100_000
"""One for which more has gathered is beyond help."""

_NOTHING: Final[list[Command]] = []


class FreeOwner(Protocol):
    """Who takes what free containers ask for."""

    def on_asked(self, host: "FreeHost") -> None:
        """Commands have come."""

    def on_gone(self, host: "FreeHost", why: str) -> None:
        """It will not come back, or is so far behind that it must not go on."""


class Moment(msgspec.Struct):
    """A snapshot on its way. `asked` is what the container has asked for until then and was not taken before; once the
    child is to give an `answer`, `place` is where its memory stands."""

    state: "asyncio.Future[dict[str, Any]]"
    asked: list[Command]
    place: int = 0
    answer: "asyncio.Future[wire.FromChild] | None" = None


class FreeHost(ProcessHost):
    """Tells its container everything, and waits for nothing. `conflated` counts quotes that it was not told.

    Until it has an owner what it asks for is kept for `asked_until`, and nothing is conflated but what `leave_out`
    says: that is how a journaled day is repeated.
    """

    def __init__(
        self, entry: StrategyEntry, fleet: Fleet, nursery: Nursery, *, restarts: Restarts, patience_seconds: float
    ) -> None:
        super().__init__(entry, fleet, nursery, restarts=restarts, patience_seconds=patience_seconds)
        self.conflated = 0
        self._is_live = fleet.is_live
        self._owner: FreeOwner | None = None
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox()
        self._left_out: frozenset[int] = frozenset()
        self._window = Window()
        self._flush_is_due = False
        self._asked: list[Command] = []
        self._came = asyncio.Event()
        self._behind_since = 0.0
        self._is_beyond_help = False
        self._hears_newest = False
        self._moments: deque[Moment] = deque()
        self._errands: set[asyncio.Task[None]] = set()

    @property
    def lags(self) -> bool:
        """Whether it is so far behind that it hears only the newest quotes."""
        if self._owner is None or not self._behind_since:
            return False
        return self._loop.time() - self._behind_since > LAG_SECONDS

    @property
    def waiting(self) -> int:
        """How much is to be told to it, and is not sent."""
        return self._outbox.waiting

    @property
    def has_heard_all(self) -> bool:
        """Whether there is nothing that it has not heard, or not answered."""
        return self._is_listening and self._window.is_empty and not self._outbox.waiting

    # Its making.

    async def run(self) -> list[Command]:
        """End its warm-up."""
        commands = await super().run()
        self._go_on()
        return commands

    async def restore(self, state: Mapping[str, Any]) -> Started:
        """Go on from a snapshot, with what it had asked for by then and was not taken."""
        own = dict(state)
        self._asked = msgspec.convert(own.pop("in_flight", ()), list[Command])
        started = await super().restore(own)
        if self.trip is None:
            self._lifeline.memory.n = max([self._lifeline.memory.n, *(command.n for command in self._asked)])
            self._go_on()
        return started

    def leave_out(self, numbers: frozenset[int]) -> None:
        """Repeat what was conflated: it was not told the events of these numbers."""
        self._left_out = numbers

    def belong_to(self, owner: FreeOwner) -> None:
        """Run free from now on."""
        self._owner = owner
        self._left_out = frozenset()
        if self._asked:
            owner.on_asked(self)
        if self._lifeline.gone and self.trip is None:
            owner.on_gone(self, self._lifeline.gone)

    # What it is told.

    def hear(
        self, reports: list[Report], event: Event | None, *, number: int = 0, encoded: bytes = b""
    ) -> list[Command]:
        """Tell it in its turn. `number` is that of the event, `encoded` its msgpack if that is there already."""
        if self.trip is not None:
            return _NOTHING
        if reports:
            self._outbox.put_reports(reports)
        if event is not None and number not in self._left_out:
            self._now_ns = event.ts_ns
            lags = self.lags
            if lags and not self._hears_newest:
                self._outbox.conflate()
            self._hears_newest = lags
            self._outbox.put(number, event, encoded or wire.encoded(event), conflate=lags)
        if self._outbox.waiting > MOST_WAITING and self._owner is not None and not self._is_beyond_help:
            self._is_beyond_help = True
            why = f"it lags too far behind: {self._outbox.waiting:,} events and reports wait"
            self._loop.call_soon(self._owner.on_gone, self, why)  # what is being carried now comes to its end first
        self._flush_soon()
        return _NOTHING

    def is_level(self, count: int) -> bool:
        """Whether it can be sent so many events at once: nothing else is to be told to it before."""
        if self.trip is not None or not self._is_listening or not self._outbox.is_empty:
            return False
        return count <= self._window.room

    def tell(self, frame: bytes, events: Sequence[bytes], now_ns: int, *, sign: bool) -> None:
        """Send it a frame of events that is made already, where it is level."""
        self._now_ns = now_ns
        self._lifeline.memory.heard_in_silence(events)
        self._window.sent(len(events), self._loop.time(), sign=sign)
        self._lifeline.life.hear_frame(frame, sign=sign)

    def take_left_out(self) -> list[int]:
        """The numbers of quotes that were conflated since last asked."""
        left_out, self._outbox.left_out = self._outbox.left_out, []
        self.conflated += len(left_out)
        return left_out

    # What it asks for.

    def take_asked(self) -> list[Command]:
        """What it has asked for since."""
        asked, self._asked = self._asked, []
        if asked and isinstance(asked[-1], Trip):
            self._fall(asked[-1])
            if self._lifeline.is_open:
                self._do(self._lay_down())
        return asked

    async def asked_until(self, n: int) -> list[Command]:
        """What it asks for, up to its command `n`; ContainerLost or NotRepeatable when that never comes."""
        while not self._asked or self._asked[-1].n < n:
            if self._lifeline.gone:
                raise ContainerLost(self._lifeline.gone)
            if self.has_heard_all:
                raise NotRepeatable(
                    f"{self.strategy} did not ask again for what is its command {n}",
                    mend=has_changed(is_live=self._is_live),
                )
            self._came.clear()
            await self._came.wait()
        later = [command for command in self._asked if command.n > n]
        self._asked = [command for command in self._asked if command.n <= n]
        asked = self.take_asked()
        self._asked = later
        return asked

    def on_heard(self, heard: wire.Heard) -> None:
        """It has heard some of what it was told."""
        if heard.done:
            self._window.heard()
            if self._outbox.waiting or self._outbox.has_marks:
                self._flush_soon()
            self._came.set()
        if heard.commands:
            self._lifeline.memory.asked(heard.commands)
            self._take_in(heard.commands)

    def _take_in(self, commands: list[Command]) -> None:
        for moment in self._moments:
            moment.asked += commands
        self._asked += commands
        self._came.set()
        if self._owner is not None:
            self._owner.on_asked(self)

    # Its snapshots.

    def state(self) -> "asyncio.Future[dict[str, Any]]":
        """A snapshot of after all that it was told by now, however late it hears that.

        `in_flight` holds what it asks for until then and was not taken before. ChildLost when it does not live to
        give it: the next may be had.
        """
        state: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        if self.trip is not None:
            state.set_result(self._last_state(self.trip))
        elif self._lifeline.gone:
            state.set_exception(UnsupportedState(self._lifeline.gone))
        else:
            moment = Moment(state, list(self._asked))
            self._moments.append(moment)
            self._outbox.put_mark(lambda: self._come_to(moment))
            self._flush()
        return state

    def on_state(self, answer: "wire.State | wire.Unsupported") -> None:
        """Its state has come; what it says from now on comes after it."""
        if not self._moments or self._moments[0].answer is None:
            return
        moment = self._moments.popleft()
        if isinstance(answer, wire.Unsupported):
            _refuse(moment, UnsupportedState(answer.reason))
            return
        self._state = msgspec.msgpack.decode(answer.state)
        self._lifeline.memory.begin_at(moment.place, wire.Restore(answer.state), self._state["n"])
        if not moment.state.done():
            moment.state.set_result({**self._state, "in_flight": moment.asked})

    def _come_to(self, moment: Moment) -> None:
        """It has been sent all that comes before."""
        if moment.state.done():  # nobody waits for it any more
            self._moments.remove(moment)
            return
        moment.place = self._lifeline.memory.mark()
        moment.answer = self._lifeline.life.request(wire.Snapshot())

    def _lose_moments(self, how: str) -> None:
        """The child that was asked is gone; those that are yet to be asked for stay with what is to be told."""
        while self._moments and (self._moments[0].answer is not None or self.trip is not None):
            _refuse(self._moments.popleft(), ChildLost(how))

    # Its end.

    def seal(self, reason: str) -> None:
        """Close it from outside, at once."""
        if self.trip is None:
            self._asked = []
            self._fall(self._trip_of(reason, lost=False))
        self._lifeline.abandon()

    async def close(self) -> None:
        """End its process."""
        self._owner = None
        self._lifeline.abandon()
        for errand in self._errands:
            errand.cancel()
        await super().close()

    def on_lost(self) -> None:
        """Its child is gone; make it again."""
        self._lose_moments("its process was lost meanwhile")
        if self.trip is None:
            self._do(self._come_back())

    async def _come_back(self) -> None:
        try:
            await self._lifeline.revive()
        except ContainerLost as lost:
            self._came.set()
            if self._owner is not None and self.trip is None:
                self._owner.on_gone(self, str(lost))
            while self._moments:
                _refuse(self._moments.popleft(), UnsupportedState(str(lost)))
        else:
            self._go_on()

    def _go_on(self) -> None:
        """Talk freely with the child that lives now."""
        self._window.clear()
        life = self._lifeline.life
        life.free = self
        if life.lost:
            self.on_lost()
        else:
            self._flush()

    def _on_more_than_before(self, commands: list[Command]) -> None:
        self._lifeline.memory.asked(commands)
        self._take_in(commands)

    @property
    def _on_more(self) -> Callable[[list[Command]], None]:
        return self._on_more_than_before

    def _fall(self, trip: Trip) -> None:
        self.trip = trip
        self._outbox.clear()
        self._lose_moments("it has tripped meanwhile")

    def _do(self, errand: Any) -> None:
        task = asyncio.create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    @property
    def _is_listening(self) -> bool:
        return self._lifeline.is_up and self._lifeline.life.free is self

    def _flush_soon(self) -> None:
        if not self._flush_is_due:
            self._flush_is_due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_is_due = False
        if self.trip is not None:
            return
        if self._is_listening:
            self._send()
        if not self._outbox.waiting:
            self._behind_since = 0.0
        elif not self._behind_since:
            self._behind_since = self._loop.time()

    def _send(self) -> None:
        life, memory, now = self._lifeline.life, self._lifeline.memory, self._loop.time()
        if self._behind_since:
            self._window.judge(now)
        for reports, events in self._outbox.take(self._window.room):
            memory.heard(reports, b"", ())
            memory.heard_in_silence(events)
            self._window.sent(len(reports) + len(events), now, sign=True)
            life.hear_freely(wire.Hear(reports, wire.packed(events), free=True))


def _refuse(moment: Moment, error: Exception) -> None:
    if not moment.state.done():
        moment.state.set_exception(error)
