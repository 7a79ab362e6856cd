"""The clock port. This module alone reads a clock; everything else is told the time."""

import asyncio
import time
from typing import Protocol

from trading.timestamps import SECOND


class Clock(Protocol):
    """Time and waiting, in nanoseconds. Deadlines are monotonic; wall time may step."""

    def wall_ns(self) -> int:
        """Nanoseconds since the Unix epoch, UTC."""

    def monotonic_ns(self) -> int:
        """Nanoseconds since an arbitrary moment; never goes back."""

    async def sleep(self, duration_ns: int) -> None:
        """Wait; zero or less lets the others run once."""

    async def sleep_until(self, deadline_ns: int) -> None:
        """Wait for a moment of `monotonic_ns`; one in the past lets the others run once."""


class SystemClock:
    """The operating system's clock."""

    def wall_ns(self) -> int:
        """Nanoseconds since the Unix epoch."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Nanoseconds of the monotonic clock."""
        return time.monotonic_ns()

    async def sleep(self, duration_ns: int) -> None:
        """Wait on the event loop."""
        await asyncio.sleep(max(0, duration_ns) / SECOND)

    async def sleep_until(self, deadline_ns: int) -> None:
        """Wait on the event loop for a moment of the monotonic clock."""
        await self.sleep(deadline_ns - self.monotonic_ns())


def worked_ns() -> int:
    """Nanoseconds for which a processor has worked for this thread; waiting does not count."""
    return time.thread_time_ns()


class SteadyTime:
    """Unix time that neither jumps nor goes back: the wall clock's when it was made, or `not_before_ns` where that is
    later, and what has passed since."""

    def __init__(self, clock: Clock, *, not_before_ns: int = 0) -> None:
        self._clock = clock
        self._ahead_ns = max(clock.wall_ns(), not_before_ns) - clock.monotonic_ns()

    def now_ns(self) -> int:
        """Nanoseconds since the Unix epoch."""
        return self._clock.monotonic_ns() + self._ahead_ns


class SteadyClock:
    """Another clock whose wall is `SteadyTime`: what is reckoned by it takes no notice of a clock that is set."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._time = SteadyTime(clock)

    def wall_ns(self) -> int:
        """Nanoseconds since the Unix epoch, as far as was known at the beginning."""
        return self._time.now_ns()

    def monotonic_ns(self) -> int:
        """Nanoseconds of the other's monotonic clock."""
        return self._clock.monotonic_ns()

    async def sleep(self, duration_ns: int) -> None:
        """Wait as the other does."""
        await self._clock.sleep(duration_ns)

    async def sleep_until(self, deadline_ns: int) -> None:
        """Wait as the other does."""
        await self._clock.sleep_until(deadline_ns)
