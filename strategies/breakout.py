"""A breakout with a way out on both sides."""

from decimal import Decimal

from trading.history import Decisions, History
from trading.indicators import Atr, Donchian
from trading.market_data import Bar
from trading.orders import Side
from trading.strategy import Strategy


class Breakout(Strategy):
    """Buy a close above the highs of the bars before it, with a stop below and a target above, both as far from it as
    the market's usual range says. While it holds something, or an entry waits, it does nothing."""

    symbol: str
    tick_size: Decimal
    lookback: int = 20  # bars
    stop_ranges: float = 2.0  # average true ranges below the close
    target_ranges: float = 3.0  # and above
    quantity: Decimal = Decimal(100)

    def start(self) -> None:
        """Begin without a channel."""
        self.channel = Donchian(self.lookback)
        self.range = Atr(self.lookback)

    def on_bar(self, bar: Bar) -> None:
        """Hold the close against the channel of the bars before it."""
        before = self.channel.value
        self.channel.update(bar)
        usual = self.range.update(bar)
        if before is not None and usual is not None and bar.close > before.upper:
            self.decide(bar, usual)

    def decide(self, bar: Bar, usual: float) -> None:
        """Enter, if nothing is held and nothing waits."""
        if not self.position(bar.symbol) and not self.open_orders(bar.symbol):
            self.bracket(
                bar.symbol,
                Side.BUY,
                self.quantity,
                stop_loss=self.on_tick(bar.close - self.stop_ranges * usual),
                take_profit=self.on_tick(bar.close + self.target_ranges * usual),
            )

    def signals(self, history: History) -> Decisions:
        """The usual range where a close has broken out."""
        import numpy as np  # noqa: PLC0415 - no other process of it needs it

        from strategies.arrays import atr, donchian  # noqa: PLC0415
        from strategies.arrays.decisions import lagged  # noqa: PLC0415

        bars = history.bars(self.symbol)
        before = lagged(donchian(bars.high, bars.low, self.lookback).upper)
        usual = atr(bars.high, bars.low, bars.close, self.lookback)
        return Decisions(bars, self.decide, [np.where(bars.close > before, usual, np.nan)])

    def on_tick(self, price: float) -> Decimal:
        """The nearest price that may be ordered, one tick at least."""
        return max(1, round(price / float(self.tick_size))) * self.tick_size
