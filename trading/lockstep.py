"""One step of historical time: everything that one event brings about, in one fixed order.

    resting orders meet the event -> reports -> the event goes to its subscribers -> their commands, one batch ->
    gate -> recorded -> the market meets them -> reports -> commands -> ... at most ROUNDS times -> Commit

Only the containers' answers may have to be waited for. So a step is cut there: `meet` begins that of an event and gives
what containers are to hear, `answer` takes the commands that came of it and gives what they are to hear next, until the
step is over. Who must wait in between drives `step`, a generator over the two. Whoever drives it, the same events give
the same records, to the last digit.

A container that runs free answers when it can: what it then asks for is a step of its own, `take`.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

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
    Valued,
    VenueHeard,
)
from trading.account.router import Router
from trading.account.taken import Taken
from trading.commands import Command, ScheduleTimer
from trading.errors import LedgerError
from trading.market import Effect, Market
from trading.market_data import Bar, Event, MarketEvent, Timer
from trading.postings import AccountEvent, Adjustment, CashMoved, Report
from trading.recorder import Recorder
from trading.reports import ExecutionReport
from trading.sequencer import LAST, Key, Sequencer
from trading.subscriptions import DataKind, Subscription, event_type
from trading.timers import Timers
from trading.timestamps import DAY
from trading.venue.session import VenueSession

ROUNDS: Final = 8
"""How often commands that come of reports are met within one step; what is left over waits for the next step."""


BEFORE_ALL: Final = -(1 << 63)
"""A time that no event has."""

AT_VENUE: Final = {
    "adopt": "there is no order of anybody else",
    "resolve_order": "no order is in doubt",
    "reconcile": "there is nothing to reconcile",
}
"""Operations of the session with the venue, and what stands against them where there is none."""


class Delivery(msgspec.Struct, frozen=True):
    """What containers are to hear now: each report goes to its strategy, then the event to its subscribers.

    `seal` names a container that is to be sealed before it hears anything. `number` is that of the event.
    """

    reports: list[Report]
    event: Event | None = None
    subscribers: tuple[str, ...] = ()
    number: int = 0
    seal: str = ""
    reason: str = ""


Step = Generator[Delivery, list[Command], None]

_NOTHING: Final[list[Report]] = []


class LockStep:
    """Carries events through market, router and containers. `events` counts them from 1, `heard` how many of them each
    container was told."""

    def __init__(
        self,
        *,
        sequencer: Sequencer,
        router: Router,
        market: Market,
        recorder: Recorder,
        subscriptions: Mapping[str, Sequence[Subscription]],
        marked_on: Mapping[str, DataKind],
        valued_every_ns: int = DAY,
    ) -> None:
        self.sequencer = sequencer
        self.timers = Timers(list(router.strategies))
        self.router = router
        self.market = market
        if isinstance(market, VenueSession):
            market.belong_to(router.ledger.total, router.price_of)
        self.recorder = recorder
        self.events = 0
        self.heard = dict.fromkeys(router.strategies, 0)
        self.now_ns = 0
        self.waiting: list[Command] = []
        self.deferrals = 0
        self._batch: list[Command] = []
        self._round = 1
        self._marked_on = {symbol: event_type(kind) for symbol, kind in marked_on.items()}
        self._hearers = _hearers(subscriptions)
        self._recorded = False
        self._valued_every_ns = valued_every_ns
        self._valued_next_ns = 0
        self._unvalued = set(router.values())

    def has_waiting(self, strategy: str) -> bool:
        """Whether something may come to a container at any event: its commands wait for the next step, or a circuit
        breaker may open and act on what it has."""
        if self.router.safeguards.may_act_on(strategy):
            return True
        return any(command.strategy == strategy for command in self.waiting)

    def begin(self, commands: Iterable[Command]) -> None:
        """Take what the containers asked for before the first event: timers at once, the rest with the first step."""
        for command in commands:
            if isinstance(command, ScheduleTimer):
                self.timers.schedule(command, max(self.now_ns, self.sequencer.last_ns))
            else:
                self.waiting.append(command)

    def steps(self, laid: Sequence[MarketEvent]) -> Iterator[Step]:
        """The steps of what the sequencer laid out for a feed event, which is the last of it, and of the timers that
        ring before each."""
        for event in laid:
            yield from self.timers_before(event)
            yield self.step(event, of_feed=event is laid[-1])

    def timers_before(self, event: MarketEvent) -> Iterable[Step]:
        """The steps of the timers that ring before an event."""
        if event.ts_ns < self.timers.next_ns:
            return ()
        return self._timers_before(self.sequencer.key(event))

    def steps_until(self, ts_ns: int) -> Iterator[Step]:
        """The steps of the bars and timers that are due by a time, where no feed event says that it has come."""
        for bar in self.sequencer.bars_until(ts_ns):
            yield from self.timers_before(bar)
            yield self.step(bar)
        yield from self._timers_before((ts_ns, LAST, 0, 0))

    def last_steps(self) -> Iterator[Step]:
        """The steps that are due when the feed has ended."""
        return self.steps_until(self.sequencer.last_ns)

    def step(self, event: Event, *, of_feed: bool = False) -> Step:
        """Carry one event through, where containers may take their time to answer."""
        yield from self._answered(self.meet(event, of_feed=of_feed))

    def meet(self, event: Event, *, of_feed: bool = False) -> Delivery | None:
        """Begin the step of an event, and give what containers are to hear of it; None where it is over with that.

        Only an event that the feed itself brought meets the market: a derived bar is past.
        """
        self.events += 1
        ts_ns = event.ts_ns
        if self._unvalued:
            self._begin_curves(ts_ns)
        if ts_ns > self._valued_next_ns:
            self._value(ts_ns)
        if ts_ns > self.now_ns:  # noqa: PLR1730 - at every event a call counts
            self.now_ns = ts_ns
        reports = _NOTHING
        if of_feed and type(event) is not Timer:
            effects = self.market.on_event(event)
            if effects:
                reports = self._book(effects, 0)
            if type(event) is self._marked_on[event.symbol]:
                self.router.on_market(event)  # after what it has brought: a fill's price is older than the event's
        if self.router.safeguards.due_ns <= self.now_ns:
            reports = reports + self._meet_what_is_due(0)
        subscribers = self.hearing(event)
        for strategy in subscribers:
            self.heard[strategy] += 1
        if reports or subscribers or self.waiting:
            if self.waiting:
                self._begin_rounds()
            return Delivery(reports, event, subscribers, self.events)
        if self._recorded:
            self._commit(self.events, self.now_ns)
        return None

    def calm_until_ns(self) -> int:
        """Up to when the events of a feed bring nothing but that they are heard, as far as that is not the market's to
        say; BEFORE_ALL where any may bring more."""
        due_ns, router = self.router.safeguards.due_ns, self.router
        if self._unvalued or self.waiting or self._recorded or due_ns <= self.now_ns or not router.is_calm:
            return BEFORE_ALL
        return min(self._valued_next_ns, self.timers.next_ns - 1, due_ns - 1, router.day_ends_ns)

    def answer(self, commands: list[Command]) -> Delivery | None:
        """Go on with what containers ask for, and give what they are to hear of it; None once the step is over."""
        if (commands or self._batch) and (reports := self._meet_round(self._batch + commands)):
            return Delivery(reports)
        self._round = 1
        if self._recorded:
            self._commit(self.events, self.now_ns)
        return None

    def operate(self, operation: Operation) -> Step:
        """Carry through, between two events, what was done from outside; LedgerError where that cannot be, before
        anything has happened. Where money or units come to a book or leave it, what the books are worth right after is
        written down, so that statistics can cut the curve there."""
        taken = self.router.operate(operation, self.events)
        effects: list[Effect] = []
        if operation.action == "move_cash":
            effects = self.market.move_cash(operation.currency, operation.amount, operation.ts_ns)
        elif operation.action in AT_VENUE and not operation.is_flow:
            effects = _done_at_venue(operation, self._venue(operation), self.now_ns)
        self._record(operation)
        reports = self._book(effects, 1) + self._meet_commands(taken, 1)
        if operation.is_flow and (books := self.router.values()):
            self._record(Valued(ts_ns=operation.ts_ns, books=books))
        self._round = 2
        yield from self._answered(Delivery(reports, seal=operation.strategy, reason=operation.reason))

    def conclude(self, effects: list[Effect], ts_ns: int) -> Step:
        """Carry through what the market has decided after the last event, and what comes of that; it is so late now."""
        self.now_ns = max(self.now_ns, ts_ns)
        reports = self._book(effects, 0)
        yield from self._answered(Delivery(reports) if reports else self.answer([]))

    def take(self, commands: list[Command]) -> Step:
        """Carry through what one container that runs free has asked for, with what waits: it may be about that."""
        self._record(CommandsTaken(strategy=commands[0].strategy, n=commands[-1].n))
        self._begin_rounds()
        yield from self._answered(self.answer(commands))

    def note(self, told: FeedTold) -> Step:
        """Write down in its place what befell the feed; who judges data by it hears it now."""
        self._record(told)
        self._commit(self.events, self.now_ns)
        yield from ()

    def hear(self, heard: FromVenue) -> Step:
        """Carry through what the venue said, or that it is so late there."""
        self.now_ns = max(self.now_ns, heard.ts_ns)
        self._record(heard)
        effects = self._effects_of(heard)
        reports = self._book(effects, 0)
        if any(isinstance(effect, Adjustment | CashMoved) for effect in effects) and (books := self.router.values()):
            self._record(Valued(ts_ns=self.now_ns, books=books))
        self._begin_rounds()
        yield from self._answered(Delivery(reports) if reports else self.answer([]))

    @property
    def is_waiting(self) -> bool:
        """Whether the next event, whatever it is, is to be carried."""
        return bool(self.waiting or self._unvalued)

    @property
    def due_ns(self) -> float:
        """The first event of this time or later is to be carried, as far as nobody orders anything before."""
        return min(self.timers.next_ns, self.router.safeguards.due_ns)

    @property
    def valued_next_ns(self) -> int:
        """Before the first event after this time it is written down what the books are worth then."""
        return self._valued_next_ns

    def value_before(self, ts_ns: int) -> None:
        """Write that down as the step of an event of this time does, which brings nothing more and is passed by."""
        self._value(ts_ns)
        if self._recorded:
            self._commit(self.events + 1, max(self.now_ns, ts_ns))

    def is_matched_on(self, event: MarketEvent) -> bool:
        """Whether an event is of the kind on which its symbol is matched and marked."""
        return type(event) is self._marked_on[event.symbol]

    def pass_by(self, count: int, until_ns: int) -> None:
        """So many events, up to a time, bring nothing to anybody, and are not carried."""
        self.events += count
        self.now_ns = max(self.now_ns, until_ns)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs, of sequencer, router and market too."""
        return {
            "events": self.events,
            "heard": dict(self.heard),
            "now_ns": self.now_ns,
            "waiting": list(self.waiting),
            "deferrals": self.deferrals,
            "valued_next_ns": self._valued_next_ns,
            "unvalued": sorted(self._unvalued),
            "sequencer": self.sequencer.state(),
            "timers": self.timers.state(),
            "router": self.router.state(),
            "market": self.market.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the lock-step that gave this state."""
        self.events, self.now_ns = state["events"], state["now_ns"]
        self.heard = {strategy: state["heard"].get(strategy, 0) for strategy in self.router.strategies}
        self.waiting = msgspec.convert(state["waiting"], list[Command])
        self.deferrals, self._valued_next_ns = state["deferrals"], state["valued_next_ns"]
        new = self.router.strategies.keys() - state["router"]["orders"].keys()
        self._unvalued = self._unvalued & {*state["unvalued"], *new}
        self.sequencer.restore(state["sequencer"])
        self.timers.restore(state["timers"])
        self.router.restore(state["router"])
        self.market.restore(state["market"])

    def hearing(self, event: Event) -> tuple[str, ...]:
        """The containers that an event goes to."""
        if type(event) is Timer:
            return (event.strategy,)
        hearers = self._hearers.get(event.interval_ns if type(event) is Bar else type(event))
        return () if hearers is None else hearers.get(event.symbol, ())

    def _effects_of(self, heard: FromVenue) -> list[Effect]:
        """What came of the venue; what of it concerns its breaker is told at once."""
        assert isinstance(self.market, VenueSession), "only a venue is heard"
        effects = _effects_of(heard, self.market, self.now_ns)
        self.router.heed(self.market.agreement.take_signs(), self.now_ns)
        return effects

    def _venue(self, operation: Operation) -> VenueSession:
        if not isinstance(self.market, VenueSession):
            raise LedgerError(no_venue(operation.action))
        return self.market

    def _timers_before(self, limit: Key) -> Iterator[Step]:
        while (timer := self.timers.ring_before(limit)) is not None:
            yield self.step(timer)

    def _begin_rounds(self) -> None:
        """What waits goes with the first answer."""
        self._batch, self.waiting = self.waiting, []

    def _meet_round(self, batch: list[Command]) -> list[Report]:
        """Meet the commands of one round; what comes beyond the last waits for the next step."""
        number, self._batch = self._round, []
        if number > ROUNDS:
            self.waiting = self.waiting + batch
            self.deferrals += 1
            return []
        taken = self.router.take(batch, self.now_ns)
        for timer in taken.timers:
            self.timers.schedule(timer, self.now_ns)
        reports = self._meet_commands(taken, number)
        self._round = number + 1
        if reports:
            self._batch = [*taken.held]
        else:
            self.waiting = [*self.waiting, *taken.held]
        return reports

    def _answered(self, delivery: Delivery | None) -> Step:
        while delivery is not None:
            delivery = self.answer((yield delivery))

    def _meet_commands(self, taken: Taken, number: int) -> list[Report]:
        """Record what came of commands, and send what is to be sent; what containers hear of it is given."""
        for posting in taken.postings:
            self._record(Posted(posting=posting))
        for record in (*taken.breakers, *taken.refused, *taken.trips, *taken.sends):
            self._record(record)
        if taken.sends:
            self.recorder.barrier()
        if isinstance(self.market, VenueSession):
            for probe in taken.probes:
                self.market.probe(probe.number)
        effects: list[Effect] = [*taken.reports]
        for command in taken.sends:
            effects += self.market.on_command(command, self.now_ns)
        heard: list[Report] = [posting for posting in taken.postings if posting.number]
        return heard + self._book(effects, number)

    def _book(self, effects: list[Effect], number: int) -> list[Report]:
        """Record what happened at the market, in its order; what it reports is booked and numbered, and given."""
        heard: list[Report] = []
        follows = Taken()
        for effect in effects:
            if isinstance(effect, ExecutionReport):
                for report in self.router.book((effect,), self.events):
                    self._record(Reported(report=report, round=number))
                    heard.append(report)
                continue
            self._record(Noted(note=effect, round=number))
            if isinstance(effect, AccountEvent):
                shared = self.router.share_out(effect, self.events)
                follows.sends += shared.sends
                for posting in shared.postings:
                    self._record(Posted(posting=posting))
                heard += (posting for posting in shared.postings if posting.number)
        if follows.sends:
            heard += self._meet_commands(follows, number)
        if self.router.safeguards.due_ns <= self.now_ns:
            heard += self._meet_what_is_due(number)
        return heard

    def _meet_what_is_due(self, number: int) -> list[Report]:
        """What circuit breakers make of what was heard, as commands are met."""
        return self._meet_commands(self.router.safeguards.due(self.now_ns), number)

    def _begin_curves(self, now_ns: int) -> None:
        """Write down what the books begin with, once all that is in them can be valued."""
        books = self.router.values()
        if all(books[owner].equity is not None for owner in self._unvalued):
            self._record(Valued(ts_ns=now_ns, books=books))
            self._unvalued = set()

    def _value(self, now_ns: int) -> None:
        """Write down what the books are worth at the end of the interval that is over, a day where none is given; its
        last moment is part of it, as a bar is stamped with its close."""
        if self._valued_next_ns and (books := self.router.values()):
            self._record(Valued(ts_ns=self._valued_next_ns, books=books))
        self._valued_next_ns = -(-now_ns // self._valued_every_ns) * self._valued_every_ns

    def _record(self, record: StepRecord) -> None:
        self._recorded = True
        self.recorder.record(record)

    def _commit(self, event: int, ts_ns: int) -> None:
        self.recorder.record(Commit(event=event, ts_ns=ts_ns))
        self.recorder.barrier()
        self._recorded = False


def _hearers(subscriptions: Mapping[str, Sequence[Subscription]]) -> dict[type | int, dict[str, tuple[str, ...]]]:
    """Who hears a symbol, by the type of event, or of bars by their interval."""
    hearers: dict[type | int, dict[str, tuple[str, ...]]] = {}
    for strategy, wanted in subscriptions.items():
        for one in wanted:
            of_kind = hearers.setdefault(one.interval_ns or event_type(one.kind), {})
            of_kind[one.symbol] = (*of_kind.get(one.symbol, ()), strategy)
    return hearers


def _effects_of(heard: FromVenue, session: VenueSession, now_ns: int) -> list[Effect]:
    match heard:
        case VenueHeard(message=message):
            return session.on_message(message, now_ns)
        case TimePassed():
            return session.on_time(now_ns)
        case LifeBegan(epoch_ms=epoch_ms, dead_man_ns=dead_man_ns):
            return session.begin_life(epoch_ms, now_ns, dead_man_ns=dead_man_ns)
        case LifeEnds():
            return session.end_life(now_ns)


def no_venue(action: str) -> str:
    """Why an operation of AT_VENUE cannot be where the market is simulated."""
    return f"the market is simulated here; {AT_VENUE[action]}"


def _done_at_venue(operation: Operation, session: VenueSession, now_ns: int) -> list[Effect]:
    if operation.resolution is not None:
        return session.resolve(operation.resolution, operation.reason, now_ns)
    if operation.adoption is not None:
        return session.adopt(operation.adoption, now_ns)
    session.read_all(now_ns)
    return []
