"""The port through which orders leave and reports come back; venues' adapters and our own markets implement it.

It is async because a venue answers when it likes. Reports reach the sink in the order in which the broker heard them;
what is refused is a report, never an exception.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

import msgspec

from brokers.errors import NotAllowedInLive
from trading.capabilities import Capabilities
from trading.commands import WireCommand
from trading.market import AccountSnapshot
from trading.orders import Side
from trading.reports import ExecutionReport

ReportSink = Callable[[ExecutionReport], None]


class OpenOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the venue has it: units ordered and filled; `cid` is empty where it was placed without one."""

    cid: str
    symbol: str
    side: Side
    quantity: Decimal
    filled: Decimal
    limit_price: Decimal | None


class Broker(Protocol):
    """Where orders go. NotConnected from `send`, `open_orders` and `account` outside of `connect` and `close`."""

    name: str
    label: str
    live_allowed: bool
    capabilities: Capabilities

    async def connect(self) -> None:
        """Be able to send."""

    async def send(self, command: WireCommand) -> None:
        """Bring one command to the venue; its answers reach the sink, perhaps before this returns."""

    async def open_orders(self) -> list[OpenOrder]:
        """Every order that still works at the venue, oldest first, whoever placed it."""

    async def account(self) -> AccountSnapshot:
        """Cash and positions as the venue has them."""

    async def close(self) -> None:
        """Let go of the connection; orders stay as they are. Closing twice is closing once."""


def require_live_allowed(broker: Broker | type[Broker]) -> None:
    """NotAllowedInLive when nothing that is sent to this broker would reach a venue."""
    if not broker.live_allowed:
        raise NotAllowedInLive(
            f"broker {broker.name} ({broker.label}) reaches no venue and is refused in mode: live; "
            "set mode: paper, or name a venue under broker"
        )
