"""What a strategy says. A signal is a wish of its strategy; only the risk manager turns it into an order."""

from decimal import Decimal

import msgspec

from trading.orders import OrderType, Side, TimeInForce


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Be at this signed quantity of a symbol."""

    symbol: str
    quantity: Decimal


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Enter a position of the configured size; strength above 0 and up to 1 scales it."""

    symbol: str
    side: Side
    strength: float


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """Leave the position in a symbol."""

    symbol: str


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One explicit order, under an id that is already its own."""

    order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    type: OrderType
    limit_price: Decimal | None
    time_in_force: TimeInForce
    reason: str


class CancelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Withdraw one of the strategy's own orders."""

    order_id: str


Signal = Target | Entry | Exit | OrderRequest
