"""The last bars of a stream stay at hand: so many, in their order, over snapshots too."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import spec, started, strategy
from tests.market_builders import a_bar, an_instrument, through_msgpack
from trading.container import ScopedContainer
from trading.kept_bars import MOST_KEPT, KeptBars
from trading.market_data import Bar
from trading.strategy import Strategy
from trading.subscriptions import DataKind, Subscription
from trading.timestamps import MINUTE


def bars(count: int, *, symbol: str = "AAA", minutes: int = 1) -> list[Bar]:
    return [a_bar(*[float(n)] * 4, at=60 * minutes * n, symbol=symbol, minutes=minutes) for n in range(1, count + 1)]


def keeping(count: int, **handlers: Any) -> type[Strategy]:
    """A strategy that keeps minutes, and writes down what it sees of them at each."""

    def start(self: Strategy) -> None:
        self.subscribe("AAA", bars="1m", warmup=2, keep=count)
        self.subscribe("AAA", bars="5m")

    def on_bar(self: Any, _: Bar) -> None:
        self.seen = [bar.close for bar in self.last_bars("AAA", "1m")]

    return strategy(**({"start": start, "on_bar": on_bar} | handlers))


def seen(container: ScopedContainer) -> list[float]:
    closes: list[float] = vars(container.resolve("strategy", Strategy))["seen"]
    return closes


def test_the_last_ones_are_kept_with_the_one_that_is_heard_and_those_of_the_warm_up() -> None:
    container, _ = started(keeping(3))
    first, *others = bars(6)
    container.warm(first)
    assert seen(container) == [1.0]
    for bar in others:
        container.on_event(bar)
    assert seen(container) == [4.0, 5.0, 6.0]
    container.on_event(bars(1, minutes=5)[0])
    assert seen(container) == [4.0, 5.0, 6.0]


def test_they_come_back_with_a_snapshot_and_go_on_from_there() -> None:
    whole, _ = started(keeping(3))
    for bar in bars(4):
        whole.on_event(bar)
    again = ScopedContainer(spec(keeping(3)), {"AAA": an_instrument()})
    again.initialize_scope()
    again.restore(through_msgpack(whole.state()))
    for container in (whole, again):
        container.on_event(a_bar(9.0, 9.0, 9.0, 9.0, at=900))
        assert seen(container) == [3.0, 4.0, 9.0]
    assert again.state() == whole.state()


def test_who_keeps_without_a_handler_for_bars_has_them_elsewhere() -> None:
    def on_quote(self: Any, _: object) -> None:
        """Only looks at bars."""

    container, _ = started(keeping(2, on_bar=Strategy.on_bar, on_quote=on_quote))
    for bar in bars(3):
        container.on_event(bar)
    kept = container.resolve("strategy", Strategy).last_bars("AAA", "60s")
    assert [bar.close for bar in kept] == [2.0, 3.0]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"bars": "1m", "keep": -1}, "keep is -1 bars; it must be from zero to 10,000"),
        ({"bars": "1m", "keep": MOST_KEPT + 1}, "keep is 10001 bars; it must be from zero to 10,000"),
        ({"quotes": True, "keep": 5}, "only bars are kept; give bars="),
    ],
)
def test_what_cannot_be_kept_is_refused(asked: dict[str, Any], told: str) -> None:
    container, _ = started(strategy(start=lambda self: self.subscribe("AAA", **asked)))
    assert container.trip is not None
    assert told in container.trip.reason


@pytest.mark.parametrize("wanted", [("AAA", "5m"), ("BBB", "1m"), ("AAA", "soon")])
def test_what_is_not_kept_cannot_be_asked_for(wanted: tuple[str, str]) -> None:
    container, _ = started(keeping(3, on_bar=lambda self, _: self.last_bars(*wanted)))
    container.on_event(bars(1)[0])
    assert container.trip is not None
    assert container.trip.reason.startswith("StrategyMisuse: ")
    assert ("AAA 1m are" in container.trip.reason) is (wanted[1] != "soon")


def test_the_longer_past_is_kept_of_what_is_asked_for_twice() -> None:
    def start(self: Strategy) -> None:
        self.subscribe("AAA", bars="1m", keep=2)
        self.subscribe("AAA", bars="60s", keep=4, warmup=1)

    container, _ = started(keeping(0, start=start))
    assert [(one.keep, one.warmup) for one in container.subscriptions] == [(4, 1)]
    for bar in bars(9):
        container.on_event(bar)
    assert seen(container) == [6.0, 7.0, 8.0, 9.0]


@given(st.integers(1, 8), st.integers(0, 20), st.slices(12))
def test_what_is_kept_reads_as_a_list_of_the_last_ones(keep: int, count: int, part: slice) -> None:
    kept = KeptBars()
    kept.keep([Subscription(symbol="AAA", kind=DataKind.BARS, interval_ns=MINUTE, keep=keep)])
    view = kept.of("AAA", MINUTE)
    for bar in bars(count):
        kept.hear(bar)
    expected = bars(count)[-keep:]
    assert list(view) == expected
    assert list(view[part]) == expected[part]
    assert len(view) == len(expected)
    if expected:
        assert (view[-1], view[0]) == (expected[-1], expected[0])
        assert expected[0] in view
