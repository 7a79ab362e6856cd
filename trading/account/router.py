"""The router: the account's one writer. It turns commands into intents, gives them their wire ids, passes them through
the gate, books what comes back, and numbers every report for its container.

It is a machine: batches and reports go in, what to record, send and deliver comes out. It never waits.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from trading.account.answers import answer, in_own_terms, rejection
from trading.account.gate import Gate
from trading.account.ids import IdSource
from trading.account.ledger import UNALLOCATED, Ledger
from trading.account.records import Operation, Valuation
from trading.account.valuation import valuation
from trading.capabilities import Capabilities
from trading.commands import (
    AmendOrder,
    CancelOrder,
    Command,
    RefusedAmend,
    RefusedOrder,
    ScheduleTimer,
    SubmitOrder,
    Trip,
    WireAmend,
    WireCancel,
    WireCommand,
    WireSubmit,
)
from trading.errors import LedgerError
from trading.instruments import Instrument, negative_symbols
from trading.limits import RiskLimits
from trading.market_data import MarketEvent, reference_price
from trading.money import Currency
from trading.order_manager import OrderManager
from trading.orders import Order, OrderChange, OrderTerms
from trading.postings import AccountEvent, Posting, PostingKind
from trading.rates import Rates
from trading.refusals import Refusal
from trading.reports import ExecutionReport, Fill, Origin, ReportKind, answers_what_left

_EVERYTHING: Final = Capabilities.everything()


class RoutedStrategy(msgspec.Struct, frozen=True, kw_only=True):
    """What the router must know of a container. `capital` is by currency code."""

    strategy: str
    capital: Mapping[str, Decimal]
    limits: RiskLimits = RiskLimits()
    cancel_on_trip: bool = True


class Taken(msgspec.Struct, kw_only=True):
    """What came of a batch of commands: to be recorded, sent, scheduled, and told without asking the market."""

    sends: list[WireCommand] = []
    refused: list[RefusedOrder] = []
    trips: list[Trip] = []
    timers: list[ScheduleTimer] = []
    reports: list[ExecutionReport] = []
    postings: list[Posting] = []


class Router:
    """Holds the account. Strategies stand in the order of the config, which is the order in which a batch is taken;
    what is not among the market's `capabilities` is refused before it is sent."""

    def __init__(
        self,
        *,
        strategies: Iterable[RoutedStrategy],
        cash: Mapping[str, Decimal],
        instruments: Mapping[str, Instrument],
        limits: RiskLimits,
        ids: IdSource,
        capabilities: Capabilities = _EVERYTHING,
        currency: Currency | None = None,
    ) -> None:
        self.strategies = {routed.strategy: routed for routed in strategies}
        self.ledger = Ledger(
            cash=cash, capital={s: routed.capital for s, routed in self.strategies.items()}, instruments=instruments
        )
        self.orders = {strategy: OrderManager(strategy) for strategy in self.strategies}
        self.marks: dict[str, float] = {}
        self.tripped: dict[str, str] = {}
        self.numbers = dict.fromkeys(self.strategies, 0)
        self.ids = ids
        self._place = {strategy: place for place, strategy in enumerate(self.strategies)}
        self._foreign = OrderManager(UNALLOCATED)
        self._cids: dict[str, str] = {}
        self._instruments = instruments
        self._may_be_negative = negative_symbols(instruments)
        self._limits = limits
        self._capabilities = capabilities
        self._currency = currency
        self.rates = Rates(instruments, self.price_of)
        self.transfers = 0
        self._gate = self._build_gate()

    def _build_gate(self) -> Gate:
        return Gate(
            ledger=self.ledger,
            orders=self.orders,
            instruments=self._instruments,
            capabilities=self._capabilities,
            account_limits=self._limits,
            limits={strategy: routed.limits for strategy, routed in self.strategies.items()},
            price_of=self.price_of,
        )

    @property
    def halted(self) -> str:
        """Why the account is halted; empty while it trades."""
        return self._gate.halted

    def price_of(self, symbol: str) -> Decimal | None:
        """The last price heard of a symbol."""
        mark = self.marks.get(symbol)
        return None if mark is None else self._instruments[symbol].exact_price(mark)

    def on_market(self, event: MarketEvent) -> None:
        """Hear the price of an event of the kind on which its symbol is matched."""
        price = reference_price(event, self._may_be_negative)
        if price is not None:
            self.marks[event.symbol] = price
            self.ledger.mark(event.symbol, price)

    def take(self, batch: Iterable[Command], ts_ns: int) -> Taken:
        """Take one batch in its order, (container's place, n)."""
        taken = Taken()
        for command in sorted(batch, key=lambda command: (self._place[command.strategy], command.n)):
            match command:
                case SubmitOrder() | RefusedOrder() if self._is_known(command.terms):
                    self._trip(_used_twice(command, ts_ns), taken)
                case SubmitOrder():
                    self._submit(command, taken, ts_ns)
                case CancelOrder():
                    self._cancel(command, taken)
                case AmendOrder():
                    self._amend(command, taken)
                case RefusedAmend():
                    taken.reports.append(answer(command, ReportKind.REPLACE_REJECTED, Origin.RISK, command))
                case RefusedOrder():
                    self._refuse(command, taken, ts_ns)
                case ScheduleTimer():
                    taken.timers.append(command)
                case Trip():
                    self._trip(command, taken)
        return taken

    def operate(self, operation: Operation, cause: int) -> Taken:
        """Do what was asked from outside: from a halt on, only reducing orders and cancels pass. LedgerError where that
        cannot be, and nothing is done."""
        taken = Taken()
        match operation.action:
            case "halt":
                self._gate.halted = operation.reason or "no reason given"
            case "resume":
                self._gate.halted = ""
            case "trip":
                self._seal(operation.strategy, operation.reason, operation.ts_ns, taken)
            case "move_cash":
                self.ledger.require_unallocated(operation.currency, operation.amount.copy_negate())
            case "transfer" if operation.transfer is not None:
                self.ledger.require_movable(operation.transfer)
                if (refusal := self._gate.transfer_refusal(operation.transfer)) is not None:
                    raise LedgerError(refusal.reason)
                event_id = f"transfer-{self.transfers + 1}"
                postings = self.ledger.transfer(operation.transfer, event_id, operation.ts_ns)
                self.transfers += 1
                self._mark_again(operation.transfer.symbol)
                taken.postings += [self._numbered(posting, cause) for posting in postings]
        if operation.cancel_orders:
            for manager in self.orders.values():
                taken.sends += [self._wire_cancel(order, operation.ts_ns) for order in manager.open()]
        return taken

    def share_out(self, event: AccountEvent, cause: int) -> Taken:
        """Book what happened to the account, and number what each container has of it. Who holds what was liquidated
        has tripped by that."""
        taken = Taken(postings=[self._numbered(posting, cause) for posting in self.ledger.share_out(event)])
        for posting in taken.postings:
            if posting.kind is PostingKind.LIQUIDATION and posting.strategy not in self.tripped:
                self._seal(posting.strategy, posting.reason, posting.ts_ns, taken)
            elif posting.kind is PostingKind.SPLIT and posting.price is not None:
                self.marks[posting.symbol] = float(posting.price)
        return taken

    def values(self) -> dict[str, Valuation]:
        """What every book is worth now, in the account's currency; none where that was not given."""
        if self._currency is None:
            return {}
        return {book.owner: valuation(book, self.rates, self._currency) for book in self.ledger.all_books()}

    def book(self, reports: Iterable[ExecutionReport], cause: int) -> list[ExecutionReport]:
        """Book what came back and number it for its container; what is no container's goes to `unallocated`."""
        numbered: list[ExecutionReport] = []
        for told in reports:
            report = in_own_terms(told, self.orders.get(told.strategy, self._foreign).get(told.order_id))
            order, fill = self._apply(report)
            if fill is not None:
                self.ledger.book(fill)
            if report.strategy not in self.orders:
                continue
            if order is not None:
                self._keep_cid(order, report)
            self.numbers[report.strategy] += 1
            numbered.append(msgspec.structs.replace(report, number=self.numbers[report.strategy], cause=cause))
        return numbered

    def _mark_again(self, symbol: str) -> None:
        """Value a symbol in the books that hold it now as the market does."""
        if symbol in self.marks:
            self.ledger.mark(symbol, self.marks[symbol])

    def _numbered(self, posting: Posting, cause: int) -> Posting:
        """A posting as its container hears it; what is no container's has no number."""
        if posting.strategy not in self.numbers:
            return msgspec.structs.replace(posting, cause=cause)
        self.numbers[posting.strategy] += 1
        return msgspec.structs.replace(posting, number=self.numbers[posting.strategy], cause=cause)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {
            "ledger": self.ledger.state(),
            "orders": {strategy: manager.state() for strategy, manager in self.orders.items()},
            "foreign": self._foreign.state(),
            "marks": dict(self.marks),
            "tripped": dict(self.tripped),
            "numbers": dict(self.numbers),
            "cids": dict(self._cids),
            "halted": self.halted,
            "transfers": self.transfers,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the router that gave this state.

        Strategies that it did not have start with their capital; those that are here no more must be flat and without
        orders, and give what they have back to `unallocated`.
        """
        self.ledger.restore(state["ledger"])
        for strategy in state["orders"]:
            if strategy not in self.strategies:
                self.ledger.release(strategy)
        for strategy, routed in self.strategies.items():
            if strategy in state["orders"]:
                self.orders[strategy].restore(state["orders"][strategy])
            else:
                self.ledger.allocate(strategy, routed.capital)
        self._foreign.restore(state["foreign"])
        self.marks = dict(state["marks"])
        self.tripped = dict(state["tripped"])
        self.numbers = {strategy: state["numbers"].get(strategy, 0) for strategy in self.strategies}
        self._cids = dict(state["cids"])
        self.transfers = state["transfers"]
        self._gate = self._build_gate()
        self._gate.halted = state["halted"]

    def _apply(self, report: ExecutionReport) -> tuple[Order | None, Fill | None]:
        manager = self.orders.get(report.strategy, self._foreign)
        if answers_what_left(report):
            return manager.apply(report)
        return manager.get(report.order_id), None

    def _keep_cid(self, order: Order, report: ExecutionReport) -> None:
        """Know under which id an open order is at the market; one that a bust has opened again by that of the bust."""
        if not order.is_open:
            self._cids.pop(order.order_id, None)
        elif report.kind is ReportKind.BUSTED:
            self._cids.setdefault(order.order_id, report.cid)

    def _is_known(self, terms: OrderTerms) -> bool:
        return self.orders[terms.strategy].get(terms.order_id) is not None

    def _submit(self, command: SubmitOrder, taken: Taken, ts_ns: int) -> None:
        manager, terms = self.orders[command.strategy], command.terms
        if command.strategy in self.tripped:
            refusal: Refusal | None = Refusal("tripped", f"{command.strategy} has tripped")
        else:
            refusal = self._gate.refusal(terms)
        if refusal is not None:
            refused = RefusedOrder(
                strategy=command.strategy,
                n=command.n,
                terms=terms,
                origin=Origin.GATE,
                code=refusal.code,
                reason=refusal.reason,
            )
            self._refuse(refused, taken, ts_ns)
            return
        as_plain = terms.reduce_only and not self._gate.sent_as_reduce_only(terms)
        order = manager.add(terms)
        manager.change(order, OrderChange.VALIDATE, ts_ns)
        manager.change(order, OrderChange.ROUTE, ts_ns)
        cid = self._cids[terms.order_id] = self.ids.next(command.strategy)
        taken.sends.append(WireSubmit(cid=cid, terms=terms, as_plain=as_plain))

    def _refuse(self, refused: RefusedOrder, taken: Taken, ts_ns: int) -> None:
        self.orders[refused.strategy].add(refused.terms)
        taken.refused.append(refused)
        taken.reports.append(rejection(refused.terms, refused.origin, refused.code, refused.reason, ts_ns))

    def _cancel(self, command: CancelOrder, taken: Taken) -> None:
        manager = self.orders[command.strategy]
        order = manager.get_open(command.order_id)
        if order is None:
            closed = manager.get(command.order_id)
            state = "not known" if closed is None else closed.state
            refusal = Refusal("not_open", f"order {command.order_id} is {state}")
            taken.reports.append(answer(command, ReportKind.CANCEL_REJECTED, Origin.GATE, refusal))
            return
        taken.sends.append(self._wire_cancel(order, command.ts_ns))

    def _amend(self, command: AmendOrder, taken: Taken) -> None:
        manager, terms = self.orders[command.strategy], command.terms
        if command.strategy in self.tripped:
            refusal: Refusal | None = Refusal("tripped", f"{command.strategy} has tripped")
        else:
            refusal = self._gate.amend_refusal(terms)
        if refusal is not None:
            taken.reports.append(answer(command, ReportKind.REPLACE_REJECTED, Origin.GATE, refusal))
            return
        order = manager.get_open(terms.order_id)
        assert order is not None, terms.order_id
        manager.amend(order, terms, command.ts_ns)
        taken.sends.append(WireAmend(cid=self._cids[terms.order_id], terms=terms, ts_ns=command.ts_ns))

    def _wire_cancel(self, order: Order, ts_ns: int) -> WireCancel:
        self.orders[order.terms.strategy].change(order, OrderChange.REQUEST_CANCEL, ts_ns)
        return WireCancel(
            cid=self._cids[order.order_id], order_id=order.order_id, strategy=order.terms.strategy, ts_ns=ts_ns
        )

    def _trip(self, trip: Trip, taken: Taken) -> None:
        taken.trips.append(trip)
        self._seal(trip.strategy, trip.reason, trip.ts_ns, taken)

    def _seal(self, strategy: str, reason: str, ts_ns: int, taken: Taken) -> None:
        if strategy in self.tripped:
            return  # what comes after it, such as the end of its process, is not why
        self.tripped[strategy] = reason
        if self.strategies[strategy].cancel_on_trip:
            taken.sends += [self._wire_cancel(order, ts_ns) for order in self.orders[strategy].open()]


def _used_twice(command: SubmitOrder | RefusedOrder, ts_ns: int) -> Trip:
    """No container counts so: whoever did is not to be trusted with another order."""
    reason = f"order id {command.terms.order_id} was used twice"
    return Trip(strategy=command.strategy, n=command.n, ts_ns=ts_ns, reason=reason, traceback="")
