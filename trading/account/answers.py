"""What a container is told of a request that never reaches the market."""

import msgspec

from trading.commands import AmendOrder, CancelOrder, RefusedAmend, RefusedOrder
from trading.orders import Order, OrderTerms
from trading.refusals import Refusal
from trading.reports import ExecutionReport, Origin, ReportKind


def rejection(terms: OrderTerms, origin: Origin, code: str, reason: str, ts_ns: int) -> ExecutionReport:
    """An order is refused."""
    return ExecutionReport(
        order_id=terms.order_id,
        strategy=terms.strategy,
        kind=ReportKind.REJECTED,
        ts_ns=ts_ns,
        origin=origin,
        code=code,
        reason=reason,
    )


def refused_by_gate(terms: OrderTerms, n: int, refusal: Refusal) -> RefusedOrder:
    """What is recorded of that; `n` is the command's, 0 where there was none."""
    return RefusedOrder(
        strategy=terms.strategy, n=n, terms=terms, origin=Origin.GATE, code=refusal.code, reason=refusal.reason
    )


def adoption(terms: OrderTerms, ts_ns: int) -> ExecutionReport:
    """An order is placed in a container's name, and is from then on among its own."""
    return ExecutionReport(
        order_id=terms.order_id,
        strategy=terms.strategy,
        kind=ReportKind.ADOPTED,
        ts_ns=ts_ns,
        terms=terms,
        origin=Origin.GATE,
        code="flattening",
        reason=terms.reason,
    )


def in_own_terms(report: ExecutionReport, order: Order | None) -> ExecutionReport:
    """A report of new terms as the order's owner knows it, where the venue was sent a plain one for it."""
    if report.terms is None or order is None or report.terms.reduce_only or not order.terms.reduce_only:
        return report
    return msgspec.structs.replace(report, terms=msgspec.structs.replace(report.terms, reduce_only=True))


def answer(
    command: CancelOrder | AmendOrder | RefusedAmend, kind: ReportKind, origin: Origin, why: Refusal | RefusedAmend
) -> ExecutionReport:
    """A cancel or an amendment is refused."""
    return ExecutionReport(
        order_id=command.terms.order_id if isinstance(command, AmendOrder) else command.order_id,
        strategy=command.strategy,
        kind=kind,
        ts_ns=command.ts_ns,
        origin=origin,
        code=why.code,
        reason=why.reason,
    )
