"""What comes to the simulated market: orders, cancels and amendments are looked at, and taken or turned away."""

from collections.abc import Mapping
from decimal import Decimal

from brokers.simulated.book import SymbolBook
from brokers.simulated.claims import claim_of_terms
from brokers.simulated.costs import Taking
from brokers.simulated.matching import Sweep
from brokers.simulated.meeting import within_limit
from brokers.simulated.orders import MarketOrders
from brokers.simulated.settlement import NOTHING, outlay, too_small
from brokers.simulated.telling import not_working, tell, would_take
from brokers.simulated.working import AT_ONCE, WorkingOrder
from trading.commands import WireAmend, WireCancel, WireCommand, WireSubmit
from trading.errors import ScheduleEnded
from trading.market import Effect
from trading.order_validator import OrderValidator
from trading.orders import OrderTerms, OrderType, Side, TimeInForce
from trading.refusals import Refusal
from trading.reports import ExecutionReport, Fill, Liquidity, ReportKind
from trading.timestamps import LAST_NS, iso


class Intake:
    """Takes commands at the current price; what cannot be done is a report. `ends_ns` are the expiries of futures, by
    symbol."""

    def __init__(
        self,
        orders: MarketOrders,
        validator: OrderValidator,
        *,
        name: str,
        ends_ns: Mapping[str, int],
    ) -> None:
        self._orders = orders
        self._validator = validator
        self._name = name
        self._ends_ns = ends_ns

    def take(self, command: WireCommand, ts_ns: int) -> list[Effect]:
        """What comes of one command."""
        match command:
            case WireSubmit():
                return self._submit(command, ts_ns)
            case WireCancel():
                return self._cancel(command, ts_ns)
            case WireAmend():
                return self._amend(command, ts_ns)

    def outlay(self, terms: OrderTerms, ts_ns: int) -> dict[str, Decimal]:
        """What a whole order is reckoned to take from the account, by currency code; empty for a sell."""
        book = self._orders.books[terms.symbol]
        return _takes(self._expected(book, terms, _met_at_once(book, terms), ts_ns))

    # Orders.

    def _submit(self, command: WireSubmit, ts_ns: int) -> list[Effect]:
        terms, orders = command.sent_terms, self._orders
        book = orders.books.get(terms.symbol)
        if book is None:
            return [self._reject(command, _unknown_symbol(terms.symbol, orders.books), ts_ns)]
        refusal = self._misplaced(command, book, ts_ns)
        if refusal is not None:
            return [self._reject(command, refusal, ts_ns)]
        met = _met_at_once(book, terms)
        expected = self._expected(book, terms, met, ts_ns)
        refusal = self._unaffordable(terms, expected, is_met=met is not None)
        if refusal is None and expected is not None:
            refusal = too_small(expected, book.instrument)
        if refusal is not None:
            return [self._reject(command, refusal, ts_ns)]
        accepted = tell(command.cid, terms, ReportKind.ACCEPTED, ts_ns)
        if met is not None and expected is not None and _stands_alone(terms, book):
            orders.pass_through(command.cid, expected)
            return [accepted, tell(command.cid, terms, ReportKind.FILLED, ts_ns, fill=expected)]
        try:
            order = orders.open(command.cid, terms, _takes(expected), ts_ns)
        except ScheduleEnded as ended:
            return [self._reject(command, Refusal("no_session", str(ended)), ts_ns)]
        sweep = self._sweep(book, ts_ns)
        sweep.fit_to_others(order)
        return [accepted, *self._arrive(book, order, sweep)]

    def _misplaced(self, command: WireSubmit, book: SymbolBook, ts_ns: int) -> Refusal | None:
        """What is wrong with an order whatever the account holds."""
        terms = command.terms
        if command.cid in self._orders.working:
            return Refusal("duplicate_id", f"an order with client order id {command.cid} works already")
        if self._orders.by_order_id(terms.order_id) is not None:
            return Refusal("duplicate_id", f"order {terms.order_id} works already")
        if terms.group_id is not None and terms.group_id in self._orders.groups_over:
            return Refusal("bad_contingency", f"group {terms.group_id} is over")
        return (
            self._validator.refusal(terms)
            or self._expired(terms.symbol, ts_ns)
            or _over(terms, ts_ns)
            or self._orphaned(terms)
            or _taking(terms, book, sleeps=terms.type is not OrderType.LIMIT)
        )

    def _expired(self, symbol: str, ts_ns: int) -> Refusal | None:
        ends_ns = self._ends_ns.get(symbol, LAST_NS)
        return None if ts_ns < ends_ns else Refusal("expired_instrument", f"{symbol} expired at {iso(ends_ns)}")

    def _orphaned(self, terms: OrderTerms) -> Refusal | None:
        if terms.parent_id is None:
            return None
        filled = self._orders.parent_filled(terms.parent_id)
        if filled is None:
            return Refusal("unknown_parent", f"its parent {terms.parent_id} never came here")
        if not filled and self._orders.by_order_id(terms.parent_id) is None:
            return Refusal("parent_ended", f"its parent {terms.parent_id} ended and has filled nothing")
        return None

    def _unaffordable(self, terms: OrderTerms, expected: Fill | None, *, is_met: bool) -> Refusal | None:
        """Why the account cannot carry a new order; an exit takes what its parent brings."""
        if terms.parent_id is not None:
            return None
        claim = claim_of_terms(terms, terms.quantity, expected)
        price = expected.price if expected is not None and is_met else None
        return self._orders.account.refusal(terms, claim, besides=terms.group_id or "", price=price)

    def _arrive(self, book: SymbolBook, order: WorkingOrder, sweep: Sweep) -> list[Effect]:
        """Let an order meet what is there now. It rests where its data has it wait, or where there is no price, unless
        it is to trade at once."""
        is_now = book.meets_now and order.terms.time_in_force in AT_ONCE and self._orders.units(order) > 0
        if order.cid in self._orders.working and (is_now or book.arrival(order.terms.side) is not None):
            sweep.run([order])
        return sweep.effects

    def _reject(self, command: WireSubmit, refusal: Refusal, ts_ns: int) -> ExecutionReport:
        self._orders.turn_away(command.cid, command.terms.order_id)
        return tell(command.cid, command.terms, ReportKind.REJECTED, ts_ns, refusal=refusal)

    # Cancels and amendments.

    def _cancel(self, command: WireCancel, ts_ns: int) -> list[Effect]:
        order = self._orders.working.get(command.cid)
        if order is None:
            refusal = not_working(command, was_here=command.cid in self._orders.closed)
            return [tell(command.cid, command, ReportKind.CANCEL_REJECTED, ts_ns, refusal=refusal)]
        return self._sweep(self._orders.books[order.terms.symbol], ts_ns).end(order, ReportKind.CANCELLED, None)

    def _amend(self, command: WireAmend, ts_ns: int) -> list[Effect]:
        order = self._orders.working.get(command.cid)
        terms = command.terms if order is None else order.as_sent(command.terms)
        if order is None:
            refusal: Refusal | None = not_working(command, was_here=command.cid in self._orders.closed)
        else:
            refusal = self._unamendable(order, terms, ts_ns)
        if order is None or refusal is not None:
            return [tell(command.cid, terms, ReportKind.REPLACE_REJECTED, ts_ns, refusal=refusal)]
        self._orders.replace(order, terms, self.outlay(terms, ts_ns))
        replaced = tell(command.cid, terms, ReportKind.REPLACED, ts_ns, terms=terms)
        book = self._orders.books[terms.symbol]
        sweep = self._sweep(book, ts_ns)
        if terms.parent_id is not None:
            sweep.fit_to_others(order)
        return [replaced, *self._arrive(book, order, sweep)]

    def _unamendable(self, order: WorkingOrder, terms: OrderTerms, ts_ns: int) -> Refusal | None:
        if terms.quantity <= order.filled:
            return Refusal("bad_quantity", f"{order.filled} has filled; a quantity of {terms.quantity} leaves nothing")
        book = self._orders.books[order.terms.symbol]
        return (
            self._validator.refusal(terms)
            or _over(terms, ts_ns)
            or _taking(terms, book, sleeps=order.sleeps)
            or self._unaffordable_anew(order, terms, ts_ns)
        )

    def _unaffordable_anew(self, order: WorkingOrder, terms: OrderTerms, ts_ns: int) -> Refusal | None:
        if terms.parent_id is not None:
            return None
        book = self._orders.books[terms.symbol]
        expected = self._expected(book, terms, _met_at_once(book, terms), ts_ns)
        return self._orders.unaffordable_anew(order, terms, expected)

    # What an order would be.

    def _expected(self, book: SymbolBook, terms: OrderTerms, met: Decimal | None, ts_ns: int) -> Fill | None:
        """The fill to come of a whole order: where it is met now, else at its own price, else at the reference.

        None without any price.
        """
        if met is not None:
            price, taking = met, book.taking(terms.side, terms.quantity)
        else:
            waits_for = terms.worst_price or book.reference(terms.side)
            if waits_for is None:
                return None
            price = waits_for
            taking = Taking(instrument=book.instrument, side=terms.side, quantity=terms.quantity)
        execution_id = f"{self._name}-{self._orders.fills + 1}"
        return self._orders.settle(
            execution_id, terms, NOTHING, taking, price=price, liquidity=Liquidity.TAKER, ts_ns=ts_ns
        )

    def _sweep(self, book: SymbolBook, ts_ns: int) -> Sweep:
        return Sweep(self._orders, book, ts_ns, name=self._name, arriving=True)


