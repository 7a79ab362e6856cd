"""A lock-step without gate and market: what its containers hear of both comes from the journal, and what one of them
asks for is held against what the journal says became of it.

Events have the numbers that they had, as far as all timers are known: those of a container that does not run are the
ones that stood in the snapshot. Where such a one has set another since, steps are found by their time.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from daemon.floor import Floor
from daemon.repetition import JournaledStep, comparable
from daemon.research.replay.comparison import Comparison, Tally
from daemon.research.replay.divergence import Compared, order_of, owner_of
from daemon.research.replay.runner import ReplayedLiveFloor
from daemon.research.replay.wishes import answers_in, as_answered, is_answered_by, needs_a_wish, record_of
from trading.account.records import (
    CommandsTaken,
    Commit,
    FeedTold,
    FromVenue,
    LifeBegan,
    LifeEnds,
    Noted,
    Operation,
    Posted,
    Reported,
    StepRecord,
    TimePassed,
    VenueHeard,
)
from trading.commands import Command, RefusedOrder, ScheduleTimer, Trip, WireSubmit
from trading.lockstep import ROUNDS, Delivery, LockStep, Step
from trading.market_data import Event, Timer
from trading.postings import Report
from trading.recorder import Recorder
from trading.reports import Origin

Take = Callable[[CommandsTaken], list[Command]]
"""What a container that ran free has asked for by then."""


class SoleComparison(Comparison):
    """Holds what one strategy asks for against what the journal says became of it. `running` are all that hear.

    `drifted` tells whether steps of events have come that are not known here. Orders of an account that `may_hold` them
    may be taken later than they were asked for.
    """

    def __init__(
        self,
        lockstep: "SoleLockStep",
        steps: Iterable[JournaledStep],
        tally: Tally,
        then: Recorder,
        *,
        strategy: str,
        running: frozenset[str],
        may_hold: bool,
        take: Take,
    ) -> None:
        self.running = running
        self._symbols: dict[str, str] = {}
        self._is_exact = running >= set(lockstep.router.strategies)
        super().__init__(lockstep, steps if self._is_exact else filter(self._concerns, steps), tally, then)
        lockstep.sole = self
        self.strategy = strategy
        self.take = take
        self.drifted = False
        self._may_hold = may_hold

    # Which step it is.

    @property
    def cause(self) -> StepRecord | None:
        """What the step in hand begins with; None where there is none."""
        return self._expected[0] if self._expected else None

    def expect_event(self) -> None:
        """The step is found once its event is known."""

    def expect_step_of(self, symbol: str, number: int, now_ns: int) -> int:
        """The step of an event of that number and time is expected, if the journal has one; gives its number. `symbol`
        is that of an event which orders meet, else empty.

        Where not all run there may have been more events: then what the market said tells one from others of its time.
        """
        if not self._is_of_event() or self._commit[1] != now_ns or self._commit[0] < number:
            return number
        met = set() if self._is_exact else self._met_by_market()
        is_known = self._commit[0] == number
        return self.expect_missed(known=is_known) if (symbol in met if met else is_known) else number

    def has_missed(self, number: int, now_ns: int) -> bool:
        """Whether there is a step of before an event of that number and time: of one that is not known here."""
        if self._coming is None:
            return False
        event, ts_ns = self._commit
        return ts_ns < now_ns or (ts_ns == now_ns and event < number)

    def expect_missed(self, *, known: bool = False) -> int:
        """The next step is expected now, as that of an event of another number unless that is known; gives it."""
        number = self._commit[0]
        self.drifted = self.drifted or not known
        self._expect_next()
        return number

    def adopt(self, number: int, now_ns: int) -> int:
        """Where a strategy has asked for something upon an event of that number and time, and there is no step of it:
        the next of that time in which something was asked for. Gives the number that it has."""
        if self._expected or not self._is_of_event():
            return number
        event, ts_ns = self._commit
        assert self._coming is not None
        if ts_ns != now_ns or event < number or next(self._needed(self._coming), None) is None:
            return number
        return self.expect_missed()

    def settle(self) -> None:
        """The step is over."""
        own = tuple(record for record in self._expected if owner_of(record) == self.strategy)
        if own:
            self._tally.take(own)
        self._expect(())

    def end(self) -> None:
        """There are no more events; Diverged when the strategy had asked for more."""
        while self._coming is not None:
            self._expect_next()
            self.match([])
            self.settle()

    # What is heard.

    def reports(self) -> tuple[list[Report], list[Report]]:
        """What was heard in the step before the event itself, or before anybody was sealed; and after that."""
        before: list[Report] = []
        after: list[Report] = []
        told = before
        first = 1 if isinstance(self.cause, Operation) else 0
        for record in self._expected:
            match record:
                case Reported(report=report, round=number):
                    told = after if number > first else told
                    if report.strategy in self.running:
                        told.append(report)
                case Noted(round=number):
                    told = after if number > first else told
                case Posted(posting=posting) if posting.strategy in self.running and posting.number:
                    told.append(posting)
        return before, after

    def lost_here(self, strategy: str) -> Trip | None:
        """The trip with which it was lost in this step."""
        return next((trip for trip in self.lost() if trip.strategy == strategy), None)

    # What is asked for.

    def match(self, commands: Sequence[Command]) -> list[Command]:
        """Find what became of each command; those that wait for a later step are given back."""
        answers = list(answers_in(self._expected, self.strategy))
        self._symbols.update(
            (one.terms.order_id, one.terms.symbol) for one in answers if isinstance(one, WireSubmit | RefusedOrder)
        )
        waiting: list[Command] = []
        for command in sorted(commands, key=lambda command: command.n):
            possible = [one for one in answers if is_answered_by(command, one)]
            if not possible:
                waiting.append(command)
                continue
            answered = next((one for one in possible if self._is_needed(one, self._expected)), possible[0])
            answers.remove(answered)
            came = as_answered(command, answered)
            if comparable(came) != comparable(answered):
                raise self.miss(came, answered)
        if waiting and not self._may_wait():
            raise self.miss(record_of(waiting[0]), None)
        if needed := next((one for one in answers if self._is_needed(one, self._expected)), None):
            raise self.miss(None, needed)
        return waiting

    def _may_wait(self) -> bool:
        """Whether what is asked for may be taken later: an order that waits for another of the account to go, or what
        was asked for in the last round of a step."""
        rounds = (record.round for record in self._expected if isinstance(record, Reported | Noted))
        return self._may_hold or max(rounds, default=0) == ROUNDS

    def _needed(self, step: JournaledStep) -> Iterator[StepRecord]:
        return (one for one in answers_in(step, self.strategy) if self._is_needed(one, step))

    def _is_needed(self, answer: StepRecord, step: JournaledStep) -> bool:
        trips = [one for one in step if isinstance(one, Trip) and one.strategy == self.strategy]
        if self.strategy in self._lockstep.router.tripped or (trips and answer not in trips):
            return False  # what is done to one that has tripped is not its own doing
        return needs_a_wish(answer, step, may_hold=self._may_hold)

    def _symbol_of(self, record: Compared) -> str:
        return self._symbols.get(order_of(record), "") or super()._symbol_of(record)

    @property
    def _commit(self) -> tuple[int, int]:
        assert self._coming is not None
        commit = self._coming[-1]
        assert isinstance(commit, Commit)
        return commit.event, commit.ts_ns

    def _concerns(self, step: JournaledStep) -> bool:
        """Whether a step is heard of by anybody who runs, or moves the time on."""
        cause = step[0]
        if isinstance(cause, LifeBegan | LifeEnds | VenueHeard | TimePassed):
            return True
        self._symbols.update((one.terms.order_id, one.terms.symbol) for one in step if isinstance(one, WireSubmit))
        return any(owner_of(record) in self.running for record in step)

    def _met_by_market(self) -> set[str]:
        """The symbols of the orders that met the event of the next step before anybody heard of it."""
        assert self._coming is not None
        met = (one.report for one in self._coming if isinstance(one, Reported) and one.round == 0)
        return {self._symbols.get(report.order_id, "") for report in met if report.origin is Origin.VENUE} - {""}

    def _is_of_event(self) -> bool:
        return self._coming is not None and not self._comes_from_outside


class SoleLockStep(LockStep):
    """Carries events to the containers that run, with what gate and market said to them then."""

    sole: SoleComparison

    def step(self, event: Event, *, of_feed: bool = False) -> Step:
        """Carry one event, and before it what there was of others that are not known here."""
        now_ns = max(self.now_ns, event.ts_ns)
        while self.sole.has_missed(self.events + 1, now_ns):
            self.events = max(self.events, self.sole.expect_missed())
            yield from self._caused_by(self.sole.cause)
            self.sole.settle()
        self.now_ns = now_ns
        is_met = of_feed and not isinstance(event, Timer) and type(event) is self._marked_on[event.symbol]
        symbol = event.symbol if is_met and not isinstance(event, Timer) else ""
        self.events = self.sole.expect_step_of(symbol, self.events + 1, now_ns)
        yield from self._told(event)

    def operate(self, operation: Operation) -> Step:
        """Let them hear what an operation brought, and seal one where that did."""
        sealed = operation.strategy if operation.strategy in self.sole.running else ""
        return self._told(None, seal=sealed, reason=operation.reason)

    def take(self, commands: list[Command]) -> Step:
        """Take what one has asked for."""
        return self._told(None, taken=commands)

    def note(self, told: FeedTold) -> Step:  # noqa: ARG002 - it concerns the gate
        """Nothing of it is for a container."""
        yield from ()

    def hear(self, heard: FromVenue) -> Step:
        """Let them hear what came of the venue."""
        self.now_ns = max(self.now_ns, heard.ts_ns)
        return self._told(None)

    def _caused_by(self, cause: StepRecord | None) -> Step:
        match cause:
            case Operation():
                return self.operate(cause)
            case CommandsTaken():
                return self.take(self.sole.take(cause))
            case FeedTold():
                return self.note(cause)
            case LifeBegan() | LifeEnds() | VenueHeard() | TimePassed():
                return self.hear(cause)
        return self._told(None)

    def _told(self, event: Event | None, *, seal: str = "", reason: str = "", taken: Iterable[Command] = ()) -> Step:
        before, after = self.sole.reports()
        subscribers = () if event is None else tuple(one for one in self.hearing(event) if one in self.sole.running)
        commands = [*self.waiting, *taken]
        if before or subscribers or seal:
            commands += yield Delivery(before, event, subscribers, self.events, seal, reason)
        if self.sole.cause is None and self._own(commands):
            self.events = self.sole.adopt(self.events, self.now_ns)
            after = [report for reports in self.sole.reports() for report in reports]
        for report in after:
            commands += yield Delivery([report])
        for command in commands:
            if isinstance(command, ScheduleTimer):
                self.timers.schedule(command, self.now_ns)
        self.waiting = self.sole.match(self._own(commands))

    def _own(self, commands: Iterable[Command]) -> list[Command]:
        return [one for one in commands if one.strategy == self.sole.strategy and not isinstance(one, ScheduleTimer)]


class SoleFloor(Floor):
    """A floor of which one container is looked at."""

    lockstep_kind = SoleLockStep


class SoleLiveFloor(ReplayedLiveFloor):
    """A live floor of which one container is looked at."""

    lockstep_kind = SoleLockStep
