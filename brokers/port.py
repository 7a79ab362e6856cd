"""The port through which requests leave and the venue's words come back; venues' adapters and our own markets
implement it.

It is async because a venue answers when it likes. Everything that becomes of a request, and everything that the venue
says of itself, reaches the sink as a message, in the order in which the broker heard it; nothing is raised for it. A
broker sends each request once, and asks nothing of its own accord.
"""

from collections.abc import Callable
from typing import Protocol

from brokers.errors import NotAllowedInLive
from trading.capabilities import Capabilities
from trading.venue.messages import Request, VenueMessage
from trading.venue.profile import VenueProfile

MessageSink = Callable[[VenueMessage], None]


class Broker(Protocol):
    """Where orders go. `account` tells accounts apart, and is no secret. NotConnected from `perform` outside of
    `connect` and `close`."""

    name: str
    label: str
    account: str
    live_allowed: bool
    capabilities: Capabilities
    profile: VenueProfile

    async def connect(self) -> None:
        """Be able to send, and listen to what the venue pushes: StreamUp and StreamDown tell whether it does."""

    async def perform(self, request: Request) -> None:
        """Send one request, and return once the sink has what became of it: an answer, RequestRefused, RequestUnsent,
        RateLimited, or, when its time is up or the line breaks, RequestLost. Several may be under way at a time."""

    async def close(self) -> None:
        """Let go of the connection; orders stay as they are. Closing twice is closing once."""


def require_live_allowed(broker: Broker | type[Broker]) -> None:
    """NotAllowedInLive when nothing that is sent to this broker would reach a venue."""
    if not broker.live_allowed:
        raise NotAllowedInLive(
            f"broker {broker.name} ({broker.label}) reaches no venue and is refused in mode: live; "
            "set mode: paper, or name a venue under broker"
        )
