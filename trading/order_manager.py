"""The orders of one container. Container and router each keep an OrderManager, fed by the same reports."""

from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from trading.money import EXACT, ZERO
from trading.orders import Order, OrderChange, OrderState, OrderTerms, Side
from trading.reports import ExecutionReport, Fill, apply

CLOSED_KEPT: Final = 1_000
"""Closed orders kept for late reports and for people to look at."""


class OrderManager:
    """Keeps orders and brings them up to reports. A fill counts once, by its execution id, whatever is heard again."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.numbered = 0
        self._orders: dict[str, Order] = {}
        self._open: dict[str, dict[str, Order]] = {}
        self._closed: deque[str] = deque()
        self._executions: dict[str, set[str]] = {}

    def next_order_id(self) -> str:
        """The next `<strategy>-<n>`."""
        self.numbered += 1
        return f"{self.owner}-{self.numbered}"

    def add(self, terms: OrderTerms) -> Order:
        """Keep a new order, state RECEIVED; it counts as open once it is validated."""
        order = self._orders[terms.order_id] = Order(terms=terms, updated_ns=terms.created_ns)
        return order

    def get(self, order_id: str) -> Order | None:
        """The order of that id, open or lately closed."""
        return self._orders.get(order_id)

    def open(self, symbol: str | None = None) -> list[Order]:
        """Open orders, of one symbol or all, oldest first within a symbol."""
        if symbol is not None:
            return list(self._open.get(symbol, {}).values())
        return [order for orders in self._open.values() for order in orders.values()]

    @property
    def open_count(self) -> int:
        """How many orders are open."""
        return sum(len(orders) for orders in self._open.values())

    def open_quantities(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Units still to buy and still to sell, both positive."""
        buys = sells = ZERO
        for order in self._open.get(symbol, {}).values():
            if order.terms.side is Side.BUY:
                buys = EXACT.add(buys, order.remaining)
            else:
                sells = EXACT.add(sells, order.remaining)
        return buys, sells

    def apply(self, report: ExecutionReport) -> tuple[Order | None, Fill | None]:
        """Bring the order up to a report. Gives the order, None when it is not kept here, and the fill if it is new."""
        order = self._orders.get(report.order_id)
        if order is None:
            return None, report.fill
        if report.fill is not None:
            seen = self._executions.setdefault(report.order_id, set())
            if report.fill.execution_id in seen:
                return order, None
            seen.add(report.fill.execution_id)
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
            "orders": list(self._orders.values()),
            "closed": list(self._closed),
            "executions": {order_id: sorted(seen) for order_id, seen in self._executions.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the manager that gave this state."""
        self.numbered = state["numbered"]
        self._orders = {order.order_id: order for order in msgspec.convert(state["orders"], list[Order])}
        self._closed = deque(state["closed"])
        self._executions = {order_id: set(seen) for order_id, seen in state["executions"].items()}
        self._open = {}
        for order in self._orders.values():
            if order.is_open:
                self._index(order, was_open=True)

    def _index(self, order: Order, *, was_open: bool) -> None:
        if order.is_open:
            if order.state is not OrderState.RECEIVED:
                self._open.setdefault(order.terms.symbol, {})[order.order_id] = order
        elif was_open:
            self._open.get(order.terms.symbol, {}).pop(order.order_id, None)
            self._closed.append(order.order_id)
            if len(self._closed) > CLOSED_KEPT:
                forgotten = self._closed.popleft()
                del self._orders[forgotten]
                self._executions.pop(forgotten, None)
