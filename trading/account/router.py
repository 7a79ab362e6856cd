"""The router: the account's one writer. It turns commands into intents, gives them their wire ids, passes them through
the gate, books what comes back, and numbers every report for its container.

It is a machine: batches and reports go in, what to record, send and deliver comes out. It never waits. What its circuit
breakers make of all that it hears is due in the same step, from its `safeguards`.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

import msgspec

from trading.account.answers import answer, in_own_terms, refused_by_gate, rejection
from trading.account.breakers import Breakers, Restriction
from trading.account.dispatch import Dispatch
from trading.account.flattening import Flattening
from trading.account.gate import Gate
from trading.account.held import HeldOrders, taken_back
from trading.account.ids import IdSource
from trading.account.ledger import UNALLOCATED, Ledger
from trading.account.outcome import Signs
from trading.account.records import Operation, Valuation
from trading.account.resolutions import adopted_units
from trading.account.safeguards import Safeguards, Worth
from trading.account.taken import Taken
from trading.account.transfers import Transfer
from trading.account.triggers import ACCOUNT, VENUE, BreakerRules
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
)
from trading.errors import LedgerError
from trading.instruments import Instrument, negative_symbols
from trading.limits import RiskLimits
from trading.market_data import MarketEvent, reference_price
from trading.money import Currency, total
from trading.order_manager import OrderManager
from trading.orders import Order, OrderTerms
from trading.postings import AccountEvent, Adjustment, CashMoved, Posting, PostingKind
from trading.rates import Rates
from trading.refusals import Refusal
from trading.reports import ExecutionReport, Fill, Origin, ReportKind, answers_what_left

_EVERYTHING: Final = Capabilities.everything()
_NO_BREAKERS: Final[Mapping[str, BreakerRules]] = MappingProxyType({})


class RoutedStrategy(msgspec.Struct, frozen=True, kw_only=True):
    """What the router must know of a container. `capital` is by currency code."""

    strategy: str
    capital: Mapping[str, Decimal]
    limits: RiskLimits = RiskLimits()
    cancel_on_trip: bool = True


class Router:
    """Holds the account. Strategies stand in the order of the config, which is the order in which a batch is taken;
    what is not among the market's `capabilities` is refused before it is sent. `breakers` are the rules of its circuit
    breakers, by scope. `data_refusal` says of a symbol why its data is not to be relied on, `holds_back` why the venue
    is not ready for more than reducing orders."""

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
        breakers: Mapping[str, BreakerRules] = _NO_BREAKERS,
        data_refusal: Callable[[str], Refusal | None] | None = None,
        holds_back: Callable[[], str] | None = None,
    ) -> None:
        self.strategies = {routed.strategy: routed for routed in strategies}
        self.ledger = Ledger(
            cash=cash, capital={s: routed.capital for s, routed in self.strategies.items()}, instruments=instruments
        )
        self.orders = {strategy: OrderManager(strategy) for strategy in self.strategies}
        self.marks: dict[str, float] = {}
        self.tripped: dict[str, str] = {}
        self.numbers = dict.fromkeys(self.strategies, 0)
        self._place = {strategy: place for place, strategy in enumerate(self.strategies)}
        self._foreign = OrderManager(UNALLOCATED)
        self._held = HeldOrders()
        self._dispatch = Dispatch(self.orders, ids)
        self._instruments = instruments
        self._may_be_negative = negative_symbols(instruments)
        self.limits = limits
        self._capabilities = capabilities
        self.currency = currency
        self._data_refusal = data_refusal
        self._holds_back = holds_back
        self.rates = Rates(instruments, self.price_of)
        self.transfers = 0
        self.breakers = Breakers(self.strategies, breakers)
        self.safeguards = Safeguards(
            self.breakers,
            Flattening(ledger=self.ledger, orders=self.orders, instruments=self._instruments, price_of=self.price_of),
            orders=self.orders,
            dispatch=self._dispatch,
            gate=lambda: self._gate,
            worth=self._worth,
        )
        self._gate = self._build_gate()

    def _build_gate(self) -> Gate:
        return Gate(
            ledger=self.ledger,
            orders=self.orders,
            instruments=self._instruments,
            capabilities=self._capabilities,
            account_limits=self.limits,
            limits={strategy: routed.limits for strategy, routed in self.strategies.items()},
            price_of=self.price_of,
            restriction=self._restriction,
            data_refusal=self._data_refusal,
        )

    def _restriction(self, strategy: str) -> Restriction | None:
        """Why only orders that reduce pass: a breaker that is open, a strategy that has failed and of which nothing new
        is taken, or a venue that is not ready."""
        restriction = self.safeguards.restriction(strategy)
        if restriction is None and strategy in self.tripped:
            return Restriction(self.tripped[strategy], of_account=False, code="tripped", what=f"{strategy} has tripped")
        if restriction is None and self._holds_back is not None and (why := self._holds_back()):
            return Restriction(why, of_account=False, code="not_ready", what="the venue is not ready")
        return restriction

    @property
    def ids(self) -> IdSource:
        """Where wire ids come from."""
        return self._dispatch.ids

    @ids.setter
    def ids(self, source: IdSource) -> None:
        self._dispatch.ids = source

    @property
    def halted(self) -> str:
        """Why the account's breaker is open, by an operator or otherwise; empty while the account trades."""
        return self.breakers.by_scope[ACCOUNT].reason

    def price_of(self, symbol: str) -> Decimal | None:
        """The last price heard of a symbol."""
        mark = self.marks.get(symbol)
        return None if mark is None else self._instruments[symbol].exact_price(mark)

    @property
    def is_calm(self) -> bool:
        """Whether a price that meets no order brings nothing here: nobody follows what the books are worth, and all
        orders that work are strategies'."""
        return not (self.breakers.measured or self._gate.follows_worth or self._foreign.open_count)

    @property
    def day_ends_ns(self) -> int:
        """Until when the day lasts that the limits know of; for ever where they need not know."""
        return self._gate.day_ends_ns

    def on_market(self, event: MarketEvent) -> None:
        """Hear the price of an event of the kind on which its symbol is matched."""
        if event.ts_ns > self._gate.day_ends_ns:
            self._gate.begin_day(event.ts_ns)
        price = reference_price(event, self._may_be_negative)
        if price is not None:
            self.marks[event.symbol] = price
            if event.symbol in self.ledger.marked:
                self.ledger.mark(event.symbol, price)
            if self._gate.follows_worth:
                self._gate.note_worth()
            if self.breakers.measured:
                self.safeguards.on_change()

    def take(self, batch: Iterable[Command], ts_ns: int) -> Taken:
        """Take one batch in its order, (container's place, n)."""
        batch = list(batch)
        self._gate.now_ns = ts_ns
        self.safeguards.on_batch(self._held.fresh(batch), ts_ns)
        taken = self.safeguards.due(ts_ns)
        for command in sorted(batch, key=lambda command: (self._place[command.strategy], command.n)):
            match command:
                case SubmitOrder() | RefusedOrder() if self._is_known(command.terms):
                    self._trip(_used_twice(command, ts_ns), taken)
                case SubmitOrder():
                    self._submit(command, taken, ts_ns)
                case CancelOrder():
                    self._cancel(command, taken, ts_ns)
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
        self._held.note(taken.held)
        return taken

    def operate(self, operation: Operation, cause: int) -> Taken:
        """Do what was asked from outside. LedgerError where that cannot be, and nothing is done."""
        taken = Taken()
        match operation.action:
            case "move_cash":
                self.ledger.require_unallocated(operation.currency, operation.amount.copy_negate())
            case "transfer" if operation.transfer is not None:
                taken.postings += self._transfer(operation.transfer, operation.ts_ns, cause)
            case "adopt" if operation.adoption is not None and not operation.adoption.venue_id:
                given = adopted_units(operation.adoption, self.ledger, self.price_of)
                taken.postings += self._transfer(given, operation.ts_ns, cause)
            case "cancel_order":
                taken.sends.append(self._dispatch.cancel(self._open_order(operation.order_id), operation.ts_ns))
            case "adopt" | "resolve_order" | "reconcile":
                pass  # it is done at the venue's session
            case "close_out":
                positions = not operation.cancel_orders
                return self.safeguards.close_out(operation.reason, operation.ts_ns, positions=positions)
            case "trip" if not operation.scope:
                self._seal(operation.strategy, operation.reason, operation.ts_ns, taken)
            case _:
                self.safeguards.switch(operation)
                taken = self.safeguards.due(operation.ts_ns)
        if operation.cancel_orders:
            for strategy in self.orders:
                taken.sends += self._dispatch.cancel_all(strategy, operation.ts_ns)
        return taken

    def recall(self, terms: OrderTerms, *, halted: bool) -> str:
        """Why an order, or an amendment, that waits to be sent is not to leave any more: what was let pass is held
        against what has come since, and against the halt flag where it is set (`halted`). Empty when it may."""
        refusal = self._gate.recall(terms, halted=halted)
        return "" if refusal is None else refusal.reason

    def cid_of(self, order_id: str) -> str:
        """The client order id of an open order at the market; empty where it is not known."""
        return self._dispatch.cid_of(order_id)

    def _open_order(self, order_id: str) -> Order:
        known = (order for manager in self.orders.values() if (order := manager.get(order_id)) is not None)
        order = next(known, None)
        if order is None:
            raise LedgerError(f"order {order_id} is not known; bulkhead orders shows those that are")
        if not order.is_open:
            raise LedgerError(f"order {order_id} is {order.state}; only one that may still fill is cancelled")
        return order

    def _transfer(self, transfer: Transfer, ts_ns: int, cause: int) -> list[Posting]:
        self.ledger.require_movable(transfer)
        if (refusal := self._gate.transfer_refusal(transfer)) is not None:
            raise LedgerError(refusal.reason)
        event_id = f"transfer-{self.transfers + 1}"

        def move() -> list[Posting]:
            postings = self.ledger.transfer(transfer, event_id, ts_ns)
            self._mark_again(transfer.symbol)
            return postings

        postings = self.safeguards.on_flow(move)
        self.transfers += 1
        return [self._numbered(posting, cause) for posting in postings]

    def share_out(self, event: AccountEvent, cause: int) -> Taken:
        """Book what happened to the account, and number what each container has of it. Who holds what was liquidated
        has tripped by that."""
        if event.ts_ns > self._gate.day_ends_ns:
            self._gate.begin_day(event.ts_ns)
        if isinstance(event, CashMoved | Adjustment):
            postings = self.safeguards.on_flow(lambda: self.ledger.share_out(event))
        else:
            postings = self.ledger.share_out(event)
            self.safeguards.on_change()
        taken = Taken(postings=[self._numbered(posting, cause) for posting in postings])
        for posting in taken.postings:
            if posting.kind is PostingKind.LIQUIDATION and posting.strategy not in self.tripped:
                self._seal(posting.strategy, posting.reason, posting.ts_ns, taken)
            elif posting.kind is PostingKind.SPLIT and posting.price is not None:
                self.marks[posting.symbol] = float(posting.price)
        return taken

    def heed(self, signs: Signs, ts_ns: int) -> None:
        """Tell the venue's breaker how the venue answers, and what does not agree with it."""
        for failed in signs.failed:
            self.safeguards.on_transport(ts_ns, failed=failed)
        for number, passed in signs.probes:
            self.safeguards.on_probe(VENUE, number, ts_ns, passed=passed)
        for trouble in signs.troubles:
            self.safeguards.on_trouble(VENUE, trouble.trigger, trouble.reason, ts_ns)

    def values(self) -> dict[str, Valuation]:
        """What every book is worth now, in the account's currency; none where that was not given."""
        if self.currency is None:
            return {}
        return {book.owner: valuation(book, self.rates, self.currency) for book in self.ledger.all_books()}

    def _worth(self) -> Worth:
        """What the scopes that breakers measure are worth."""
        equities = {owner: value.equity for owner, value in self.values().items()}
        known = [equity for equity in equities.values() if equity is not None]
        of_all = total(known) if equities and len(known) == len(equities) else None
        return {scope: of_all if scope == ACCOUNT else equities.get(scope) for scope in self.breakers.measured}

    def book(self, reports: Iterable[ExecutionReport], cause: int) -> list[ExecutionReport]:
        """Book what came back and number it for its container; what is no container's goes to `unallocated`."""
        numbered: list[ExecutionReport] = []
        for told in reports:
            if told.ts_ns > self._gate.day_ends_ns:
                self._gate.begin_day(told.ts_ns)
            report = in_own_terms(told, self.orders.get(told.strategy, self._foreign).get(told.order_id))
            order, fill = self._apply(report)
            if fill is not None:
                self.ledger.book(fill)
                if self._gate.follows_worth:
                    self._gate.note_worth()
            if report.strategy not in self.orders:
                continue
            if order is not None:
                self._dispatch.follow(order, report)
            self.safeguards.on_report(report)
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
            "cids": self._dispatch.state(),
            "safeguards": self.safeguards.state(),
            "gate": self._gate.state(),
            "held": self._held.state(),
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
        self._dispatch.restore(state["cids"])
        self.safeguards.restore(state["safeguards"])
        self.transfers = state["transfers"]
        self._gate = self._build_gate()
        self._gate.restore(state["gate"])
        self._held.restore(state["held"])

    def _apply(self, report: ExecutionReport) -> tuple[Order | None, Fill | None]:
        manager = self.orders.get(report.strategy, self._foreign)
        if answers_what_left(report):
            return manager.apply(report)
        return manager.get(report.order_id), None

    def _is_known(self, terms: OrderTerms) -> bool:
        return self.orders[terms.strategy].get(terms.order_id) is not None

    def _submit(self, command: SubmitOrder, taken: Taken, ts_ns: int) -> None:
        terms = command.terms
        if any(terms.parent_id == one.terms.order_id for one in taken.held):
            taken.held.append(command)  # an exit waits with its parent
            return
        refusal = self._closed_to(terms) or self._gate.refusal(terms)
        if refusal is not None:
            self._refuse(refused_by_gate(terms, command.n, refusal), taken, ts_ns)
            return
        if self._gate.may_hold and (wait := self._gate.wait(terms)) is not None:
            taken.held.append(command)
            taken.sends += [self._dispatch.cancel(order, ts_ns) for order in wait.cancel]
            return
        as_plain = terms.reduce_only and not self._gate.sent_as_reduce_only(terms)
        if self._gate.remembers:
            self._gate.note(terms)
        taken.sends.append(self._dispatch.place(terms, ts_ns, as_plain=as_plain))

    def _closed_to(self, terms: OrderTerms) -> Refusal | None:
        """Why no order of a strategy passes, whatever it would do."""
        if terms.strategy in self.tripped:
            return Refusal("tripped", f"{terms.strategy} has tripped")
        return self.safeguards.refusal(terms)

    def _refuse(self, refused: RefusedOrder, taken: Taken, ts_ns: int) -> None:
        self.orders[refused.strategy].add(refused.terms)
        taken.refused.append(refused)
        taken.reports.append(rejection(refused.terms, refused.origin, refused.code, refused.reason, ts_ns))

    def _cancel(self, command: CancelOrder, taken: Taken, ts_ns: int) -> None:
        if (held := taken_back(taken.held, command.order_id)) is not None:
            refusal = Refusal("cancelled", f"order {command.order_id} was cancelled while it waited for another to go")
            self._refuse(refused_by_gate(held.terms, held.n, refusal), taken, ts_ns)
            return
        manager = self.orders[command.strategy]
        order = manager.get_open(command.order_id)
        if order is None:
            closed = manager.get(command.order_id)
            state = "not known" if closed is None else closed.state
            refusal = Refusal("not_open", f"order {command.order_id} is {state}")
            taken.reports.append(answer(command, ReportKind.CANCEL_REJECTED, Origin.GATE, refusal))
            return
        taken.sends.append(self._dispatch.cancel(order, command.ts_ns))

    def _amend(self, command: AmendOrder, taken: Taken) -> None:
        terms = command.terms
        refusal = self._closed_to(terms) or self._gate.amend_refusal(terms)
        if refusal is not None:
            taken.reports.append(answer(command, ReportKind.REPLACE_REJECTED, Origin.GATE, refusal))
            return
        order = self.orders[command.strategy].get_open(terms.order_id)
        assert order is not None, terms.order_id
        if self._gate.remembers:
            self._gate.note(terms)
        taken.sends.append(self._dispatch.amend(order, terms, command.ts_ns))

    def _trip(self, trip: Trip, taken: Taken) -> None:
        taken.trips.append(trip)
        self._seal(trip.strategy, trip.reason, trip.ts_ns, taken)

    def _seal(self, strategy: str, reason: str, ts_ns: int, taken: Taken) -> None:
        if strategy in self.tripped:
            return  # what comes after it, such as the end of its process, is not why
        self.tripped[strategy] = reason
        if self.strategies[strategy].cancel_on_trip and not self.safeguards.is_over:
            taken.sends += self._dispatch.cancel_all(strategy, ts_ns)


def _used_twice(command: SubmitOrder | RefusedOrder, ts_ns: int) -> Trip:
    """No container counts so: whoever did is not to be trusted with another order."""
    reason = f"order id {command.terms.order_id} was used twice"
    return Trip(strategy=command.strategy, n=command.n, ts_ns=ts_ns, reason=reason, traceback="")
