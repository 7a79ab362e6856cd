"""The hello-world of trend following."""

from decimal import Decimal

from trading.history import Decisions, History
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
        """Hold or be flat, once both averages are there."""
        fast, slow = self.fast_average.update(bar.close), self.slow_average.update(bar.close)
        if fast is not None and slow is not None:
            self.decide(bar, fast > slow)

    def decide(self, bar: Bar, above: float) -> None:
        """Hold or be flat."""
        self.target(bar.symbol, self.quantity if above else Decimal(0))

    def signals(self, history: History) -> Decisions:
        """On which side of the slow average the fast one is."""
        from strategies.arrays import sma  # noqa: PLC0415 - numpy, which nothing else of it needs
        from strategies.arrays.decisions import sided  # noqa: PLC0415

        bars = history.bars(self.symbol)
        above = sided(sma(bars.close, self.fast), sma(bars.close, self.slow))
        return Decisions(bars, self.decide, [above])
