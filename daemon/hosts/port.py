"""The host port: one container, wherever it lives. A host may have to wait for its container; the core never does."""

from collections.abc import Awaitable, Mapping
from typing import Any, Protocol

import msgspec

from trading.commands import Command
from trading.container import ContainerState
from trading.market_data import Bar, Event
from trading.postings import Report
from trading.subscriptions import Subscription


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a start: what the strategy hears from now on, and what it asked for."""

    subscriptions: list[Subscription]
    commands: list[Command]


class Vital(msgspec.Struct, frozen=True, kw_only=True):
    """One heartbeat: how many reports are booked, and the digest of the books after them."""

    life: ContainerState
    reports: int
    digest: str


class Host(Protocol):
    """Keeps one container and brings it what it is to hear."""

    strategy: str
    isolation: str

    @property
    def keeps_books(self) -> bool:
        """Whether its own books go on; those of a container that has tripped and is gone are the ledger's alone."""

    @property
    def restarts(self) -> int:
        """How often its process was started again in this life of the daemon."""

    @property
    def conflated(self) -> int:
        """How many quotes it was not told, since it lagged and newer ones had come."""

    @property
    def lags(self) -> bool:
        """Whether it is so far behind that it hears only the newest quotes."""

    async def start(self, now_ns: int) -> Started:
        """Start the strategy."""

    async def warm(self, bar: Bar) -> None:
        """Let it hear a bar of the past."""

    async def run(self) -> list[Command]:
        """End its warm-up."""

    def hear(self, reports: list[Report], event: Event | None) -> list[Command] | None:
        """Let it hear its reports, then the event if there is one; what it asks for comes back in order.

        None when that has to be waited for.
        """

    def seal(self, reason: str) -> None:
        """Close it from outside."""

    async def beat(self) -> Vital:
        """How it is."""

    def state(self) -> Awaitable[dict[str, Any]]:
        """A snapshot, of plain values, of after all that it was told by now; UnsupportedState names what cannot be
        kept."""

    async def restore(self, state: Mapping[str, Any]) -> Started:
        """Go on from a snapshot."""

    async def restore_books(self, state: Mapping[str, Any]) -> None:
        """Take over orders and portfolio only; `start` follows."""

    async def close(self) -> None:
        """End it; nothing of it stays."""
