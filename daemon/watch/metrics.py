"""The metrics page for Prometheus, read from the daemon's views when it is asked for.

Labels are bounded: a strategy, a broker, a symbol held, a state, a scope, a currency, a kind of income; never an order.
Money is in the currency of its label; what has no rate to that is left out.
"""

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from daemon.api.account_views import MarginView
from daemon.api.breaker_views import BreakerView
from daemon.api.operations import Operations, Vitals
from daemon.api.views import STRATEGY_STATES, PositionView, StatusView, StrategyView

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

_MONEY: tuple[tuple[str, str, Callable[[StrategyView], Decimal | None]], ...] = (
    ("capital", "Capital the strategy was given", lambda s: s.capital),
    ("equity", "Cash and positions at their marks", lambda s: s.equity),
    ("cash", "Cash in the strategy's book", lambda s: s.cash),
    ("realised", "Realised profit and loss", lambda s: s.realised),
    ("unrealised", "Unrealised profit and loss", lambda s: s.unrealised),
    ("fees", "Fees paid", lambda s: s.fees),
)


_MARGIN: Mapping[str, str] = {
    "initial": "What the account's net positions take to be held",
    "maintenance": "What the account's net positions take to be kept",
    "free": "Equity less the initial margin; below zero it is an alarm",
}


class Exposition:
    """The page's text, from a registry of its own."""

    def __init__(self, operations: Operations) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Views(operations))

    def text(self) -> bytes:
        """The page as it is now, in CONTENT_TYPE."""
        return generate_latest(self._registry)


class _Views(Collector):
    """Turns the daemon's views into metrics."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    def describe(self) -> Iterable[Metric]:
        """Nothing: the views are not asked before the first scrape."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every metric, from one look at each view."""
        status = self._operations.status()
        strategies = self._operations.strategies()
        vitals = self._operations.vitals()
        yield from _daemon(status, self._operations.account().margin)
        yield from _health(self._operations)
        yield from _vitals(vitals)
        yield from _feed(vitals)
        yield from _orders(strategies, status.broker)
        yield from _strategies(strategies, status.currency)
        yield from _containers(strategies)
        yield _income(strategies)
        yield _counted("margin_calls", "Margin calls that the strategy was told of", vitals.margin_calls_total)
        yield _counted("liquidations", "Liquidations that closed what the strategy held", vitals.liquidations_total)
        yield _positions(self._operations.positions())
        yield _breakers(self._operations.breakers())
        yield from _venue(vitals)


def _daemon(status: StatusView, margin: MarginView | None) -> Iterator[Metric]:
    build = {"version": status.build, "python": platform.python_version(), "mode": status.mode}
    yield InfoMetricFamily("bulkhead_build", "What runs", value=build)
    if status.equity is not None:
        equity = GaugeMetricFamily("bulkhead_account_equity", "Cash and positions of the account", labels=("currency",))
        equity.add_metric((status.currency,), float(status.equity))
        yield equity
    yield from _margin(margin, status.currency)
    yield _gauge("alarms", "What somebody should look at while trading goes on", len(status.alarms))
    yield _gauge("halted", "Whether the account's circuit breaker is open, by an operator or otherwise", status.halted)
    yield _gauge("feed_lag_seconds", "How far the feed is behind its pace", status.feed.lag_seconds)
    yield _gauge("feed_at_end", "Whether the feed has come to its end", status.feed.at_end)


def _margin(margin: MarginView | None, currency: str) -> Iterator[Metric]:
    if margin is None:
        return
    for name, help_text in _MARGIN.items():
        amount: Decimal | None = getattr(margin, name)
        if amount is not None:
            gauge = GaugeMetricFamily(f"bulkhead_account_margin_{name}", help_text, labels=("currency",))
            gauge.add_metric((currency,), float(amount))
            yield gauge


def _health(operations: Operations) -> Iterator[Metric]:
    health = operations.health()
    yield _gauge("live", "Whether the daemon makes progress", health.live)
    yield _gauge("ready", "Whether the daemon may trade", health.ready)


def _vitals(vitals: Vitals) -> Iterator[Metric]:
    if vitals.feed_time_seconds is not None:
        yield _gauge("feed_time_seconds", "Time of the last event, since the Unix epoch", vitals.feed_time_seconds)
    yield _gauge("start_time_seconds", "When the daemon started, since the Unix epoch", vitals.started_at_seconds)
    yield _gauge("event_loop_lag_seconds", "How late the event loop last woke", vitals.loop_lag_seconds)
    yield _gauge("journal_sequence", "Number of the last durable record", vitals.journal_sequence)
    yield _counter("events", "Events committed", vitals.events_total)
    yield _counter("journal_written_bytes", "Bytes written to the journal", vitals.journal_written_bytes_total)
    yield _counter("journal_syncs", "Syncs of the journal", vitals.journal_syncs_total)
    yield _counter("journal_sync_seconds", "Time spent in syncs of the journal", vitals.journal_sync_seconds_total)


