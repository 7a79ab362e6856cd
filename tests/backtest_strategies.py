"""Strategies for backtests: each does one thing at bars that a test counts, so that its end is known."""

from decimal import Decimal

from trading.market_data import Bar, Quote, Trade
from trading.orders import Order, OrderState, Side
from trading.reports import Fill
from trading.strategy import Strategy


class Plays(Strategy):
    """After its nth event it wants to hold the nth of `holds`, after the last of them it leaves things as they are."""

    symbol: str
    holds: tuple[Decimal, ...]

    def start(self) -> None:
        self.heard = 0
        self.subscribe(self.symbol, bars="1m")

    def on_bar(self, bar: Bar) -> None:
        self.play()

    def play(self) -> None:
        if self.heard < len(self.holds):
            self.target(self.symbol, self.holds[self.heard])
        self.heard += 1


class PlaysQuotes(Plays):
    """The same by quotes."""

    def start(self) -> None:
        self.heard = 0
        self.subscribe(self.symbol, quotes=True)

    def on_quote(self, quote: Quote) -> None:
        self.play()


class PlaysTrades(Plays):
    """The same by trades."""

    def start(self) -> None:
        self.heard = 0
        self.subscribe(self.symbol, trades=True)

    def on_trade(self, trade: Trade) -> None:
        self.play()


class Brackets(Strategy):
    """Buys at its first bar, with exits that stand far off, and rests one more order below the market."""

    symbol: str
    quantity: Decimal = Decimal(10)

    def start(self) -> None:
        self.bars = 0

    def on_bar(self, bar: Bar) -> None:
        self.bars += 1
        if self.bars == 1:
            close = Decimal(str(bar.close))
            self.bracket(self.symbol, Side.BUY, self.quantity, stop_loss=close / 2, take_profit=close * 2)
            self.buy(self.symbol, 5, limit_price=round(close / 2))


class Reopens(Strategy):
    """Answers every fill, and every order of its that is cancelled, with an order more."""

    symbol: str

    def start(self) -> None:
        self.bars = 0

    def on_bar(self, bar: Bar) -> None:
        self.bars += 1
        if self.bars == 1:
            self.buy(self.symbol, 10)
            self.buy(self.symbol, 1, limit_price=1)

    def on_fill(self, fill: Fill) -> None:
        self.buy(self.symbol, 10)

    def on_order(self, order: Order) -> None:
        if order.state is OrderState.CANCELLED:
            self.buy(self.symbol, 1, limit_price=1)


class Fails(Strategy):
    """Buys at its first bar, and raises at its nth."""

    symbol: str
    at: int
    quantity: Decimal = Decimal(10)

    def start(self) -> None:
        self.bars = 0

    def on_bar(self, bar: Bar) -> None:
        self.bars += 1
        if self.bars == 1:
            self.buy(self.symbol, self.quantity)
        if self.bars == self.at:
            raise ZeroDivisionError(f"at bar {self.at}")


class FailsAtLast(Strategy):
    """Buys at its first bar, and raises when it hears that what it held is sold."""

    symbol: str

    def on_bar(self, bar: Bar) -> None:
        if not self.position(self.symbol):
            self.buy(self.symbol, 10)

    def on_fill(self, fill: Fill) -> None:
        if fill.side is Side.SELL:
            raise ValueError("it is sold")


class Flips(Strategy):
    """Goes in and out at each quote, and changes its mind about an order that rests."""

    symbol: str

    def on_quote(self, quote: Quote) -> None:
        self.target(self.symbol, 0 if self.position(self.symbol) else 10)
        for order in self.open_orders():
            self.cancel(order.order_id)
        self.buy(self.symbol, 1, limit_price=1)
