"""How a replay goes on: at what pace, and until when."""

from collections.abc import Callable
from typing import Final

from daemon.clock import Clock
from daemon.feeds.pacing import Pace
from trading.timestamps import LAST_NS, MILLISECOND

_NAP_NS: Final = 100 * MILLISECOND
"""How long it waits at most before it looks whether it is to stop."""

_TELL_EVERY: Final = 1_000
"""Inputs between two looks of whoever wants to know how far it is."""


class Course:
    """From the snapshot at or before `from_ns` up to `to_ns`, at a multiple of the feed's own time, or as fast as it
    goes where `speed` is None. `on_progress` is told now and then which event it has come to, and of how many."""

    def __init__(
        self,
        clock: Clock,
        *,
        from_ns: int = 0,
        to_ns: int = LAST_NS,
        speed: float | None = None,
        is_to_stop: Callable[[], bool] = lambda: False,
        on_progress: Callable[[int, int], None] = lambda *_: None,
    ) -> None:
        self.from_ns = from_ns
        self.to_ns = to_ns
        self.is_to_stop = is_to_stop
        self.is_paced = speed is not None
        self._clock = clock
        self._pace = Pace(speed)
        self._on_progress = on_progress
        self._passed = 0
        self._began_ns = 0
        self.end_event = 0

    def begin(self) -> None:
        """From now on it counts."""
        self._began_ns = self._clock.monotonic_ns()

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return (self._clock.monotonic_ns() - self._began_ns) / 1e9

    async def until_due(self, ts_ns: int) -> None:
        """Wait until something of that time is due, or until it is to stop."""
        while not self.is_to_stop():
            wait_ns = self._pace.wait_ns(ts_ns, self._clock.monotonic_ns())
            if not wait_ns:
                return
            await self._clock.sleep(min(wait_ns, _NAP_NS))

    def passed(self, event: int) -> None:
        """One input more is carried."""
        self._passed += 1
        if self._passed % _TELL_EVERY == 0:
            self._on_progress(event, self.end_event)
