"""Everything fills at once at the reference price, whatever its limit, at no cost. Only the cash account is kept."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar

from brokers.simulated.costs import NoCommission, NoSlippage
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.matching import Match, MatchingRule, OnBars, OnQuotes, OnTrades, Reaching, price_of
from trading.instruments import Instrument
from trading.market_data import Quote
from trading.money import EXACT
from trading.orders import OrderTerms, Side
from trading.reports import Liquidity
from trading.subscriptions import DataKind


class AtReference:
    """Fills at the reference price of another rule; an order that comes before any price takes the first."""

    def __init__(self, rule: MatchingRule) -> None:
        self._rule = rule
        self.data = rule.data

    def reference(self, event: Any, side: Side, instrument: Instrument, /) -> Decimal | None:
        """The other rule's."""
        return self._rule.reference(event, side, instrument)

    def arriving(self, terms: OrderTerms, event: Any, instrument: Instrument, /) -> Match | None:
        """At the reference price."""
        price = self.reference(event, terms.side, instrument)
        return None if price is None else Match(price, Liquidity.TAKER)

    resting = arriving

    def reaching(self, _highest_buy: float, _lowest_sell: float, /) -> Reaching:
        """Any event of its data: what waits here waits for the first price."""
        return lambda event: type(event) is self.data


class Mid(OnQuotes):
    """Both sides meet the middle of the quote."""

    def reference(self, event: Quote, side: Side, instrument: Instrument, /) -> Decimal | None:
        """(bid + ask) / 2, on the tick against the trader; None while a side is missing."""
        bid, ask = price_of(event.bid, instrument), price_of(event.ask, instrument)
        if bid is None or ask is None:
            return None
        return instrument.worse_price(EXACT.divide(EXACT.add(bid, ask), Decimal(2)), side)


class PassthroughMarket(SimulatedMarket):
    """The simulated market without its matching: orders fill at the mid, the last trade or the last close."""

    name: ClassVar[str] = "passthrough"
    rules: ClassVar[Mapping[str, MatchingRule]] = MappingProxyType(
        {
            DataKind.QUOTES: AtReference(Mid()),
            DataKind.TRADES: AtReference(OnTrades()),
            DataKind.BARS: AtReference(OnBars()),
        }
    )

    def __init__(
        self, *, instruments: Mapping[str, Instrument], cash: Mapping[str, Decimal], match_on: Mapping[str, str]
    ) -> None:
        super().__init__(
            instruments=instruments, cash=cash, match_on=match_on, slippage=NoSlippage(), commission=NoCommission()
        )
