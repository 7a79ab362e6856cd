"""Recovery: the journaled steps since a snapshot, carried once more through the same lock-step.

The simulated market does not decide again: it is told its effects. The router makes its decisions again and the
strategies theirs, and each record that comes of it must be the one in the journal. A step without a commit is not
among them; it happens anew afterwards.
"""

from collections.abc import Iterable

from daemon.errors import NotRepeatable
from daemon.journal.words import in_words
from daemon.repetition import JournaledStep, RecordedMarket, Repetition
from daemon.state import or_begin_anew
from trading.account.ids import IdSource
from trading.account.records import StepRecord
from trading.lockstep import LockStep
from trading.market import Market
from trading.recorder import Recorder
from trading.venue.session import VenueSession


def put_back(*, is_live: bool) -> str:
    """How to mend a strategy that is not what it was."""
    return or_begin_anew("put its old code back for this start", is_live=is_live)


def has_changed(*, is_live: bool) -> str:
    """Why a step may not repeat, and how to mend that."""
    why = (
        "a strategy has changed since, or decides by more than its events (a clock, a file, an unseeded random number)"
    )
    return f"{why}: {put_back(is_live=is_live)}"


class Replay(Repetition):
    """Stands in for market, recorder and ids of a lock-step until every journaled step is repeated. NotRepeatable from
    what comes out otherwise."""

    def __init__(self, lockstep: LockStep, steps: Iterable[JournaledStep]) -> None:
        super().__init__(lockstep, steps)
        self._real: tuple[Market, Recorder, IdSource] = (lockstep.market, lockstep.recorder, lockstep.router.ids)
        if self._coming is not None:
            if not isinstance(lockstep.market, VenueSession):  # which hears again what it heard
                lockstep.market = RecordedMarket(lockstep.market, self)
            lockstep.recorder = self
            lockstep.router.ids = self

    @property
    def done(self) -> bool:
        """Whether everything is repeated and the real market, recorder and ids are in their places."""
        return self._lockstep.recorder is self._real[1]

    def settle(self) -> None:
        """The step is over. After the last, all is real again."""
        super().settle()
        if self._coming is None:
            self._lockstep.market, self._lockstep.recorder, self._lockstep.router.ids = self._real

    def _differs(self, came: StepRecord | None, journaled: StepRecord | None) -> NotRepeatable:
        now, then = in_words(came) if came else "nothing more", in_words(journaled) if journaled else "nothing"
        return NotRepeatable(
            f"the step of event {self._lockstep.events} did not repeat: the journal has {then}; now came {now}",
            mend=has_changed(is_live=isinstance(self._real[0], VenueSession)),
        )
