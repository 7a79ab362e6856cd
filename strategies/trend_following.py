"""Trend following by exponential averages, sized by the risk manager."""

from trading.history import Decisions, History
from trading.indicators import Ema
from trading.market_data import Bar
from trading.orders import Side
from trading.strategy import Strategy


class TrendFollowing(Strategy):
    """Enter when the fast average crosses above the slow one, the stronger the wider; leave on the way back.

    `risk.sizing` in its config says how much an entry of full strength is; the weakest is a tenth of that.
    """

    symbol: str
    fast: int = 10  # bars
    slow: int = 30  # bars
    full_strength_gap: float = 0.001  # between the averages, as a share of the price

    def start(self) -> None:
        """Begin with empty averages, on neither side of a cross."""
        self.fast_average = Ema(self.fast)
        self.slow_average = Ema(self.slow)
        self.was_above: bool | None = None

    def on_bar(self, bar: Bar) -> None:
        """Act on a cross only."""
        fast, slow = self.fast_average.update(bar.close), self.slow_average.update(bar.close)
        if fast is None or slow is None:
            return
        above = fast > slow
        if above is not self.was_above and self.was_above is not None:
            self.decide(bar, above, (fast - slow) / bar.close / self.full_strength_gap)
        self.was_above = above

    def decide(self, bar: Bar, above: float, strength: float) -> None:
        """Enter if nothing is held, or leave."""
        if not above:
            self.exit(bar.symbol)
        elif not self.position(bar.symbol):
            self.enter(bar.symbol, Side.BUY, strength=min(1.0, max(0.1, strength)))

    def signals(self, history: History) -> Decisions:
        """The crosses, and how wide they are."""
        from strategies.arrays import ema  # noqa: PLC0415 - numpy, which nothing else of it needs
        from strategies.arrays.decisions import crossed, sided  # noqa: PLC0415

        bars = history.bars(self.symbol)
        fast, slow = ema(bars.close, self.fast), ema(bars.close, self.slow)
        strength = (fast - slow) / bars.close / self.full_strength_gap
        return Decisions(bars, self.decide, [crossed(sided(fast, slow)), strength])
