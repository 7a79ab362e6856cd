"""The same order twice: within a window of time, or while nobody knows what became of the first.

Two orders are the same where container, symbol, side, type, quantity and prices are. What only reduces a position is
not asked: an exit that would be one too many is no reduction, as the first one counts.
"""

from decimal import Decimal
from typing import Any

import msgspec

from trading.claims import is_unknown
from trading.order_manager import OrderManager
from trading.orders import Order, OrderTerms, OrderType, Side
from trading.refusals import Refusal
from trading.timestamps import format_interval


class OrderKey(msgspec.Struct, frozen=True):
    """What makes two orders the same."""

    strategy: str
    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    trail_amount: Decimal | None
    trail_percent: Decimal | None

    @classmethod
    def of(cls, terms: OrderTerms) -> "OrderKey":
        """The key of an order."""
        return cls(*(getattr(terms, field) for field in cls.__struct_fields__))


class Left(msgspec.Struct, frozen=True):
    """The order of a key that left last, and when."""

    order_id: str
    ts_ns: int


class RecentOrders:
    """Remembers the orders that left within a window of time, oldest first."""

    def __init__(self, window_ns: int) -> None:
        self._window_ns = window_ns
        self._left: dict[OrderKey, Left] = {}

    def refusal(self, terms: OrderTerms, now_ns: int) -> Refusal | None:
        """Why an order may not leave now."""
        self._forget(now_ns)
        left = self._left.get(OrderKey.of(terms))
        if left is None:
            return None
        ago = format_interval(self._window_ns)
        return Refusal("duplicate", f"the same as {left.order_id}, which left less than {ago} ago (duplicate_window)")

    def note(self, terms: OrderTerms, now_ns: int) -> None:
        """An order leaves now."""
        self._forget(now_ns)
        key = OrderKey.of(terms)
        self._left.pop(key, None)
        self._left[key] = Left(terms.order_id, now_ns)

    def state(self) -> list[tuple[OrderKey, Left]]:
        """Everything that `restore` needs."""
        return list(self._left.items())

    def restore(self, state: Any) -> None:
        """Remember what another did."""
        self._left = dict(msgspec.convert(state, list[tuple[OrderKey, Left]]))

    def _forget(self, now_ns: int) -> None:
        while self._left:
            key, left = next(iter(self._left.items()))
            if now_ns - left.ts_ns < self._window_ns:
                return
            del self._left[key]


def reissue_refusal(terms: OrderTerms, orders: OrderManager) -> Refusal | None:
    """Why an order may not leave again: of the first nobody knows yet whether it is there."""
    key = OrderKey.of(terms)
    for order in orders.open(terms.symbol):
        if is_unknown(order) and OrderKey.of(order.terms) == key:
            reason = f"the same as {order.order_id}, of which it is not known what became; wait for that"
            return Refusal("duplicate", reason)
    return None


def unknown_orders(orders: OrderManager) -> list[Order]:
    """The orders of which it is not known what became, oldest first."""
    for working in orders.working.values():
        if working.unknown:
            return [order for order in orders.open() if is_unknown(order)]
    return []
