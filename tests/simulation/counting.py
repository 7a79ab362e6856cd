"""A strategy that counts what it hears, and may be held up."""

import time
from pathlib import Path

from trading.market_data import Bar, Quote, Timer, Trade
from trading.orders import Order
from trading.reports import Fill
from trading.strategy import Strategy


class Counts(Strategy):
    """Counts all that it hears, and buys at each `buys_every`-th trade.

    While the file `gate` is there it waits in `on_quote`; while `mood` is there it buys nothing. Over each quote it
    sleeps or spins for so many microseconds.
    """

    symbols: list[str]
    gate: str = ""
    mood: str = ""
    buys_every: int = 5
    bars_of: str = "10s"
    sleeps_us: int = 0
    spins_us: int = 0

    def start(self) -> None:
        self.quotes = self.trades = self.bars = self.timers = self.fills = self.orders = 0
        self.last_quote: dict[str, float] = {}
        self.schedule("tick", every="5s")
        for symbol in self.symbols:
            self.subscribe(symbol, quotes=True, trades=True, bars=self.bars_of)

    def on_quote(self, quote: Quote) -> None:
        self.quotes += 1
        self.last_quote[quote.symbol] = quote.bid
        while self.gate and Path(self.gate).exists():
            time.sleep(0.001)
        if self.sleeps_us:
            time.sleep(self.sleeps_us / 1e6)
        if self.spins_us:
            until = time.perf_counter() + self.spins_us / 1e6
            while time.perf_counter() < until:
                pass

    def on_trade(self, trade: Trade) -> None:
        self.trades += 1
        if self.trades % self.buys_every == 0 and not (self.mood and Path(self.mood).exists()):
            self.buy(trade.symbol, 1)

    def on_bar(self, bar: Bar) -> None:
        self.bars += 1

    def on_timer(self, timer: Timer) -> None:
        self.timers += 1

    def on_fill(self, fill: Fill) -> None:
        self.fills += 1

    def on_order(self, order: Order) -> None:
        self.orders += 1
