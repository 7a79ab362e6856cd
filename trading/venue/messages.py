"""What is asked of a venue, and what it says. A broker makes these of its venue's own protocol, and decides nothing.

Every message has a `message_id`, by which whatever follows from it can name it: `s<n>` of a stream's n-th message in
one connection of one life, `r<n>` of what answers request n. `venue_ns` is the venue's own time in it, 0 where it has
none; `raw` is what was heard, as it came.

Silence is no message. What did not answer within its time is `RequestLost`: its outcome is not known.
"""

import enum
from decimal import Decimal

import msgspec

from trading.commands import WireAmend, WireCancel, WireSubmit
from trading.market import AccountSnapshot
from trading.orders import Side
from trading.reports import Liquidity


class VenueStatus(enum.StrEnum):
    """Where an order stands at the venue. UNREADABLE is a word of the venue that its broker does not know."""

    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    UNREADABLE = "unreadable"


class VenueOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the venue has it: units ordered and filled, prices in the instrument's currency.

    `cid` is empty where it was placed without one; `venue_id` is the venue's own. `updated_ns` is when it came to be
    so by the venue's clock, 0 where that is not told. `average_price` is over what has filled, None where that is not
    told. `reason` says why it ended, or is the word that is not readable.
    """

    cid: str
    venue_id: str
    symbol: str
    side: Side
    quantity: Decimal
    filled: Decimal
    status: VenueStatus
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    average_price: Decimal | None = None
    reduce_only: bool = False
    updated_ns: int = 0
    code: str = ""
    reason: str = ""


class VenueFill(msgspec.Struct, frozen=True, kw_only=True):
    """One execution as the venue has it. It is known by (symbol, trade_id, venue_id, leg): `leg` tells two apart that
    one trade was booked as. The fee is signed as a cost: negative where it was paid to us. `liquidates` where the venue
    itself closed a position."""

    trade_id: str
    venue_id: str
    cid: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: Liquidity
    ts_ns: int
    leg: str = ""
    liquidates: bool = False

    @property
    def execution_id(self) -> str:
        """By what it is booked once."""
        return "/".join(filter(None, (self.symbol, self.trade_id, self.venue_id, self.leg)))


# What is asked.


class FindOrder(msgspec.Struct, frozen=True, kw_only=True, tag="find_order"):
    """What became of the order with this client order id? Answered by OrderTold or OrderMissing."""

    cid: str
    symbol: str


class ListOpenOrders(msgspec.Struct, frozen=True, kw_only=True, tag="list_open_orders"):
    """Which orders work, whoever placed them? Answered by OpenOrdersTold."""


class ListFills(msgspec.Struct, frozen=True, kw_only=True, tag="list_fills"):
    """What was executed at or after this time by the venue's clock, whoever's it is? Answered by FillsTold."""

    since_ns: int


class ReadAccount(msgspec.Struct, frozen=True, kw_only=True, tag="read_account"):
    """What does the account hold? Answered by AccountTold."""


class ReadTime(msgspec.Struct, frozen=True, kw_only=True, tag="read_time"):
    """What time is it there? Answered by TimeTold."""


class HoldOrders(msgspec.Struct, frozen=True, kw_only=True, tag="hold_orders"):
    """Will you cancel every order of the account, unless this is asked again within so long? 0 for never. Answered by
    OrdersHeld; asked again it begins anew, so that it may be asked as often as anybody likes."""

    timeout_ns: int


Question = FindOrder | ListOpenOrders | ListFills | ReadAccount | ReadTime | HoldOrders


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be sent, once. Requests are counted from 1 in each life.

    `stamp_ns` is the time (Unix nanoseconds, by the venue's clock as far as it is known) that the broker puts on it
    where the venue bounds acceptance by it.
    """

    number: int
    what: WireSubmit | WireCancel | WireAmend | Question
    stamp_ns: int


# What is said.


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What all messages have."""

    message_id: str
    venue_ns: int = 0
    raw: str = ""


class OrderTold(Message, frozen=True, kw_only=True, tag="order_told"):
    """Where an order stands: pushed (`request` is 0), or in answer to a command or to FindOrder."""

    order: VenueOrder
    request: int = 0


class FillTold(Message, frozen=True, kw_only=True, tag="fill_told"):
    """An execution, pushed."""

    fill: VenueFill


class BustTold(Message, frozen=True, kw_only=True, tag="bust_told"):
    """The venue annuls an execution, which need not have been heard of."""

    fill: VenueFill


class OrderMissing(Message, frozen=True, kw_only=True, tag="order_missing"):
    """The venue knows no order of this client order id, as far as it sees now."""

    cid: str
    request: int


class OpenOrdersTold(Message, frozen=True, kw_only=True, tag="open_orders_told"):
    """The orders that work. Only where `complete` does it tell anything about orders that are not in it."""

    orders: tuple[VenueOrder, ...]
    request: int
    complete: bool = True


class FillsTold(Message, frozen=True, kw_only=True, tag="fills_told"):
    """Executions at or after `since_ns`, in any order."""

    fills: tuple[VenueFill, ...]
    since_ns: int
    request: int
    complete: bool = True


class AccountTold(Message, frozen=True, kw_only=True, tag="account_told"):
    """What the account holds."""

    account: AccountSnapshot
    request: int
    complete: bool = True


class TimeTold(Message, frozen=True, kw_only=True, tag="time_told"):
    """The venue's time, in `venue_ns`."""

    request: int


class OrdersHeld(Message, frozen=True, kw_only=True, tag="orders_held"):
    """The dead-man switch is set: by the venue's clock it cancels everything at `deadline_ns`, 0 for never."""

    deadline_ns: int
    request: int


class RequestRefused(Message, frozen=True, kw_only=True, tag="request_refused"):
    """The venue says that it did not take a request, and will not: of an order that is its rejection."""

    request: int
    code: str
    reason: str


class RequestLost(Message, frozen=True, kw_only=True, tag="request_lost"):
    """No answer came that says what became of a request: it may have been carried out, or may still be."""

    request: int
    reason: str


class RequestUnsent(Message, frozen=True, kw_only=True, tag="request_unsent"):
    """A request has not left this machine, not one byte of it, and never will: there was no connection, or it was
    `withheld` on purpose."""

    request: int
    reason: str
    withheld: bool = False


class RateLimited(Message, frozen=True, kw_only=True, tag="rate_limited"):
    """The venue did not take a request, nor will any other, for so long; `banned` where it punishes us."""

    request: int
    retry_after_ns: int
    banned: bool = False


class StreamUp(Message, frozen=True, kw_only=True, tag="stream_up"):
    """The venue's pushes begin, or begin again: whatever was before is to be asked for."""


class StreamDown(Message, frozen=True, kw_only=True, tag="stream_down"):
    """The venue's pushes have ended, or are not to be relied on."""

    reason: str


class Unreadable(Message, frozen=True, kw_only=True, tag="unreadable"):
    """Something was heard that the broker cannot read; `cid` where it can tell of which order."""

    reason: str
    cid: str = ""


VenueMessage = (
    OrderTold
    | FillTold
    | BustTold
    | OrderMissing
    | OpenOrdersTold
    | FillsTold
    | AccountTold
    | TimeTold
    | OrdersHeld
    | RequestRefused
    | RequestLost
    | RequestUnsent
    | RateLimited
    | StreamUp
    | StreamDown
    | Unreadable
)
