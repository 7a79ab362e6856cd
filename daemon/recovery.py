"""Recovery: the journaled steps since a snapshot, carried once more through the same lock-step.

The simulated market does not decide again: it is told its effects. The router makes its decisions again and the
strategies theirs, and each record that comes of it must be the one in the journal. A step without a commit is not
among them; it happens anew afterwards.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import takewhile
from typing import Any

import msgspec

from daemon.errors import NotRepeatable
from daemon.journal.words import in_words
from daemon.state import or_begin_anew
from trading.account.ids import IdSource
from trading.account.records import (
    Commit,
    FromOutside,
    Noted,
    Posted,
    Reported,
    StepRecord,
)
from trading.commands import Trip, WireAmend, WireCommand, WireSubmit
from trading.lockstep import LockStep
from trading.market import AccountSnapshot, Effect, Market, ReportDelayed
from trading.market_data import MarketEvent
from trading.recorder import Recorder
from trading.reports import ExecutionReport, Origin, ReportKind
from trading.venue.session import VenueSession

JournaledStep = tuple[StepRecord, ...]
"""The records of one committed step, its Commit last."""


def put_back(*, is_live: bool) -> str:
    """How to mend a strategy that is not what it was."""
    return or_begin_anew("put its old code back for this start", is_live=is_live)


def has_changed(*, is_live: bool) -> str:
    """Why a step may not repeat, and how to mend that."""
    why = (
        "a strategy has changed since, or decides by more than its events (a clock, a file, an unseeded random number)"
    )
    return f"{why}: {put_back(is_live=is_live)}"


class Replay:
    """Stands in for market, recorder and ids of a lock-step until every journaled step is repeated."""

    def __init__(self, lockstep: LockStep, steps: Iterable[JournaledStep]) -> None:
        self._lockstep = lockstep
        self._steps = deque(steps)
        self._real: tuple[Market, Recorder, IdSource] = (lockstep.market, lockstep.recorder, lockstep.router.ids)
        self._expected: JournaledStep = ()
        self._place = 0
        self._answered = -1
        self._cids: deque[str] = deque()
        if self._steps:
            if not isinstance(lockstep.market, VenueSession):  # which hears again what it heard
                lockstep.market = RecordedMarket(lockstep.market, self)
            lockstep.recorder = self
            lockstep.router.ids = self

    @property
    def done(self) -> bool:
        """Whether everything is repeated and the real market, recorder and ids are in their places."""
        return self._lockstep.recorder is self._real[1]

    def expect_event(self) -> None:
        """The next step is that of an event: its records, if the journal has any of it, are expected."""
        if not self._steps or isinstance(self._steps[0][0], FromOutside):
            return
        if self._next_event() == self._lockstep.events + 1:
            self._expect(self._steps.popleft())

    def from_outside(self) -> Iterator[FromOutside]:
        """What was done, taken or heard between the event just repeated and the next; each is to be carried through
        before the next is asked for."""
        while self._steps and isinstance(cause := self._steps[0][0], FromOutside):
            if self._next_event() != self._lockstep.events:
                return
            self._expect(self._steps.popleft())
            yield cause
            self.settle()

    def lost(self) -> Iterator[Trip]:
        """The containers that were lost in the step that is expected."""
        return (record for record in self._expected if isinstance(record, Trip) and record.lost)

    def settle(self) -> None:
        """The step is over; NotRepeatable when the journal has more of it. After the last, all is real again."""
        if self._place != len(self._expected):
            raise self._differs("nothing more", in_words(self._expected[self._place]))
        self._expect(())
        if not self._steps:
            self._lockstep.market, self._lockstep.recorder, self._lockstep.router.ids = self._real

    def end(self) -> None:
        """The feed has ended too; NotRepeatable when the journal knows of later steps."""
        if self._steps:
            raise self._differs("the end of the feed", in_words(self._steps[0][0]))

    def record(self, record: StepRecord) -> None:
        """In the place of the journal: hold a record against the one that is there."""
        expected = self._expected[self._place] if self._place < len(self._expected) else None
        if _comparable(record) != _comparable(expected):
            raise self._differs(in_words(record), in_words(expected) if expected else "nothing")
        self._place += 1

    def barrier(self) -> None:
        """All of this is in the journal already."""

    def next(self, strategy: str) -> str:
        """In the place of the ids: the one that the order had."""
        if not self._cids:
            raise self._differs(f"one more order of {strategy}", "nothing")
        return self._cids.popleft()

    def next_effects(self, *, of_event: bool, after: int = 0) -> list[Effect]:
        """What came of the market at this place of the step, or so many records after it: once of the event, once of
        each round's commands."""
        if self._answered == self._place:
            return []
        self._answered = self._place
        came = takewhile(
            lambda record: isinstance(record, Reported | Noted | Posted), self._expected[self._place + after :]
        )
        found = [record for record in came if isinstance(record, Reported | Noted)]
        first = 0 if of_event else found[0].round if found else 0
        return [
            one.report if isinstance(one, Reported) else one.note
            for one in found
            if one.round == first and not (isinstance(one, Reported) and one.report.origin is not Origin.VENUE)
        ]

    def sent(self, effect: Effect) -> WireCommand | None:
        """What was sent in this step of the order that an effect is of: the order, or other terms for it."""
        report = effect.report if isinstance(effect, ReportDelayed) else effect
        if not isinstance(report, ExecutionReport):
            return None
        kind = WireAmend if report.kind in (ReportKind.REPLACED, ReportKind.REPLACE_REJECTED) else WireSubmit
        if kind is WireAmend and report.kind is ReportKind.REPLACED and report.code:
            return None  # the market did it of itself
        sent = self._expected[: self._place]
        commands = (one for one in sent if isinstance(one, kind) and one.cid == report.cid)
        return next(commands, None)

    def _expect(self, step: JournaledStep) -> None:
        self._expected, self._place, self._answered = step, 0, -1
        self._cids = deque(record.cid for record in step if isinstance(record, WireSubmit))

    def _next_event(self) -> int:
        commit = self._steps[0][-1]
        assert isinstance(commit, Commit)
        return commit.event

    def _differs(self, came: str, journaled: str) -> NotRepeatable:
        return NotRepeatable(
            f"the step of event {self._lockstep.events} did not repeat: the journal has {journaled}; now came {came}",
            mend=has_changed(is_live=isinstance(self._real[0], VenueSession)),
        )


