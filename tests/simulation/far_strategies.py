"""A strategy for a market that is some way off: it asks for changes of what may be over when they arrive."""

from decimal import Decimal

from trading.market_data import Bar
from trading.orders import Order
from trading.strategy import Strategy


class Trails(Strategy):
    """Holds a few units behind a trailing stop, and at each bar draws lots: another distance, a cancel, or nothing."""

    symbol: str

    def start(self) -> None:
        self.states: dict[str, int] = {}

    def on_bar(self, bar: Bar) -> None:
        works = self.open_orders()
        held = self.position(self.symbol)
        if not works and held < 5:
            self.buy(self.symbol, 5)
        elif not works:
            self.sell(self.symbol, 5, trail_amount=self.distance())
        elif works[-1].terms.trail_amount is not None:
            match self.random.randrange(4):
                case 0:
                    self.cancel(works[-1].order_id)
                case 1 | 2:
                    self.amend(works[-1].order_id, trail_amount=self.distance())

    def distance(self) -> Decimal:
        return Decimal(self.random.randrange(5, 60)) / 100

    def on_order(self, order: Order) -> None:
        self.states[order.state] = self.states.get(order.state, 0) + 1
