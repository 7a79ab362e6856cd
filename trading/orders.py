"""Orders and the one table of their lawful changes.

`OrderTerms` is what was asked, frozen. `Order` is one keeper's view of its progress; container and router each keep
their own, fed by the same reports. Late, repeated and out-of-order reports are lawful rows of the table; what has no
row is an error of ours.
"""

import enum
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

import msgspec

from trading.errors import IllegalTransition
from trading.money import EXACT, ROUNDING, ZERO


class Side(enum.StrEnum):
    """Buy or sell."""

    BUY = "buy"
    SELL = "sell"

    def signed(self, amount: Decimal) -> Decimal:
        """The amount, negative for a sell."""
        return amount if self is Side.BUY else amount.copy_negate()


class OrderType(enum.StrEnum):
    """How an order meets the market."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    MARKET_IF_TOUCHED = "market_if_touched"
    TRAILING_STOP = "trailing_stop"
    ON_OPEN = "on_open"
    ON_CLOSE = "on_close"


class TimeInForce(enum.StrEnum):
    """How long an order works."""

    GTC = "gtc"
    DAY = "day"
    GTD = "gtd"
    IOC = "ioc"
    FOK = "fok"


class OrderState(enum.StrEnum):
    """Where an order stands."""

    RECEIVED = "received"
    VALIDATED = "validated"
    ROUTED = "routed"
    ACCEPTED = "accepted"
    TRIGGERED = "triggered"
    PARTIAL = "partial"
    PENDING_CANCEL = "pending_cancel"
    PENDING_REPLACE = "pending_replace"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"


class OrderChange(enum.StrEnum):
    """What can happen to an order."""

    VALIDATE = "validate"
    ROUTE = "route"
    ACCEPT = "accept"
    TRIGGER = "trigger"
    FILL_PART = "fill_part"
    FILL_ALL = "fill_all"
    REQUEST_CANCEL = "request_cancel"
    CANCEL = "cancel"
    REFUSE_CANCEL = "refuse_cancel"
    REQUEST_REPLACE = "request_replace"
    REPLACE = "replace"
    REFUSE_REPLACE = "refuse_replace"
    REJECT = "reject"
    EXPIRE = "expire"
    LOSE = "lose"


FINAL_STATES: Final = frozenset({OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED})
PENDING_STATES: Final = frozenset({OrderState.PENDING_CANCEL, OrderState.PENDING_REPLACE})


def _table() -> dict[tuple[OrderState, OrderChange], OrderState | None]:
    s, c = OrderState, OrderChange
    table: dict[tuple[OrderState, OrderChange], OrderState | None] = {
        (s.RECEIVED, c.VALIDATE): s.VALIDATED,
        (s.RECEIVED, c.REJECT): s.REJECTED,
        (s.VALIDATED, c.ROUTE): s.ROUTED,
        (s.VALIDATED, c.REJECT): s.REJECTED,
    }
    for state in (s.ROUTED, s.ACCEPTED, s.TRIGGERED, s.PARTIAL, s.UNKNOWN):
        table |= {
            (state, c.TRIGGER): s.TRIGGERED,
            (state, c.FILL_PART): s.PARTIAL,
            (state, c.FILL_ALL): s.FILLED,
            (state, c.REQUEST_CANCEL): s.PENDING_CANCEL,
            (state, c.REQUEST_REPLACE): s.PENDING_REPLACE,
            (state, c.CANCEL): s.CANCELLED,
            (state, c.REJECT): s.REJECTED,
            (state, c.EXPIRE): s.EXPIRED,
            (state, c.LOSE): s.UNKNOWN,
        }
        # Answers to a request that is settled already: heard again, or overtaken.
        table |= {(state, late): state for late in (c.ACCEPT, c.REFUSE_CANCEL, c.REPLACE, c.REFUSE_REPLACE)}
    table |= {
        (s.ROUTED, c.ACCEPT): s.ACCEPTED,
        (s.UNKNOWN, c.ACCEPT): s.ACCEPTED,
        (s.UNKNOWN, c.REPLACE): s.ACCEPTED,
        (s.PARTIAL, c.TRIGGER): s.PARTIAL,
    }
    for state in (s.PENDING_CANCEL, s.PENDING_REPLACE):
        table |= {
            (state, c.ACCEPT): state,
            (state, c.TRIGGER): state,
            (state, c.FILL_PART): state,
            (state, c.FILL_ALL): s.FILLED,
            (state, c.CANCEL): s.CANCELLED,
            (state, c.EXPIRE): s.EXPIRED,
            (state, c.REJECT): s.REJECTED,
            (state, c.LOSE): s.UNKNOWN,
        }
    table |= {
        (s.PENDING_CANCEL, c.REFUSE_CANCEL): None,
        (s.PENDING_CANCEL, c.REQUEST_CANCEL): s.PENDING_CANCEL,
        (s.PENDING_CANCEL, c.REPLACE): s.PENDING_CANCEL,
        (s.PENDING_CANCEL, c.REFUSE_REPLACE): s.PENDING_CANCEL,
        (s.PENDING_REPLACE, c.REPLACE): None,
        (s.PENDING_REPLACE, c.REFUSE_REPLACE): None,
        (s.PENDING_REPLACE, c.REFUSE_CANCEL): s.PENDING_REPLACE,
        (s.PENDING_REPLACE, c.REQUEST_CANCEL): s.PENDING_CANCEL,
    }
    ours = {c.VALIDATE, c.ROUTE, c.REQUEST_CANCEL, c.REQUEST_REPLACE, c.LOSE}
    for state in FINAL_STATES:
        table |= {(state, late): state for late in c if late not in ours}
        table[state, c.FILL_ALL] = s.FILLED
    return table


TRANSITIONS: Final[Mapping[tuple[OrderState, OrderChange], OrderState | None]] = MappingProxyType(_table())
"""(state, change) -> state after it; None means the state before the pending request. What has no row is illegal.

