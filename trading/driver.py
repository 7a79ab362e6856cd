"""The pure driver: events in, lock-step, containers and a market between, nothing else.

It runs as fast as it can, with no clock, no disk and no event loop, and is what every other shell's orders, fills and
books must equal.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from decimal import Decimal
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

from trading.account.ids import IdSource
from trading.account.records import Operation
from trading.account.router import RoutedStrategy, Router
from trading.account.triggers import BreakerRules
from trading.calm import Calm
from trading.capabilities import Capabilities
from trading.commands import Command, Trip
from trading.container import ContainerSpec, ScopedContainer
from trading.instruments import Instrument, negative_symbols
from trading.limits import RiskLimits
from trading.lockstep import Delivery, LockStep, Step
from trading.market import Effect, Market
from trading.market_data import MarketEvent
from trading.money import Currency
from trading.recorder import Recorder
from trading.sequencer import Offer, Sequencer
from trading.timestamps import DAY
from trading.warmup import Warming, warm_up

_EVERYTHING: Final = Capabilities.everything()

AHEAD: Final = 128
"""So many events are taken from a feed at once."""

_NO_BREAKERS: Final[Mapping[str, BreakerRules]] = MappingProxyType({})

Deliver = Callable[[Mapping[str, ScopedContainer], Delivery], list[Command]]


def deliver(containers: Mapping[str, ScopedContainer], delivery: Delivery) -> list[Command]:
    """Bring reports and event to containers in this process, and gather their commands."""
    commands: list[Command] = []
    if delivery.seal:
        containers[delivery.seal].seal(delivery.reason)
    for report in delivery.reports:
        commands += containers[report.strategy].on_report(report)
    event = delivery.event
    if event is not None:
        for strategy in delivery.subscribers:
            if asked := containers[strategy].on_event(event):
                commands += asked
    return commands


def _deliver_last(containers: Mapping[str, ScopedContainer], delivery: Delivery) -> list[Command]:
    return [command for command in deliver(containers, delivery) if isinstance(command, Trip)]


class Driver:
    """Runs strategies over the events of one feed. `offers` are by symbol, `cash` by currency, `breakers` by scope.

    With the `state` of another driver it goes on where that one stood; it is not to begin again.
    """

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
        capabilities: Capabilities = _EVERYTHING,
        currency: Currency | None = None,
        breakers: Mapping[str, BreakerRules] = _NO_BREAKERS,
        fill_empty: bool = False,
        valued_every_ns: int = DAY,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        self.start_ns = start_ns
        self.containers = {spec.strategy: ScopedContainer(spec, instruments) for spec in specs}
        self._first: list[Command] = []
        try:
            for strategy, container in self.containers.items():
                if state is None:
                    self._first += container.start(start_ns)
                else:
                    container.restore(state["containers"][strategy])
        except BaseException:
            self.teardown()
            raise
        self.subscriptions = {strategy: container.subscriptions for strategy, container in self.containers.items()}
        self.lockstep = LockStep(
            sequencer=Sequencer(
                offers=offers,
                subscriptions=[one for wanted in self.subscriptions.values() for one in wanted],
                fill_empty=fill_empty,
                may_be_negative=negative_symbols(instruments),
            ),
            router=Router(
                strategies=[
                    RoutedStrategy(
                        strategy=spec.strategy,
                        capital=spec.capital,
                        limits=spec.limits,
                        cancel_on_trip=spec.cancel_on_trip,
                    )
                    for spec in specs
                ],
                cash=cash,
                instruments=instruments,
                limits=limits,
                ids=ids,
                capabilities=capabilities,
                currency=currency,
                breakers=breakers,
            ),
            market=market,
            recorder=recorder,
            subscriptions=self.subscriptions,
            marked_on={symbol: offer.matched_on for symbol, offer in offers.items()},
            valued_every_ns=valued_every_ns,
        )
        if state is not None:
            self.lockstep.restore(state["lockstep"])
        ears = {strategy: container.on_event for strategy, container in self.containers.items()}
        self._calm = Calm(self.lockstep, ears, negative_symbols(instruments))

    def warm(self, past: Iterable[MarketEvent]) -> list[Warming]:
        """Let the containers hear the past; gives what each has heard of it."""
        heard = []
        for warming in warm_up(self.lockstep.sequencer, self.subscriptions, past, self.start_ns):
            for strategy in warming.subscribers:
                self.containers[strategy].warm(warming.bar)
            heard.append(warming)
        return heard

    def run(self, events: Iterable[MarketEvent]) -> None:
        """Run from the first event to the last."""
        self.begin()
        feed = iter(events)
        while ahead := list(islice(feed, AHEAD)):
            self.carry(ahead)
        self.finish()

    def begin(self) -> None:
        """The past is over."""
        for container in self.containers.values():
            self._first += container.run()
        self.lockstep.begin(self._first)

    def carry(self, events: Sequence[MarketEvent], *, past_trips: bool = True) -> int:
        """Carry events of the feed, and what is due before each, through: as `advance` does one after the other, and
        with less to do where nothing comes of them. Gives how many: all, or, where it does not go past trips, no more
        than up to the first at which a strategy is tripped."""
        tripped, carried = self.lockstep.router.tripped, 0
        for run, of_feed in self.lockstep.sequencer.runs(events):
            place = 0
            while place < len(run):
                place, asked = self._calm.pass_by(run, place, of_feed=of_feed)
                if asked:
                    self._answer(self.lockstep.answer(asked))
                elif place < len(run):
                    self.meet(run[place], of_feed=of_feed)
                    place += 1
                if tripped and not past_trips:
                    return carried + place * of_feed
            carried += len(run) * of_feed
        return carried

    def advance(self, event: MarketEvent) -> None:
        """Carry one event of the feed, and what is due before it, through."""
        self.carry((event,))

    def meet(self, event: MarketEvent, *, of_feed: bool) -> None:
        """Carry one event through, and the timers that ring before it, but no bars that are due."""
        lockstep = self.lockstep
        if event.ts_ns >= lockstep.timers.next_ns:
            for step in lockstep.timers_before(event):
                self._complete(step)
        self._answer(lockstep.meet(event, of_feed=of_feed))

    def operate(self, operation: Operation) -> None:
        """Carry through what is done from outside."""
        self._complete(self.lockstep.operate(operation))

    def finish(self) -> None:
        """The feed has ended: carry through what is due by then."""
        for step in self.lockstep.last_steps():
            self._complete(step)

    def close_out(self, operation: Operation) -> None:
        """End the run. From here on containers hear what becomes of their orders, and what they ask for is discarded,
        as in a warm-up, but for a trip."""
        self._complete(self.lockstep.operate(operation), _deliver_last)

    def conclude(self, effects: list[Effect], ts_ns: int) -> None:
        """Carry through what the market has decided after the end, at a time."""
        self._complete(self.lockstep.conclude(effects, ts_ns), _deliver_last)

    def teardown(self) -> None:
        """Take the containers down, whatever comes of one of them."""
        with ExitStack() as every:
            for container in self.containers.values():
                every.callback(container.teardown_scope)

    def state(self) -> dict[str, Any]:
        """Everything that another driver needs to go on."""
        containers = {strategy: container.state() for strategy, container in self.containers.items()}
        return {"lockstep": self.lockstep.state(), "containers": containers}

    def _answer(self, delivery: Delivery | None) -> None:
        while delivery is not None:
            delivery = self.lockstep.answer(deliver(self.containers, delivery))

    def _complete(self, step: Step, deliver: Deliver = deliver) -> None:
        commands: list[Command] | None = None
        while True:
            try:
                delivery = step.send(commands) if commands is not None else next(step)
            except StopIteration:
                return
            commands = deliver(self.containers, delivery)
