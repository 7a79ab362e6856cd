"""What people and the API ask about, as tables made from committed steps: orders, fills, postings, valuations,
operations and trips.

The tables follow the journal, off the order path, and never lead: delete the file, and it is made again. An order's
state is the core's own, an `Order` brought up to each report, so there is no second opinion.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from daemon.journal.reader import JournalReader
from daemon.journal.records import Entry, Record
from daemon.journal.rows import FillRow, PostingRow, ValuationRow, Warnings
from daemon.journal.steps import StepGatherer
from daemon.journal.tables import open_tables
from trading.account.records import Noted, Operation, Posted, Reported, Valued
from trading.commands import RefusedOrder, Trip, WireAmend, WireCancel, WireSubmit
from trading.orders import Order, OrderChange, OrderState, OrderTerms
from trading.postings import ForeignFill, Liquidation, Posting, PostingKind
from trading.reports import ExecutionReport, Fill, ReportKind, answers_what_left, apply

_BATCH: Final = 1_000
"""Changed rows that are gathered before they are written."""

_PUT_ORDER: Final = (
    "INSERT INTO orders (order_id, sequence, is_open, body) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (order_id) DO UPDATE SET is_open = excluded.is_open, body = excluded.body"
)
_ADD_FILL: Final = "INSERT INTO fills (sequence, body) VALUES (?, ?)"
_ADD_OPERATION: Final = "INSERT INTO operations (sequence, body) VALUES (?, ?)"
_ADD_TRIP: Final = "INSERT INTO trips (sequence, body) VALUES (?, ?)"
_ADD_POSTING: Final = "INSERT INTO postings (sequence, body) VALUES (?, ?)"
_ADD_VALUATION: Final = "INSERT INTO valuations (owner, sequence, ts_ns, equity, exposure) VALUES (?, ?, ?, ?, ?)"
_ALL_ORDERS: Final = "SELECT sequence, body FROM orders WHERE sequence > ?{} ORDER BY sequence"
_ALL_FILLS: Final = "SELECT sequence, body FROM fills WHERE sequence > ?{} ORDER BY sequence"
_ALL_POSTINGS: Final = "SELECT sequence, body FROM postings WHERE sequence > ?{} ORDER BY sequence"
_ALL_VALUATIONS: Final = (
    "SELECT sequence, ts_ns, owner, equity, exposure FROM valuations WHERE ts_ns >= ?{} ORDER BY sequence, owner"
)
_COUNT_WARNINGS: Final = "SELECT kind, strategy, COUNT(*) FROM postings WHERE kind IN (?, ?) GROUP BY kind, strategy"
_FIND_FILL: Final = "SELECT 1 FROM fills WHERE order_id = ? AND execution_id = ?"
_ADD_BUST: Final = "INSERT INTO busts (order_id, execution_id) VALUES (?, ?)"
_FIND_BUST: Final = "SELECT 1 FROM busts WHERE order_id = ? AND execution_id = ?"

_ENCODER: Final = msgspec.json.Encoder()
_ORDER: Final = msgspec.json.Decoder(Order)
_FILL: Final = msgspec.json.Decoder(Fill)
_OPERATION: Final = msgspec.json.Decoder(Operation)
_TRIP: Final = msgspec.json.Decoder(Trip)
_POSTING: Final = msgspec.json.Decoder(Posting)

_WARNINGS: Final = (PostingKind.MARGIN_CALL, PostingKind.LIQUIDATION)


class Projection:
    """One owner, one thread at a time. sqlite3.Error from every method where the file cannot be used."""

    def __init__(self, tables: sqlite3.Connection) -> None:
        self._tables = tables
        self._gatherer = StepGatherer()
        self._applied: int = tables.execute("SELECT applied FROM progress").fetchone()[0]
        self._heard = self._applied
        self._orders: dict[str, Order] = {}
        self._changed: dict[str, int] = {}
        self._fills: dict[tuple[str, str], FillRow] = {}
        self._busts: set[tuple[str, str]] = set()
        self._facts: list[tuple[str, tuple[object, ...]]] = []
        counted = tables.execute(_COUNT_WARNINGS, _WARNINGS).fetchall()
        self.warnings: Warnings = {(kind, strategy): count for kind, strategy, count in counted}

    @classmethod
    def open(cls, path: Path, journal: JournalReader) -> "Projection":
        """The tables in a file, brought up to what the reader finds; made anew where they are missing, unsound or of
        another version."""
        projection = cls(open_tables(path, journal.tail.sequence))
        for sequence, record in journal.entries(after=projection.applied_sequence):
            projection.apply(sequence, record)
        projection.flush()
        return projection

    @property
    def applied_sequence(self) -> int:
        """The last record that the tables include."""
        return self._applied

    def apply(self, sequence: int, record: Record) -> None:
        """Hear the journal's next record; one heard before changes nothing. A step shows once its Commit was heard."""
        if sequence <= self._heard:
            return
        self._heard = sequence
        for entries, committed in self._gatherer.take(Entry(sequence, record)):
            if committed:
                for entry in entries:
                    self._include(*entry)
                self._applied = entries[-1].sequence
        if len(self._changed) + len(self._fills) + len(self._busts) + len(self._facts) >= _BATCH:
            self.flush()

    def orders(
        self,
        *,
        strategy: str | None = None,
        order_id: str | None = None,
        state: OrderState | None = None,
        open_only: bool = False,
        limit: int = 100,
    ) -> list[Order]:
        """The newest `limit` orders, oldest first; `order_id` is of one alone."""
        asked = {"strategy = ?": strategy, "order_id = ?": order_id, "state = ?": state}
        rows = self._newest("orders", limit, asked, "is_open" if open_only else "TRUE")
        return [_ORDER.decode(body) for _, body in rows]

    def fills(
        self, *, strategy: str | None = None, order_id: str | None = None, after: int = 0, limit: int = 100
    ) -> list[FillRow]:
        """The newest `limit` fills with sequences above `after`, oldest first; `order_id` is of one order alone."""
        asked = {"strategy = ?": strategy, "order_id = ?": order_id, "sequence > ?": after}
        rows = self._newest("fills", limit, asked)
        return [FillRow(sequence=sequence, fill=_FILL.decode(body)) for sequence, body in rows]

    def operations(self, *, limit: int = 100) -> list[Operation]:
        """The newest `limit` operations, oldest first."""
        return [_OPERATION.decode(body) for _, body in self._newest("operations", limit, {})]

    def trips(self, *, strategy: str | None = None, limit: int = 100) -> list[Trip]:
        """The newest `limit` trips, oldest first."""
        return [_TRIP.decode(body) for _, body in self._newest("trips", limit, {"strategy = ?": strategy})]

    def postings(self, *, strategy: str | None = None, limit: int = 100) -> list[Posting]:
        """The newest `limit` postings, oldest first; `strategy` is whose book it is, also `unallocated`."""
        return [_POSTING.decode(body) for _, body in self._newest("postings", limit, {"strategy = ?": strategy})]

    def valuations(self, *, strategy: str | None = None, since_ns: int = 0) -> list[ValuationRow]:
        """What all books, or one, were worth from a time on, oldest first."""
        return [
            ValuationRow(sequence=sequence, ts_ns=ts_ns, owner=owner, equity=_money(equity), exposure=_money(exposure))
            for sequence, ts_ns, owner, equity, exposure in self._each(_ALL_VALUATIONS, since_ns, owner=strategy)
        ]

    def all_orders(self) -> Iterator[Order]:
        """Every order as it stands, by when it was placed, as fills are given."""
        for _, body in self._each(_ALL_ORDERS, 0):
            yield _ORDER.decode(body)

    def all_fills(self, *, strategy: str | None = None, after: int = 0) -> Iterator[FillRow]:
        """Every fill with a sequence above `after`, oldest first, a batch at a time; ask nothing else meanwhile."""
        for sequence, body in self._each(_ALL_FILLS, after, strategy=strategy):
            yield FillRow(sequence=sequence, fill=_FILL.decode(body))

    def all_postings(self, *, strategy: str | None = None, after: int = 0) -> Iterator[PostingRow]:
        """Every posting with a sequence above `after`, as fills are given."""
        for sequence, body in self._each(_ALL_POSTINGS, after, strategy=strategy):
            yield PostingRow(sequence=sequence, posting=_POSTING.decode(body))

    def flush(self) -> None:
        """Write what has been included, in one transaction. Queries do so themselves."""
        changed = [
            (i, sequence, self._orders[i].is_open, _json(self._orders[i])) for i, sequence in self._changed.items()
        ]
        with self._tables as tables:
            tables.execute("BEGIN")
            tables.executemany(_PUT_ORDER, changed)
            tables.executemany(_ADD_FILL, [(row.sequence, _json(row.fill)) for row in self._fills.values()])
            tables.executemany(_ADD_BUST, sorted(self._busts))
            for statement, row in self._facts:
                tables.execute(statement, row)
            tables.execute("UPDATE progress SET applied = ?", (self._applied,))
        for order_id, _, is_open, _ in changed:
            if not is_open:
                del self._orders[order_id]
        self._changed.clear()
        self._fills.clear()
        self._busts.clear()
        self._facts.clear()

    def close(self) -> None:
        """Write what is left and let go of the file."""
        self.flush()
        self._tables.close()

    def abandon(self) -> None:
        """Let go of the file as it is."""
        self._tables.close()

    def _include(self, sequence: int, record: Record) -> None:
        match record:
            case WireSubmit():
                self._route(sequence, record.terms)
            case RefusedOrder():
                self._add(sequence, record.terms)
            case WireCancel():
                self._cancel(sequence, record)
            case WireAmend():
                self._amend(sequence, record)
            case Reported():
                self._report(sequence, record.report)
            case Noted(note=Liquidation(fill=fill) | ForeignFill(fill=fill)):
                self._fills[fill.order_id, fill.execution_id] = FillRow(sequence=sequence, fill=fill)
            case Posted(posting=posting):
                self._post(sequence, posting)
            case Valued():
                self._facts += ((_ADD_VALUATION, row) for row in _valued(sequence, record))
            case Operation():
                self._facts.append((_ADD_OPERATION, (sequence, _json(record))))
            case Trip():
                self._facts.append((_ADD_TRIP, (sequence, _json(record))))

    def _post(self, sequence: int, posting: Posting) -> None:
        self._facts.append((_ADD_POSTING, (sequence, _json(posting))))
        if posting.kind in _WARNINGS:
            key = (posting.kind.value, posting.strategy)
            # A new mapping, as others may look at the old one in their own threads.
            self.warnings = {**self.warnings, key: self.warnings.get(key, 0) + 1}

    def _add(self, sequence: int, terms: OrderTerms) -> Order:
        order = self._orders[terms.order_id] = Order(terms=terms, updated_ns=terms.created_ns)
        self._changed[terms.order_id] = sequence
        return order

    def _route(self, sequence: int, terms: OrderTerms) -> Order:
        order = self._add(sequence, terms)
        order.change(OrderChange.VALIDATE, terms.created_ns)
        order.change(OrderChange.ROUTE, terms.created_ns)
        return order

    def _cancel(self, sequence: int, cancel: WireCancel) -> None:
        order = self._order(cancel.order_id)
        if order is not None:
            order.change(OrderChange.REQUEST_CANCEL, cancel.ts_ns)
            self._changed.setdefault(cancel.order_id, sequence)

    def _amend(self, sequence: int, amend: WireAmend) -> None:
        order = self._order(amend.terms.order_id)
        if order is not None:
            order.amend(amend.terms, amend.ts_ns)
            self._changed.setdefault(amend.terms.order_id, sequence)

    def _report(self, sequence: int, report: ExecutionReport) -> None:
        if report.fill is not None and not self._is_news(sequence, report, report.fill):
            return
        order = self._order(report.order_id)
        if order is None and report.kind is ReportKind.ADOPTED and report.terms is not None:
            order = self._route(sequence, report.terms)
        if order is not None and answers_what_left(report):
            apply(report, order)
            self._changed.setdefault(report.order_id, sequence)

    def _is_news(self, sequence: int, report: ExecutionReport, fill: Fill) -> bool:
        """Whether there is a row to add: of each execution its first fill, unless it was busted by then, and the
        reversal of its first bust, where the fill was heard."""
        key = (fill.order_id, fill.execution_id)
        heard = key in self._fills or self._has(_FIND_FILL, key)
        busted = key in self._busts or self._has(_FIND_BUST, key)
        if not fill.quantity or busted:
            return False
        if report.kind is not ReportKind.BUSTED:
            if not heard:
                self._fills[key] = FillRow(sequence=sequence, fill=fill)
            return not heard
        self._busts.add(key)
        if heard:
            reversal = fill.reversal(report.ts_ns)
            self._fills[reversal.order_id, reversal.execution_id] = FillRow(sequence=sequence, fill=reversal)
        return heard

    def _has(self, query: str, key: tuple[str, str]) -> bool:
        return self._tables.execute(query, key).fetchone() is not None

    def _order(self, order_id: str) -> Order | None:
        """The order as it stands; None for one that the journal never placed."""
        if order_id not in self._orders:
            found = self._tables.execute("SELECT body FROM orders WHERE order_id = ?", (order_id,)).fetchone()
            if found is None:
                return None
            self._orders[order_id] = _ORDER.decode(found[0])
        return self._orders[order_id]

    def _newest(
        self, table: str, limit: int, asked: Mapping[str, str | int | None], condition: str = "TRUE"
    ) -> list[tuple[int, str]]:
        """The newest rows that meet the condition and each of those asked that has a value, oldest first."""
        self.flush()
        given = {one: value for one, value in asked.items() if value is not None}
        where = " AND ".join([condition, *given])
        query = " ".join(["SELECT sequence, body FROM", table, "WHERE", where, "ORDER BY sequence DESC LIMIT ?"])
        return self._tables.execute(query, (*given.values(), limit)).fetchall()[::-1]

    def _each(self, query: str, first: int, **asked: str | None) -> Iterator[Any]:
        """The rows of a query, which may be many, from a place on and of what is asked where that has a value."""
        self.flush()
        given = {name: value for name, value in asked.items() if value is not None}
        found = self._tables.execute(
            query.format("".join(f" AND {name} = ?" for name in given)), (first, *given.values())
        )
        while rows := found.fetchmany(_BATCH):
            yield from rows


def _valued(sequence: int, valued: Valued) -> Iterator[tuple[object, ...]]:
    for owner, book in valued.books.items():
        yield owner, sequence, valued.ts_ns, _text(book.equity), _text(book.exposure)


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _json(fact: msgspec.Struct) -> str:
    return _ENCODER.encode(fact).decode()
