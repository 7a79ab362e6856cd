"""Indicators of values against values worked out by hand; how all keep their state and refuse what cannot be."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.indicator_builders import KINDS, a_walk
from trading.indicators import (
    Adx,
    Atr,
    Bands,
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
    MacdLines,
    Roc,
    Rsi,
    Sma,
    StandardDeviation,
    Stochastic,
    Tema,
    Wilder,
    WilliamsR,
    Wma,
)
from trading.state import decode_state, encode_state
from trading.strategy import Strategy

PERIODS = (3, 7, 4)


@pytest.mark.parametrize(
    ("build", "values", "expected"),
    [
        (lambda: Sma(3), [1, 2, 6, 4, 2, 9, 1], [None, None, 3, 4, 4, 5, 4]),
        (lambda: Sma(1), [3, 5], [3, 5]),
        (lambda: Wma(3), [1, 2, 3, 6, 0, 3], [None, None, 14 / 6, 26 / 6, 15 / 6, 15 / 6]),
        (lambda: Ema(3), [1, 2, 6, 5, 3], [None, None, 3, 4, 3.5]),
        (lambda: Wilder(2), [1, 3, 6, 2], [None, 2, 4, 3]),
        (lambda: StandardDeviation(2), [1, 3, 9, 9], [None, 1, 3, 0]),
        (lambda: StandardDeviation(4), [2, 4, 4, 6, 4], [None, None, None, 2**0.5, 0.75**0.5]),
        (lambda: Rsi(2), [10, 11, 10, 12, 12], [None, None, 50, 500 / 6, 500 / 6]),
        (lambda: Rsi(2), [1, 2, 3], [None, None, 100]),
        (lambda: Rsi(2), [3, 2, 1], [None, None, 0]),
        (lambda: Rsi(2), [3, 3, 3], [None, None, 50]),
        (lambda: Dema(1), [4, 7], [4, 7]),
        (lambda: Dema(2), [1, 3, 5, 2], [None, None, 5, 23 / 9]),  # averages 2, 4, 8/3; of those 3, 25/9
        (lambda: Tema(2), [1, 3, 5, 2, 5], [None, None, None, 23 / 9, 397 / 81]),
        (lambda: Hma(2), [3, 6, 0], [None, 7, -2]),
        (lambda: Hma(4), [0, 1, 2, 3, 4, 5, 6], [None, None, None, None, 4, 5, 6]),  # a straight line has no lag
        (lambda: Kama(2, 2, 3), [1, 3, 2, 2, 2], [None, None, 218 / 81, 1738 / 729, 14522 / 6561]),
        (lambda: Kama(1), [5, 5, 5], [None, 5, 5]),
        (lambda: Roc(2), [4, 2, 5, 0, 10, 0, 5], [None, None, 25, -100, 100, 0, -50]),
        (lambda: Highest(3), [1, 5, 2, 3, 1, 0, 4, 4], [None, None, 5, 5, 3, 3, 4, 4]),
        (lambda: Lowest(3), [5, 1, 4, 3, 5, 6, 2, 2], [None, None, 1, 1, 3, 3, 2, 2]),
        (lambda: Highest(1), [2, 1], [2, 1]),
    ],
)
def test_an_indicator_gives_the_values_worked_out_by_hand(
    build: Callable[[], Any], values: list[float], expected: list[float | None]
) -> None:
    indicator = build()
    heard = [indicator.update(value) for value in values]

    assert heard == [None if wanted is None else pytest.approx(wanted, rel=1e-12) for wanted in expected]


def test_bollinger_bands_stand_deviations_from_the_average() -> None:
    bollinger = Bollinger(2, 1.5)

    assert [bollinger.update(value) for value in (1, 3)] == [None, Bands(lower=0.5, middle=2.0, upper=3.5)]


def test_envelope_bands_stand_percents_from_the_average() -> None:
    envelope = Envelope(2, 2.0)

    assert [envelope.update(value) for value in (50, 150)] == [None, Bands(lower=98.0, middle=100.0, upper=102.0)]


def test_macd_waits_for_its_signal() -> None:
    macd = Macd(1, 3, 2)
    lines = [macd.update(value) for value in (1, 2, 3, 4, 8)]  # slow: 2, 3, 5.5; fast less slow: 1, 1, 2.5

    assert lines == [
        None,
        None,
        None,
        MacdLines(macd=1.0, signal=1.0, histogram=0.0),
        MacdLines(macd=2.5, signal=2.0, histogram=0.5),
    ]


@pytest.mark.parametrize("name", KINDS)
def test_what_update_gives_is_kept_as_the_value(name: str) -> None:
    kind, indicator = KINDS[name], KINDS[name].build(PERIODS)

    for one in a_walk(seed=6, bars=20):
        [given] = kind.hear(indicator, [one])
        assert (indicator.value, indicator.ready) == (given, given is not None)

    assert indicator.ready


@pytest.mark.parametrize("name", KINDS)
def test_an_indicator_goes_on_from_its_state_as_if_nothing_had_been(name: str) -> None:
    kind, original = KINDS[name], KINDS[name].build(PERIODS)

    for one in a_walk(seed=7, bars=60):
        # Through JSON, as a snapshot may take it; into an object whose class alone is known.
        follower = type(original).restored(json.loads(json.dumps(original.state())))
        assert kind.hear(follower, [one]) == kind.hear(original, [one])
        assert follower.state() == original.state()


@pytest.mark.parametrize("name", KINDS)
def test_a_snapshot_of_a_strategy_carries_it(name: str) -> None:
    kind, original, bars = KINDS[name], KINDS[name].build(PERIODS), a_walk(seed=9, bars=60)
    kind.hear(original, bars[:40])
    follower = decode_state(encode_state({"one": original}, owner=Strategy), owner=Strategy)["one"]

    assert follower is not original
    assert kind.hear(follower, bars[40:]) == kind.hear(original, bars[40:])


@pytest.mark.parametrize("name", KINDS)
def test_a_state_is_not_touched_by_later_updates(name: str) -> None:
    kind, original, follower = KINDS[name], KINDS[name].build(PERIODS), KINDS[name].build(PERIODS)
    *before, last = a_walk(seed=8, bars=11)
    kind.hear(original, before)
    state = original.state()
    written = json.dumps(state)
    follower.restore(state)

    kind.hear(original, [last])
    kind.hear(follower, [last])

    assert json.dumps(state) == written


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Sma(0), "Sma: period is 0; it must be a whole number, 1 or more"),
        (lambda: Wma(-1), "Wma: period is -1; it must be a whole number, 1 or more"),
        (lambda: Ema(2.5), "Ema: period is 2.5; it must be a whole number, 1 or more"),  # type: ignore[arg-type]
        (lambda: Wilder(0), "Wilder: period is 0; it must be a whole number, 1 or more"),
        (lambda: StandardDeviation(0), "StandardDeviation: period is 0; it must be a whole number, 1 or more"),
        (lambda: Rsi(0), "Rsi: period is 0; it must be a whole number, 1 or more"),
        (lambda: Atr(0), "Atr: period is 0; it must be a whole number, 1 or more"),
        (lambda: Bollinger(0, 2.0), "Bollinger: period is 0; it must be a whole number, 1 or more"),
        (lambda: Bollinger(20, 0.0), "Bollinger: deviations is 0.0; it must be above 0 and finite"),
        (lambda: Envelope(0, 2.0), "Envelope: period is 0; it must be a whole number, 1 or more"),
        (lambda: Envelope(20, float("nan")), "Envelope: deviation is nan; it must be above 0 and finite"),
        (lambda: Dema(0), "Dema: period is 0; it must be a whole number, 1 or more"),
        (lambda: Tema(0), "Tema: period is 0; it must be a whole number, 1 or more"),
        (lambda: Hma(1), "Hma: period is 1; it must be a whole number, 2 or more"),
        (lambda: Kama(10, 0, 30), "Kama: fast is 0; it must be a whole number, 1 or more"),
        (lambda: Kama(10, 30, 30), "Kama: fast is 30 and slow is 30; fast must be the shorter period"),
        (lambda: Roc(0), "Roc: period is 0; it must be a whole number, 1 or more"),
        (lambda: Highest(0), "Highest: period is 0; it must be a whole number, 1 or more"),
        (lambda: Lowest(0), "Lowest: period is 0; it must be a whole number, 1 or more"),
        (lambda: Donchian(0), "Donchian: period is 0; it must be a whole number, 1 or more"),
        (lambda: WilliamsR(0), "WilliamsR: period is 0; it must be a whole number, 1 or more"),
        (lambda: Cci(0), "Cci: period is 0; it must be a whole number, 1 or more"),
        (lambda: Adx(0), "Adx: period is 0; it must be a whole number, 1 or more"),
        (lambda: Stochastic(14, 0, 3), "Stochastic: slowing is 0; it must be a whole number, 1 or more"),
        (lambda: Keltner(20, 0, 2.0), "Keltner: range_period is 0; it must be a whole number, 1 or more"),
        (lambda: Keltner(20, 10, -1.0), "Keltner: multiple is -1.0; it must be above 0 and finite"),
        (lambda: Macd(12, 26, 0), "Macd: signal is 0; it must be a whole number, 1 or more"),
        (lambda: Macd(26, 12, 9), "Macd: fast is 26 and slow is 12; fast must be the shorter period"),
    ],
)
def test_a_period_or_width_that_cannot_be_is_refused_by_name(build: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the whole message is compared
        build()

    assert str(refusal.value) == message
