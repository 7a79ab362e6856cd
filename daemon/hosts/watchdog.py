"""The watchdog over strategies that share the daemon's process: it names the one that stalls.

A stalled strategy blocks the event loop, so a thread of its own looks. It cannot end the call; it says whose it is and
where it hangs, and the one that came back late is tripped afterwards.
"""

import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import NamedTuple, Self

import msgspec

from daemon.clock import Clock
from trading.timestamps import SECOND

log = logging.getLogger(__name__)


class Stall(NamedTuple):
    """A strategy that took too long, and for how long."""

    strategy: str
    seconds: float


class _Call(msgspec.Struct, frozen=True, gc=False):
    strategy: str
    began_ns: int


class Watchdog:
    """Watches the thread that made it, while it is entered as a context."""

    def __init__(self, clock: Clock, stall_seconds: float) -> None:
        self.stalls: list[Stall] = []
        self._clock = clock
        self._limit_ns = int(stall_seconds * SECOND)
        self._call: _Call | None = None
        self._watched = threading.get_ident()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def begin(self, strategy: str) -> None:
        """Whatever happens from here to `end`, which must follow, is this strategy's."""
        self._call = _Call(strategy, self._clock.monotonic_ns())

    def end(self) -> None:
        """The call is over; it stays known if it took too long."""
        call, self._call = self._call, None
        assert call is not None, "no call has begun"
        took_ns = self._clock.monotonic_ns() - call.began_ns
        if took_ns > self._limit_ns:
            self.stalls.append(Stall(call.strategy, took_ns / SECOND))

    @contextmanager
    def watching(self, strategy: str) -> Iterator[None]:
        """From `begin` to `end`, for what does not happen at every event."""
        self.begin(strategy)
        try:
            yield
        finally:
            self.end()

    def take_stalls(self) -> list[Stall]:
        """Those that stalled since last asked."""
        stalls, self.stalls = self.stalls, []
        return stalls

    def look(self) -> _Call | None:
        """The call that is over its time now, if one is."""
        call = self._call
        if call is not None and self._clock.monotonic_ns() - call.began_ns > self._limit_ns:
            return call
        return None

    def _watch(self) -> None:
        named: _Call | None = None
        while not self._stop.wait(self._limit_ns / SECOND / 4):
            call = self.look()
            if call is not None and call is not named:
                named = call
                self._name(call)

    def _name(self, call: _Call) -> None:
        frame = sys._current_frames().get(self._watched)
        stack = "".join(traceback.format_stack(frame)) if frame is not None else ""
        log.error(
            "stalled for over %.1f s; everything waits for it",
            self._limit_ns / SECOND,
            extra={"strategy": call.strategy, "stack": stack},
        )
