"""Orders for the open, for the close and a stop that the market is beyond already, on SPY's hourly bars."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from brokers.simulated.costs import PerShareCommission
from tests.cases.bars import factor
from tests.cases.venue import Venue, instrument
from trading.market_data import Bar
from trading.orders import OrderType, Side
from trading.sessions import Schedule
from trading.timestamps import HOUR, MINUTE

CASE = "lean_spy_hour_market_on_open_close_and_stop"
DAYS = ("20210301", "20210302", "20210303")
OPENS, CLOSES = 9 * HOUR + 30 * MINUTE, 16 * HOUR


@pytest.fixture(scope="module")
def case(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "cases" / CASE / "expected.json").read_text())
    return found


@pytest.fixture(scope="module")
def bars(shared: Path) -> list[tuple[str, Bar]]:
    """Adjusted bars of the regular hours, each with its start in New York; the first of a day is half an hour long."""
    path = shared / "data" / "lean_equity" / "equity_hour.parquet"
    if not path.exists():
        pytest.skip(f"no {path}")
    table = pq.read_table(path)
    found = []
    for row in table.filter(pc.equal(table["symbol"], "SPY")).to_pylist():
        day, clock = row["date_ny"].split()
        if day in DAYS and "09:00" <= clock < "16:00":
            scale = factor(shared, day)
            prices = [row[name] * scale for name in ("open", "high", "low", "close")]
            values = (*prices, float(row["volume"]))
            found.append((row["date_ny"], Bar("SPY", row["ts_ns"] + HOUR, HOUR, *values)))
    return found


def sessions(bars: list[tuple[str, Bar]]) -> Schedule:
    """The regular hours of these days; their zone is five hours behind UTC."""
    midnights = sorted({bar.ts_ns - (int(when[9:11]) + 1) * HOUR for when, bar in bars})
    return Schedule(
        [midnight + OPENS for midnight in midnights],
        [midnight + CLOSES for midnight in midnights],
        name="New York",
        mend="list more days",
    )


def venue(bars: list[tuple[str, Bar]]) -> Venue:
    return Venue(
        [instrument("SPY", quantum="0.0000000001", tick="0.0000000001")],
        cash="100000",
        match_on="bars",
        commission=PerShareCommission(Decimal("0.005"), minimum=Decimal(1), cap_percent=Decimal("0.5")),
        sessions={"SPY": sessions(bars)},
    )


def end_equity(market: Venue, bars: list[tuple[str, Bar]]) -> float:
    return float(market.cash) + float(market.held("SPY")) * bars[-1][1].close


def hear_until(market: Venue, bars: list[tuple[str, Bar]], moment: str) -> list[tuple[str, Bar]]:
    """Hear the bars that are complete by a moment of New York; the ones that are left."""
    done = [one for one in bars if f"{one[0][:9]}{int(one[0][9:11]) + 1:02d}:00" <= moment]
    for _, bar in done:
        market.hear(bar)
    return bars[len(done) :]


def expected(case: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(run for run in case["runs"] if run["name"] == name)
    return found


def check(market: Venue, bars: list[tuple[str, Bar]], case: dict[str, Any], run: dict[str, Any]) -> None:
    for fill in market.fills:
        assert float(fill.price) == pytest.approx(run["fill_raw"] * case["factor"], abs=1e-9)
    assert market.books.fees["USD"] == Decimal(run["fees"])
    assert end_equity(market, bars) == pytest.approx(run["end_equity_unrounded"], abs=1e-6)
    assert f"{end_equity(market, bars):.2f}" == run["published_end_equity"]


def test_an_order_for_the_close_fills_at_the_close_of_the_days_last_bar(case: Any, bars: Any) -> None:
    market = venue(bars)
    rest = hear_until(market, bars, "20210302 12:00")
    market.order("close", "SPY", Side.BUY, "1", OrderType.ON_CLOSE)
    for _, bar in rest:
        market.hear(bar)
    assert [fill.ts_ns for fill in market.fills] == [next(bar.ts_ns for when, bar in bars if when == "20210302 15:00")]
    check(market, bars, case, expected(case, "market_on_close"))


def test_orders_given_while_it_is_closed_fill_at_the_open_of_the_days_first_bar(case: Any, bars: Any) -> None:
    market = venue(bars)
    rest = hear_until(market, bars, "20210301 23:59")
    market.order("open", "SPY", Side.BUY, "1", OrderType.ON_OPEN)
    market.order("market", "SPY", Side.BUY, "1", OrderType.MARKET)
    for _, bar in rest:
        market.hear(bar)
    assert [fill.ts_ns for fill in market.fills] == [
        next(bar.ts_ns for when, bar in bars if when[:8] == "20210302")
    ] * 2
    check(market, bars, case, expected(case, "market_on_open_x2"))


def test_a_stop_that_the_market_is_beyond_fills_at_the_next_open(case: Any, bars: Any) -> None:
    market = venue(bars)
    rest = hear_until(market, bars, "20210301 12:00")
    last = bars[len(bars) - len(rest) - 1][1].close
    market.order("stop", "SPY", Side.BUY, "1", OrderType.STOP, stop_price=f"{last - 2:.10f}")
    for _, bar in rest:
        market.hear(bar)
    assert [fill.ts_ns for fill in market.fills] == [rest[0][1].ts_ns]
    check(market, bars, case, expected(case, "stop_market"))
