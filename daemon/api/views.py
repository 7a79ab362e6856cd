"""What people and programs see. Money and quantities are JSON strings, times ISO-8601 UTC strings, ratios and seconds
JSON numbers; what is not there yet is null."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

import msgspec

from trading.orders import Order
from trading.reports import Fill
from trading.subscriptions import Subscription
from trading.timestamps import format_interval, iso

StrategyState = Literal["created", "warming", "running", "tripped", "stopped"]
STRATEGY_STATES: tuple[StrategyState, ...] = ("created", "warming", "running", "tripped", "stopped")

ISOLATION_NOTES: Mapping[str, str] = {
    "process": "sealed off: a process of its own",
    "task": "trusted: shares the daemon's process",
}
"""What an operator should know of a way of isolation."""


class FeedView(msgspec.Struct, frozen=True, kw_only=True):
    """Where the market data stands. `pace` is times real time, null for as fast as possible; `lag_seconds` is how far
    the feed is behind that pace."""

    kind: str
    time: str | None
    events: int
    pace: float | None
    lag_seconds: float
    at_end: bool


class StatusView(msgspec.Struct, frozen=True, kw_only=True):
    """The daemon in one look. `equity` is the account's in its `currency`, null where a rate to it is missing; `event`
    is the last committed event, `journal_sequence` the last durable record; `strategies` counts containers by state;
    `reasons` speak against its being ready."""

    mode: str
    broker: str
    currency: str
    equity: Decimal | None
    state: str
    pid: int
    build: str
    started_at: str
    ready: bool
    reasons: list[str]
    halted: bool
    halt_reason: str
    alarms: list[str]
    feed: FeedView
    strategies: dict[str, int]
    event: int
    journal_sequence: int
    durability: str


class StrategyView(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy; amounts in the account's currency, null where one in another has no rate to it.

    `reason` says why it tripped or stopped. `max_drawdown` is the deepest fall of what it has in the account's
    currency, as each price was heard: -0.02 for 2 %. `restarts` counts how often its process was started again,
    `conflated` the quotes that it was not told since it lagged; both since the daemon started. `kept_bars` are
    those that its subscriptions keep at hand, at most. `income` is what its positions and balances brought or cost, by
    kind and currency, signed as cash is."""

    id: str
    class_path: str = msgspec.field(name="class")
    isolation: str
    isolation_note: str
    state: StrategyState
    capital: Decimal | None
    equity: Decimal | None
    cash: Decimal | None
    realised: Decimal | None
    unrealised: Decimal | None
    fees: Decimal | None
    income: dict[str, dict[str, Decimal]]
    max_drawdown: float
    orders: int
    fills: int
    open_orders: int
    reason: str
    restarts: int
    conflated: int
    kept_bars: int


class PositionView(msgspec.Struct, frozen=True, kw_only=True):
    """What one strategy holds, or nobody: `unallocated`. Quantity signed, prices and amounts in the instrument's
    `currency`. `margin` is what it ties up at the mark, null where it is paid for in full."""

    strategy: str
    symbol: str
    currency: str
    quantity: Decimal
    average_price: Decimal
    mark: Decimal | None
    unrealised: Decimal
    realised: Decimal
    margin: Decimal | None


def subscription_text(subscription: Subscription) -> str:
    """`AAA bars 5m`, `AAA quotes`."""
    interval = f" {format_interval(subscription.interval_ns)}" if subscription.interval_ns else ""
    return f"{subscription.symbol} {subscription.kind}{interval}"


class StrategyDetailView(StrategyView, frozen=True, kw_only=True):
    """One strategy with what it was given and what it holds."""

    params: dict[str, Any]
    subscriptions: list[str]
    positions: list[PositionView]
    limits: dict[str, Any]


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """One order: its terms as they are now and how far it came. `origin`, `code` and `reason` tell who refused it and
    why; it is an exit of `parent_id`, and one of the orders of `group_id`, of which one cancels the others."""

    order_id: str
    strategy: str
    symbol: str
    side: str
    type: str
    quantity: Decimal
    filled: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    trail_amount: Decimal | None
    trail_percent: Decimal | None
    time_in_force: str
    expires_at: str | None
    post_only: bool
    reduce_only: bool
    all_or_none: bool
    parent_id: str | None
    group_id: str | None
    state: str
    created_at: str
    updated_at: str | None
    origin: str
    code: str
    reason: str

    @classmethod
    def of(cls, order: Order) -> "OrderView":
        """The view of an order as it stands."""
        terms = order.terms
        return cls(
            order_id=terms.order_id,
            strategy=terms.strategy,
            symbol=terms.symbol,
            side=terms.side,
            type=terms.type,
            quantity=terms.quantity,
            filled=order.filled,
            limit_price=terms.limit_price,
            stop_price=terms.stop_price,
            trail_amount=terms.trail_amount,
            trail_percent=terms.trail_percent,
            time_in_force=terms.time_in_force,
            expires_at=None if terms.expires_ns is None else iso(terms.expires_ns),
            post_only=terms.post_only,
            reduce_only=terms.reduce_only,
            all_or_none=terms.all_or_none,
            parent_id=terms.parent_id,
            group_id=terms.group_id,
            state=order.state,
            created_at=iso(terms.created_ns),
            updated_at=iso(order.updated_ns) if order.updated_ns else None,
            origin=order.origin,
            code=order.code,
            reason=order.reason,
        )


class FillView(msgspec.Struct, frozen=True, kw_only=True):
    """One execution; quantity positive. `reverses` is the execution that this one takes back, empty for any other."""

    ts: str
    strategy: str
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: str
    order_id: str
    execution_id: str
    reverses: str

    @classmethod
    def of(cls, fill: Fill) -> "FillView":
        """The view of a fill."""
        return cls(
            ts=iso(fill.ts_ns),
            strategy=fill.strategy,
            symbol=fill.symbol,
            side=fill.side,
            quantity=fill.quantity,
            price=fill.price,
            fee=fill.fee,
            fee_currency=fill.fee_currency,
            liquidity=fill.liquidity,
            order_id=fill.order_id,
            execution_id=fill.execution_id,
            reverses=fill.reverses,
        )


class HealthView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the daemon makes progress (`live`) and may trade (`ready`), with what speaks against it.

    `alarms` are for somebody to look at while trading goes on, such as a tripped strategy.
    """

    live: bool
    ready: bool
    reasons: list[str]
    alarms: list[str]


class ErrorView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong, a word for programs in `error`, and how to mend it."""

    error: str
    message: str
    mend: str = ""