def _met_at_once(book: SymbolBook, terms: OrderTerms) -> Decimal | None:
    """The price at which an order that has no more to wait for meets the market as it comes."""
    if terms.type is not OrderType.MARKET and terms.type is not OrderType.LIMIT:
        return None
    arrival = book.arrival(terms.side)
    if arrival is None or not within_limit(arrival.start.price, terms):
        return None
    return arrival.start.price


def _stands_alone(terms: OrderTerms, book: SymbolBook) -> bool:
    """Whether nothing but its price and the account decides that it fills whole; for the day it needs a session."""
    return (
        book.rules.volume_share is None
        and not terms.reduce_only
        and terms.parent_id is None
        and terms.group_id is None
        and terms.time_in_force is not TimeInForce.DAY
    )


def _over(terms: OrderTerms, ts_ns: int) -> Refusal | None:
    if terms.expires_ns is None or terms.expires_ns > ts_ns:
        return None
    return Refusal("bad_time", f"it was to end at {terms.expires_ns} ns, and {ts_ns} ns is past that")


def _taking(terms: OrderTerms, book: SymbolBook, *, sleeps: bool) -> Refusal | None:
    """Why a post-only order cannot stand: it would trade at once."""
    if not terms.post_only or sleeps:
        return None
    reference = book.reference(terms.side)
    return would_take(terms, reference) if reference is not None and within_limit(reference, terms) else None


def _takes(expected: Fill | None) -> dict[str, Decimal]:
    return outlay(expected) if expected is not None and expected.side is Side.BUY else {}


def _unknown_symbol(symbol: str, known: Mapping[str, SymbolBook]) -> Refusal:
    return Refusal("unknown_symbol", f"{symbol} is not traded here; traded: {', '.join(known) or 'nothing'}")
