"""Over whole arrays an indicator gives, to the last bit, what it gives one value at a time."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.arrays import sma, vwap
from tests.indicator_builders import KINDS, PERIODS, a_walk, bits, columns_of, series_of
from trading.indicators import Sma, Vwap
from trading.market_data import Bar

ANY = st.floats(allow_nan=False, allow_infinity=False)
# Few different ones, so that windows are flat and closes equal; zeros of both signs, the least and nearly the largest.
FEW = st.sampled_from([0.0, -0.0, 1.0, 0.1, 0.3, 100.1, 100.2, 5e-324, 1e-300, 1e15, -1e300, 1e308])
ORDINARY = st.floats(min_value=1.0, max_value=200.0)
SERIES = (
    series_of(ORDINARY, st.floats(min_value=0.0, max_value=10.0))
    | series_of(FEW, FEW)
    | series_of(ANY | FEW, ANY | FEW)
)
OF_VALUES = [name for name, kind in KINDS.items() if tuple(kind.columns) == ("close",)]


def lines(result: Any) -> dict[str, bytes]:
    """The bits of each line that a function gave."""
    if isinstance(result, tuple):
        return {name: bits(line) for name, line in zip(result._fields, result, strict=True)}  # type: ignore[attr-defined]
    return {"": bits(result)}


@pytest.mark.parametrize("name", KINDS)
@given(bars=SERIES, periods=PERIODS)
def test_every_bit_is_that_of_the_incremental_indicator(
    name: str, bars: list[Bar], periods: tuple[int, int, int]
) -> None:
    kind = KINDS[name]
    heard = columns_of(kind.hear(kind.build(periods), bars))
    found = lines(kind.over(bars, periods))

    if list(heard) == [""]:  # nothing of its lines was ever ready
        heard = dict.fromkeys(found, heard[""])
    assert found == heard


@pytest.mark.parametrize("periods", [(14, 26, 9), (100, 3, 3), (101, 50, 20)])
@pytest.mark.parametrize("name", KINDS)
def test_so_it_is_over_thousands_of_bars(name: str, periods: tuple[int, int, int]) -> None:
    kind, bars = KINDS[name], a_walk(seed=3, bars=3_000)

    assert lines(kind.over(bars, periods)) == columns_of(kind.hear(kind.build(periods), bars))


@pytest.mark.parametrize("absent", [1, 3, 50])
@pytest.mark.parametrize("name", OF_VALUES)
def test_values_that_are_not_there_yet_are_skipped(name: str, absent: int) -> None:
    kind, values, before = (
        KINDS[name],
        np.array([bar.close for bar in a_walk(seed=5, bars=40)]),
        np.full(absent, np.nan),
    )
    alone = lines(kind.function(values, **kind.arguments(4, 3, 2)))

    assert lines(kind.function(np.concatenate([before, values]), **kind.arguments(4, 3, 2))) == {
        line: bits(before) + known for line, known in alone.items()
    }
    assert set(lines(kind.function(before, **kind.arguments(4, 3, 2))).values()) == {bits(before)}


@given(bars=SERIES, data=st.data())
def test_a_session_begins_where_the_incremental_average_is_reset(bars: list[Bar], data: st.DataObject) -> None:
    starts = data.draw(st.lists(st.booleans(), min_size=len(bars), max_size=len(bars)))
    average, heard = Vwap(), []
    for start, bar in zip(starts, bars, strict=True):
        if start:
            average.reset()
        heard.append(average.update(bar))
    high, low, close, volume = ([getattr(bar, name) for bar in bars] for name in ("high", "low", "close", "volume"))

    assert lines(vwap(high, low, close, volume, starts)) == columns_of(heard)


def test_functions_chain_as_indicators_do() -> None:
    values = [bar.close for bar in a_walk(seed=4, bars=100)]
    first, second, heard = Sma(7), Sma(5), []
    for value in values:
        average = first.update(value)
        heard.append(None if average is None else second.update(average))

    assert lines(sma(sma(values, 7), 5)) == columns_of(heard)


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.arguments(1, 1, 1)])
def test_what_an_indicator_refuses_its_function_refuses_in_the_same_words(name: str) -> None:
    kind = KINDS[name]
    for key in kind.arguments(1, 1, 1):
        wrong = {**kind.arguments(1, 1, 1), key: -1}
        with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the whole message is compared
            kind.made(**wrong)
        with pytest.raises(ValueError) as same:  # noqa: PT011
            kind.function(*([1.0, 2.0] for _ in kind.columns), **wrong)
        assert str(same.value) == str(refusal.value)


def test_columns_are_one_column_each_and_of_one_length() -> None:
    with pytest.raises(ValueError, match=r"^an array of 2 dimensions; values must be one column$"):
        sma([[1.0, 2.0]], 1)
    with pytest.raises(ValueError, match=r"^columns of 2, 2, 1, 2 values; there must be one for each bar$"):
        vwap([2.0, 2.0], [1.0, 1.0], [1.0], [5.0, 5.0])


def test_an_array_is_read_and_not_touched() -> None:
    for kind in KINDS.values():
        columns = [np.array([3.0, 1.0, 2.0, 2.0]) for _ in kind.columns]
        results = kind.function(*columns, **kind.arguments(1, 1, 1))
        for line in results if isinstance(results, tuple) else (results,):
            line[:] = 0.0
        assert all(list(column) == [3.0, 1.0, 2.0, 2.0] for column in columns), kind.made


def test_there_is_one_zero_among_the_extremes() -> None:
    for first, second in pairwise([0.0, -0.0, 0.0]):
        for name in ("Highest", "Lowest"):
            assert bits(KINDS[name].function([first, second], 2)[1:]) == bits([0.0])
