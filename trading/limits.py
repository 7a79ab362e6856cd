"""What a container, or the account, may hold, lose and send. Every limit is optional; the unit is in its name.

Money limits are in the currency of the order's instrument, and so is what is held against them: positions in other
currencies, losses, and equity in all, are converted at the last prices of the pairs. An order is refused where a limit
cannot be told for want of a price or a rate. Worth has no sign. Worst case counts: every open buy filled and no sell,
or every open sell filled and no buy, whichever is further from flat.
"""

from decimal import Decimal
from typing import Final, Literal

import msgspec

SelfTrade = Literal["allow", "reject", "hold", "cancel_resting"]
"""What becomes of an order that would trade with a resting one of the same account."""


class RiskLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one container or of the account; None is no limit.

    `heat_without_stop_share` is what a position without a stop counts for in heat, all of its worth where it is None.
    `symbols` are those that may be traded, `restricted_symbols` those that may not. The last two fields are the
    account's alone: `self_trade` is `allow` where it is None, `self_trade_wait_ns`, how long an order may wait for the
    resting one, a second.
    """

    max_position_quantity: Decimal | None = None
    max_position_notional: Decimal | None = None
    max_position_equity_share: Decimal | None = None
    max_exposure_notional: Decimal | None = None
    max_exposure_equity_share: Decimal | None = None
    max_heat_notional: Decimal | None = None
    max_heat_equity_share: Decimal | None = None
    heat_without_stop_share: Decimal | None = None
    max_order_quantity: Decimal | None = None
    max_order_notional: Decimal | None = None
    max_open_orders: int | None = None
    max_orders_per_second: int | None = None
    max_daily_loss_notional: Decimal | None = None
    max_daily_loss_equity_share: Decimal | None = None
    max_drawdown_share: Decimal | None = None
    price_collar_percent: Decimal | None = None
    duplicate_window_ns: int | None = None
    symbols: tuple[str, ...] | None = None
    restricted_symbols: tuple[str, ...] | None = None
    self_trade: SelfTrade | None = None
    self_trade_wait_ns: int | None = None

    @property
    def of_the_day(self) -> bool:
        """Whether what the day began with must be known."""
        return self.max_daily_loss_notional is not None or self.max_daily_loss_equity_share is not None


NO_LIMITS: Final = RiskLimits()


class FixedSize(msgspec.Struct, frozen=True, kw_only=True, tag="fixed"):
    """An entry of full strength is this many units."""

    quantity: Decimal


class EquityShare(msgspec.Struct, frozen=True, kw_only=True, tag="equity_share"):
    """An entry of full strength is worth this share of equity, cut to whole lots."""

    share: Decimal


Sizing = FixedSize | EquityShare
