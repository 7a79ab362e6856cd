"""`trading.indicators.oscillators` over arrays."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from strategies.arrays.averages import emas, wilders
from strategies.arrays.columns import (
    QUIET,
    Array,
    column,
    columns,
    known,
    larger,
    latest,
    over,
    padded,
    ratio,
    typical_price,
)
from trading.indicators import Cci, Macd, Roc, Rsi


class MacdArrays(NamedTuple):
    """Fast average less slow average, the average of that, and their difference at every value."""

    macd: Array
    signal: Array
    histogram: Array


@QUIET
def rsi(values: ArrayLike, period: int) -> Array:
    """`Rsi` of every value."""
    Rsi(period)
    return over(values, lambda there: _strength(there, period))


@QUIET
def macd(values: ArrayLike, fast: int, slow: int, signal: int) -> MacdArrays:
    """`Macd` of every value."""
    Macd(fast, slow, signal)
    whole = column(values)
    there = known(whole)
    calm = emas(there, slow)
    apart = latest(emas(there, fast), len(calm)) - calm
    smooth = emas(apart, signal)
    apart = latest(apart, len(smooth))
    return MacdArrays(*(padded(line, len(whole)) for line in (apart, smooth, apart - smooth)))


@QUIET
def roc(values: ArrayLike, period: int) -> Array:
    """`Roc` of every value."""
    Roc(period)
    return over(values, lambda there: _rates(there, period))


@QUIET
def cci(high: ArrayLike, low: ArrayLike, close: ArrayLike, period: int) -> Array:
    """`Cci` of every bar."""
    Cci(period)
    prices = typical_price(*columns(high, low, close))
    return padded(_channel_index(prices, period), len(prices))


def _strength(values: Array, period: int) -> Array:
    changes = np.diff(values)
    gain, loss = wilders(larger(changes, 0.0), period), wilders(larger(-changes, 0.0), period)
    return ratio(100.0 * gain, gain + loss, otherwise=50.0)


def _rates(values: Array, period: int) -> Array:
    earlier = values[: max(len(values) - period, 0)]
    return 100.0 * ratio(values[period:] - earlier, earlier, otherwise=0.0)


def _channel_index(prices: Array, period: int) -> Array:
    count = max(len(prices) - period + 1, 0)
    newest = latest(prices, count)
    total, deviations = np.zeros(count), np.zeros(count)
    for place in range(period):
        total += newest - prices[place : place + count]
    above = total / period
    for place in range(period):
        deviations += np.abs(newest - prices[place : place + count] - above)
    return ratio(above, 0.015 * (deviations / period), otherwise=0.0)
