"""A breakout with a way out on both sides."""

from decimal import Decimal

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
        if before is None or usual is None or bar.close <= before.upper:
            return
        if not self.position(self.symbol) and not self.open_orders(self.symbol):
            self.bracket(
                self.symbol,
                Side.BUY,
                self.quantity,
                stop_loss=self.on_tick(bar.close - self.stop_ranges * usual),
                take_profit=self.on_tick(bar.close + self.target_ranges * usual),
            )

    def on_tick(self, price: float) -> Decimal:
        """The nearest price that may be ordered, one tick at least."""
        return max(1, round(price / float(self.tick_size))) * self.tick_size
