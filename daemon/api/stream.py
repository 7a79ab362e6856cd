"""What happens, as it happens, to whoever listens. Publishing never waits: a listener that falls behind is let go and
told so, and asks again for what it missed by `orders`, `fills` and `postings`."""

import asyncio
from collections import deque
from types import TracebackType

import msgspec

from daemon.api.account_views import PostingView
from daemon.api.order_views import BreakView
from daemon.api.views import FillView, OrderView
from daemon.plain import plain_json

QUEUE_LIMIT = 1_000
"""Events that may wait for one listener."""


class Filled(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="fill"):
    """An order filled, in whole or in part."""

    fill: FillView


class OrderChanged(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="order"):
    """An order came to another state."""

    order: OrderView


class Booked(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="posting"):
    """A book changed, or its owner was told something, without an order."""

    posting: PostingView


class Operated(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="operation"):
    """An operator did something: halted or resumed trading, moved something, said what became of an order."""

    action: str
    ts: str
    reason: str


class Disagreed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="break"):
    """The books and the venue do not agree on something, or did not: news of that, once."""

    found: BreakView


class Lagged(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="lagged"):
    """The last line to a listener that fell behind."""

    message: str


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="heartbeat"):
    """Nothing happened for a while, and the daemon is there."""


Happening = Filled | OrderChanged | Booked | Operated | Disagreed
Line = Happening | Lagged | Heartbeat


class Subscription:
    """One listener's bounded queue of encoded lines; a context manager that signs off at its end."""

    def __init__(self, stream: "EventStream", limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._lines: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self.open = True
        self.lagged = False

    def push(self, line: bytes) -> None:
        """Queue a line; one too many ends the subscription."""
        if len(self._lines) >= self._limit:
            self.lagged = True
            self.close()
        else:
            self._lines.append(line)
            self._wake.set()

    def close(self) -> None:
        """Take nothing more; what is queued is still handed out."""
        self.open = False
        self._stream.forget(self)
        self._wake.set()

    async def lines(self) -> bytes:
        """Wait for lines and take all that are queued; empty once closed and drained."""
        await self._wake.wait()
        taken = b"".join(self._lines)
        self._lines.clear()
        if self.open:
            self._wake.clear()
        return taken

    def __enter__(self) -> "Subscription":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class EventStream:
    """Hands what is published to every subscription."""

    def __init__(self, limit: int = QUEUE_LIMIT) -> None:
        self._limit = limit
        self._subscriptions: set[Subscription] = set()

    @property
    def heard(self) -> bool:
        """Whether anybody listens; ask before building what to publish."""
        return bool(self._subscriptions)

    def publish(self, happening: Happening) -> None:
        """Queue one line for every listener."""
        line = encode_line(happening)
        for subscription in tuple(self._subscriptions):
            subscription.push(line)

    def subscribe(self) -> Subscription:
        """A new listener; it hears what is published from now on."""
        subscription = Subscription(self, self._limit)
        self._subscriptions.add(subscription)
        return subscription

    def forget(self, subscription: Subscription) -> None:
        """Stop queueing for a listener."""
        self._subscriptions.discard(subscription)


def encode_line(line: Line) -> bytes:
    """One line of newline-delimited JSON."""
    return plain_json(line) + b"\n"
