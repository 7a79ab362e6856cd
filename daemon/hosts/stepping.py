"""A process host in lock-step: its child hears ahead of the steps.

A run of events is sent to the child at once, and it goes through them until it asks for something. When it is lost for
good it is tripped, at the step that waits for it.
"""

from bisect import bisect_left
from typing import Any, Final

import msgspec

from daemon.errors import ContainerLost
from daemon.fleet import Fleet, StrategyEntry
from daemon.hosts import wire
from daemon.hosts.foresight import BEYOND, Coming, Foresight
from daemon.hosts.nursery import Nursery
from daemon.hosts.process import ProcessHost
from daemon.hosts.restarts import Restarts
from trading.commands import Command, Trip
from trading.errors import UnsupportedState
from trading.market_data import Event
from trading.postings import Report

LEAST_STRIDE: Final = 16
MOST_STRIDE: Final = 1_024
"""How many feed events a child may hear ahead: twice as many each time that it got through in silence."""

_NOTHING: Final[list[Command]] = []


class Flight(msgspec.Struct, frozen=True):
    """What the child is to hear and has not answered: reports, and one event that is not heard ahead."""

    reports: list[Report]
    event: bytes


class LockStepHost(ProcessHost):
    """Hears each event before its step is carried, or at it."""

    def __init__(
        self, entry: StrategyEntry, fleet: Fleet, nursery: Nursery, *, restarts: Restarts, patience_seconds: float
    ) -> None:
        super().__init__(entry, fleet, nursery, restarts=restarts, patience_seconds=patience_seconds)
        self._foretold: Trip | None = None
        self._flight: Flight | None = None
        self._foresight: Foresight | None = None
        self._coming = Coming()
        # Places in `_coming`: what is to be heard next, and where the run that was sent begins and ends.
        self._next = self._base = self._ahead = 0
        self._stride = LEAST_STRIDE

    async def state(self) -> dict[str, Any]:
        """A snapshot; taken between two windows, when it has heard everything."""
        if self.trip is not None:
            return self._last_state(self.trip)
        try:
            raw = await self._take_state()
        except ContainerLost as lost:
            raise UnsupportedState(f"its process is gone: {lost}")
        self._lifeline.memory.begin_with(wire.Restore(raw), self._lifeline.memory.n)
        return self._state

    def foresee(self, foresight: Foresight) -> None:
        """Learn what is to come, and hear the first of it."""
        self._foresight = foresight
        self._coming = foresight.of(self.strategy)
        self._next = self._base = self._ahead = 0
        self.run_ahead()

    def silent_until(self) -> int:
        """As far as its child has come in silence."""
        if self.trip is not None:
            return BEYOND
        known, places = self._known_silent(), self._coming.places
        return places[known] if known < len(places) else BEYOND

    def catch_up(self, place: int) -> None:
        """Pass over what it has heard in silence."""
        begin = self._next
        self._next = bisect_left(self._coming.places, place, begin, self._ahead) if begin < self._ahead else begin
        if self._next > begin:
            self._lifeline.memory.heard_in_silence(self._coming.encoded[begin : self._next])
            if self._next == self._ahead:
                self._stride = min(2 * self._stride, MOST_STRIDE)

    def run_ahead(self) -> None:
        """Send a run of events, as many as nothing can come between."""
        busy = self._flight is not None or self._next < self._ahead
        if self._foresight is None or busy or self.trip is not None or not self._lifeline.is_up:
            return
        coming, begin = self._coming, self._next
        place, time_ns = self._foresight.quiet_until(self.strategy, self._stride)
        end = bisect_left(coming.places, place, begin)
        while end > begin and coming.events[end - 1].ts_ns >= time_ns:
            end -= 1
        if end > begin:
            self._base, self._ahead = begin, end
            self._lifeline.life.hear(self._run_of_events())

    def hear(self, reports: list[Report], event: Event | None) -> list[Command] | None:
        """Let it hear; what it has heard ahead costs nothing more."""
        if self.trip is not None:
            return _NOTHING
        if event is not None:
            self._now_ns = event.ts_ns
        if self._foresight is not None:
            self.catch_up(self._foresight.place)
        if self._next < self._ahead:
            assert not reports, f"{self.strategy} was let run ahead of a report"
            assert event is self._coming.events[self._next], f"{self.strategy} was let run ahead of {event}"
            return None if self._falls() else self._heard_ahead()
        if self._foretold_here() is not None:
            return None
        self._flight = Flight(reports, self._taken(event))
        if self._lifeline.is_up:
            self._lifeline.life.hear(self._flight_in_words(self._flight))
        return None

    async def answer(self) -> list[Command]:
        """What it asks for, once it has heard; a Trip of its host's where it is lost for good."""
        if (trip := self._foretold_here()) is not None:
            await self._lifeline.end()
            return self._fall(trip)
        try:
            while (commands := self._answered()) is None:
                await self._lifeline.news()
        except ContainerLost as lost:
            await self._lifeline.end()
            return self._fall(self._trip_of(str(lost), lost=True))
        if self.trip is not None:
            await self._lay_down()
        return commands

    def foretell(self, trip: Trip) -> None:
        """When it repeats what is journaled, be lost where it was lost then."""
        self._foretold = trip

    # Within.

    def _foretold_here(self) -> Trip | None:
        """The trip with which it was lost here, when what is repeated happened first."""
        trip = self._foretold
        return trip if trip is not None and trip.n == self._lifeline.memory.n + 1 else None

    def _falls(self) -> bool:
        """Whether the run that was sent ends with its trip."""
        commands = self._lifeline.life.commands
        return bool(commands) and isinstance(commands[-1], Trip)

    def _taken(self, event: Event | None) -> bytes:
        """The event as msgpack; if it is the next of the window, that is past it."""
        if event is None:
            return b""
        if self._is_next(event):
            self._next = self._ahead = self._base = self._next + 1
            return self._coming.encoded[self._next - 1]
        return wire.encoded(event)

    def _is_next(self, event: Event | None) -> bool:
        return self._next < len(self._coming.events) and self._coming.events[self._next] is event

    def _answered(self) -> list[Command] | None:
        if self._flight is None:
            return self._heard_ahead()
        life = self._lifeline.life
        if not (life.done and self._lifeline.is_up):
            return None
        flight, self._flight = self._flight, None
        return self._noted(life.take_commands(), flight.reports, flight.event)

    def _known_silent(self) -> int:
        """The place in `_coming` up to which its child has asked for nothing."""
        if self._next == self._ahead or not self._lifeline.is_up:
            return self._next
        life = self._lifeline.life
        return max(self._next, self._base + life.heard - bool(life.commands))

    def _heard_ahead(self) -> list[Command] | None:
        """What came of the next event of the run that was sent; None where that is not known yet."""
        if self._next < self._known_silent():
            return _NOTHING
        life, within = self._lifeline.life, self._next - self._base
        if not (self._lifeline.is_up and life.commands and within == life.heard - 1):
            return None
        event = self._coming.encoded[self._next]
        self._next = self._ahead = self._next + 1
        self._stride = max(LEAST_STRIDE, 2 * (within + 1))
        return self._noted(life.take_commands(), (), event)

    def _in_flight(self) -> wire.Hear | None:
        """What a new life is to hear that the one before did not answer."""
        if self._flight is not None:
            return self._flight_in_words(self._flight)
        if self._next < self._ahead:
            self._base = self._next
            return self._run_of_events()
        return None

    def _run_of_events(self) -> wire.Hear:
        return wire.Hear([], self._coming.run(self._base, self._ahead), free=False)

    def _flight_in_words(self, flight: Flight) -> wire.Hear:
        return wire.Hear(flight.reports, wire.packed([flight.event] if flight.event else []), free=False)

    def _fall(self, trip: Trip) -> list[Command]:
        self.trip = trip
        self._flight = None
        self._ahead = self._next
        return [trip]
