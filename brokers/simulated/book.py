"""One symbol at the simulated market: the last event, what is left of it, and where its orders wait."""

import math
from decimal import Decimal

from brokers.simulated.costs import Taking
from brokers.simulated.ladder import Ladder
from brokers.simulated.rules import BarPrice, MarketRules
from brokers.simulated.tape import Depth, Tape, floor_of
from brokers.simulated.walk import Point, Walk
from trading.instruments import Instrument
from trading.market_data import Bar, MarketEvent
from trading.orders import Side
from trading.sessions import Sessions


class SymbolBook:
    """`last` is the last event of the data that it is matched on, `before` the one before it; `interval_ns` is that of
    its bars, 0 before the first."""

    __slots__ = ("before", "depth", "floor", "instrument", "interval_ns", "ladder", "last", "rules", "sessions", "tape")

    def __init__(self, instrument: Instrument, tape: Tape, rules: MarketRules, sessions: Sessions) -> None:
        self.instrument = instrument
        self.floor = floor_of(instrument)
        self.tape = tape
        self.rules = rules
        self.sessions = sessions
        self.last: MarketEvent | None = None
        self.before: MarketEvent | None = None
        self.depth = Depth(rules.volume_share)
        self.ladder = Ladder()
        self.interval_ns = 0

    def hear(self, event: MarketEvent) -> bool:
        """Take an event as the current price; False, and nothing taken, for data that is not matched on."""
        if type(event) is not self.tape.data:
            return False
        if type(event) is Bar and event.interval_ns != self.interval_ns:
            if self.interval_ns:
                return False
            self.interval_ns = event.interval_ns
        self.before, self.last = self.last, event
        if self.depth.used:
            self.depth.open()
        return True

    def forget(self, until_ns: int) -> None:
        """Know no more of the events up to a time: a split has made their prices those of another unit."""
        if self.before is not None and self.before.ts_ns <= until_ns:
            self.before = None
        if self.last is not None and self.last.ts_ns <= until_ns:
            self.last = None
            self.depth.open()

    def counts(self, event: MarketEvent) -> bool:
        """Whether an event of its kind of data is matched on.

        Of bars, only those of the interval first heard: longer ones are built of them, later, and their open is past.
        """
        return type(event) is not Bar or self.interval_ns in (0, event.interval_ns)

    def reference(self, side: Side) -> Decimal | None:
        """The price of that side now, None before the first event."""
        return None if self.last is None else self._reference(self.last, side)

    def earlier_reference(self, side: Side) -> Decimal | None:
        """The price of that side before the last event."""
        return None if self.before is None else self._reference(self.before, side)

    def times(self) -> tuple[int, int]:
        """When the last event begins and ends, in ns."""
        assert self.last is not None
        return self.tape.begin_ns(self.last), self.last.ts_ns

    def walk(self, side: Side) -> Walk | None:
        """How the last event went for a side; None where it has no price."""
        return None if self.last is None else self.tape.walk(self.last, side, self.instrument, self.rules)

    @property
    def meets_now(self) -> bool:
        """Whether a new order meets what is there now, rather than the next event."""
        return not self.tape.waits or self.rules.bar_price is BarPrice.THIS_CLOSE

    def arrival(self, side: Side) -> Walk | None:
        """What a new order meets at once; None where it waits for the next event, or there is no price."""
        price = self.reference(side) if self.meets_now else None
        return None if price is None else Point(price)

    def reached(self) -> list[str]:
        """The orders for which the last event may have brought something, judged in floats."""
        event, ladder = self.last, self.ladder
        assert event is not None
        low, high = self.tape.span(event, Side.BUY, self.rules, self.floor)
        found = ladder.buys.reached(low, high)
        low, high = self.tape.span(event, Side.SELL, self.rules, self.floor)
        found += ladder.sells.reached(low, high)
        if self.tape.waits and (ladder.followers.falls or ladder.followers.rises):
            found = list(dict.fromkeys([*found, *self.followed()]))  # a stop that has followed may meet the way back
        return [*found, *ladder.always, *ladder.auctions] if ladder.always or ladder.auctions else found

    def followed(self) -> list[str]:
        """The trailing stops that the last event may move."""
        event, followers = self.last, self.ladder.followers
        if event is None or not (followers.falls or followers.rises):
            return []
        lowest = self.tape.span(event, Side.BUY, self.rules, self.floor)[0]
        highest = self.tape.span(event, Side.SELL, self.rules, self.floor)[1]
        return followers.reached(lowest, math.nan) + followers.reached(math.nan, highest)

    def taking(self, side: Side, quantity: Decimal) -> Taking:
        """A fill of so many units out of the last event, as costs are reckoned of it."""
        event = self.last
        assert event is not None
        size = self.tape.size(event, side)
        return Taking(
            instrument=self.instrument,
            side=side,
            quantity=quantity,
            on_offer=self.depth.on_offer(self.tape, event, side, self.instrument),
            volume=Decimal(repr(size)) if 0.0 < size < math.inf else None,
            used=self.depth.taken(self.tape, side),
            spread=self.tape.spread(event, self.instrument),
        )

    def _reference(self, event: MarketEvent, side: Side) -> Decimal | None:
        return self.tape.reference(event, side, self.instrument, self.rules)
