"""What people and programs see of the account: balances, margin, books, and what befell them."""

from decimal import Decimal

import msgspec

from trading.postings import Posting
from trading.timestamps import iso


class HoldingsView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Cash by currency and signed positions by symbol. Cash is reckoned as though every position were paid for;
    `balance` is what a venue shows instead, in the currencies in which that differs, and is not there where none does.
    `equity` is in the account's currency, and not there where a rate to it is missing.
    """

    cash: dict[str, Decimal]
    positions: dict[str, Decimal]
    balance: dict[str, Decimal] = {}
    equity: Decimal | None = None


class MarginView(msgspec.Struct, frozen=True, kw_only=True):
    """What the account's net positions tie up, in its currency: `initial` to hold what is held, `maintenance` to keep
    it. `free` is equity less `initial`. Null where a price or a rate is missing."""

    initial: Decimal | None
    maintenance: Decimal | None
    free: Decimal | None


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """The books beside the account, all taken at one event.

    `equity` is in `currency`, null where a rate to it is missing; `balances` are the account's by currency, `margin` is
    null on a cash account. `books` by strategy and `unallocated` add up to `ledger`; `broker` is the account from the
    broker's own books; `difference` is `ledger` less `broker` for every currency and symbol that either names;
    `balanced` says that all of it is zero.
    """

    event: int
    journal_sequence: int
    kind: str
    currency: str
    equity: Decimal | None
    balances: dict[str, Decimal]
    margin: MarginView | None
    books: dict[str, HoldingsView]
    unallocated: HoldingsView
    ledger: HoldingsView
    broker: HoldingsView
    difference: HoldingsView
    balanced: bool


class MoveView(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator moved from one book to another: cash of a `currency` or, where there is a `symbol`, signed units
    of it at a `price` in that currency. Without a `source` it was paid in, without a `target` paid out."""

    source: str | None
    target: str | None
    amount: Decimal
    currency: str
    symbol: str
    price: Decimal | None


class MovedAccountView(AccountView, frozen=True, kw_only=True):
    """The account after something was moved, and what that was."""

    moved: MoveView


class PostingView(msgspec.Struct, frozen=True, kw_only=True):
    """A change of one book that no order made: what came to its cash by currency, and to the units, the cost and the
    realised result of its position in `symbol`, at a `price`. Cost, result and price are in `currency`, empty where
    there is no symbol. `strategy` may be `unallocated`."""

    ts: str
    strategy: str
    kind: str
    symbol: str
    cash: dict[str, Decimal]
    units: Decimal
    cost: Decimal
    realised: Decimal
    price: Decimal | None
    currency: str
    reason: str
    event_id: str

    @classmethod
    def of(cls, posting: Posting, currency: str) -> "PostingView":
        """The view of a posting, with the currency of its symbol."""
        return cls(
            ts=iso(posting.ts_ns),
            strategy=posting.strategy,
            kind=posting.kind,
            symbol=posting.symbol,
            cash=dict(posting.cash),
            units=posting.units,
            cost=posting.cost,
            realised=posting.realised,
            price=posting.price,
            currency=currency,
            reason=posting.reason,
            event_id=posting.event_id,
        )
