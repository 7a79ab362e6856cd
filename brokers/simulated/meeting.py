"""Where an order meets the market in one event, and at which price before slippage."""

from decimal import Decimal
from typing import NamedTuple

from brokers.simulated.book import SymbolBook
from brokers.simulated.rules import Gap, Reach, TrailBy
from brokers.simulated.tape import BarTape
from brokers.simulated.trailing import trail
from brokers.simulated.walk import Place, Walk
from brokers.simulated.working import AT_ONCE, AUCTIONS, STOPS, WorkingOrder
from trading.orders import OrderTerms, OrderType, Side
from trading.reports import Liquidity


class Meeting(NamedTuple):
    """Where an order meets the market, at which price before slippage, and whether it wakes there or fills."""

    place: Place
    price: Decimal
    liquidity: Liquidity = Liquidity.TAKER
    wakes: bool = False


class Encounters:
    """The meetings of one symbol's orders with its last event, or with what is there now for one that is `arriving`."""

    def __init__(self, book: SymbolBook, *, arriving: bool) -> None:
        self.arriving = arriving
        self._book = book
        self._rules = book.rules
        self._walks: dict[Side, Walk | None] = {}

    def walk(self, side: Side) -> Walk | None:
        """How the price for a side went; None where it has none."""
        if side not in self._walks:
            self._walks[side] = self._book.arrival(side) if self.arriving else self._book.walk(side)
        return self._walks[side]

    def next(self, order: WorkingOrder, walk: Walk, after: Place, *, fresh: bool) -> Meeting | None:
        """The first meeting of an order at or after a place; `fresh` orders have not rested before it."""
        terms = order.terms
        if terms.type in AUCTIONS:
            return self._at_auction(order, walk)
        if terms.time_in_force in AT_ONCE and after != walk.start:
            return None
        if order.sleeps:
            return self._waking(order, walk, after, fresh=fresh)
        if terms.limit_price is None:
            return Meeting(after, self._market_price(terms.side, after, walk))
        return self._at_limit(order, terms.limit_price, walk, after, fresh=fresh)

    def _waking(self, order: WorkingOrder, walk: Walk, after: Place, *, fresh: bool) -> Meeting | None:
        stop = order.stop_price
        if order.terms.type is OrderType.TRAILING_STOP and self._rules.trail_by is TrailBy.PATH:
            place = trail(order, walk, after, self._book.instrument).place
        elif stop is None:
            return None
        else:
            place = walk.meet(
                stop,
                falling=order.waits_for_fall,
                after=after,
                adverse=order.terms.type in STOPS,
                through=False,
            )
        if place is None:
            return None
        jumped = place == after and not fresh and order.terms.type in STOPS and self._rules.stop_gap is Gap.ORDER
        return Meeting(place, stop if jumped and stop is not None else place.price, wakes=True)

    def _at_limit(
        self, order: WorkingOrder, limit: Decimal, walk: Walk, after: Place, *, fresh: bool
    ) -> Meeting | None:
        terms, at_once = order.terms, order.terms.time_in_force in AT_ONCE
        if (fresh or at_once) and not terms.post_only and within_limit(after.price, terms):
            return Meeting(after, after.price)
        if at_once:
            return None
        place = walk.meet(
            limit,
            falling=order.waits_for_fall,
            after=after,
            adverse=False,
            through=self._rules.limit_reach is Reach.THROUGH,
        )
        if place is None:
            return None
        if place == after and not terms.post_only and self._opens_within():
            return Meeting(place, place.price)
        return Meeting(place, limit, Liquidity.MAKER)

    def _opens_within(self) -> bool:
        """Whether a resting limit that the market has jumped over trades at the market."""
        return isinstance(self._book.tape, BarTape) and self._rules.limit_gap is Gap.MARKET

    def _at_auction(self, order: WorkingOrder, walk: Walk) -> Meeting | None:
        begin_ns, end_ns = self._book.times()
        if order.terms.type is OrderType.ON_OPEN:
            return Meeting(walk.start, walk.start.price) if self._has_opened(order) else None
        if begin_ns < order.session_ns <= end_ns:
            return Meeting(walk.end, walk.end.price)
        earlier = self._book.earlier_reference(order.terms.side)
        if begin_ns < order.session_ns or earlier is None:
            return None
        return Meeting(walk.start, earlier)

    def is_past_auction(self, order: WorkingOrder) -> bool:
        """Whether what an order waits for is over with this event: an open, or a close within a bar, if it has a price;
        a close before it in any case."""
        if order.terms.type not in AUCTIONS:
            return False
        begin_ns, end_ns = self._book.times()
        if order.terms.type is OrderType.ON_CLOSE and begin_ns >= order.session_ns:
            return True
        is_now = self._has_opened(order) if order.terms.type is OrderType.ON_OPEN else end_ns >= order.session_ns
        return is_now and self.walk(order.terms.side) is not None

    def _has_opened(self, order: WorkingOrder) -> bool:
        begin_ns, end_ns = self._book.times()
        return end_ns > order.session_ns if begin_ns < end_ns else end_ns >= order.session_ns

    def _market_price(self, side: Side, place: Place, walk: Walk) -> Decimal:
        book = self._book
        if isinstance(book.tape, BarTape) and not self.arriving and place == walk.start:
            assert book.last is not None
            price = book.tape.market_price(book.last, side, book.instrument, book.rules)  # type: ignore[arg-type]
            return place.price if price is None else price
        return place.price


def within_limit(price: Decimal, terms: OrderTerms) -> bool:
    """Whether an order may trade at a price; one without a limit always may."""
    if terms.limit_price is None:
        return True
    return price <= terms.limit_price if terms.side is Side.BUY else price >= terms.limit_price
