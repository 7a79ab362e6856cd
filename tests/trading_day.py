"""A small day of trading that tests compare with itself: `python -m tests.trading_day SEED` prints its records."""

import random
import sys
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from brokers.simulated.costs import FixedSlippage, PercentCommission
from strategies.market_maker import MarketMaker
from strategies.sma_cross import SmaCross
from strategies.trend_following import TrendFollowing
from tests.builders import Rig, spec
from tests.market_builders import a_quote, a_trade
from trading.container import ContainerSpec
from trading.limits import FixedSize
from trading.market_data import Bar, MarketEvent, Quote, Timer
from trading.orders import Order, Side
from trading.reports import Fill
from trading.sequencer import Offer
from trading.strategy import Strategy

OFFERS = {"AAA": Offer(quotes=True, trades=True), "BBB": Offer(quotes=True)}


class Chaos(Strategy):
    """Does anything at any time, as its own dice fall."""

    symbol: str
    raises_at: int = 0

    def start(self) -> None:
        self.done = 0
        self.subscribe(self.symbol, bars="1m", quotes=True)
        self.schedule("beat", every="40s")

    def on_quote(self, quote: Quote) -> None:
        self.act()

    def on_bar(self, bar: Bar) -> None:
        self.act()

    def on_timer(self, timer: Timer) -> None:
        for order in self.open_orders():
            self.cancel(order.order_id)

    def on_fill(self, fill: Fill) -> None:
        if self.random.random() < 0.3:
            self.act()

    def on_order(self, order: Order) -> None:
        if self.random.random() < 0.1:
            self.cancel(order.order_id)

    def act(self) -> None:
        self.done += 1
        if self.done == self.raises_at:
            raise RuntimeError("as told")
        size = self.random.randrange(1, 25)
        price = Decimal(self.random.randrange(9_900, 10_100)).scaleb(-2)
        match self.random.randrange(8):
            case 0 | 1:
                self.target(self.symbol, size)
            case 2:
                self.buy(self.symbol, size, limit_price=price)
            case 3:
                self.sell(self.symbol, size, limit_price=price)
            case 4:
                self.exit(self.symbol)
            case 5:
                self.enter(self.symbol, Side.BUY, self.random.random() or 1.0)


class Wild(Chaos):
    """As its dice fall also orders that hang together, and other terms for those that are there."""

    def act(self) -> None:
        size, side = self.random.randrange(1, 25), self.random.choice(list(Side))
        working = self.open_orders()
        match self.random.randrange(12):
            case 0:
                self.bracket(self.symbol, Side.BUY, size, stop_loss=self.near(), take_profit=self.near())
            case 1:
                self.bracket(self.symbol, side, size, limit_price=self.near(), stop_loss=self.near())
            case 2 | 3:
                group = self.one_cancels_other()
                self.order(self.symbol, side, size, limit_price=self.near(), group=group)
                self.order(self.symbol, side, size, stop_price=self.near(), group=group)
            case 4 if working:
                self.amend(self.random.choice(working).order_id, quantity=size)
            case 5 if working:
                order = self.random.choice(working)
                if order.terms.limit_price is not None:
                    self.amend(order.order_id, limit_price=self.near())
                else:
                    self.amend(order.order_id, stop_price=self.near())
            case 6:
                self.sell(self.symbol, size, trail_amount=Decimal("0.05"), reduce_only=True)
            case _:
                super().act()

    def near(self) -> Decimal:
        """A price near the market's."""
        return Decimal(self.random.randrange(9_900, 10_100)).scaleb(-2)


def events(seed: int, count: int = 400, symbols: Iterable[str] = ("AAA", "BBB")) -> list[MarketEvent]:
    """Quotes of both symbols and trades of one, some at equal times."""
    dice = random.Random(seed)
    ticks = dict.fromkeys(("AAA", "BBB"), 10_000)
    happened: list[MarketEvent] = []
    for at in range(1, count + 1):
        symbol = dice.choice(("AAA", "BBB"))
        ticks[symbol] += dice.choice((-7, -1, 0, 0, 1, 7))
        bid, ask = (ticks[symbol] - 1) / 100, (ticks[symbol] + 1) / 100
        happened.append(a_quote(bid, ask, at=at * 3, symbol=symbol))
        if symbol == "AAA" and dice.random() < 0.5:
            happened.append(a_trade(bid, at=at * 3))
    return [event for event in happened if event.symbol in symbols]


def fleet() -> list[ContainerSpec]:
    """Shipped strategies and two that do anything; one of those fails in the middle."""
    return [
        spec(SmaCross, "sma", capital="20000", symbol="AAA", fast=3, slow=5, quantity="30"),
        spec(MarketMaker, "maker", capital="20000", symbol="AAA", tick_size="0.01", quantity="5", requote_ticks=2),
        spec(TrendFollowing, "trend", symbol="BBB", fast=2, slow=4, sizing=FixedSize(quantity=Decimal(20))),
        spec(Chaos, "chaos", symbol="BBB", sizing=FixedSize(quantity=Decimal(10))),
        spec(Chaos, "doomed", symbol="AAA", raises_at=70, sizing=FixedSize(quantity=Decimal(10))),
    ]


def rig(specs: list[ContainerSpec] | None = None, **making: object) -> Rig:
    """The fleet at a market that costs something."""
    costs = {"slippage": FixedSlippage(1), "commission": PercentCommission(Decimal("0.05"))}
    return Rig(*(specs or fleet()), offers=OFFERS, **{**costs, **making})  # type: ignore[arg-type]


def main() -> None:
    day = rig().feed(*events(int(sys.argv[1])))
    for record in day.records:
        print(msgspec.json.encode(record).decode())
    for book in day.router.ledger.all_books():
        print(book.owner, book.digest())


if __name__ == "__main__":
    main()
