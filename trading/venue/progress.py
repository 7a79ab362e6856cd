"""What becomes of the attempts, by what the venue says of them: the reports that their owners are told.

A status that says less than is known is stale, and says nothing. One that says that more has filled than was heard of
is believed, but ends nothing before the executions are here: they are asked for. What ends an attempt cites the word
that it rests on.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from trading.account.breaks import BreakKind
from trading.account.resolutions import Verdict
from trading.commands import WireSubmit
from trading.money import EXACT, ROUNDING, ZERO
from trading.orders import OrderTerms
from trading.reports import ExecutionReport, Fill, Liquidity, Origin, ReportKind
from trading.timestamps import SECOND
from trading.venue.attempts import Attempt, AttemptChange, AttemptState, Ending, ending_of
from trading.venue.changes import Changes, same_terms
from trading.venue.evidence import Evidence, LocalDenial, VenueWord
from trading.venue.executions import Executions
from trading.venue.messages import (
    FillsTold,
    FindOrder,
    ListFills,
    Message,
    Question,
    RequestUnsent,
    VenueFill,
    VenueOrder,
    VenueStatus,
)
from trading.venue.ownership import Ownership
from trading.venue.profile import VenueProfile

MOST_KNOWN: Final = 10_000
"""Attempts that are known, those that are over for what comes late."""

PAUSE_NS: Final = 2 * SECOND
"""Between the first question about an order in doubt and the next."""

FINEST_PRICE: Final = Decimal("0.000000000001")

_REPORTS: Final = {
    AttemptChange.CANCEL: ReportKind.CANCELLED,
    AttemptChange.EXPIRE: ReportKind.EXPIRED,
    AttemptChange.REJECT: ReportKind.REJECTED,
}


class Progress:
    """Holds the attempts, those that are not over in `open` too.

    `ask` puts a question where the same one does not wait yet; `say` tells of a break: its kind, its subject, words;
    `cancel` has an order cancelled that works at the venue and is over here.
    """

    def __init__(
        self,
        *,
        profile: VenueProfile,
        ownership: Ownership,
        changes: Changes,
        ask: Callable[[Question], None],
        say: Callable[[BreakKind, str, str], None],
        cancel: Callable[[Attempt], None],
    ) -> None:
        self.attempts: dict[str, Attempt] = {}
        self.open: dict[str, Attempt] = {}
        self.executions = Executions(profile.fills_kept_ns)
        self.now_ns = 0
        self._profile = profile
        self._ownership = ownership
        self._changes = changes
        self._ask = ask
        self._say = say
        self._cancel = cancel

    def submitted(self, command: WireSubmit, request: int, stamp_ns: int) -> None:
        """An order is on its way."""
        self._keep(
            Attempt(
                cid=command.cid,
                terms=command.terms,
                stamp_ns=stamp_ns,
                sent_ns=self.now_ns,
                since_ns=self.now_ns,
                next_ask_ns=self.now_ns + PAUSE_NS,
                request=request,
            )
        )

    def adopted(self, cid: str, terms: OrderTerms, venue_id: str) -> ExecutionReport:
        """An order works at the venue that is one of ours by its id, and was not known here."""
        attempt = Attempt(
            cid=cid,
            terms=terms,
            stamp_ns=0,
            sent_ns=self.now_ns,
            since_ns=self.now_ns,
            request=0,
            state=AttemptState.ACCEPTED,
            venue_id=venue_id,
        )
        self._keep(attempt)
        return self._report(attempt, ReportKind.ADOPTED, terms=terms)

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
            attempt.behind_ns = self.now_ns if attempt.behind_ns is None else attempt.behind_ns
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
                heard_ns=self.now_ns,
            )
            return reports
        return reports + self.end(attempt, change, VenueWord.of(message), order.code, order.reason)

    def _told_open(self, attempt: Attempt, order: VenueOrder, *, asked: bool) -> list[ExecutionReport]:
        reports = self._accepted(attempt) + self._told_terms(attempt, order, asked=asked)
        if asked:
            reports += [
                self._report(attempt, outcome.kind, code=outcome.code, reason=outcome.reason)
                for outcome in self._changes.settle(attempt.cid, self._is_past)
            ]
        return reports

    def _told_terms(self, attempt: Attempt, order: VenueOrder, *, asked: bool) -> list[ExecutionReport]:
        """The terms that the venue has. A word that is older than those known lags behind. Other terms that nobody has
        asked for may be old too, where words have no times; so they are believed of an answer only."""
        terms = _as_told(attempt.terms, order)
        is_older = 0 < order.updated_ns < attempt.terms_ns
        if is_older and self.now_ns - attempt.terms_heard_ns < self._profile.visible_after_ns:
            return []
        is_same = same_terms(attempt.terms, terms)
        is_asked_for = not is_same and not is_older and self._changes.take_asked_for(attempt.cid, terms)
        if not (is_same or is_asked_for or asked) and self._profile.finds_by_id:
            self._ask_about(attempt)
            return []
        if order.updated_ns > attempt.terms_ns or not is_same:
            attempt.terms_ns, attempt.terms_heard_ns = order.updated_ns, self.now_ns
        if is_same:
            return []
        attempt.terms = terms
        code = "" if is_asked_for or self._changes.take_asked_for(attempt.cid, terms) else "venue"
        return [self._report(attempt, ReportKind.REPLACED, terms=terms, code=code)]

    def _accepted(self, attempt: Attempt) -> list[ExecutionReport]:
        attempt.asked = 0
        return [self._report(attempt, ReportKind.ACCEPTED)] if attempt.change(AttemptChange.ACCEPT, self.now_ns) else []

    def _told_of_the_past(self, attempt: Attempt, order: VenueOrder, *, asked: bool) -> None:
        """What is over may be told of again. That it works, long after it was over, is another matter."""
        if order.filled > attempt.filled:
            self.ask_for_fills(attempt)
        late = self.now_ns - attempt.since_ns >= self._profile.visible_after_ns
        if order.status is not VenueStatus.OPEN:
            self._changes.forget(attempt.cid)
            return
        if not late:
            return
        if not asked:
            self._ask_about(attempt)
        elif not self._changes.is_cancelled(attempt.cid):
            self._say(
                BreakKind.CAME_BACK, attempt.terms.order_id, f"it is {attempt.state} here, and works at the venue"
            )
            self._cancel(attempt)

    # What is said of executions.

    def filled(self, fill: VenueFill, message: Message) -> list[ExecutionReport]:
        """An execution of an attempt, the first time that it is heard of."""
        attempt = self.attempts[fill.cid]
        if not self.executions.is_news(fill):
            return []
        attempt.venue_id = fill.venue_id or attempt.venue_id
        if not attempt.is_over:
            attempt.asked = 0
            attempt.change(AttemptChange.ACCEPT, self.now_ns)
        left = ZERO if attempt.sum is None else max(ZERO, EXACT.subtract(attempt.sum.quantity, fill.quantity))
        reports = self._withdraw_sum(attempt)
        attempt.filled = EXACT.add(attempt.filled, fill.quantity)
        reports += self._outgrown(attempt)
        reports.append(self._report(attempt, ReportKind.FILLED, fill=self._booked(attempt, fill)))
        reports += self._book_sum(attempt, left)
        if attempt.filled >= attempt.told:
            attempt.behind_ns = None
        if attempt.filled > self._changes.most(attempt.cid, attempt.terms):
            self._say(
                BreakKind.OVERFILLED_ORDER, attempt.terms.order_id, f"{attempt.filled} of {attempt.terms.quantity}"
            )
        return reports + self._end_if_all_is_here(attempt, VenueWord.of(message))

    def _outgrown(self, attempt: Attempt) -> list[ExecutionReport]:
        """What fills beyond the terms shows that an amendment was done which asked for that."""
        if attempt.filled <= attempt.terms.quantity:
            return []
        terms = self._changes.take_larger(attempt.cid, attempt.filled)
        if terms is None:
            return []
        attempt.terms = terms
        return [self._report(attempt, ReportKind.REPLACED, terms=terms)]

    def busted(self, fill: VenueFill, message: Message) -> list[ExecutionReport]:
        """The venue annuls an execution of an attempt. What it said of the order before that is no more."""
        attempt = self.attempts[fill.cid]
        attempt.annulled_ns = max(attempt.annulled_ns, message.venue_ns)
        attempt.ending, attempt.behind_ns = None, None
        self._ask_about(attempt)
        is_news = self.executions.is_news_of_bust(fill)
        if is_news:
            attempt.filled = EXACT.subtract(attempt.filled, fill.quantity)
        attempt.told = attempt.filled
        if not is_news:
            return []
        if attempt.filled < attempt.terms.quantity and attempt.reopen(self.now_ns):
            self.open[attempt.cid] = attempt
        return [self._report(attempt, ReportKind.BUSTED, fill=self._booked(attempt, fill))]

    def infer(self, told: FillsTold, asked_ns: int) -> list[ExecutionReport]:
        """A complete list of executions has come: what it lacks of what was told as a sum, long enough ago to be seen,
        is booked as a sum until its executions come."""
        reports: list[ExecutionReport] = []
        for attempt in list(self.open.values()):
            missing = EXACT.subtract(attempt.told, attempt.filled)
            if (
                attempt.behind_ns is None
                or not told.complete
                or asked_ns - attempt.behind_ns < self._profile.visible_after_ns
            ):
                continue
            if attempt.average_price is None:
                self._say(BreakKind.MISSING_FILL, attempt.terms.order_id, f"{missing} have filled at no known price")
                continue
            attempt.behind_ns = None
            before = ZERO if attempt.sum is None else attempt.sum.quantity
            reports += self._withdraw_sum(attempt)
            reports += self._book_sum(attempt, EXACT.add(before, missing))
            reports += self._end_if_all_is_here(attempt, VenueWord.of(told))
        return reports

    def _book_sum(self, attempt: Attempt, quantity: Decimal) -> list[ExecutionReport]:
        """Book so many units as one execution without a fee: what that took shows in the account's balance."""
        if not quantity:
            return []
        assert attempt.average_price is not None
        terms = attempt.terms
        attempt.sum = VenueFill(
            trade_id=f"sum-{attempt.told}-{quantity}",
            venue_id=attempt.venue_id or attempt.cid,
            cid=attempt.cid,
            symbol=terms.symbol,
            side=terms.side,
            quantity=quantity,
            price=attempt.average_price,
            fee=ZERO,
            fee_currency=self._ownership.currency(terms.symbol),
            liquidity=Liquidity.TAKER,
            ts_ns=attempt.sent_ns,
        )
        attempt.filled = EXACT.add(attempt.filled, quantity)
        fill = self._booked(attempt, attempt.sum)
        return [self._report(attempt, ReportKind.FILLED, fill=fill, code="inferred", reason="told as a sum only")]

    def _withdraw_sum(self, attempt: Attempt) -> list[ExecutionReport]:
        """What was booked as a sum gives way to executions of it, which would else be counted twice."""
        if attempt.sum is None:
            return []
        fill = self._booked(attempt, attempt.sum)
        attempt.filled, attempt.sum = EXACT.subtract(attempt.filled, attempt.sum.quantity), None
        return [self._report(attempt, ReportKind.BUSTED, fill=fill, code="inferred", reason="more is known of it")]

    def _end_if_all_is_here(self, attempt: Attempt, word: Evidence) -> list[ExecutionReport]:
        ending = attempt.ending
        if attempt.is_over:
            return []
        if ending is not None and attempt.filled >= ending.filled:
            return self.end(attempt, ending.change, ending.evidence, ending.code, ending.reason)
        if attempt.filled >= self._changes.most(attempt.cid, attempt.terms):
            return self.end(attempt, AttemptChange.FILL, word)
        return []

    # What ends, and what is in doubt.

    def refused(self, attempt: Attempt, message: Message, code: str, reason: str) -> list[ExecutionReport]:
        """The venue has not taken an order."""
        if code in self._profile.not_final:
            return self.lose(attempt, code, reason)
        return self.end(attempt, AttemptChange.REJECT, VenueWord.of(message), code, reason)

    def unsent(self, attempt: Attempt, message: RequestUnsent) -> list[ExecutionReport]:
        """An order has not left."""
        if attempt.state not in (AttemptState.SENDING, AttemptState.UNKNOWN):
            return []
        return self.end(attempt, AttemptChange.DENY, LocalDenial.of(message), "unsent", message.reason)

    def amend_rejected(self, attempt: Attempt, code: str, reason: str) -> ExecutionReport:
        """The venue has not amended an order."""
        return self._report(attempt, ReportKind.REPLACE_REJECTED, code=code, reason=reason)

    def lose(self, attempt: Attempt, code: str, reason: str) -> list[ExecutionReport]:
        """Nobody knows what the venue did with an order: that only begins a search."""
        self._ask_about(attempt)
        if attempt.is_over or not attempt.change(AttemptChange.LOSE, self.now_ns):
            return []
        attempt.asked, attempt.next_ask_ns = 0, self.now_ns + PAUSE_NS
        return [self._report(attempt, ReportKind.UNKNOWN, code=code, reason=reason)]

    def quarantine(self, attempt: Attempt) -> ExecutionReport:
        """What can neither be found nor be shown to be absent waits for better knowledge; it counts at its worst."""
        attempt.change(AttemptChange.QUARANTINE, self.now_ns)
        order_id = attempt.terms.order_id
        reason = f"nobody knows what became of it; bulkhead order resolve {order_id}, once you do"
        self._say(BreakKind.UNKNOWN_ORDER, order_id, reason)
        return self._report(attempt, ReportKind.UNKNOWN, code="quarantined", reason=reason)

    def resolve(self, attempt: Attempt, said: Verdict) -> list[ExecutionReport]:
        """An operator says what became of an order that is in doubt: what is new of it is booked as a sum."""
        reports: list[ExecutionReport] = []
        if said.units and said.price is not None:
            before = attempt.sum
            attempt.told = EXACT.add(attempt.filled, said.units)
            attempt.average_price = _mean_price(before, said.units, said.price)
            reports += self._withdraw_sum(attempt)
            reports += self._book_sum(attempt, said.units if before is None else EXACT.add(before.quantity, said.units))
        return reports + self.end(attempt, said.change, said.word, "resolved", said.word.reason)

    def end(
        self, attempt: Attempt, change: AttemptChange, evidence: Evidence, code: str = "", reason: str = ""
    ) -> list[ExecutionReport]:
        """What an attempt has come to, and what that rests on. One that has filled needs no report beside its fills,
        but where it outran an amendment: until that is answered its owner waits for more."""
        if not attempt.end(change, evidence, self.now_ns):
            return []
        is_outrun = attempt.filled < self._changes.most(attempt.cid, attempt.terms)
        del self.open[attempt.cid]
        self._changes.forget(attempt.cid)
        if change is AttemptChange.FILL and attempt.filled >= attempt.terms.quantity:
            return [self.amend_rejected(attempt, "filled", "it has filled as it was")] if is_outrun else []
        kind = _REPORTS.get(change, ReportKind.REJECTED)
        if change is AttemptChange.FILL:
            kind, code = ReportKind.CANCELLED, code or "filled_less"
        return [self._report(attempt, kind, code=code or attempt.state.value, reason=reason, evidence=evidence)]

    def ask_for_fills(self, attempt: Attempt) -> None:
        """More of it has filled than is booked."""
        self._ask(ListFills(since_ns=max(0, attempt.sent_ns - self._profile.visible_after_ns)))

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "attempts": list(self.attempts.values()),
            "executions": self.executions.state(),
            "now_ns": self.now_ns,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the progress that gave this state."""
        self.attempts = {one.cid: one for one in msgspec.convert(state["attempts"], list[Attempt])}
        self.open = {cid: one for cid, one in self.attempts.items() if not one.is_over}
        self.executions.restore(state["executions"])
        self.now_ns = state["now_ns"]

    # Within.

    def _keep(self, attempt: Attempt) -> None:
        self.attempts[attempt.cid] = self.open[attempt.cid] = attempt
        if len(self.attempts) > MOST_KNOWN:
            for cid in [cid for cid in self.attempts if cid not in self.open][: MOST_KNOWN // 10]:
                del self.attempts[cid]

    def _is_past(self, stamp_ns: int) -> bool:
        """Whether what was stamped then can no longer be accepted, as far as the venue promises."""
        bound_ns = self._profile.accepted_within_ns
        bound_ns = self._profile.visible_after_ns if bound_ns is None else bound_ns
        return self.now_ns > stamp_ns + bound_ns + self._profile.clock_margin_ns

    def _ask_about(self, attempt: Attempt) -> None:
        if self._profile.finds_by_id:
            self._ask(FindOrder(cid=attempt.cid, symbol=attempt.terms.symbol))

    def _booked(self, attempt: Attempt, fill: VenueFill) -> Fill:
        return self._ownership.booked(fill, attempt.terms.strategy, attempt.terms.order_id)

    def _report(
        self,
        attempt: Attempt,
        kind: ReportKind,
        *,
        fill: Fill | None = None,
        terms: OrderTerms | None = None,
        code: str = "",
        reason: str = "",
        evidence: Evidence | None = None,
    ) -> ExecutionReport:
        return ExecutionReport(
            order_id=attempt.terms.order_id,
            strategy=attempt.terms.strategy,
            kind=kind,
            ts_ns=self.now_ns,
            cid=attempt.cid,
            fill=fill,
            terms=terms,
            origin=Origin.GATE if isinstance(evidence, LocalDenial) else Origin.VENUE,
            code=code,
            reason=reason,
            evidence="" if evidence is None else evidence.citation,
        )


def _as_told(terms: OrderTerms, order: VenueOrder) -> OrderTerms:
    """The terms as the venue has them."""
    limit = terms.limit_price if order.limit_price is None else order.limit_price
    stop = terms.stop_price if order.stop_price is None else order.stop_price
    return msgspec.structs.replace(terms, quantity=order.quantity, limit_price=limit, stop_price=stop)


def _mean_price(before: VenueFill | None, units: Decimal, price: Decimal) -> Decimal:
    """Of units at a price and what was told as a sum before; rounded where it does not come out even."""
    if before is None:
        return price
    paid = EXACT.add(EXACT.multiply(before.quantity, before.price), EXACT.multiply(units, price))
    mean = ROUNDING.divide(paid, EXACT.add(before.quantity, units))
    return mean.quantize(FINEST_PRICE, context=ROUNDING)
