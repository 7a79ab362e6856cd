"""What each kind of data tells of the market: where a trader meets it, how it went, and how much was there."""

import math
from abc import abstractmethod
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar, Final, Protocol

from brokers.simulated.rules import BarPrice, MarketRules, QuotePrice
from brokers.simulated.walk import Point, Walk, walk_of_bar
from trading.instruments import Instrument
from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.money import EXACT, ROUNDING, ZERO
from trading.orders import Side
from trading.subscriptions import DataKind

NOWHERE: Final = (math.nan, math.nan)
"""The lowest and highest price of an event that has none: no price is within reach of them."""


class Tape(Protocol):
    """Reads one kind of event; every event that it is given is of the type `data`."""

    data: ClassVar[type[MarketEvent]]
    waits: ClassVar[bool]

    @abstractmethod
    def reference(self, event: Any, side: Side, instrument: Instrument, rules: MarketRules) -> Decimal | None:
        """What a unit costs or brings at the end of the event; None when it has no price for that side."""

    @abstractmethod
    def span(self, event: Any, side: Side, rules: MarketRules, floor: float = 0.0) -> tuple[float, float]:
        """The lowest and highest price that an order of that side could meet; at or below the floor there is none."""

    @abstractmethod
    def walk(self, event: Any, side: Side, instrument: Instrument, rules: MarketRules) -> Walk | None:
        """How the price for that side went; None where a price is missing."""

    @abstractmethod
    def size(self, event: Any, side: Side) -> float:
        """How many units were there for that side; the same units for both, except on quotes."""

    def begin_ns(self, event: Any) -> int:
        """When the event begins."""
        return int(event.ts_ns)

    def spread(self, _event: Any, _instrument: Instrument) -> Decimal | None:
        """Ask less bid, None where there are none."""
        return None


class QuoteTape(Tape):
    """Buys meet the ask, sells the bid, or both the middle."""

    data = Quote
    waits = False

    def reference(self, event: Quote, side: Side, instrument: Instrument, rules: MarketRules) -> Decimal | None:
        """The other side of the quote; the middle is rounded to the tick against the trader, though not beyond it."""
        if rules.quote_price is QuotePrice.BID_ASK:
            return side_of(event.ask if side is Side.BUY else event.bid, instrument)
        bid, ask = side_of(event.bid, instrument), side_of(event.ask, instrument)
        if bid is None or ask is None:
            return None
        middle = EXACT.divide(EXACT.add(bid, ask), Decimal(2))
        return min(max(instrument.worse_price(middle, side), min(bid, ask)), max(bid, ask))

    def span(self, event: Quote, side: Side, rules: MarketRules, floor: float = 0.0) -> tuple[float, float]:
        """The price that is met; of the middle no more is told than that it lies between bid and ask."""
        if rules.quote_price is QuotePrice.MID:
            low, high = min(event.bid, event.ask), max(event.bid, event.ask)
            return (low, high) if low and high and floor < low and high < math.inf else NOWHERE
        price = event.ask if side is Side.BUY else event.bid
        return (price, price) if price and floor < price < math.inf else NOWHERE

    def walk(self, event: Quote, side: Side, instrument: Instrument, rules: MarketRules) -> Walk | None:
        """One point."""
        price = self.reference(event, side, instrument, rules)
        return None if price is None else Point(price)

    def size(self, event: Quote, side: Side) -> float:
        """The size of the other side."""
        return event.ask_size if side is Side.BUY else event.bid_size

    def spread(self, event: Quote, instrument: Instrument) -> Decimal | None:
        """Ask less bid."""
        bid, ask = side_of(event.bid, instrument), side_of(event.ask, instrument)
        return None if bid is None or ask is None else EXACT.subtract(ask, bid)


class TradeTape(Tape):
    """Both sides meet the last trade."""

    data = Trade
    waits = False

    def reference(self, event: Trade, _side: Side, instrument: Instrument, _rules: MarketRules) -> Decimal | None:
        """The price of the trade."""
        return price_of(event.price, instrument)

    def span(self, event: Trade, _side: Side, _rules: MarketRules, floor: float = 0.0) -> tuple[float, float]:
        """Its one price."""
        return (event.price, event.price) if floor < event.price < math.inf else NOWHERE

    def walk(self, event: Trade, _side: Side, instrument: Instrument, _rules: MarketRules) -> Walk | None:
        """One point."""
        price = price_of(event.price, instrument)
        return None if price is None else Point(price)

    def size(self, event: Trade, _side: Side) -> float:
        """Its size."""
        return event.size


