"""All hosts together: they carry out a step's deliveries and gather the answers."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from typing import Any, cast

from daemon.errors import ContainerLost
from daemon.hosts.foresight import BEYOND, Foresight
from daemon.hosts.port import Host, Started
from daemon.hosts.stepping import LockStepHost
from trading.commands import Command, Trip
from trading.errors import UnsupportedState
from trading.lockstep import Delivery, Step
from trading.market_data import Timer
from trading.postings import Report
from trading.warmup import Warming


class HostGroup:
    """The hosts by strategy, in the order of the config."""

    def __init__(self, hosts: Iterable[Host]) -> None:
        self._hosts = {host.strategy: host for host in hosts}
        self._ahead = {host.strategy: host for host in self._hosts.values() if isinstance(host, LockStepHost)}
        self._stopped: list[LockStepHost] = []
        self._foresight: Foresight | None = None
        self._silent_until = 0
        self._prompt: dict[tuple[str, ...], tuple[str, ...]] = {}

    def __iter__(self) -> Iterator[Host]:
        return iter(self._hosts.values())

    def __getitem__(self, strategy: str) -> Host:
        return self._hosts[strategy]

    @property
    def ahead(self) -> Collection[str]:
        """The containers that hear ahead of the steps."""
        return self._ahead.keys()

    async def complete(self, step: Step) -> None:
        """Carry a step through to its end."""
        try:
            delivery = next(step)
            while True:
                commands, waiting = self._tell(delivery)
                if delivery.seal:
                    self._hosts[delivery.seal].seal(delivery.reason)
                for host in waiting:
                    commands += await host.answer()
                delivery = step.send(commands)
        except StopIteration:
            return

    def foresee(self, foresight: Foresight) -> None:
        """Let those hear ahead who can."""
        self._foresight = foresight
        self._stopped = []
        self._silent_until = 0
        for host in self._ahead.values():
            host.foresee(foresight)

    def run_ahead(self) -> None:
        """Between two steps: let those go on who stopped in the last, or have heard all that they were let hear."""
        stopped, self._stopped = self._stopped, []
        for host in stopped:
            host.run_ahead()
        if self._foresight is not None and not self._all_are_silent():
            for host in self._ahead.values():
                host.catch_up(self._foresight.place)
                host.run_ahead()

    def catch_up(self) -> None:
        """The window is at its end, and nothing is foreseen beyond it."""
        self._foresight = None
        for host in self._ahead.values():
            host.catch_up(BEYOND)

    def foretell(self, trips: Iterable[Trip]) -> None:
        """Tell of containers that were lost in the step that is to be repeated."""
        for trip in trips:
            self._ahead[trip.strategy].foretell(trip)

    async def all_made(self, make: Callable[[Host], Awaitable[Started]]) -> dict[str, Started]:
        """Every container made in one way, side by side; ContainerLost names the one that could not be."""
        made = await asyncio.gather(*(_made(host, make) for host in self._hosts.values()), return_exceptions=True)
        for one in made:
            if isinstance(one, BaseException):
                raise one
        return dict(zip(self._hosts, cast("list[Started]", made), strict=True))

    async def warm(self, warming: Warming) -> None:
        """Bring a bar of the past to those who asked for it."""
        for strategy in warming.subscribers:
            await self._hosts[strategy].warm(warming.bar)

    def states(self) -> "asyncio.Future[dict[str, Any]]":
        """A snapshot of every container, of after all that it was told by now."""
        begun = [host.state() for host in self._hosts.values()]
        return asyncio.ensure_future(self._gathered(begun))

    async def close(self) -> None:
        """End every container."""
        await asyncio.gather(*(host.close() for host in self._hosts.values()))

    async def _gathered(self, begun: Iterable[Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        states = await asyncio.gather(*begun, return_exceptions=True)
        for strategy, state in zip(self._hosts, states, strict=True):
            if isinstance(state, UnsupportedState):
                raise UnsupportedState(f"{strategy}: {state}") from state
            if isinstance(state, BaseException):
                raise state
        return dict(zip(self._hosts, states, strict=True))

    def _tell(self, delivery: Delivery) -> tuple[list[Command], list[LockStepHost]]:
        """What is asked for at once, and who is yet to answer."""
        commands: list[Command] = []
        waiting: list[LockStepHost] = []
        if delivery.reports:
            heard: dict[str, list[Report]] = {}
            for report in delivery.reports:
                heard.setdefault(report.strategy, []).append(report)
            hearing: Iterable[str] = dict.fromkeys((*delivery.subscribers, *heard))
        else:
            heard, hearing = _NO_REPORTS, delivery.subscribers
            if type(delivery.event) is not Timer and self._all_are_silent():
                hearing = self._prompt_among(hearing)
        for strategy in hearing:
            host = self._hosts[strategy]
            event = delivery.event if strategy in delivery.subscribers else None
            asked = host.hear(heard.get(strategy, _NONE), event)
            if asked is None:
                waiting.append(self._ahead[strategy])
                self._stopped.append(self._ahead[strategy])
            elif asked:
                commands += asked
                if strategy in self._ahead:
                    self._stopped.append(self._ahead[strategy])
        return commands, waiting

    def _all_are_silent(self) -> bool:
        """Whether of those who hear ahead nobody asks for anything at this place."""
        if self._foresight is None:
            return False
        if self._foresight.place >= self._silent_until:
            self._silent_until = min((host.silent_until() for host in self._ahead.values()), default=0)
        return self._foresight.place < self._silent_until

    def _prompt_among(self, strategies: tuple[str, ...]) -> tuple[str, ...]:
        prompt = self._prompt.get(strategies)
        if prompt is None:
            prompt = self._prompt[strategies] = tuple(s for s in strategies if s not in self._ahead)
        return prompt


async def _made(host: Host, make: Callable[[Host], Awaitable[Started]]) -> Started:
    try:
        return await make(host)
    except ContainerLost as lost:
        raise ContainerLost(f"{host.strategy}: {lost}", mend=lost.mend) from lost


_NONE: list[Report] = []
_NO_REPORTS: dict[str, list[Report]] = {}
