"""What people and programs see of performance. `docs/performance.md` says how each figure comes about."""

from decimal import Decimal

import msgspec


class PerformanceRow(msgspec.Struct, frozen=True, kw_only=True):
    """How one strategy, or the account, did. Null: not defined, or a rate to the account's currency is missing.

    `capital` is what was put in, less what was taken out. Shares and rates are plain numbers, 0.01 for one percent;
    `cagr` and `calmar` are null below 30 daily returns. `max_drawdown` is negative, as the valuations at the ends of
    hours show it, its length in days. `alpha` and `beta` are against the account as a whole, null for the account
    itself. `trades` are round trips; `expectancy` is what one came to on average. Fees are what was paid, the amounts
    after them signed as cash is.
    """

    capital: Decimal | None
    equity: Decimal | None
    net_profit: Decimal | None
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
    fills: int
    trades: int
    win_rate: float | None
    profit_factor: float | None
    expectancy: Decimal | None
    exposure: float | None
    turnover: float | None
    fees: Decimal | None
    dividends: Decimal | None
    funding: Decimal | None
    swap: Decimal | None
    borrow: Decimal | None
    interest: Decimal | None


class PerformanceView(msgspec.Struct, frozen=True, kw_only=True):
    """Performance by strategy and of the account, in its currency, from `since` until `until`."""

    currency: str
    since: str
    until: str
    strategies: dict[str, PerformanceRow]
    total: PerformanceRow


class ContainerView(msgspec.Struct, frozen=True, kw_only=True):
    """A container's own counts since it began, whatever the time asked for.

    `final_portfolio_value` is its equity now, `max_drawdown` negative and as each price was heard in the account's
    currency, `sharpe_ratio` that of all its days.
    """

    container_id: str
    start_time: str
    events_processed: int
    orders_generated: int
    fills_executed: int
    final_portfolio_value: Decimal | None
    max_drawdown: float
    sharpe_ratio: float | None


class StrategyPerformanceView(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy in full, in the account's currency, from `since` until `until`."""

    strategy: str
    currency: str
    since: str
    until: str
    performance: PerformanceRow
    container: ContainerView
