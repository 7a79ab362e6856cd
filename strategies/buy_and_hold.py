"""The benchmark that every other strategy is held against."""

from decimal import Decimal

from trading.market_data import Bar
from trading.strategy import Strategy


class BuyAndHold(Strategy):
    """Buy on the first bar and hold."""

    symbol: str
    quantity: Decimal = Decimal(100)

    def on_bar(self, bar: Bar) -> None:
        """Be at the quantity; that costs nothing once it is there."""
        self.target(bar.symbol, self.quantity)
