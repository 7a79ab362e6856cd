"""The past: exactly the bars that were asked for are heard before the first event, and nothing else happens."""

import pytest

from tests.builders import Rig, buy, price, spec, strategy
from trading.market_data import Bar, MarketEvent
from trading.strategy import Strategy
from trading.timestamps import MINUTE, SECOND


def warmed(warmup: int, start: int, past: list[MarketEvent], minutes: int = 1) -> list[int]:
    """The closes, in minutes, of the bars that a strategy heard while it was warming."""
    heard: list[int] = []

    def begin(self: Strategy) -> None:
        self.subscribe("AAA", bars=f"{minutes}m", warmup=warmup)

    def on_bar(self: Strategy, bar: Bar) -> None:
        assert self.warming
        heard.append(bar.ts_ns // MINUTE)

    rig = Rig(spec(strategy(start=begin, on_bar=on_bar)), start=start)
    rig.driver.warm(past)
    return heard


PAST: list[MarketEvent] = [price(at, 1.0) for at in range(1, 600, 10)]


@pytest.mark.parametrize(
    ("warmup", "minutes", "heard"),
    [
        (3, 1, [8, 9, 10]),
        (1, 1, [10]),
        (0, 1, []),
        (99, 1, list(range(1, 11))),
        (2, 2, [8, 10]),
        (1, 5, [10]),
    ],
)
def test_exactly_the_last_bars_before_the_start_are_heard(warmup: int, minutes: int, heard: list[int]) -> None:
    assert warmed(warmup, 600, PAST, minutes) == heard


def test_the_bar_that_is_open_at_the_start_goes_on_into_the_first_one() -> None:
    heard: list[Bar] = []
    cls = strategy(on_bar=lambda _, bar: heard.append(bar))
    rig = Rig(spec(cls, warmup=1), start=90)
    rig.driver.warm([price(5, 7.0), price(65, 9.0), price(80, 8.0)])
    rig.feed(price(100, 5.0), price(121, 1.0))
    assert [(bar.ts_ns // SECOND, bar.open, bar.low) for bar in heard] == [(60, 7.0, 7.0), (120, 9.0, 5.0)]


def test_warming_brings_no_step_and_no_record() -> None:
    rig = Rig(spec(strategy(on_bar=lambda self, bar: buy(self)), warmup=5), start=600)
    rig.driver.warm(PAST)
    rig.feed(price(600, 1.0))
    assert (rig.records, rig.lockstep.events) == ([], 1)