class BarTape(Tape):
    """A new order waits for the next bar, unless the rules say that it meets this close."""

    data = Bar
    waits = True

    def reference(self, event: Bar, _side: Side, instrument: Instrument, _rules: MarketRules) -> Decimal | None:
        """The close."""
        return price_of(event.close, instrument)

    def span(self, event: Bar, _side: Side, _rules: MarketRules, floor: float = 0.0) -> tuple[float, float]:
        """From low to high; faulty data has its open or close outside of them."""
        low, high = min(event.low, event.open, event.close), max(event.high, event.open, event.close)
        return (low, high) if low > floor and high < math.inf else NOWHERE

    def walk(self, event: Bar, _side: Side, instrument: Instrument, rules: MarketRules) -> Walk | None:
        """The way of the bar."""
        prices = self._prices(event, instrument)
        return None if prices is None else walk_of_bar(prices, rules.path)

    def market_price(self, event: Bar, side: Side, instrument: Instrument, rules: MarketRules) -> Decimal | None:
        """What a market order meets instead of the open; None when it is the open.

        The typical price, a third of high, low and close, stands for the mean price that a bar does not tell; it is
        rounded to the tick against the trader, though not beyond the bar.
        """
        prices = self._prices(event, instrument) if rules.bar_price is BarPrice.NEXT_TYPICAL else None
        if prices is None:
            return None
        _, high, low, close = prices
        mean = ROUNDING.divide(EXACT.add(EXACT.add(high, low), close), Decimal(3))
        return min(max(instrument.worse_price(mean, side), low), high)

    def size(self, event: Bar, _side: Side) -> float:
        """Its volume."""
        return event.volume

    def begin_ns(self, event: Bar) -> int:
        """Its close less its interval."""
        return event.ts_ns - event.interval_ns

    @staticmethod
    def _prices(event: Bar, instrument: Instrument) -> tuple[Decimal, Decimal, Decimal, Decimal] | None:
        open_, high = price_of(event.open, instrument), price_of(event.high, instrument)
        low, close = price_of(event.low, instrument), price_of(event.close, instrument)
        if open_ is None or high is None or low is None or close is None:
            return None
        return open_, high, low, close


TAPES: Final[Mapping[str, Tape]] = MappingProxyType(
    {DataKind.QUOTES: QuoteTape(), DataKind.TRADES: TradeTape(), DataKind.BARS: BarTape()}
)


def floor_of(instrument: Instrument) -> float:
    """What a price must be above to be one."""
    return -math.inf if instrument.may_be_negative else 0.0


def price_of(price: float, instrument: Instrument) -> Decimal | None:
    """A data price as Decimal; None where the data has none. Only of a future one at or below zero is a price."""
    if 0.0 < price < math.inf:
        return instrument.exact_price(price)
    return instrument.exact_price(price + 0.0) if floor_of(instrument) < price <= 0.0 else None


def side_of(price: float, instrument: Instrument) -> Decimal | None:
    """The price of one side of a quote: an empty side comes as zero or not a number, of any instrument."""
    return price_of(price, instrument) if price else None


class Depth:
    """How much of the last event may still be taken."""

    def __init__(self, share: Decimal | None) -> None:
        self.used: dict[str, Decimal] = {}
        self._share = share

    def open(self) -> None:
        """A new event: nothing of it is taken yet."""
        self.used = {}

    def on_offer(self, tape: Tape, event: MarketEvent, side: Side, instrument: Instrument) -> Decimal | None:
        """The share of an event's size in whole lots; None where sizes are not looked at."""
        if self._share is None:
            return None
        size = tape.size(event, side)
        if not 0.0 < size < math.inf:
            return ZERO
        return instrument.whole_lots(ROUNDING.multiply(Decimal(repr(size)), self._share))

    def taken(self, tape: Tape, side: Side) -> Decimal:
        """What is used already of what is there for a side."""
        return self.used.get(_pool(tape, side), ZERO)

    def take(self, tape: Tape, side: Side, quantity: Decimal) -> None:
        """Use some of it."""
        pool = _pool(tape, side)
        self.used[pool] = EXACT.add(self.used.get(pool, ZERO), quantity)


def _pool(tape: Tape, side: Side) -> str:
    """Bid and ask have sizes of their own; the volume of a bar or a trade is one for both sides."""
    return side.value if tape.data is Quote else ""
