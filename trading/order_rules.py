"""What an order of each type carries, which flags go with what, and what of an order may be amended: as tables.

`OrderValidator` asks them; `docs/orders.md` prints them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from trading.orders import OrderType, TimeInForce

AMENDABLE: Final = ("quantity", "limit_price", "stop_price", "trail_amount", "trail_percent", "expires_ns")
"""The fields of `OrderTerms` that an amendment may change."""

ANY_TIME: Final = tuple(TimeInForce)
WAITING: Final = (TimeInForce.GTC, TimeInForce.DAY, TimeInForce.GTD)
AUCTION: Final = (TimeInForce.GTC, TimeInForce.DAY)


class TypeRule(msgspec.Struct, frozen=True, kw_only=True):
    """The price fields that an order of one type needs, those of which it needs exactly one, those that it may have,
    and how long it may work. It has no others."""

    needs: tuple[str, ...] = ()
    needs_one_of: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    times: tuple[TimeInForce, ...]

    def has(self, field: str) -> bool:
        """Whether an order of the type may have a price field."""
        return field in self.needs or field in self.takes or field in self.needs_one_of


TYPES: Final[Mapping[OrderType, TypeRule]] = MappingProxyType(
    {
        OrderType.MARKET: TypeRule(times=ANY_TIME),
        OrderType.LIMIT: TypeRule(needs=("limit_price",), times=ANY_TIME),
        OrderType.STOP: TypeRule(needs=("stop_price",), times=WAITING),
        OrderType.STOP_LIMIT: TypeRule(needs=("stop_price", "limit_price"), times=WAITING),
        OrderType.MARKET_IF_TOUCHED: TypeRule(needs=("stop_price",), times=WAITING),
        OrderType.TRAILING_STOP: TypeRule(
            needs_one_of=("trail_amount", "trail_percent"), takes=("stop_price",), times=WAITING
        ),
        OrderType.ON_OPEN: TypeRule(takes=("limit_price",), times=AUCTION),
        OrderType.ON_CLOSE: TypeRule(takes=("limit_price",), times=AUCTION),
    }
)


class FlagRule(msgspec.Struct, frozen=True, kw_only=True):
    """The types that may have a flag, and the times in force and flags that it does not go with."""

    types: tuple[OrderType, ...] = tuple(OrderType)
    not_with: tuple[str, ...] = ()


FLAGS: Final[Mapping[str, FlagRule]] = MappingProxyType(
    {
        "post_only": FlagRule(
            types=(OrderType.LIMIT, OrderType.STOP_LIMIT), not_with=(TimeInForce.IOC, TimeInForce.FOK)
        ),
        "reduce_only": FlagRule(),
        "all_or_none": FlagRule(not_with=(TimeInForce.IOC, TimeInForce.FOK, "post_only")),
    }
)
