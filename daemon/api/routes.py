"""Every route of the API in one table; server and OpenAPI document are made from it.

What a route is asked is a struct: the fields of a GET come from path and query, those of a POST from its JSON body.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from daemon.api.account_views import AccountView, MovedAccountView, PostingView
from daemon.api.breaker_views import BreakerView
from daemon.api.operations import Operations
from daemon.api.order_views import OrderDetailView, ReconciliationView
from daemon.api.performance_views import PerformanceView, StrategyPerformanceView
from daemon.api.views import (
    FillView,
    HealthView,
    OrderView,
    PositionView,
    StatusView,
    StrategyDetailView,
    StrategyView,
)
from daemon.results.result import Result
from trading.account.resolutions import Ended
from trading.timestamps import from_datetime


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a route is asked; the base asks nothing."""


class OneStrategy(Asked, frozen=True, kw_only=True):
    """A strategy by its id."""

    id: str


class OfStrategy(Asked, frozen=True, kw_only=True):
    """All strategies, or one, or what is `unallocated`."""

    strategy: str | None = None


class Newest(OfStrategy, frozen=True, kw_only=True):
    """The newest of something, at most `limit` of it."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100


class NewestOrders(Newest, frozen=True, kw_only=True):
    """Orders, only those still open where `open` is true."""

    open: bool = False


class Since(Asked, frozen=True, kw_only=True):
    """All there is, or what came from a time on."""

    since: Annotated[datetime, msgspec.Meta(tz=True)] | None = None

    @property
    def since_ns(self) -> int | None:
        """Nanoseconds since the epoch."""
        return None if self.since is None else from_datetime(self.since)


class OneSince(Since, frozen=True, kw_only=True):
    """The same of one strategy."""

    id: str


class Paid(Asked, frozen=True, kw_only=True):
    """An amount above zero, of the account's currency where none is named, and why."""

    amount: Decimal
    currency: str = ""
    reason: str = ""


class Moved(Paid, frozen=True, kw_only=True):
    """Cash, or where a symbol is named, so many units of its position, long or short, at a price, a whole number of
    ticks, else at the last one heard. `source` and `target` are strategies, or `unallocated`."""

    source: str
    target: str
    symbol: str = ""
    price: Decimal | None = None


class Halt(Asked, frozen=True, kw_only=True):
    """Why trading stops, and whether working orders are cancelled."""

    reason: str = ""
    cancel_orders: bool = False


class Resume(Asked, frozen=True, kw_only=True):
    """Why trading goes on."""

    reason: str = ""


class Reset(Asked, frozen=True, kw_only=True):
    """Which circuit breaker is closed, `account`, `venue` or a strategy's, and why."""

    scope: str
    reason: str = ""


class OneOrder(Asked, frozen=True, kw_only=True):
    """An order by its id."""

    id: str


class Adopted(Asked, frozen=True, kw_only=True):
    """Which strategy gets how many units that are `unallocated` (all, where no number is named), at which price, a
    whole number of ticks, else the last one heard, and why."""

    strategy: str
    symbol: str
    units: Decimal | None = None
    price: Decimal | None = None
    reason: str = ""


class AdoptedOrder(Asked, frozen=True, kw_only=True):
    """Which strategy gets which order that is nobody's, by the venue's id, and why."""

    strategy: str
    venue_id: str
    reason: str = ""


class CancelledOrder(Asked, frozen=True, kw_only=True):
    """Which order is withdrawn, and why."""

    order_id: str
    reason: str = ""


class ResolvedOrder(Asked, frozen=True, kw_only=True):
    """How an order ended that was in doubt, how many units of it filled in all (where no number is named: all if it
    filled, else those that are known), at which price those that were not known, and how you know that."""

    order_id: str
    ended: Ended
    reason: str
    filled: Decimal | None = None
    price: Decimal | None = None


class Reconcile(Asked, frozen=True, kw_only=True):
    """Why the venue is read now."""

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


def _postings(operations: Operations, asked: Newest) -> Awaitable[list[PostingView]]:
    return operations.postings(strategy_id=asked.strategy, limit=asked.limit)


def _performance(operations: Operations, asked: Since) -> Awaitable[PerformanceView]:
    return operations.performance(since_ns=asked.since_ns)


def _strategy_performance(operations: Operations, asked: OneSince) -> Awaitable[StrategyPerformanceView]:
    return operations.strategy_performance(asked.id, since_ns=asked.since_ns)


def _report(operations: Operations, asked: OfStrategy) -> Awaitable[Result]:
    return operations.report(asked.strategy)


def _deposit(operations: Operations, asked: Paid) -> Awaitable[MovedAccountView]:
    return operations.deposit(asked.amount, currency=asked.currency, reason=asked.reason)


