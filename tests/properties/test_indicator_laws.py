"""What holds for every series: an indicator equals its textbook formula, forgets, and survives a restore."""

import math
import random
import statistics
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.indicator_builders import KINDS, a_walk, columns_of, series_of
from tests.indicator_builders import PERIODS as THREE_PERIODS
from trading.indicators import (
    Atr,
    Bands,
    Bollinger,
    Ema,
    Envelope,
    Highest,
    Lowest,
    Macd,
    MacdLines,
    Rsi,
    Sma,
    StandardDeviation,
    Wilder,
    Wma,
)
from trading.market_data import Bar

PRICES = st.lists(st.floats(min_value=0.01, max_value=1e6), max_size=60)
PERIODS = st.integers(min_value=1, max_value=9)


def mean(window: Sequence[float]) -> float:
    return math.fsum(window) / len(window)


def weighted_mean(window: Sequence[float]) -> float:
    weights = range(1, len(window) + 1)
    return math.fsum(weight * value for weight, value in zip(weights, window, strict=True)) / sum(weights)


def exponential(values: Sequence[float], period: int, weight: float) -> float | None:
    """The textbook's recurrence over the whole series."""
    if len(values) < period:
        return None
    average = mean(values[:period])
    for value in values[period:]:
        average = weight * value + (1 - weight) * average
    return average


def relative_strength(values: Sequence[float], period: int) -> float | None:
    changes = [later - earlier for earlier, later in pairwise(values)]
    gain = exponential([max(change, 0.0) for change in changes], period, 1 / period)
    loss = exponential([max(-change, 0.0) for change in changes], period, 1 / period)
    if gain is None or loss is None:
        return None
    if loss == 0:
        return 100.0 if gain else 50.0
    return 100 - 100 / (1 + gain / loss)


def true_range_average(bars: Sequence[Bar], period: int) -> float | None:
    ranges = [
        max(bar.high - bar.low, abs(bar.high - before.close), abs(bar.low - before.close))
        for before, bar in pairwise(bars)
    ]
    return exponential(ranges, period, 1 / period)


def bars_of(values: list[float]) -> list[Bar]:
    """A bar of each three values in turn."""
    triples = zip(values[::3], values[1::3], values[2::3], strict=False)
    return [Bar("AAA", n, 1, one[0], max(one), min(one), one[2], 1.0) for n, one in enumerate(triples)]


OVER_A_WINDOW: list[tuple[Callable[[int], Any], Callable[[Sequence[float]], float]]] = [
    (Sma, mean),
    (Wma, weighted_mean),
    (StandardDeviation, statistics.pstdev),
    (Highest, max),
    (Lowest, min),
]
OVER_ALL: list[tuple[Callable[[int], Any], Callable[[Sequence[float], int], float | None]]] = [
    (Ema, lambda values, period: exponential(values, period, 2 / (period + 1))),
    (Wilder, lambda values, period: exponential(values, period, 1 / period)),
    (Rsi, relative_strength),
]


@pytest.mark.parametrize(("build", "formula"), OVER_A_WINDOW)
@given(values=PRICES, period=PERIODS)
def test_over_a_window_the_last_value_is_that_of_the_window_alone(
    build: Callable[[int], Any], formula: Callable[[Sequence[float]], float], values: list[float], period: int
) -> None:
    indicator = build(period)
    for heard, value in enumerate(values, start=1):
        given_value = indicator.update(value)
        if heard < period:
            assert given_value is None
        else:
            assert given_value == pytest.approx(formula(values[heard - period : heard]), rel=1e-9, abs=0.0)


@pytest.mark.parametrize(("build", "formula"), OVER_ALL)
@given(values=PRICES, period=PERIODS)
def test_over_all_the_past_each_value_is_that_of_a_computation_from_scratch(
    build: Callable[[int], Any],
    formula: Callable[[Sequence[float], int], float | None],
    values: list[float],
    period: int,
) -> None:
    indicator = build(period)
    for heard, value in enumerate(values, start=1):
        wanted = formula(values[:heard], period)
        assert indicator.update(value) == (None if wanted is None else pytest.approx(wanted, rel=1e-9, abs=1e-9))


@given(values=PRICES, period=PERIODS)
def test_the_average_true_range_is_that_of_a_computation_from_scratch(values: list[float], period: int) -> None:
    atr, bars = Atr(period), bars_of(values)
    for heard, bar in enumerate(bars, start=1):
        wanted = true_range_average(bars[:heard], period)
        assert atr.update(bar) == (None if wanted is None else pytest.approx(wanted, rel=1e-9, abs=1e-9))


