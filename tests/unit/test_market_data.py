"""What a position is marked at, and what happens while the market lacks a side."""

import math

import pytest

from tests.builders import QUOTES, Rig, acting, nothing, price, spec, strategy
from tests.market_builders import a_bar, a_quote, a_trade
from trading.market_data import Bar, MarketEvent, reference_price
from trading.strategy import Strategy


@pytest.mark.parametrize(
    ("event", "reference"),
    [
        (a_quote(99.0, 101.0), 100.0),
        (a_quote(0.0, 101.0), None),
        (a_quote(99.0, 0.0), None),
        (a_quote(math.nan, 101.0), None),
        (a_quote(99.0, math.nan), None),
        (a_quote(99.0, math.inf), None),
        (a_trade(100.5), 100.5),
        (a_trade(0.0), None),
        (a_bar(1, 4, 1, 3), 3),
    ],
)
def test_an_event_has_a_reference_price_unless_a_side_is_empty(event: MarketEvent, reference: float | None) -> None:
    assert reference_price(event) == reference
    assert reference_price(event, frozenset({"BBB"})) == reference


@pytest.mark.parametrize(
    ("event", "reference"),
    [
        (a_quote(99.0, 101.0), 100.0),
        (a_quote(-3.0, -2.0), -2.5),
        (a_quote(-1.0, 3.0), 1.0),
        (a_quote(-1.0, 1.0), 0.0),
        (a_quote(-1.0, 0.0), None),
        (a_quote(0.0, 1.0), None),
        (a_quote(math.nan, -1.0), None),
        (a_quote(-math.inf, -1.0), None),
        (a_quote(-math.inf, math.inf), None),
        (a_trade(-37.63), -37.63),
        (a_trade(0.0), 0.0),
        (a_trade(math.nan), None),
        (a_trade(-math.inf), None),
        (a_bar(1, 4, -9, -2), -2),
        (a_bar(1, 4, -9, 0), 0),
    ],
)
def test_a_price_at_or_below_zero_is_one_where_it_may_be(event: MarketEvent, reference: float | None) -> None:
    assert reference_price(event, frozenset({"AAA"})) == reference


def test_a_price_of_zero_has_no_sign() -> None:
    assert str(reference_price(a_trade(-0.0), frozenset({"AAA"}))) == "0.0"


EMPTY = [a_quote(0.0, 101.0, at=2), a_quote(math.nan, 101.0, at=3), a_quote(99.0, math.inf, at=4)]


def test_a_quote_without_a_side_marks_nothing_and_trips_nobody() -> None:
    def buy(self: Strategy) -> None:
        self.buy("AAA", 10)

    rig = Rig(spec(acting(buy, nothing, buy))).feed(price(1, 100.0), *EMPTY[:2])
    assert rig.router.marks == {"AAA": 100.0}
    assert rig.reports() == ["a-1 accepted", "a-1 filled 10 at 100.0", "a-2 accepted", "a-2 filled 10 at 101.0"]
    assert rig.router.tripped == {}


def test_a_quote_without_a_side_is_no_part_of_a_bar() -> None:
    heard: list[Bar] = []
    rig = Rig(spec(strategy(on_bar=lambda _, bar: heard.append(bar))), offers={"AAA": QUOTES})
    rig.feed(price(1, 100.0), *EMPTY, price(30, 102.0), price(61, 103.0))
    [bar] = heard
    assert (bar.open, bar.high, bar.low, bar.close) == (100.0, 102.0, 100.0, 102.0)
