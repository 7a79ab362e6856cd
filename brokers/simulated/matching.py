"""At what price an order meets the market, for each kind of data.

| data   | market order                       | limit on arrival            | limit at rest                            |
|--------|------------------------------------|-----------------------------|------------------------------------------|
| quotes | other side, at once or at the next | other side, if within limit | its limit, once the other side is within |
| trades | last price, at once or at the next | last price, if within limit | its limit, once a trade is within        |
| bars   | next open                          | rests                       | open if within, else its limit if a bar  |
|        |                                    |                             | touches it                               |
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, Protocol

import msgspec

from trading.instruments import Instrument
from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.orders import OrderTerms, Side
from trading.reports import Liquidity
from trading.subscriptions import DataKind


class Match(msgspec.Struct, frozen=True):
    """A price before slippage, and whether the order takes or makes liquidity there."""

    price: Decimal
    liquidity: Liquidity


Reaching = Callable[[MarketEvent], bool]
"""Whether an event, of any kind, may fill some resting orders of its symbol."""


class MatchingRule(Protocol):
    """Judges orders by one kind of data; every event it is given is of the type `data`."""

    data: type[MarketEvent]

    def reference(self, event: Any, side: Side, instrument: Instrument, /) -> Decimal | None:
        """What a unit costs or brings at that event; None when the event has no price for that side."""

    def arriving(self, terms: OrderTerms, event: Any, instrument: Instrument, /) -> Match | None:
        """Where a new order fills at once, given the last event; None when it rests."""

    def resting(self, terms: OrderTerms, event: Any, instrument: Instrument, /) -> Match | None:
        """Where a resting order fills in a new event; None when it rests on."""

    def reaching(self, highest_buy: float, lowest_sell: float, /) -> Reaching:
        """What may fill orders that rest within such `edges`: now and then more than does, never less."""


class _OnTicks(ABC):
    """Quotes and trades alike: a new order takes the reference price, a resting limit waits for it to come."""

    @abstractmethod
    def reference(self, event: Any, side: Side, instrument: Instrument, /) -> Decimal | None:
        """What a unit costs or brings."""

    def arriving(self, terms: OrderTerms, event: Any, instrument: Instrument, /) -> Match | None:
        """At the reference price, if that is within the limit."""
        price = self.reference(event, terms.side, instrument)
        if price is None or not within_limit(price, terms):
            return None
        return Match(price, Liquidity.TAKER)

    def resting(self, terms: OrderTerms, event: Any, instrument: Instrument, /) -> Match | None:
        """At its limit once the reference price is within it; a market order that found no price takes this one."""
        match = self.arriving(terms, event, instrument)
        if match is None or terms.limit_price is None:
            return match
        return Match(terms.limit_price, Liquidity.MAKER)


class OnQuotes(_OnTicks):
    """Buys meet the ask, sells the bid."""

    data: type[MarketEvent] = Quote

    def reference(self, event: Quote, side: Side, instrument: Instrument, /) -> Decimal | None:
        """The other side of the quote."""
        return price_of(event.ask if side is Side.BUY else event.bid, instrument)

    def reaching(self, highest_buy: float, lowest_sell: float, /) -> Reaching:
        """The ask comes down to a buy or the bid up to a sell."""
        return lambda event: type(event) is Quote and (0.0 < event.ask <= highest_buy or event.bid >= lowest_sell)


class OnTrades(_OnTicks):
    """Both sides meet the last trade."""

    data: type[MarketEvent] = Trade

    def reference(self, event: Trade, _side: Side, instrument: Instrument, /) -> Decimal | None:
        """The price of the trade."""
        return price_of(event.price, instrument)

    def reaching(self, highest_buy: float, lowest_sell: float, /) -> Reaching:
        """The price comes to either."""
        return lambda event: type(event) is Trade and (0.0 < event.price <= highest_buy or event.price >= lowest_sell)


class OnBars:
    """Nothing fills in the bar that is over; the next one is met at its open, then wherever it went."""

    data: type[MarketEvent] = Bar

    def reference(self, event: Bar, _side: Side, instrument: Instrument, /) -> Decimal | None:
        """The close."""
        return price_of(event.close, instrument)

    def arriving(self, _terms: OrderTerms, _event: Bar, _instrument: Instrument, /) -> Match | None:
        """Nowhere: the order waits for the next bar."""
        return None

    def resting(self, terms: OrderTerms, event: Bar, instrument: Instrument, /) -> Match | None:
        """At the open, as taker of a price that was there; else at the limit, as maker, when the bar touched it."""
        price = price_of(event.open, instrument)
        if price is not None and within_limit(price, terms):
            return Match(price, Liquidity.TAKER)
        furthest = price_of(event.low if terms.side is Side.BUY else event.high, instrument)
        if terms.limit_price is None or furthest is None or not within_limit(furthest, terms):
            return None
        return Match(terms.limit_price, Liquidity.MAKER)

    def reaching(self, highest_buy: float, lowest_sell: float, /) -> Reaching:
        """Low or open come to a buy, high or open to a sell; faulty data has an open outside of low and high."""

        def reached(event: MarketEvent) -> bool:
            return type(event) is Bar and (
                0.0 < event.low <= highest_buy
                or event.high >= lowest_sell
                or 0.0 < event.open <= highest_buy
                or event.open >= lowest_sell
            )

        return reached


RULES: Final[Mapping[str, MatchingRule]] = MappingProxyType(
    {DataKind.QUOTES: OnQuotes(), DataKind.TRADES: OnTrades(), DataKind.BARS: OnBars()}
)

SMALLEST_PRICE: Final = math.ulp(0.0)
"""Every price is at or above it, and zero, which is no price, below."""


def price_of(price: float, instrument: Instrument) -> Decimal | None:
    """A data price as Decimal; None where the data has none: an empty side comes as zero or not a number."""
    return instrument.exact_price(price) if 0.0 < price < math.inf else None


def within_limit(price: Decimal, terms: OrderTerms) -> bool:
    """Whether an order may trade at a price; a market order always may."""
    if terms.limit_price is None:
        return True
    return price <= terms.limit_price if terms.side is Side.BUY else price >= terms.limit_price


def edges(orders: Iterable[OrderTerms]) -> dict[str, tuple[float, float]]:
    """By symbol the highest limit of the buys and the lowest of the sells, as floats; a market order's is any price.

    A price that is within a limit is also within the limit's float: the shortest text of a price gives that same
    float again, and rounding to a float never turns an order around. So floats err on the side of reaching.
    """
    found: dict[str, tuple[float, float]] = {}
    for terms in orders:
        buy, sell = found.get(terms.symbol, (0.0, math.inf))
        limit = terms.limit_price
        if terms.side is Side.BUY:
            buy = max(buy, math.inf if limit is None else float(limit))
        else:
            sell = min(sell, SMALLEST_PRICE if limit is None else float(limit))
        found[terms.symbol] = buy, sell
    return found