def _feed(vitals: Vitals) -> Iterator[Metric]:
    """Streams are those that the config asks for; what was never asked for counts under no symbol and kind."""
    silent = GaugeMetricFamily(
        "bulkhead_feed_silent_seconds",
        "Time since a stream of the live feed last brought data",
        labels=("symbol", "kind"),
    )
    for stream, seconds in vitals.feed_silent_seconds.items():
        silent.add_metric(stream, seconds)
    left_out = CounterMetricFamily(
        "bulkhead_feed_left_out", "What the live feed brought and could be no data", labels=("symbol", "kind")
    )
    for stream, count in vitals.feed_left_out_total.items():
        left_out.add_metric(stream, count)
    yield from (silent, left_out)
    yield _counter("feed_reruns", "How often a live feed was asked for everything anew", vitals.feed_reruns_total)


def _orders(strategies: list[StrategyView], broker: str) -> Iterator[Metric]:
    orders = CounterMetricFamily("bulkhead_orders", "Orders asked for", labels=("strategy", "broker"))
    fills = CounterMetricFamily("bulkhead_fills", "Fills booked", labels=("strategy", "broker"))
    working = GaugeMetricFamily("bulkhead_open_orders", "Orders that may still fill", labels=("strategy", "broker"))
    for strategy in strategies:
        labels = (strategy.id, broker)
        orders.add_metric(labels, strategy.orders)
        fills.add_metric(labels, strategy.fills)
        working.add_metric(labels, strategy.open_orders)
    yield from (orders, fills, working)


def _strategies(strategies: list[StrategyView], currency: str) -> Iterator[Metric]:
    for name, help_text, amount in _MONEY:
        money = GaugeMetricFamily(f"bulkhead_strategy_{name}", help_text, labels=("strategy", "currency"))
        for strategy in strategies:
            if (known := amount(strategy)) is not None:
                money.add_metric((strategy.id, currency), float(known))
        yield money
    drawdowns = GaugeMetricFamily(
        "bulkhead_strategy_max_drawdown_ratio", "Deepest fall of equity, -0.02 for 2 %", labels=("strategy",)
    )
    for strategy in strategies:
        drawdowns.add_metric((strategy.id,), strategy.max_drawdown)
    yield drawdowns
    states = GaugeMetricFamily("bulkhead_strategy_state", "1 for the state it is in", labels=("strategy", "state"))
    for strategy in strategies:
        for state in STRATEGY_STATES:
            states.add_metric((strategy.id, state), float(strategy.state == state))
    yield states


def _containers(strategies: list[StrategyView]) -> Iterator[Metric]:
    restarts = CounterMetricFamily("bulkhead_container_restarts", "Processes started again", labels=("strategy",))
    conflated = CounterMetricFamily(
        "bulkhead_quotes_conflated", "Quotes left out for a container that lagged", labels=("strategy",)
    )
    kept = GaugeMetricFamily("bulkhead_strategy_kept_bars", "Bars that it keeps at hand, at most", labels=("strategy",))
    for strategy in strategies:
        kept.add_metric((strategy.id,), strategy.kept_bars)
        restarts.add_metric((strategy.id,), strategy.restarts)
        conflated.add_metric((strategy.id,), strategy.conflated)
    yield from (restarts, conflated, kept)


def _income(strategies: list[StrategyView]) -> Metric:
    income = GaugeMetricFamily(
        "bulkhead_strategy_income",
        "What positions and balances brought, or cost where it is negative",
        labels=("strategy", "kind", "currency"),
    )
    for strategy in strategies:
        for kind, amounts in strategy.income.items():
            for currency, amount in amounts.items():
                income.add_metric((strategy.id, kind, currency), float(amount))
    return income


def _counted(name: str, help_text: str, counts: Mapping[str, int]) -> Metric:
    counter = CounterMetricFamily(f"bulkhead_{name}", help_text, labels=("strategy",))
    for strategy, count in counts.items():
        counter.add_metric((strategy,), count)
    return counter


def _positions(positions: list[PositionView]) -> Metric:
    held = GaugeMetricFamily("bulkhead_position_units", "Signed units held", labels=("strategy", "symbol"))
    for position in positions:
        held.add_metric((position.strategy, position.symbol), float(position.quantity))
    return held


def _breakers(breakers: list[BreakerView]) -> Metric:
    gauge = GaugeMetricFamily(
        "bulkhead_breaker_open", "Whether only orders that reduce leave a scope, or none", labels=("scope",)
    )
    for breaker in breakers:
        gauge.add_metric((breaker.scope,), float(breaker.state != "closed"))
    return gauge


def _venue(vitals: Vitals) -> Iterator[Metric]:
    breaks = GaugeMetricFamily(
        "bulkhead_breaks_open", "On what the books and the venue do not agree, by kind", labels=("kind",)
    )
    for kind, count in vitals.breaks_open.items():
        breaks.add_metric((kind,), count)
    yield breaks
    yield _gauge("orders_in_doubt", "Orders of which is asked what the venue did with them", vitals.orders_in_doubt)
    yield _gauge("orders_quarantined", "Orders of which nobody knows what became", vitals.orders_quarantined)


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"bulkhead_{name}", help_text, value=float(value))


def _counter(name: str, help_text: str, value: float) -> Metric:
    return CounterMetricFamily(f"bulkhead_{name}", help_text, value=float(value))
