"""What several free containers hear alike goes to all of them in one frame, made once.

Events gather until the loop comes round, and a little longer where sending them is what takes the time. One to whom
something else has to be told in between, or who is behind, is told by itself.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from daemon.hosts import wire
from daemon.hosts.free import FreeHost
from daemon.hosts.outbox import MOST_IN_FRAME
from daemon.hosts.window import LEAST
from trading.market_data import Event

EVENTS_TO_A_SIGN: Final = LEAST // 2
SECONDS_TO_A_SIGN: Final = 0.05
"""After how much a child is asked to say that it has heard: every sign wakes the supervisor, but without one in each
window nothing more would be sent."""


class Gathered(NamedTuple):
    """One event, its number and its msgpack."""

    event: Event
    number: int
    encoded: bytes


class Lane:
    """The free containers of one audience."""

    def __init__(self, hosts: Sequence[FreeHost]) -> None:
        self._hosts = hosts
        self._loop = asyncio.get_running_loop()
        self._gathered: list[Gathered] = []
        self._apart: set[FreeHost] = set()
        self._flush_is_due = False
        self._rest_until = 0.0
        self._since_sign = 0
        self._signed_at = 0.0

    def put(self, event: Event, number: int, encoded: bytes) -> None:
        """Tell all of them, in one frame with what gathers until then."""
        self._gathered.append(Gathered(event, number, encoded))
        for host in self._apart:
            host.hear([], event, number=number, encoded=encoded)
        if not self._flush_is_due:
            self._flush_is_due = True
            self._loop.call_at(self._rest_until, self.flush)

    def part_with(self, host: FreeHost) -> None:
        """Tell one of them by itself, until the next frame is sent, since it hears something of its own."""
        if self._gathered and host not in self._apart:
            self._apart.add(host)
            self._tell(host)

    def flush(self) -> None:
        """Send what has gathered."""
        began = self._loop.time()
        self._flush_is_due = False
        for begin in range(0, len(self._gathered), MOST_IN_FRAME):
            self._send(self._gathered[begin : begin + MOST_IN_FRAME], began)
        self._gathered = []
        self._apart.clear()
        ended = self._loop.time()
        self._rest_until = ended + (ended - began)

    def _send(self, gathered: Sequence[Gathered], now: float) -> None:
        events = [one.encoded for one in gathered]
        self._since_sign += len(events)
        sign = self._since_sign >= EVENTS_TO_A_SIGN or now - self._signed_at > SECONDS_TO_A_SIGN
        if sign:
            self._since_sign, self._signed_at = 0, now
        frame = wire.frame(wire.Hear([], wire.packed(events), free=True, sign=sign))
        for host in self._hosts:
            if host in self._apart:
                continue
            if host.is_level(len(events)):
                host.tell(frame, events, gathered[-1].event.ts_ns, sign=sign)
            else:
                self._tell(host, gathered)

    def _tell(self, host: FreeHost, gathered: Sequence[Gathered] | None = None) -> None:
        for one in self._gathered if gathered is None else gathered:
            host.hear([], one.event, number=one.number, encoded=one.encoded)
