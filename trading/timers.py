"""The strategies' timers: each rings as an event of its own, at its place in the order of all events."""

from collections.abc import Sequence
from typing import Any

import msgspec

from trading.commands import ScheduleTimer
from trading.market_data import Timer
from trading.sequencer import NEVER, TIMER, Key


class Timers:
    """Holds what is scheduled. `strategies` stand in the order of the config; `next_ns` is when the first one rings."""

    def __init__(self, strategies: Sequence[str]) -> None:
        self.next_ns = NEVER
        self._place = {strategy: place for place, strategy in enumerate(strategies)}
        self._scheduled: dict[tuple[str, str], ScheduleTimer] = {}

    def schedule(self, timer: ScheduleTimer, now_ns: int) -> None:
        """Set a strategy's timer; one of the same name is replaced, one in the past rings next."""
        at_ns = max(timer.at_ns, now_ns)
        self._scheduled[timer.strategy, timer.name] = msgspec.structs.replace(timer, at_ns=at_ns)
        self._find_next()

    def ring_before(self, limit: Key) -> Timer | None:
        """The first timer that stands before a place in the order, None when there is none."""
        if limit[0] < self.next_ns:
            return None
        first = min(self._scheduled.values(), key=self._key)
        if self._key(first) >= limit:
            return None
        self._ring(first)
        return Timer(first.strategy, first.at_ns, first.name)

    def next_of(self, strategy: str) -> int:
        """When a strategy's first timer rings; NEVER when it has none."""
        if self.next_ns == NEVER:
            return NEVER
        return min((timer.at_ns for timer in self._scheduled.values() if timer.strategy == strategy), default=NEVER)

    def state(self) -> list[ScheduleTimer]:
        """Everything that `restore` needs."""
        return list(self._scheduled.values())

    def restore(self, state: Sequence[Any]) -> None:
        """Become the timers that gave this state."""
        timers = msgspec.convert(state, list[ScheduleTimer])
        self._scheduled = {(timer.strategy, timer.name): timer for timer in timers}
        self._find_next()

    def _key(self, timer: ScheduleTimer) -> Key:
        return timer.at_ns, TIMER, 0, self._place[timer.strategy]

    def _ring(self, timer: ScheduleTimer) -> None:
        del self._scheduled[timer.strategy, timer.name]
        if timer.every_ns:
            again = msgspec.structs.replace(timer, at_ns=timer.at_ns + timer.every_ns)
            self._scheduled[timer.strategy, timer.name] = again
        self._find_next()

    def _find_next(self) -> None:
        self.next_ns = min((timer.at_ns for timer in self._scheduled.values()), default=NEVER)
