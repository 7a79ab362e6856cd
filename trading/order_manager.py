"""The orders of one container. Container and router each keep an OrderManager, fed by the same reports."""

from collections import deque
from collections.abc import Mapping
from copy import copy
from decimal import Decimal
from typing import Any, Final

import msgspec

from trading.money import EXACT, ZERO
from trading.orders import Order, OrderChange, OrderState, OrderTerms, Side
from trading.reports import ExecutionReport, Fill, apply

CLOSED_KEPT: Final = 1_000
"""Closed orders kept for late reports and for people to look at, and orders not ours whose fills are remembered."""


class OrderManager:
    """Keeps orders and brings them up to reports. A fill counts once, by its execution id, whatever is heard again."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.numbered = 0
        self.added = 0
        self._orders: dict[str, Order] = {}
        self._open: dict[str, Order] = {}
        self._closed: deque[str] = deque()
        self._executions: dict[str, set[str]] = {}

    def next_order_id(self) -> str:
        """The next `<strategy>-<n>`."""
        self.numbered += 1
        return f"{self.owner}-{self.numbered}"

    def add(self, terms: OrderTerms) -> Order:
        """Keep a new order, state RECEIVED; it counts as open once it is validated."""
        self.added += 1
        order = self._orders[terms.order_id] = Order(terms=terms, updated_ns=terms.created_ns)
        return order

    def get(self, order_id: str) -> Order | None:
        """The order of that id, open or lately closed."""
        return self._orders.get(order_id)

    def get_open(self, order_id: str) -> Order | None:
        """The order of that id, None unless it is open."""
        return self._open.get(order_id)

    def open(self, symbol: str | None = None) -> list[Order]:
        """Open orders, of one symbol or all, oldest first."""
        return [order for order in self._open.values() if symbol is None or order.terms.symbol == symbol]

    @property
    def open_count(self) -> int:
        """How many orders are open."""
        return len(self._open)

    def open_quantities(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Units still to buy and still to sell, both positive."""
        buys = sells = ZERO
        for order in self.open(symbol):
            if order.terms.side is Side.BUY:
                buys = EXACT.add(buys, order.remaining)
            else:
                sells = EXACT.add(sells, order.remaining)
        return buys, sells

    def apply(self, report: ExecutionReport) -> tuple[Order | None, Fill | None]:
        """Bring the order up to a report. Gives the order, None when it is not kept here, and the fill if it is new."""
        order = self._orders.get(report.order_id)
        if report.fill is not None and self._heard_before(report.fill):
            return order, None
        if order is not None:
            was_open = order.is_open
            apply(report, order)
            self._index(order, was_open=was_open)
        return order, report.fill

    def change(self, order: Order, change: OrderChange, ts_ns: int) -> None:
        """Make one step of our own, such as ROUTE or REQUEST_CANCEL."""
        was_open = order.is_open
        order.change(change, ts_ns)
        self._index(order, was_open=was_open)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "numbered": self.numbered,
            "added": self.added,
            "orders": [copy(order) for order in self._orders.values()],
            "closed": list(self._closed),
            "executions": {order_id: sorted(seen) for order_id, seen in self._executions.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the manager that gave this state."""
        self.numbered, self.added = state["numbered"], state["added"]
        self._orders = {order.order_id: order for order in msgspec.convert(state["orders"], list[Order])}
        self._closed = deque(state["closed"])
        self._executions = {order_id: set(seen) for order_id, seen in state["executions"].items()}
        self._open = {}
        for order in self._orders.values():
            self._index(order, was_open=False)

    def _heard_before(self, fill: Fill) -> bool:
        seen = self._executions.get(fill.order_id)
        if seen is None:
            seen = self._executions[fill.order_id] = set()
            if fill.order_id not in self._orders:
                self._remember_as_closed(fill.order_id)
        if fill.execution_id in seen:
            return True
        seen.add(fill.execution_id)
        return False

    def _index(self, order: Order, *, was_open: bool) -> None:
        if order.is_open:
            if order.state is not OrderState.RECEIVED:
                self._open[order.order_id] = order
        elif was_open:
            self._open.pop(order.order_id, None)
            self._remember_as_closed(order.order_id)

    def _remember_as_closed(self, order_id: str) -> None:
        self._closed.append(order_id)
        if len(self._closed) > CLOSED_KEPT:
            forgotten = self._closed.popleft()
            self._orders.pop(forgotten, None)
            self._executions.pop(forgotten, None)
