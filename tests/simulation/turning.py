"""A strategy that is never done: it buys what it does not have, and sells what it has."""

from trading.market_data import Quote, Trade
from trading.strategy import Strategy


class Turns(Strategy):
    """At each trade of `signal` it buys a unit of `symbol`, or sells the one that it holds. It keeps the bids that it
    hears."""

    symbol: str
    signal: str

    def start(self) -> None:
        self.bids: list[float] = []
        self.subscribe(self.symbol, quotes=True)
        self.subscribe(self.signal, trades=True)

    def on_quote(self, quote: Quote) -> None:
        self.bids.append(quote.bid)

    def on_trade(self, trade: Trade) -> None:
        if self.position(self.symbol):
            self.sell(self.symbol, 1)
        else:
            self.buy(self.symbol, 1)
