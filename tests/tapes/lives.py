"""The lives of one daemon: each is a new router with a new session, which repeats what is journaled and goes on."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from brokers.plain.profile import CAPABILITIES
from daemon.recovery import Replay
from tests.builders import QUOTES
from tests.market_builders import USD, through_msgpack
from tests.tapes.courier import Courier
from tests.tapes.journal import Journal, JournaledStep
from tests.tapes.traders import Trader
from tests.venue.inprocess import InProcessVenue
from trading.account.ids import ClientOrderIds
from trading.account.records import CommandsTaken, FeedTold, Operation
from trading.account.router import RoutedStrategy, Router
from trading.account.triggers import BreakerRules
from trading.commands import Command
from trading.instruments import Instrument
from trading.limits import RiskLimits
from trading.lockstep import Delivery, LockStep, Step
from trading.market_data import Quote
from trading.sequencer import Sequencer
from trading.subscriptions import DataKind
from trading.venue.profile import VenueProfile
from trading.venue.session import VenueSession

EPOCH_MS: Final = 1_000_000
CASH: Final = Decimal(300_000)
CAPITAL: Final = Decimal(90_000)

Hear = Callable[[Delivery], None]


class Life:
    """One process: everything in memory, gone with it."""

    def __init__(self, *, epoch_ms: int, lockstep: LockStep, session: VenueSession) -> None:
        self.epoch_ms = epoch_ms
        self.lockstep = lockstep
        self.session = session
        self.line: InProcessVenue
        self.courier: Courier

    @property
    def router(self) -> Router:
        return self.lockstep.router

    def connect(self, line: InProcessVenue, courier: Courier) -> None:
        """Give it a line to the venue."""
        self.line, self.courier = line, courier


class Snapshot(msgspec.Struct, frozen=True):
    """Where everything stood after so many steps and events."""

    state: dict[str, Any]
    steps: int
    events: int
    held: Mapping[str, Mapping[str, Decimal]]


def drive(step: Step, hear: Hear) -> None:
    """Carry a step through; what strategies ask for because of it is a step of its own."""
    try:
        delivery = next(step)
        while True:
            hear(delivery)
            delivery = step.send([])
    except StopIteration:
        return


class Lives:
    """Makes lives of what outlives them: the journal, the tape of events, and strategies that repeat themselves."""

    def __init__(
        self,
        *,
        journal: Journal,
        events: Sequence[Quote],
        traders: Mapping[str, Trader],
        instruments: Mapping[str, Instrument],
        profile: VenueProfile,
        breakers: Mapping[str, BreakerRules],
    ) -> None:
        self._journal = journal
        self._events = events
        self._traders = traders
        self._instruments = instruments
        self._profile = profile
        self._breakers = breakers

    def snapshot(self, life: Life) -> Snapshot:
        """Keep where a life stands."""
        return Snapshot(
            state=through_msgpack(life.lockstep.state()),
            steps=len(self._journal.steps),
            events=len(self._events),
            held={strategy: dict(trader.held) for strategy, trader in self._traders.items()},
        )

    def recovered(self, number: int, snapshot: Snapshot | None) -> Life:
        """A life that goes on from a snapshot, or from nothing, and has repeated what is journaled since."""
        life = self._new(number)
        steps: Sequence[JournaledStep] = self._journal.steps
        events = self._events
        if snapshot is not None:
            life.lockstep.restore(snapshot.state)
            steps, events = steps[snapshot.steps :], events[snapshot.events :]
        taken = dict.fromkeys(self._traders, 0)
        for step in self._journal.steps:
            if isinstance(cause := step[0], CommandsTaken):
                taken[cause.strategy] = cause.n
        for strategy, trader in self._traders.items():
            trader.rewind(taken[strategy], {} if snapshot is None else snapshot.held[strategy])
        replay = Replay(life.lockstep, steps)
        self._repeat_from_outside(life.lockstep, replay)
        for event in events:
            for step_of_event in life.lockstep.steps(life.lockstep.sequencer.lay_out(event)):
                replay.expect_event()
                drive(step_of_event, self.tell)
                replay.settle()
                self._repeat_from_outside(life.lockstep, replay)
        replay.end()
        return life

    def tell(self, delivery: Delivery) -> None:
        """Let strategies hear."""
        for strategy, trader in self._traders.items():
            trader.hear(report for report in delivery.reports if report.strategy == strategy)

    def _repeat_from_outside(self, lockstep: LockStep, replay: Replay) -> None:
        for cause in replay.from_outside():
            match cause:
                case Operation():
                    step = lockstep.operate(cause)
                case CommandsTaken():
                    commands: list[Command] = [self._traders[cause.strategy].asked[cause.n - 1]]
                    step = lockstep.take(commands)
                case FeedTold():
                    raise AssertionError("no feed is heard here")
                case _:
                    step = lockstep.hear(cause)
            drive(step, self.tell)

    def _new(self, number: int) -> Life:
        epoch_ms = EPOCH_MS + 10_000 * number
        session = VenueSession(
            profile=self._profile,
            capabilities=CAPABILITIES,
            instruments=self._instruments,
            strategies=list(self._traders),
        )
        router = Router(
            strategies=[RoutedStrategy(strategy=one, capital={"USD": CAPITAL}) for one in self._traders],
            cash={"USD": CASH},
            instruments=self._instruments,
            limits=RiskLimits(),
            ids=ClientOrderIds(epoch_ms),
            capabilities=CAPABILITIES,
            currency=USD,
            breakers=self._breakers,
            holds_back=lambda: session.holds_back,
        )
        lockstep = LockStep(
            sequencer=Sequencer(offers=dict.fromkeys(self._instruments, QUOTES), subscriptions=()),
            router=router,
            market=session,
            recorder=self._journal,
            subscriptions={},
            marked_on=dict.fromkeys(self._instruments, DataKind.QUOTES),
        )
        return Life(epoch_ms=epoch_ms, lockstep=lockstep, session=session)
