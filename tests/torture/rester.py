"""Places one order after the other far from the market, where they rest."""

from decimal import Decimal

from trading.market_data import Quote
from trading.orders import Side
from trading.strategy import Strategy


class Rester(Strategy):
    """Has so many orders resting, one tick apart."""

    symbol: str
    orders: int = 5

    def start(self) -> None:
        """Nothing is placed yet."""
        self.placed = 0

    def on_quote(self, quote: Quote) -> None:
        """Place the next one while some are missing and none is on its way; one that is refused is placed again."""
        resting = self.open_orders(self.symbol)
        if len(resting) < self.orders and all(order.state == "accepted" for order in resting):
            self.placed += 1
            price = Decimal("50.00") + Decimal("0.01") * self.placed
            self.order(self.symbol, Side.BUY, Decimal(1), limit_price=price)
