"""In the place of the journal: every record that comes is held against the one that is there, up to the first that
differs; and is handed on."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from daemon.journal.words import in_words
from daemon.repetition import JournaledStep, RecordedMarket, Repetition
from daemon.research.replay.divergence import (
    Compared,
    Diverged,
    Divergence,
    order_of,
    owner_of,
    subject,
    without_cid,
)
from trading.account.records import BreakerChanged, CommandsTaken, Noted, Posted, Reported, StepRecord
from trading.commands import Command, RefusedOrder, Trip, WireAmend, WireCancel, WireSubmit
from trading.lockstep import LockStep
from trading.recorder import Recorder
from trading.venue.session import VenueSession

COMMANDS: Final = (WireSubmit, WireCancel, WireAmend, RefusedOrder, Trip)
"""What strategies ask for, as the journal has it."""

BEFORE: Final = 5
"""How many commands of a strategy are shown from before a divergence."""

_BEFORE_A_TRIP: Final = (Posted, BreakerChanged, RefusedOrder, Trip)
"""What may stand before a trip of what came of the same commands."""

_NUMBERS: Final = frozenset({"event", "cause"})
"""Fields that count events."""


class Tally:
    """What has been compared so far. `on_step` is told of each step that came as it is journaled."""

    def __init__(self, on_step: Callable[[JournaledStep], None] | None = None) -> None:
        self.steps = self.commands = self.orders = self.fills = 0
        self.before: defaultdict[str, deque[StepRecord]] = defaultdict(lambda: deque(maxlen=BEFORE))
        self._on_step = on_step

    def take(self, step: JournaledStep) -> None:
        """Count a step."""
        self.steps += 1
        for record in step:
            if isinstance(record, COMMANDS):
                self.commands += 1
                self.orders += isinstance(record, WireSubmit)
                self.before[owner_of(record)].append(record)
            elif isinstance(record, Reported):
                self.fills += record.report.fill is not None
        if self._on_step is not None:
            self._on_step(step)


class Comparison(Repetition):
    """Repeats some steps of a journal on a lock-step. Diverged from what comes out otherwise.

    The market decides again, unless it is `recorded`. What came as it is journaled is recorded `then`.
    """

    def __init__(
        self,
        lockstep: LockStep,
        steps: Iterable[JournaledStep],
        tally: Tally,
        then: Recorder,
        *,
        recorded: bool = False,
    ) -> None:
        super().__init__(lockstep, steps)
        self._tally = tally
        self._then = then
        lockstep.recorder = self
        lockstep.router.ids = self
        if recorded and not isinstance(lockstep.market, VenueSession):
            lockstep.market = RecordedMarket(lockstep.market, self)

    def record(self, record: StepRecord) -> None:
        """Hold a record against the one that is there."""
        super().record(record)
        self._then.record(record)

    def barrier(self) -> None:
        """Hand it on."""
        self._then.barrier()

    def settle(self) -> None:
        """The step is over."""
        step = self._expected
        super().settle()
        if step:
            self._tally.take(step)

    @property
    def has_more(self) -> bool:
        """Whether the journal has later steps."""
        return self._coming is not None

    def taken(self, commands: list[Command], cause: CommandsTaken) -> list[Command]:
        """What a strategy that ran free is to have asked for by now; Diverged where it has asked for less."""
        if not commands or commands[-1].n < cause.n:
            asked = next((one for one in self._expected if isinstance(one, COMMANDS)), cause)
            raise self.miss(None, asked, f"{cause.strategy} has not asked for its command {cause.n} by now")
        return commands

    def lost_here(self, strategy: str) -> Trip | None:
        """The trip with which a container was lost then instead of hearing what is to be told to it now."""
        for place, record in enumerate(self._expected):
            if isinstance(record, Trip) and record.lost and record.strategy == strategy and place >= self._place:
                between = self._expected[self._place : place]
                return record if all(isinstance(one, _BEFORE_A_TRIP) for one in between) else None
        return None

    def refused(self, why: str) -> Diverged:
        """What is to be raised where the books do not allow what is journaled next."""
        return self.miss(None, self._expected[self._place] if self._place < len(self._expected) else None, why)

    def miss(self, came: Compared | None, journaled: Compared | None, note: str = "") -> Diverged:
        """What is to be raised where something else came than is journaled; None for nothing."""
        found = Divergence(
            event=self._lockstep.events,
            ts_ns=self._lockstep.now_ns,
            symbol=next((symbol for one in (journaled, came) if one and (symbol := self._symbol_of(one))), ""),
            journaled=journaled,
            came=came,
        )
        done = (one for one in self._expected[: self._place] if isinstance(one, COMMANDS))
        own = [one for one in done if owner_of(one) == found.strategy]
        before = (*self._tally.before[found.strategy], *own)[-BEFORE:]
        return Diverged(msgspec.structs.replace(found, before=before, note=note or self._note_on(found)))

    def _differs(self, came: StepRecord | None, journaled: StepRecord | None) -> Diverged:
        """Of two records that are not of the same thing one is too many, or missing."""
        if came is None or journaled is None or subject(came) == subject(journaled):
            return self.miss(came, journaled)
        rest = {subject(one): one for one in reversed(self._expected[self._place :])}
        counterpart = rest.get(subject(came))
        if counterpart is None:
            return self.miss(came, None, f"the journal has {in_words(journaled)} in its place")
        if without_cid(counterpart) != without_cid(came):
            return self.miss(came, counterpart)
        return self.miss(None, journaled, f"now comes {in_words(came)} in its place")

    def _note_on(self, found: Divergence) -> str:
        """Whether what differs is no more than the count of events."""
        later = self._coming[0] if self._coming is not None else None
        counts_only = found.differences and all(one.field.rpartition(".")[2] in _NUMBERS for one in found.differences)
        if (found.journaled is None and found.came == later) or counts_only:
            return "there is an event more or less now than there was: a timer of a strategy, or a bar that it hears"
        return ""

    def _symbol_of(self, record: Compared) -> str:
        match record:
            case Posted(posting=posting):
                return posting.symbol
            case Noted(note=note):
                return getattr(note, "symbol", "")
        order_id = order_of(record)
        if isinstance(record, WireSubmit | WireAmend | RefusedOrder):
            return record.terms.symbol
        orders = self._lockstep.router.orders.get(owner_of(record))
        order = orders.get(order_id) if orders is not None and order_id else None
        return "" if order is None else order.terms.symbol
