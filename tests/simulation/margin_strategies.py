"""A strategy that is long and short in turn, and takes note of what befalls its book."""

from decimal import Decimal

from trading.market_data import Bar
from trading.orders import Order
from trading.postings import Posting
from trading.strategy import Strategy


class Swings(Strategy):
    """At each bar it draws a target between short and long of `most` units, or leaves things as they are."""

    symbol: str
    most: Decimal

    def start(self) -> None:
        self.befell: dict[str, int] = {}
        self.received: dict[str, Decimal] = {}
        self.refused: dict[str, int] = {}

    def on_bar(self, bar: Bar) -> None:
        drawn = self.random.randrange(-4, 5)
        if abs(drawn) > 1:
            self.target(self.symbol, self.most * drawn / 4)

    def on_order(self, order: Order) -> None:
        if order.code:
            self.refused[order.code] = self.refused.get(order.code, 0) + 1

    def on_posting(self, posting: Posting) -> None:
        self.befell[posting.kind] = self.befell.get(posting.kind, 0) + 1
        for currency, amount in posting.cash.items():
            self.received[currency] = self.received.get(currency, Decimal(0)) + amount
