"""Indicators of bars against values worked out by hand, flat windows among them."""

from collections.abc import Callable
from typing import Any

import pytest

from trading.indicators import (
    Adx,
    AdxLines,
    Atr,
    Bands,
    Cci,
    Donchian,
    Keltner,
    Obv,
    Stochastic,
    StochasticLines,
    Vwap,
    WilliamsR,
)
from trading.market_data import Bar

FLAT = (5.0, 5.0, 5.0)
THREE = [(10, 8, 9), (12, 10, 11), (11, 9, 9)]
"""Each as high, low, close: over two bars the range is 8 to 12, then 9 to 12."""


def bar(high: float, low: float, close: float, volume: float = 1.0) -> Bar:
    return Bar("AAA", 60, 60, close, high, low, close, volume)


@pytest.mark.parametrize(
    ("build", "bars", "expected"),
    [
        (lambda: Atr(2), [(99, 1, 10), (11, 9, 10), (15, 14, 14), (9, 8, 8)], [None, None, 3.5, 4.75]),
        (lambda: Atr(2), [FLAT] * 3, [None, None, 0]),
        (lambda: WilliamsR(2), THREE, [None, -25, -100]),
        (lambda: WilliamsR(2), [(7, 7, 7), FLAT, FLAT, (9, 5, 9)], [None, -100, -50, 0]),
        # Means of the last three 3 and 14/3, mean distances from them 2 and 16/9.
        (lambda: Cci(3), [(1, 1, 1), (2, 2, 2), (9, 3, 6), (6, 6, 6), (6, 6, 6)], [None, None, 100, 50, 0]),
        (lambda: Cci(7), [(0.1, 0.1, 0.1)] * 8, [None] * 6 + [0, 0]),
        (lambda: Cci(1), THREE, [0, 0, 0]),
        (Obv, [(5, 5, 5, 10), (6, 6, 6, 20), (9, 1, 6, 30), (4, 4, 4, 40)], [10, 30, 30, -10]),
        (Vwap, [(9, 9, 9, 0), (10, 8, 9, 1), (14, 10, 12, 2), (1, 1, 1, 0)], [None, 9, 11, 11]),
    ],
)
def test_an_indicator_gives_the_values_worked_out_by_hand(
    build: Callable[[], Any], bars: list[tuple[float, ...]], expected: list[float | None]
) -> None:
    indicator = build()
    heard = [indicator.update(bar(*one)) for one in bars]

    assert heard == [None if wanted is None else pytest.approx(wanted, rel=1e-12) for wanted in expected]


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (
            lambda: Donchian(2),
            [Bands(lower=8.0, middle=10.0, upper=12.0), Bands(lower=9.0, middle=10.5, upper=12.0)],
        ),
        # Averages of the typical prices 9, 11 and 29/3: 10 and 10 - 2/9; true ranges 3 and 2.
        (
            lambda: Keltner(2, 1, 2.0),
            [Bands(lower=4.0, middle=10.0, upper=16.0), Bands(lower=52 / 9, middle=88 / 9, upper=124 / 9)],
        ),
        (lambda: Stochastic(2, 1, 1), [StochasticLines(k=75.0, d=75.0), StochasticLines(k=0.0, d=0.0)]),
        (lambda: Stochastic(2, 1, 2), [None, StochasticLines(k=0.0, d=37.5)]),
        (lambda: Stochastic(2, 2, 1), [None, StochasticLines(k=37.5, d=37.5)]),
    ],
)
def test_lines_come_together(build: Callable[[], Any], expected: list[Any]) -> None:
    indicator = build()
    first, *heard = [indicator.update(bar(*one)) for one in THREE]

    assert first is None
    assert [one and fields(one) for one in heard] == [one and pytest.approx(fields(one)) for one in expected]


def test_the_directions_share_the_true_range() -> None:
    adx = Adx(2)
    # Movements +2, -2, +3, none; true ranges 3, 4, 6, 4.
    lines = [adx.update(bar(*one)) for one in [(10, 8, 9), (12, 9, 11), (11, 7, 8), (14, 8, 13), (14, 10, 12)]]

    assert lines[:3] == [None, None, None]
    assert [fields(one) for one in lines[3:]] == [
        pytest.approx({"adx": 30.0, "plus_di": 200 / 4.75, "minus_di": 50 / 4.75}),
        pytest.approx({"adx": 45.0, "plus_di": 100 / 4.375, "minus_di": 25 / 4.375}),
    ]


@pytest.mark.parametrize(
    ("build", "bars", "expected"),
    [
        (lambda: Adx(1), [FLAT] * 2, AdxLines(adx=0.0, plus_di=0.0, minus_di=0.0)),
        # As far up as down is a movement in neither direction.
        (lambda: Adx(1), [(10, 8, 9), (11, 7, 9)], AdxLines(adx=0.0, plus_di=0.0, minus_di=0.0)),
        (lambda: Donchian(2), [FLAT] * 2, Bands(lower=5.0, middle=5.0, upper=5.0)),
        (lambda: Keltner(2, 1, 2.0), [FLAT] * 2, Bands(lower=5.0, middle=5.0, upper=5.0)),
        (lambda: Stochastic(2, 1, 1), [FLAT] * 2, StochasticLines(k=50.0, d=50.0)),
    ],
)
def test_where_nothing_moves_the_lines_are_defined(
    build: Callable[[], Any], bars: list[tuple[float, ...]], expected: Any
) -> None:
    indicator = build()

    assert [indicator.update(bar(*one)) for one in bars][-1] == expected


def test_a_session_begins_at_a_reset() -> None:
    vwap = Vwap()
    vwap.update(bar(100, 100, 100, 7))
    vwap.reset()

    assert (vwap.value, vwap.ready) == (None, False)
    assert vwap.update(bar(3, 3, 3, 4)) == 3.0


def fields(lines: Any) -> dict[str, float]:
    return {name: getattr(lines, name) for name in lines.__struct_fields__}