def _withdraw(operations: Operations, asked: Paid) -> Awaitable[MovedAccountView]:
    return operations.withdraw(asked.amount, currency=asked.currency, reason=asked.reason)


def _transfer(operations: Operations, asked: Moved) -> Awaitable[MovedAccountView]:
    return operations.transfer(**msgspec.structs.asdict(asked))


def _adopt(operations: Operations, asked: Adopted) -> Awaitable[MovedAccountView]:
    return operations.adopt(
        asked.strategy, symbol=asked.symbol, units=asked.units, price=asked.price, reason=asked.reason
    )


def _adopt_order(operations: Operations, asked: AdoptedOrder) -> Awaitable[OrderDetailView]:
    return operations.adopt_order(asked.strategy, asked.venue_id, reason=asked.reason)


def _cancel_order(operations: Operations, asked: CancelledOrder) -> Awaitable[OrderDetailView]:
    return operations.cancel_order(asked.order_id, reason=asked.reason)


def _resolve_order(operations: Operations, asked: ResolvedOrder) -> Awaitable[OrderDetailView]:
    return operations.resolve_order(**msgspec.structs.asdict(asked))


def _reconcile(operations: Operations, asked: Reconcile) -> Awaitable[ReconciliationView]:
    return operations.reconcile(reason=asked.reason)


def _reset_breaker(operations: Operations, asked: Reset) -> Awaitable[BreakerView]:
    return operations.reset_breaker(asked.scope, reason=asked.reason)


def _halt(operations: Operations, asked: Halt) -> Awaitable[StatusView]:
    return operations.halt(asked.reason, cancel_orders=asked.cancel_orders)


ROUTES = (
    Route("GET", "/v1/status", "The daemon in one look", Asked, StatusView, lambda o, _: o.status()),
    Route("GET", "/v1/health", "What speaks against trading", Asked, HealthView, lambda o, _: o.health()),
    Route("GET", "/v1/strategies", "Every strategy", Asked, list[StrategyView], lambda o, _: o.strategies()),
    Route("GET", "/v1/strategies/{id}", "One strategy", OneStrategy, StrategyDetailView, lambda o, a: o.strategy(a.id)),
    Route("GET", "/v1/positions", "What is held", OfStrategy, list[PositionView], lambda o, a: o.positions(a.strategy)),
    Route("GET", "/v1/orders", "The newest orders, oldest first", NewestOrders, list[OrderView], _orders),
    Route("GET", "/v1/orders/{id}", "One order in full", OneOrder, OrderDetailView, lambda o, a: o.order(a.id)),
    Route("GET", "/v1/fills", "The newest fills, oldest first", Newest, list[FillView], _fills),
    Route("GET", "/v1/postings", "The newest changes of books without orders", Newest, list[PostingView], _postings),
    Route("GET", "/v1/account", "All books beside the broker's account", Asked, AccountView, lambda o, _: o.account()),
    Route("GET", "/v1/reconciliation", "Books and venue", Asked, ReconciliationView, lambda o, _: o.reconciliation()),
    Route("GET", "/v1/performance", "How strategies and account did", Since, PerformanceView, _performance),
    Route("GET", "/v1/performance/{id}", "How one did", OneSince, StrategyPerformanceView, _strategy_performance),
    Route("GET", "/v1/report", "The whole run, in the shape of a backtest's result", OfStrategy, Result, _report),
    Route("GET", "/v1/breakers", "Every circuit breaker", Asked, list[BreakerView], lambda o, _: o.breakers()),
    Route("POST", "/v1/account/deposit", "Pay money in, on paper", Paid, MovedAccountView, _deposit),
    Route("POST", "/v1/account/withdraw", "Pay money out, on paper", Paid, MovedAccountView, _withdraw),
    Route("POST", "/v1/account/transfer", "Move between two books", Moved, MovedAccountView, _transfer),
    Route("POST", "/v1/account/adopt", "Give away what is nobody's", Adopted, MovedAccountView, _adopt),
    Route(
        "POST", "/v1/orders/adopt", "Give away an order that is nobody's", AdoptedOrder, OrderDetailView, _adopt_order
    ),
    Route("POST", "/v1/orders/cancel", "Withdraw an order", CancelledOrder, OrderDetailView, _cancel_order),
    Route("POST", "/v1/orders/resolve", "Say what became of an order", ResolvedOrder, OrderDetailView, _resolve_order),
    Route("POST", "/v1/reconcile", "Read the venue now", Reconcile, ReconciliationView, _reconcile),
    Route("POST", "/v1/breakers/reset", "Close a circuit breaker", Reset, BreakerView, _reset_breaker),
    Route("POST", "/v1/halt", "Stop sending orders", Halt, StatusView, _halt),
    Route("POST", "/v1/resume", "Let orders leave again", Resume, StatusView, lambda o, a: o.resume(a.reason)),
)
