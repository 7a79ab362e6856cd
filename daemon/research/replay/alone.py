"""One strategy of a journal repeated on its own: what it hears of gate and market comes from the journal.

The others are not looked at. Those whose code is what it was run with it, for the timers that they set; those whose
code has changed, or is gone, are silent.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import structs

from daemon.errors import StrategyNotLoaded, UnknownStrategy
from daemon.fleet import Fleet, FleetChange, StrategyEntry
from daemon.floor import Floor, FloorState
from daemon.hosts.port import Host
from daemon.research.replay.comparison import Comparison, Tally
from daemon.research.replay.course import Course
from daemon.research.replay.ground import Ground
from daemon.research.replay.hosts import ReplayedHost, SilentHost
from daemon.research.replay.runner import Runner
from daemon.research.replay.script import Place, Script
from daemon.research.replay.sole import SoleComparison, SoleFloor, SoleLiveFloor, SoleLockStep
from daemon.research.replay.starts import before_start, has_changed
from trading.account.records import CommandsTaken
from trading.commands import Command
from trading.recorder import Recorder

DRIFTED: Final = (
    "strategies that did not run have set timers on the way: of events of one time one may have been taken for another"
)


class SoleRunner(Runner):
    """Repeats one strategy of a script, as long as it was there. UnknownStrategy where it never was."""

    stepped_kind = SoleFloor
    live_kind = SoleLiveFloor

    def __init__(
        self, script: Script, ground: Ground, course: Course, tally: Tally, then: Recorder, *, strategy: str
    ) -> None:
        super().__init__(script, ground, course, tally, then)
        self.strategy = strategy
        self._journaled: Mapping[str, Any] = {}
        self._comparisons: list[SoleComparison] = []
        places = [one for one in script.places if one.fleet.entry(strategy) is not None]
        if not places:
            raise UnknownStrategy(
                f"no strategy {strategy!r} in this journal", mend=f"those in it: {', '.join(script.strategies)}"
            )
        self.place = next((one for one in reversed(places) if one.sequence <= self.place.sequence), places[0])

    @property
    def warnings(self) -> list[str]:
        """What is not as it was, or may not be exact."""
        return [*super().warnings, *([DRIFTED] if any(one.drifted for one in self._comparisons) else [])]

    async def _begun(self, place: Place) -> Floor:
        return await self._on(place, self.script.state_at(place))

    async def _turned(self, floor: Floor, turn: Place) -> Floor | None:
        if turn.fleet.entry(self.strategy) is None:
            return None
        state = self.script.state_at(turn)
        running = [host for host in floor.hosts if isinstance(host, ReplayedHost)]
        going_on = [host for host in running if host.strategy in state.containers and host.strategy not in turn.fresh]
        own = {host.strategy: await host.state() for host in going_on}
        await floor.hosts.close()
        return await self._on(turn, structs.replace(state, containers={**state.containers, **own}))

    async def _on(self, place: Place, state: FloorState) -> Floor:
        """The floor of a place; who was started there is started again, if it runs at all."""
        self._journaled = state.containers
        plan = self._plan(place.fleet, state)
        fresh = [one for one in place.fresh if self._runs(place.fleet, one)]
        if not fresh:
            return await self._reopened(plan, state)
        floor = await self._kind.rearrange(plan, before_start(state, fresh), place.fleet, FleetChange(renewed=fresh))
        self._settle_in(floor, state, fresh)
        return floor

    def _compared(self, floor: Floor, after: int, until: int) -> Comparison:
        assert isinstance(floor.lockstep, SoleLockStep)
        comparison = SoleComparison(
            floor.lockstep,
            self.script.steps(after, until, self._course.to_ns),
            self.tally,
            self._then,
            strategy=self.strategy,
            running=frozenset(host.strategy for host in floor.hosts if isinstance(host, ReplayedHost)),
            may_hold=floor.fleet.limits.self_trade in ("hold", "cancel_resting"),
            take=lambda cause: self._taken(floor, comparison, cause),
        )
        self._comparisons.append(comparison)
        return comparison

    def _taken(self, floor: Floor, comparison: Comparison, cause: CommandsTaken) -> list[Command]:
        if cause.strategy == self.strategy:
            return super()._taken(floor, comparison, cause)
        host = floor.hosts[cause.strategy]
        return host.take_until(cause.n) if isinstance(host, ReplayedHost) else []

    def _host(self, entry: StrategyEntry, fleet: Fleet) -> Host:
        if self._runs(fleet, entry.id):
            return super()._host(entry, fleet)
        return SilentHost(entry.id, self._journaled[entry.id])

    def _runs(self, fleet: Fleet, strategy: str) -> bool:
        if strategy == self.strategy:
            return True
        entry = fleet.entry(strategy)
        try:
            return entry is not None and not has_changed(entry, fleet)
        except StrategyNotLoaded:
            return False
