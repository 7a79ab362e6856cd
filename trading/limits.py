"""How much a container, or the account, may hold. Every limit is optional; the unit is in its name.

Money limits are in the currency of the order's instrument, and so is what is held against them: positions in other
currencies, and equity in all, are converted at the last prices of the pairs. An order is refused where a limit cannot
be told for want of a rate. Worth has no sign. Worst case counts: every open buy filled and no sell, or every open sell
filled and no buy, whichever is further from flat.
"""

from decimal import Decimal

import msgspec


class RiskLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one container or of the account; None is no limit."""

    max_position_quantity: Decimal | None = None
    max_position_notional: Decimal | None = None
    max_position_equity_share: Decimal | None = None
    max_exposure_notional: Decimal | None = None
    max_exposure_equity_share: Decimal | None = None
    max_order_quantity: Decimal | None = None
    max_order_notional: Decimal | None = None
    max_open_orders: int | None = None


class FixedSize(msgspec.Struct, frozen=True, kw_only=True, tag="fixed"):
    """An entry of full strength is this many units."""

    quantity: Decimal


class EquityShare(msgspec.Struct, frozen=True, kw_only=True, tag="equity_share"):
    """An entry of full strength is worth this share of equity, cut to whole lots."""

    share: Decimal


Sizing = FixedSize | EquityShare
