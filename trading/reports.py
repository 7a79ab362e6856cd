"""What comes back from the gate and the venue. A refusal is a report, not an exception."""

import enum
from decimal import Decimal
from typing import Final

import msgspec

from trading.money import ZERO
from trading.orders import FINAL_STATES, Order, OrderChange, OrderState, OrderTerms, Side


class ReportKind(enum.StrEnum):
    """What a report tells of an order."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    TRIGGERED = "triggered"
    FILLED = "filled"
    CANCELLED = "cancelled"
    CANCEL_REJECTED = "cancel_rejected"
    REPLACED = "replaced"
    REPLACE_REJECTED = "replace_rejected"
    EXPIRED = "expired"
    BUSTED = "busted"
    UNKNOWN = "unknown"
    ADOPTED = "adopted"


class Origin(enum.StrEnum):
    """Who said so."""

    RISK = "risk"
    GATE = "gate"
    VENUE = "venue"


class Liquidity(enum.StrEnum):
    """Whether a fill took or made liquidity."""

    MAKER = "maker"
    TAKER = "taker"


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One execution. Quantity in units, positive; price, notional and slippage in the instrument's currency.

    `slippage` is what the price is worse than before the slippage model, per unit; `notional` is at the quantum.
    `reverses` names the execution that it takes back; it is then of the other side, with the fee given back.
    """

    execution_id: str
    order_id: str
    strategy: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    notional: Decimal
    currency: str
    fee: Decimal
    fee_currency: str
    liquidity: Liquidity
    slippage: Decimal
    ts_ns: int
    reverses: str = ""

    def reversal(self, ts_ns: int) -> "Fill":
        """What books have to take up when the venue annuls this execution."""
        return msgspec.structs.replace(
            self,
            execution_id=f"{self.execution_id}/bust",
            side=self.side.opposite,
            fee=self.fee.copy_negate() if self.fee else self.fee,
            slippage=ZERO,
            ts_ns=ts_ns,
            reverses=self.execution_id,
        )


class ExecutionReport(msgspec.Struct, frozen=True, kw_only=True, tag="report"):
    """One thing that happened to one order. `number` counts a container's reports from 1 and is given by the router;
    `cause` is the index of the event in whose step it happened. `code` is for programs, `reason` for people.

    `fill` is what filled, or of BUSTED what is annulled; a correction is a BUSTED and a FILLED. `terms` are of REPLACED
    and ADOPTED only: what the venue has now, asked for or not. UNKNOWN: nobody can say what the venue did with it.
    ADOPTED: it works at the venue, it is this strategy's by its id, and nothing here knew of it. `evidence` cites what
    a venue's word rests on.
    """

    order_id: str
    strategy: str
    kind: ReportKind
    ts_ns: int
    cid: str = ""
    fill: Fill | None = None
    terms: OrderTerms | None = None
    origin: Origin = Origin.VENUE
    code: str = ""
    reason: str = ""
    evidence: str = ""
    number: int = 0
    cause: int = 0


_BUSTED, _REPLACED = ReportKind.BUSTED, ReportKind.REPLACED
_REPLACE_REJECTED, _LOST = ReportKind.REPLACE_REJECTED, ReportKind.UNKNOWN
_UNKNOWN: Final = OrderState.UNKNOWN
_RISK, _VENUE = Origin.RISK, Origin.VENUE
_CHANGES: Final = {
    ReportKind.ACCEPTED: OrderChange.ACCEPT,
    ReportKind.REJECTED: OrderChange.REJECT,
    ReportKind.TRIGGERED: OrderChange.TRIGGER,
    ReportKind.CANCELLED: OrderChange.CANCEL,
    ReportKind.CANCEL_REJECTED: OrderChange.REFUSE_CANCEL,
    ReportKind.REPLACE_REJECTED: OrderChange.REFUSE_REPLACE,
    ReportKind.EXPIRED: OrderChange.EXPIRE,
    ReportKind.UNKNOWN: OrderChange.LOSE,
    ReportKind.ADOPTED: OrderChange.ACCEPT,
}


def answers_what_left(report: ExecutionReport) -> bool:
    """Whether whoever sends to the venue has asked for what a report answers: of an amendment that risk manager or gate
    refused it has not."""
    return report.kind is not _REPLACE_REJECTED or report.origin is _VENUE


def apply(report: ExecutionReport, order: Order) -> None:
    """Bring an order up to a report; IllegalTransition when the order cannot have come to that.

    Origin, code and reason are kept of the report that ended it, or put it in doubt. REPLACED with a code is what the
    venue did of its own accord. Of an amendment that its risk manager refused an order does not know.
    """
    kind, fill = report.kind, report.fill
    if fill is not None:
        book = order.bust if kind is _BUSTED else order.fill
        book(fill.quantity, fill.price, report.ts_ns)
        return
    if kind is _REPLACED:
        if report.terms is not None and report.code:
            order.resize(report.terms, report.ts_ns)
        else:
            order.replace(report.terms, report.ts_ns)
        return
    if kind is _REPLACE_REJECTED and report.origin is _RISK:
        return
    before = order.state
    order.change(_CHANGES[kind], report.ts_ns)
    after = order.state
    if (after in FINAL_STATES and before not in FINAL_STATES) or kind is _LOST:
        order.origin, order.code, order.reason = report.origin, report.code, report.reason
    elif before is _UNKNOWN and after is not _UNKNOWN:
        order.origin, order.code, order.reason = "", "", ""
