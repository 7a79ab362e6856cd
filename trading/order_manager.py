"""The orders of one container. Container and router each keep an OrderManager, fed by the same reports."""

from collections import Counter, deque
from collections.abc import Mapping
from copy import copy
from decimal import Decimal
from typing import Any, Final

import msgspec

from trading.claims import Addition, Claims, Working
from trading.contingency import Group
from trading.money import ZERO
from trading.orders import FINAL_STATES, Order, OrderChange, OrderTerms
from trading.reports import ExecutionReport, Fill, ReportKind, apply

CLOSED_KEPT: Final = 250
"""Closed orders kept for late reports and for people to look at, and orders not ours whose fills are remembered."""

_MOST_DIGITS: Final = 15
_BUSTED: Final = ReportKind.BUSTED


class OrderManager:
    """Keeps orders and brings them up to reports. A fill counts once, by its execution id, whatever is heard again.

    What works is summed up as it changes, so that it costs the same to ask beside one open order or ten thousand.
    """

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.numbered = 0
        self.added = 0
        self.groups = 0
        self._orders: dict[str, Order] = {}
        self._claims = Claims()
        self._open = self._claims.open_orders
        self._closed: deque[str] = deque()
        self._executions: dict[str, set[str]] = {}
        self._in_group: Counter[str] = Counter()

    def next_order_id(self) -> str:
        """The next `<strategy>-<n>`."""
        self.numbered += 1
        return f"{self.owner}-{self.numbered}"

    def next_group_id(self) -> str:
        """The next `<strategy>-g<n>`."""
        self.groups += 1
        return f"{self.owner}-g{self.groups}"

    def group_number(self, group_id: str) -> int:
        """The n of `<strategy>-g<n>`; 0 for what is no group id of this owner's."""
        owner, _, n = group_id.rpartition("-g")
        written = owner == self.owner and n.isascii() and n.isdecimal() and n[0] != "0" and len(n) <= _MOST_DIGITS
        return int(n) if written else 0

    def add(self, terms: OrderTerms) -> Order:
        """Keep a new order, state RECEIVED; it counts as open once it is validated."""
        return self._keep(Order(terms=terms, updated_ns=terms.created_ns))

    def send(self, terms: OrderTerms, ts_ns: int) -> Order:
        """Keep a new order that leaves now, state ROUTED."""
        order = self._keep(Order.sent(terms, ts_ns))
        self._claims.follow(order)
        return order

    def get(self, order_id: str) -> Order | None:
        """The order of that id, open or lately closed."""
        return self._orders.get(order_id)

    def get_open(self, order_id: str) -> Order | None:
        """The order of that id, None unless it is open."""
        return self._open.get(order_id)

    def open(self, symbol: str | None = None) -> list[Order]:
        """Open orders, of one symbol or all, oldest first; one that a bust has opened again is the newest."""
        if not self._open:
            return []
        return [order for order in self._open.values() if symbol is None or order.terms.symbol == symbol]

    @property
    def open_count(self) -> int:
        """How many orders are open."""
        return len(self._open)

    @property
    def working(self) -> Mapping[str, Working]:
        """What the open orders still claim, by symbol; to be read, not changed."""
        return self._claims.by_symbol

    def open_quantities(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Units still to buy and still to sell, both positive."""
        working = self._claims.by_symbol.get(symbol)
        return (working.buys, working.sells) if working is not None else (ZERO, ZERO)

    def addition(self, terms: OrderTerms) -> Addition:
        """What an order, or other terms of an open one, would add to what works on its side."""
        return self._claims.addition(terms)

    def tradable(self, order: Order) -> Decimal:
        """How much of an order may trade now, in units: of an exit no more than its parent has filled."""
        return self._claims.tradable(order)

    def group(self, group_id: str) -> Group | None:
        """The group of an id while one of its orders is open."""
        return self._claims.living_group(group_id)

    def knows_group(self, group_id: str) -> bool:
        """Whether an order of the group is kept, open or over."""
        return self._in_group[group_id] > 0

    def exits(self, parent_id: str) -> frozenset[str]:
        """What the open exits of an order go by: the id of their group, or of the exit that stands alone."""
        return self._claims.keys_of_exits(parent_id)

    def apply(self, report: ExecutionReport) -> tuple[Order | None, Fill | None]:
        """Bring the order up to a report. Gives the order, None when it is not kept here, and the fill to be booked if
        there is news of one: of what is annulled, its reversal."""
        order, fill = self._orders.get(report.order_id), report.fill
        if order is None and report.kind is ReportKind.ADOPTED and report.terms is not None:
            order = self.send(report.terms, report.ts_ns)
        if fill is not None:
            if not (fill.quantity and self._is_news(report.kind, fill)):
                return order, None
            if report.kind is _BUSTED:
                fill = fill.reversal(report.ts_ns)
        if order is not None:
            was_over = order.state in FINAL_STATES
            apply(report, order)
            self._follow(order, was_over=was_over)
        return order, fill

    def change(self, order: Order, change: OrderChange, ts_ns: int) -> None:
        """Make one step of our own, such as ROUTE or REQUEST_CANCEL."""
        was_over = order.state in FINAL_STATES
        order.change(change, ts_ns)
        self._follow(order, was_over=was_over)

    def amend(self, order: Order, terms: OrderTerms, ts_ns: int) -> None:
        """Ask for other terms of an open order; until the answer it counts as the worse of both."""
        order.amend(terms, ts_ns)
        self._follow(order, was_over=False)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "numbered": self.numbered,
            "added": self.added,
            "groups": self.groups,
            "orders": [copy(order) for order in self._orders.values()],
            "claims": self._claims.state(),
            "closed": list(self._closed),
            "executions": {order_id: sorted(seen) for order_id, seen in self._executions.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the manager that gave this state."""
        self.numbered, self.added, self.groups = state["numbered"], state["added"], state["groups"]
        self._orders = {order.order_id: order for order in msgspec.convert(state["orders"], list[Order])}
        self._closed = deque(state["closed"])
        self._executions = {order_id: set(seen) for order_id, seen in state["executions"].items()}
        self._in_group = Counter(
            order.terms.group_id for order in self._orders.values() if order.terms.group_id is not None
        )
        self._claims.restore(state["claims"], self._orders.values())
        self._open = self._claims.open_orders

    def _keep(self, order: Order) -> Order:
        self.added += 1
        group_id = order.terms.group_id
        self._orders[order.terms.order_id] = order
        if group_id is not None:
            self._in_group[group_id] += 1
            self.groups = max(self.groups, self.group_number(group_id))
        return order

    def _is_news(self, kind: ReportKind, fill: Fill) -> bool:
        """Whether something is to be booked: of each execution its first fill, unless it was busted by then, and its
        first bust, where the fill was heard."""
        seen = self._executions.get(fill.order_id)
        if seen is None:
            seen = self._executions[fill.order_id] = set()
            if fill.order_id not in self._orders:
                self._remember_as_closed(fill.order_id)
        heard = fill.execution_id in seen
        seen.add(fill.execution_id)
        if kind is not _BUSTED:
            return not heard
        bust = f"{fill.execution_id}/bust"
        busted = bust in seen
        seen.add(bust)
        return heard and not busted

    def _follow(self, order: Order, *, was_over: bool) -> None:
        """Take up what a change has made of an order."""
        is_over = order.state in FINAL_STATES
        if is_over is not was_over:
            order_id = order.terms.order_id
            if is_over:
                self._remember_as_closed(order_id)
            else:
                self._closed.remove(order_id)
                self._orders[order_id] = self._orders.pop(order_id)
        self._claims.follow(order)

    def _remember_as_closed(self, order_id: str) -> None:
        self._closed.append(order_id)
        if len(self._closed) > CLOSED_KEPT:
            self._forget(self._closed.popleft())

    def _forget(self, order_id: str) -> None:
        order = self._orders.pop(order_id, None)
        if order is not None and (group_id := order.terms.group_id) is not None:
            self._in_group[group_id] -= 1
            if not self._in_group[group_id]:
                del self._in_group[group_id]
        self._executions.pop(order_id, None)
