"""Changes of the books that no order made: what happened to the account, and what each book has of it.

The venue tells of an `AccountEvent`, which is of the account as a whole. The ledger shares it out: each book gets a
`Posting` by what it holds, rounded to the currency's quantum, and `unallocated` what is left of the whole.

    Accrual        so much a unit held, or a share of a balance: dividend, funding, swap, borrow, interest
    Split          units for units, and cash for the fraction that is no whole lot
    Settlement     a future is settled: what it gained since the last time is realised; at its expiry the position ends
    Conversion     a balance becomes another currency
    CashMoved      money comes to the account or leaves it
    Liquidation    the venue closes a position, as the margin no longer holds it
    MarginCall     the margin is used up; nothing has happened yet
    Adjustment     units that the venue has and no book, or a book and not the venue
    ForeignFill    an execution that is no container's
"""

import enum
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from trading.money import ZERO
from trading.reports import ExecutionReport, Fill


class PostingKind(enum.StrEnum):
    """Why a book changed, or what it is told of."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    TRANSFER = "transfer"
    CONVERSION = "conversion"
    DIVIDEND = "dividend"
    FUNDING = "funding"
    SWAP = "swap"
    BORROW = "borrow"
    INTEREST = "interest"
    SPLIT = "split"
    SETTLEMENT = "settlement"
    EXPIRY = "expiry"
    LIQUIDATION = "liquidation"
    MARGIN_CALL = "margin_call"
    ADJUSTMENT = "adjustment"


class Accrual(msgspec.Struct, frozen=True, kw_only=True, tag="accrual"):
    """Cash by what is held: |held| times `per_long` where it is long, |held| times `per_short` where it is short, both
    signed as cash is. Of a symbol's units, or, where `symbol` is empty, of the balance in `currency`.

    `amount` is what the account as a whole received. `due_ns` is when it fell due, `ts_ns` when it was booked.
    """

    event_id: str
    kind: PostingKind
    ts_ns: int
    due_ns: int
    symbol: str
    currency: str
    per_long: Decimal
    per_short: Decimal
    amount: Decimal


class Split(msgspec.Struct, frozen=True, kw_only=True, tag="split"):
    """`new` units for `old`. What is no whole lot then is paid out at `price` (of a new unit): `amount` in all. `units`
    is by how much the account's position changed."""

    event_id: str
    ts_ns: int
    due_ns: int
    symbol: str
    currency: str
    new: Decimal
    old: Decimal
    price: Decimal
    units: Decimal
    amount: Decimal


class Settlement(msgspec.Struct, frozen=True, kw_only=True, tag="settlement"):
    """A future is settled at a price. At its expiry `units` is the account's position with the sign changed, and
    `amount` what that came to; in between both are zero."""

    event_id: str
    ts_ns: int
    due_ns: int
    symbol: str
    currency: str
    price: Decimal
    expires: bool
    units: Decimal = ZERO
    amount: Decimal = ZERO


class Conversion(msgspec.Struct, frozen=True, kw_only=True, tag="conversion"):
    """The account's balance in `currency` becomes one of `into`, at so many of these for one of those. `amount` and
    `into_amount` are signed as cash is: one negative, one positive."""

    event_id: str
    ts_ns: int
    due_ns: int
    currency: str
    into: str
    rate: Decimal
    amount: Decimal
    into_amount: Decimal


class CashMoved(msgspec.Struct, frozen=True, kw_only=True, tag="cash_moved"):
    """Money came to the account (positive) or left it (negative)."""

    event_id: str
    ts_ns: int
    currency: str
    amount: Decimal


class Liquidation(msgspec.Struct, frozen=True, kw_only=True, tag="liquidation"):
    """The venue closed a position, or a part of it, by an execution that is no container's."""

    event_id: str
    ts_ns: int
    fill: Fill
    reason: str


class MarginCall(msgspec.Struct, frozen=True, kw_only=True, tag="margin_call"):
    """Equity is below the initial margin of what is held; `symbol` is empty where it is the whole account's."""

    event_id: str
    ts_ns: int
    symbol: str
    reason: str


class Adjustment(msgspec.Struct, frozen=True, kw_only=True, tag="adjustment"):
    """The venue has other units of a symbol than the books: `units` more, negative for fewer. They are booked to
    `unallocated` as if traded at `price`; nobody says that they were. `reason` says what it is about."""

    event_id: str
    ts_ns: int
    symbol: str
    units: Decimal
    price: Decimal
    reason: str


class ForeignFill(msgspec.Struct, frozen=True, kw_only=True, tag="foreign_fill"):
    """An execution of the account that is no container's: somebody has traded by hand, or by another program."""

    event_id: str
    ts_ns: int
    fill: Fill


AccountEvent = (
    Accrual | Split | Settlement | Conversion | CashMoved | Liquidation | MarginCall | Adjustment | ForeignFill
)


class Posting(msgspec.Struct, frozen=True, kw_only=True, tag="posting"):
    """What one book has of an account event, or of a transfer: what is to be added to its cash by currency code, and to
    the units, the cost and the realised result of its position in `symbol`. `price` is that at which units came or went
    or were settled: of a transfer who moves them says it, of all else the market, where the symbol stands then.

    `number` counts a container's reports, of orders and of books together, and is given by the router; `cause` is the
    index of the event in whose step it happened.
    """

    strategy: str
    event_id: str
    kind: PostingKind
    ts_ns: int
    symbol: str = ""
    cash: Mapping[str, Decimal] = {}
    units: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    price: Decimal | None = None
    reason: str = ""
    number: int = 0
    cause: int = 0


Report = ExecutionReport | Posting
"""What a container is told: of its orders, and of its book."""
