"""How orders meet the market: against one bid and one ask of a symbol, each with a size, and never each other.

What arrives takes what is there at the bid or ask. What rests is met when the market comes to it, the better price
first and of one price the earlier order, at its own price; a market order's rest and a stop that wakes take. A size is
used up by those it fills until the next quote.
"""

from decimal import Decimal

import msgspec

from tests.venue.books import Books
from tests.venue.records import LIQUIDATOR, Execution, FillPut, Listing, Order, OrderPut, Refused, Rules, Status, Ticket
from trading.money import EXACT, ROUNDING, ZERO, total
from trading.orders import OrderType, Side, TimeInForce

_STOPS = (OrderType.STOP, OrderType.STOP_LIMIT)


class Top(msgspec.Struct, kw_only=True):
    """Best bid and ask, None for an empty side; sizes are what is left there, None for no end of it."""

    bid: Decimal | None
    ask: Decimal | None
    bid_size: Decimal | None = None
    ask_size: Decimal | None = None

    def price(self, side: Side) -> Decimal | None:
        """What an order of that side trades at."""
        return self.ask if side is Side.BUY else self.bid

    def size(self, side: Side) -> Decimal | None:
        """How much is there for an order of that side."""
        return self.ask_size if side is Side.BUY else self.bid_size

    def use(self, side: Side, quantity: Decimal) -> None:
        """Take some of it away."""
        left = self.size(side)
        if left is None:
            return
        left = EXACT.subtract(left, quantity)
        if side is Side.BUY:
            self.ask_size = left
        else:
            self.bid_size = left


