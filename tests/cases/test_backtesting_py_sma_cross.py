"""Long and short with all money wherever two averages of GOOG's daily closes cross: trades, fees, equity, drawdown."""

import json
from decimal import Decimal
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from brokers.simulated.costs import PercentCommission
from tests.cases.bars import goog_bars
from tests.cases.venue import Venue, instrument
from trading.indicators import Sma
from trading.market_data import Bar
from trading.orders import OrderType, Side
from trading.reports import Fill

CASE = "btpy_goog_sma_10_20_longshort"
FAST, SLOW = 10, 20
CASH = Decimal(10_000)
RATE = Decimal("0.002")
ADVANCED = Decimal(100_000)
"""The peer sizes an entry at the price at which it fills; this market looks at a new order at the last close, where
all money may not be enough for as many. The cash that lets it pass is taken off before anything is compared."""


class Trade(NamedTuple):
    """What one position was: signed units from one fill to another, with the fees of both and the result after them."""

    size: int
    entry_bar: int
    exit_bar: int
    entry_price: Decimal
    exit_price: Decimal
    commission: Decimal

    @property
    def pnl(self) -> Decimal:
        return self.size * (self.exit_price - self.entry_price) - self.commission


class Played(NamedTuple):
    """The market after the last bar, its closed positions and the equity at each close."""

    market: Venue
    trades: list[Trade]
    equity: list[float]


@pytest.fixture(scope="module")
def case(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "cases" / CASE / "expected.json").read_text())
    return found


@pytest.fixture(scope="module")
def bars(shared: Path) -> list[Bar]:
    return goog_bars(shared)


def crosses(bars: list[Bar]) -> dict[int, Side]:
    """By the number of a bar, what to do after it: buy where the fast average has come above the slow one."""
    fast, slow = Sma(FAST), Sma(SLOW)
    found, before = {}, None
    for number, bar in enumerate(bars):
        above, below = fast.update(bar.close), slow.update(bar.close)
        if above is None or below is None:
            continue
        gap = above - below
        if before is not None and before < 0 < gap:
            found[number] = Side.BUY
        elif before is not None and before > 0 > gap:
            found[number] = Side.SELL
        before = gap
    return found


def close(market: Venue, name: str) -> None:
    held = market.held("GOOG")
    if held:
        side = Side.SELL if held > 0 else Side.BUY
        market.order(f"{name}.close", "GOOG", side, str(abs(held)), OrderType.MARKET)


def turn(market: Venue, name: str, side: Side, price: Decimal) -> None:
    """Close what is held and go all in on a side, with as many units as money buys at the price of the next open.

    No strategy knows that price when it orders. The peer counts the units with it, so its test has to; the price at
    which the order fills is the market's.
    """
    close(market, name)
    held = market.held("GOOG")
    money = market.cash - ADVANCED + held * price - abs(held) * price * RATE
    market.order(f"{name}.open", "GOOG", side, str(money // (price + price * RATE)), OrderType.MARKET)


def paired(fills: list[tuple[int, Fill]]) -> list[Trade]:
    """The trades of fills that open and close in turns, each with the number of its bar."""
    return [
        Trade(
            int(entry.side.signed(entry.quantity)),
            entry_bar,
            exit_bar,
            entry.price,
            leave.price,
            entry.fee + leave.fee,
        )
        for (entry_bar, entry), (exit_bar, leave) in zip(fills[::2], fills[1::2], strict=True)
    ]


@pytest.fixture(scope="module")
def played(bars: list[Bar]) -> Played:
    market = Venue(
        [instrument("GOOG", quantum="0.0000001")],
        cash=str(CASH + ADVANCED),
        match_on="bars",
        commission=PercentCommission(RATE * 100),
    )
    signals, last = crosses(bars), len(bars) - 1
    fills: list[tuple[int, Fill]] = []
    equity: list[float] = []
    for number, bar in enumerate(bars):
        signal = signals.get(number - 1)
        if number == last:
            # The peer ends what is still open at the open of the last bar, as if it had been ordered the day before.
            close(market, str(number))
        elif signal is not None:
            turn(market, str(number), signal, Decimal(str(bar.open)))
        fills += [(number, fill) for fill in market.hear(bar)]
        market.books.mark("GOOG", bar.close)
        equity.append(market.books.equity("USD") - float(ADVANCED))
    return Played(market, paired(fills), equity)


def test_every_trade_has_the_recorded_bars_size_and_prices(case: dict[str, Any], played: Played) -> None:
    keys = ("size", "entry_bar", "exit_bar")
    assert [tuple(getattr(one, key) for key in keys) for one in played.trades] == [
        tuple(one[key] for key in keys) for one in case["trades"]
    ]
    for one, expected in zip(played.trades, case["trades"], strict=True):
        for price in ("entry_price", "exit_price"):
            assert getattr(one, price) == Decimal(str(expected[price])), (price, expected)


def test_every_trade_has_the_recorded_result_and_fees(case: dict[str, Any], played: Played) -> None:
    for one, expected in zip(played.trades, case["trades"], strict=True):
        assert float(one.pnl) == pytest.approx(expected["pnl"], abs=0.005), expected
        assert float(one.commission) == pytest.approx(expected["commission"], abs=0.005), expected
        share = one.pnl / abs(one.size * one.entry_price)
        assert float(share) == pytest.approx(expected["return_pct"], rel=1e-6), expected


def test_the_books_end_flat_with_the_recorded_fees_and_cash(case: dict[str, Any], played: Played) -> None:
    market = played.market
    assert market.held("GOOG") == 0
    assert float(market.books.fees["USD"]) == pytest.approx(case["stats"]["Commissions [$]"], abs=0.005)
    assert float(market.cash - ADVANCED) == pytest.approx(case["stats"]["Equity Final [$]"], abs=0.005)
    assert market.cash - ADVANCED - CASH == sum(one.pnl for one in played.trades)


def test_the_equity_goes_the_recorded_way(case: dict[str, Any], played: Played) -> None:
    equity = played.equity
    recorded = [value for _, value in case["equity_every_20"]]
    assert [*equity[::20], equity[-1]] == pytest.approx(recorded, abs=0.005)
    assert max(equity) == pytest.approx(case["stats"]["Equity Peak [$]"], abs=0.005)
    lowest = min(now / peak - 1 for now, peak in zip(equity, accumulate(equity, max), strict=True))
    assert lowest * 100 == pytest.approx(case["stats"]["Max. Drawdown [%]"], rel=1e-6)


def test_counts_over_the_trades_are_the_recorded_ones(case: dict[str, Any], played: Played) -> None:
    stats, trades = case["stats"], played.trades
    assert len(trades) == stats["# Trades"]
    won = sum(one.pnl > 0 for one in trades)
    assert won / len(trades) * 100 == pytest.approx(stats["Win Rate [%]"], rel=1e-6)
    exposed = {number for one in trades for number in range(one.entry_bar, one.exit_bar + 1)}
    assert len(exposed) / len(played.equity) * 100 == pytest.approx(stats["Exposure Time [%]"], rel=1e-6)
