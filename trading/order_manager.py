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

CLOSED_KEPT: Final = 250
"""Closed orders kept for late reports and for people to look at, and orders not ours whose fills are remembered."""


class Working(msgspec.Struct, kw_only=True):
    """What the open orders of one symbol still want, in units.

    `bids` is the sum of units times limit over the buys that have one, `unlimited_buys` the units of the others.
    """

    buys: Decimal = ZERO
    sells: Decimal = ZERO
    unlimited_buys: Decimal = ZERO
    bids: Decimal = ZERO

    def count(self, terms: OrderTerms, units: Decimal) -> None:
        """Let an order want so many units more, or fewer where negative."""
        if terms.side is Side.SELL:
            self.sells = EXACT.add(self.sells, units)
            return
        self.buys = EXACT.add(self.buys, units)
        if terms.limit_price is None:
            self.unlimited_buys = EXACT.add(self.unlimited_buys, units)
        else:
            self.bids = EXACT.add(self.bids, EXACT.multiply(units, terms.limit_price))


class OrderManager:
    """Keeps orders and brings them up to reports. A fill counts once, by its execution id, whatever is heard again.

    What works is summed up as it changes, so that it costs the same to ask beside one open order or ten thousand.
    """

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.numbered = 0
        self.added = 0
        self._orders: dict[str, Order] = {}
        self._open: dict[str, Order] = {}
        self._working: dict[str, Working] = {}
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

    @property
    def working(self) -> Mapping[str, Working]:
        """What the open orders still want, by symbol; to be read, not changed."""
        return self._working

    def open_quantities(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Units still to buy and still to sell, both positive."""
        working = self._working.get(symbol)
        return (working.buys, working.sells) if working is not None else (ZERO, ZERO)

    def apply(self, report: ExecutionReport) -> tuple[Order | None, Fill | None]:
        """Bring the order up to a report. Gives the order, None when it is not kept here, and the fill if it is new."""
        order = self._orders.get(report.order_id)
        if report.fill is not None and self._heard_before(report.fill):
            return order, None
        if order is not None:
            was_open, wanted = order.is_open, self._wanted(order)
            apply(report, order)
            self._follow(order, was_open=was_open, wanted=wanted)
        return order, report.fill

    def change(self, order: Order, change: OrderChange, ts_ns: int) -> None:
        """Make one step of our own, such as ROUTE or REQUEST_CANCEL."""
        was_open, wanted = order.is_open, self._wanted(order)
        order.change(change, ts_ns)
        self._follow(order, was_open=was_open, wanted=wanted)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "numbered": self.numbered,
            "added": self.added,
            "orders": [copy(order) for order in self._orders.values()],
            "working": {symbol: copy(working) for symbol, working in self._working.items()},
            "closed": list(self._closed),
            "executions": {order_id: sorted(seen) for order_id, seen in self._executions.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the manager that gave this state."""
        self.numbered, self.added = state["numbered"], state["added"]
        self._orders = {order.order_id: order for order in msgspec.convert(state["orders"], list[Order])}
        self._closed = deque(state["closed"])
        self._executions = {order_id: set(seen) for order_id, seen in state["executions"].items()}
        self._open = {order_id: order for order_id, order in self._orders.items() if _works(order)}
        self._working = msgspec.convert(state["working"], dict[str, Working])

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

    def _wanted(self, order: Order) -> Decimal:
        return order.remaining if order.order_id in self._open else ZERO

    def _follow(self, order: Order, *, was_open: bool, wanted: Decimal) -> None:
        """Take up what a change has made of an order that was open or not and wanted so much."""
        if _works(order):
            self._open[order.order_id] = order
        elif was_open and not order.is_open:
            self._open.pop(order.order_id, None)
            self._remember_as_closed(order.order_id)
        if more := EXACT.subtract(self._wanted(order), wanted):
            self._working.setdefault(order.terms.symbol, Working()).count(order.terms, more)

    def _remember_as_closed(self, order_id: str) -> None:
        self._closed.append(order_id)
        if len(self._closed) > CLOSED_KEPT:
            forgotten = self._closed.popleft()
            self._orders.pop(forgotten, None)
            self._executions.pop(forgotten, None)


def _works(order: Order) -> bool:
    """Whether an order counts as open: it is not over, and was not refused before it was one."""
    return order.is_open and order.state is not OrderState.RECEIVED
