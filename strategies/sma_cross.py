"""The hello-world of trend following."""

from decimal import Decimal

from trading.indicators import Sma
from trading.market_data import Bar
from trading.strategy import Strategy


class SmaCross(Strategy):
    """Hold while the fast average is above the slow one."""

    symbol: str
    fast: int = 10  # bars
    slow: int = 30  # bars
    quantity: Decimal = Decimal(100)

    def start(self) -> None:
        """Begin with empty averages."""
        self.fast_average = Sma(self.fast)
        self.slow_average = Sma(self.slow)

    def on_bar(self, bar: Bar) -> None:
        """Hold or be flat."""
        fast, slow = self.fast_average.update(bar.close), self.slow_average.update(bar.close)
        if fast is not None and slow is not None:
            self.target(bar.symbol, self.quantity if fast > slow else Decimal(0))
