"""What is written down about the indicators: all of them are there, and the first values are true."""

import re
from math import isqrt
from pathlib import Path

import pytest

import strategies.arrays
import trading.indicators
from tests.indicator_builders import KINDS, a_walk, snake_case
from trading.indicators import Indicator

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "indicators.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)\([^`]*\)`[^|]*\|[^|]+\| `([^`]+)` \|[^|]+\|[^|]+\|$", re.MULTILINE)
FIRST_VALUES = dict(ROW.findall(PAGE))


def test_every_public_indicator_is_on_the_page_among_the_arrays_and_in_the_tests_of_all() -> None:
    public = (getattr(trading.indicators, name) for name in trading.indicators.__all__)
    names = {one.__name__ for one in public if issubclass(one, Indicator) and one is not Indicator}

    assert len(names) == 25
    assert set(FIRST_VALUES) == set(KINDS) == names
    assert {name for name in strategies.arrays.__all__ if name.islower()} == {snake_case(name) for name in names}


@pytest.mark.parametrize("periods", [(1, 1, 1), (2, 3, 4), (4, 2, 3), (9, 14, 2)])
@pytest.mark.parametrize("name", KINDS)
def test_the_first_value_comes_when_the_page_says(name: str, periods: tuple[int, int, int]) -> None:
    kind = KINDS[name]
    heard = kind.hear(kind.build(periods), a_walk(seed=1, bars=60))
    wanted = eval(FIRST_VALUES[name], {"isqrt": isqrt, "max": max}, kind.arguments(*periods))

    assert [one is not None for one in heard] == [place >= wanted for place in range(1, 61)]
