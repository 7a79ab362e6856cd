"""One symbol at the simulated market: the current price and the orders that work."""

from decimal import Decimal

import msgspec

from brokers.simulated.matching import Match, MatchingRule
from trading.instruments import Instrument
from trading.market_data import Bar, MarketEvent
from trading.orders import OrderTerms, Side


class WorkingOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that rests. `outlay` is what it would take from the account, by currency code; empty for a sell."""

    cid: str
    terms: OrderTerms
    outlay: dict[str, Decimal]


class SymbolBook:
    """Its rule, the last event of the data that it is matched on, its working orders in order of arrival."""

    __slots__ = ("_data", "_interval_ns", "instrument", "last", "orders", "rule")

    def __init__(self, instrument: Instrument, rule: MatchingRule) -> None:
        self.instrument = instrument
        self.rule = rule
        self.last: MarketEvent | None = None
        self.orders: dict[str, WorkingOrder] = {}
        self._data = rule.data
        self._interval_ns = 0

    def hear(self, event: MarketEvent) -> bool:
        """Take an event as the current price; False, and nothing taken, for data that is not matched on."""
        if type(event) is not self._data:
            return False
        if type(event) is Bar:
            if not self.counts(event):
                return False
            self._interval_ns = event.interval_ns
        self.last = event
        return True

    def counts(self, event: MarketEvent) -> bool:
        """Whether an event of its kind of data is matched on.

        Of bars, only those of the interval first heard: longer ones are built of them, later, and their open is past.
        """
        return type(event) is not Bar or self._interval_ns in (0, event.interval_ns)

    def reference(self, side: Side) -> Decimal | None:
        """The price of that side now, None before the first event."""
        return None if self.last is None else self.rule.reference(self.last, side, self.instrument)

    def arriving(self, terms: OrderTerms) -> Match | None:
        """Where a new order fills at once."""
        return None if self.last is None else self.rule.arriving(terms, self.last, self.instrument)
