"""SPY bought with all money at the end of its first minute, on quotes, and held for a week of minute bars."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from brokers.simulated.costs import PerShareCommission
from tests.cases.bars import factor
from tests.cases.venue import Venue, instrument
from trading.market_data import Bar, Quote
from trading.orders import OrderType, Side
from trading.timestamps import DAY, HOUR, MINUTE, SECOND

CASE = "lean_spy_minute_buy_and_hold_quotes"
DAYS = ("20131007", "20131008", "20131009", "20131010", "20131011")
OPENS, CLOSES = 13 * HOUR + 30 * MINUTE, 20 * HOUR
"""The regular hours in UTC; New York is four hours behind it on these days."""
CASH = Decimal(100_000)
PER_SHARE, LEAST, MOST_OF_WORTH = Decimal("0.005"), Decimal(1), Decimal("0.005")
INVESTED = Decimal("0.9975")
"""What is spent of an account's worth when all of it is to be; the peer keeps the rest as a buffer."""


@pytest.fixture(scope="module")
def case(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "cases" / CASE / "expected.json").read_text())
    return found


def regular(shared: Path, table: str) -> Iterator[tuple[dict[str, Any], float]]:
    """The minutes of the regular hours, each with what its raw prices are multiplied with."""
    path = shared / "data" / "lean_equity" / f"{table}.parquet"
    if not path.exists():
        pytest.skip(f"no {path}")
    rows = pq.read_table(path)
    scales = {day: factor(shared, day) for day in DAYS}
    for row in rows.filter(pc.equal(rows["symbol"], "SPY")).to_pylist():
        day = f"{datetime.fromtimestamp(row['ts_ns'] // SECOND, UTC):%Y%m%d}"
        if day in scales and OPENS <= row["ts_ns"] % DAY < CLOSES:
            yield row, scales[day]


def quote(row: dict[str, Any], scale: float) -> Quote:
    bid, ask = row["bid_close"] * scale, row["ask_close"] * scale
    return Quote("SPY", row["ts_ns"] + MINUTE, bid, ask, float(row["bid_size"]), float(row["ask_size"]))


def bar(row: dict[str, Any], scale: float) -> Bar:
    prices = [row[name] * scale for name in ("open", "high", "low", "close")]
    values = (*prices, float(row["volume"]))
    return Bar("SPY", row["ts_ns"] + MINUTE, MINUTE, *values)


@pytest.fixture(scope="module")
def events(shared: Path) -> list[Quote | Bar]:
    """For each minute, at its end, the last quote and then the bar of its trades."""
    quotes = [quote(row, scale) for row, scale in regular(shared, "equity_minute_quotes")]
    bars = [bar(row, scale) for row, scale in regular(shared, "equity_minute_trades")]
    return sorted([*quotes, *bars], key=lambda event: (event.ts_ns, type(event) is Bar))


def fee(units: int, price: Decimal) -> Decimal:
    """So much a share, no more than a part of the worth, and a dollar at least."""
    return max(LEAST, min(PER_SHARE * units, MOST_OF_WORTH * units * price))


def affordable(worth: Decimal, price: Decimal) -> int:
    """As many shares as can be had for what is to be invested, with their fee."""
    budget = worth * INVESTED
    units = int(budget // price)
    while units * price + fee(units, price) > budget:
        units -= 1
    return units


@pytest.fixture(scope="module")
def played(events: list[Quote | Bar]) -> Venue:
    """The market after the week, with the account marked at the last close."""
    market = Venue(
        [instrument("SPY", quantum="0.0000000001", tick="0.0000000001")],
        cash=str(CASH),
        match_on="quotes",
        commission=PerShareCommission(PER_SHARE, minimum=LEAST, cap_percent=MOST_OF_WORTH * 100),
    )
    for event in events:
        market.hear(event)
        if type(event) is Bar:
            market.books.mark("SPY", event.close)
            if not market.reports:
                units = affordable(market.cash, Decimal(str(event.close)))
                market.order("all", "SPY", Side.BUY, str(units), OrderType.MARKET)
    return market


def test_all_money_buys_the_recorded_shares_at_the_ask_of_that_minute(case: Any, played: Venue) -> None:
    derived = case["derived"]
    assert len(played.fills) == case["published"]["total_orders"]
    assert played.held("SPY") == derived["shares"]
    assert float(played.fills[0].price) == pytest.approx(derived["fill_price_adjusted"], abs=1e-9)


def test_it_fills_in_the_moment_in_which_it_is_ordered(events: list[Quote | Bar], played: Venue) -> None:
    first = next(event for event in events if type(event) is Bar)
    assert first.ts_ns % DAY == OPENS + MINUTE
    assert [fill.ts_ns for fill in played.fills] == [first.ts_ns]


def test_the_fee_and_the_equity_at_the_end_are_the_published_ones(case: Any, played: Venue) -> None:
    equity = played.books.equity("USD")
    assert played.books.fees["USD"] == Decimal(case["published"]["total_fees"])
    assert played.books.marks["SPY"] == pytest.approx(case["derived"]["last_price_adjusted"], abs=1e-9)
    assert equity == pytest.approx(case["derived"]["end_equity_unrounded"], abs=1e-6)
    assert f"{equity:.2f}" == case["published"]["end_equity"]
    assert round((equity / float(CASH) - 1) * 100, 3) == case["published"]["net_profit_pct"]
