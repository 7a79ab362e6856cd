"""Incremental indicators: a value (or a bar) in, the indicator's value out, None until it has heard enough.

    averages      Sma, Wma, Ema, Wilder
    low_lag       Dema, Tema, Hma, Kama
    bands         StandardDeviation, Bollinger, Envelope, Keltner
    oscillators   Rsi, Macd, Roc, Cci
    channels      Donchian, Stochastic, WilliamsR
    windows       Highest, Lowest
    volatility    Atr
    trend         Adx
    volume        Obv, Vwap

Floats throughout, finite ones. The order of the operations is part of each indicator's definition, so that a
computation over whole arrays can give the same values to the last bit. No value carries rounding errors of values that
have left its window.
"""

from trading.indicators.averages import Ema, Sma, Wilder, Wma
from trading.indicators.bands import Bands, Bollinger, Envelope, Keltner, StandardDeviation
from trading.indicators.channels import Donchian, Stochastic, StochasticLines, WilliamsR
from trading.indicators.indicator import Indicator
from trading.indicators.low_lag import Dema, Hma, Kama, Tema
from trading.indicators.oscillators import Cci, Macd, MacdLines, Roc, Rsi
from trading.indicators.trend import Adx, AdxLines
from trading.indicators.volatility import Atr
from trading.indicators.volume import Obv, Vwap
from trading.indicators.windows import Highest, Lowest

__all__ = [
    "Adx",
    "AdxLines",
    "Atr",
    "Bands",
    "Bollinger",
    "Cci",
    "Dema",
    "Donchian",
    "Ema",
    "Envelope",
    "Highest",
    "Hma",
    "Indicator",
    "Kama",
    "Keltner",
    "Lowest",
    "Macd",
    "MacdLines",
    "Obv",
    "Roc",
    "Rsi",
    "Sma",
    "StandardDeviation",
    "Stochastic",
    "StochasticLines",
    "Tema",
    "Vwap",
    "Wilder",
    "WilliamsR",
    "Wma",
]
