"""An exchange: pure and synchronous. What is asked comes with the time, and is done or Refused before the call ends.

Every call that changes something is one step, kept in the store before the call returns; what came of it waits in
`told`, in order, for whoever tells the clients. The exchange's own clock is the caller's plus `skew_ns`.
"""

from bisect import bisect_right
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from tests.venue.books import Account, Books
from tests.venue.matching import Matching, Top
from tests.venue.records import (
    LIQUIDATOR,
    US,
    Deposited,
    Effect,
    Execution,
    FillBusted,
    IdsRolled,
    Listing,
    Order,
    OrderPut,
    Received,
    Refused,
    RefusedPut,
    Rules,
    Status,
    Ticket,
    TimerSet,
)
from tests.venue.store import MemoryStore, Store
from trading.money import EXACT
from trading.orders import OrderType, Side, TimeInForce

Amount = Decimal | str | int


class Exchange:
    """One account at a market of some symbols. Given the store of an earlier life, it goes on from there; quotes are
    not kept, so nothing trades until the next one."""

    def __init__(self, listings: Iterable[Listing], *, rules: Rules | None = None, store: Store | None = None) -> None:
        self.rules = rules or Rules()
        self.listings = {listing.symbol: listing for listing in listings}
        self.books = Books(store or MemoryStore())
        self.skew_ns = 0
        self.told: list[Effect] = []
        self._matching = Matching(self.books, self.listings, self.rules)
        self._times = [0]
        self._steps = [self.books.step]

    # What clients ask.

    def place(self, ticket: Ticket, now_ns: int, *, client: str = US) -> Order:
        """Take an order, and let it meet the market; how it stands then. Refused where it cannot be."""
        try:
            self._check_id(ticket.cid)
            self._check_time(ticket, now_ns)
            self._matching.check(ticket)
        except Refused as refused:
            self._refuse("place", ticket.cid, refused, now_ns)
            raise
        return self._open(ticket, now_ns, client)

    def cancel(self, cid: str, now_ns: int) -> Order:
        """End an order that works. Refused with `not_open` where it is over, `unknown_order` where it never came."""
        order = self._working(cid, "cancel", now_ns)
        self._matching.end(order, Status.CANCELLED, self.time_ns(now_ns), "client", "cancelled by the client")
        return self._end_step(order.number, now_ns)

    def cancel_venue_id(self, venue_id: str, now_ns: int) -> Order:
        """End an order that works, by the exchange's own id."""
        for order in self.books.open_orders():
            if order.venue_id == venue_id:
                self._matching.end(order, Status.CANCELLED, self.time_ns(now_ns), "client", "cancelled by the client")
                return self._end_step(order.number, now_ns)
        refused = Refused("unknown_order", f"no order {venue_id} works")
        self._refuse("cancel", "", refused, now_ns)
        raise refused

    def amend(
        self,
        cid: str,
        now_ns: int,
        *,
        quantity: Decimal | None = None,
        limit_price: Decimal | None = None,
        stop_price: Decimal | None = None,
    ) -> Order:
        """Give an order that works another quantity (with what has filled) or other prices, in one piece, and let it
        meet the market. Only what has not filled changes: Refused with `below_filled` where nothing would be left."""
        order = self._working(cid, "amend", now_ns)
        changes = {"quantity": quantity, "limit_price": limit_price, "stop_price": stop_price}
        ticket = msgspec.structs.replace(order.ticket, **{k: v for k, v in changes.items() if v is not None})
        try:
            if ticket.quantity <= order.filled:
                raise Refused("below_filled", f"{order.filled} has filled already")
            self._matching.check(ticket, besides=order)
        except Refused as refused:
            self._refuse("amend", cid, refused, now_ns)
            raise
        keeps_place = ticket.limit_price == order.ticket.limit_price and ticket.quantity <= order.ticket.quantity
        ts_ns = self.time_ns(now_ns)
        changed = self._matching.put(order, ts_ns, ticket=ticket)
        if not keeps_place or ticket.stop_price != order.ticket.stop_price:
            self._matching.arrive(changed, ts_ns)
        return self._end_step(order.number, now_ns)

    def hold(self, timeout_ns: int, now_ns: int) -> int:
        """Cancel everything unless this is asked again within so long; 0 for never. Gives when, by its own clock."""
        deadline_ns = self.time_ns(now_ns) + timeout_ns if timeout_ns else 0
        self.books.put(TimerSet(deadline_ns=deadline_ns))
        self._commit(now_ns)
        return deadline_ns

    # What happens there.

    def quote(
        self,
        symbol: str,
        bid: Amount | None,
        ask: Amount | None,
        now_ns: int,
        *,
        bid_size: Amount | None = None,
        ask_size: Amount | None = None,
    ) -> None:
        """The market is here now; without a size there is no end of it."""
        top = Top(bid=_exact(bid), ask=_exact(ask), bid_size=_exact(bid_size), ask_size=_exact(ask_size))
        self._matching.tops[symbol] = top
        self._matching.market_moved(symbol, self.time_ns(now_ns))
        self._commit(now_ns)

    def pass_time(self, now_ns: int) -> None:
        """End what has no time left, and let the dead-man timer fire."""
        ts_ns = self.time_ns(now_ns)
        for order in self.books.open_orders():
            if order.ticket.expires_ns is not None and order.ticket.expires_ns <= ts_ns:
                self._matching.end(order, Status.EXPIRED, ts_ns, "expired", "its time is over")
        if 0 < self.books.deadline_ns <= ts_ns:
            for order in self.books.open_orders():
                self._matching.end(order, Status.CANCELLED, ts_ns, "dead_man", "the dead-man timer fired")
            self.books.put(TimerSet(deadline_ns=0))
        self._commit(now_ns)

    def next_ns(self) -> int | None:
        """When `pass_time` has something to do, by the caller's clock; None for never."""
        times = [order.ticket.expires_ns for order in self.books.open_orders() if order.ticket.expires_ns is not None]
        times += [self.books.deadline_ns] if self.books.deadline_ns else []
        return min(times) - self.skew_ns if times else None

    def deposit(self, currency: str, amount: Amount, now_ns: int = 0) -> None:
        """Money comes, or goes where the amount is negative."""
        self.books.put(Deposited(currency=currency, amount=Decimal(amount)))
        self._commit(now_ns)

    def receive(self, symbol: str, quantity: Amount, now_ns: int = 0) -> None:
        """Units come without a trade, or go."""
        self.books.put(Received(symbol=symbol, quantity=Decimal(quantity)))
        self._commit(now_ns)

    def trade_manually(
        self,
        symbol: str,
        side: Side,
        quantity: Amount,
        now_ns: int,
        *,
        price: Amount | None = None,
        cid: str = "",
        client: str = "manual",
    ) -> Order:
        """Somebody trades on the account by hand, at the price given or the market's, whatever the account has."""
        ticket = Ticket(symbol=symbol, side=side, quantity=Decimal(quantity), cid=cid)
        top = self._matching.tops.get(symbol)
        at = _exact(price) if price is not None else (None if top is None else top.price(side))
        if at is None:
            raise Refused("no_price", f"{symbol} has no price")
        order = self._put_new(ticket, now_ns, client)
        self._matching.trade(order, ticket.quantity, at, self.time_ns(now_ns), is_maker=False)
        return self._end_step(order.number, now_ns)

    # What goes wrong there.

    def fill(self, cid: str, now_ns: int, quantity: Amount | None = None, price: Amount | None = None) -> Order | None:
        """Fill an order whatever the market shows, also one that is over, up to what it had left; None where nothing
        was left. The price is its limit, else the market's, else 1."""
        order = self.books.find(cid)
        if order is None:
            return None
        left = EXACT.subtract(order.ticket.quantity, order.filled)
        part = left if quantity is None else min(left, Decimal(quantity))
        if part <= 0:
            return None
        top = self._matching.tops.get(order.ticket.symbol)
        market = None if top is None else top.price(order.ticket.side)
        at = _exact(price) or order.ticket.limit_price or market or Decimal(1)
        self._matching.trade(order, part, at, self.time_ns(now_ns), is_maker=self._matching.is_resting(order))
        return self._end_step(order.number, now_ns)

    def end(self, cid: str, status: Status, now_ns: int, code: str = "venue", reason: str = "by the venue") -> None:
        """The exchange ends an order of its own accord; nothing where it is over."""
        order = self.books.find(cid)
        if order is not None and order.status is Status.OPEN:
            self._matching.end(order, status, self.time_ns(now_ns), code, reason)
            self._commit(now_ns)

    def liquidate(self, symbol: str, now_ns: int, price: Amount | None = None) -> Order | None:
        """The exchange closes a position with an order of its own; None where there is none."""
        position = self.books.positions[symbol]
        if not position:
            return None
        side = Side.SELL if position > 0 else Side.BUY
        return self.trade_manually(symbol, side, position.copy_abs(), now_ns, price=price, client=LIQUIDATOR)

    def forget(self, cid: str, now_ns: int) -> None:
        """The exchange knows nothing of an order any more, and nothing comes of it."""
        order = self.books.find(cid)
        if order is not None:
            self._matching.put(order, self.time_ns(now_ns), forgotten=True)
            self._commit(now_ns)

    def bust(self, number: int, now_ns: int) -> Execution:
        """Annul a fill by its number. What it left FILLED is CANCELLED with the rest unfilled; what works goes on."""
        fill = self.books.fills[number]
        assert not fill.busted, f"fill {number} is annulled already"
        ts_ns = self.time_ns(now_ns)
        self.books.put(FillBusted(number=number, ts_ns=ts_ns))
        order = self.books.orders[fill.order]
        self._matching.put(
            order,
            ts_ns,
            filled=EXACT.subtract(order.filled, fill.quantity),
            worth=EXACT.subtract(order.worth, EXACT.multiply(fill.quantity, fill.price)),
            status=Status.CANCELLED if order.status is Status.FILLED else order.status,
            code="busted" if order.status is Status.FILLED else order.code,
        )
        self._commit(now_ns)
        return self.books.fills[number]

    def roll_back_ids(self, count: int, now_ns: int) -> None:
        """Give the last so many venue ids out again."""
        self.books.put(IdsRolled(next_id=max(1, self.books.next_id - count)))
        self._commit(now_ns)

    # What it tells.

    def time_ns(self, now_ns: int) -> int:
        """Its own time."""
        return now_ns + self.skew_ns

    def seen_step(self, now_ns: int) -> int | None:
        """The step as of which a question is answered by `sees_after_ns`; None for the latest."""
        if not self.rules.sees_after_ns:
            return None
        place = bisect_right(self._times, now_ns - self.rules.sees_after_ns)
        return self._steps[max(place, 1) - 1]

    def account(self) -> Account:
        """What the account holds."""
        return self.books.account()

    def dump(self) -> dict[str, Any]:
        """Everything ever, of plain values, for an oracle: orders, fills, cash, positions, refusals."""
        return self.books.dump()

    # Within.

    def _check_id(self, cid: str) -> None:
        if not cid or self.rules.unique_ids == "none":
            return
        found = self.books.find(cid)
        if found is not None and found.status is Status.OPEN:
            raise Refused("duplicate_id", f"an order with client id {cid} works already")
        if self.rules.unique_ids == "account" and self.books.has_had(cid):
            raise Refused("duplicate_id", f"client id {cid} was used before")

    def _check_time(self, ticket: Ticket, now_ns: int) -> None:
        if (ticket.time_in_force is TimeInForce.GTD) != (ticket.expires_ns is not None):
            raise Refused("bad_time", f"a {ticket.time_in_force} order and an end of its time do not go together")
        if ticket.expires_ns is not None and ticket.expires_ns <= self.time_ns(now_ns):
            raise Refused("bad_time", "its time is over")

    def _open(self, ticket: Ticket, now_ns: int, client: str) -> Order:
        order = self._put_new(ticket, now_ns, client)
        self._matching.arrive(order, self.time_ns(now_ns))
        return self._end_step(order.number, now_ns)

    def _put_new(self, ticket: Ticket, now_ns: int, client: str) -> Order:
        ts_ns = self.time_ns(now_ns)
        order = Order(
            number=len(self.books.orders),
            venue_id=f"v{self.books.next_id}",
            client=client,
            ticket=ticket,
            placed_ns=ts_ns,
            updated_ns=ts_ns,
            awake=ticket.type not in (OrderType.STOP, OrderType.STOP_LIMIT),
        )
        self.books.put(OrderPut(order=order))
        return order

    def _working(self, cid: str, what: str, now_ns: int) -> Order:
        order = self.books.find(cid)
        if order is not None and order.status is Status.OPEN:
            return order
        refused = (
            Refused("unknown_order", f"no order has client id {cid}")
            if order is None
            else Refused("not_open", f"the order with client id {cid} is {order.status}")
        )
        self._refuse(what, cid, refused, now_ns)
        raise refused

    def _refuse(self, what: str, cid: str, refused: Refused, now_ns: int) -> None:
        self.books.put(RefusedPut(what=what, cid=cid, code=refused.code, ts_ns=self.time_ns(now_ns)))
        self._commit(now_ns)

    def _end_step(self, number: int, now_ns: int) -> Order:
        self._commit(now_ns)
        return self.books.orders[number]

    def _commit(self, now_ns: int) -> None:
        effects = self.books.commit()
        if effects:
            self.told += effects
            self._times.append(max(now_ns, self._times[-1]))
            self._steps.append(self.books.step)


def _exact(amount: Amount | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)
