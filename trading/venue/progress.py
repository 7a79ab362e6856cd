"""What becomes of the attempts, by what the venue says of where they stand: the reports that their owners are told.

A status that says less than is known is stale, and says nothing. One that says that more has filled than was heard of
is believed, but ends nothing before the executions are here: they are asked for. What ends an attempt cites the word
that it rests on.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from trading.account.breaks import BreakKind
from trading.commands import WireCancel, WireSubmit
from trading.orders import OrderTerms
from trading.reports import ExecutionReport, ReportKind
from trading.timestamps import SECOND
from trading.venue.agreement import Agreement
from trading.venue.attempts import Attempt, AttemptChange, AttemptState, Ending, ending_of
from trading.venue.changes import Changes, same_terms
from trading.venue.evidence import Evidence, LocalDenial, VenueWord
from trading.venue.executions import Executions
from trading.venue.line import Line
from trading.venue.messages import ListFills, Message, RequestUnsent, VenueOrder, VenueStatus
from trading.venue.reporter import Reporter

MOST_KNOWN: Final = 10_000
"""Attempts that are known, those that are over for what comes late."""

PAUSE_NS: Final = 2 * SECOND
"""Between the first question about an order in doubt and the next."""

_REPORTS: Final = {
    AttemptChange.CANCEL: ReportKind.CANCELLED,
    AttemptChange.EXPIRE: ReportKind.EXPIRED,
    AttemptChange.REJECT: ReportKind.REJECTED,
}


class Progress:
    """Holds the attempts, those that are not over in `open` too, and which executions are booked."""

    def __init__(self, *, line: Line, changes: Changes, agreement: Agreement, reporter: Reporter) -> None:
        self.attempts: dict[str, Attempt] = {}
        self.open: dict[str, Attempt] = {}
        self.executions = Executions(line.profile.fills_kept_ns)
        self._line = line
        self._changes = changes
        self._agreement = agreement
        self._reporter = reporter

    def submit(self, command: WireSubmit) -> None:
        """Send an order."""
        request = self._line.send(command)
        self._keep(
            Attempt(
                cid=command.cid,
                terms=command.terms,
                stamp_ns=self._line.stamp_ns,
                sent_ns=self._line.now_ns,
                since_ns=self._line.now_ns,
                next_ask_ns=self._line.now_ns + PAUSE_NS,
                request=request,
            )
        )

    def adopted(self, cid: str, terms: OrderTerms, venue_id: str) -> ExecutionReport:
        """An order works at the venue that is one of ours by its id, and was not known here."""
        attempt = Attempt(
            cid=cid,
            terms=terms,
            stamp_ns=0,
            sent_ns=self._line.now_ns,
            since_ns=self._line.now_ns,
            request=0,
            state=AttemptState.ACCEPTED,
            venue_id=venue_id,
        )
        self._keep(attempt)
        return self._reporter.report(attempt, ReportKind.ADOPTED, terms=terms)

    # What is said of an order.

    def told(self, attempt: Attempt, order: VenueOrder, message: Message, *, asked: bool) -> list[ExecutionReport]:
        """Where an order stands; `asked` where that answers a question about it."""
        attempt.venue_id = order.venue_id or attempt.venue_id
        if order.status is VenueStatus.UNREADABLE:
            return self.lose(attempt, "unreadable", f"the venue says {order.reason!r} of it, which is not known here")
        if 0 < order.updated_ns < attempt.annulled_ns:
            return []  # it counts what was annulled since
        if order.filled > attempt.filled:
            attempt.average_price = order.average_price or order.limit_price or attempt.average_price
            attempt.told = order.filled
            attempt.behind_ns = self._line.now_ns if attempt.behind_ns is None else attempt.behind_ns
        if attempt.is_over:
            self._told_of_the_past(attempt, order, asked=asked)
            return []
        change = ending_of(order.status)
        if change is None:
            return self._told_open(attempt, order, asked=asked) if order.filled >= attempt.filled else []
        reports = self._told_terms(attempt, order, asked=asked) if order.filled >= attempt.filled else []
        if order.filled > attempt.filled:
            attempt.ending = attempt.ending or Ending(
                change=change,
                filled=order.filled,
                evidence=VenueWord.of(message),
                code=order.code,
                reason=order.reason,
                heard_ns=self._line.now_ns,
            )
            return reports
        return reports + self.end(attempt, change, VenueWord.of(message), order.code, order.reason)

    def _told_open(self, attempt: Attempt, order: VenueOrder, *, asked: bool) -> list[ExecutionReport]:
        reports = self._accepted(attempt) + self._told_terms(attempt, order, asked=asked)
        if asked:
            reports += [
                self._reporter.report(attempt, outcome.kind, code=outcome.code, reason=outcome.reason)
                for outcome in self._changes.settle(attempt.cid, self._is_past)
            ]
        return reports

    def _told_terms(self, attempt: Attempt, order: VenueOrder, *, asked: bool) -> list[ExecutionReport]:
        """The terms that the venue has. A word that is older than those known lags behind. Other terms that nobody has
        asked for may be old too, where words have no times; so they are believed of an answer only."""
        terms = _as_told(attempt.terms, order)
        is_older = 0 < order.updated_ns < attempt.terms_ns
        if is_older and self._line.now_ns - attempt.terms_heard_ns < self._line.profile.visible_after_ns:
            return []
        is_same = same_terms(attempt.terms, terms)
        is_asked_for = not is_same and not is_older and self._changes.take_asked_for(attempt.cid, terms)
        if not (is_same or is_asked_for or asked) and self._line.profile.finds_by_id:
            self._line.ask_about(attempt)
            return []
        if order.updated_ns > attempt.terms_ns or not is_same:
            attempt.terms_ns, attempt.terms_heard_ns = order.updated_ns, self._line.now_ns
        if is_same:
            return []
        attempt.terms = terms
        code = "" if is_asked_for or self._changes.take_asked_for(attempt.cid, terms) else "venue"
        return [self._reporter.report(attempt, ReportKind.REPLACED, terms=terms, code=code)]

    def _accepted(self, attempt: Attempt) -> list[ExecutionReport]:
        attempt.asked = 0
        is_news = attempt.change(AttemptChange.ACCEPT, self._line.now_ns)
        return [self._reporter.report(attempt, ReportKind.ACCEPTED)] if is_news else []

    def _told_of_the_past(self, attempt: Attempt, order: VenueOrder, *, asked: bool) -> None:
        """What is over may be told of again. That it works, long after it was over, is another matter."""
        if order.filled > attempt.filled:
            self.ask_for_fills(attempt)
        late = self._line.now_ns - attempt.since_ns >= self._line.profile.visible_after_ns
        if order.status is not VenueStatus.OPEN:
            self._changes.forget(attempt.cid)
            return
        if not late:
            return
        if not asked:
            self._line.ask_about(attempt)
        elif not self._changes.is_cancelled(attempt.cid):
            terms, words = attempt.terms, f"it is {attempt.state} here, and works at the venue"
            self._agreement.say(BreakKind.CAME_BACK, terms.order_id, words)
            self._changes.cancel(
                WireCancel(cid=attempt.cid, order_id=terms.order_id, strategy=terms.strategy, ts_ns=self._line.now_ns)
            )

    # What ends, and what is in doubt.

    def refused(self, attempt: Attempt, message: Message, code: str, reason: str) -> list[ExecutionReport]:
        """The venue has not taken an order."""
        if code in self._line.profile.not_final:
            return self.lose(attempt, code, reason)
        return self.end(attempt, AttemptChange.REJECT, VenueWord.of(message), code, reason)

    def unsent(self, attempt: Attempt, message: RequestUnsent) -> list[ExecutionReport]:
        """An order has not left."""
        if attempt.state not in (AttemptState.SENDING, AttemptState.UNKNOWN):
            return []
        return self.end(attempt, AttemptChange.DENY, LocalDenial.of(message), "unsent", message.reason)

    def amend_rejected(self, attempt: Attempt, code: str, reason: str) -> ExecutionReport:
        """The venue has not amended an order."""
        return self._reporter.report(attempt, ReportKind.REPLACE_REJECTED, code=code, reason=reason)

    def lose(self, attempt: Attempt, code: str, reason: str) -> list[ExecutionReport]:
        """Nobody knows what the venue did with an order: that only begins a search."""
        self._line.ask_about(attempt)
        if attempt.is_over or not attempt.change(AttemptChange.LOSE, self._line.now_ns):
            return []
        attempt.asked, attempt.next_ask_ns = 0, self._line.now_ns + PAUSE_NS
        return [self._reporter.report(attempt, ReportKind.UNKNOWN, code=code, reason=reason)]

    def quarantine(self, attempt: Attempt) -> ExecutionReport:
        """What can neither be found nor be shown to be absent waits for better knowledge; it counts at its worst."""
        attempt.change(AttemptChange.QUARANTINE, self._line.now_ns)
        order_id = attempt.terms.order_id
        reason = f"nobody knows what became of it; bulkhead order resolve {order_id}, once you do"
        self._agreement.say(BreakKind.UNKNOWN_ORDER, order_id, reason)
        return self._reporter.report(attempt, ReportKind.UNKNOWN, code="quarantined", reason=reason)

    def end(
        self, attempt: Attempt, change: AttemptChange, evidence: Evidence, code: str = "", reason: str = ""
    ) -> list[ExecutionReport]:
        """What an attempt has come to, and what that rests on. One that has filled needs no report beside its fills,
        but where it outran an amendment: until that is answered its owner waits for more."""
        if not attempt.end(change, evidence, self._line.now_ns):
            return []
        is_outrun = attempt.filled < self._changes.most(attempt.cid, attempt.terms)
        del self.open[attempt.cid]
        self._changes.forget(attempt.cid)
        if change is AttemptChange.FILL and attempt.filled >= attempt.terms.quantity:
            return [self.amend_rejected(attempt, "filled", "it has filled as it was")] if is_outrun else []
        kind = _REPORTS.get(change, ReportKind.REJECTED)
        if change is AttemptChange.FILL:
            kind, code = ReportKind.CANCELLED, code or "filled_less"
        return [
            self._reporter.report(attempt, kind, code=code or attempt.state.value, reason=reason, evidence=evidence)
        ]

    def reopen(self, attempt: Attempt) -> None:
        """Some of what had filled was annulled: it may work again."""
        if attempt.reopen(self._line.now_ns):
            self.open[attempt.cid] = attempt

    def ask_about(self, cid: str) -> None:
        """Ask what became of an order, where it is one of ours."""
        if (attempt := self.attempts.get(cid)) is not None:
            self._line.ask_about(attempt)

    def ask_for_fills(self, attempt: Attempt) -> None:
        """More of it has filled than is booked."""
        self._line.ask(ListFills(since_ns=max(0, attempt.sent_ns - self._line.profile.visible_after_ns)))

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "attempts": list(self.attempts.values()),
            "executions": self.executions.state(),
            "now_ns": self._line.now_ns,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the progress that gave this state."""
        self.attempts = {one.cid: one for one in msgspec.convert(state["attempts"], list[Attempt])}
        self.open = {cid: one for cid, one in self.attempts.items() if not one.is_over}
        self.executions.restore(state["executions"])
        self._line.now_ns = state["now_ns"]

    # Within.

    def _keep(self, attempt: Attempt) -> None:
        self.attempts[attempt.cid] = self.open[attempt.cid] = attempt
        if len(self.attempts) > MOST_KNOWN:
            for cid in [cid for cid in self.attempts if cid not in self.open][: MOST_KNOWN // 10]:
                del self.attempts[cid]

    def _is_past(self, stamp_ns: int) -> bool:
        """Whether what was stamped then can no longer be accepted, as far as the venue promises."""
        bound_ns = self._line.profile.accepted_within_ns
        bound_ns = self._line.profile.visible_after_ns if bound_ns is None else bound_ns
        return self._line.stamp_ns > stamp_ns + bound_ns + self._line.profile.clock_margin_ns


def _as_told(terms: OrderTerms, order: VenueOrder) -> OrderTerms:
    """The terms as the venue has them."""
    limit = terms.limit_price if order.limit_price is None else order.limit_price
    stop = terms.stop_price if order.stop_price is None else order.stop_price
    return msgspec.structs.replace(terms, quantity=order.quantity, limit_price=limit, stop_price=stop)
