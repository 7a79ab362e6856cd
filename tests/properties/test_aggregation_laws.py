"""What holds for bars of any interval, whatever the ticks: several timeframes of one series tell one story."""

import json
from collections.abc import Iterable, Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from trading.aggregation import BarBuilder
from trading.market_data import Bar, Trade
from trading.timestamps import MINUTE, SECOND

FIVE = 5 * MINUTE


@st.composite
def tick_series(draw: st.DrawFn) -> list[Trade]:
    """Trades in order of time, often on a boundary, with gaps of up to 15 minutes; whole sizes, prices in cents."""
    ts_ns, ticks = draw(st.integers(-2 * FIVE, 2 * FIVE)) // (10 * SECOND) * (10 * SECOND), []
    for step, cents, size in draw(
        st.lists(st.tuples(st.integers(0, 90), st.integers(1, 10**6), st.integers(1, 10**4)), max_size=50)
    ):
        ts_ns += step * 10 * SECOND
        ticks.append(Trade("AAA", ts_ns, cents / 100, float(size)))
    return ticks


def bars_of_ticks(ticks: Iterable[Trade], builder: BarBuilder) -> Iterator[Bar]:
    """The builder driven as a sequencer drives it, closed at the end."""
    for tick in ticks:
        while builder.due_ns is not None and builder.due_ns <= tick.ts_ns:
            yield builder.close()
        builder.add_price(tick.ts_ns, tick.price, tick.size)
    if builder.due_ns is not None:
        yield builder.close()


def bars_of_bars(shorter: Iterable[Bar], builder: BarBuilder) -> Iterator[Bar]:
    for bar in shorter:
        while builder.due_ns is not None and builder.due_ns < bar.ts_ns:
            yield builder.close()
        builder.add_bar(bar)
    if builder.due_ns is not None:
        yield builder.close()


def from_ticks(ticks: Iterable[Trade], interval_ns: int, *, fill_empty: bool = False) -> list[Bar]:
    return list(bars_of_ticks(ticks, BarBuilder("AAA", interval_ns, fill_empty=fill_empty)))


@given(tick_series())
def test_each_bar_is_that_of_its_own_ticks_sorted_out_by_hand(ticks: list[Trade]) -> None:
    wanted = []
    for begin_ns in sorted({tick.ts_ns // MINUTE * MINUTE for tick in ticks}):
        own = [tick for tick in ticks if begin_ns <= tick.ts_ns < begin_ns + MINUTE]
        prices = [tick.price for tick in own]
        volume = sum(tick.size for tick in own)
        wanted.append(Bar("AAA", begin_ns + MINUTE, MINUTE, prices[0], max(prices), min(prices), prices[-1], volume))

    assert from_ticks(ticks, MINUTE) == wanted


@given(tick_series())
def test_five_minutes_hold_what_their_minutes_hold(ticks: list[Trade]) -> None:
    minutes = from_ticks(ticks, MINUTE)

    for bar in from_ticks(ticks, FIVE):
        own = [one for one in minutes if bar.ts_ns - FIVE < one.ts_ns <= bar.ts_ns]
        assert bar.high == max(one.high for one in own)
        assert bar.low == min(one.low for one in own)
        assert (bar.open, bar.close) == (own[0].open, own[-1].close)
        assert bar.volume == sum(one.volume for one in own)


@given(tick_series())
def test_bars_of_bars_are_the_bars_of_the_ticks(ticks: list[Trade]) -> None:
    minutes = from_ticks(ticks, MINUTE)

    assert list(bars_of_bars(minutes, BarBuilder("AAA", FIVE))) == from_ticks(ticks, FIVE)


@given(tick_series())
def test_filled_bars_are_the_unfilled_ones_with_flat_ones_between(ticks: list[Trade]) -> None:
    filled, unfilled = from_ticks(ticks, MINUTE, fill_empty=True), from_ticks(ticks, MINUTE)
    filled = filled[: filled.index(unfilled[-1]) + 1] if unfilled else filled

    assert [bar for bar in filled if bar.volume] == unfilled
    for before, bar in pairwise(filled):
        assert bar.ts_ns == before.ts_ns + MINUTE
        if not bar.volume:
            assert (bar.open, bar.high, bar.low, bar.close) == (before.close,) * 4


@given(tick_series(), st.floats(0, 1), st.booleans())
def test_a_restore_at_any_tick_changes_nothing(ticks: list[Trade], share: float, fill_empty: bool) -> None:
    cut = int(share * len(ticks))
    first, second = (BarBuilder("AAA", MINUTE, fill_empty=fill_empty) for _ in range(2))
    bars = []
    for builder, part in ((first, ticks[:cut]), (second, ticks[cut:])):
        if builder is second:
            second.restore(json.loads(json.dumps(first.state())))
        for tick in part:
            while builder.due_ns is not None and builder.due_ns <= tick.ts_ns:
                bars.append(builder.close())
            builder.add_price(tick.ts_ns, tick.price, tick.size)
    if second.due_ns is not None:
        bars.append(second.close())

    assert bars == from_ticks(ticks, MINUTE, fill_empty=fill_empty)


@given(st.lists(st.tuples(st.integers(0, 20 * MINUTE), st.integers(1, 100)), max_size=60))
def test_every_tick_is_in_exactly_one_bar_or_late(ticks: list[tuple[int, int]]) -> None:
    """Ticks in any order: a bar is closed as soon as one past its boundary comes."""
    builder = BarBuilder("AAA", MINUTE)
    trades = [Trade("AAA", ts_ns, float(size), 1.0) for ts_ns, size in ticks]

    assert sum(bar.volume for bar in bars_of_ticks(trades, builder)) + builder.late == len(trades)
