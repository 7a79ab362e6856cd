"""The host port: one container, wherever it lives. A host may have to wait for its container; the core never does."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from trading.commands import Command
from trading.container import ContainerState
from trading.market_data import Bar, Event
from trading.reports import ExecutionReport
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

    async def start(self, now_ns: int) -> Started:
        """Start the strategy."""

    async def warm(self, bar: Bar) -> None:
        """Let it hear a bar of the past."""

    async def run(self) -> list[Command]:
        """End its warm-up."""

    async def hear(self, reports: list[ExecutionReport], event: Event | None) -> list[Command]:
        """Let it hear its reports, then the event if there is one; what it asks for comes back in order."""

    async def seal(self, reason: str) -> None:
        """Close it from outside."""

    async def beat(self) -> Vital:
        """How it is."""

    async def state(self) -> dict[str, Any]:
        """A snapshot, of plain values; UnsupportedState names what cannot be kept."""

    async def restore(self, state: Mapping[str, Any]) -> Started:
        """Go on from a snapshot."""

    async def restore_books(self, state: Mapping[str, Any]) -> None:
        """Take over orders and portfolio only; `start` follows."""

    async def close(self) -> None:
        """End it; nothing of it stays."""
