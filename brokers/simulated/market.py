"""The simulated market: it decides what happens to an order, and reports it.

Every change of its state is an effect, and each effect has one method of `MarketOrders`, whether it was just decided
(`on_event`, `on_command`) or comes from the journal (`apply`). So a market that is told its effects becomes the one
that lived them.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from brokers.simulated.account import CashAccount
from brokers.simulated.accruals import Accruals
from brokers.simulated.book import SymbolBook
from brokers.simulated.books import Books
from brokers.simulated.costs import CommissionModel, SlippageModel
from brokers.simulated.entitlements import AccountTerms, Rollovers
from brokers.simulated.foresee import in_reach, up_to
from brokers.simulated.intake import Intake
from brokers.simulated.liquidation import MarginWatch
from brokers.simulated.margin import MarginAccount
from brokers.simulated.marks import Marks
from brokers.simulated.matching import Sweep
from brokers.simulated.memory import MarketState, put_down, take_up
from brokers.simulated.orders import MarketOrders
from brokers.simulated.rules import MarketRules
from brokers.simulated.schedule import Schedule
from brokers.simulated.settlement import Settlement
from brokers.simulated.stakes import Stakes
from brokers.simulated.tape import TAPES
from brokers.simulated.working import WorkingOrder
from trading.capabilities import Capabilities
from trading.commands import WireAmend, WireCommand, WireSubmit
from trading.instruments import Instrument, currency_of
from trading.market import AccountSnapshot, Effect, ReportDelayed, TriggerMoved
from trading.market_data import Bar, MarketEvent
from trading.money import Currency
from trading.order_validator import OrderValidator
from trading.postings import CashMoved
from trading.refusals import Refusal
from trading.reports import ExecutionReport, ReportKind
from trading.sessions import RoundTheClock, Sessions


class SimulatedMarket:
    """An account at a market that matches each symbol on one kind of data.

    `cash` is by currency code; `match_on` maps every symbol to `quotes`, `trades` or `bars`. `sessions` are by symbol,
    round the clock where one is not named. Symbols with margin terms are traded on margin, the others paid for in full.
    `terms` say what holding something brings and costs with time, `rollovers` when days end. ValueError where one of
    these does not fit the instruments.
    """

    name: ClassVar[str] = "simulated"
    capabilities: ClassVar[Capabilities] = Capabilities.everything()

    def __init__(
        self,
        *,
        instruments: Mapping[str, Instrument],
        cash: Mapping[str, Decimal],
        match_on: Mapping[str, str],
        slippage: SlippageModel,
        commission: CommissionModel,
        rules: MarketRules | None = None,
        sessions: Mapping[str, Sessions] | None = None,
        short_sales: bool = False,
        terms: AccountTerms | None = None,
        rollovers: Rollovers | None = None,
    ) -> None:
        for symbol, instrument in instruments.items():
            if match_on.get(symbol) not in TAPES:
                raise ValueError(f"match_on of {symbol} is {match_on.get(symbol)!r}; write one of {', '.join(TAPES)}")
            if instrument.mark_symbol and instrument.mark_symbol not in instruments:
                raise ValueError(f"{symbol} is valued by {instrument.mark_symbol}, which is not traded here")
        self._instruments = dict(instruments)
        self._match_on = dict(match_on)
        self._rules = rules or MarketRules()
        self._sessions = dict(sessions or {})
        self._slippage, self._commission = slippage, commission
        self._short_sales = short_sales
        self._terms, self._rollovers = terms or AccountTerms(), rollovers
        self._margin_in = _margin_currency(instruments)
        self._currencies = {
            code: currency_of(code, instruments.values())
            for code in (*(one.currency.code for one in instruments.values()), *self._terms.interest)
        }
        self._validator = OrderValidator(self._instruments, self.capabilities)
        self._begin(Books(cash, {}), None)

    def _begin(self, books: Books, saved: MarketState | None) -> None:
        self._books = {
            symbol: SymbolBook(
                instrument, TAPES[self._match_on[symbol]], self._rules, self._sessions.get(symbol) or RoundTheClock()
            )
            for symbol, instrument in self._instruments.items()
        }
        self._settlement = Settlement(self._slippage, self._commission)
        self._marks = Marks(self._instruments, saved.marks if saved is not None else {})
        self._account = self._make_account(books, saved)
        self._schedule = Schedule(self._terms, self._instruments, self._rollovers)
        self._keeps_marks = self._margin_in is not None or not self._schedule.is_empty
        self._orders = MarketOrders(
            self._books, self._account, self._settlement, self._marks if self._keeps_marks else None
        )
        self._intake = Intake(
            self._orders,
            self._validator,
            name=self.name,
            ends_ns=self._schedule.expiries,
        )
        self._accruals = Accruals(
            self._terms,
            self._orders,
            self._marks,
            instruments=self._instruments,
            currencies=self._currencies,
            end_orders=self._end_orders,
            name=self.name,
        )
        self._watch: MarginWatch | None = None
        if isinstance(self._account, MarginAccount):
            self._watch = MarginWatch(self._orders, self._account, end_orders=self._end_orders, name=self.name)

    def _make_account(self, books: Books, saved: MarketState | None) -> CashAccount:
        costs, put_up = (saved.costs, saved.put_up) if saved is not None else ({}, {})
        stakes = Stakes(self._instruments, costs, put_up)
        if self._margin_in is None:
            return CashAccount(books, stakes, short_sales=self._short_sales)
        return MarginAccount(
            books,
            stakes,
            instruments=self._instruments,
            marks=self._marks,
            currency=self._margin_in,
            short_sales=self._short_sales,
        )

    # What happens.

    def on_event(self, event: MarketEvent) -> list[Effect]:
        """End what has no time left, book what has fallen due, match what rests, and see whether the margin holds.

        Data that the symbol is not matched on matches nothing. What is due up to the event's begin is booked before it
        is matched, what is due within a bar after that, and what is due as a bar closes with the next event. But a bar
        within which its symbol is split, or goes without a dividend, shows the prices after that from its open on.
        """
        if self._keeps_marks or self._orders.next_expiry_ns <= event.ts_ns:
            return self._pass_event(event)
        book = self._books.get(event.symbol)
        if book is None or not book.hear(event) or not book.ladder.places:
            return []
        return self._match(book, event)

    @property
    def is_still(self) -> bool:
        """Whether nothing but orders and prices that reach them ever changes the account."""
        return self._schedule.is_empty and self._watch is None

    @property
    def next_expiry_ns(self) -> float:
        """When the first working order ends by its time."""
        return self._orders.next_expiry_ns

    def edges(self, symbol: str) -> tuple[float, float] | None:
        """How far the price of a symbol may fall, and rise, before an order meets it; None where none waits."""
        return self._books[symbol].ladder.edges()

    def on_command(self, command: WireCommand, ts_ns: int) -> list[Effect]:
        """Take one command at the current price."""
        return self._intake.take(command, ts_ns)

    def move_cash(self, currency: str, amount: Decimal, ts_ns: int) -> list[Effect]:
        """Pay money in, or out where the amount is negative; LedgerError when the account cannot spare it."""
        if not amount:
            return []
        if amount < 0:
            self._account.require_spare(currency, amount.copy_negate())
        event_id = f"{self.name}-account-{self._account.events + 1}"
        moved = CashMoved(event_id=event_id, ts_ns=ts_ns, currency=currency, amount=amount)
        self._orders.take(moved)
        return [moved]

    def in_reach(self, strategy: str, events: Sequence[MarketEvent]) -> int:
        """How many of the coming events pass beside every working order of a strategy, judged in floats.

        What falls due for the account may come to any book, so the first event at or past its time is in reach. Once
        anything was traded on margin, or may come to be by an order that works, every event is: its mark may bring a
        liquidation, and that seals whoever holds the symbol, also where the account is flat.
        """
        if self._watch is not None and self._watch.is_at_stake:
            return 0
        orders = self._orders.of_strategy.get(strategy)
        reach = in_reach(orders.values(), self._books, events) if orders else len(events)
        return min(reach, up_to(self._schedule.next_ns, events))

    def account(self) -> AccountSnapshot:
        """Cash and positions from the market's own books."""
        return self._account.snapshot()

    def working(self) -> list[WorkingOrder]:
        """Working orders, oldest first."""
        return list(self._orders.working.values())

    # What is restored.

    def observe(self, event: MarketEvent) -> None:
        """Remember the event as the current price without matching; what falls due by it is told."""
        if self._watch is not None:
            self._watch.begin()
        is_bar = type(event) is Bar
        begin_ns = event.ts_ns - event.interval_ns if type(event) is Bar else event.ts_ns
        self._pass_time(self._schedule.acts_within(event.symbol, begin_ns, event.ts_ns))
        book = self._books.get(event.symbol)
        if book is None or not book.hear(event):
            return
        if is_bar:
            self._pass_time(event.ts_ns - 1)
        if self._keeps_marks:
            self._marks.hear(event)

    def expect(self, command: WireCommand, ts_ns: int) -> None:
        """Nothing: this market answers at once, and its answers are told."""

    def apply(self, effect: Effect, command: WireCommand | None) -> None:
        """Take over an effect from the journal, after the events before it were observed."""
        if isinstance(effect, TriggerMoved):
            self._orders.move(self._orders.working[effect.cid], effect.stop_price)
        elif isinstance(effect, ExecutionReport):
            self._apply(effect, command)
        elif not isinstance(effect, ReportDelayed):
            self._orders.take(effect)

    def _apply(self, report: ExecutionReport, command: WireCommand | None) -> None:
        orders, order = self._orders, self._orders.working.get(report.cid)
        match report.kind:
            case ReportKind.ACCEPTED if isinstance(command, WireSubmit):
                terms = command.sent_terms
                orders.open(report.cid, terms, self._intake.outlay(terms, report.ts_ns), report.ts_ns)
            case ReportKind.REJECTED:
                orders.turn_away(report.cid, report.order_id)
            case ReportKind.CANCELLED | ReportKind.EXPIRED:
                orders.close(report.cid, report.order_id)
            case ReportKind.TRIGGERED if order is not None:
                orders.wake(order)
            case ReportKind.REPLACED if order is not None and report.terms is not None:
                terms = order.as_sent(report.terms)
                if isinstance(command, WireAmend) and not report.code:
                    takes = self._intake.outlay(terms, report.ts_ns)
                else:
                    takes = orders.shrunk_outlay(order, terms.quantity)
                orders.replace(order, terms, takes)
            case ReportKind.FILLED if report.fill is not None and order is not None:
                orders.fill(order, report.fill)

    def state(self) -> dict[str, Any]:
        """A MarketState as a dict."""
        return put_down(self._orders, self._marks, self._schedule)

    def restore(self, state: dict[str, Any]) -> None:
        """Become the market that gave this state, as it was given or after a way through msgpack; it stays as it is."""
        saved = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=MarketState)
        self._begin(Books(saved.cash, saved.positions, saved.traded), saved)
        take_up(saved, self._orders, self._schedule)

    # Within.

    def _pass_event(self, event: MarketEvent) -> list[Effect]:
        """All of it, where time or a mark may bring more than matches."""
        orders, watch, schedule = self._orders, self._watch, self._schedule
        if watch is not None:
            watch.begin()
        begin_ns = event.ts_ns - event.interval_ns if type(event) is Bar else event.ts_ns
        effects = self._expire(begin_ns, event) if orders.next_expiry_ns <= begin_ns else []
        if not schedule.is_empty:
            effects += self._fall_due(schedule.acts_within(event.symbol, begin_ns, event.ts_ns), event.ts_ns)
        book = self._books.get(event.symbol)
        if book is not None and book.hear(event):
            is_bar = type(event) is Bar
            if self._keeps_marks and not is_bar:
                self._marks.hear(event)
            if book.ladder.places:
                effects += self._match(book, event)
            if is_bar:
                if not schedule.is_empty:
                    effects += self._fall_due(event.ts_ns - 1, event.ts_ns)
                if self._keeps_marks:
                    self._marks.hear(event)
            if orders.next_expiry_ns <= event.ts_ns:
                effects += self._expire(event.ts_ns, event)
        if watch is not None:
            effects += watch.look(event.ts_ns)
        return effects

    def _match(self, book: SymbolBook, event: MarketEvent) -> list[Effect]:
        reached = book.reached()
        if not reached and not book.followed():
            return []
        return self._sweep(book, event.ts_ns).run([self._orders.working[cid] for cid in reached])

    def _fall_due(self, until_ns: int, ts_ns: int) -> list[Effect]:
        effects: list[Effect] = []
        if self._schedule.next_ns > until_ns:
            self._schedule.pass_to(until_ns)
            return effects
        for due in self._schedule.due(until_ns):
            effects += self._accruals.bring(due, ts_ns)
        return effects

    def _pass_time(self, until_ns: int) -> None:
        if self._schedule.next_ns > until_ns:
            self._schedule.pass_to(until_ns)
            return
        for due in self._schedule.due(until_ns):
            self._accruals.pass_by(due)

    def _end_orders(self, symbol: str, why: Refusal, ts_ns: int) -> list[Effect]:
        """Cancel what works of a symbol, oldest first."""
        effects: list[Effect] = []
        for order in list(self._orders.working.values()):
            if order.terms.symbol == symbol and order.cid in self._orders.working:
                effects += self._sweep(self._books[symbol], ts_ns).end(order, ReportKind.CANCELLED, why)
        return effects

    def _expire(self, until_ns: int, event: MarketEvent) -> list[Effect]:
        effects: list[Effect] = []
        for order in self._orders.expired(until_ns, event.symbol):
            if order.cid in self._orders.working:
                refusal = Refusal("expired", f"its time ended at {order.expires_ns} ns")
                sweep = self._sweep(self._books[order.terms.symbol], event.ts_ns)
                effects += sweep.end(order, ReportKind.EXPIRED, refusal)
        return effects

    def _sweep(self, book: SymbolBook, ts_ns: int) -> Sweep:
        return Sweep(self._orders, book, ts_ns, name=self.name, arriving=False)


def _margin_currency(instruments: Mapping[str, Instrument]) -> Currency | None:
    """The one currency in which margin is reckoned, None where nothing is traded on margin."""
    currencies = {one.margin.currency.code: one.margin.currency for one in instruments.values() if one.margin}
    if len(currencies) > 1:
        raise ValueError(f"margin is reckoned in {' and in '.join(sorted(currencies))}; an account has one currency")
    return next(iter(currencies.values()), None)
