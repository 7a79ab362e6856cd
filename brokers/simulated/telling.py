"""The reports of the simulated market, and the reasons in them, in its words."""

from decimal import Decimal

from brokers.simulated.working import WorkingOrder
from trading.commands import WireAmend, WireCancel
from trading.orders import OrderTerms
from trading.refusals import Refusal
from trading.reports import ExecutionReport, Fill, ReportKind


def tell(
    cid: str,
    about: OrderTerms | WireCancel,
    kind: ReportKind,
    ts_ns: int,
    *,
    refusal: Refusal | None = None,
    fill: Fill | None = None,
    terms: OrderTerms | None = None,
) -> ExecutionReport:
    """One report of an order, or of a cancel of what is not known."""
    return ExecutionReport(
        order_id=about.order_id,
        strategy=about.strategy,
        kind=kind,
        ts_ns=ts_ns,
        cid=cid,
        fill=fill,
        terms=terms,
        code=refusal.code if refusal else "",
        reason=refusal.reason if refusal else "",
    )


def not_working(command: WireCancel | WireAmend, *, was_here: bool) -> Refusal:
    """Why there is nothing to cancel or to amend."""
    order_id = command.terms.order_id if isinstance(command, WireAmend) else command.order_id
    if was_here:
        return Refusal("not_open", f"order {order_id} has filled or ended already")
    return Refusal("unknown_order", f"order {order_id} never came here")


def would_take(terms: OrderTerms, price: Decimal) -> Refusal:
    """Why a post-only order cannot stand."""
    return Refusal("would_take", f"a post-only {terms.side} at {terms.limit_price} would trade at once at {price}")


def outside_limit(order: WorkingOrder, price: Decimal) -> Refusal:
    """Why an auction brings an order nothing."""
    return Refusal(
        "outside_limit",
        f"the auction's price is {price}, the limit of the {order.terms.side} {order.terms.limit_price}",
    )


def not_there(order: WorkingOrder) -> Refusal:
    """Why an order that was to trade at once is over."""
    terms = order.terms
    limit = "" if terms.limit_price is None else f" at {terms.limit_price}"
    return Refusal(
        f"{terms.time_in_force}_unfilled",
        f"{order.remaining} of {terms.quantity} {terms.symbol}{limit} were not there at once",
    )


def auction_over(order: WorkingOrder) -> Refusal:
    """Why an order that waited for an auction is over."""
    terms = order.terms
    return Refusal(
        "auction_unfilled",
        f"{order.remaining} of {terms.quantity} {terms.symbol} did not trade {terms.type.replace('_', ' ')}",
    )


def nothing_to_reduce(order: WorkingOrder, position: Decimal) -> Refusal:
    """Why a reduce-only order is over."""
    return Refusal("reduce_only", f"a {order.terms.side} cannot reduce a position of {position} {order.terms.symbol}")
