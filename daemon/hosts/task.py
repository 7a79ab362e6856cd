"""The `task` host: the container lives in the daemon's own process and is called directly. For trusted strategies."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any

import msgspec

from daemon.hosts.port import Started, Vital
from daemon.hosts.watchdog import Watchdog
from trading.commands import Command
from trading.container import ScopedContainer
from trading.errors import UnsupportedState
from trading.market_data import Bar, Event
from trading.postings import Report


class TaskHost:
    """Calls its container under the eyes of a watchdog."""

    isolation = "task"

    keeps_books = True

    restarts = 0

    conflated = 0

    lags = False

    def __init__(self, container: ScopedContainer, watchdog: Watchdog) -> None:
        self.strategy = container.container_id
        self._container = container
        self._watchdog = watchdog

    async def start(self, now_ns: int) -> Started:
        """Start the strategy."""
        with self._watchdog.watching(self.strategy):
            commands = self._container.start(now_ns)
        return Started(subscriptions=self._container.subscriptions, commands=commands)

    async def warm(self, bar: Bar) -> None:
        """Let it hear a bar of the past."""
        with self._watchdog.watching(self.strategy):
            self._container.warm(bar)

    async def run(self) -> list[Command]:
        """End its warm-up."""
        return self._container.run()

    def hear(self, reports: list[Report], event: Event | None) -> list[Command]:
        """Let it hear its reports, then the event."""
        commands: list[Command] = []
        self._watchdog.begin(self.strategy)
        try:
            for report in reports:
                commands += self._container.on_report(report)
            if event is not None:
                commands += self._container.on_event(event)
        finally:
            self._watchdog.end()
        return commands

    def seal(self, reason: str) -> None:
        """Close it from outside."""
        self._container.seal(reason)

    async def beat(self) -> Vital:
        """How it is."""
        container = self._container
        return Vital(life=container.life, reports=container.reports, digest=container.portfolio.digest())

    def state(self) -> Awaitable[dict[str, Any]]:
        """A snapshot."""
        taken: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        try:
            taken.set_result(self._container.state())
        except UnsupportedState as error:
            taken.set_exception(error)
        return taken

    async def restore(self, state: Mapping[str, Any]) -> Started:
        """Go on from a snapshot; where it was one of a free container, with what was on its way from it."""
        self._container.restore(state)
        in_flight = msgspec.convert(state.get("in_flight", ()), list[Command])
        return Started(subscriptions=self._container.subscriptions, commands=in_flight)

    async def restore_books(self, state: Mapping[str, Any]) -> None:
        """Take over orders and portfolio only."""
        self._container.restore_books(state)

    async def close(self) -> None:
        """Tear the container down."""
        self._container.teardown_scope()