One rule stands above the table: where it says ROUTED, ACCEPTED or TRIGGERED, what has filled in part is PARTIAL.
"""


class OrderTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked. `order_id` is `<strategy>-<n>`, n counted per container; prices are in the instrument's currency,
    quantities in units and always positive; times are nanoseconds since the epoch."""

    order_id: str
    strategy: str
    symbol: str
    side: Side
    quantity: Decimal
    created_ns: int
    type: OrderType = OrderType.MARKET
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    expires_ns: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    parent_id: str | None = None
    group_id: str | None = None
    to_target: bool = False
    reason: str = ""


class Order(msgspec.Struct, kw_only=True):
    """One keeper's view of an order. `gross` is the exact sum of price times quantity over its fills."""

    terms: OrderTerms
    state: OrderState = OrderState.RECEIVED
    before_pending: OrderState = OrderState.RECEIVED
    filled: Decimal = ZERO
    gross: Decimal = ZERO
    origin: str = ""
    code: str = ""
    reason: str = ""
    updated_ns: int = 0

    @property
    def order_id(self) -> str:
        """`<strategy>-<n>`."""
        return self.terms.order_id

    @property
    def is_open(self) -> bool:
        """Whether it may still fill without a surprise."""
        return self.state not in FINAL_STATES

    @property
    def remaining(self) -> Decimal:
        """Units still working; zero once final."""
        if not self.is_open:
            return ZERO
        return max(ZERO, EXACT.subtract(self.terms.quantity, self.filled))

    @property
    def signed_remaining(self) -> Decimal:
        """`remaining`, negative for a sell."""
        return self.terms.side.signed(self.remaining)

    @property
    def average_price(self) -> float | None:
        """Mean fill price for people to read; None before the first fill."""
        return float(ROUNDING.divide(self.gross, self.filled)) if self.filled else None

    def change(self, change: OrderChange, ts_ns: int) -> None:
        """Make one step of the table; IllegalTransition when it has no such row."""
        try:
            after = TRANSITIONS[self.state, change]
        except KeyError:
            raise IllegalTransition(f"order {self.order_id}: no row for {change} in state {self.state}") from None
        if after in PENDING_STATES:
            stood = self.before_pending if self.state in PENDING_STATES else self.state
            heard = change in (OrderChange.ACCEPT, OrderChange.TRIGGER)
            self.before_pending = (TRANSITIONS[stood, change] if heard else None) or stood
        elif after is None:
            after = self.before_pending
        if self.filled and after in (OrderState.ROUTED, OrderState.ACCEPTED, OrderState.TRIGGERED):
            after = OrderState.PARTIAL
        self.state = after
        self.updated_ns = ts_ns

    def fill(self, quantity: Decimal, price: Decimal, ts_ns: int) -> None:
        """Book a fill; more than the order's quantity is booked too, since the venue's quantity is the truth."""
        filled = EXACT.add(self.filled, quantity)
        self.change(OrderChange.FILL_ALL if filled >= self.terms.quantity else OrderChange.FILL_PART, ts_ns)
        self.filled = filled
        self.gross = EXACT.add(self.gross, EXACT.multiply(quantity, price))
