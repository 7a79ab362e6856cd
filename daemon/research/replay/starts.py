"""Where strategies of a journal were started: what they began upon, and whether they begin in the same way now."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from daemon.fleet import Fleet, StrategyEntry
from daemon.floor import Floor, FloorState
from daemon.loading import code_of, file_of, load_class
from daemon.research.replay.divergence import Begun, Diverged, Divergence
from trading.commands import ScheduleTimer
from trading.subscriptions import Subscription


def has_changed(entry: StrategyEntry, fleet: Fleet) -> bool:
    """Whether the file of a strategy is not what it was then; StrategyNotLoaded where it is gone."""
    file = file_of(load_class(entry.reference, Path(fleet.folder)))
    return not file or code_of(Path(file)) != entry.code


def before_start(journaled: FloorState, fresh: Iterable[str]) -> FloorState:
    """A snapshot as it was before its fresh strategies were started: what those before them had asked for is still on
    its way, and their own commands are not counted yet."""
    containers = dict(journaled.containers)
    for strategy in fresh:
        asked = [command for command in journaled.lockstep["waiting"] if command["strategy"] == strategy]
        containers[strategy] = {**counting_from(strategy, containers[strategy], journaled), "in_flight": asked}
    return structs.replace(journaled, containers=containers)


def counting_from(strategy: str, saved: Mapping[str, Any], journaled: FloorState) -> dict[str, Any]:
    """A container's state with the counts of commands and orders that the journal has of it before it was started: one
    whose process was lost had taken its own along. It asks for nothing but timers then."""
    counted = journaled.containers[strategy]
    own = [timer["n"] for timer in journaled.lockstep["timers"] if timer["strategy"] == strategy]
    numbers = {name: counted["orders"][name] for name in ("numbered", "groups")}
    return {**saved, "n": min(own, default=counted["n"] + 1) - 1, "orders": {**saved["orders"], **numbers}}


def require_same_beginning(strategy: str, floor: Floor, journaled: FloorState) -> None:
    """Diverged where a strategy that starts hears something else, or is rung at other times."""
    lockstep = floor.lockstep
    then = _beginning(
        strategy,
        msgspec.convert(journaled.containers[strategy]["desk"]["subscriptions"], list[Subscription]),
        msgspec.convert(journaled.lockstep["timers"], list[ScheduleTimer]),
    )
    now = _beginning(strategy, floor.subscriptions[strategy], lockstep.timers.state())
    if now != then:
        raise Diverged(
            Divergence(event=lockstep.events, ts_ns=max(lockstep.now_ns, floor.feed.start_ns), journaled=then, came=now)
        )


def _beginning(strategy: str, subscriptions: Iterable[Subscription], timers: Iterable[ScheduleTimer]) -> Begun:
    """The numbers of what it asked for say nothing."""
    own = [structs.replace(timer, n=0) for timer in timers if timer.strategy == strategy]
    return Begun(strategy=strategy, subscriptions=list(subscriptions), timers=sorted(own, key=lambda one: one.name))
