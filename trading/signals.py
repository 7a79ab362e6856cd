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
    """One explicit order, under an id that is already its own; fields as those of `OrderTerms`."""

    order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    type: OrderType = OrderType.MARKET
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    expires_ns: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    all_or_none: bool = False
    parent_id: str | None = None
    group_id: str | None = None
    reason: str = ""


class AmendRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Give one of the strategy's own orders other terms; what is None stays as it is."""

    order_id: str
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    expires_ns: int | None = None


class CancelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Withdraw one of the strategy's own orders."""

    order_id: str


class Bracket(msgspec.Struct, frozen=True, kw_only=True):
    """The ids of an entry and of its exits, empty for an exit that was not asked for, and all of them while warming."""

    entry: str = ""
    stop_loss: str = ""
    take_profit: str = ""


Signal = Target | Entry | Exit | OrderRequest
