"""Incremental indicators: a value (or a bar) in, the indicator's value out, None until it has heard enough.

    averages      Sma, Wma, Ema, Wilder
    bands         StandardDeviation, Bollinger, Envelope
    oscillators   Rsi, Macd
    volatility    Atr

Floats throughout. The order of the operations is part of each indicator's definition, so that a computation over whole
arrays can give the same values to the last bit. No value carries rounding errors of values that have left its window.
"""

from trading.indicators.averages import Ema, Sma, Wilder, Wma
from trading.indicators.bands import Bands, Bollinger, Envelope, StandardDeviation
from trading.indicators.indicator import Indicator
from trading.indicators.oscillators import Macd, MacdLines, Rsi
from trading.indicators.volatility import Atr

__all__ = [
    "Atr",
    "Bands",
    "Bollinger",
    "Ema",
    "Envelope",
    "Indicator",
    "Macd",
    "MacdLines",
    "Rsi",
    "Sma",
    "StandardDeviation",
    "Wilder",
    "Wma",
]
