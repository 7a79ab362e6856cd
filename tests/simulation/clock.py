"""The clock of the tests: time passes when the test says so."""

import asyncio
import heapq
from itertools import count

SETTLE = 20
"""Passes of the event loop that tasks get after each wake-up, to answer one another before time goes on; fewer where
none of them has anything to do any more."""


class SimulatedClock:
    """Wakes sleepers in the order of their deadlines, equal ones in the order in which they lay down."""

    def __init__(self, wall_ns: int = 1_767_225_600_000_000_000) -> None:
        self._now_ns = 0
        self._wall_offset_ns = wall_ns
        self._tickets = count()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []

    def wall_ns(self) -> int:
        """Nanoseconds since the Unix epoch."""
        return self._now_ns + self._wall_offset_ns

    def monotonic_ns(self) -> int:
        """Nanoseconds since this clock was made."""
        return self._now_ns

    async def sleep(self, duration_ns: int) -> None:
        """Wait until the test has let that much time pass."""
        await self.sleep_until(self._now_ns + duration_ns)

    async def sleep_until(self, deadline_ns: int) -> None:
        """Wait until the test has let time pass that moment."""
        if deadline_ns <= self._now_ns:
            await asyncio.sleep(0)
            return
        alarm = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (deadline_ns, next(self._tickets), alarm))
        await alarm

    async def advance(self, duration_ns: int) -> None:
        """Let time pass, stopping at each deadline on the way."""
        end_ns = self._now_ns + duration_ns
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= end_ns:
            self._now_ns, _, alarm = heapq.heappop(self._sleepers)
            if not alarm.done():
                alarm.set_result(None)
            await _settle()
        self._now_ns = end_ns

    def hold_up(self, duration_ns: int) -> None:
        """Let time pass in which nobody is woken, as in a call that does not return."""
        self._now_ns += duration_ns

    def step_wall(self, by_ns: int) -> None:
        """Step the wall clock, forwards or back, as an operator or a time server does."""
        self._wall_offset_ns += by_ns


async def _settle() -> None:
    ready = getattr(asyncio.get_running_loop(), "_ready")  # noqa: B009 - asyncio's own, which types do not know of
    idle = 0
    for _ in range(SETTLE):
        await asyncio.sleep(0)
        idle = 0 if ready else idle + 1
        if idle == 2:
            return
