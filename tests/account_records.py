"""Builders of what the journal holds of accounts: postings, valuations, operations, trades at a time. Amounts are text,
times are hours after noon of the first day."""

from decimal import Decimal
from typing import Any

import msgspec

from tests.simulation.journal import NOON, filled
from trading.account.records import Noted, Operation, Posted, Reported, Valuation, Valued
from trading.account.transfers import Transfer
from trading.orders import Side
from trading.postings import Liquidation, MarginCall, Posting, PostingKind
from trading.reports import Fill
from trading.timestamps import HOUR

MIDNIGHT = 12
DAY = 24


def at(hours: float) -> int:
    """Nanoseconds since the epoch."""
    return NOON + int(hours * HOUR)


def posted(kind: PostingKind, strategy: str = "sma", hours: float = 1, **of: Any) -> Posted:
    """A change of a book; what it has of cash is `cash`, by currency."""
    cash = {code: Decimal(amount) for code, amount in of.pop("cash", {}).items()}
    given: dict[str, Any] = {"event_id": "event-1", "number": 0 if strategy == "unallocated" else 1}
    return Posted(posting=Posting(strategy=strategy, kind=kind, ts_ns=at(hours), cash=cash, **(given | of)))


def valued(hours: float, **books: str | None) -> Valued:
    """What books were worth, without positions; a tenth of it exposed where there is anything."""
    return Valued(ts_ns=at(hours), books={owner: worth(equity) for owner, equity in books.items()})


def worth(equity: str | None) -> Valuation:
    """A book's value, a tenth of it in positions."""
    amount = None if equity is None else Decimal(equity)
    return Valuation(equity=amount, exposure=None if amount is None else amount / 10)


def traded(side: Side, price: str, n: int, hours: float = 1, strategy: str = "sma", fee: str = "1.00") -> Reported:
    """A hundred units of AAA, bought or sold by order n."""
    told = filled(n, execution=f"e{n}", strategy=strategy)
    assert told.report.fill is not None
    fill = msgspec.structs.replace(
        told.report.fill,
        side=side,
        price=Decimal(price),
        notional=Decimal(price) * 100,
        fee=Decimal(fee),
        ts_ns=at(hours),
    )
    return msgspec.structs.replace(told, report=msgspec.structs.replace(told.report, fill=fill))


def liquidated(hours: float = 1) -> Noted:
    """Fifty units that the venue sold."""
    fill = traded(Side.SELL, "9.00", 7, hours, "unallocated").report.fill
    assert isinstance(fill, Fill)
    told = msgspec.structs.replace(fill, order_id="liquidation-1", quantity=Decimal(50), notional=Decimal(450))
    return Noted(
        note=Liquidation(event_id="liquidation-1", ts_ns=at(hours), fill=told, reason="no margin left"), round=0
    )


def margin_called() -> Noted:
    """The account's margin is used up."""
    return Noted(note=MarginCall(event_id="call-1", ts_ns=at(1), symbol="", reason="equity is below 500"), round=0)


def paid(amount: str) -> Operation:
    """Money comes in, or goes where it is negative."""
    return Operation(action="move_cash", ts_ns=at(1), reason="payday", currency="USD", amount=Decimal(amount))


def moved(**of: Any) -> Operation:
    """Something goes from `sma` to `rsi`."""
    moved = Transfer(source="sma", target="rsi", **of)
    return Operation(action="transfer", ts_ns=at(1), reason="more for rsi", transfer=moved)