@given(values=PRICES, period=PERIODS)
def test_bands_are_made_of_the_average_and_deviation_that_stand_alone(values: list[float], period: int) -> None:
    average, deviation = Sma(period), StandardDeviation(period)
    bollinger, envelope = Bollinger(period, 2.0), Envelope(period, 2.0)
    for value in values:
        middle, sigma = average.update(value), deviation.update(value)
        bands = envelopes = None
        if middle is not None and sigma is not None:
            bands = Bands(lower=middle - 2.0 * sigma, middle=middle, upper=middle + 2.0 * sigma)
            envelopes = Bands(lower=middle - 0.02 * middle, middle=middle, upper=middle + 0.02 * middle)
        assert (bollinger.update(value), envelope.update(value)) == (bands, envelopes)


@given(values=PRICES)
def test_macd_is_made_of_the_averages_that_stand_alone(values: list[float]) -> None:
    macd, fast, slow, signal = Macd(2, 5, 3), Ema(2), Ema(5), Ema(3)
    for value in values:
        quick, calm, lines = fast.update(value), slow.update(value), None
        if quick is not None and calm is not None:
            smooth = signal.update(quick - calm)
            if smooth is not None:
                lines = MacdLines(macd=quick - calm, signal=smooth, histogram=quick - calm - smooth)
        assert macd.update(value) == lines


@pytest.mark.parametrize("name", KINDS)
@given(
    bars=series_of(st.floats(min_value=0.01, max_value=1e6), st.floats(min_value=0.0, max_value=1e6)),
    periods=THREE_PERIODS,
    share=st.floats(min_value=0, max_value=1),
)
def test_a_restore_at_any_point_changes_nothing(
    name: str, bars: list[Bar], periods: tuple[int, int, int], share: float
) -> None:
    kind, cut = KINDS[name], int(share * len(bars))
    whole, first, second = kind.build(periods), kind.build(periods), kind.build((1, 1, 1))
    unbroken = kind.hear(whole, bars)
    kind.hear(first, bars[:cut])
    second.restore(first.state())

    assert second.value == first.value
    assert columns_of(kind.hear(second, bars[cut:])) == columns_of(unbroken[cut:])
    assert repr(second.state()) == repr(whole.state())


def test_an_average_does_not_drift_over_a_million_values_of_any_magnitude() -> None:
    source = random.Random(11)
    magnitudes = [10.0**power for power in range(-8, 16)]
    values = [source.random() * source.choice(magnitudes) for _ in range(50_000)] * 20
    average = Sma(100)

    for heard, value in enumerate(values, start=1):
        given_value = average.update(value)
        if heard % 997 == 0:
            assert given_value == pytest.approx(mean(values[heard - 100 : heard]), rel=1e-13, abs=0.0)


@pytest.mark.parametrize(("build", "formula"), OVER_A_WINDOW)
@pytest.mark.parametrize("calm_before", range(7))
def test_a_wild_value_is_forgotten_the_moment_it_leaves_the_window(
    build: Callable[[int], Any], formula: Callable[[Sequence[float]], float], calm_before: int
) -> None:
    calm = [0.1, 0.3, 0.2, 0.4, 0.1]
    indicator = build(5)
    for value in [*[0.5] * calm_before, 1e15, *calm]:
        indicator.update(value)

    assert indicator.value == pytest.approx(formula(calm), rel=1e-14)


def test_the_deviation_of_high_prices_keeps_its_digits() -> None:
    source = random.Random(5)
    values = [1e9 + source.uniform(-0.01, 0.01) for _ in range(500)]
    deviation = StandardDeviation(20)

    for heard, value in enumerate(values, start=1):
        deviation.update(value)
        if heard >= 20:
            assert deviation.value == pytest.approx(statistics.pstdev(values[heard - 20 : heard]), rel=1e-12)


@pytest.mark.parametrize("calm", range(25, 32))
@pytest.mark.parametrize("name", ["Hma", "Roc", "Donchian", "Stochastic", "WilliamsR", "Cci"])
def test_a_wild_bar_is_forgotten_the_moment_it_leaves_the_last_window(name: str, calm: int) -> None:
    kind, bars, wild = KINDS[name], a_walk(seed=9, bars=calm), Bar("AAA", 0, 1, 1e15, 1e15, 1e-15, 1e15, 1.0)
    shaken, fresh = kind.build((7, 9, 11)), kind.build((7, 9, 11))
    kind.hear(shaken, [wild])
    kind.hear(shaken, bars)
    kind.hear(fresh, bars)

    assert lines_of(shaken.value) == pytest.approx(lines_of(fresh.value), rel=1e-12)


def lines_of(value: Any) -> list[float]:
    return [value] if isinstance(value, float) else [getattr(value, name) for name in value.__struct_fields__]
