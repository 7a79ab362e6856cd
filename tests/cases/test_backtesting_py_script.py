"""Scripted orders on GOOG's daily bars, netted first in, first out: fills, lots, fees and the equity at the end."""

import json
from collections import deque
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from brokers.simulated.costs import PercentCommission
from brokers.simulated.rules import MarketRules, StopLimitInBar
from tests.cases.bars import goog_bars
from tests.cases.venue import Venue, instrument
from trading.orders import OrderType, Side
from trading.reports import Fill

CASE = "btpy_goog_scripted_orders_fifo"
BARS = 250


class Lot(NamedTuple):
    """Signed units and where they were bought or sold."""

    units: int
    bar: int
    price: Decimal


class Lots:
    """Open lots, the oldest first; the peer nets a new order against them in that order."""

    def __init__(self) -> None:
        self.open: deque[Lot] = deque()
        self.closed: list[dict[str, Any]] = []

    def book(self, fill: Fill, bar: int) -> None:
        units = int(fill.side.signed(fill.quantity))
        while units and self.open and (self.open[0].units > 0) is not (units > 0):
            lot = self.open.popleft()
            taken = min(abs(units), abs(lot.units)) * (1 if lot.units > 0 else -1)
            self._close(lot, taken, bar, fill.price)
            units += taken
            if lot.units != taken:
                self.open.appendleft(lot._replace(units=lot.units - taken))
        if units:
            self.open.append(Lot(units, bar, fill.price))

    def _close(self, lot: Lot, units: int, bar: int, price: Decimal) -> None:
        commission = abs(units) * (lot.price + price) * Decimal("0.001")
        self.closed.append(
            {
                "size": units,
                "entry_bar": lot.bar,
                "exit_bar": bar,
                "entry_price": lot.price,
                "exit_price": price,
                "commission": commission,
                "pnl": units * (price - lot.price) - commission,
            }
        )


@pytest.fixture(scope="module")
def case(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "cases" / CASE / "expected.json").read_text())
    return found


@pytest.fixture(scope="module")
def played(case: dict[str, Any], shared: Path) -> tuple[Venue, Lots, list[float]]:
    """The market after the last bar, its lots and the equity at each close."""
    market = Venue(
        [instrument("GOOG", quantum="0.0000001")],
        cash="50000",
        match_on="bars",
        rules=MarketRules(stop_limit_in_bar=StopLimitInBar.NEXT_BAR),
        commission=PercentCommission(Decimal("0.1")),
    )
    lots, equity = Lots(), []
    for number, bar in enumerate(goog_bars(shared)[:BARS]):
        for fill in market.hear(bar):
            lots.book(fill, number)
        market.books.mark("GOOG", bar.close)
        equity.append(market.books.equity("USD"))
        for place, (decided, order) in enumerate(case["script"]):
            if decided == number:
                send(market, str(place), order, lots)
    return market, lots, equity


def send(market: Venue, name: str, order: dict[str, Any], lots: Lots) -> None:
    """Send an order of the script; `close` sends one market order for its share of each open lot."""
    if order["op"] == "close":
        for place, lot in enumerate(list(lots.open)):
            units = max(1, round(abs(lot.units) * order["portion"]))
            side = Side.SELL if lot.units > 0 else Side.BUY
            market.order(f"{name}.{place}", "GOOG", side, str(units), OrderType.MARKET)
        return
    prices = {f"{price}_price": str(order[price]) for price in ("limit", "stop") if price in order}
    kind = {
        (): OrderType.MARKET,
        ("limit_price",): OrderType.LIMIT,
        ("stop_price",): OrderType.STOP,
        ("limit_price", "stop_price"): OrderType.STOP_LIMIT,
    }[tuple(sorted(prices))]
    market.order(name, "GOOG", Side(order["op"]), str(order["size"]), kind, **prices)


def test_fees_and_the_final_equity_are_the_recorded_ones(case: dict[str, Any], played: Any) -> None:
    market, _, equity = played
    assert float(market.books.fees["USD"]) == pytest.approx(case["stats"]["Commissions [$]"], abs=0.005)
    assert equity[-1] == pytest.approx(case["stats"]["Equity Final [$]"], abs=0.005)
    assert equity[::5] == pytest.approx([value for _, value in case["equity_every_5"][: len(equity[::5])]], abs=0.005)
    assert market.held("GOOG") == 0


def test_every_closed_lot_is_the_recorded_one(case: dict[str, Any], played: Any) -> None:
    _, lots, _ = played
    keys = ("exit_bar", "entry_bar", "size")
    ours = sorted(lots.closed, key=lambda lot: tuple(lot[key] for key in keys))
    recorded = sorted(case["trades"], key=lambda lot: tuple(lot[key] for key in keys))
    assert [[lot[key] for key in keys] for lot in ours] == [[lot[key] for key in keys] for lot in recorded]
    for lot, expected in zip(ours, recorded, strict=True):
        for price in ("entry_price", "exit_price"):
            assert float(lot[price]) == pytest.approx(expected[price], abs=1e-9)
        for money in ("pnl", "commission"):
            assert float(lot[money]) == pytest.approx(expected[money], abs=0.005)
