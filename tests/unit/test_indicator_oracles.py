"""Each indicator against TA-Lib: from its first value on, or once the seeds that it chooses otherwise have died out."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import talib
from numpy.typing import NDArray

from tests.cases.bars import daily_bars
from tests.indicator_builders import KINDS, a_walk
from trading.indicators import (
    Adx,
    Atr,
    Bollinger,
    Cci,
    Dema,
    Donchian,
    Ema,
    Envelope,
    Highest,
    Hma,
    Kama,
    Keltner,
    Lowest,
    Macd,
    Obv,
    Roc,
    Rsi,
    Sma,
    StandardDeviation,
    Stochastic,
    Tema,
    Vwap,
    Wilder,
    WilliamsR,
    Wma,
)
from trading.market_data import Bar

Array = NDArray[np.float64]
PERIODS = [2, 5, 14, 30]
RANGE_PERIOD = 10
SEEDS_LAST = 25
"""Periods until a seed is below 1e-9 of the value, of Wilder's smoothing twice over; every other one is faster."""


class Series(NamedTuple):
    """A series as bars and as columns."""

    bars: list[Bar]
    high: Array
    low: Array
    close: Array
    volume: Array

    @property
    def typical(self) -> Array:
        return (self.high + self.low + self.close) / 3

    def heard(self, indicator: Any, *fields: str) -> list[Array]:
        """What it gives at each bar, by field if it has any, NaN where it has no value."""
        results = KINDS[type(indicator).__name__].hear(indicator, self.bars)
        if not fields:
            return [np.array([np.nan if one is None else one for one in results])]
        return [np.array([np.nan if one is None else getattr(one, name) for one in results]) for name in fields]


BANDS = ("lower", "middle", "upper")


def series_of(bars: list[Bar]) -> Series:
    columns = (np.array([getattr(bar, name) for bar in bars]) for name in ("high", "low", "close", "volume"))
    return Series(bars, *columns)


def after(ready: Array, smooth: Callable[[Array], Array]) -> Array:
    """TA-Lib's function over the ready part of a line."""
    start = int(np.argmax(~np.isnan(ready)))
    return np.concatenate([ready[:start], smooth(ready[start:])])


def macd_lines(s: Series, p: int) -> list[Array]:
    apart = talib.EMA(s.close, p) - talib.EMA(s.close, 2 * p)
    signal = after(apart, lambda line: talib.EMA(line, 9))
    return [np.where(np.isnan(signal), np.nan, apart), signal, apart - signal]


def keltner_bands(s: Series, p: int) -> list[Array]:
    middle, width = talib.EMA(s.typical, p), 2.5 * talib.ATR(s.high, s.low, s.close, RANGE_PERIOD)
    return [middle - width, np.where(np.isnan(width), np.nan, middle), middle + width]


def directions(s: Series, p: int) -> list[Array]:
    up, down = np.diff(s.high, prepend=np.nan), -np.diff(s.low, prepend=np.nan)
    average = talib.ATR(s.high, s.low, s.close, p)
    plus, minus = (
        100
        * after(np.where(np.isnan(one), np.nan, one * ((one > other) & (one > 0))), lambda line: talib.RMA(line, p))
        / average
        for one, other in ((up, down), (down, up))
    )
    strength = after(100 * abs(plus - minus) / (plus + minus), lambda line: talib.RMA(line, p))
    return [strength, *(np.where(np.isnan(strength), np.nan, line) for line in (plus, minus))]


def percents_around(middle: Array, percent: float) -> list[Array]:
    return [middle * (1 - percent / 100), middle, middle * (1 + percent / 100)]


Lines = Callable[[Series, int], Sequence[Array]]

FROM_THE_FIRST_VALUE: dict[str, tuple[Lines, Lines]] = {
    "Sma": (lambda s, p: s.heard(Sma(p)), lambda s, p: [talib.SMA(s.close, p)]),
    "Wma": (lambda s, p: s.heard(Wma(p)), lambda s, p: [talib.WMA(s.close, p)]),
    "Ema": (lambda s, p: s.heard(Ema(p)), lambda s, p: [talib.EMA(s.close, p)]),
    "Wilder": (lambda s, p: s.heard(Wilder(p)), lambda s, p: [talib.RMA(s.close, p)]),
    "Dema": (lambda s, p: s.heard(Dema(p)), lambda s, p: [talib.DEMA(s.close, p)]),
    "Tema": (lambda s, p: s.heard(Tema(p)), lambda s, p: [talib.TEMA(s.close, p)]),
    "Hma": (lambda s, p: s.heard(Hma(p)), lambda s, p: [talib.HMA(s.close, p)]),
    "Kama": (lambda s, p: s.heard(Kama(p)), lambda s, p: [talib.KAMA(s.close, p)]),
    "StandardDeviation": (lambda s, p: s.heard(StandardDeviation(p)), lambda s, p: [talib.STDDEV(s.close, p)]),
    "Bollinger": (
        lambda s, p: s.heard(Bollinger(p, 2.5), *BANDS),
        lambda s, p: talib.BBANDS(s.close, p, 2.5, 2.5)[::-1],
    ),
    "Envelope": (
        lambda s, p: s.heard(Envelope(p, 2.5), *BANDS),
        lambda s, p: percents_around(talib.SMA(s.close, p), 2.5),
    ),
    "Rsi": (lambda s, p: s.heard(Rsi(p)), lambda s, p: [talib.RSI(s.close, p)]),
    "Macd": (lambda s, p: s.heard(Macd(p, 2 * p, 9), "macd", "signal", "histogram"), macd_lines),
    "Roc": (lambda s, p: s.heard(Roc(p)), lambda s, p: [talib.ROC(s.close, p)]),
    "Highest": (lambda s, p: s.heard(Highest(p)), lambda s, p: [talib.MAX(s.close, p)]),
    "Lowest": (lambda s, p: s.heard(Lowest(p)), lambda s, p: [talib.MIN(s.close, p)]),
    "Atr": (lambda s, p: s.heard(Atr(p)), lambda s, p: [talib.ATR(s.high, s.low, s.close, p)]),
    "Keltner": (lambda s, p: s.heard(Keltner(p, RANGE_PERIOD, 2.5), *BANDS), keltner_bands),
    "Donchian": (lambda s, p: s.heard(Donchian(p), *BANDS), lambda s, p: talib.DONCHIAN(s.high, s.low, p)[::-1]),
    "Stochastic": (
        lambda s, p: s.heard(Stochastic(p, 3, 4), "k", "d"),
        lambda s, p: talib.STOCH(s.high, s.low, s.close, p, slowk_period=3, slowd_period=4),
    ),
    "the fast Stochastic": (
        lambda s, p: s.heard(Stochastic(p, 1, 3), "k", "d"),
        lambda s, p: talib.STOCHF(s.high, s.low, s.close, p, fastd_period=3),
    ),
    "WilliamsR": (lambda s, p: s.heard(WilliamsR(p)), lambda s, p: [talib.WILLR(s.high, s.low, s.close, p)]),
    "Cci": (lambda s, p: s.heard(Cci(p)), lambda s, p: [talib.CCI(s.high, s.low, s.close, p)]),
    "Adx": (lambda s, p: s.heard(Adx(p), "adx", "plus_di", "minus_di"), directions),
    "Obv": (lambda s, _p: s.heard(Obv()), lambda s, _p: [talib.OBV(s.close, s.volume)]),
    "Vwap": (lambda s, _p: s.heard(Vwap()), lambda s, _p: [talib.VWAP(s.high, s.low, s.close, s.volume)]),
}

