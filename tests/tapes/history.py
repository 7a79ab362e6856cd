"""What was written down here, step by step over all lives, and what must hold of it by itself."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from tests.tapes.journal import Journal, JournaledStep
from tests.tapes.traders import Trader
from tests.tapes.truth import Truth, execution_id
from trading.account.records import CommandsTaken, Reported, VenueHeard
from trading.commands import CancelOrder, WireAmend, WireSubmit
from trading.money import EXACT, ZERO, total
from trading.orders import Side
from trading.reports import ExecutionReport, Origin, ReportKind
from trading.venue.messages import (
    AccountTold,
    FillsTold,
    OpenOrdersTold,
    RateLimited,
    RequestLost,
    RequestUnsent,
    VenueMessage,
)

ENDINGS: Final = (ReportKind.REJECTED, ReportKind.CANCELLED, ReportKind.EXPIRED)

_MESSAGE_ID: Final = re.compile(r"\b[rs]\d+\b")


def cited(citation: str) -> set[str]:
    """The messages that a citation names."""
    return set(_MESSAGE_ID.findall(citation))


class History:
    """Follows the journal. `intents` are the orders that were ever written, by their ids, also of steps that were lost;
    `largest` the most that was ever asked for of each; `heard` the messages; `booked` how often each execution counts,
    `units` what that comes to by order, `sums` the orders of executions that were told as a sum only; `endings` how
    often an order ended; `cancels` how often its strategy wanted it cancelled, `not_taken` how often a cancel of it
    never left, or found no room; `questions` are requests of this life that were no commands, `cancelling` those that
    were cancels. `happened` counts what came to pass."""

    def __init__(self, journal: Journal, truth: Truth, traders: Mapping[str, Trader], happened: Counter[str]) -> None:
        self.intents: dict[str, WireSubmit] = {}
        self.largest: dict[str, Decimal] = {}
        self.heard: set[str] = set()
        self.booked: Counter[str] = Counter()
        self.units: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        self.endings: Counter[str] = Counter()
        self.cancels: Counter[str] = Counter()
        self.sums: dict[str, str] = {}
        self.not_taken: Counter[str] = Counter()
        self.questions: set[int] = set()
        self.cancelling: dict[int, str] = {}
        self._journal = journal
        self._truth = truth
        self._traders = traders
        self._happened = happened
        self._written = 0
        self._steps = 0
        self._lost: set[str] = set()

    def follow(self) -> None:
        """Take up what was written since."""
        for written in self._journal.written[self._written :]:
            if isinstance(record := written.record, WireSubmit):
                assert record.cid not in self.intents, f"I7: {record.cid} is given again"
                self.intents[record.cid] = record
                self.largest[record.cid] = record.terms.quantity
            elif isinstance(record, WireAmend):
                self.largest[record.cid] = max(self.largest.get(record.cid, ZERO), record.terms.quantity)
        self._written = len(self._journal.written)
        for step in self._journal.steps[self._steps :]:
            self._follow_step(step)
        self._steps = len(self._journal.steps)

    def forget_what_was_not_safe(self) -> None:
        """A process has died; what it wrote last may be gone from the journal, but its ids were given."""
        self.questions.clear()
        self.cancelling.clear()
        self._written = len(self._journal.written)

    def reopened(self, cid: str) -> None:
        """The venue has annulled what filled an order: it may end once more."""
        self.endings[cid] = 0

    def only_reduces(self, what: WireSubmit) -> bool:
        """Whether an order, with all that its strategy has on that side, can only take its position nearer to flat."""
        safe = {one.record.cid for one in self._journal.written if one.is_safe and isinstance(one.record, WireSubmit)}
        terms = {cid: self.intents[cid].terms for cid in safe}
        own = [
            cid for cid, one in terms.items() if (one.strategy, one.symbol) == (what.terms.strategy, what.terms.symbol)
        ]
        held = total(terms[cid].side.signed(self.units[cid]) for cid in own)
        works = total(
            EXACT.subtract(self.largest[cid], self.units[cid])
            for cid in own
            if terms[cid].side is what.terms.side and not self.endings[cid]
        )
        return works <= (held if what.terms.side is Side.SELL else held.copy_negate())

    def _follow_step(self, step: JournaledStep) -> None:
        cause = step[0]
        reports = [record.report for record in step if isinstance(record, Reported)]
        if isinstance(cause, VenueHeard):
            self.heard.add(cause.message.message_id)
            self._hold_to_what_was_said(cause.message, reports)
            if isinstance(cause.message, RequestUnsent | RateLimited):
                self.not_taken[self.cancelling.pop(cause.message.request, "")] += 1
        if isinstance(cause, CommandsTaken):
            command = self._traders[cause.strategy].asked[cause.n - 1]
            if isinstance(command, CancelOrder):
                self.cancels[command.order_id] += 1
        for report in reports:
            if report.fill is not None:
                self._book(report)
            if report.kind in ENDINGS:
                self._end(report)
            self._count(report)

    def _hold_to_what_was_said(self, message: VenueMessage, reports: list[ExecutionReport]) -> None:
        """I19: a list that failed, or is not complete, changes nothing but what is in it."""
        match message:
            case OpenOrdersTold(complete=False, orders=orders):
                said = {order.cid for order in orders}
            case FillsTold(complete=False, fills=fills):
                said = {fill.cid for fill in fills}
            case AccountTold(complete=False):
                said = set()
            case RequestLost() | RateLimited() | RequestUnsent() if message.request in self.questions:
                said = set()
            case _:
                return
        told = {report.cid for report in reports}
        assert told <= said, f"I19: {message.message_id} was not whole, and told of {told - said}"

    def _book(self, report: ExecutionReport) -> None:
        """I9: each execution counts once, as the venue has it, and no order has more than the venue has filled of it;
        I20: it is of the strategy that its id names."""
        fill = report.fill
        assert fill is not None
        busted = report.kind is ReportKind.BUSTED
        self.booked[fill.execution_id] += -1 if busted else 1
        units = fill.quantity.copy_negate() if busted else fill.quantity
        self.units[report.cid] = EXACT.add(self.units[report.cid], units)
        counts = self.booked[fill.execution_id]
        assert counts in (0, 1), f"I9: {fill.execution_id} counts {counts} times"
        assert self._truth.owner(report.cid) == report.strategy, f"I20: {report.cid} went to {report.strategy}"
        there = total(one.quantity for one in self._truth.fills() if one.cid == report.cid)
        assert self.units[report.cid] <= there, f"I9: {self.units[report.cid]} of {report.cid} count, of {there}"
        if "/sum-" in fill.execution_id:
            self.sums[fill.execution_id] = report.cid
            return
        theirs = self._truth.execution(fill.execution_id)
        assert theirs is not None, f"I9: {execution_id} never was"
        ours = (fill.symbol, fill.side, fill.quantity, fill.price, fill.notional, fill.fee, fill.fee_currency)
        assert ours == (
            *(theirs.symbol, theirs.side, theirs.quantity, theirs.price, theirs.notional, theirs.fee),
            theirs.fee_currency,
        ), f"I9: {fill.execution_id} is not as the venue has it"

    def _end(self, report: ExecutionReport) -> None:
        """I1: an order ends once; I4: by the venue's word, which was heard, or by an operator's."""
        if report.origin is Origin.VENUE and not report.evidence.startswith("operator:"):
            words = cited(report.evidence)
            assert words, f"I4: {report.order_id} is {report.kind}, resting on {report.evidence!r}"
            assert words <= self.heard, f"I4: {report.evidence} was not heard"
        self.endings[report.cid or report.order_id] += 1
        assert self.endings[report.cid or report.order_id] == 1, f"I1: {report.order_id} ended twice"

    def _count(self, report: ExecutionReport) -> None:
        what = f"{report.kind} by {report.origin}"
        match report.kind, report.code:
            case ReportKind.REJECTED, "never_arrived":
                what = "proven absent"
            case ReportKind.CANCELLED, "vanished":
                what = "proven gone"
            case ReportKind.UNKNOWN, "quarantined":
                what = "quarantined"
            case ReportKind.UNKNOWN, _:
                what = "lost"
                self._lost.add(report.cid)
            case ReportKind.ACCEPTED, _ if report.cid in self._lost:
                what = "found after loss"
            case ReportKind.FILLED, "inferred":
                what = "sum inferred"
            case ReportKind.FILLED, _ if self.endings[report.cid]:
                what = "late fill"
            case ReportKind.BUSTED, "inferred":
                what = "sum given way"
            case (ReportKind.ADOPTED, _) | (ReportKind.BUSTED, _):
                what = report.kind.value
            case ((ReportKind.REPLACE_REJECTED | ReportKind.CANCEL_REJECTED), "not_confirmed"):
                what = f"{report.kind} not_confirmed"
            case (ReportKind.REPLACED, "venue"):
                what = "replaced by nobody"
        self._happened[what] += 1
