"""Commissions over partial fills and brokers' schedules of fees, as independent engines have published them."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brokers.simulated.costs import (
    CommissionModel,
    PercentCommission,
    PerContractCommission,
    PerShareCommission,
    PerTradeCommission,
)
from tests.cost_builders import fees
from tests.market_builders import an_instrument
from trading.instruments import Instrument
from trading.money import Currency

D = Decimal
CENTS_OF_A_CENT = Currency(code="USD", quantum=D("0.0001"))
"""The reference rounds nothing; its amounts have at most four places."""

CFD_MINIMA = {"USD": 1, "JPY": 40, "HKD": 10}


@pytest.fixture(scope="module")
def expected(shared: Path) -> dict[str, Any]:
    """The tables, their numbers exact."""
    path = shared / "cases" / "commission_models_tables" / "expected.json"
    tables: dict[str, Any] = json.loads(path.read_text(), parse_float=D, parse_int=D)
    return tables


def model_of(order: dict[str, Any]) -> CommissionModel:
    cost, minimum = order["cost"], order.get("min_trade_cost") or D(0)
    match order["model"]:
        case "per_share":
            return PerShareCommission(cost, minimum)
        case "per_contract":
            return PerContractCommission(cost, order["exchange_fee"], minimum)
        case "per_trade":
            return PerTradeCommission(cost)
        case "per_dollar":
            return PercentCommission(cost * 100)
    raise AssertionError(f"the tables have a model of another kind: {order['model']}")


def charged(commission: CommissionModel, fills: list[list[Decimal]], instrument: Instrument) -> list[Decimal]:
    texts = [f"{abs(quantity)}@{price}" for quantity, price in fills]
    return [fee.amount for fee in fees(commission, texts, instrument)]


def test_every_order_has_paid_as_much_after_each_of_its_fills(expected: dict[str, Any]) -> None:
    orders = expected["orders"]
    assert len(orders) == 19
    for order in orders:
        paid = charged(model_of(order), order["fills"], an_instrument(currency=CENTS_OF_A_CENT))
        running = [sum(paid[: place + 1], D(0)) for place in range(len(paid))]
        assert running == order["cumulative"], order
        if "cash_flow" in order:
            flows = [-(quantity * price) - fee for (quantity, price), fee in zip(order["fills"], paid, strict=True)]
            assert flows == order["cash_flow"], order


def test_shares_with_a_minimum_and_a_cap_of_their_worth(expected: dict[str, Any]) -> None:
    commission = PerShareCommission(D("0.005"), D(1), D("0.5"))
    rows = expected["ib_us_equity"]["rows"]
    assert len(rows) == 4
    for row in rows:
        assert charged(commission, [[row["qty"], row["price"]]], an_instrument()) == [row["fee"]], row


def test_a_percentage_with_a_minimum_in_each_currency(expected: dict[str, Any]) -> None:
    rows = expected["ib_cfd"]
    assert len(rows) == 7
    for row in rows:
        commission = PercentCommission(D("0.002"), D(CFD_MINIMA[row["ccy"]]))
        instrument = an_instrument(currency=Currency.known(row["ccy"]))
        assert charged(commission, [[row["qty"], row["price"]]], instrument) == [row["fee"]], row
