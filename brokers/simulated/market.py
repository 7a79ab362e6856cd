"""The simulated market: it decides what happens to an order, and reports it.

Every change of its state is an effect, and each effect has one method, whether it was just decided (`on_event`,
`on_command`) or comes from the journal (`apply`). So a market that is told its effects becomes the one that lived them.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Final

import msgspec

from brokers.capabilities import Capabilities
from brokers.simulated.account import CashAccount
from brokers.simulated.book import SymbolBook, WorkingOrder
from brokers.simulated.costs import CommissionModel, SlippageModel
from brokers.simulated.matching import RULES, Match, MatchingRule, edges
from brokers.simulated.settlement import Settlement, outlay, too_small
from trading.admission import Refusal, malformed
from trading.commands import WireCancel, WireCommand, WireSubmit
from trading.instruments import Instrument
from trading.market import AccountSnapshot
from trading.market_data import MarketEvent
from trading.orders import OrderTerms, OrderType, Side, TimeInForce
from trading.reports import ExecutionReport, Fill, Liquidity, ReportKind

CLOSED_KEPT: Final = 250
"""Closed orders remembered, so that a late cancel hears `not_open` and not `unknown_order`."""


class MarketState(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot: books, last event by symbol, working orders and closed client order ids oldest first, fills made."""

    cash: dict[str, Decimal]
    positions: dict[str, Decimal]
    last: dict[str, MarketEvent]
    working: list[WorkingOrder]
    closed: list[str]
    fills: int


