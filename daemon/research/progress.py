"""How far a run has come, told now and then: messages may be left out, the last one never is."""

from collections.abc import Callable
from typing import Final

import msgspec

from daemon.clock import Clock
from trading.timestamps import MILLISECOND

UPDATE_EVERY_NS: Final = 300 * MILLISECOND


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Events carried so far, in so many seconds, and the time of the last; `share` of the window's time, None where it
    has no end. `equity` is that of the account, in its currency; None while something in it has no rate to that."""

    name: str
    events: int
    seconds: float
    ts_ns: int
    share: float | None
    fills: int
    equity: str | None
    currency: str
    is_last: bool = False


Tell = Callable[[Progress], None]


class Throttle:
    """Lets a message pass every so often, by a clock that never goes back."""

    def __init__(self, clock: Clock, every_ns: int = UPDATE_EVERY_NS) -> None:
        self._clock = clock
        self._every_ns = every_ns
        self._next_ns = clock.monotonic_ns() + every_ns

    def is_due(self) -> bool:
        """Whether it is time for the next one; asked for it, the one after that is so much later."""
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._next_ns:
            return False
        self._next_ns = now_ns + self._every_ns
        return True
