"""What the exchange keeps, and the effects by which alone its books change. Prices and quantities are exact."""

import enum
from decimal import Decimal

import msgspec

from trading.money import EXACT, ROUNDING, ZERO
from trading.orders import OrderType, Side, TimeInForce

US = "us"
"""The client that trades through the API; every other one is somebody else on the same account."""

LIQUIDATOR = "liquidator"
"""The exchange itself, where it closes a position."""


class Status(enum.StrEnum):
    """Where an order stands."""

    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"


class Refused(Exception):
    """What a client asked for is not done, and never will be."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code, self.reason = code, reason


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A symbol that is traded, and in which currency; `quantum` is the smallest amount of it that is booked."""

    symbol: str
    currency: str = "USD"
    base: str = ""
    tick: Decimal = Decimal("0.01")
    lot: Decimal = Decimal(1)
    min_notional: Decimal = ZERO
    quantum: Decimal = Decimal("0.01")


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How this exchange does what exchanges do differently.

    Fees are shares of a trade's worth, paid in its currency (`quote`), in the `base`, or in any other by its code; a
    negative one is paid to the trader. `unique_ids` is among which orders a client order id may stand once.
    `flips_in_two`: a trade through zero is booked as two fills of one trade id. `renames_triggered`: a stop that
    wakes goes on under another venue id. `sees_after_ns`: how far questions look behind what is.
    """

    maker_fee: Decimal = ZERO
    taker_fee: Decimal = ZERO
    fee_in: str = "quote"
    fee_quantum: Decimal = Decimal("0.00000001")
    shorts: bool = False
    unique_ids: str = "open"
    flips_in_two: bool = False
    renames_triggered: bool = False
    sees_after_ns: int = 0
    future_ns: int = 1_000_000_000
    """How far ahead of the exchange's clock a request may be stamped."""


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it is asked for."""

    symbol: str
    side: Side
    quantity: Decimal
    cid: str = ""
    type: OrderType = OrderType.MARKET
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    expires_ns: int | None = None
    post_only: bool = False
    reduce_only: bool = False


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order, as it stands after one step. `number` counts all orders by arrival; `worth` is the exact sum of price
    times quantity over its fills, `awake` whether it waits for no stop price."""

    number: int
    venue_id: str
    client: str
    ticket: Ticket
    placed_ns: int
    updated_ns: int
    status: Status = Status.OPEN
    filled: Decimal = ZERO
    worth: Decimal = ZERO
    awake: bool = True
    code: str = ""
    reason: str = ""
    forgotten: bool = False

    @property
    def remaining(self) -> Decimal:
        """Units that it still wants."""
        return EXACT.subtract(self.ticket.quantity, self.filled) if self.status is Status.OPEN else ZERO

    @property
    def average_price(self) -> Decimal | None:
        """What a unit of it cost, to twelve digits after the point; None while nothing has filled."""
        if not self.filled:
            return None
        return ROUNDING.divide(self.worth, self.filled).quantize(Decimal("1e-12"), context=ROUNDING)


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One fill. `number` counts all of them, `trade_id` those of a symbol; the fee is signed as a cost."""

    number: int
    trade_id: str
    leg: str
    order: int
    venue_id: str
    cid: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    notional: Decimal
    currency: str
    fee: Decimal
    fee_currency: str
    is_maker: bool
    ts_ns: int
    liquidates: bool = False
    busted: bool = False


class OrderPut(msgspec.Struct, frozen=True, kw_only=True, tag="order"):
    """An order is new, or stands otherwise."""

    order: Order


class FillPut(msgspec.Struct, frozen=True, kw_only=True, tag="fill"):
    """Something was traded."""

    fill: Execution


class FillBusted(msgspec.Struct, frozen=True, kw_only=True, tag="bust"):
    """A fill is annulled."""

    number: int
    ts_ns: int


class Deposited(msgspec.Struct, frozen=True, kw_only=True, tag="deposited"):
    """Money has come, or has gone where the amount is negative."""

    currency: str
    amount: Decimal


class Received(msgspec.Struct, frozen=True, kw_only=True, tag="received"):
    """Units have come without a trade, or have gone."""

    symbol: str
    quantity: Decimal


class TimerSet(msgspec.Struct, frozen=True, kw_only=True, tag="timer"):
    """When the dead-man timer cancels everything, by the exchange's clock; 0 for never."""

    deadline_ns: int


class IdsRolled(msgspec.Struct, frozen=True, kw_only=True, tag="rolled"):
    """The next order's venue id is counted from here."""

    next_id: int


class RefusedPut(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """Something that a client asked for was turned away."""

    what: str
    cid: str
    code: str
    ts_ns: int


Effect = OrderPut | FillPut | FillBusted | Deposited | Received | TimerSet | IdsRolled | RefusedPut
