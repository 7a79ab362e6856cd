"""Orders on a year of daily bars: fills and fees to the cent, a share of volume, the price impact of taking it."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brokers.simulated.costs import FeeRounding, PercentCommission, VolumeShareSlippage
from brokers.simulated.rules import BarPrice, Gap, MarketRules
from tests.cases.venue import Venue, instrument
from trading.market_data import Bar
from trading.orders import OrderType, Side
from trading.reports import Fill
from trading.timestamps import DAY, from_datetime

CASE = "basana_orcl_order_table"
BAR_FIELDS = ("Open", "High", "Low", "Close", "Volume")
MADE_UP = ("AAPL", (5.0, 10.0, 1.0, 5.0, 100.0), [date(2001, 1, day) for day in (2, 3, 4, 5)])


def begin_ns(day: date) -> int:
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC))


def bars(folder: Path) -> Iterator[tuple[date, Bar]]:
    with (folder / "orcl_2000.csv").open() as table:
        for row in csv.DictReader(table):
            day = date.fromisoformat(row["Date"])
            yield day, Bar("ORCL", begin_ns(day) + DAY, DAY, *(float(row[name]) for name in BAR_FIELDS))
    symbol, values, days = MADE_UP
    for day in days:
        yield day, Bar(symbol, begin_ns(day) + DAY, DAY, *values)


@pytest.fixture(scope="module")
def case(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "cases" / CASE / "expected.json").read_text())
    return found


def venue(case: dict[str, Any], *, immediate: bool) -> Venue:
    return Venue(
        [instrument("ORCL"), instrument("AAPL", tick="0.01")],
        cash=case["initial_cash"],
        match_on="bars",
        rules=MarketRules(
            volume_share=Decimal("0.25"),
            bar_price=BarPrice.THIS_CLOSE if immediate else BarPrice.NEXT_OPEN,
            stop_limit_price=Gap.ORDER,
        ),
        commission=PercentCommission(Decimal(case["fee_pct"]), rounding=FeeRounding.UP),
        slippage=VolumeShareSlippage(impact_percent=Decimal(10)),
    )


def as_listed(fill: Fill, day: date) -> dict[str, Any]:
    return {
        "when": day.isoformat(),
        "units": fill.side.signed(fill.quantity),
        "cash": fill.side.signed(fill.notional) * -1,
        "fee": fill.fee * -1,
    }


def expected_fills(order: dict[str, Any]) -> list[dict[str, Any]]:
    symbol = order["order"]["symbol"]
    return [
        {
            "when": fill["when"],
            "units": Decimal(fill["balance_updates"][symbol]),
            "cash": Decimal(fill["balance_updates"]["USD"]),
            "fee": Decimal(fill["fees"]["USD"]),
        }
        for fill in order["expected_fills"]
    ]


@pytest.mark.parametrize("number", range(6))
def test_the_fills_of_a_plan_are_the_listed_ones(number: int, case: dict[str, Any], shared: Path) -> None:
    plan = case["plans"][number]
    market = venue(case, immediate=plan["immediate_processing"])
    filled: dict[str, list[dict[str, Any]]] = {}
    priced = set()
    for day, bar in bars(shared / "cases" / CASE):
        priced.add(bar.symbol)
        for fill in market.hear(bar):
            filled.setdefault(fill.order_id, []).append(as_listed(fill, day))
        ends = date.fromordinal(day.toordinal() + 1)
        for place, listed in enumerate(plan["orders"]):
            # Before its first price an order is refused by the gate and never comes to the market.
            if listed["submit_on_bar_ending"] == ends.isoformat() and listed["order"]["symbol"] in priced:
                order = listed["order"]
                prices = {f"{name}_price": order[name] for name in ("limit", "stop") if name in order}
                kind, side = OrderType(order["type"]), Side(order["side"])
                for fill in market.order(str(place), order["symbol"], side, order["qty"], kind, **prices):
                    filled.setdefault(fill.order_id, []).append(as_listed(fill, ends))

    for place, listed in enumerate(plan["orders"]):
        assert filled.get(str(place), []) == expected_fills(listed), (place, listed["order"])


def test_the_table_has_no_other_plans(case: dict[str, Any]) -> None:
    assert len(case["plans"]) == 6
