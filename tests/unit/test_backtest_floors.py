"""What backtests are measured against does their work: the plain loops make the engine's fills, to the last digit."""

from functools import partial

import pytest

from benchmarks.backtest import hold_equal
from benchmarks.engine import ON_BARS, ON_QUOTES, driver_of, fills_of, skip_through, timeline_of
from benchmarks.floors_of_backtests import PlainFill, hear, rsi_envelope, sma_cross
from benchmarks.subscribers import Idle
from benchmarks.workloads import bar_columns, bars_of, quote_columns, quotes_of
from strategies.rsi_envelope import RsiEnvelope
from strategies.sma_cross import SmaCross
from trading.timestamps import SECOND


def test_nothing_comes_of_nothing() -> None:
    bars = bars_of(bar_columns(500))
    driver = driver_of(Idle, ON_BARS)
    driver.run(bars)
    assert fills_of(driver) == hear(bars) == []


@pytest.mark.parametrize("periods", [(10, 30), (50, 150)])
def test_averages_that_cross(periods: tuple[int, int]) -> None:
    columns = bar_columns(3_000)
    bars, (fast, slow) = bars_of(columns), periods
    plain = sma_cross(columns.ts_ns.tolist(), columns.open.tolist(), columns.close.tolist(), fast, slow)
    make = partial(driver_of, SmaCross, ON_BARS, fast=fast, slow=slow)
    every_bar, skipping = make(), make()
    every_bar.run(bars)
    skip_through(skipping, timeline_of(bars))
    assert len(plain) > 5
    assert fills_of(every_bar) == fills_of(skipping) == plain


def test_bars_of_ticks() -> None:
    columns = quote_columns(40_000, apart_ns=10 * SECOND)
    plain = rsi_envelope(columns.ts_ns.tolist(), columns.bid.tolist(), columns.ask.tolist())
    driver = driver_of(RsiEnvelope, ON_QUOTES)
    driver.run(quotes_of(columns))
    assert len(plain) > 5
    assert fills_of(driver) == plain


def test_fills_that_differ_are_no_figure() -> None:
    fills = [PlainFill(1, 100, 4_000.25, 1.0), PlainFill(2, -100, 4_000.0, 1.0)]
    hold_equal(fills, list(fills))
    with pytest.raises(AssertionError, match="2 fills, not 1"):
        hold_equal(fills, fills[:1])
    with pytest.raises(AssertionError, match=r"units=100.* is not .*units=-100"):
        hold_equal(fills, [fills[0]._replace(units=-100), fills[1]])
