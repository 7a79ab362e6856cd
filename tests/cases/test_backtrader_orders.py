"""Every order type on a year of IBM's daily bars: triggers, trailing by the close, one-cancels-other, expiry, fees."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brokers.simulated.costs import PerShareCommission
from brokers.simulated.rules import MarketRules, TrailBy
from tests.cases.bars import daily_bars
from tests.cases.venue import Venue, instrument
from trading.market_data import Bar
from trading.orders import OrderType, Side, TimeInForce
from trading.reports import ReportKind
from trading.timestamps import DAY

CASE = "bt_ibm_order_types_per_share_min"
KINDS = {"close": OrderType.ON_CLOSE, "trail": OrderType.TRAILING_STOP}
REVERSED = "I"
"""The order that closes 70 and sells 230 short. The peer charges the two parts as if they were two orders."""


@pytest.fixture(scope="module")
def case(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "cases" / CASE / "expected.json").read_text())
    return found


@pytest.fixture(scope="module")
def played(case: dict[str, Any], shared: Path) -> tuple[Venue, list[dict[str, Any]], list[Bar]]:
    """The market after the year, its fills with the number of their bar, and the bars."""
    market = Venue(
        [instrument("IBM", quantum="0.0001")],
        cash="100000",
        match_on="bars",
        rules=MarketRules(trail_by=TrailBy.CLOSE),
        commission=PerShareCommission(Decimal("0.005"), minimum=Decimal(1)),
    )
    bars = daily_bars(shared, "IBM", "2013-01-02", "2013-12-31")
    fills = []
    for number, bar in enumerate(bars):
        filled = market.hear(bar)
        assert len(filled) <= 1, "the position is told after each fill"
        fills += [{"id": one.order_id, "bar": number, "fill": one, "position": market.held("IBM")} for one in filled]
        for decided, order in case["script"]:
            if decided == number:
                send(market, order, case["script"])
    return market, fills, bars


def send(market: Venue, order: dict[str, Any], script: list[Any]) -> None:
    if order["type"] == "cancel":
        market.cancel(order["target"])
        return
    kind = KINDS.get(order["type"]) or OrderType(order["type"])
    more: dict[str, Any] = {}
    if kind is OrderType.STOP_LIMIT:
        more = {"stop_price": str(order["stop"]), "limit_price": str(order["limit"])}
    elif kind is OrderType.LIMIT:
        more = {"limit_price": str(order["price"])}
    elif kind is OrderType.STOP:
        more = {"stop_price": str(order["price"])}
    elif "amount" in order:
        more = {"trail_amount": str(order["amount"])}
    elif "percent" in order:
        more = {"trail_percent": str(Decimal(str(order["percent"])) * 100)}
    if "valid_days" in order:
        more |= {
            "time_in_force": TimeInForce.GTD,
            "expires_ns": market.now_ns + order["valid_days"] * DAY,
        }
    if "oco" in order or any(one.get("oco") == order["id"] for _, one in script):
        more["group_id"] = f"group of {order.get('oco') or order['id']}"
    market.order(order["id"], "IBM", Side(order["side"]), str(order["size"]), kind, **more)


def test_every_fill_is_at_the_recorded_bar_size_and_price(case: dict[str, Any], played: Any) -> None:
    _, fills, _ = played
    assert [
        (one["id"], one["bar"], one["fill"].side.signed(one["fill"].quantity), one["position"]) for one in fills
    ] == [(one["id"], one["bar"], one["size"], one["pos_size"]) for one in case["fills"]]
    for one, expected in zip(fills, case["fills"], strict=True):
        assert float(one["fill"].price) == pytest.approx(expected["price"], abs=1e-9), expected["id"]


def test_fees_are_the_recorded_ones_where_a_fill_does_not_reverse(case: dict[str, Any], played: Any) -> None:
    _, fills, _ = played
    for one, expected in zip(fills, case["fills"], strict=True):
        if expected["id"] == REVERSED:
            assert (one["fill"].fee, expected["commission"]) == (Decimal("1.5"), pytest.approx(2.15))
        else:
            assert float(one["fill"].fee) == pytest.approx(expected["commission"]), expected["id"]


def test_cash_and_realised_results_are_the_recorded_ones(case: dict[str, Any], played: Any) -> None:
    market, _, bars = played
    charged_twice = Decimal("0.65")
    assert float(market.cash) == pytest.approx(case["final"]["cash"] + float(charged_twice), abs=1e-6)
    worth = float(market.cash - charged_twice) + float(market.held("IBM")) * bars[-1].close
    assert worth == pytest.approx(case["final"]["value"], abs=1e-6)
    gross = sum(one["pnl_gross"] for one in case["fills"])
    assert float(market.books.realised("USD")) == pytest.approx(gross, abs=1e-3)


def test_what_did_not_fill_ended_as_recorded(case: dict[str, Any], played: Any) -> None:
    market, _, bars = played
    ends = {
        report.order_id: (report.kind, next(i for i, bar in enumerate(bars) if bar.ts_ns == report.ts_ns))
        for report in market.reports
        if report.kind in (ReportKind.CANCELLED, ReportKind.EXPIRED)
    }
    recorded = {
        event["id"]: event["bar"] for event in case["order_events"] if event["status"] in ("Canceled", "Expired")
    }
    assert ends.keys() == recorded.keys()
    for name, (kind, number) in ends.items():
        # A cancel is heard by the peer's strategy with the next bar; ours tells it at once.
        assert recorded[name] - number in ((0,) if kind is ReportKind.EXPIRED or name == "D2" else (1,)), name
