"""The benchmark that every other strategy is held against."""

from decimal import Decimal

from trading.market_data import Bar
from trading.strategy import Strategy


class BuyAndHold(Strategy):
    """Buy on the first bar, then do nothing."""

    symbol: str
    quantity: Decimal = Decimal(100)

    def on_bar(self, bar: Bar) -> None:
        """Stay at the quantity."""
        self.target(bar.symbol, self.quantity)
