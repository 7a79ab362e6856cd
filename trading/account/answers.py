"""What a container is told of a request that never reaches the market."""

from trading.commands import AmendOrder, CancelOrder, RefusedAmend
from trading.orders import OrderTerms
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