class RecordedMarket:
    """A market that is told what it did."""

    def __init__(self, real: Market, replay: Replay) -> None:
        self._real = real
        self._replay = replay

    def on_event(self, event: MarketEvent) -> list[Effect]:
        """Note the price; what was reported then is reported again."""
        self._real.observe(event)
        return self._repeat(of_event=True)

    def on_command(self, command: WireCommand, ts_ns: int) -> list[Effect]:
        """With the first command of a round, repeat all that came of it."""
        self._real.expect(command, ts_ns)
        return self._repeat(of_event=False)

    def move_cash(self, _currency: str, _amount: Decimal, _ts_ns: int, /) -> list[Effect]:
        """What came of it stands behind the operation itself."""
        return self._repeat(of_event=False, after=1)

    def in_reach(self, strategy: str, events: Sequence[MarketEvent]) -> int:
        """The real market's judgement: it has the orders that worked then."""
        return self._real.in_reach(strategy, events)

    def account(self) -> AccountSnapshot:
        """The real market's books."""
        return self._real.account()

    def observe(self, event: MarketEvent) -> None:
        """Note the price."""
        self._real.observe(event)

    def expect(self, command: WireCommand, ts_ns: int) -> None:
        """Remember a command."""
        self._real.expect(command, ts_ns)

    def apply(self, effect: Effect, command: WireCommand | None) -> None:
        """Take over an effect."""
        self._real.apply(effect, command)

    def state(self) -> dict[str, Any]:
        """The real market's state."""
        return self._real.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Restore the real market."""
        self._real.restore(state)

    def _repeat(self, *, of_event: bool, after: int = 0) -> list[Effect]:
        effects = self._replay.next_effects(of_event=of_event, after=after)
        for effect in effects:
            self._real.apply(effect, self._replay.sent(effect))
        return [_as_reported(effect) for effect in effects]


def _as_reported(effect: Effect) -> Effect:
    """As the market gave it: the router numbers reports itself."""
    return msgspec.structs.replace(effect, number=0, cause=0) if isinstance(effect, ExecutionReport) else effect


def _comparable(record: StepRecord | None) -> StepRecord | None:
    """A traceback names places in files, and says nothing of what happened."""
    return msgspec.structs.replace(record, traceback="") if isinstance(record, Trip) else record