class Matching:
    """Fills orders of the books against the tops of the market. Times are the exchange's."""

    def __init__(self, books: Books, listings: dict[str, Listing], rules: Rules) -> None:
        self.books = books
        self.rules = rules
        self.tops: dict[str, Top] = {}
        self._listings = listings
        self._resting = set(books.working)

    # What an order may be.

    def check(self, ticket: Ticket, *, besides: Order | None = None) -> None:
        """Refused unless it could be taken; `besides` is the order whose place it would have."""
        listing = self._listings.get(ticket.symbol)
        if listing is None:
            raise Refused("unknown_symbol", f"{ticket.symbol} is not listed")
        if not ticket.quantity.is_finite() or ticket.quantity <= 0 or not _whole(ticket.quantity, listing.lot):
            raise Refused("bad_quantity", f"{ticket.quantity} is no positive multiple of {listing.lot}")
        for price, needed in (
            (ticket.limit_price, ticket.type in (OrderType.LIMIT, OrderType.STOP_LIMIT)),
            (ticket.stop_price, ticket.type in _STOPS),
        ):
            if needed != (price is not None):
                raise Refused("bad_price", f"a {ticket.type} order has {'a' if price is None else 'no'} such price")
            if price is not None and (not price.is_finite() or price <= 0 or not _whole(price, listing.tick)):
                raise Refused("bad_price", f"{price} is no positive multiple of {listing.tick}")
        price = ticket.limit_price or ticket.stop_price or self._price_now(ticket)
        if price is not None and EXACT.multiply(price, ticket.quantity) < listing.min_notional:
            raise Refused("too_small", f"less than {listing.min_notional} {listing.currency}")
        if ticket.post_only and self._would_take(ticket):
            raise Refused("would_take", "a post-only order would trade at once")
        self._check_account(ticket, listing, price, besides)

    def _check_account(self, ticket: Ticket, listing: Listing, price: Decimal | None, besides: Order | None) -> None:
        position = self.books.positions[ticket.symbol]
        others = [one for one in self.books.open_orders() if besides is None or one.number != besides.number]
        filled = ZERO if besides is None else besides.filled
        wanted = EXACT.subtract(ticket.quantity, filled)
        if ticket.reduce_only:
            if ticket.side.signed(position) >= 0:
                raise Refused("nothing_to_reduce", f"the position in {ticket.symbol} is {position}")
        elif ticket.side is Side.BUY:
            needs = ZERO if price is None else self._outlay(listing, wanted, price)
            free = EXACT.subtract(self.books.cash[listing.currency], self._reserved(listing.currency, others))
            if needs > free:
                raise Refused("no_cash", f"it needs {needs} {listing.currency}; {free} is free")
        elif not self.rules.shorts:
            selling = total(
                one.remaining
                for one in others
                if one.ticket.symbol == ticket.symbol and one.ticket.side is Side.SELL and not one.ticket.reduce_only
            )
            free = EXACT.subtract(position, selling)
            if wanted > free:
                raise Refused("no_position", f"{free} {ticket.symbol} can be sold")

    def _reserved(self, currency: str, orders: list[Order]) -> Decimal:
        amounts = []
        for order in orders:
            listing = self._listings[order.ticket.symbol]
            price = order.ticket.limit_price or order.ticket.stop_price or self._price_now(order.ticket)
            if order.ticket.side is Side.BUY and listing.currency == currency and price is not None:
                amounts.append(self._outlay(listing, order.remaining, price))
        return total(amounts)

    def _outlay(self, listing: Listing, quantity: Decimal, price: Decimal) -> Decimal:
        notional = _rounded(EXACT.multiply(quantity, price), listing.quantum)
        dearest = max(self.rules.taker_fee, self.rules.maker_fee, ZERO)
        if self.rules.fee_in not in ("quote", listing.currency):
            return notional
        return EXACT.add(notional, _rounded(EXACT.multiply(notional, dearest), self.rules.fee_quantum))

    def _price_now(self, ticket: Ticket) -> Decimal | None:
        top = self.tops.get(ticket.symbol)
        return None if top is None else top.price(ticket.side)

    def _would_take(self, ticket: Ticket) -> bool:
        price = self._price_now(ticket)
        return ticket.limit_price is not None and price is not None and _within(price, ticket)

    # How it is met.

    def arrive(self, order: Order, ts_ns: int) -> None:
        """Let a new order, or a changed one, take what is there; what must not wait ends."""
        self._resting.discard(order.number)
        order = self._wake(order, ts_ns)
        top = self.tops.get(order.ticket.symbol)
        tif = order.ticket.time_in_force
        if tif is TimeInForce.FOK and not self._is_all_there(order, top):
            self.end(order, Status.EXPIRED, ts_ns, "fok_unfilled", "not all of it was there")
            return
        if top is not None and order.awake:
            order = self._meet(order, top, ts_ns)
        if order.status is not Status.OPEN:
            return
        if tif is TimeInForce.IOC:
            self.end(order, Status.EXPIRED, ts_ns, "ioc_unfilled", f"{order.remaining} were not there at once")
        elif order.awake:
            self._resting.add(order.number)

    def market_moved(self, symbol: str, ts_ns: int) -> None:
        """Let what rests meet a new top of its symbol."""
        top = self.tops[symbol]
        resting = [order for order in self.books.open_orders() if order.ticket.symbol == symbol]
        for order in sorted(resting, key=_priority):
            latest = self.books.orders[order.number]
            if latest.status is not Status.OPEN:
                continue
            woken = self._wake(latest, ts_ns)
            if woken.awake:
                self._meet(woken, top, ts_ns)
                self._resting.add(order.number)

    def trade(self, order: Order, quantity: Decimal, price: Decimal, ts_ns: int, *, is_maker: bool) -> Order:
        """Book so much of an order, whatever the market shows; in two legs where it goes through zero and so be it."""
        position = self.books.positions[order.ticket.symbol]
        closes = min(quantity, position.copy_abs()) if order.ticket.side.signed(position) < 0 else ZERO
        legs = [("", quantity)]
        if self.rules.flips_in_two and ZERO < closes < quantity:
            legs = [("close", closes), ("open", EXACT.subtract(quantity, closes))]
        trade_id = str(self.books.trades[order.ticket.symbol] + 1)
        for leg, part in legs:
            self.books.put(FillPut(fill=self._execution(order, trade_id, leg, part, price, ts_ns, is_maker=is_maker)))
        filled = EXACT.add(order.filled, quantity)
        is_over = order.status is Status.OPEN and filled >= order.ticket.quantity
        return self.put(
            order,
            ts_ns,
            filled=filled,
            worth=EXACT.add(order.worth, EXACT.multiply(quantity, price)),
            status=Status.FILLED if is_over else order.status,
        )

    def is_resting(self, order: Order) -> bool:
        """Whether an order has waited in the book, so that it makes what it trades."""
        return order.number in self._resting

    def end(self, order: Order, status: Status, ts_ns: int, code: str = "", reason: str = "") -> Order:
        """Let an order be over."""
        return self.put(order, ts_ns, status=status, code=code, reason=reason)

    def put(self, order: Order, ts_ns: int, **changes: object) -> Order:
        """Let an order stand otherwise."""
        changed = msgspec.structs.replace(order, updated_ns=ts_ns, **changes)
        self.books.put(OrderPut(order=changed))
        return changed

    def _meet(self, order: Order, top: Top, ts_ns: int) -> Order:
        price, size = top.price(order.ticket.side), top.size(order.ticket.side)
        if price is None or not _within(price, order.ticket):
            return order
        quantity = order.remaining if size is None else min(size, order.remaining)
        if order.ticket.reduce_only:
            opposes = order.ticket.side.signed(self.books.positions[order.ticket.symbol]).copy_negate()
            if opposes <= 0:
                return self.end(order, Status.CANCELLED, ts_ns, "nothing_to_reduce", "the position is gone")
            quantity = min(quantity, opposes)
        if quantity <= 0:
            return order
        limit = order.ticket.limit_price
        is_maker = order.number in self._resting and limit is not None
        at = limit if is_maker and limit is not None else price
        listing = self._listings[order.ticket.symbol]
        if order.ticket.side is Side.BUY and self._outlay(listing, quantity, at) > self.books.cash[listing.currency]:
            return self.end(order, Status.CANCELLED, ts_ns, "no_cash", "the market has moved beyond the account")
        top.use(order.ticket.side, quantity)
        order = self.trade(order, quantity, at, ts_ns, is_maker=is_maker)
        if order.status is Status.OPEN and order.ticket.reduce_only and not self.books.positions[order.ticket.symbol]:
            return self.end(order, Status.CANCELLED, ts_ns, "nothing_to_reduce", "the position is gone")
        return order

    def _wake(self, order: Order, ts_ns: int) -> Order:
        price, stop = self._price_now(order.ticket), order.ticket.stop_price
        if order.awake or price is None or stop is None:
            return order
        if (price < stop) if order.ticket.side is Side.BUY else (price > stop):
            return order
        venue_id = f"v{self.books.next_id}" if self.rules.renames_triggered else order.venue_id
        return self.put(order, ts_ns, awake=True, venue_id=venue_id)

    def _is_all_there(self, order: Order, top: Top | None) -> bool:
        price = None if top is None else top.price(order.ticket.side)
        if top is None or price is None or not _within(price, order.ticket):
            return False
        size = top.size(order.ticket.side)
        return size is None or size >= order.remaining

    def _execution(
        self, order: Order, trade_id: str, leg: str, quantity: Decimal, price: Decimal, ts_ns: int, *, is_maker: bool
    ) -> Execution:
        ticket, listing = order.ticket, self._listings[order.ticket.symbol]
        notional = _rounded(EXACT.multiply(quantity, price), listing.quantum)
        rate = self.rules.maker_fee if is_maker else self.rules.taker_fee
        of, fee_currency = notional, self.rules.fee_in
        if fee_currency == "base":
            of, fee_currency = quantity, listing.base
        elif fee_currency == "quote":
            fee_currency = listing.currency
        return Execution(
            number=len(self.books.fills),
            trade_id=trade_id,
            leg=leg,
            order=order.number,
            venue_id=order.venue_id,
            cid=ticket.cid,
            symbol=ticket.symbol,
            side=ticket.side,
            quantity=quantity,
            price=price,
            notional=notional,
            currency=listing.currency,
            fee=_rounded(EXACT.multiply(of, rate), self.rules.fee_quantum) if rate else ZERO,
            fee_currency=fee_currency,
            is_maker=is_maker,
            ts_ns=ts_ns,
            liquidates=order.client == LIQUIDATOR,
        )


def _priority(order: Order) -> tuple[bool, Decimal, int]:
    """Market orders first, then the better limit, then the earlier order."""
    limit = order.ticket.limit_price
    return limit is not None, ZERO if limit is None else order.ticket.side.opposite.signed(limit), order.number


def _within(price: Decimal, ticket: Ticket) -> bool:
    limit = ticket.limit_price
    if limit is None:
        return True
    return price <= limit if ticket.side is Side.BUY else price >= limit


def _whole(amount: Decimal, step: Decimal) -> bool:
    return ROUNDING.remainder(amount, step) == 0


def _rounded(amount: Decimal, quantum: Decimal) -> Decimal:
    return amount.quantize(quantum, context=ROUNDING)