ONCE_SEEDS_HAVE_DIED_OUT: dict[str, tuple[Lines, Lines]] = {
    "Macd": (FROM_THE_FIRST_VALUE["Macd"][0], lambda s, p: talib.MACD(s.close, p, 2 * p, 9)),
    "Keltner": (
        FROM_THE_FIRST_VALUE["Keltner"][0],
        lambda s, p: talib.KC(s.high, s.low, s.close, p, RANGE_PERIOD, 2.5)[::-1],
    ),
    "Adx": (
        FROM_THE_FIRST_VALUE["Adx"][0],
        lambda s, p: [one(s.high, s.low, s.close, p) for one in (talib.ADX, talib.PLUS_DI, talib.MINUS_DI)],
    ),
}

AS_FLAT_AS_OURS = [
    name for name in FROM_THE_FIRST_VALUE if name not in {"Rsi", "Stochastic", "the fast Stochastic", "WilliamsR"}
]


def hold_against(pair: tuple[Lines, Lines], series: Series, period: int, *, first: int = 0) -> None:
    ours, theirs = (lines(series, period) for lines in pair)
    assert len(ours) == len(theirs)
    for our, their in zip(ours, theirs, strict=True):
        assert np.count_nonzero(~np.isnan(our[first:])) > 100
        np.testing.assert_allclose(our[first:], their[first:], rtol=1e-9, atol=1e-9)


@pytest.fixture(scope="module")
def walks() -> list[Series]:
    return [series_of(a_walk(seed, bars=400)) for seed in (1, 2)]


@pytest.fixture(scope="module")
def long_walk() -> Series:
    return series_of(a_walk(seed=3, bars=1_200))


@pytest.fixture(scope="module")
def spy(shared: Path) -> Series:
    return series_of(daily_bars(shared, "SPY", "2001-01-01", "2020-12-31"))


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("name", FROM_THE_FIRST_VALUE)
def test_from_the_first_value_on_ours_are_theirs(name: str, period: int, walks: list[Series]) -> None:
    for walk in walks:
        hold_against(FROM_THE_FIRST_VALUE[name], walk, period)


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("name", ONCE_SEEDS_HAVE_DIED_OUT)
def test_ours_are_theirs_once_their_seeds_have_died_out(name: str, period: int, long_walk: Series) -> None:
    first = SEEDS_LAST * max(period, RANGE_PERIOD)
    hold_against(ONCE_SEEDS_HAVE_DIED_OUT[name], long_walk, period, first=first)


@pytest.mark.parametrize("period", [2, 3])
@pytest.mark.parametrize("name", AS_FLAT_AS_OURS)
def test_of_prices_that_repeat_ours_are_theirs(name: str, period: int) -> None:
    walk = series_of(a_walk(seed=4, bars=400, tick=2.0))
    same = walk.high == walk.low
    assert np.count_nonzero(same[1:] & same[:-1] & (walk.close[1:] == walk.close[:-1])) > 20

    hold_against(FROM_THE_FIRST_VALUE[name], walk, period)


@pytest.mark.parametrize("name", FROM_THE_FIRST_VALUE)
def test_on_twenty_years_of_days_ours_are_theirs(name: str, spy: Series) -> None:
    assert len(spy.bars) == 5_032
    hold_against(FROM_THE_FIRST_VALUE[name], spy, 14)


@pytest.mark.parametrize("name", ONCE_SEEDS_HAVE_DIED_OUT)
def test_on_twenty_years_of_days_ours_are_theirs_once_seeds_have_died_out(name: str, spy: Series) -> None:
    hold_against(ONCE_SEEDS_HAVE_DIED_OUT[name], spy, 14, first=SEEDS_LAST * 14)
