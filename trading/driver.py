"""The pure driver: events in, lock-step, containers and a market between, nothing else.

It runs as fast as it can, with no clock, no disk and no event loop, and is what every other shell's orders, fills and
books must equal.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from trading.account.ids import IdSource
from trading.account.router import RoutedStrategy, Router
from trading.commands import Command
from trading.container import ContainerSpec, ScopedContainer
from trading.instruments import Instrument
from trading.limits import RiskLimits
from trading.lockstep import Delivery, LockStep, Step
from trading.market import Market
from trading.market_data import MarketEvent
from trading.recorder import Recorder
from trading.sequencer import Offer, Sequencer


def deliver(containers: Mapping[str, ScopedContainer], delivery: Delivery) -> list[Command]:
    """Bring reports and event to containers in this process, and gather their commands."""
    commands: list[Command] = []
    for report in delivery.reports:
        commands += containers[report.strategy].on_report(report)
    if delivery.event is not None:
        for strategy in delivery.subscribers:
            commands += containers[strategy].on_event(delivery.event)
    return commands


class Driver:
    """Runs strategies over the events of one feed. `offers` are by symbol, `cash` by currency code."""

    def __init__(
        self,
        *,
        specs: Sequence[ContainerSpec],
        instruments: Mapping[str, Instrument],
        offers: Mapping[str, Offer],
        cash: Mapping[str, Decimal],
        market: Market,
        recorder: Recorder,
        ids: IdSource,
        limits: RiskLimits,
        start_ns: int,
        fill_empty: bool = False,
    ) -> None:
        self.start_ns = start_ns
        self.containers = {spec.strategy: ScopedContainer(spec, instruments) for spec in specs}
        self._first: list[Command] = []
        for container in self.containers.values():
            self._first += container.start(start_ns)
        subscriptions = {strategy: container.subscriptions for strategy, container in self.containers.items()}
        self.lockstep = LockStep(
            sequencer=Sequencer(
                offers=offers,
                strategies=list(self.containers),
                subscriptions=[one for wanted in subscriptions.values() for one in wanted],
                fill_empty=fill_empty,
            ),
            router=Router(
                strategies=[
                    RoutedStrategy(strategy=spec.strategy, capital=spec.capital, limits=spec.limits) for spec in specs
                ],
                cash=cash,
                instruments=instruments,
                limits=limits,
                ids=ids,
            ),
            market=market,
            recorder=recorder,
            subscriptions=subscriptions,
            marked_on={symbol: offer.matched_on for symbol, offer in offers.items()},
        )

    def warm(self, past: Iterable[MarketEvent]) -> None:
        """Let the containers hear the past."""
        for delivery in self.lockstep.warm(past, self.start_ns):
            for strategy in delivery.subscribers:
                self.containers[strategy].warm(delivery.bar)

    def run(self, events: Iterable[MarketEvent]) -> None:
        """Run to the end of the events."""
        for container in self.containers.values():
            self._first += container.run()
        self.lockstep.begin(self._first)
        for event in events:
            for step in self.lockstep.steps(event):
                self._complete(step)
        for step in self.lockstep.last_steps():
            self._complete(step)

    def _complete(self, step: Step) -> None:
        commands: list[Command] | None = None
        while True:
            try:
                delivery = step.send(commands) if commands is not None else next(step)
            except StopIteration:
                return
            commands = deliver(self.containers, delivery)
