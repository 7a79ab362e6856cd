"""Journaled steps carried once more through a lock-step: what stands in its places meanwhile.

A start repeats the steps since a snapshot (`recovery.py`), `bulkhead replay` those of a whole journal. Router and
strategies make their decisions again, and each record that comes must be the one in the journal. The market decides
again too, or it is told its effects.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import takewhile
from typing import Any

import msgspec

from trading.account.records import Commit, FromOutside, Noted, Posted, Reported, StepRecord
from trading.commands import Trip, WireAmend, WireCommand, WireSubmit
from trading.lockstep import LockStep
from trading.market import AccountSnapshot, Effect, Market, ReportDelayed
from trading.market_data import MarketEvent
from trading.reports import ExecutionReport, Origin, ReportKind

JournaledStep = tuple[StepRecord, ...]
"""The records of one committed step, its Commit last."""


class Repetition(ABC):
    """Stands in for the recorder and the ids of a lock-step, and holds what comes against the steps of a journal, which
    are read one ahead. Whoever carries the events through asks before each step, and after it."""

    def __init__(self, lockstep: LockStep, steps: Iterable[JournaledStep]) -> None:
        self._lockstep = lockstep
        self._steps = iter(steps)
        self._coming: JournaledStep | None = None
        self._coming_event = 0
        self._comes_from_outside = False
        self._read_ahead()
        self._expected: JournaledStep = ()
        self._place = 0
        self._answered = -1
        self._cids: deque[str] = deque()

    @abstractmethod
    def _differs(self, came: StepRecord | None, journaled: StepRecord | None) -> Exception:
        """What is to be raised where something else came than the journal has; None for nothing."""

    def expect_event(self) -> None:
        """The next step is that of an event: its records, if the journal has any of it, are expected."""
        if self._coming_event == self._lockstep.events + 1 and not self._comes_from_outside:
            self._expect_next()

    def from_outside(self) -> Iterator[FromOutside]:
        """What was done, taken or heard between the event just repeated and the next; each is to be carried through
        before the next is asked for."""
        while self.is_from_outside:
            self._expect_next()
            cause = self._expected[0]
            assert isinstance(cause, FromOutside)
            yield cause
            self.settle()

    @property
    def is_from_outside(self) -> bool:
        """Whether something was done, taken or heard before the next event."""
        return self._comes_from_outside and self._coming_event == self._lockstep.events

    def lost(self) -> Iterator[Trip]:
        """The containers that were lost in the step that is expected."""
        return (record for record in self._expected if isinstance(record, Trip) and record.lost)

    def settle(self) -> None:
        """The step is over; an error when the journal has more of it."""
        if self._place != len(self._expected):
            raise self._differs(None, self._expected[self._place])
        if self._expected:
            self._expect(())

    def end(self) -> None:
        """There are no more events; an error when the journal knows of later steps."""
        if self._coming is not None:
            raise self._differs(None, self._coming[0])

    def record(self, record: StepRecord) -> None:
        """In the place of the recorder: hold a record against the one that is there."""
        expected = self._expected[self._place] if self._place < len(self._expected) else None
        if record != expected and comparable(record) != comparable(expected):
            raise self._differs(record, expected)
        self._place += 1

    def barrier(self) -> None:  # noqa: B027 - there is nothing to do
        """All of this is in the journal already."""

    def next(self, _strategy: str) -> str:
        """In the place of the ids: the one that the order had; none for one more than there were, which is told apart
        when it is recorded."""
        return self._cids.popleft() if self._cids else ""

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

    def _expect_next(self) -> None:
        assert self._coming is not None
        self._expect(self._coming)
        self._read_ahead()

    def _read_ahead(self) -> None:
        self._coming = next(self._steps, None)
        if self._coming is None:
            self._coming_event, self._comes_from_outside = -1, False
            return
        commit = self._coming[-1]
        assert isinstance(commit, Commit)
        self._coming_event, self._comes_from_outside = commit.event, isinstance(self._coming[0], FromOutside)

    def _expect(self, step: JournaledStep) -> None:
        self._expected, self._place, self._answered = step, 0, -1
        self._cids = deque(record.cid for record in step if isinstance(record, WireSubmit))


class RecordedMarket:
    """A market that is told what it did."""

    def __init__(self, real: Market, repetition: Repetition) -> None:
        self._real = real
        self._repetition = repetition

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
        effects = self._repetition.next_effects(of_event=of_event, after=after)
        for effect in effects:
            self._real.apply(effect, self._repetition.sent(effect))
        return [_as_reported(effect) for effect in effects]


def comparable(record: StepRecord | None) -> StepRecord | None:
    """A traceback names places in files, and says nothing of what happened."""
    return msgspec.structs.replace(record, traceback="") if isinstance(record, Trip) else record


def _as_reported(effect: Effect) -> Effect:
    """As the market gave it: the router numbers reports itself."""
    return msgspec.structs.replace(effect, number=0, cause=0) if isinstance(effect, ExecutionReport) else effect