class SimulatedMarket:
    """A cash account at a market that matches each symbol on one kind of data.

    `cash` is by currency code; `match_on` maps every symbol to `quotes`, `trades` or `bars`, ValueError otherwise.
    """

    name: ClassVar[str] = "simulated"
    rules: ClassVar[Mapping[str, MatchingRule]] = RULES
    capabilities: ClassVar[Capabilities] = Capabilities(
        order_types=frozenset({OrderType.MARKET, OrderType.LIMIT}), times_in_force=frozenset({TimeInForce.GTC})
    )

    def __init__(
        self,
        *,
        instruments: Mapping[str, Instrument],
        cash: Mapping[str, Decimal],
        match_on: Mapping[str, str],
        slippage: SlippageModel,
        commission: CommissionModel,
    ) -> None:
        for symbol in instruments:
            if match_on.get(symbol) not in self.rules:
                raise ValueError(
                    f"match_on of {symbol} is {match_on.get(symbol)!r}; write one of {', '.join(self.rules)}"
                )
        self._instruments = dict(instruments)
        self._match_on = dict(match_on)
        self._books = self._empty_books()
        self._settlement = Settlement(slippage, commission)
        self._account = CashAccount(cash, {})
        self._working: dict[str, WorkingOrder] = {}
        self._working_of: dict[str, dict[str, WorkingOrder]] = {}
        self._closed: deque[str] = deque(maxlen=CLOSED_KEPT)
        self._fills = 0

    def _empty_books(self) -> dict[str, SymbolBook]:
        return {
            symbol: SymbolBook(instrument, self.rules[self._match_on[symbol]])
            for symbol, instrument in self._instruments.items()
        }

    # What happens.

    def on_event(self, event: MarketEvent) -> list[ExecutionReport]:
        """Match resting orders in order of arrival; data that the symbol is not matched on changes nothing."""
        book = self._books.get(event.symbol)
        if book is None or not book.hear(event) or not book.orders:
            return []
        reports = []
        for order in list(book.orders.values()):
            match = book.rule.resting(order.terms, event, book.instrument)
            if match is not None:
                reports.append(self._reached(order, self._fill(book, order.terms, match, event.ts_ns)))
        return reports

    def on_command(self, command: WireCommand, ts_ns: int) -> list[ExecutionReport]:
        """Take one command at the current price."""
        if isinstance(command, WireCancel):
            return [self._cancel(command, ts_ns)]
        return self._submit(command, ts_ns)

    def in_reach(self, strategy: str, events: Sequence[MarketEvent]) -> int:
        """How many of the coming events pass beside every working order of a strategy, judged in floats."""
        orders = self._working_of.get(strategy)
        if not orders:
            return len(events)
        books = self._books
        watched = {
            symbol: books[symbol].rule.reaching(*edge)
            for symbol, edge in edges(order.terms for order in orders.values()).items()
        }
        for place, event in enumerate(events):
            reaches = watched.get(event.symbol)
            if reaches is not None and reaches(event) and books[event.symbol].counts(event):
                return place
        return len(events)

    def account(self) -> AccountSnapshot:
        """Cash and positions from the market's own books."""
        return self._account.snapshot()

    def working(self) -> list[WorkingOrder]:
        """Working orders, oldest first."""
        return list(self._working.values())

    # What is restored.

    def observe(self, event: MarketEvent) -> None:
        """Remember the event as the current price without matching."""
        book = self._books.get(event.symbol)
        if book is not None:
            book.hear(event)

    def apply(self, report: ExecutionReport, command: WireCommand | None) -> None:
        """Take over an effect from the journal, after the events before it were observed."""
        if report.kind is ReportKind.ACCEPTED and isinstance(command, WireSubmit):
            book = self._books[command.terms.symbol]
            expected = self._expected(book, command.terms, book.arriving(command.terms), report.ts_ns)
            self._open(_working_order(command, expected))
        elif report.kind is ReportKind.REJECTED:
            self._turn_away(report.cid)
        elif report.kind is ReportKind.CANCELLED:
            self._close(report.cid)
        elif report.fill is not None:
            self._close(report.cid)
            self._book(report.fill)

    def state(self) -> dict[str, Any]:
        """A MarketState as a dict."""
        account = self._account.snapshot()
        return msgspec.structs.asdict(
            MarketState(
                cash=dict(account.cash),
                positions=dict(account.positions),
                last={symbol: book.last for symbol, book in self._books.items() if book.last is not None},
                working=self.working(),
                closed=list(self._closed),
                fills=self._fills,
            )
        )

    def restore(self, state: dict[str, Any]) -> None:
        """Become the market that gave this state, as it was given or after a way through msgpack."""
        saved = msgspec.convert(state, MarketState)
        self._books = self._empty_books()
        for event in saved.last.values():
            self.observe(event)
        self._account = CashAccount(saved.cash, saved.positions)
        self._working.clear()
        self._working_of.clear()
        for order in saved.working:
            self._open(order)
        self._closed = deque(saved.closed, maxlen=CLOSED_KEPT)
        self._fills = saved.fills

    # What is decided.

    def _submit(self, command: WireSubmit, ts_ns: int) -> list[ExecutionReport]:
        terms = command.terms
        book = self._books.get(terms.symbol)
        if book is None:
            return [self._reject(command, _unknown_symbol(terms.symbol, self._books), ts_ns)]
        refusal = self._misplaced(command, book.instrument)
        if refusal is not None:
            return [self._reject(command, refusal, ts_ns)]
        match = book.arriving(terms)
        expected = self._expected(book, terms, match, ts_ns)
        order = _working_order(command, expected)
        refusal = self._account.refusal(terms, order.outlay)
        if refusal is None and expected is not None:
            refusal = too_small(expected, book.instrument)
        if refusal is not None:
            return [self._reject(command, refusal, ts_ns)]
        accepted = _report(command.cid, terms, ReportKind.ACCEPTED, ts_ns)
        if match is None or expected is None:
            self._open(order)
            return [accepted]
        self._close(order.cid)
        return [accepted, self._filled(order, expected)]

    def _misplaced(self, command: WireSubmit, instrument: Instrument) -> Refusal | None:
        """What is wrong with an order whatever the account holds."""
        if command.cid in self._working:
            return Refusal("duplicate_id", f"an order with client order id {command.cid} works already")
        return self.capabilities.refusal(command.terms) or malformed(command.terms, instrument)

    def _cancel(self, command: WireCancel, ts_ns: int) -> ExecutionReport:
        order = self._working.get(command.cid)
        if order is not None:
            self._close(command.cid)
            return _report(command.cid, order.terms, ReportKind.CANCELLED, ts_ns)
        if command.cid in self._closed:
            refusal = Refusal("not_open", f"order {command.order_id} has filled or ended already")
        else:
            refusal = Refusal("unknown_order", f"order {command.order_id} never came here")
        return _report(command.cid, command, ReportKind.CANCEL_REJECTED, ts_ns, refusal=refusal)

    def _reject(self, command: WireSubmit, refusal: Refusal, ts_ns: int) -> ExecutionReport:
        self._turn_away(command.cid)
        return _report(command.cid, command.terms, ReportKind.REJECTED, ts_ns, refusal=refusal)

    def _reached(self, order: WorkingOrder, fill: Fill) -> ExecutionReport:
        """Fill a resting order; a buy whose price ran away from the free cash while it waited is cancelled instead."""
        self._close(order.cid)
        refusal = self._account.refusal(order.terms, outlay(fill))
        if refusal is not None:
            return _report(order.cid, order.terms, ReportKind.CANCELLED, fill.ts_ns, refusal=refusal)
        return self._filled(order, fill)

    def _filled(self, order: WorkingOrder, fill: Fill) -> ExecutionReport:
        self._book(fill)
        return _report(order.cid, order.terms, ReportKind.FILLED, fill.ts_ns, fill=fill)

    def _expected(self, book: SymbolBook, terms: OrderTerms, match: Match | None, ts_ns: int) -> Fill | None:
        """The fill to come: where it matches now, else at its limit, else at the reference; None without any price."""
        if match is None:
            price = terms.limit_price or book.reference(terms.side)
            if price is None:
                return None
            match = Match(price, Liquidity.TAKER)
        return self._fill(book, terms, match, ts_ns)

    def _fill(self, book: SymbolBook, terms: OrderTerms, match: Match, ts_ns: int) -> Fill:
        execution_id = f"{self.name}-{self._fills + 1}"
        return self._settlement.fill(execution_id, terms, match, book.instrument, ts_ns=ts_ns)

    # What changes: nothing else does, but the current price.

    def _open(self, order: WorkingOrder) -> None:
        self._working[order.cid] = order
        self._working_of.setdefault(order.terms.strategy, {})[order.cid] = order
        self._books[order.terms.symbol].orders[order.cid] = order
        self._account.hold(order)

    def _close(self, cid: str) -> None:
        """End an order; one that fills as it arrives has never worked."""
        order = self._working.pop(cid, None)
        if order is not None:
            del self._working_of[order.terms.strategy][cid]
            del self._books[order.terms.symbol].orders[cid]
            self._account.release(order)
        self._closed.append(cid)

    def _turn_away(self, cid: str) -> None:
        if cid not in self._working:
            self._closed.append(cid)

    def _book(self, fill: Fill) -> None:
        self._account.book(fill)
        self._fills += 1


def _working_order(command: WireSubmit, expected: Fill | None) -> WorkingOrder:
    takes = outlay(expected) if expected is not None and expected.side is Side.BUY else {}
    return WorkingOrder(cid=command.cid, terms=command.terms, outlay=takes)


def _report(
    cid: str,
    about: OrderTerms | WireCancel,
    kind: ReportKind,
    ts_ns: int,
    *,
    refusal: Refusal | None = None,
    fill: Fill | None = None,
) -> ExecutionReport:
    return ExecutionReport(
        order_id=about.order_id,
        strategy=about.strategy,
        kind=kind,
        ts_ns=ts_ns,
        cid=cid,
        fill=fill,
        code=refusal.code if refusal else "",
        reason=refusal.reason if refusal else "",
    )


def _unknown_symbol(symbol: str, known: Mapping[str, SymbolBook]) -> Refusal:
    return Refusal("unknown_symbol", f"{symbol} is not traded here; traded: {', '.join(known) or 'nothing'}")
