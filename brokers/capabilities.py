"""What a market or venue offers, as data: the gate can ask before it sends, the market refuses by the same table."""

from typing import Final

import msgspec

from trading.admission import Refusal
from trading.orders import OrderTerms, OrderType, TimeInForce

OPTIONS: Final = (
    "stop_price",
    "trail_amount",
    "trail_percent",
    "expires_ns",
    "post_only",
    "reduce_only",
    "parent_id",
    "group_id",
)
"""The fields of `OrderTerms` that a venue need not know."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """Order types, times in force, and those of OPTIONS that are honoured."""

    order_types: frozenset[OrderType]
    times_in_force: frozenset[TimeInForce]
    options: frozenset[str] = frozenset()

    def refusal(self, terms: OrderTerms) -> Refusal | None:
        """Why an order is not offered, None when it is."""
        if terms.type not in self.order_types:
            return Refusal("unsupported_order_type", _not_offered(terms.type, "order type", self.order_types))
        if terms.time_in_force not in self.times_in_force:
            return Refusal(
                "unsupported_time_in_force", _not_offered(terms.time_in_force, "time in force", self.times_in_force)
            )
        for option in OPTIONS:
            if getattr(terms, option) not in (None, False) and option not in self.options:
                return Refusal("unsupported_option", _not_offered(option, "option", self.options))
        return None


def _not_offered(asked: str, what: str, offered: frozenset[str]) -> str:
    return f"{what} {asked} is not offered here; offered: {', '.join(sorted(offered)) or 'none'}"
