"""Strategies that use all that a strategy may: timers, its own randomness, cancels, and state of many kinds."""

from collections import deque
from collections.abc import Callable
from decimal import Decimal

from trading.market_data import Bar, Quote, Timer
from trading.orders import Order, OrderType, Side, TimeInForce
from trading.reports import Fill
from trading.strategy import Strategy

OUTSIDE: dict[str, Callable[[], object]] = {}
"""What a test lets a strategy reach that no journal knows of, by the strategy's id: a clock to hold up, a counter."""


class Restless(Strategy):
    """Every minute it draws lots: rest an order near the market, cancel its oldest, or trade at once."""

    symbol: str
    tick_size: Decimal = Decimal("0.01")

    def start(self) -> None:
        self.bid = 0.0
        self.lately: deque[str] = deque(maxlen=5)
        self.drawn: dict[str, int] = {}
        self.schedule("draw", every="1m")
        self.subscribe(self.symbol, quotes=True)

    def on_quote(self, quote: Quote) -> None:
        self.bid = quote.bid

    def on_timer(self, timer: Timer) -> None:
        lot = self.random.choice(("rest", "rest", "cancel", "trade", "again"))
        self.drawn[lot] = self.drawn.get(lot, 0) + 1
        if lot == "rest" and self.bid:
            away = Decimal(self.random.randrange(1, 8)) * self.tick_size
            side = Side.SELL if self.position(self.symbol) >= 10 else Side.BUY
            price = round(Decimal(str(self.bid)) + (away if side is Side.SELL else -away), 2)
            self.order(self.symbol, side, 10, limit_price=price)
        elif lot == "cancel":
            for order in self.open_orders()[:1]:
                self.cancel(order.order_id)
        elif lot == "trade":
            self.target(self.symbol, self.random.randrange(0, 30))
        elif lot == "again":
            self.schedule("once more", at_ns=timer.ts_ns + 7_000_000_000)

    def on_order(self, order: Order) -> None:
        self.lately.append(f"{order.order_id} {order.state}")


class Resourceful(Strategy):
    """Draws lots among all that an order can be: brackets, groups, stops that trail, amendments, times that end."""

    symbol: str

    def start(self) -> None:
        self.bid = self.ask = Decimal(0)
        self.drawn: dict[str, int] = {}
        self.heard: dict[str, int] = {}
        self.schedule("draw", every="30s")
        self.subscribe(self.symbol, quotes=True)

    def on_quote(self, quote: Quote) -> None:
        self.bid, self.ask = Decimal(str(quote.bid)), Decimal(str(quote.ask))

    def on_timer(self, timer: Timer) -> None:
        if not self.bid:
            return
        lot = self.random.choice(("bracket", "trail", "group", "touch", "amend", "day", "at once", "auction", "cancel"))
        self.drawn[lot] = self.drawn.get(lot, 0) + 1
        near = Decimal(self.random.randrange(1, 12)) / 100
        far = near + Decimal(self.random.randrange(1, 12)) / 100
        held = self.position(self.symbol)
        match lot:
            case "bracket":
                self.bracket(
                    self.symbol, Side.BUY, 10, limit_price=self.ask - near + far, stop_loss=self.bid - far,
                    take_profit=self.ask + far,
                )  # fmt: skip
            case "trail" if held >= 5:
                self.sell(self.symbol, 5, trail_amount=far, reduce_only=True)
            case "group" if held >= 5:
                group = self.one_cancels_other()
                self.sell(self.symbol, 5, stop_price=self.bid - near, limit_price=self.bid - far, group=group)
                self.sell(self.symbol, 5, limit_price=self.ask + near, group=group)
            case "touch":
                self.buy(self.symbol, 3, stop_price=self.ask - near, type=OrderType.MARKET_IF_TOUCHED)
            case "amend":
                self.amend_one(near)
            case "day":
                self.buy(
                    self.symbol, 4, limit_price=self.bid - near, time_in_force=TimeInForce.GTD,
                    expires_ns=timer.ts_ns + 45_000_000_000, post_only=True,
                )  # fmt: skip
            case "at once":
                self.buy(self.symbol, 2, limit_price=self.ask, time_in_force=TimeInForce.IOC)
            case "auction":
                self.buy(self.symbol, 1, type=OrderType.ON_CLOSE, limit_price=self.ask + far)
            case "cancel":
                for order in self.open_orders()[:2]:
                    self.cancel(order.order_id)

    def amend_one(self, near: Decimal) -> None:
        """Ask for another limit, and one unit more, of the newest order that has one."""
        for order in reversed(self.open_orders()):
            if order.terms.limit_price is not None and order.terms.parent_id is None and not order.filled:
                away = -near if order.terms.side is Side.BUY else near
                quantity = order.terms.quantity + 1
                self.amend(order.order_id, quantity=quantity, limit_price=self.bid + away)
                return

    def on_order(self, order: Order) -> None:
        self.heard[order.state] = self.heard.get(order.state, 0) + 1


class Chaser(Strategy):
    """Trades at every bar, and answers each fill of its own with another order: many rounds in one step."""

    symbol: str

    def start(self) -> None:
        self.answers = 0

    def on_bar(self, bar: Bar) -> None:
        self.answers = 2
        self.buy(self.symbol, 5)

    def on_fill(self, fill: Fill) -> None:
        if self.answers:
            self.answers -= 1
            self.order(self.symbol, Side.SELL if self.position(self.symbol) > 5 else Side.BUY, 5)


class Raises(Strategy):
    """Holds an order at rest, then raises at its tenth bar."""

    symbol: str

    def start(self) -> None:
        self.bars = 0

    def on_bar(self, bar: Bar) -> None:
        self.bars += 1
        if self.bars == 5:
            self.buy(self.symbol, 10, limit_price=Decimal(round(bar.close * 0.8)))
        if self.bars == 10:
            raise ZeroDivisionError("its tenth bar")


class Reaches(Strategy):
    """At each bar it reaches outside; an odd number that comes back is bought."""

    symbol: str

    def start(self) -> None:
        self.bars = 0

    def on_bar(self, bar: Bar) -> None:
        self.bars += 1
        found = OUTSIDE.get(self.id, int)()
        if isinstance(found, int) and found % 2:
            self.buy(self.symbol, 1)


class Listens(Strategy):
    """Keeps every bar that it hears, and how many of them were warm-up."""

    symbol: str

    def start(self) -> None:
        self.heard: list[Bar] = []
        self.warmed = 0

    def on_bar(self, bar: Bar) -> None:
        self.heard.append(bar)
        self.warmed += self.warming


class Brittle:
    """Says that it can be kept, and then cannot."""

    def state(self) -> object:
        raise ValueError("not today")

    def restore(self, state: object) -> None:
        """Never comes to it."""


class Hoards(Strategy):
    """After `bars` bars it holds what no snapshot can carry, and lets go of it five bars later."""

    symbol: str
    bars: int
    brittle: bool = False

    def start(self) -> None:
        self.seen = 0
        self.thing: object = None

    def on_bar(self, bar: Bar) -> None:
        self.seen += 1
        self.thing = self._hoarded() if self.bars <= self.seen < self.bars + 5 else None

    def _hoarded(self) -> object:
        return Brittle() if self.brittle else lambda: None


class Tampers(Strategy):
    """At its third bar it writes into its own books, which it may only read."""

    symbol: str

    def start(self) -> None:
        self.bars = 0

    def on_bar(self, bar: Bar) -> None:
        self.bars += 1
        if self.bars == 3:
            self.portfolio.cash["USD"] += 1
