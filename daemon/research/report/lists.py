"""The parts of a page that list what happened: orders, fills, round trips, signals. Long ones are shortened."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from heapq import nlargest
from typing import Final

from daemon.cli.tables import cell, to_second
from daemon.research.report.markup import Column, Markup, element, listing, section
from daemon.research.report.sections import of_all
from daemon.results.result import OrderLine, Result, TradeLine

MOST_LINES: Final = 500
MOST_REASONS: Final = 30

REJECTED: Final = "rejected"

_ORDERS: Final = (
    Column("Created", lambda order: to_second(order.created_ts)),
    Column("Strategy", lambda order: order.strategy),
    Column("Symbol", lambda order: order.symbol),
    Column("Side", lambda order: order.side),
    Column("Type", lambda order: order.type),
    Column("Quantity", lambda order: order.quantity, "number"),
    Column("Filled", lambda order: order.filled, "number"),
    Column("Average", lambda order: cell(order.average_price), "number"),
    Column("State", lambda order: order.state),
    Column("Code", lambda order: cell(order.code)),
    Column("Reason", lambda order: cell(order.reason), "long"),
    Column("Limit", lambda order: cell(order.limit_price), "number"),
    Column("Stop", lambda order: cell(order.stop_price), "number"),
    Column("Trail", lambda order: cell(order.trail_amount or _percent(order.trail_percent)), "number"),
    Column("TIF", lambda order: order.time_in_force),
    Column("Origin", lambda order: order.origin),
    Column("Order", lambda order: order.order_id),
)
_REASONS: Final = (
    Column("Code", lambda one: cell(one[0])),
    Column("Orders", lambda one: str(one[1]), "number"),
    Column("The first one's reason", lambda one: cell(one[2]), "long"),
)
_FILLS: Final = (
    Column("Time", lambda fill: to_second(fill.ts)),
    Column("Strategy", lambda fill: fill.strategy),
    Column("Symbol", lambda fill: fill.symbol),
    Column("Side", lambda fill: fill.side),
    Column("Quantity", lambda fill: fill.quantity, "number"),
    Column("Price", lambda fill: fill.price, "number"),
    Column("Fee", lambda fill: fill.fee, "number"),
    Column("Currency", lambda fill: fill.fee_currency),
    Column("Order", lambda fill: fill.order_id),
    Column("Close-out", lambda fill: cell(fill.close_out or None)),
)
_TRADES: Final = (
    Column("Strategy", lambda trade: trade.strategy),
    Column("Symbol", lambda trade: trade.symbol),
    Column("Side", lambda trade: trade.side),
    Column("Quantity", lambda trade: trade.quantity, "number"),
    Column("Entry", lambda trade: to_second(trade.entry_ts)),
    Column("At", lambda trade: trade.entry_price, "number"),
    Column("Exit", lambda trade: to_second(trade.exit_ts)),
    Column("At", lambda trade: trade.exit_price, "number"),
    Column("Result", lambda trade: trade.pnl, "result"),
    Column("Fees", lambda trade: trade.fees, "number"),
    Column("Currency", lambda trade: trade.currency),
    Column("Close-out", lambda trade: cell(trade.close_out or None)),
)
_SIGNALS: Final = (
    Column("Strategy", lambda one: one[0][0]),
    Column("Kind", lambda one: one[0][1]),
    Column("Signals", lambda one: str(one[1].total()), "number"),
    Column("Became orders", lambda one: str(one[1][True]), "number"),
    Column("Became none", lambda one: str(one[1][False]), "number"),
)


def orders(result: Result) -> Markup:
    """How many were refused and why, then the orders, refused ones first."""
    if not result.orders:
        return section("orders", "Orders", _nothing("No order was made."))
    refused = [order for order in result.orders if order.state == REJECTED]
    others = [order for order in result.orders if order.state != REJECTED]
    shown = [*refused, *others][:MOST_LINES]
    return section(
        "orders",
        "Orders",
        element("p", f"{len(result.orders)} orders, {len(refused)} rejected."),
        _reasons(refused),
        of_all(len(shown), len(result.orders), "orders", ", rejected ones first"),
        listing(shown, _ORDERS, name="Orders"),
    )


def fills(result: Result) -> Markup:
    """The first fills, folded; empty where there are none."""
    if not result.fills:
        return Markup()
    shown = result.fills[:MOST_LINES]
    return element(
        "details",
        element("summary", f"{len(result.fills)} fills"),
        of_all(len(shown), len(result.fills), "fills", ", the first ones"),
        listing(shown, _FILLS, name="Fills"),
    )


def trades(result: Result) -> Markup:
    """Round trips in the order of their ends; of many those with the largest results, won or lost."""
    if not result.trades:
        return section("trades", "Round trips", _nothing("No position was closed."))
    shown = largest(result.trades, MOST_LINES)
    return section(
        "trades",
        "Round trips",
        of_all(len(shown), len(result.trades), "round trips", ", those with the largest results, won or lost"),
        listing(shown, _TRADES, name="Round trips"),
    )


def signals(result: Result) -> Markup:
    """What strategies wished, counted."""
    if not result.signals:
        return section("signals", "Signals", _nothing("No signal was given."))
    counts: dict[tuple[str, str], Counter[bool]] = {}
    for signal in result.signals:
        counts.setdefault((signal.strategy, signal.kind), Counter())[bool(signal.order_id)] += 1
    shown = sorted(counts.items())
    return section(
        "signals",
        "Signals",
        element("p", f"{len(result.signals)} signals."),
        of_all(len(shown[:MOST_LINES]), len(shown), "rows"),
        listing(shown[:MOST_LINES], _SIGNALS, name="Signals"),
    )


def largest(trades: Sequence[TradeLine], most: int) -> list[TradeLine]:
    """At most so many, of the largest results by size, in their order."""
    if len(trades) <= most:
        return list(trades)
    places = nlargest(most, range(len(trades)), key=lambda place: (abs(Decimal(trades[place].pnl)), -place))
    return [trades[place] for place in sorted(places)]


def _reasons(refused: Sequence[OrderLine]) -> Markup:
    if not refused:
        return Markup()
    firsts: dict[str, str] = {}
    for order in refused:
        firsts.setdefault(order.code, order.reason)
    counts = Counter(order.code for order in refused).most_common()
    shown = [(code, count, firsts[code]) for code, count in counts[:MOST_REASONS]]
    note = of_all(len(shown), len(counts), "codes")
    return element("div", note, listing(shown, _REASONS, name="Reasons of rejection"))


def _percent(distance: str | None) -> str | None:
    return None if distance is None else f"{distance}%"


def _nothing(words: str) -> Markup:
    return element("p", words, class_="note")
