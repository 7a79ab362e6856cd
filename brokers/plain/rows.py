"""Orders and executions on the wire of the plain protocol. ValidationError (a ValueError) where one cannot be read.

What matters is read strictly: side, amounts, and what they are of. What does not is passed over: fields that are not
known, and words for which there is one that is cautious.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final

import msgspec

from trading.orders import Side
from trading.reports import Liquidity
from trading.timestamps import LAST_NS
from trading.venue.messages import VenueFill, VenueOrder, VenueStatus

Moment = Annotated[int, msgspec.Meta(ge=0, le=LAST_NS)]
"""A time of the venue in Unix nanoseconds."""

MOST_DIGITS: Final = 24
"""Digits that an amount, or what an execution comes to, may have before or after its point; what has more is none. Sums
of such are exact in the digits that are reckoned with."""

STATUSES: Final[Mapping[str, VenueStatus]] = {
    status.value: status for status in VenueStatus if status is not VenueStatus.UNREADABLE
}


class OrderRow(msgspec.Struct, kw_only=True):
    """An order on the wire."""

    venue_id: str
    symbol: str
    side: Side
    quantity: Decimal
    filled: Decimal
    status: str
    cid: str | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    average_price: Decimal | None = None
    reduce_only: bool = False
    updated_ns: Moment = 0
    code: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        require_amounts(self.quantity, self.filled)
        require_amounts(
            *(price for price in (self.limit_price, self.stop_price, self.average_price) if price is not None)
        )

    def told(self) -> VenueOrder:
        """As the port has it."""
        status = STATUSES.get(self.status, VenueStatus.UNREADABLE)
        return VenueOrder(
            cid=self.cid or "",
            venue_id=self.venue_id,
            symbol=self.symbol,
            side=self.side,
            quantity=self.quantity,
            filled=self.filled,
            status=status,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            average_price=self.average_price,
            reduce_only=self.reduce_only,
            updated_ns=self.updated_ns,
            code=self.code,
            reason=self.status if status is VenueStatus.UNREADABLE else self.reason,
        )


class FillRow(msgspec.Struct, kw_only=True):
    """An execution on the wire."""

    trade_id: str
    venue_id: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    ts_ns: Moment
    cid: str | None = None
    leg: str = ""
    liquidity: str = ""
    liquidates: bool = False

    def __post_init__(self) -> None:
        require_amounts(self.quantity, self.price)
        require_finite(self.fee)
        require_product(self.quantity, self.price)

    def told(self) -> VenueFill:
        """As the port has it."""
        return VenueFill(
            trade_id=self.trade_id,
            venue_id=self.venue_id,
            cid=self.cid or "",
            symbol=self.symbol,
            side=self.side,
            quantity=self.quantity,
            price=self.price,
            fee=self.fee,
            fee_currency=self.fee_currency,
            # The fee is told by itself; so a word that is not known costs nothing.
            liquidity=Liquidity.MAKER if self.liquidity == "maker" else Liquidity.TAKER,
            ts_ns=self.ts_ns,
            leg=self.leg,
            liquidates=self.liquidates,
        )


def require_amounts(*amounts: Decimal) -> None:
    """ValueError unless all are zero or more, and no longer than amounts are."""
    require_finite(*amounts)
    for amount in amounts:
        if amount < 0:
            raise ValueError(f"{amount} is below zero")


def require_finite(*amounts: Decimal) -> None:
    """ValueError unless all are numbers, and no longer than amounts are."""
    for amount in amounts:
        exponent = amount.as_tuple().exponent
        if not isinstance(exponent, int) or exponent < -MOST_DIGITS or amount.adjusted() > MOST_DIGITS:
            raise ValueError(f"{amount} is no amount")


def require_product(one: Decimal, other: Decimal) -> None:
    """ValueError unless the product of two amounts is no longer than amounts are."""
    places = sum(-exponent for amount in (one, other) if isinstance(exponent := amount.as_tuple().exponent, int))
    if places > MOST_DIGITS or one.adjusted() + other.adjusted() + 1 > MOST_DIGITS:
        raise ValueError(f"{one} times {other} has more digits than are reckoned with")
