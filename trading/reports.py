"""What comes back from the gate and the venue. A refusal is a report, not an exception."""

import enum
from decimal import Decimal

import msgspec

from trading.orders import Order, OrderChange, Side


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


class ExecutionReport(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to one order. `number` counts a container's reports from 1 and is given by the router;
    `cause` is the index of the event in whose step it happened. `code` is for programs, `reason` for people."""

    order_id: str
    strategy: str
    kind: ReportKind
    ts_ns: int
    cid: str = ""
    fill: Fill | None = None
    origin: Origin = Origin.VENUE
    code: str = ""
    reason: str = ""
    number: int = 0
    cause: int = 0


_CHANGES = {
    ReportKind.ACCEPTED: OrderChange.ACCEPT,
    ReportKind.REJECTED: OrderChange.REJECT,
    ReportKind.TRIGGERED: OrderChange.TRIGGER,
    ReportKind.CANCELLED: OrderChange.CANCEL,
    ReportKind.CANCEL_REJECTED: OrderChange.REFUSE_CANCEL,
    ReportKind.REPLACED: OrderChange.REPLACE,
    ReportKind.REPLACE_REJECTED: OrderChange.REFUSE_REPLACE,
    ReportKind.EXPIRED: OrderChange.EXPIRE,
}


def apply(report: ExecutionReport, order: Order) -> None:
    """Bring an order up to a report; IllegalTransition when the order cannot have come to that.

    Origin, code and reason are kept of the report that ended it.
    """
    if report.fill is not None:
        order.fill(report.fill.quantity, report.fill.price, report.ts_ns)
        return
    was_open = order.is_open
    order.change(_CHANGES[report.kind], report.ts_ns)
    if was_open and not order.is_open:
        order.origin, order.code, order.reason = report.origin, report.code, report.reason
