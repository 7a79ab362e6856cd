"""How far a strategy may be let run ahead: which of the coming events can bring its working orders nothing.

Judged in floats, and erring on the side of reaching: whatever happens to an order begins with an event in its reach.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from brokers.simulated.book import SymbolBook
from brokers.simulated.working import AT_ONCE, AUCTIONS, WorkingOrder
from trading.market_data import MarketEvent
from trading.orders import OrderType, Side

Watch = Callable[[MarketEvent], bool]
"""Whether an event may bring something to the orders of its symbol."""


def in_reach(orders: Iterable[WorkingOrder], books: Mapping[str, SymbolBook], events: Sequence[MarketEvent]) -> int:
    """How many of the events pass beside all of these orders."""
    by_symbol: dict[str, list[WorkingOrder]] = {}
    ends_ns = math.inf
    for order in orders:
        by_symbol.setdefault(order.terms.symbol, []).append(order)
        if order.expires_ns:
            ends_ns = min(ends_ns, order.expires_ns)
    watches = {symbol: _watch(waiting, books[symbol]) for symbol, waiting in by_symbol.items()}
    for place, event in enumerate(events):
        if event.ts_ns >= ends_ns:
            return place
        watch = watches.get(event.symbol)
        if watch is not None and watch(event):
            return place
    return len(events)


def up_to(ts_ns: float, events: Sequence[MarketEvent]) -> int:
    """How many of the events come before the first of a time or later; a bar may come late, after later ones."""
    if ts_ns == math.inf:
        return len(events)
    return next((place for place, event in enumerate(events) if event.ts_ns >= ts_ns), len(events))


def _watch(orders: list[WorkingOrder], book: SymbolBook) -> Watch:
    data, span, counts, rules, floor = book.tape.data, book.tape.span, book.counts, book.rules, book.floor
    if any(_may_meet_anything(order) for order in orders):
        return lambda event: type(event) is data and counts(event)
    buy_falls, buy_rises = _edges(order for order in orders if order.is_buy)
    sell_falls, sell_rises = _edges(order for order in orders if not order.is_buy)

    def reached(event: MarketEvent) -> bool:
        if type(event) is not data or not counts(event):
            return False
        low, high = span(event, Side.BUY, rules, floor)
        if low <= buy_falls or high >= buy_rises:
            return True
        low, high = span(event, Side.SELL, rules, floor)
        return low <= sell_falls or high >= sell_rises

    return reached


def _may_meet_anything(order: WorkingOrder) -> bool:
    """Whether time, or prices that are still to come, decide what an order meets."""
    terms = order.terms
    return (
        terms.type in AUCTIONS
        or terms.time_in_force in AT_ONCE
        or (order.sleeps and terms.type is OrderType.TRAILING_STOP)
    )


def _edges(orders: Iterable[WorkingOrder]) -> tuple[float, float]:
    """The highest level that the price may fall to, and the lowest that it may rise to; any price suits some."""
    falls, rises = -math.inf, math.inf
    for order in orders:
        level = order.level
        if level is None or order.waits_for_fall:
            falls = max(falls, math.inf if level is None else float(level))
        else:
            rises = min(rises, float(level))
    return falls, rises
