"""All hosts together where nobody is waited for."""

from collections.abc import Iterable, Mapping

from daemon.hosts import wire
from daemon.hosts.free import FreeHost, FreeOwner
from daemon.hosts.group import HostGroup
from daemon.hosts.port import Host
from trading.commands import Command
from trading.lockstep import Delivery, Step
from trading.reports import ExecutionReport


class FreeGroup(HostGroup):
    """Tells free containers what happens as it happens; those in this process are called, and answer at once."""

    def __init__(self, hosts: Iterable[Host]) -> None:
        super().__init__(hosts)
        self.free = {host.strategy: host for host in self if isinstance(host, FreeHost)}

    def carry(self, step: Step) -> None:
        """Carry a step through to its end."""
        try:
            delivery = next(step)
            while True:
                delivery = step.send(self._told(delivery))
        except StopIteration:
            return

    def belong_to(self, owner: FreeOwner) -> None:
        """Let all run free."""
        for host in self.free.values():
            host.belong_to(owner)

    def leave_out(self, numbers: Mapping[str, frozenset[int]]) -> None:
        """Repeat what was conflated, by strategy."""
        for strategy, left_out in numbers.items():
            self.free[strategy].leave_out(left_out)

    def _told(self, delivery: Delivery) -> list[Command]:
        if delivery.seal:
            self[delivery.seal].seal(delivery.reason)
        commands: list[Command] = []
        event, encoded = delivery.event, b""
        heard: dict[str, list[ExecutionReport]] = {strategy: [] for strategy in delivery.subscribers}
        for report in delivery.reports:
            heard.setdefault(report.strategy, []).append(report)
        for strategy, reports in heard.items():
            its_event = event if strategy in delivery.subscribers else None
            host = self.free.get(strategy)
            if host is None:
                commands += self[strategy].hear(reports, its_event) or ()
                continue
            if its_event is not None:
                encoded = encoded or wire.encoded(its_event)
            host.hear(reports, its_event, number=delivery.number, encoded=encoded)
        return commands
