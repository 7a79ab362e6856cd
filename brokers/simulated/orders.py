"""The working orders of the simulated market and every change that can come to them. Nothing here decides.

Whether a change was just decided or is told by the journal, it is made here, so that both lead to the same state.
"""

import math
from collections.abc import Mapping
from decimal import Decimal
from heapq import heappop, heappush
from typing import Final

import msgspec

from brokers.simulated.account import CashAccount
from brokers.simulated.book import SymbolBook
from brokers.simulated.claims import claim_of_fill, claim_of_order, claim_of_terms, part_of
from brokers.simulated.costs import Progress, Taking
from brokers.simulated.marks import Marks
from brokers.simulated.settlement import Settlement
from brokers.simulated.working import AUCTIONS, WorkingOrder
from trading.contingency import Contingencies, Group
from trading.errors import ScheduleEnded
from trading.money import EXACT, ZERO
from trading.orders import OrderTerms, OrderType, Side, TimeInForce
from trading.postings import AccountEvent, Accrual, Liquidation, Split
from trading.postings import Settlement as Settled
from trading.refusals import Refusal
from trading.reports import Fill, Liquidity
from trading.timestamps import LAST_NS

CLOSED_KEPT: Final = 250
"""Closed orders remembered, so that a late cancel hears `not_open`, and a late exit what its parent has filled."""


