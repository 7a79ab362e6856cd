"""Every route of the API in one table; server and OpenAPI document are made from it.

What a route is asked is a struct: the fields of a GET come from path and query, those of a POST from its JSON body.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec

from daemon.api.operations import Operations
from daemon.api.views import (
    AccountView,
    FillView,
    HealthView,
    OrderView,
    PerformanceView,
    PositionView,
    StatusView,
    StrategyDetailView,
    StrategyView,
)


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a route is asked; the base asks nothing."""


class OneStrategy(Asked, frozen=True, kw_only=True):
    """A strategy by its id."""

    id: str


class OfStrategy(Asked, frozen=True, kw_only=True):
    """All strategies, or one."""

    strategy: str | None = None


class Newest(OfStrategy, frozen=True, kw_only=True):
    """The newest of something, at most `limit` of it."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100


class NewestOrders(Newest, frozen=True, kw_only=True):
    """Orders, only those still open where `open` is true."""

    open: bool = False


class Halt(Asked, frozen=True, kw_only=True):
    """Why trading stops, and whether working orders are cancelled."""

    reason: str = ""
    cancel_orders: bool = False


class Resume(Asked, frozen=True, kw_only=True):
    """Why trading goes on."""

    reason: str = ""


class Route(msgspec.Struct, frozen=True):
    """One route: how it is asked, what it answers, and who does it."""

    method: str
    path: str
    summary: str
    asked: type[Asked]
    answer: Any
    do: Callable[[Operations, Any], Any | Awaitable[Any]]


def _orders(operations: Operations, asked: NewestOrders) -> Awaitable[list[OrderView]]:
    return operations.orders(strategy_id=asked.strategy, open_only=asked.open, limit=asked.limit)


def _fills(operations: Operations, asked: Newest) -> Awaitable[list[FillView]]:
    return operations.fills(strategy_id=asked.strategy, limit=asked.limit)


def _halt(operations: Operations, asked: Halt) -> Awaitable[StatusView]:
    return operations.halt(asked.reason, cancel_orders=asked.cancel_orders)


ROUTES = (
    Route("GET", "/v1/status", "The daemon in one look", Asked, StatusView, lambda o, _: o.status()),
    Route("GET", "/v1/health", "What speaks against trading", Asked, HealthView, lambda o, _: o.health()),
    Route("GET", "/v1/strategies", "Every strategy", Asked, list[StrategyView], lambda o, _: o.strategies()),
    Route("GET", "/v1/strategies/{id}", "One strategy", OneStrategy, StrategyDetailView, lambda o, a: o.strategy(a.id)),
    Route("GET", "/v1/positions", "What is held", OfStrategy, list[PositionView], lambda o, a: o.positions(a.strategy)),
    Route("GET", "/v1/orders", "The newest orders, oldest first", NewestOrders, list[OrderView], _orders),
    Route("GET", "/v1/fills", "The newest fills, oldest first", Newest, list[FillView], _fills),
    Route("GET", "/v1/account", "All books beside the broker's account", Asked, AccountView, lambda o, _: o.account()),
    Route("GET", "/v1/performance", "How strategies did", Asked, PerformanceView, lambda o, _: o.performance()),
    Route("POST", "/v1/halt", "Stop sending orders", Halt, StatusView, _halt),
    Route("POST", "/v1/resume", "Let orders leave again", Resume, StatusView, lambda o, a: o.resume(a.reason)),
)
