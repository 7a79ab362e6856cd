"""What the daemon's journal says, read by itself: intents, what was heard of them, and what was booked.

Only committed steps count. It is read with the daemon's own reader of the log, and with nothing of its logic: what an
order has come to is folded here anew from its reports.
"""

import enum
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal

import msgspec

from daemon.disk import RealDisk
from daemon.journal.reader import JournalReader
from daemon.journal.records import Opened, Record
from daemon.journal.steps import Group, StepGatherer
from trading.account.records import Commit, LifeBegan, Reported, VenueHeard
from trading.commands import WireAmend, WireCancel, WireSubmit
from trading.orders import OrderTerms
from trading.reports import ExecutionReport, Fill, ReportKind
from trading.venue.messages import (
    BustTold,
    FillsTold,
    FillTold,
    OpenOrdersTold,
    OrderMissing,
    OrderTold,
    Unreadable,
    VenueMessage,
)

FILLED: Final = "filled"


class Standing(enum.StrEnum):
    """Where an order stands here."""

    SENT = "sent"
    WORKING = "working"
    UNKNOWN = "unknown"
    QUARANTINED = "quarantined"
    OVER = "over"


class Intent(msgspec.Struct, kw_only=True):
    """An order that was to be sent, by its WireSubmit. `why` is how it ended: the kind of the report and its code."""

    cid: str
    terms: OrderTerms
    standing: Standing = Standing.SENT
    filled: Decimal = Decimal(0)
    why: str = ""


class Sent(msgspec.Struct, kw_only=True):
    """A request that went to the venue, after the step of that time; and when something was heard that answers it or
    tells of its order, 0 while nothing was."""

    cid: str
    what: Literal["place", "cancel", "amend"]
    sent_ns: int
    heard_ns: int = 0


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """An execution as it was booked, under the client order id that the report named; `inferred` for a sum that stands
    in for executions that were not told."""

    cid: str
    fill: Fill
    inferred: bool


_ENDS: Final = {ReportKind.CANCELLED, ReportKind.REJECTED, ReportKind.EXPIRED}
_WORKS: Final = {ReportKind.ACCEPTED, ReportKind.TRIGGERED, ReportKind.REPLACED}