class MarketOrders:
    """Working orders by client order id, and what of the account, the ladders and the groups hangs on them.

    `marks` are what positions are valued at, None where nothing asks for that; no order's time ends before
    `next_expiry_ns`.
    """

    def __init__(
        self,
        books: Mapping[str, SymbolBook],
        account: CashAccount,
        settlement: Settlement,
        marks: Marks | None = None,
    ) -> None:
        self.books = books
        self.account = account
        self.settlement = settlement
        self.marks = marks
        self.contingencies = Contingencies()
        self.working: dict[str, WorkingOrder] = {}
        self.of_strategy: dict[str, dict[str, WorkingOrder]] = {}
        self.closed: dict[str, str] = {}
        self.filled_of_closed: dict[str, Decimal] = {}
        self.groups_over: dict[str, None] = {}
        self.arrivals = 0
        self.fills = 0
        self.liquidations = 0
        self.next_expiry_ns = math.inf
        self._cid_of: dict[str, str] = {}
        self._expiries: list[tuple[int, int, str]] = []

    # What is asked.

    def by_order_id(self, order_id: str) -> WorkingOrder | None:
        """The working order of an id as strategies see it."""
        cid = self._cid_of.get(order_id)
        return None if cid is None else self.working[cid]

    def parent_filled(self, order_id: str) -> Decimal | None:
        """What a parent has filled, also if it is over; None when it is not known."""
        parent = self.by_order_id(order_id)
        return parent.filled if parent is not None else self.filled_of_closed.get(order_id)

    def units(self, order: WorkingOrder) -> Decimal:
        """How much of an order may trade now."""
        group = self.contingencies.group_of(order.terms.order_id)
        remaining = order.remaining
        return remaining if group is None else group.most(remaining)

    def siblings(self, order_id: str) -> list[WorkingOrder]:
        """The other working members of its group, in the order in which they came."""
        return [] if (group := self.contingencies.group_of(order_id)) is None else self._members(group, order_id)

    def exits(self, order_id: str) -> list[WorkingOrder]:
        """The working exits of an order that works itself."""
        groups = (self.contingencies.group(key) for key in self.contingencies.keys_of_parent(order_id))
        return [order for group in groups if group is not None for order in self._members(group, "")]

    def expired(self, now_ns: int, symbol: str) -> list[WorkingOrder]:
        """The orders whose time has ended by then, the earliest first; each is given once.

        An event of one symbol says less of another: a bar of that which began in the order's time may still come, and
        before its first bar nobody knows how long they are.
        """
        found, early = [], []
        while self._expiries and self._expiries[0][0] <= now_ns:
            expiry = heappop(self._expiries)
            order = self.working.get(expiry[2])
            if order is None or order.expires_ns != expiry[0]:
                continue
            book = self.books[order.terms.symbol]
            lasts_ns = (book.interval_ns or math.inf) if book.tape.waits else 0
            if order.terms.symbol != symbol and order.expires_ns + lasts_ns > now_ns:
                early.append(expiry)
            else:
                found.append(order)
        for expiry in early:
            heappush(self._expiries, expiry)
        self._find_next_expiry()
        return sorted(found, key=lambda order: (order.expires_ns, order.sequence))

    def settle(
        self,
        execution_id: str,
        terms: OrderTerms,
        before: Progress,
        taking: Taking,
        *,
        price: Decimal,
        liquidity: Liquidity,
        ts_ns: int,
    ) -> Fill:
        """The fill of so many units of an order at a price before slippage, no worse than the account can have it."""
        worst = self.account.worst_price(taking.instrument, terms.side, taking.quantity)
        if worst is not None:
            within = max if terms.side is Side.SELL else min
            price = within(price, worst)
            limit = worst if terms.limit_price is None else within(terms.limit_price, worst)
            terms = msgspec.structs.replace(terms, limit_price=limit)
        return self.settlement.fill(execution_id, terms, before, taking, price=price, liquidity=liquidity, ts_ns=ts_ns)

    def unaffordable(self, order: WorkingOrder, fill: Fill) -> Refusal | None:
        """Why the account cannot carry a fill."""
        return self.account.refusal(order.terms, claim_of_fill(fill), besides=_key(order.terms), price=fill.price)

    def unaffordable_anew(self, order: WorkingOrder, terms: OrderTerms, expected: Fill | None) -> Refusal | None:
        """Why the account cannot carry what is left of an order under other terms, under which the whole would fill
        so."""
        left = EXACT.subtract(terms.quantity, order.filled)
        return self.account.refusal(terms, claim_of_terms(terms, left, expected), besides=_key(terms))

    # What changes.

    def open(self, cid: str, terms: OrderTerms, outlay: dict[str, Decimal], ts_ns: int) -> WorkingOrder:
        """Let a new order work; ScheduleEnded where it would wait for a session that never comes."""
        order = WorkingOrder(
            cid=cid, terms=terms, sequence=self.arrivals + 1, outlay=outlay, stop_price=terms.stop_price
        )
        book = self.books[terms.symbol]
        if terms.type in AUCTIONS:
            order.session_ns = self._auction_ns(terms, ts_ns)
        if terms.time_in_force is TimeInForce.DAY and terms.type is not OrderType.ON_CLOSE:
            order.expires_ns = book.sessions.at_or_after(ts_ns).close_ns
        elif terms.expires_ns is not None:
            order.expires_ns = terms.expires_ns
        self.arrivals += 1
        self.take_up(order, book.reference(terms.side))
        return order

    def take_up(self, order: WorkingOrder, price: Decimal | None) -> None:
        """Index an order that works, new at a price or from a snapshot."""
        terms, cid = order.terms, order.cid
        self.working[cid] = order
        self.of_strategy.setdefault(terms.strategy, {})[cid] = order
        self._cid_of[terms.order_id] = cid
        if (terms.parent_id or terms.group_id) and self.contingencies.group_of(terms.order_id) is None:
            parent = self.by_order_id(terms.parent_id) if terms.parent_id else None
            self.contingencies.add(terms, None if parent is None else parent.filled)
        if order.expires_ns:
            self._expires(order)
        self.place(order, price)

    def place(self, order: WorkingOrder, price: Decimal | None) -> None:
        """Let an order stand where its price is, or nowhere while it may not trade, and claim what it would take.

        A trailing stop that was given no beginning begins at the price that is there when it may first trade.
        """
        book, units = self.books[order.terms.symbol], self.units(order)
        if units > 0:
            if order.stop_price is None and order.sleeps and price is not None:
                order.stop_price = order.trail_to(price, book.instrument)
            book.ladder.put(order)
        else:
            book.ladder.remove(order.cid)
        self.account.claims.keep(_key(order.terms), order.cid, claim_of_order(order, units, book.instrument))

    def wake(self, order: WorkingOrder) -> None:
        """The market has come to its stop price."""
        order.awake = True
        self.place(order, None)

    def move(self, order: WorkingOrder, stop_price: Decimal) -> None:
        """A trailing stop follows."""
        order.stop_price = stop_price
        self.place(order, None)

    def fill(self, order: WorkingOrder, fill: Fill) -> None:
        """Book a fill; what has nothing left is over."""
        book = self.books[fill.symbol]
        self.count(fill)
        if book.last is not None:
            book.depth.take(book.tape, fill.side, fill.quantity)
        order.filled = EXACT.add(order.filled, fill.quantity)
        worth = EXACT.multiply(EXACT.multiply(fill.quantity, fill.price.copy_abs()), book.instrument.multiplier)
        order.worth = EXACT.add(order.worth, worth)
        order.fee = EXACT.add(order.fee, fill.fee)
        for one in self.exits(order.terms.order_id):
            if one.terms.type in AUCTIONS and self.units(one) <= 0:
                self._await_auction(one, book)
        self.contingencies.fill(order.terms.order_id, fill.quantity)
        for one in (*self.exits(order.terms.order_id), *self.siblings(order.terms.order_id)):
            self.place(one, fill.price)
        if order.remaining > 0:
            self.place(order, fill.price)
        else:
            self.close(order.cid, order.terms.order_id)

    def pass_through(self, cid: str, fill: Fill) -> None:
        """Book an order that fills whole as it comes, and so never works."""
        book = self.books[fill.symbol]
        self.arrivals += 1
        self.count(fill)
        book.depth.take(book.tape, fill.side, fill.quantity)
        self.remember(cid, fill.order_id, fill.quantity)

    def count(self, fill: Fill) -> None:
        """Book a fill to the account and to the month."""
        self.account.book(fill)
        self.settlement.book(fill, self.books[fill.symbol].instrument)
        self.fills += 1
        if self.marks is not None:
            self.marks.suggest(fill.symbol, fill.price)

    def take(self, event: AccountEvent) -> None:
        """Book a change of the account that no order made."""
        symbol = ""
        if isinstance(event, Liquidation):
            book, fill = self.books[event.fill.symbol], event.fill
            self.count(fill)
            self.liquidations += 1
            if book.last is not None:
                book.depth.take(book.tape, fill.side, fill.quantity)
        elif isinstance(event, Accrual | Split | Settled):
            symbol = event.symbol
        self.account.take(event, self.books[symbol].instrument if symbol else None)

    def replace(self, order: WorkingOrder, terms: OrderTerms, outlay: dict[str, Decimal]) -> None:
        """Give an order other terms. Its place among equals is kept where it only wants less."""
        if self._asks_anew(order.terms, terms):
            self.arrivals += 1
            order.sequence = self.arrivals
        if terms.stop_price != order.terms.stop_price:
            order.stop_price = terms.stop_price
        elif (terms.trail_amount, terms.trail_percent) != (order.terms.trail_amount, order.terms.trail_percent):
            order.stop_price = None
        if terms.expires_ns is not None and terms.expires_ns != order.terms.expires_ns:
            order.expires_ns = terms.expires_ns
            self._expires(order)
        order.terms, order.outlay = terms, outlay
        self.place(order, self.books[terms.symbol].reference(terms.side))

    def close(self, cid: str, order_id: str) -> None:
        """End an order, or one that was turned away before it worked."""
        order = self.working.pop(cid, None)
        if order is not None:
            terms = order.terms
            del self.of_strategy[terms.strategy][cid]
            del self._cid_of[terms.order_id]
            self.books[terms.symbol].ladder.remove(cid)
            self.account.claims.keep(_key(terms), cid, None)
            exits = self.exits(order_id)
            self.contingencies.end(order_id)
            if terms.group_id is not None and self.contingencies.group(terms.group_id) is None:
                self._remember_group(terms.group_id)
            for one in exits:
                self.place(one, None)
        self.remember(cid, order_id, order.filled if order is not None else ZERO)

    def turn_away(self, cid: str, order_id: str) -> None:
        """Know an order that was not taken, unless one works under its id."""
        if cid not in self.working:
            self.remember(cid, order_id, ZERO)

    def remember(self, cid: str, order_id: str, filled: Decimal) -> None:
        """Know for a while that an order has been here."""
        self.closed[cid] = order_id
        self.filled_of_closed[order_id] = filled
        if len(self.closed) > CLOSED_KEPT:
            forgotten = self.closed.pop(next(iter(self.closed)))
            self.filled_of_closed.pop(forgotten, None)

    def _expires(self, order: WorkingOrder) -> None:
        heappush(self._expiries, (order.expires_ns, order.sequence, order.cid))
        self._find_next_expiry()

    def _find_next_expiry(self) -> None:
        self.next_expiry_ns = self._expiries[0][0] if self._expiries else math.inf

    def _remember_group(self, group_id: str) -> None:
        self.groups_over[group_id] = None
        if len(self.groups_over) > CLOSED_KEPT:
            del self.groups_over[next(iter(self.groups_over))]

    def shrunk_outlay(self, order: WorkingOrder, quantity: Decimal) -> dict[str, Decimal]:
        """What an order would take if it wanted no more than so many units."""
        return dict(part_of(order.outlay, quantity, order.terms.quantity))

    def _auction_ns(self, terms: OrderTerms, ts_ns: int) -> int:
        """The first close after a time, or the first open at or after it."""
        sessions = self.books[terms.symbol].sessions
        session = sessions.at_or_after(ts_ns)
        if terms.type is OrderType.ON_CLOSE:
            return session.close_ns
        return session.open_ns if session.open_ns >= ts_ns else sessions.at_or_after(session.close_ns).open_ns

    def _await_auction(self, order: WorkingOrder, book: SymbolBook) -> None:
        """An exit that comes to life in the last event waits for an open after it, or a close that it may hold."""
        begin_ns, end_ns = book.times()
        since_ns = begin_ns if order.terms.type is OrderType.ON_CLOSE else end_ns
        try:
            order.session_ns = max(order.session_ns, self._auction_ns(order.terms, since_ns))
        except ScheduleEnded:
            order.session_ns = LAST_NS

    def _members(self, group: Group, but: str) -> list[WorkingOrder]:
        members = (self.by_order_id(order_id) for order_id in group.members if order_id != but)
        return [order for order in members if order is not None]

    @staticmethod
    def _asks_anew(old: OrderTerms, new: OrderTerms) -> bool:
        return new.quantity > old.quantity or msgspec.structs.replace(new, quantity=old.quantity) != old


def _key(terms: OrderTerms) -> str:
    """Exits and members of a group claim together; an id of an order holds no such key."""
    return terms.group_id or terms.order_id
