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
from brokers.simulated.book import SymbolBook
from brokers.simulated.costs import CommissionModel, SlippageModel
from brokers.simulated.foresee import in_reach
from brokers.simulated.intake import Intake
from brokers.simulated.matching import Sweep
from brokers.simulated.orders import MarketOrders
from brokers.simulated.rules import MarketRules
from brokers.simulated.settlement import Settlement
from brokers.simulated.tape import TAPES
from brokers.simulated.working import WorkingOrder
from trading.capabilities import Capabilities
from trading.commands import WireAmend, WireCommand, WireSubmit
from trading.contingency import Group
from trading.instruments import Instrument
from trading.market import AccountSnapshot, Effect, TriggerMoved
from trading.market_data import Bar, MarketEvent
from trading.order_validator import OrderValidator
from trading.refusals import Refusal
from trading.reports import ExecutionReport, ReportKind
from trading.sessions import RoundTheClock, Sessions


class MarketState(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot: books of the account, by symbol the last two events and what is used of the last, working orders
    oldest first with their groups, closed orders and what they filled, counters, the month's turnover by currency."""

    cash: dict[str, Decimal]
    positions: dict[str, Decimal]
    before: dict[str, MarketEvent]
    last: dict[str, MarketEvent]
    used: dict[str, dict[str, Decimal]]
    working: list[WorkingOrder]
    groups: dict[str, Group]
    closed: dict[str, str]
    filled_of_closed: dict[str, Decimal]
    groups_over: list[str]
    arrivals: int
    fills: int
    month: int
    turnover: dict[str, Decimal]


class SimulatedMarket:
    """A cash account at a market that matches each symbol on one kind of data.

    `cash` is by currency code; `match_on` maps every symbol to `quotes`, `trades` or `bars`, ValueError otherwise.
    `sessions` are by symbol, round the clock where one is not named.
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
    ) -> None:
        for symbol in instruments:
            if match_on.get(symbol) not in TAPES:
                raise ValueError(f"match_on of {symbol} is {match_on.get(symbol)!r}; write one of {', '.join(TAPES)}")
        self._instruments = dict(instruments)
        self._match_on = dict(match_on)
        self._rules = rules or MarketRules()
        self._sessions = dict(sessions or {})
        self._slippage, self._commission = slippage, commission
        self._short_sales = short_sales
        self._validator = OrderValidator(self._instruments, self.capabilities)
        self._begin(cash, {})

    def _begin(self, cash: Mapping[str, Decimal], positions: Mapping[str, Decimal]) -> None:
        self._books = {
            symbol: SymbolBook(
                instrument, TAPES[self._match_on[symbol]], self._rules, self._sessions.get(symbol) or RoundTheClock()
            )
            for symbol, instrument in self._instruments.items()
        }
        self._account = CashAccount(cash, positions, short_sales=self._short_sales)
        self._settlement = Settlement(self._slippage, self._commission)
        self._orders = MarketOrders(self._books, self._account, self._settlement)
        self._intake = Intake(self._orders, self._validator, name=self.name)

    # What happens.

    def on_event(self, event: MarketEvent) -> list[Effect]:
        """End what has no time left, and match what rests; data that the symbol is not matched on matches nothing."""
        orders = self._orders
        begin_ns = event.ts_ns - event.interval_ns if type(event) is Bar else event.ts_ns
        effects = self._expire(begin_ns, event) if orders.next_expiry_ns <= begin_ns else []
        book = self._books.get(event.symbol)
        if book is None or not book.hear(event):
            return effects
        reached = book.reached()
        if reached or book.followed():
            effects += self._sweep(book, event.ts_ns).run([orders.working[cid] for cid in reached])
        if orders.next_expiry_ns <= event.ts_ns:
            effects += self._expire(event.ts_ns, event)
        return effects

    def on_command(self, command: WireCommand, ts_ns: int) -> list[Effect]:
        """Take one command at the current price."""
        return self._intake.take(command, ts_ns)

    def in_reach(self, strategy: str, events: Sequence[MarketEvent]) -> int:
        """How many of the coming events pass beside every working order of a strategy, judged in floats."""
        orders = self._orders.of_strategy.get(strategy)
        return in_reach(orders.values(), self._books, events) if orders else len(events)

    def account(self) -> AccountSnapshot:
        """Cash and positions from the market's own books."""
        return self._account.snapshot()

    def working(self) -> list[WorkingOrder]:
        """Working orders, oldest first."""
        return list(self._orders.working.values())

    # What is restored.

    def observe(self, event: MarketEvent) -> None:
        """Remember the event as the current price without matching."""
        book = self._books.get(event.symbol)
        if book is not None:
            book.hear(event)

    def expect(self, command: WireCommand, ts_ns: int) -> None:
        """Nothing: this market answers at once, and its answers are told."""

    def apply(self, effect: Effect, command: WireCommand | None) -> None:
        """Take over an effect from the journal, after the events before it were observed."""
        if isinstance(effect, TriggerMoved):
            self._orders.move(self._orders.working[effect.cid], effect.stop_price)
        elif isinstance(effect, ExecutionReport):
            self._apply(effect, command)

    def _apply(self, report: ExecutionReport, command: WireCommand | None) -> None:
        orders, order = self._orders, self._orders.working.get(report.cid)
        match report.kind:
            case ReportKind.ACCEPTED if isinstance(command, WireSubmit):
                takes = self._intake.outlay(command.terms, report.ts_ns)
                orders.open(report.cid, command.terms, takes, report.ts_ns)
            case ReportKind.REJECTED:
                orders.turn_away(report.cid, report.order_id)
            case ReportKind.CANCELLED | ReportKind.EXPIRED:
                orders.close(report.cid, report.order_id)
            case ReportKind.TRIGGERED if order is not None:
                orders.wake(order)
            case ReportKind.REPLACED if order is not None and report.terms is not None:
                if isinstance(command, WireAmend) and not report.code:
                    takes = self._intake.outlay(report.terms, report.ts_ns)
                else:
                    takes = orders.shrunk_outlay(order, report.terms.quantity)
                orders.replace(order, report.terms, takes)
            case ReportKind.FILLED if report.fill is not None and order is not None:
                orders.fill(order, report.fill)

    def state(self) -> dict[str, Any]:
        """A MarketState as a dict."""
        account, orders, books = self._account.snapshot(), self._orders, self._books
        return msgspec.structs.asdict(
            MarketState(
                cash=dict(account.cash),
                positions=dict(account.positions),
                before={symbol: book.before for symbol, book in books.items() if book.before is not None},
                last={symbol: book.last for symbol, book in books.items() if book.last is not None},
                used={symbol: dict(book.depth.used) for symbol, book in books.items() if book.depth.used},
                working=[msgspec.structs.replace(order) for order in orders.working.values()],
                groups=orders.contingencies.state(),
                closed=dict(orders.closed),
                filled_of_closed=dict(orders.filled_of_closed),
                groups_over=list(orders.groups_over),
                arrivals=orders.arrivals,
                fills=orders.fills,
                month=self._settlement.month,
                turnover=dict(self._settlement.turnover),
            )
        )

    def restore(self, state: dict[str, Any]) -> None:
        """Become the market that gave this state, as it was given or after a way through msgpack; it stays as it is."""
        saved = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=MarketState)
        self._begin(saved.cash, saved.positions)
        for events in (saved.before, saved.last):
            for event in events.values():
                self.observe(event)
        for symbol, used in saved.used.items():
            self._books[symbol].depth.used = used
        orders = self._orders
        orders.contingencies.restore(saved.groups)
        orders.closed, orders.filled_of_closed = saved.closed, saved.filled_of_closed
        orders.groups_over = dict.fromkeys(saved.groups_over)
        orders.arrivals, orders.fills = saved.arrivals, saved.fills
        self._settlement.month, self._settlement.turnover = saved.month, saved.turnover
        for order in saved.working:
            orders.take_up(order, None)

    # Within.

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
