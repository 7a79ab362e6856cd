"""Four equities, brought back to equal shares of the account every month: fills, fees, results and the daily curve."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from brokers.simulated.costs import PercentCommission
from tests.cases.bars import daily_bars
from tests.cases.venue import Venue, instrument
from trading.market_data import Bar
from trading.orders import OrderType, Side
from trading.reports import Fill, ReportKind
from trading.timestamps import SECOND

CASE = "bt_multi_symbol_monthly_rebalance"
SYMBOLS = ("AAPL", "IBM", "SPY", "BAC")
FIRST, LAST = "2010-01-04", "2012-12-31"
SHARE = Decimal("0.23")
"""What each symbol is to be of the account's worth."""


class Execution(NamedTuple):
    """A fill, its day and what it realised before fees."""

    day: date
    fill: Fill
    realised: Decimal


class Close(NamedTuple):
    """The account at a day's close; units in the order of the symbols."""

    day: date
    cash: Decimal
    worth: float
    units: list[Decimal]


class Played(NamedTuple):
    """The market after the last day, what was executed and every close."""

    market: Venue
    executions: list[Execution]
    closes: list[Close]


@pytest.fixture(scope="module")
def case(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "cases" / CASE / "expected.json").read_text())
    return found


@pytest.fixture(scope="module")
def played(shared: Path) -> Played:
    market = Venue(
        [instrument(symbol, quantum="0.0000000001") for symbol in SYMBOLS],
        cash="250000",
        match_on="bars",
        commission=PercentCommission(Decimal("0.1")),
        short_sales=False,
    )
    played = Played(market, [], [])
    month = 0
    for bars in zip(*(daily_bars(shared, symbol, FIRST, LAST) for symbol in SYMBOLS), strict=True):
        day = begun(bars[0])
        assert {begun(bar) for bar in bars} == {day}
        for bar in bars:
            played.executions.extend(executed(market, bar, day))
        units = [market.held(symbol) for symbol in SYMBOLS]
        played.closes.append(Close(day, market.cash, market.books.equity("USD"), units))
        if day.month != month:
            month = day.month
            rebalance(market, bars, f"{day:%Y-%m}")
    return played


def begun(bar: Bar) -> date:
    return datetime.fromtimestamp((bar.ts_ns - bar.interval_ns) // SECOND, UTC).date()


def executed(market: Venue, bar: Bar, day: date) -> list[Execution]:
    """What one bar fills, with the account marked at its close."""
    before = market.books.realised("USD")
    fills = market.hear(bar)
    assert len(fills) <= 1, "what it realised is told after each fill"
    market.books.mark(bar.symbol, bar.close)
    return [Execution(day, fill, market.books.realised("USD") - before) for fill in fills]


def rebalance(market: Venue, bars: tuple[Bar, ...], name: str) -> None:
    """Order for each symbol the whole units between what it is worth and what it is to be; none where that is none."""
    target = market.books.exact_equity("USD") * SHARE
    for bar in bars:
        price = Decimal(str(bar.close))
        missing = target - market.held(bar.symbol) * price
        units = abs(missing) // price
        if units:
            side = Side.BUY if missing > 0 else Side.SELL
            market.order(f"{name} {bar.symbol}", bar.symbol, side, str(units), OrderType.MARKET)


def test_every_fill_is_at_the_recorded_day_size_and_price(case: dict[str, Any], played: Played) -> None:
    assert [(str(one.day), one.fill.symbol, one.fill.side.signed(one.fill.quantity)) for one in played.executions] == [
        (one["date"], one["symbol"], one["size"]) for one in case["fills"]
    ]
    for one, expected in zip(played.executions, case["fills"], strict=True):
        assert float(one.fill.price) == pytest.approx(expected["price"], abs=1e-9), expected


def test_every_fill_has_the_recorded_fee_and_result(case: dict[str, Any], played: Played) -> None:
    for one, expected in zip(played.executions, case["fills"], strict=True):
        assert float(one.fill.fee) == pytest.approx(expected["commission"], abs=1e-9), expected
        assert float(one.realised) == pytest.approx(expected["pnl_gross"], abs=1e-6), expected


def test_no_order_is_refused_or_left_over(case: dict[str, Any], played: Played) -> None:
    ended = [(str(one.day), one.fill.symbol, "Completed") for one in played.executions]
    assert ended == [tuple(event) for event in case["order_events"]]
    assert {report.kind for report in played.market.reports} == {ReportKind.ACCEPTED, ReportKind.FILLED}
    assert not played.market.orders.open()


def test_cash_worth_and_units_are_the_recorded_ones_at_every_close(case: dict[str, Any], played: Played) -> None:
    assert len(played.closes) == len(case["curve"])
    for close, (day, cash, worth, *units) in zip(played.closes, case["curve"], strict=True):
        assert (str(close.day), close.units) == (day, units)
        assert float(close.cash) == pytest.approx(cash, abs=1e-6), day
        assert close.worth == pytest.approx(worth, abs=1e-6), day
    assert float(played.market.cash) == pytest.approx(case["final"]["cash"], abs=1e-6)
    assert played.closes[-1].worth == pytest.approx(case["final"]["value"], abs=1e-6)
