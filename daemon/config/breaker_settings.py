"""Circuit breakers: when they open, and what becomes of orders and positions then. A limit that is not given does not
open one; an operator can open each."""

from typing import Annotated, Literal

from pydantic import Field

from daemon.config.section import Section
from daemon.config.values import Interval, Positive, written

Part = Annotated[Positive, Field(lt=1)]
"""A part of a whole: "0.25" is a quarter."""


class RejectRateSettings(Section):
    """So many rejected orders among the last ones, or within a time, or both."""

    rejects: int = Field(ge=1, description="orders that the venue rejected")
    of_orders: int | None = Field(default=None, ge=1, description="among so many orders, the last")
    within_ns: Interval | None = Field(default=None, alias="within", description="within this time")


class OrderRateSettings(Section):
    """Orders that are asked for within a time."""

    orders: int = Field(ge=1, description="so many may be asked for; one more opens the breaker")
    within_ns: Interval = Field(alias="within", description="within this time")


class ErrorRateSettings(Section):
    """So many failed requests among the last ones, or within a time, or both."""

    errors: int = Field(ge=1, description="requests to the venue that failed on their way")
    of_requests: int | None = Field(default=None, ge=1, description="among so many requests, the last")
    within_ns: Interval | None = Field(default=None, alias="within", description="within this time")


class TradingBreakerSettings(Section):
    """The breaker of a strategy, or of the account; it stays open until an operator resets it."""

    on_trip: Literal["leave", "cancel", "flatten"] = Field(
        default="cancel",
        description="what becomes of its orders when it opens; flatten: cancelled, and its positions closed",
    )
    consecutive_rejects: int | None = Field(default=None, ge=1, description="orders in a row that the venue rejected")
    reject_rate: RejectRateSettings | None = Field(default=None, description="rejected orders by number or time")
    order_rate: OrderRateSettings | None = Field(default=None, description="orders asked for by time")
    daily_loss_amount: Positive | None = Field(
        default=None, description="lost since the day (UTC) began, in the account's currency, open positions included"
    )
    drawdown_share: Part | None = Field(
        default=None, description='fall from its highest worth: "0.1" is a tenth of that'
    )


class VenueBreakerSettings(Section):
    """The breaker of everything between here and the venue; after a cool-down a probe is sent, and closes it when it is
    answered."""

    on_trip: Literal["leave", "cancel"] = Field(
        default="leave",
        description="what becomes of all orders when it opens: a venue that fails may not hear a cancel",
    )
    transport_errors_in_a_row: int | None = Field(
        default=5, ge=1, description="requests to the venue that failed on their way, one after the other"
    )
    transport_error_rate: ErrorRateSettings | None = Field(
        default=None, description="requests that failed by number or time"
    )
    slow_sync_after_ns: Interval | None = Field(
        default=None, alias="slow_sync_after", description="time that one sync of the journal takes"
    )
    cool_down_ns: Interval = Field(
        default=written("30s"),
        alias="cool_down",
        description="time until a probe; twice as long after each that failed, up to 16 times",
    )
    probe_timeout_ns: Interval = Field(
        default=written("5s"), alias="probe_timeout", description="how long a probe may take"
    )


class BreakersSettings(Section):
    """The breakers that are not a strategy's own."""

    account: TradingBreakerSettings = Field(default=TradingBreakerSettings(), description="of all trading")
    venue: VenueBreakerSettings = Field(default=VenueBreakerSettings(), description="of the way to the venue")
