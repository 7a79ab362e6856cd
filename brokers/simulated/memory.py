"""A simulated market put down in the middle of anything, and what is needed to take it up again."""

from decimal import Decimal
from typing import Any

import msgspec

from brokers.simulated.marks import Marks
from brokers.simulated.orders import MarketOrders
from brokers.simulated.schedule import Schedule
from brokers.simulated.working import WorkingOrder
from trading.contingency import Group
from trading.market_data import MarketEvent


class MarketState(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot: books of the account and what it ever traded, by symbol the last two events and what is used of the
    last, working orders oldest first with their groups, closed orders and what they filled, counters, the month's
    turnover by currency.

    Of an account that lives with time or on margin also: remaining cost of what is not paid for and what was put up for
    isolated positions, marks, who has heard a margin call, up to when all is done that fell due, and the last rollover.
    """

    cash: dict[str, Decimal]
    positions: dict[str, Decimal]
    traded: list[str]
    before: dict[str, MarketEvent]
    last: dict[str, MarketEvent]
    used: dict[str, dict[str, Decimal]]
    working: list[WorkingOrder]
    groups: dict[str, Group]
    closed: dict[str, str]
    filled_of_closed: dict[str, Decimal]
    groups_over: list[str]
    arrivals: int
    fills: int
    month: int
    turnover: dict[str, Decimal]
    costs: dict[str, Decimal] = {}
    put_up: dict[str, Decimal] = {}
    marks: dict[str, float] = {}
    called: list[str] = []
    account_events: int = 0
    liquidations: int = 0
    passed_ns: int | None = None
    rolled_ns: int = 0


def put_down(orders: MarketOrders, marks: Marks, schedule: Schedule) -> dict[str, Any]:
    """A MarketState as a dict; what goes on afterwards does not change it."""
    account, books, settlement = orders.account, orders.books, orders.settlement
    return msgspec.structs.asdict(
        MarketState(
            cash=dict(account.books.cash),
            positions=dict(account.books.positions),
            traded=sorted(account.books.traded),
            before={symbol: book.before for symbol, book in books.items() if book.before is not None},
            last={symbol: book.last for symbol, book in books.items() if book.last is not None},
            used={symbol: dict(book.depth.used) for symbol, book in books.items() if book.depth.used},
            working=[msgspec.structs.replace(order) for order in orders.working.values()],
            groups=orders.contingencies.state(),
            closed=dict(orders.closed),
            filled_of_closed=dict(orders.filled_of_closed),
            groups_over=list(orders.groups_over),
            arrivals=orders.arrivals,
            fills=orders.fills,
            month=settlement.month,
            turnover=dict(settlement.turnover),
            costs=dict(account.stakes.costs),
            put_up=dict(account.stakes.put_up),
            marks=dict(marks.prices),
            called=list(account.called),
            account_events=account.events,
            liquidations=orders.liquidations,
            passed_ns=_passed_ns(orders, schedule),
            rolled_ns=schedule.rolled_ns,
        )
    )


def _passed_ns(orders: MarketOrders, schedule: Schedule) -> int | None:
    """Up to when nothing more can fall due, also under terms that are yet to come."""
    if not schedule.is_empty:
        return schedule.passed_ns
    heard = [book.last.ts_ns - 1 for book in orders.books.values() if book.last is not None]
    return max([*heard, schedule.passed_ns or 0]) or None


def take_up(saved: MarketState, orders: MarketOrders, schedule: Schedule) -> None:
    """Bring what was begun with the books, stakes and marks of a state to all else of it."""
    account, books = orders.account, orders.books
    for events in (saved.before, saved.last):
        for event in events.values():
            books[event.symbol].hear(event)
            if orders.marks is not None and event.symbol not in saved.marks:
                orders.marks.hear(event)
    for symbol, used in saved.used.items():
        books[symbol].depth.used = used
    account.events, account.called = saved.account_events, dict.fromkeys(saved.called)
    if saved.passed_ns is not None:
        schedule.begin(saved.passed_ns, saved.rolled_ns)
    orders.contingencies.restore(saved.groups)
    orders.closed, orders.filled_of_closed = saved.closed, saved.filled_of_closed
    orders.groups_over = dict.fromkeys(saved.groups_over)
    orders.arrivals, orders.fills, orders.liquidations = saved.arrivals, saved.fills, saved.liquidations
    orders.settlement.month, orders.settlement.turnover = saved.month, saved.turnover
    for order in saved.working:
        orders.take_up(order, None)
