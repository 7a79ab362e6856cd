"""Ticks and shorter bars to bars: where the boundaries are, what is late, what an empty interval gives."""

import pytest

from trading.aggregation import BarBuilder
from trading.market_data import Bar
from trading.timestamps import MINUTE, SECOND

FIVE = 5 * MINUTE


def minute_bar(minute: float, close: float, *, high: float | None = None, low: float | None = None) -> Bar:
    """A bar of volume 10 that closes at a minute; its open is its close less 1."""
    opening = close - 1
    return Bar("AAA", int(minute * MINUTE), MINUTE, opening, high or close, low or opening, close, 10.0)


def test_a_bar_holds_the_ticks_of_its_interval() -> None:
    builder = BarBuilder("AAA", MINUTE)

    for second, price, size in ((61, 10.0, 1.0), (70, 12.0, 2.0), (70, 9.0, 3.0), (119, 11.0, 4.0)):
        builder.add_price(second * SECOND, price, size)

    assert builder.due_ns == 2 * MINUTE
    assert builder.close() == Bar("AAA", 2 * MINUTE, MINUTE, 10.0, 12.0, 9.0, 11.0, 10.0)
    assert builder.due_ns is None


def test_prices_at_and_below_zero_are_prices_like_others() -> None:
    builder = BarBuilder("AAA", MINUTE)
    for second, price in ((61, -3.0), (70, 0.0), (71, -37.63), (119, -1.0)):
        builder.add_price(second * SECOND, price, 1.0)
    bar = builder.close()
    assert (bar.open, bar.high, bar.low, bar.close) == (-3.0, 0.0, -37.63, -1.0)

    longer = BarBuilder("AAA", FIVE)
    longer.add_bar(bar)
    longer.add_bar(Bar("AAA", 3 * MINUTE, MINUTE, -1.0, 5.0, -40.0, 2.0, 1.0))
    assert longer.close() == Bar("AAA", FIVE, FIVE, -3.0, 5.0, -40.0, 2.0, 5.0)


@pytest.mark.parametrize(
    ("ts_ns", "due_ns"),
    [(0, MINUTE), (MINUTE - 1, MINUTE), (MINUTE, 2 * MINUTE), (-1, 0), (-MINUTE, 0)],
)
def test_a_tick_on_a_boundary_belongs_to_the_interval_that_begins_there(ts_ns: int, due_ns: int) -> None:
    builder = BarBuilder("AAA", MINUTE)

    builder.add_price(ts_ns, 10.0, 1.0)

    assert builder.due_ns == due_ns


@pytest.mark.parametrize(
    ("minute", "due_minute"), [(1, 5), (5, 5), (6, 10), (10, 10), (4.5, 5), (0, 0), (-4, 0), (-5, -5)]
)
def test_a_bar_on_a_boundary_belongs_to_the_interval_that_ends_there(minute: float, due_minute: int) -> None:
    builder = BarBuilder("AAA", FIVE)

    builder.add_bar(minute_bar(minute, 10.0))

    assert builder.due_ns == due_minute * MINUTE


def test_longer_bars_are_built_of_shorter_ones() -> None:
    builder = BarBuilder("AAA", FIVE)

    for one in (minute_bar(6, 10.0, low=8.0), minute_bar(8, 12.0, high=15.0), minute_bar(10, 9.0)):
        builder.add_bar(one)

    assert builder.close() == Bar("AAA", 10 * MINUTE, FIVE, 9.0, 15.0, 8.0, 9.0, 30.0)


def test_an_interval_without_ticks_gives_no_bar() -> None:
    builder = BarBuilder("AAA", MINUTE)
    builder.add_price(0, 10.0, 1.0)
    builder.close()

    builder.add_price(5 * MINUTE, 11.0, 1.0)

    assert builder.close() == Bar("AAA", 6 * MINUTE, MINUTE, 11.0, 11.0, 11.0, 11.0, 1.0)


def test_an_interval_without_ticks_gives_a_flat_bar_where_they_are_filled() -> None:
    builder = BarBuilder("AAA", MINUTE, fill_empty=True)
    assert builder.due_ns is None
    builder.add_price(0, 10.0, 1.0)
    builder.add_price(1, 12.0, 1.0)

    first, empty = builder.close(), builder.close()
    builder.add_price(2 * MINUTE, 11.0, 3.0)

    assert first == Bar("AAA", MINUTE, MINUTE, 10.0, 12.0, 10.0, 12.0, 2.0)
    assert empty == Bar("AAA", 2 * MINUTE, MINUTE, 12.0, 12.0, 12.0, 12.0, 0.0)
    assert builder.close() == Bar("AAA", 3 * MINUTE, MINUTE, 11.0, 11.0, 11.0, 11.0, 3.0)
    assert builder.due_ns == 4 * MINUTE


def test_a_tick_for_a_closed_interval_is_late_and_left_out() -> None:
    builder = BarBuilder("AAA", MINUTE)
    builder.add_price(0, 10.0, 1.0)
    builder.close()

    builder.add_price(MINUTE - 1, 99.0, 1.0)

    assert (builder.late, builder.due_ns) == (1, None)


def test_a_tick_before_the_open_bar_is_late_though_its_own_interval_was_empty() -> None:
    builder = BarBuilder("AAA", MINUTE)
    builder.add_price(5 * MINUTE, 10.0, 1.0)

    builder.add_price(5 * MINUTE - 1, 99.0, 1.0)

    assert (builder.late, builder.close().high) == (1, 10.0)


def test_a_bar_for_a_closed_interval_is_late_and_left_out() -> None:
    builder = BarBuilder("AAA", FIVE)
    builder.add_bar(minute_bar(4, 10.0))
    builder.close()

    builder.add_bar(minute_bar(5, 99.0))

    assert (builder.late, builder.due_ns) == (1, None)


@pytest.mark.parametrize("fill_empty", [False, True])
def test_a_tick_past_the_boundary_of_an_unclosed_bar_is_our_own_mistake(fill_empty: bool) -> None:
    builder = BarBuilder("AAA", MINUTE, fill_empty=fill_empty)
    builder.add_price(0, 10.0, 1.0)

    with pytest.raises(AssertionError):
        builder.add_price(MINUTE, 10.0, 1.0)


def test_a_tick_past_the_boundary_of_an_unclosed_flat_bar_is_our_own_mistake() -> None:
    builder = BarBuilder("AAA", MINUTE, fill_empty=True)
    builder.add_price(0, 10.0, 1.0)
    builder.close()

    with pytest.raises(AssertionError):
        builder.add_price(2 * MINUTE, 10.0, 1.0)


def test_bars_that_do_not_add_up_to_the_interval_are_refused() -> None:
    with pytest.raises(ValueError, match="AAA: bars of 1m do not add up to 90s; ask for a whole multiple"):
        BarBuilder("AAA", 90 * SECOND).add_bar(minute_bar(1, 10.0))


def test_an_interval_must_last() -> None:
    with pytest.raises(ValueError, match="AAA: a bar interval of 0 ns cannot be; it must be above zero"):
        BarBuilder("AAA", 0)
