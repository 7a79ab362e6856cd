"""Builders of journal records, and a life of the daemon as the journal sees it."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec

from daemon.disk import Disk
from daemon.journal.log import Durability, Journal
from daemon.journal.reader import JournalReader
from daemon.journal.records import Closed, Conflated, Entry, Opened, Reached, Record, Snapshot, Taped
from tests.market_builders import a_quote, a_trade
from tests.simulation.clock import SimulatedClock
from trading.account.breaker_states import BreakerState
from trading.account.records import (
    BreakerChanged,
    CommandsTaken,
    Commit,
    Noted,
    Operation,
    Posted,
    Reported,
    Valuation,
    Valued,
)
from trading.account.triggers import Policy, Trigger
from trading.commands import RefusedOrder, Trip, WireAmend, WireCancel, WireSubmit
from trading.market import TriggerMoved
from trading.orders import OrderTerms, OrderType, Side
from trading.postings import Posting, PostingKind
from trading.reports import ExecutionReport, Fill, Liquidity, Origin, ReportKind
from trading.timestamps import DAY, SECOND

NOON = 1_767_268_800 * SECOND
DIRECTORY = Path("/state/journal")


def opened(epoch: int = 1) -> Opened:
    return Opened(
        epoch=epoch,
        opened_ns=NOON,
        build="0.1.0",
        mode="paper",
        tape={"kind": "synthetic", "seed": 7, "interval_ns": 60 * SECOND},
        fleet={"account": {"currency": "USD", "cash": "100000"}},
    )


def snapshot(event: int = 1, state: bytes = b"books") -> Snapshot:
    return Snapshot(event=event, state=state)


def closed() -> Closed:
    return Closed(reason="stopped by SIGTERM")


def commit(event: int = 1) -> Commit:
    return Commit(event=event, ts_ns=NOON + event * SECOND)


def terms(order: int = 1, strategy: str = "sma", **changes: Any) -> OrderTerms:
    given: dict[str, Any] = {
        "order_id": f"{strategy}-{order}",
        "strategy": strategy,
        "symbol": "AAA",
        "side": Side.BUY,
        "quantity": Decimal(100),
        "created_ns": NOON,
        "type": OrderType.LIMIT,
        "limit_price": Decimal("10.05"),
    }
    return OrderTerms(**(given | changes))


def submit(order: int = 1, strategy: str = "sma", **changes: Any) -> WireSubmit:
    return WireSubmit(cid=f"bhsma0mk1abcde{order:04d}", terms=terms(order, strategy, **changes))


def cancel(order: int = 1, strategy: str = "sma") -> WireCancel:
    return WireCancel(
        cid=f"bhsma0mk1abcde{order:04d}", order_id=f"{strategy}-{order}", strategy=strategy, ts_ns=NOON + SECOND
    )


def amend(order: int = 1, strategy: str = "sma", **changes: Any) -> WireAmend:
    asked = terms(order, strategy, **(changes or {"quantity": Decimal(120), "limit_price": Decimal("10.06")}))
    return WireAmend(cid=f"bhsma0mk1abcde{order:04d}", terms=asked, ts_ns=NOON + SECOND)


def noted() -> Noted:
    return Noted(note=TriggerMoved(cid="bhsma0mk1abcde0001", stop_price=Decimal("9.87")), round=0)


def posted() -> Posted:
    posting = Posting(
        strategy="sma",
        event_id="simulated-account-1",
        kind=PostingKind.SPLIT,
        ts_ns=SECOND,
        symbol="AAA",
        cash={"USD": Decimal("4.95")},
        units=Decimal(50),
        cost=Decimal("-3.30"),
        realised=Decimal("1.65"),
        price=Decimal("9.90"),
        number=3,
        cause=1,
    )
    return Posted(posting=posting)


def valued() -> Valued:
    worth = Valuation(equity=Decimal("25001.50"), exposure=Decimal("990.00"))
    return Valued(ts_ns=DAY, books={"sma": worth, "unallocated": Valuation(equity=None, exposure=None)})


def refused(order: int = 1, strategy: str = "sma") -> RefusedOrder:
    return RefusedOrder(
        strategy=strategy,
        n=order,
        terms=terms(order, strategy),
        origin=Origin.RISK,
        code="position",
        reason="200 AAA is over the limit of 150",
    )


def trip(strategy: str = "sma") -> Trip:
    return Trip(strategy=strategy, n=3, ts_ns=NOON, reason="ZeroDivisionError", traceback="line 1")


def operation(action: Literal["halt", "resume"] = "halt") -> Operation:
    return Operation(action=action, ts_ns=NOON, reason="lunch", cancel_orders=True)


def breaker_changed() -> BreakerChanged:
    return BreakerChanged(
        scope="sma",
        trigger=Trigger.DRAWDOWN,
        before=BreakerState.CLOSED,
        after=BreakerState.OPEN,
        reason="200 below the peak of 2000; the limit is 0.1 of it",
        ts_ns=NOON,
        policy=Policy.CANCEL,
    )


def taped() -> Taped:
    return Taped(inputs=[a_quote(99.99, 100.01, at=1), a_trade(100.0, at=2), Reached(3 * SECOND)], venue_ns=[1, 2, 0])


def conflated() -> Conflated:
    return Conflated(strategy="sma", events=[17, 18, 20])


def commands_taken() -> CommandsTaken:
    return CommandsTaken(strategy="sma", n=7)


def reported(kind: ReportKind, order: int = 1, strategy: str = "sma", **changes: Any) -> Reported:
    given: dict[str, Any] = {
        "order_id": f"{strategy}-{order}",
        "strategy": strategy,
        "kind": kind,
        "ts_ns": NOON + SECOND,
    }
    return Reported(report=ExecutionReport(**(given | changes)), round=1)


def filled(order: int = 1, quantity: int = 100, execution: str = "e1", strategy: str = "sma") -> Reported:
    fill = Fill(
        execution_id=execution,
        order_id=f"{strategy}-{order}",
        strategy=strategy,
        symbol="AAA",
        side=Side.BUY,
        quantity=Decimal(quantity),
        price=Decimal("10.04"),
        notional=Decimal("10.04") * quantity,
        currency="USD",
        fee=Decimal("0.35"),
        fee_currency="USD",
        liquidity=Liquidity.TAKER,
        slippage=Decimal("0.01"),
        ts_ns=NOON + SECOND,
    )
    return reported(ReportKind.FILLED, order, strategy, fill=fill)


def busted(order: int = 1, quantity: int = 100, execution: str = "e1", strategy: str = "sma") -> Reported:
    told = filled(order, quantity, execution, strategy)
    report = msgspec.structs.replace(told.report, kind=ReportKind.BUSTED, ts_ns=NOON + 2 * SECOND)
    return msgspec.structs.replace(told, report=report)


def step(event: int) -> list[Record]:
    """A step that buys and is filled."""
    return [submit(event), filled(event, execution=f"e{event}"), commit(event)]


class Life:
    """One life of a writer. `known` is everything it found and was given, `safe` how far that was acknowledged; whoever
    hands these lists in sees them grow, however the life ends."""

    def __init__(
        self,
        disk: Disk,
        directory: Path = DIRECTORY,
        *,
        epoch: int = 1,
        durability: Durability = "power",
        segment_bytes: int = 2_000,
        known: list[Entry] | None = None,
        safe: list[Entry] | None = None,
    ) -> None:
        self.known = [] if known is None else known
        self.safe = [] if safe is None else safe
        self.opened = opened(epoch)
        reader = JournalReader(disk, directory)
        self._expect(self.opened)
        self.journal = Journal(
            reader,
            self.opened,
            clock=SimulatedClock(),
            durability=durability,
            segment_bytes=segment_bytes,
            on_safe=self._on_safe,
        )

    def append(self, *records: Record) -> None:
        for record in records:
            self._expect(record)
            if self.journal.append(record) > self.known[-1].sequence:
                self.known.pop()
                self._expect(self.opened)
                self._expect(record)

    def write(self, *records: Record) -> None:
        """Append, and wait until it is safe."""
        self.append(*records)
        self.journal.barrier()

    def live(self, work: Iterable[Iterable[Record]]) -> None:
        """Write batch after batch, then end in good order."""
        for batch in work:
            self.write(*batch)
        self.close()

    def close(self) -> None:
        self.write(closed())
        self.journal.close()

    def _expect(self, record: Record) -> None:
        self.known.append(Entry(self.known[-1].sequence + 1 if self.known else 1, record))

    def _on_safe(self, entry: Entry) -> None:
        assert self.known[entry.sequence - 1] == entry
        self.safe[:] = self.known[: entry.sequence]


def entries(disk: Disk, directory: Path = DIRECTORY) -> list[Entry]:
    return list(JournalReader(disk, directory).entries())
