"""What a strategy asks for, and the records that it becomes: sent, refused, or answered with a no."""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import structs

from trading.account.answers import answer
from trading.account.records import BreakerChanged, Operation, Posted, Reported, StepRecord
from trading.commands import (
    AmendOrder,
    CancelOrder,
    Command,
    RefusedAmend,
    RefusedOrder,
    ScheduleTimer,
    SubmitOrder,
    Trip,
    WireAmend,
    WireCancel,
    WireSubmit,
)
from trading.postings import PostingKind
from trading.reports import ExecutionReport, Origin, ReportKind

_ANSWERED_BY: Final[dict[type[Command], tuple[type[StepRecord] | ReportKind, ...]]] = {
    SubmitOrder: (WireSubmit, RefusedOrder),
    RefusedOrder: (RefusedOrder,),
    CancelOrder: (WireCancel, ReportKind.CANCEL_REJECTED),
    AmendOrder: (WireAmend, ReportKind.REPLACE_REJECTED),
    RefusedAmend: (ReportKind.REPLACE_REJECTED,),
    Trip: (Trip,),
}
"""The records, or kinds of reports of risk manager and gate, that tell what became of a command."""

_CANCELLED_BY: Final = (Operation, BreakerChanged, Trip)
"""What makes the router cancel orders that nobody asked it to."""


def record_of(command: Command) -> StepRecord | ScheduleTimer:
    """The record of a command that nothing stands against, without a wire id; a timer is recorded by nobody."""
    match command:
        case SubmitOrder(terms=terms):
            return WireSubmit(cid="", terms=terms)
        case AmendOrder(terms=terms, ts_ns=ts_ns):
            return WireAmend(cid="", terms=terms, ts_ns=ts_ns)
        case CancelOrder(order_id=order_id, strategy=strategy, ts_ns=ts_ns):
            return WireCancel(cid="", order_id=order_id, strategy=strategy, ts_ns=ts_ns)
        case RefusedAmend():
            return Reported(report=answer(command, ReportKind.REPLACE_REJECTED, Origin.RISK, command), round=1)
        case RefusedOrder() | Trip() | ScheduleTimer():
            return command


def answers_in(step: Iterable[StepRecord], strategy: str) -> Iterator[StepRecord]:
    """What of a step tells what became of a strategy's own commands."""
    for record in step:
        match record:
            case WireSubmit(terms=terms) | WireAmend(terms=terms):
                owner = terms.strategy
            case WireCancel() | RefusedOrder() | Trip():
                owner = record.strategy
            case Reported(report=ExecutionReport(origin=Origin.RISK | Origin.GATE, strategy=owner, kind=kind)) if (
                kind in (ReportKind.CANCEL_REJECTED, ReportKind.REPLACE_REJECTED)
            ):
                pass
            case _:
                continue
        if owner == strategy:
            yield record


def is_answered_by(command: Command, record: StepRecord) -> bool:
    """Whether a record may tell what became of a command, whatever else differs."""
    kinds = _ANSWERED_BY[type(command)]
    if isinstance(record, Reported):
        return record.report.kind in kinds and record.report.order_id == _order_of(command)
    if type(record) not in kinds:
        return False
    if isinstance(record, WireSubmit | WireAmend | RefusedOrder):
        return record.terms.order_id == _order_of(command)
    return not isinstance(record, WireCancel) or record.order_id == _order_of(command)


def as_answered(command: Command, record: StepRecord) -> StepRecord:
    """The record that this command becomes where it meets what the one of the record has met."""
    match record, command:
        case (WireSubmit(), SubmitOrder(terms=terms)):
            came: StepRecord = structs.replace(record, terms=terms)
        case (WireAmend(), AmendOrder(terms=terms, ts_ns=ts_ns)):
            came = structs.replace(record, terms=terms, ts_ns=ts_ns)
        case (WireCancel(), CancelOrder(ts_ns=ts_ns)):
            came = structs.replace(record, ts_ns=ts_ns)
        case (RefusedOrder(), SubmitOrder(terms=terms, n=n)) if record.origin is Origin.GATE:
            came = structs.replace(record, terms=terms, n=n)
        case (Reported(report=report), AmendOrder() | CancelOrder()) if report.origin is Origin.GATE:
            came = record
        case (Reported(report=report), RefusedAmend(code=code, reason=reason)) if report.origin is Origin.RISK:
            came = structs.replace(record, report=structs.replace(report, code=code, reason=reason))
        case _:
            unanswered = record_of(command)
            assert not isinstance(unanswered, ScheduleTimer), "a timer has no answer"
            came = unanswered
    return came


def needs_a_wish(record: StepRecord, step: Iterable[StepRecord], *, may_hold: bool) -> bool:
    """Whether an answer can only be one to its strategy's own command: not what a circuit breaker, a trip or an
    operator made the router do."""
    match record:
        case WireSubmit(terms=terms):
            return not terms.order_id.startswith(f"{terms.strategy}-x")
        case RefusedOrder(n=n):
            return n > 0
        case WireCancel():
            return not may_hold and not any(_cancels(one) for one in step)
        case Trip(lost=lost):
            return not lost
    return True


def _cancels(record: StepRecord) -> bool:
    if isinstance(record, Posted):
        return record.posting.kind is PostingKind.LIQUIDATION
    return isinstance(record, _CANCELLED_BY)


def _order_of(command: Command) -> str:
    match command:
        case SubmitOrder(terms=terms) | RefusedOrder(terms=terms) | AmendOrder(terms=terms):
            return terms.order_id
        case CancelOrder(order_id=order_id) | RefusedAmend(order_id=order_id):
            return order_id
    return ""
