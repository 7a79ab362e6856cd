"""Mean reversion over two timeframes, both built from ticks."""

from decimal import Decimal

from trading.history import Decisions, History
from trading.indicators import Envelope, Rsi
from trading.market_data import Bar
from trading.strategy import Strategy
from trading.timestamps import parse_interval


class RsiEnvelope(Strategy):
    """Buy weakness of the short bars inside the long bars' envelope; leave on strength or above its upper band."""

    symbol: str
    rsi_timeframe: str = "5m"
    rsi_period: int = 14
    envelope_timeframe: str = "30m"
    envelope_period: int = 20
    envelope_deviation: float = 2.0  # percent
    oversold: float = 30.0
    overbought: float = 70.0
    quantity: Decimal = Decimal(100)

    def start(self) -> None:
        """Subscribe to both timeframes, each warm enough for its indicator: 14 changes of price need 15 closes."""
        self.rsi_interval_ns = parse_interval(self.rsi_timeframe)
        self.envelope_interval_ns = parse_interval(self.envelope_timeframe)
        self.rsi = Rsi(self.rsi_period)
        self.envelope = Envelope(self.envelope_period, self.envelope_deviation)
        self.subscribe(self.symbol, bars=self.rsi_timeframe, warmup=self.rsi_period + 1)
        self.subscribe(self.symbol, bars=self.envelope_timeframe, warmup=self.envelope_period)

    def on_bar(self, bar: Bar) -> None:
        """Feed each bar to its own indicator; decide on the short ones."""
        if bar.interval_ns == self.envelope_interval_ns:
            self.envelope.update(bar.close)
        if bar.interval_ns == self.rsi_interval_ns:
            rsi, bands = self.rsi.update(bar.close), self.envelope.value
            if rsi is None or bands is None:
                return
            if rsi < self.oversold and bands.lower < bar.close < bands.upper:
                self.decide(bar, 1.0)
            elif rsi > self.overbought or bar.close > bands.upper:
                self.decide(bar, 0.0)

    def decide(self, bar: Bar, hold: float) -> None:
        """Hold or leave."""
        self.target(bar.symbol, self.quantity if hold else 0)

    def signals(self, history: History) -> Decisions:
        """Where to hold and where to leave; between the two, things are let be."""
        import numpy as np  # noqa: PLC0415 - no other process of it needs it

        from strategies.arrays import BandArrays, envelope, rsi  # noqa: PLC0415
        from strategies.arrays.decisions import at_rows  # noqa: PLC0415

        short = history.bars(self.symbol, self.rsi_timeframe)
        long = history.bars(self.symbol, self.envelope_timeframe)
        bands = envelope(long.close, self.envelope_period, self.envelope_deviation)
        if long is not short:
            bands = BandArrays(*(at_rows(line, short.rows_before(long)) for line in bands))
        strength, close = rsi(short.close, self.rsi_period), short.close
        holds = (strength < self.oversold) & (bands.lower < close) & (close < bands.upper)
        leaves = ((strength > self.overbought) | (close > bands.upper)) & ~np.isnan(strength) & ~np.isnan(bands.upper)
        return Decisions(short, self.decide, [np.where(holds, 1.0, np.where(leaves, 0.0, np.nan))])
