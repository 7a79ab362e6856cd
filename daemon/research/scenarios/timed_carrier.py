"""What a run's driver does with events, with the time of each part of it taken."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, cast

from daemon.research.scenarios.components import Now, Tally, Timed
from daemon.research.scenarios.profile import Component, Kind
from trading.calm import Calm
from trading.commands import Command
from trading.container import ScopedContainer
from trading.driver import Driver, deliver
from trading.instruments import Instrument, negative_symbols
from trading.lockstep import Delivery, Step
from trading.market_data import MarketEvent

_READS: Final = 16


class TimedCarrier:
    """Carries events through, between `begin` and `end`: a sample. Of all samples that count, `events` were carried and
    `spent` are the nanoseconds; `cost_ns` is what taking the time of the last one took, `read_ns` what a look at the
    clock takes."""

    def __init__(self, driver: Driver, instruments: Mapping[str, Instrument], now: Now) -> None:
        self.events = 0
        self.cost_ns = 0
        self.within = 0
        self._now = now
        self._lockstep = driver.lockstep
        self.read_ns = least_read(now)  # is in every time that is taken
        self.spent: Counter[tuple[str, ...]] = Counter()
        self._of_sample: Counter[tuple[str, ...]] = Counter()
        self._counted_ns = 0
        self._tally = Tally()
        self._timed = {
            strategy: Timed(
                container, instruments, now=now, read_ns=self.read_ns, spent=self._of_sample, tally=self._tally
            )
            for strategy, container in driver.containers.items()
        }
        self._containers = cast("Mapping[str, ScopedContainer]", self._timed)  # deliver() asks nothing else of them
        ears = {strategy: timed.on_event for strategy, timed in self._timed.items()}
        self._calm = Calm(driver.lockstep, ears, negative_symbols(instruments))
        self.begin()  # once, so that the first sample costs no more than the others
        self.end(counts=False)

    def begin(self) -> None:
        """A sample begins."""
        began_ns = self._now()
        for timed in self._timed.values():
            timed.begin()
        self.within = 0
        self.cost_ns = self._now() - began_ns

    def end(self, *, counts: bool) -> None:
        """It is over, and counts or does not."""
        began_ns = self._now()
        for timed in self._timed.values():
            timed.end()
        if counts:
            self.events += self.within
            self.spent.update(self._of_sample)
        self._of_sample.clear()
        self.cost_ns += self._now() - began_ns

    def carry(self, events: Sequence[MarketEvent], *, past_trips: bool = True) -> int:
        """As `Driver.carry`."""
        began_ns, self._counted_ns = self._now(), 0
        carried = self._carry(events, past_trips=past_trips)
        self.within += carried
        self.cost_ns += max(0, self._now() - began_ns - self._counted_ns)
        return carried

    def meet(self, event: MarketEvent, *, of_feed: bool) -> None:
        """As `Driver.meet`."""
        began_ns, self._counted_ns = self._now(), 0
        self._meet(event, of_feed=of_feed)
        self.within += 1
        self.cost_ns += max(0, self._now() - began_ns - self._counted_ns)

    def _carry(self, events: Sequence[MarketEvent], *, past_trips: bool) -> int:
        lockstep, carried = self._lockstep, 0
        runs = lockstep.sequencer.runs(events)
        while True:
            began_ns = self._now()
            laid = next(runs, None)
            self._add("bar_rendering", self._now() - began_ns)
            if laid is None:
                return carried
            run, of_feed = laid
            place = 0
            while place < len(run):
                place = self._advance(run, place, of_feed=of_feed)
                if lockstep.router.tripped and not past_trips:
                    return carried + place * of_feed
            carried += len(run) * of_feed

    def _advance(self, run: Sequence[MarketEvent], place: int, *, of_feed: bool) -> int:
        """Let events pass by and carry the next one, or what was asked for meanwhile; where that ends."""
        self._tally.clear()
        began_ns = self._now()
        place, asked = self._calm.pass_by(run, place, of_feed=of_feed)
        spent_ns = self._now() - began_ns
        self._add("trade_simulator", spent_ns - self._tally.aside_ns - self._tally.heard_ns)
        self._add("worker_decision", self._tally.heard_ns + self.read_ns)
        if asked:
            began_ns = self._now()
            delivery = self._lockstep.answer(asked)
            self._add("order_execution", self._now() - began_ns)
            self._answer(delivery)
        elif place < len(run):
            self._meet(run[place], of_feed=of_feed)
            place += 1
        return place

    def _meet(self, event: MarketEvent, *, of_feed: bool) -> None:
        lockstep = self._lockstep
        if event.ts_ns >= lockstep.timers.next_ns:
            for step in lockstep.timers_before(event):
                self._complete(step)
        began_ns = self._now()
        delivery = lockstep.meet(event, of_feed=of_feed)
        self._add("trade_simulator", self._now() - began_ns)
        self._answer(delivery)

    def _answer(self, delivery: Delivery | None) -> None:
        while delivery is not None:
            commands = self._deliver(delivery)
            began_ns = self._now()
            delivery = self._lockstep.answer(commands)
            self._add("order_execution", self._now() - began_ns)

    def _complete(self, step: Step) -> None:
        """Up to its first delivery a step is the market's; what comes after one is that of what was asked for."""
        operation, commands = "trade_simulator", None
        while True:
            began_ns = self._now()
            try:
                delivery = step.send(commands) if commands is not None else next(step)
            except StopIteration:
                self._add(operation, self._now() - began_ns)
                return
            self._add(operation, self._now() - began_ns)
            operation, commands = "order_execution", self._deliver(delivery)

    def _deliver(self, delivery: Delivery) -> list[Command]:
        self._tally.clear()
        began_ns = self._now()
        commands = deliver(self._containers, delivery)
        self._add("worker_decision", self._now() - began_ns - self._tally.aside_ns)
        return commands

    def _add(self, operation: str, spent_ns: int) -> None:
        own_ns = max(0, spent_ns - self.read_ns)
        self._of_sample["operation", operation] += own_ns
        self._counted_ns += own_ns


def components(
    whole_ms: float, spent: Mapping[tuple[str, ...], int], scale: float, decided_ms: Mapping[str, float]
) -> list[Component]:
    """Who spent the whole of `worker_decision`, shared out as though so many times as many events had been timed, and
    with what each strategy has decided beforehand."""
    found: list[tuple[Kind, str, float]] = []
    heard_ns, around_ns = 0, 0
    for strategy, before_ms in decided_ms.items():
        workers = [(name, ns) for (what, whose, *name), ns in spent.items() if (what, whose) == ("worker", strategy)]
        found += (("worker", f"{strategy}.{name}", ns * scale / 1e6) for (name,), ns in workers)
        of_strategy_ns = spent.get(("heard", strategy), 0)
        own_ns = max(0, of_strategy_ns - sum(ns for _, ns in workers))
        of_container_ns = min(spent.get(("around", strategy), 0), own_ns)
        found.append(("decision", strategy, (own_ns - of_container_ns) * scale / 1e6 + before_ms))
        heard_ns += of_strategy_ns
        around_ns += of_container_ns
    between_ns = max(0, spent.get(("operation", "worker_decision"), 0) - heard_ns)
    found.append(("coordination", "containers", (around_ns + between_ns) * scale / 1e6))
    found_ms = sum(ms for _, _, ms in found) or 1.0
    return [
        Component(kind=kind, name=name, total_ms=whole_ms * ms / found_ms, share=ms / found_ms)
        for kind, name, ms in found
    ]


def least_read(clock: Now) -> int:
    """How long a look at a clock takes."""
    return min(-clock() + clock() for _ in range(_READS))
