"""What a run came to, in one shape for backtest, replay, paper and live: what `--json` writes and a report shows.

Money, quantities and prices of orders and fills are strings, exact to the last digit; times are ISO-8601 in UTC. What
tells of trading (`orders`, `fills`, `trades`, `equity`, `curves`) follows from config and data alone, so two runs of
the same are equal byte by byte; `about` and the seconds of `metrics` tell of this one run.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

Curve = Sequence[tuple[str, str]]
"""Times, ascending, and what something was worth then, in the account's currency."""

COMPARABLE: Final = ("orders", "fills", "trades", "equity", "curves")
"""The parts that config and data determine."""


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of the account or of one strategy. Ratios are fractions of 1 and None where nothing can be said;
    `orders`, `fills`, `trades` and `events` count, `fees` and incomes are sums in the account's currency. `trip` says
    why a strategy was sealed, empty where it was not."""

    initial_equity: str | None
    final_equity: str | None
    net_profit: str | None
    total_return: float | None
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown: float | None
    max_drawdown_days: float | None
    value_at_risk: float | None
    alpha: float | None
    beta: float | None
    win_rate: float | None
    profit_factor: float | None
    expectancy: str | None
    exposure: float | None
    turnover: float | None
    fees: str | None
    dividends: str | None
    funding: str | None
    swap: str | None
    borrow: str | None
    interest: str | None
    orders: int
    rejected: int
    fills: int
    trades: int
    bars: int
    events: int
    seconds: float
    trip: str = ""


class FillLine(msgspec.Struct, frozen=True, kw_only=True):
    """One fill. `close_out` marks those that only the end of the run made."""

    ts: str
    strategy: str
    symbol: str
    side: str
    quantity: str
    price: str
    fee: str
    fee_currency: str
    order_id: str
    close_out: bool = False


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """One order as it stood at the end; `average_price` is a mean for people."""

    order_id: str
    strategy: str
    symbol: str
    side: str
    type: str
    quantity: str
    filled: str
    average_price: float | None
    limit_price: str | None
    stop_price: str | None
    trail_amount: str | None
    trail_percent: str | None
    time_in_force: str
    created_ts: str
    updated_ts: str
    state: str
    origin: str
    code: str
    reason: str
    parent_id: str | None
    group_id: str | None


class TradeLine(msgspec.Struct, frozen=True, kw_only=True):
    """A round trip, first in first out: what was opened and closed again. `pnl` is after `fees`, both in the
    `currency` of the instrument."""

    strategy: str
    symbol: str
    side: str
    quantity: str
    entry_ts: str
    entry_price: str
    exit_ts: str
    exit_price: str
    pnl: str
    fees: str
    currency: str
    close_out: bool = False


class SignalLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy wished, and the order that its risk manager made of it; `order_id` is empty where that made none,
    and `reason` then says why."""

    ts: str
    strategy: str
    kind: str
    symbol: str
    text: str
    order_id: str
    reason: str


class FlowLine(msgspec.Struct, frozen=True, kw_only=True):
    """Money that came into a book from outside, or left it where it is negative: no return. `strategy` is empty for the
    account as a whole; `equity_before` is what the book was worth just before. In the account's currency."""

    ts: str
    strategy: str
    amount: str
    equity_before: str


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Which run this was: `mode` is a value of ExecutionMode, `data` the reference of its tape, `config` the
    file as it was read. `ended` says what ended it before the data did, empty where nothing did. `days_of_a_year` are
    those that the ratios of `metrics` were reckoned by: 252, or 365 where nothing was traded but what never closes."""

    run_id: str
    mode: str
    version: str
    python: str
    config_path: str
    config: str
    data: Mapping[str, Any]
    currency: str
    start: str
    end: str
    ended: str = ""
    days_of_a_year: float = 252.0


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run. `curves` are the equity of each strategy, `exposure` is the account's gross exposure; `prices` are
    closes by symbol, thinned to what a chart can show; `flows` are ascending in time, and cut the curves."""

    about: About
    metrics: Metrics
    strategies: Mapping[str, Metrics]
    fills: Sequence[FillLine]
    orders: Sequence[OrderLine]
    trades: Sequence[TradeLine]
    equity: Curve
    curves: Mapping[str, Curve]
    exposure: Curve
    prices: Mapping[str, Sequence[tuple[str, float]]]
    signals: Sequence[SignalLine]
    warnings: Sequence[str]
    flows: Sequence[FlowLine] = ()


def of_strategy(result: Result, strategy: str) -> Result:
    """One strategy's part of a run: its own figures, orders and curve in the place of the account's."""
    return Result(
        about=result.about,
        metrics=result.strategies[strategy],
        strategies={strategy: result.strategies[strategy]},
        fills=[fill for fill in result.fills if fill.strategy == strategy],
        orders=[order for order in result.orders if order.strategy == strategy],
        trades=[trade for trade in result.trades if trade.strategy == strategy],
        equity=result.curves[strategy],
        curves={strategy: result.curves[strategy]},
        exposure=(),
        prices=result.prices,
        signals=[signal for signal in result.signals if signal.strategy == strategy],
        warnings=result.warnings,
        flows=[msgspec.structs.replace(flow, strategy="") for flow in result.flows if flow.strategy == strategy],
    )


def canonical(result: Result) -> dict[str, bytes]:
    """What two runs of the same config and data have in common, byte by byte: canonical JSON by part."""
    encoder = msgspec.json.Encoder(order="sorted")
    return {part: encoder.encode(getattr(result, part)) for part in COMPARABLE}
