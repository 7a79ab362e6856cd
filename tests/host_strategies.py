"""Strategies for the tests of hosts: they say where they are by the reasons of their orders, and by what they raise."""

from collections.abc import Callable
from decimal import Decimal

from trading.market_data import Bar, Quote, Timer
from trading.orders import Order, Side
from trading.reports import Fill
from trading.strategy import Strategy


class Diarist(Strategy):
    """Writes down what it hears, asks for two orders at each odd bid and one at each fill; asked by a timer of the name
    "read" it tells all, as the reason of an order."""

    symbol: str
    quiet: bool = False

    def start(self) -> None:
        self.lines: list[str] = []
        self.past = 0
        self.subscribe(self.symbol, quotes=True)
        self.schedule("minute", every="1m")

    def on_bar(self, bar: Bar) -> None:
        self.past += self.warming
        if self.quiet:
            self.lines = [f"{self.past} past bars"]
        else:
            self.lines.append(f"{'past ' if self.warming else ''}bar {bar.close}")

    def on_quote(self, quote: Quote) -> None:
        self.lines.append(f"bid {quote.bid}")
        if quote.bid % 2:
            self.ask(f"bid {quote.bid:.0f}")
            self.ask(f"bid {quote.bid:.0f} again")

    def on_fill(self, fill: Fill) -> None:
        self.lines.append(f"fill {fill.order_id}")
        self.ask(f"fill of {fill.order_id}")

    def on_order(self, order: Order) -> None:
        self.lines.append(f"{order.order_id} {order.state}")

    def on_timer(self, timer: Timer) -> None:
        self.lines.append(f"timer {timer.name}")
        self.ask("; ".join(self.lines))

    def ask(self, reason: str) -> None:
        self.order(self.symbol, Side.BUY, 1 + self.random.randrange(9), limit_price=Decimal(1), reason=reason)


class Quiet(Strategy):
    """Asks for nothing at its start, and for one order at each odd bid."""

    symbol: str

    def on_quote(self, quote: Quote) -> None:
        if quote.bid % 2:
            self.buy(self.symbol, 1)


class Raising(Strategy):
    """Raises in one of its handlers."""

    symbol: str
    where: str = ""

    def start(self) -> None:
        self.subscribe(self.symbol, quotes=True)
        self.come_to("start")

    def come_to(self, where: str) -> None:
        if where == self.where:
            raise ZeroDivisionError(where)

    def on_bar(self, bar: Bar) -> None:
        self.come_to("past")

    def on_quote(self, quote: Quote) -> None:
        self.come_to("quote")
        if self.where == "never returns":
            while True:
                pass
        if self.where == "after orders":
            self.buy(self.symbol, 1)
            self.buy(self.symbol, 1)
            self.come_to("after orders")
        if self.where == "fill":
            self.buy(self.symbol, 1)

    def on_fill(self, fill: Fill) -> None:
        self.come_to("fill")

    def on_timer(self, timer: Timer) -> None:
        self.come_to("timer")


class Hoarding(Strategy):
    """Holds between an even bid and an odd one what no snapshot can carry."""

    symbol: str

    def start(self) -> None:
        self.thing: Callable[[], None] | None = None

    def on_quote(self, quote: Quote) -> None:
        self.thing = None if quote.bid % 2 else lambda: None
