"""What an operator does about orders at the venue. LedgerError where it cannot be, and nothing has happened."""

from trading.account.breaks import BreakKind
from trading.account.resolutions import Adoption, Resolution, adopted_order, verdict
from trading.market import Effect
from trading.venue.agreement import Agreement
from trading.venue.attempts import Attempt
from trading.venue.doubts import Doubts
from trading.venue.foreign import ForeignOrders
from trading.venue.line import Line
from trading.venue.messages import ReadAccount
from trading.venue.ownership import Ownership
from trading.venue.progress import Progress
from trading.venue.sums import Sums


class Interventions:
    """Carries out an operator's word on one session's orders."""

    def __init__(
        self,
        *,
        line: Line,
        ownership: Ownership,
        progress: Progress,
        sums: Sums,
        doubts: Doubts,
        foreign: ForeignOrders,
        agreement: Agreement,
    ) -> None:
        self._line = line
        self._ownership = ownership
        self._progress = progress
        self._sums = sums
        self._doubts = doubts
        self._foreign = foreign
        self._agreement = agreement

    def attempt_of(self, order_id: str) -> Attempt | None:
        """The newest attempt of an order, None where none is known."""
        attempts = reversed(self._progress.attempts.values())
        return next((one for one in attempts if one.terms.order_id == order_id), None)

    def resolve(self, resolution: Resolution, why: str, ts_ns: int) -> list[Effect]:
        """End an order that is in doubt as an operator says, and look what the account says to that. What is new of it
        is booked as a sum."""
        attempt = self.attempt_of(resolution.order_id)
        said = verdict(resolution, attempt, self._ownership.instruments, why)
        assert attempt is not None, "else there is no verdict"
        self._line.reach(ts_ns)
        self._doubts.found(attempt.cid)
        effects: list[Effect] = []
        if said.units and said.price is not None:
            effects += self._sums.resolve(attempt, said.units, said.price)
        effects += self._progress.end(attempt, said.change, said.word, "resolved", said.word.reason)
        self._agreement.reconciliation.changed(attempt.terms.symbol)
        for kind in (BreakKind.UNKNOWN_ORDER, BreakKind.MISSING_FILL, BreakKind.VANISHED_ORDER):
            self._agreement.mend(kind, resolution.order_id, f"an operator says {resolution.ended}")
        self._line.ask(ReadAccount())
        return effects

    def adopt(self, adoption: Adoption, ts_ns: int) -> list[Effect]:
        """Give an order that is nobody's to a strategy."""
        order = self._foreign.works.get(adoption.venue_id)
        now_ns = max(self._line.now_ns, ts_ns)
        terms = adopted_order(adoption, order, self._ownership.strategies, self._ownership, now_ns)
        assert order is not None, "else there are no terms"
        self._line.reach(ts_ns)
        self._agreement.reconciliation.changed(terms.symbol)
        self._foreign.given(adoption.venue_id, adoption.strategy)
        return [self._progress.adopted(order.cid, terms, order.venue_id)]
