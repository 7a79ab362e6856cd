"""What one event, or the arrival of one order, brings about: which orders wake and fill, where and in which order.

Orders meet the market in the order of the places where they meet it, and of two at one place the one that came first.
What comes of a fill (exits that may trade now, others of its group that may trade less) is looked at from that place
on, within the same event.
"""

from collections.abc import Iterable
from decimal import Decimal
from heapq import heappop, heappush

import msgspec

from brokers.simulated.book import SymbolBook
from brokers.simulated.meeting import Encounters, Meeting, within_limit
from brokers.simulated.orders import MarketOrders
from brokers.simulated.rules import Gap, Reach, StopLimitInBar, TrailBy, Unaffordable
from brokers.simulated.telling import auction_over, not_there, nothing_to_reduce, outside_limit, tell, would_take
from brokers.simulated.trailing import follow, trail
from brokers.simulated.walk import NearerExtreme, Place, Point, Walk
from brokers.simulated.working import AT_ONCE, AUCTIONS, WorkingOrder
from trading.market import Effect, TriggerMoved
from trading.money import EXACT, ZERO
from trading.orders import OrderTerms, Side
from trading.refusals import Refusal
from trading.reports import Liquidity, ReportKind

OCO = "oco"


class Sweep:
    """One event over the orders of one symbol. `effects` are what came of it, in order."""

    def __init__(self, orders: MarketOrders, book: SymbolBook, ts_ns: int, *, name: str, arriving: bool) -> None:
        self.effects: list[Effect] = []
        self._orders = orders
        self._book = book
        self._rules = book.rules
        self._ts_ns = ts_ns
        self._name = name
        self._encounters = Encounters(book, arriving=arriving)
        self._fresh: set[str] = set()
        self._queue: list[tuple[int, Decimal, int, int, WorkingOrder, Meeting]] = []
        self._looked: dict[str, int] = {}
        self._since: dict[str, Place] = {}
        self._looks = 0
        self._now_or_never: list[WorkingOrder] = []

    def run(self, orders: Iterable[WorkingOrder]) -> list[Effect]:
        """Let these orders, and what comes of them, meet the event."""
        for order in orders:
            walk = self._encounters.walk(order.terms.side)
            if self._encounters.arriving:
                self._fresh.add(order.cid)
            if walk is not None:
                self._look(order, walk.start)
            if order.terms.time_in_force in AT_ONCE or self._encounters.is_past_auction(order):
                self._now_or_never.append(order)
        while self._queue:
            _, _, _, look, order, meeting = heappop(self._queue)
            if self._looked.get(order.cid) == look:
                self._meet(order, meeting)
        for order in sorted(self._now_or_never, key=lambda order: order.sequence):
            if order.cid not in self._orders.working or self._orders.units(order) <= 0:
                continue
            if order.terms.type in AUCTIONS:
                self._end(order, ReportKind.EXPIRED, auction_over(order))
            else:
                self._end(order, ReportKind.CANCELLED, not_there(order))
        self._follow()
        return self.effects

    def end(self, order: WorkingOrder, kind: ReportKind, refusal: Refusal | None) -> list[Effect]:
        """End one order, and what hangs on it."""
        self._end(order, kind, refusal)
        return self.effects

    def fit_to_others(self, order: WorkingOrder) -> None:
        """An exit that comes when its parent is over wants no more than is left of what that has filled; what comes to
        a group that has filled a part wants as much less."""
        terms, orders = order.terms, self._orders
        group = orders.contingencies.group_of(terms.order_id)
        if terms.parent_id is not None:
            filled = orders.parent_filled(terms.parent_id)
            if filled is not None and orders.by_order_id(terms.parent_id) is None:
                self._fit(order, filled)
        elif group is not None and group.filled and not order.filled:
            self._take_off(order, group.filled)

    def _look(self, order: WorkingOrder, after: Place) -> None:
        self._looks += 1
        self._looked[order.cid] = self._looks
        walk = self._encounters.walk(order.terms.side)
        if walk is None or self._orders.units(order) <= 0:
            return
        if isinstance(walk, Point):  # the place of what filled may be one of the other side, with the other price
            after = walk.start
        meeting = self._encounters.next(order, walk, after, fresh=order.cid in self._fresh)
        if meeting is not None:
            place = meeting.place
            heappush(self._queue, (place.leg, place.along, order.sequence, self._looks, order, meeting))

    # What happens there.

    def _meet(self, order: WorkingOrder, meeting: Meeting) -> None:
        if not meeting.wakes:
            if order.terms.type in AUCTIONS and not within_limit(meeting.price, order.terms):
                self._end(order, ReportKind.EXPIRED, outside_limit(order, meeting.price))
                return
            self._trade(order, meeting)
            return
        self._orders.wake(order)
        self._tell(order, ReportKind.TRIGGERED)
        limit = order.terms.limit_price
        if limit is None or within_limit(meeting.price, order.terms):
            if order.terms.post_only:
                self._end(order, ReportKind.CANCELLED, would_take(order.terms, meeting.price))
            elif limit is not None and meeting.place.leg and self._rules.stop_limit_price is Gap.ORDER:
                self._trade(order, Meeting(meeting.place, limit))
            else:
                self._trade(order, meeting)
        elif self._rules.stop_limit_in_bar is StopLimitInBar.PATH:
            self._look(order, meeting.place)
        elif self._rules.stop_limit_in_bar is StopLimitInBar.RANGE:
            walk = self._encounters.walk(order.terms.side)
            through = self._rules.limit_reach is Reach.THROUGH
            if walk is not None and walk.touches(limit, falling=order.waits_for_fall, through=through):
                self._trade(order, Meeting(meeting.place, limit, Liquidity.MAKER))

    def _trade(self, order: WorkingOrder, meeting: Meeting) -> None:
        terms, book, orders = order.terms, self._book, self._orders
        units = orders.units(order)
        if terms.reduce_only:
            units = min(units, self._reducible(terms))
            if units <= 0:
                self._end(order, ReportKind.CANCELLED, nothing_to_reduce(order, orders.account.position(terms.symbol)))
                return
        taking = book.taking(terms.side, units)
        if taking.on_offer is not None:
            quantity = min(units, EXACT.subtract(taking.on_offer, taking.used))
            if quantity <= 0:
                return
            taking = msgspec.structs.replace(taking, quantity=quantity)
        if order.needs_all and taking.quantity < order.remaining:
            return
        fill = orders.settle(
            f"{self._name}-{orders.fills + 1}",
            terms,
            order.progress,
            taking,
            price=meeting.price,
            liquidity=meeting.liquidity,
            ts_ns=self._ts_ns,
        )
        refusal = orders.unaffordable(order, fill)
        if refusal is not None:
            if self._rules.unaffordable is Unaffordable.CANCEL:
                self._end(order, ReportKind.CANCELLED, refusal)
            return
        siblings, exits = orders.siblings(terms.order_id), orders.exits(terms.order_id)
        alive = {one.cid for one in exits if orders.units(one) > 0}
        orders.fill(order, fill)
        self.effects.append(tell(order.cid, terms, ReportKind.FILLED, self._ts_ns, fill=fill))
        for sibling in siblings:
            self._take_off(sibling, fill.quantity)
        if order.cid not in orders.working:
            self._fit_exits(order, exits)
        for one in exits:
            if one.cid in orders.working and one.cid not in alive:
                self._fresh.add(one.cid)
                self._since.setdefault(one.cid, meeting.place)
                self._look(one, meeting.place)
                if one.terms.time_in_force in AT_ONCE and not meeting.place.leg:
                    self._now_or_never.append(one)

    def _take_off(self, order: WorkingOrder, quantity: Decimal) -> None:
        """Of what fills elsewhere in its group an order wants as much less."""
        if order.cid not in self._orders.working:
            return
        self._shrink(
            order, EXACT.subtract(order.terms.quantity, quantity), Refusal(OCO, f"{quantity} filled in its group")
        )

    def _shrink(self, order: WorkingOrder, quantity: Decimal, why: Refusal) -> None:
        if quantity <= order.filled:
            self._end(order, ReportKind.CANCELLED, why, alone=True)
            return
        terms = _resized(order.terms, quantity)
        self._orders.replace(order, terms, self._orders.shrunk_outlay(order, quantity))
        self._tell(order, ReportKind.REPLACED, why, terms)

    def _fit_exits(self, parent: WorkingOrder, exits: Iterable[WorkingOrder]) -> None:
        """Once an order is over its exits want no more than it has filled."""
        parent_id = parent.terms.order_id
        for one in exits:
            if one.cid not in self._orders.working:
                continue
            if parent.filled:
                self._fit(one, parent.filled)
            else:
                why = Refusal("parent_ended", f"{parent_id} has filled nothing")
                self._end(one, ReportKind.CANCELLED, why, alone=True)

    def _fit(self, order: WorkingOrder, filled: Decimal) -> None:
        """An exit wants no more than its group has left of what its parent, which is over, has filled."""
        group = self._orders.contingencies.group_of(order.terms.order_id)
        assert group is not None, order.cid
        left = EXACT.subtract(filled, group.filled)
        if left < order.remaining:
            why = Refusal("parent_ended", f"{order.terms.parent_id} has filled {filled}")
            self._shrink(order, EXACT.add(order.filled, left), why)

    def _end(self, order: WorkingOrder, kind: ReportKind, refusal: Refusal | None, *, alone: bool = False) -> None:
        """End an order and what hangs on it; `alone` where the others of its group do not end with it."""
        orders, terms = self._orders, order.terms
        siblings, exits = orders.siblings(terms.order_id), orders.exits(terms.order_id)
        orders.close(order.cid, terms.order_id)
        self._looked.pop(order.cid, None)
        self._tell(order, kind, refusal)
        for sibling in () if alone else siblings:
            if sibling.cid in orders.working:
                self._end(sibling, ReportKind.CANCELLED, Refusal(OCO, f"{terms.order_id} of its group has ended"))
        self._fit_exits(order, exits)

    # What follows the price.

    def _follow(self) -> None:
        """Move the trailing stops that the event has moved, and note each once."""
        for cid in self._book.followed() if not self._encounters.arriving else ():
            order = self._orders.working[cid]
            walk = self._encounters.walk(order.terms.side)
            if walk is None:
                continue
            stop = self._followed(order, walk)
            if stop != order.stop_price:
                self._orders.move(order, stop)
                self.effects.append(TriggerMoved(cid=cid, stop_price=stop))

    def _followed(self, order: WorkingOrder, walk: Walk) -> Decimal:
        """The stop price that the event leads to: by its close, its way, or its best price where no way is known; for
        one that came to life within it that may have been before."""
        since, instrument = self._since.get(order.cid, walk.start), self._book.instrument
        if self._rules.trail_by is TrailBy.PATH and isinstance(walk, NearerExtreme):
            stop = trail(order, walk, since, instrument).stop
            assert stop is not None, order.cid
            return stop
        knows_no_more = self._rules.trail_by is TrailBy.CLOSE or since.leg > 0
        best = walk.end.price if knows_no_more else walk.best(falling=order.is_buy)
        return follow(order, order.stop_price, best, instrument)

    # Helpers.

    def _reducible(self, terms: OrderTerms) -> Decimal:
        position = self._orders.account.position(terms.symbol)
        against = position.copy_negate() if terms.side is Side.BUY else position
        return max(ZERO, against)

    def _tell(
        self, order: WorkingOrder, kind: ReportKind, refusal: Refusal | None = None, terms: OrderTerms | None = None
    ) -> None:
        self.effects.append(tell(order.cid, order.terms, kind, self._ts_ns, refusal=refusal, terms=terms))


def _resized(terms: OrderTerms, quantity: Decimal) -> OrderTerms:
    return msgspec.structs.replace(terms, quantity=quantity)
