"""The indicators of `trading.indicators` over whole numpy arrays: the same values, to the last bit.

Each function is named as its indicator and takes columns of float64 (values; or high, low, close, volume), then what
the indicator is made with: it makes one first, which refuses what cannot be with a ValueError. Several lines are a
named tuple with the fields of the indicator's struct. Results are as long as the columns, NaN where the indicator would
have no value. NaN before the first value stand for values not there yet and are skipped, so that functions chain; other
NaN are not expected.

Whole arrays are computed at once where that keeps the order of the operations, else in a loop over Python's floats.
"""

from strategies.arrays.averages import ema, sma, wilder, wma
from strategies.arrays.bands import BandArrays, bollinger, envelope, keltner, standard_deviation
from strategies.arrays.channels import StochasticArrays, donchian, stochastic, williams_r
from strategies.arrays.low_lag import dema, hma, kama, tema
from strategies.arrays.oscillators import MacdArrays, cci, macd, roc, rsi
from strategies.arrays.trend import AdxArrays, adx
from strategies.arrays.volatility import atr
from strategies.arrays.volume import obv, vwap
from strategies.arrays.windows import highest, lowest

__all__ = [
    "AdxArrays",
    "BandArrays",
    "MacdArrays",
    "StochasticArrays",
    "adx",
    "atr",
    "bollinger",
    "cci",
    "dema",
    "donchian",
    "ema",
    "envelope",
    "highest",
    "hma",
    "kama",
    "keltner",
    "lowest",
    "macd",
    "obv",
    "roc",
    "rsi",
    "sma",
    "standard_deviation",
    "stochastic",
    "tema",
    "vwap",
    "wilder",
    "williams_r",
    "wma",
]
