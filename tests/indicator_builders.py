"""Every public indicator with what it hears and what it is made with, for tests that go over all of them."""

import random
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

import strategies.arrays
import trading.indicators
from trading.indicators import Indicator
from trading.market_data import Bar

HIGH_LOW_CLOSE = ("high", "low", "close")


class Kind(NamedTuple):
    """An indicator's class, the columns that its function over arrays takes, and its arguments from three periods."""

    made: type[Indicator[Any]]
    columns: Sequence[str]
    arguments: Callable[[int, int, int], dict[str, Any]]

    @property
    def function(self) -> Callable[..., Any]:
        """The function of the same name over arrays."""
        found: Callable[..., Any] = getattr(strategies.arrays, snake_case(self.made.__name__))
        return found

    def build(self, periods: tuple[int, int, int]) -> Any:
        """A new indicator."""
        return self.made(**self.arguments(*periods))

    def over(self, bars: Iterable[Bar], periods: tuple[int, int, int]) -> Any:
        """What the function over arrays gives for all bars, or for their closes."""
        rows = list(bars)
        columns = [np.array([getattr(bar, name) for bar in rows], dtype=np.float64) for name in self.columns]
        return self.function(*columns, **self.arguments(*periods))

    def hear(self, indicator: Any, bars: Iterable[Bar]) -> list[Any]:
        """What an indicator gives at each bar, or at its close."""
        of_values = tuple(self.columns) == ("close",)
        return [indicator.update(bar.close if of_values else bar) for bar in bars]


KINDS = {
    kind.made.__name__: kind
    for kind in [
        *(
            Kind(getattr(trading.indicators, name), ("close",), lambda p, _q, _r: {"period": p})
            for name in (
                *("Sma", "Wma", "Ema", "Wilder", "Dema", "Tema"),
                *("StandardDeviation", "Rsi", "Roc", "Highest", "Lowest"),
            )
        ),
        Kind(trading.indicators.Hma, ("close",), lambda p, _q, _r: {"period": p + 1}),
        Kind(trading.indicators.Kama, ("close",), lambda p, q, r: {"period": p, "fast": q, "slow": q + r}),
        Kind(trading.indicators.Macd, ("close",), lambda p, q, r: {"fast": p, "slow": p + q, "signal": r}),
        Kind(trading.indicators.Bollinger, ("close",), lambda p, q, _r: {"period": p, "deviations": q / 2}),
        Kind(trading.indicators.Envelope, ("close",), lambda p, q, _r: {"period": p, "deviation": q / 3}),
        Kind(
            trading.indicators.Keltner,
            HIGH_LOW_CLOSE,
            lambda p, q, r: {"period": p, "range_period": q, "multiple": r / 2},
        ),
        Kind(
            trading.indicators.Stochastic,
            HIGH_LOW_CLOSE,
            lambda p, q, r: {"period": p, "slowing": q, "signal": r},
        ),
        *(
            Kind(getattr(trading.indicators, name), HIGH_LOW_CLOSE, lambda p, _q, _r: {"period": p})
            for name in ("Atr", "Adx", "Cci", "WilliamsR")
        ),
        Kind(trading.indicators.Donchian, ("high", "low"), lambda p, _q, _r: {"period": p}),
        Kind(trading.indicators.Obv, ("close", "volume"), lambda _p, _q, _r: {}),
        Kind(trading.indicators.Vwap, (*HIGH_LOW_CLOSE, "volume"), lambda _p, _q, _r: {}),
    ]
}

PERIODS = st.tuples(*[st.integers(min_value=1, max_value=9)] * 3)


def snake_case(name: str) -> str:
    """`WilliamsR` as `williams_r`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def a_walk(seed: int, bars: int, *, tick: float = 0.0) -> list[Bar]:
    """Bars of prices near 100 that walk at random; rounded to a large tick many of them repeat."""
    source = random.Random(seed)
    price, walked = 100.0, []
    for place in range(bars):
        prices = [price := price * (1 + source.gauss(0, 0.005)) for _ in range(4)]
        first, second, third, last = (tick * round(one / tick) if tick else one for one in prices)
        walked.append(_bar(place, first, second, third, last, float(source.randint(1, 1_000))))
    return walked


def series_of(prices: st.SearchStrategy[float], volumes: st.SearchStrategy[float]) -> st.SearchStrategy[list[Bar]]:
    """Bars whose highs and lows hold their opens and closes."""
    rows = st.lists(st.tuples(prices, prices, prices, prices, volumes), max_size=60)
    return rows.map(lambda drawn: [_bar(place, *row) for place, row in enumerate(drawn)])


def columns_of(results: Sequence[Any]) -> dict[str, bytes]:
    """The bits of each line of what an indicator gave, None as NaN; the one line of plain numbers is named ``."""
    fields = next((type(one).__struct_fields__ for one in results if hasattr(type(one), "__struct_fields__")), ())
    if not fields:
        return {"": bits([np.nan if one is None else one for one in results])}
    return {name: bits([np.nan if one is None else getattr(one, name) for one in results]) for name in fields}


def bits(values: Any) -> bytes:
    """A column's bytes; one NaN is as good as another."""
    column = np.array(values, dtype=np.float64)
    column[np.isnan(column)] = np.nan
    return column.tobytes()


def _bar(place: int, first: float, second: float, third: float, last: float, volume: float) -> Bar:
    prices = (first, second, third, last)
    return Bar("AAA", place, 1, first, max(prices), min(prices), last, volume)