class JournalView:
    """Everything by the client order ids. `times_booked` counts each execution, less how often it was taken back."""

    def __init__(self) -> None:
        self.intents: dict[str, Intent] = {}
        self.twice_intended: list[str] = []
        self.adopted: list[str] = []
        self.bookings: dict[str, Booking] = {}
        self.times_booked: Counter[str] = Counter()
        self.lives = 0
        self._waiting: list[Sent] = []
        self._answered: list[Sent] = []

    def take(self, group: Group) -> None:
        """One step, or one record of the daemon's own."""
        records = [entry.record for entry in group.entries]
        self.lives += sum(isinstance(record, Opened) for record in records)
        if not group.committed or not isinstance(records[-1], Commit):
            return
        told = set().union(*(_told_of(record) for record in records))
        heard_ns = next((record.ts_ns for record in records if isinstance(record, VenueHeard | LifeBegan)), 0)
        for record in records:
            match record:
                case LifeBegan():
                    self._hear(None, heard_ns)
                case WireSubmit(cid=cid, terms=terms):
                    if cid in self.intents:
                        self.twice_intended.append(cid)
                    self.intents[cid] = Intent(cid=cid, terms=terms)
                case Reported(report=report):
                    self._report(report)
        if heard_ns:
            self._hear(told, heard_ns)
        sent_ns = heard_ns or records[-1].ts_ns
        self._waiting += [sent for record in records if (sent := _sent(record, sent_ns)) is not None]

    def _hear(self, cids: set[str] | None, ts_ns: int) -> None:
        """Something answers what is under way for these orders; None for all of it, as its life is over."""
        waiting: list[Sent] = []
        for sent in self._waiting:
            if cids is None or sent.cid in cids:
                sent.heard_ns = ts_ns
                self._answered.append(sent)
            else:
                waiting.append(sent)
        self._waiting = waiting

    def in_flight(self, at_ns: int) -> list[Sent]:
        """The requests that had been sent by then, and of whose orders nothing had been heard since."""
        late = [sent for sent in self._answered if sent.heard_ns > at_ns]
        return [sent for sent in [*late, *self._waiting] if sent.sent_ns <= at_ns]

    def in_doubt(self) -> list[Intent]:
        """The orders of which nobody here knows what became of them."""
        doubtful = (Standing.UNKNOWN, Standing.QUARANTINED)
        return [intent for intent in self.intents.values() if intent.standing in doubtful]

    def working(self) -> list[Intent]:
        """The orders that are not over."""
        return [intent for intent in self.intents.values() if intent.standing is not Standing.OVER]

    def _report(self, report: ExecutionReport) -> None:
        if report.fill is not None:
            self._book(report, report.fill)
        intent = self.intents.get(report.cid)
        if report.kind is ReportKind.ADOPTED:
            self.adopted.append(report.cid)
        if intent is None:
            return
        if report.terms is not None:
            intent.terms = report.terms
        if report.kind in _ENDS:
            intent.standing, intent.why = Standing.OVER, f"{report.kind} {report.code}"
        elif report.kind is ReportKind.UNKNOWN:
            intent.standing = Standing.QUARANTINED if report.code == "quarantined" else Standing.UNKNOWN
        elif intent.standing is not Standing.OVER and (report.kind in _WORKS or report.fill is not None):
            intent.standing = Standing.WORKING
        is_filled = intent.filled >= intent.terms.quantity
        if is_filled and intent.standing is not Standing.OVER:
            intent.standing, intent.why = Standing.OVER, FILLED
        elif not is_filled and intent.why == FILLED:
            # An amendment made it larger, or a sum that stood in for executions was taken back.
            intent.standing, intent.why = Standing.WORKING, ""

    def _book(self, report: ExecutionReport, fill: Fill) -> None:
        times = -1 if report.kind is ReportKind.BUSTED else 1
        self.times_booked[fill.execution_id] += times
        self.bookings[fill.execution_id] = Booking(cid=report.cid, fill=fill, inferred=report.code == "inferred")
        if report.cid in self.intents:
            self.intents[report.cid].filled += times * fill.quantity


class JournalLog:
    """Reads the journal of a daemon as it grows."""

    def __init__(self, directory: Path) -> None:
        self.view = JournalView()
        self._directory = directory
        self._gatherer = StepGatherer()
        self._sequence = 0

    def read(self) -> JournalView:
        """The view by now. A step of a daemon that runs may not be whole yet; the next reading has it."""
        for entry in JournalReader(RealDisk(), self._directory).entries(after=self._sequence):
            self._sequence = entry.sequence
            for group in self._gatherer.take(entry):
                self.view.take(group)
        return self.view


def _sent(record: Record, sent_ns: int) -> Sent | None:
    match record:
        case WireSubmit(cid=cid):
            return Sent(cid=cid, what="place", sent_ns=sent_ns)
        case WireCancel(cid=cid):
            return Sent(cid=cid, what="cancel", sent_ns=sent_ns)
        case WireAmend(cid=cid):
            return Sent(cid=cid, what="amend", sent_ns=sent_ns)
    return None


def _told_of(record: Record) -> set[str]:
    """The client order ids of which a record tells something."""
    match record:
        case VenueHeard(message=message):
            return set(_named(message))
        case Reported(report=report):
            return {report.cid}
    return set()


def _named(message: VenueMessage) -> Iterator[str]:
    match message:
        case OrderTold(order=order):
            yield order.cid
        case FillTold(fill=fill) | BustTold(fill=fill):
            yield fill.cid
        case OrderMissing(cid=cid) | Unreadable(cid=cid):
            yield cid
        case OpenOrdersTold(orders=orders):
            yield from (order.cid for order in orders)
        case FillsTold(fills=fills):
            yield from (fill.cid for fill in fills)
