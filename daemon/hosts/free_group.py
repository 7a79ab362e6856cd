"""All hosts together where nobody is waited for."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from daemon.hosts import wire
from daemon.hosts.free import FreeHost, FreeOwner
from daemon.hosts.group import HostGroup
from daemon.hosts.lane import Lane
from daemon.hosts.port import Host
from trading.commands import Command
from trading.lockstep import Delivery, Step
from trading.market_data import Event, Timer
from trading.postings import Report


class Ways(NamedTuple):
    """How an event comes to its subscribers: by a call, with others alike, or alone."""

    prompt: list[str]
    lanes: list[Lane]
    alone: list[FreeHost]


class FreeGroup(HostGroup):
    """Tells free containers what happens as it happens; those in this process are called, and answer at once."""

    def __init__(self, hosts: Iterable[Host]) -> None:
        super().__init__(hosts)
        self.free = {host.strategy: host for host in self if isinstance(host, FreeHost)}
        self._lanes: dict[str, Lane] = {}
        self._ways: dict[tuple[str, ...], Ways] = {}

    def carry(self, step: Step) -> None:
        """Carry a step through to its end."""
        try:
            delivery = next(step)
            while True:
                delivery = step.send(self._told(delivery))
        except StopIteration:
            return

    def belong_to(self, owner: FreeOwner, audiences: Mapping[str, str]) -> None:
        """Let all run free; `audiences` names for each one that hears the same."""
        for host in self.free.values():
            host.belong_to(owner)
        together: dict[str, list[FreeHost]] = {}
        for strategy, audience in audiences.items():
            together.setdefault(audience, []).append(self.free[strategy])
        for hosts in together.values():
            lane = Lane(hosts)
            self._lanes.update({host.strategy: lane for host in hosts})
        self._ways.clear()

    def states(self) -> "asyncio.Future[dict[str, Any]]":
        """A snapshot of every container, of after all that it was told by now."""
        self.flush()
        return super().states()

    def flush(self) -> None:
        """Send what gathers."""
        for lane in dict.fromkeys(self._lanes.values()):
            lane.flush()

    def leave_out(self, numbers: Mapping[str, frozenset[int]]) -> None:
        """Repeat what was conflated, by strategy."""
        for strategy, left_out in numbers.items():
            self.free[strategy].leave_out(left_out)

    def _told(self, delivery: Delivery) -> list[Command]:
        if delivery.seal:
            self[delivery.seal].seal(delivery.reason)
        if not (delivery.reports or delivery.event is None or type(delivery.event) is Timer):
            return self._event_told(delivery.event, delivery.subscribers, delivery.number)
        commands: list[Command] = []
        heard: dict[str, list[Report]] = {strategy: [] for strategy in delivery.subscribers}
        for report in delivery.reports:
            heard.setdefault(report.strategy, []).append(report)
        for strategy, reports in heard.items():
            event = delivery.event if strategy in delivery.subscribers else None
            host = self.free.get(strategy)
            if host is None:
                commands += self[strategy].hear(reports, event) or ()
                continue
            if (lane := self._lanes.get(strategy)) is not None:
                lane.part_with(host)
            host.hear(reports, event, number=delivery.number)
        return commands

    def _event_told(self, event: Event, subscribers: tuple[str, ...], number: int) -> list[Command]:
        ways = self._ways.get(subscribers)
        if ways is None:
            ways = self._ways[subscribers] = self._ways_to(subscribers)
        commands: list[Command] = []
        for strategy in ways.prompt:
            commands += self[strategy].hear([], event) or ()
        encoded = wire.encoded(event) if ways.lanes or ways.alone else b""
        for lane in ways.lanes:
            lane.put(event, number, encoded)
        for host in ways.alone:
            host.hear([], event, number=number, encoded=encoded)
        return commands

    def _ways_to(self, subscribers: tuple[str, ...]) -> "Ways":
        free = [strategy for strategy in subscribers if strategy in self.free]
        return Ways(
            prompt=[strategy for strategy in subscribers if strategy not in self.free],
            lanes=list(dict.fromkeys(self._lanes[strategy] for strategy in free if strategy in self._lanes)),
            alone=[self.free[strategy] for strategy in free if strategy not in self._lanes],
        )
