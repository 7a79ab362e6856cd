"""The `risk` sections of account and strategies: what may be held, lost and sent, and how entries are sized."""

from typing import Annotated, Literal

from pydantic import Field

from daemon.config.section import Section
from daemon.config.values import Interval, Positive, Share, Symbol

Symbols = Annotated[tuple[Symbol, ...], Field(strict=False)]


class Limits(Section):
    """What may be held, lost and asked for; a limit that is not given does not bind, and none holds back an order that
    only reduces a position."""

    max_position_quantity: Positive | None = Field(default=None, description="units of one symbol")
    max_position_notional: Positive | None = Field(default=None, description="worth of one symbol's position")
    max_position_equity_share: Share | None = Field(default=None, description="the same as a share of equity")
    max_exposure_notional: Positive | None = Field(
        default=None, description="worth of all positions, long and short added"
    )
    max_exposure_equity_share: Share | None = Field(default=None, description="the same as a share of equity")
    max_heat_notional: Positive | None = Field(
        default=None, description="what all positions would lose together if each were stopped out now"
    )
    max_heat_equity_share: Share | None = Field(default=None, description="the same as a share of equity")
    heat_without_stop_share: Share | None = Field(
        default=None, description="share of its worth that a position without a stop counts for in heat; all of it"
    )
    max_order_quantity: Positive | None = Field(default=None, description="units of one order")
    max_order_notional: Positive | None = Field(default=None, description="worth of one order")
    max_open_orders: int | None = Field(default=None, ge=1, description="orders working at the same time")
    max_orders_per_second: int | None = Field(
        default=None, ge=1, description="orders and amendments that leave within any second"
    )
    max_daily_loss_notional: Positive | None = Field(
        default=None, description="loss since the day (UTC) began, open positions included, beyond which none is opened"
    )
    max_daily_loss_equity_share: Share | None = Field(
        default=None, description="the same as a share of what the day began with"
    )
    max_drawdown_share: Annotated[Positive, Field(lt=1)] | None = Field(
        default=None, description='fall of equity from its peak beyond which nothing is opened: "0.1" is a tenth of it'
    )
    price_collar_percent: Positive | None = Field(
        default=None, description="how much worse than the last price a limit or stop price may be, in percent"
    )
    duplicate_window_ns: Interval | None = Field(
        default=None, alias="duplicate_window", description="time within which the same order is not sent twice"
    )
    symbols: Symbols | None = Field(default=None, description="the only symbols in which a position may be opened")
    restricted_symbols: Symbols | None = Field(default=None, description="symbols in which no position may be opened")


class AccountRisk(Limits):
    """The account's limits, and what becomes of an order that would trade with a resting one of the account."""

    self_trade: Literal["allow", "reject", "hold", "cancel_resting"] | None = Field(
        default=None,
        description="of an order that would trade with one of the account's own: allow (default on paper), reject, hold"
        " until the other has gone, or cancel_resting, the other",
    )
    self_trade_wait_ns: Interval | None = Field(
        default=None,
        alias="self_trade_wait",
        description="how long an order waits under hold and cancel_resting before it is refused; 1s if not given",
    )


class FixedSizing(Section):
    """An entry of full strength is this many units."""

    kind: Literal["fixed"]
    quantity: Positive = Field(description="units of an entry of full strength")


class EquityShareSizing(Section):
    """An entry of full strength is worth this share of the strategy's equity."""

    kind: Literal["equity_share"]
    share: Share = Field(description='share of equity of an entry of full strength: "0.25" is a quarter')


class StrategyRisk(Limits):
    """A strategy's own limits, and how its entries are sized."""

    sizing: Annotated[FixedSizing | EquityShareSizing, Field(discriminator="kind")] | None = Field(
        default=None, description="size of an entry whose strategy names no quantity"
    )
