"""A journal carried once more, from a snapshot to its end: over every life, and every change of the fleet.

Events come from the feed, or of a live one from the tape in the journal; what was done, taken or heard between them
comes from the journal, in its place.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import ClassVar, Final, NamedTuple

from msgspec import structs

from daemon.assembly import make_container
from daemon.clock import SystemClock
from daemon.errors import StateNotKept, StrategyNotLoaded
from daemon.fleet import Fleet, FleetChange, StrategyEntry, change
from daemon.floor import Floor, FloorPlan, FloorState
from daemon.hosts.port import Host
from daemon.hosts.watchdog import Watchdog
from daemon.live.floor import LiveFloor
from daemon.research.replay.comparison import Comparison, Tally
from daemon.research.replay.course import Course
from daemon.research.replay.divergence import Diverged, Divergence
from daemon.research.replay.ground import Ground
from daemon.research.replay.hosts import ReplayedGroup, ReplayedHost
from daemon.research.replay.script import ALL, Place, Script
from daemon.research.replay.starts import before_start, counting_from, has_changed, require_same_beginning
from daemon.research.replay.wishes import record_of
from trading.account.ids import ClientOrderIds
from trading.account.records import CommandsTaken, FeedTold, FromOutside, Operation
from trading.commands import Command
from trading.errors import InvalidParameters, LedgerError, UnsupportedState
from trading.lockstep import Step
from trading.recorder import Recorder
from trading.venue.session import VenueSession


class ReplayedLiveFloor(LiveFloor):
    """A live floor whose containers are all in this process."""

    hosts: ReplayedGroup

    @staticmethod
    def group(hosts: Iterable[Host]) -> ReplayedGroup:
        """All hosts together."""
        return ReplayedGroup(hosts)


MAY_BE_COUNTED: Final = (
    "it may be no more than an event that is counted or not: each timer that is set and each bar that is heard is one"
)


class Coming(NamedTuple):
    """What is to be carried next, and its time; `steps` is called once that has come."""

    ts_ns: int
    steps: Callable[[], Iterable[Step]]


class Runner:
    """Repeats what a script has. Every record that came as it is journaled is recorded `then`. The market decides
    again, unless it is `recorded`."""

    stepped_kind: ClassVar[type[Floor]] = Floor
    live_kind: ClassVar[type[ReplayedLiveFloor]] = ReplayedLiveFloor

    def __init__(
        self, script: Script, ground: Ground, course: Course, tally: Tally, then: Recorder, *, recorded: bool = False
    ) -> None:
        self.place = script.place_at(course.from_ns)
        self.script = script
        self.tally = tally
        self._ground = ground
        self._course = course
        self._then = then
        self._recorded = recorded
        self._watchdog = Watchdog(SystemClock(), 0)  # is never entered: whoever repeats has time
        self._kind = self.live_kind if script.has_live_tape else self.stepped_kind
        self._changed: set[str] = set()
        self._comparison: Comparison | None = None
        self.floor: Floor | None = None

    @property
    def warnings(self) -> list[str]:
        """Whose code is not what it was."""
        changed = (f"the code of {strategy} has changed since" for strategy in sorted(self._changed))
        return list(changed)

    @property
    def events(self) -> int:
        """How many events have been carried."""
        return self.reached_event - self.place.event

    @property
    def reached_event(self) -> int:
        """The number of the last event that was carried."""
        return self.place.event if self.floor is None else self.floor.lockstep.events

    @property
    def reached_ns(self) -> int:
        """The time of the last event that was carried; 0 before the first."""
        return 0 if self.floor is None else self.floor.lockstep.now_ns

    async def run(self) -> Divergence | None:
        """Repeat everything, up to the first divergence or until it is to stop; what diverged, None for nothing.

        StrategyNotLoaded where a class is not there, StateNotKept where one does not take the state that it had.
        """
        try:
            with _saying_who_does_not_fit():
                await self._run()
        except Diverged as diverged:
            found = diverged.divergence
            is_whole = found.journaled is None or found.came is None
            return structs.replace(found, note=MAY_BE_COUNTED) if is_whole and self._counts_otherwise(found) else found
        except LedgerError as error:
            assert self._comparison is not None, "books are moved by what is compared"
            return self._comparison.refused(str(error)).divergence
        finally:
            if self.floor is not None:
                await self.floor.hosts.close()
        return None

    def _counts_otherwise(self, found: Divergence) -> bool:
        """Whether it may be that something comes with another event than it did, and nothing else has changed."""
        return not found.note and any(one != found.strategy for one in self._changed)

    async def _run(self) -> None:
        self.floor, after = await self._begun(self.place), self.place.after
        for turn in self.script.turns(after=self.place):
            if turn.ts_ns > self._course.to_ns:
                break
            await self._repeat(self.floor, after, turn.after, turn.event)
            if self._course.is_to_stop():
                return
            turned = await self._turned(self.floor, turn)
            if turned is None:
                return
            self.floor, after = turned, turn.after
        await self._repeat(self.floor, after, ALL, self.script.end_event)

    # Where it begins, and begins anew.

    async def _begun(self, place: Place) -> Floor:
        """The floor of a snapshot. Who had just been started there is started again."""
        state = self.script.state_at(place)
        plan = self._plan(place.fleet, state)
        if len(place.fresh) == len(place.fleet.strategies) and not place.event:
            floor = await self._kind.begin(plan, place.fleet)
        elif place.fresh:
            floor = await self._kind.rearrange(
                plan, before_start(state, place.fresh), place.fleet, FleetChange(renewed=list(place.fresh))
            )
        else:
            return await self._reopened(plan, state)
        self._settle_in(floor, state, place.fresh)
        return floor

    async def _reopened(self, plan: FloorPlan, state: FloorState) -> Floor:
        floor = await self._kind.reopen(plan, state, ())
        self._settle_in(floor, state, ())
        return floor

    async def _turned(self, floor: Floor, turn: Place) -> Floor | None:
        """The floor with the fleet that the next life had; None where nothing is left to be repeated."""
        state = await floor.state()
        journaled = self.script.state_at(turn)
        known = [one for one in turn.fresh if one in state.containers]
        counting = {one: counting_from(one, state.containers[one], journaled) for one in known}
        state = structs.replace(state, containers={**state.containers, **counting})
        turned = await self._kind.rearrange(
            self._plan(turn.fleet, journaled), state, turn.fleet, change(floor.fleet, turn.fleet)
        )
        await floor.hosts.close()
        self._settle_in(turned, journaled, turn.fresh)
        return turned

    def _settle_in(self, floor: Floor, journaled: FloorState, fresh: Iterable[str]) -> None:
        """Whoever was started begins as it did then."""
        if isinstance(floor, ReplayedLiveFloor):
            floor.hosts.left_out = self.script.left_out
        for strategy in fresh:
            if isinstance(floor.hosts[strategy], ReplayedHost):
                require_same_beginning(strategy, floor, journaled)

    def _plan(self, fleet: Fleet, state: FloorState) -> FloorPlan:
        start_ns = state.feed.get("start_ns", 0)
        return FloorPlan(
            make_feed=lambda: self._ground.make_feed(start_ns),
            make_market=lambda feed: self._ground.make_market(feed, fleet),
            make_host=self._host,
            recorder=self._then,
            ids=ClientOrderIds(0),
        )

    def _host(self, entry: StrategyEntry, fleet: Fleet) -> Host:
        had_process = entry.isolation == "process"
        if has_changed(entry, fleet):
            self._changed.add(entry.id)
        return ReplayedHost(
            make_container(entry, fleet),
            self._watchdog,
            had_process=had_process,
            runs_free=had_process and self.script.has_live_tape,
            lost_here=lambda strategy: None if self._comparison is None else self._comparison.lost_here(strategy),
        )

    # How it goes on.

    def _compared(self, floor: Floor, after: int, until: int) -> Comparison:
        steps = self.script.steps(after, until, self._course.to_ns)
        return Comparison(floor.lockstep, steps, self.tally, self._then, recorded=self._recorded)

    async def _repeat(self, floor: Floor, after: int, until: int, end_event: int) -> None:
        """Carry everything between two places in the journal; the last event of that is known."""
        comparison = self._comparison = self._compared(floor, after, until)
        is_live = isinstance(floor, ReplayedLiveFloor)
        await self._repeat_from_outside(floor, comparison)
        coming = self._of_tape(floor, after, until) if is_live else self._of_feed(floor, end_event)
        for one in coming:
            if self._course.is_paced:
                await self._course.until_due(one.ts_ns)
            if self._course.is_to_stop():
                return
            for step in one.steps():
                await self._carry(floor, comparison, step)
                if not is_live and floor.lockstep.events >= end_event:
                    break  # what else was due then is not known to have come to its end
            if isinstance(floor, ReplayedLiveFloor) and (command := floor.hosts.overdue(one.ts_ns)) is not None:
                raise comparison.miss(record_of(command), None, "nobody took it within a minute")
            self._course.passed(floor.lockstep.events)
        await self._repeat_what_no_event_follows(floor, comparison, 0 if is_live else end_event)
        comparison.end()

    async def _repeat_what_no_event_follows(self, floor: Floor, comparison: Comparison, end_event: int) -> None:
        """At the feed's end, or a time that was given, bars and timers may still have been due."""
        to_ns, lockstep = self._course.to_ns, floor.lockstep
        if not comparison.has_more and lockstep.events >= end_event:
            return
        for step in lockstep.steps_until(to_ns if to_ns < self.script.end_ns else lockstep.sequencer.last_ns):
            await self._carry(floor, comparison, step)
            if not comparison.has_more and lockstep.events >= end_event:
                return

    def _of_feed(self, floor: Floor, end_event: int) -> Iterator[Coming]:
        while floor.lockstep.events < end_event:
            event = floor.upcoming()
            if event is None or event.ts_ns > self._course.to_ns:
                return
            yield Coming(event.ts_ns, floor.upcoming_steps)

    def _of_tape(self, floor: Floor, after: int, until: int) -> Iterator[Coming]:
        assert isinstance(floor, LiveFloor)
        for taped in self.script.inputs(after, until, self._course.to_ns):
            yield Coming(taped.ts_ns, partial(floor.steps_of, taped))

    async def _carry(self, floor: Floor, comparison: Comparison, step: Step) -> None:
        comparison.expect_event()
        if isinstance(floor, LiveFloor):
            floor.hosts.carry(step)
        else:
            await floor.hosts.complete(step)
        comparison.settle()
        if comparison.is_from_outside:
            await self._repeat_from_outside(floor, comparison)

    async def _repeat_from_outside(self, floor: Floor, comparison: Comparison) -> None:
        for cause in comparison.from_outside():
            await self._repeat_one(floor, comparison, cause)
        if isinstance(market := floor.lockstep.market, VenueSession):
            market.requests.take()  # nobody sends what the session asks for; its answers are journaled

    async def _repeat_one(self, floor: Floor, comparison: Comparison, cause: FromOutside) -> None:
        if not isinstance(floor, LiveFloor):
            assert isinstance(cause, Operation), f"{cause} on a feed that has a past"
            await floor.operate(cause)
            return
        match cause:
            case Operation():
                floor.operate_at_once(cause)
            case CommandsTaken():
                floor.take(self._taken(floor, comparison, cause))
            case FeedTold():
                floor.tell(cause)
            case _:
                floor.hear(cause)

    def _taken(self, floor: Floor, comparison: Comparison, cause: CommandsTaken) -> list[Command]:
        host = floor.hosts[cause.strategy]
        assert isinstance(host, ReplayedHost), cause.strategy
        return comparison.taken(host.take_until(cause.n), cause)


@contextmanager
def _saying_who_does_not_fit() -> Iterator[None]:
    mend = "put its old code back, or repeat another strategy alone: --container ID"
    try:
        yield
    except StrategyNotLoaded as error:
        raise StrategyNotLoaded(str(error), mend=mend) from error
    except InvalidParameters as error:
        raise StrategyNotLoaded(f"{error}; the parameters are those of the journal", mend=mend) from error
    except UnsupportedState as error:
        raise StateNotKept(str(error), mend=f"{mend}; or begin where it was started, without --from") from error
