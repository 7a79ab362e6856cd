"""Order scenarios with the account after every bar: day orders, a share of volume, partial fills, gaps, stop-limits."""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brokers.simulated.costs import CommissionModel, NoCommission, PercentCommission, PerTradeCommission
from brokers.simulated.rules import MarketRules, StopLimitInBar, Unaffordable
from tests.cases.venue import Venue, instrument
from trading.market_data import Bar
from trading.orders import OrderState, OrderType, Side, TimeInForce
from trading.timestamps import DAY, MILLISECOND, MINUTE, from_datetime

CASE = "pyalgotrade_broker_scenarios_a"
STATES = {
    "accepted": (OrderState.ACCEPTED, OrderState.TRIGGERED),
    "partially_filled": (OrderState.PARTIAL,),
    "filled": (OrderState.FILLED,),
    "canceled": (OrderState.CANCELLED, OrderState.EXPIRED),
}
SIDES = {"buy": Side.BUY, "buy_to_cover": Side.BUY, "sell": Side.SELL, "sell_short": Side.SELL}
INTERVALS = {60: MINUTE, 86_400: DAY, -1: MILLISECOND}


def scenarios(shared: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((shared / "cases" / CASE / "expected.json").read_text())["scenarios"]
    return found


def commission(scenario: dict[str, Any]) -> CommissionModel:
    arguments = scenario["commission_args"]
    match scenario["commission"]:
        case "FixedPerTrade":
            return PerTradeCommission(Decimal(str(arguments["amount"])))
        case "TradePercentage":
            return PercentCommission(Decimal(str(arguments["percentage"])) * 100)
    return NoCommission()


def venue(scenario: dict[str, Any]) -> Venue:
    share = scenario["volume_limit"]
    if scenario["frequency"] == -1:
        share = 1
    return Venue(
        [instrument("ORCL")],
        cash=str(scenario["cash"]),
        match_on="bars",
        commission=commission(scenario),
        rules=MarketRules(
            volume_share=None if share is None else Decimal(str(share)),
            stop_limit_in_bar=StopLimitInBar.RANGE,
            unaffordable=Unaffordable.WAIT,
        ),
    )


def send(venue: Venue, order: dict[str, Any]) -> None:
    kind = OrderType.ON_CLOSE if order.get("on_close") else OrderType(order["type"])
    venue.order(
        str(order["id"]),
        "ORCL",
        SIDES[order["action"]],
        str(order["qty"]),
        kind,
        time_in_force=TimeInForce.GTC if order["gtc"] else TimeInForce.DAY,
        all_or_none=order["all_or_none"],
        **{f"{price}_price": str(order[price]) for price in ("limit", "stop") if price in order},
    )


def bar(step: dict[str, Any], interval_ns: int) -> Bar:
    begin_ns = from_datetime(datetime.fromisoformat(step["time"] + "+00:00"))
    values = (float(step[name]) for name in ("open", "high", "low", "close", "volume"))
    return Bar("ORCL", begin_ns + interval_ns, interval_ns, *values)


def test_every_scenario_ends_each_bar_as_recorded(shared: Path) -> None:
    played = scenarios(shared)
    assert len(played) == 23
    for scenario in played:
        market = venue(scenario)
        first = next(step for step in scenario["steps"] if step["step"] == "bar")
        market.now_ns = bar(first, INTERVALS[scenario["frequency"]]).ts_ns - INTERVALS[scenario["frequency"]]
        for step in scenario["steps"]:
            if step["step"] == "submit":
                send(market, step["order"])
            elif step["step"] == "cancel":
                market.cancel(str(step["id"]))
            else:
                market.hear(bar(step, INTERVALS[scenario["frequency"]]))
                after = step["after"]
                where = (scenario["test"], step["time"])
                assert float(market.cash) == pytest.approx(after["cash"], abs=1e-9), where
                assert market.held("ORCL") == after["shares"], where
                for expected in after["orders"]:
                    order = market.known(str(expected["id"]))
                    assert order.state in STATES[expected["state"]], (where, expected, order)
                    assert order.filled == expected["filled"], (where, expected)
                    assert order.average_price == pytest.approx(expected["avg_fill"]), (where, expected)
