"""All hosts together: they carry out a step's deliveries and gather the answers."""

from collections.abc import Iterable, Iterator
from typing import Any

from daemon.hosts.port import Host
from trading.commands import Command
from trading.errors import UnsupportedState
from trading.lockstep import Delivery, Step
from trading.reports import ExecutionReport
from trading.warmup import Warming


class HostGroup:
    """The hosts by strategy, in the order of the config."""

    def __init__(self, hosts: Iterable[Host]) -> None:
        self._hosts = {host.strategy: host for host in hosts}

    def __iter__(self) -> Iterator[Host]:
        return iter(self._hosts.values())

    def __getitem__(self, strategy: str) -> Host:
        return self._hosts[strategy]

    async def complete(self, step: Step) -> None:
        """Carry a step through to its end."""
        try:
            delivery = next(step)
            while True:
                delivery = step.send(await self._deliver(delivery))
        except StopIteration:
            return

    async def warm(self, warming: Warming) -> None:
        """Bring a bar of the past to those who asked for it."""
        for strategy in warming.subscribers:
            await self._hosts[strategy].warm(warming.bar)

    async def states(self) -> dict[str, Any]:
        """A snapshot of every container."""
        states: dict[str, Any] = {}
        for strategy, host in self._hosts.items():
            try:
                states[strategy] = await host.state()
            except UnsupportedState as error:
                raise UnsupportedState(f"{strategy}: {error}") from error
        return states

    async def close(self) -> None:
        """End every container."""
        for host in self._hosts.values():
            await host.close()

    async def _deliver(self, delivery: Delivery) -> list[Command]:
        if delivery.seal:
            await self._hosts[delivery.seal].seal(delivery.reason)
        reports: dict[str, list[ExecutionReport]] = dict.fromkeys(delivery.subscribers, _NONE)
        for report in delivery.reports:
            if (heard := reports.get(report.strategy, _NONE)) is _NONE:
                heard = reports[report.strategy] = []
            heard.append(report)
        commands: list[Command] = []
        for strategy, heard in reports.items():
            event = delivery.event if strategy in delivery.subscribers else None
            commands += await self._hosts[strategy].hear(heard, event)
        return commands


_NONE: list[ExecutionReport] = []
