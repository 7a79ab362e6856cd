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
        return amount if self is _BUY else amount.copy_negate()

    @property
    def opposite(self) -> "Side":
        """The other one."""
        return Side.SELL if self is Side.BUY else Side.BUY


_BUY: Final = Side.BUY


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
    BUST = "bust"


FINAL_STATES: Final = frozenset({OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED})
PENDING_STATES: Final = frozenset({OrderState.PENDING_CANCEL, OrderState.PENDING_REPLACE})

_ANSWERS: Final = (OrderChange.REPLACE, OrderChange.REFUSE_REPLACE)
_HEARD: Final = (OrderChange.ACCEPT, OrderChange.TRIGGER)
_FILL_PART, _FILL_ALL = OrderChange.FILL_PART, OrderChange.FILL_ALL
_ACCEPTED, _PARTIAL, _FILLED = OrderState.ACCEPTED, OrderState.PARTIAL, OrderState.FILLED
_BEFORE_FILLS: Final = frozenset({OrderState.ROUTED, OrderState.ACCEPTED, OrderState.TRIGGERED})


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
        table |= {(state, late): state for late in (c.ACCEPT, c.REFUSE_CANCEL, c.REPLACE, c.REFUSE_REPLACE, c.BUST)}
    table |= {
        (s.ROUTED, c.ACCEPT): s.ACCEPTED,
        (s.UNKNOWN, c.ACCEPT): s.ACCEPTED,
        (s.UNKNOWN, c.REPLACE): s.ACCEPTED,
        (s.PARTIAL, c.TRIGGER): s.PARTIAL,
        (s.PARTIAL, c.BUST): s.ACCEPTED,
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
            (state, c.BUST): state,
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
    ours = {c.VALIDATE, c.ROUTE, c.REQUEST_CANCEL, c.REQUEST_REPLACE}
    for state in FINAL_STATES:
        table |= {(state, late): state for late in c if late not in ours}
        table[state, c.FILL_ALL] = s.FILLED
    # What was taken back may work again: until the venue says otherwise, it counts.
    table[s.FILLED, c.BUST] = s.ACCEPTED
    return table


_ROWS: Final = _table()

TRANSITIONS: Final[Mapping[tuple[OrderState, OrderChange], OrderState | None]] = MappingProxyType(_ROWS)
"""(state, change) -> state after it; None means the state before the pending request. What has no row is illegal.

Two rules stand above the table. Where it says ROUTED, ACCEPTED or TRIGGERED, what has filled in part is PARTIAL. And
what has filled wholly is FILLED once no amendment is under way that could make it larger.
"""


_SENT: Final = OrderState.ROUTED
assert _SENT is _ROWS[OrderState.VALIDATED, OrderChange.ROUTE]


class OrderTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked. `order_id` is `<strategy>-<n>`, n counted per container; prices are in the instrument's currency,
    quantities in units and always positive; times are nanoseconds since the epoch.

    `stop_price` is where a stop or market-if-touched order wakes, and where a trailing stop begins. An order with a
    `parent_id` is an exit of that order and trades no more than it has filled. Of the orders of one `group_id` a fill
    takes as much from the others, and the end of one ends all.
    """

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
    all_or_none: bool = False
    parent_id: str | None = None
    group_id: str | None = None
    to_target: bool = False
    reason: str = ""

    @property
    def worst_price(self) -> Decimal | None:
        """What a unit is reckoned to cost while the order waits: its limit, else where it wakes; None at the market."""
        return self.limit_price if self.limit_price is not None else self.stop_price


class Order(msgspec.Struct, kw_only=True):
    """One keeper's view of an order. `gross` is the exact sum of price times quantity over its fills; `asked` are the
    terms of an amendment that is not answered yet."""

    terms: OrderTerms
    asked: OrderTerms | None = None
    state: OrderState = OrderState.RECEIVED
    before_pending: OrderState = OrderState.RECEIVED
    filled: Decimal = ZERO
    gross: Decimal = ZERO
    origin: str = ""
    code: str = ""
    reason: str = ""
    updated_ns: int = 0

    @classmethod
    def sent(cls, terms: OrderTerms, ts_ns: int) -> "Order":
        """A new order that leaves at once: it is validated, and routed."""
        return cls(terms=terms, state=_SENT, updated_ns=ts_ns)

    @property
    def order_id(self) -> str:
        """`<strategy>-<n>`."""
        return self.terms.order_id

    @property
    def is_open(self) -> bool:
        """Whether it may still fill without a surprise."""
        return self.state not in FINAL_STATES

    @property
    def whole(self) -> Decimal:
        """Units with those filled, the more of its terms and of those asked for."""
        quantity = self.terms.quantity
        return quantity if self.asked is None else max(quantity, self.asked.quantity)

    @property
    def worst_price(self) -> Decimal | None:
        """What a unit is reckoned to cost, the dearer of its terms and of those asked for; None at the market."""
        price = self.terms.worst_price
        if price is None or self.asked is None:
            return price
        asked = self.asked.worst_price
        return None if asked is None else max(price, asked, key=Decimal.copy_abs)

    @property
    def is_pending(self) -> bool:
        """Whether a cancel or an amendment is under way."""
        return self.asked is not None or self.state in PENDING_STATES

    @property
    def remaining(self) -> Decimal:
        """Units still working, the more of its terms and of those asked for; zero once final."""
        if not self.is_open:
            return ZERO
        return max(ZERO, EXACT.subtract(self.whole, self.filled))

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
            after = _ROWS[self.state, change]
        except KeyError:
            raise IllegalTransition(f"order {self.order_id}: no row for {change} in state {self.state}") from None
        if after is None:
            after = self.before_pending
            if after is _PARTIAL and not self.filled:
                after = _ACCEPTED
        elif after in PENDING_STATES:
            stood = self.before_pending if self.state in PENDING_STATES else self.state
            self.before_pending = (_ROWS[stood, change] if change in _HEARD else None) or stood
        if after in _BEFORE_FILLS and self.filled:
            after = _PARTIAL
        self.state = after
        self.updated_ns = ts_ns
        if self.asked is not None and (change in _ANSWERS or after in FINAL_STATES):
            self.asked = None
            if change is OrderChange.REFUSE_REPLACE:
                self._end_if_filled()

    def amend(self, asked: OrderTerms, ts_ns: int) -> None:
        """Ask for other terms; until the answer the order counts as the worse of both."""
        self.change(OrderChange.REQUEST_REPLACE, ts_ns)
        self.asked = asked

    def replace(self, terms: OrderTerms | None, ts_ns: int) -> None:
        """Take the terms that the venue has now, where it names none those asked for; what is over keeps its own."""
        terms = terms or self.asked or self.terms
        self.change(OrderChange.REPLACE, ts_ns)
        self._take(terms)

    def resize(self, terms: OrderTerms, ts_ns: int) -> None:
        """Take terms that the venue made of its own accord: an amendment under way is still to be answered."""
        if self.asked is None:
            self.replace(terms, ts_ns)
            return
        self.updated_ns = ts_ns
        self._take(terms)

    def fill(self, quantity: Decimal, price: Decimal, ts_ns: int) -> None:
        """Book a fill; more than the order's quantity is booked too, since the venue's quantity is the truth."""
        if not quantity:
            return
        filled = EXACT.add(self.filled, quantity)
        whole = self.terms.quantity if self.asked is None else self.whole
        self.change(_FILL_ALL if filled >= whole else _FILL_PART, ts_ns)
        self.filled = filled
        self.gross = EXACT.add(self.gross, EXACT.multiply(quantity, price))

    def bust(self, quantity: Decimal, price: Decimal, ts_ns: int) -> None:
        """Take back a fill that the venue has annulled; what was FILLED and lacks it works again."""
        self.filled = EXACT.subtract(self.filled, quantity)
        self.gross = EXACT.subtract(self.gross, EXACT.multiply(quantity, price))
        if self.state is _FILLED and self.filled >= self.terms.quantity:
            self.updated_ns = ts_ns
            return
        self.change(OrderChange.BUST, ts_ns)

    def _take(self, terms: OrderTerms) -> None:
        if self.is_open:
            self.terms = terms
            self._end_if_filled()

    def _end_if_filled(self) -> None:
        if self.filled and self.is_open and self.filled >= self.whole:
            self.state = _FILLED
            self.asked = None
