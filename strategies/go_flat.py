"""The way out: what to put in the place of a strategy that is to be taken out of the fleet."""

from trading.market_data import Bar
from trading.strategy import Strategy


class GoFlat(Strategy):
    """Leave whatever the book holds of a symbol, and stay out."""

    symbol: str

    def on_bar(self, bar: Bar) -> None:
        """Be flat; orders that are left from before are withdrawn first."""
        for order in self.open_orders(bar.symbol):
            if not order.terms.to_target:
                self.cancel(order.order_id)
        self.exit(bar.symbol)
