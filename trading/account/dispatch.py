"""Orders on their way out: each is placed under a wire id of its own, and amended and cancelled under that."""

from collections.abc import Mapping
from typing import Any, Final

from trading.account.ids import IdSource
from trading.commands import WireAmend, WireCancel, WireSubmit
from trading.order_manager import OrderManager
from trading.orders import FINAL_STATES, Order, OrderChange, OrderTerms
from trading.reports import ExecutionReport, ReportKind

_AT_AN_ID: Final = frozenset({ReportKind.BUSTED, ReportKind.ADOPTED})
"""Reports of orders that work under an id which may not be known here."""


class Dispatch:
    """Makes wire commands, and keeps under which id each open order is at the market. It judges nothing: what comes
    here has passed the gate, or takes risk away."""

    def __init__(self, orders: Mapping[str, OrderManager], ids: IdSource) -> None:
        self.ids = ids
        self._orders = orders
        self._cids: dict[str, str] = {}

    def place(self, terms: OrderTerms, ts_ns: int, *, as_plain: bool) -> WireSubmit:
        """Send a new order; `as_plain` without its reduce-only flag."""
        self._orders[terms.strategy].send(terms, ts_ns)
        cid = self._cids[terms.order_id] = self.ids.next(terms.strategy)
        return WireSubmit(cid=cid, terms=terms, as_plain=as_plain)

    def amend(self, order: Order, terms: OrderTerms, ts_ns: int) -> WireAmend:
        """Ask for other terms of an open order."""
        self._orders[terms.strategy].amend(order, terms, ts_ns)
        return WireAmend(cid=self._cids[terms.order_id], terms=terms, ts_ns=ts_ns)

    def cancel(self, order: Order, ts_ns: int) -> WireCancel:
        """Cancel an open order."""
        strategy = order.terms.strategy
        self._orders[strategy].change(order, OrderChange.REQUEST_CANCEL, ts_ns)
        return WireCancel(cid=self._cids[order.order_id], order_id=order.order_id, strategy=strategy, ts_ns=ts_ns)

    def cancel_all(self, strategy: str, ts_ns: int) -> list[WireCancel]:
        """Cancel every open order of a strategy."""
        return [self.cancel(order, ts_ns) for order in self._orders[strategy].open()]

    def cid_of(self, order_id: str) -> str:
        """The id under which an open order is at the market; empty where there is none."""
        return self._cids.get(order_id, "")

    def follow(self, order: Order, report: ExecutionReport) -> None:
        """Know under which id an open order is at the market: one that a bust has opened again by that of the bust, one
        that was found there by that under which it was."""
        if order.state in FINAL_STATES:
            self._cids.pop(order.terms.order_id, None)
        elif report.kind in _AT_AN_ID:
            self._cids.setdefault(order.terms.order_id, report.cid)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return dict(self._cids)

    def restore(self, state: Mapping[str, str]) -> None:
        """Become the dispatch that gave this state."""
        self._cids = dict(state)
