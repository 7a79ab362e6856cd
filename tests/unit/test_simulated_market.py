"""The rules of the simulated market, a row each, worked out by hand."""

from decimal import Decimal
from math import nan

import pytest

from brokers.simulated.costs import FixedSlippage, NoCommission, NoSlippage, PercentCommission, PerShareCommission
from brokers.simulated.market import SimulatedMarket
from tests.market_builders import (
    EUR,
    Happening,
    a_bar,
    a_market,
    a_quote,
    a_trade,
    an_instrument,
    balances,
    buy,
    play,
    sell,
    told,
)
from trading.orders import Side
from trading.reports import ExecutionReport, Fill, Liquidity, ReportKind
from trading.timestamps import SECOND

BAR = a_bar(100.0, 101.0, 99.0, 100.5)
QUOTE = a_quote(100.0, 100.2)
TRADE = a_trade(100.0)

BARS: list[tuple[str, list[Happening], list[str]]] = [
    ("a market order does not fill in the bar that is over", [BAR, buy("a", "10")], ["a accepted"]),
    (
        "a market order fills at the next open",
        [BAR, buy("a", "10"), a_bar(102.0, 103.0, 98.0, 99.0)],
        ["a accepted", "a filled 10 at 102.0 taker"],
    ),
    (
        "a market order sent before any bar fills at the first open",
        [buy("a", "10"), BAR],
        ["a accepted", "a filled 10 at 100.0 taker"],
    ),
    (
        "a limit buy fills at an open below its limit",
        [BAR, buy("a", "10", "99.50"), a_bar(98.0, 99.0, 97.0, 98.5)],
        ["a accepted", "a filled 10 at 98.0 taker"],
    ),
    (
        "a limit buy fills at its limit when the low touches it",
        [BAR, buy("a", "10", "99.50"), a_bar(100.0, 101.0, 99.5, 100.0)],
        ["a accepted", "a filled 10 at 99.50 maker"],
    ),
    (
        "a limit buy rests while the low stays above it, then fills",
        [BAR, buy("a", "10", "99.50"), a_bar(100.0, 101.0, 99.51, 100.0), a_bar(99.5, 99.5, 99.0, 99.0)],
        ["a accepted", "a filled 10 at 99.5 taker"],
    ),
    (
        "a limit sell fills at an open above its limit",
        [BAR, sell("a", "10", "101.00"), a_bar(102.0, 103.0, 101.5, 102.0)],
        ["a accepted", "a filled 10 at 102.0 taker"],
    ),
    (
        "a limit sell fills at its limit when the high touches it",
        [BAR, sell("a", "10", "101.00"), a_bar(100.0, 101.0, 99.0, 100.0)],
        ["a accepted", "a filled 10 at 101.00 maker"],
    ),
    (
        "a limit sell rests while the high stays below it",
        [BAR, sell("a", "10", "101.01"), BAR, a_bar(100.5, 101.0, 100.0, 100.0)],
        ["a accepted"],
    ),
    (
        "orders match in order of arrival",
        [buy("b", "1", "99.00"), buy("a", "2"), a_bar(100.0, 100.0, 99.0, 99.0)],
        ["b accepted", "a accepted", "b filled 1 at 99.00 maker", "a filled 2 at 100.0 taker"],
    ),
    (
        "ticks do not match a symbol that is matched on bars",
        [BAR, buy("a", "10"), QUOTE, TRADE],
        ["a accepted"],
    ),
    (
        "longer bars built of the native ones do not match",
        [BAR, buy("a", "10"), a_bar(90.0, 110.0, 90.0, 100.0, minutes=5)],
        ["a accepted"],
    ),
]

QUOTES: list[tuple[str, list[Happening], list[str]]] = [
    ("a market buy takes the ask at once", [QUOTE, buy("a", "10")], ["a accepted", "a filled 10 at 100.2 taker"]),
    ("a market sell takes the bid at once", [QUOTE, sell("a", "10")], ["a accepted", "a filled 10 at 100.0 taker"]),
    (
        "a market order without a quote waits for one",
        [buy("a", "10"), QUOTE],
        ["a accepted", "a filled 10 at 100.2 taker"],
    ),
    (
        "a market buy waits while there is no ask",
        [a_quote(100.0, 0.0), buy("a", "10"), a_quote(100.0, nan), a_quote(99.0, 99.5)],
        ["a accepted", "a filled 10 at 99.5 taker"],
    ),
    (
        "a limit buy at the ask is taker at the ask",
        [QUOTE, buy("a", "10", "100.20")],
        ["a accepted", "a filled 10 at 100.2 taker"],
    ),
    (
        "a limit buy above the ask is taker at the ask",
        [QUOTE, buy("a", "10", "105.00")],
        ["a accepted", "a filled 10 at 100.2 taker"],
    ),
    (
        "a limit sell below the bid is taker at the bid",
        [QUOTE, sell("a", "10", "99.00")],
        ["a accepted", "a filled 10 at 100.0 taker"],
    ),
    (
        "a limit buy rests until the ask comes to it, then is maker at its limit",
        [QUOTE, buy("a", "10", "100.00"), a_quote(99.9, 100.01), a_quote(99.0, 99.8)],
        ["a accepted", "a filled 10 at 100.00 maker"],
    ),
    (
        "a limit sell rests until the bid comes to it, then is maker at its limit",
        [QUOTE, sell("a", "10", "100.10"), a_quote(100.09, 100.3), a_quote(100.1, 100.3)],
        ["a accepted", "a filled 10 at 100.10 maker"],
    ),
    (
        "bars built of ticks never match",
        [QUOTE, buy("a", "10", "99.00"), a_bar(90.0, 110.0, 90.0, 100.0)],
        ["a accepted"],
    ),
    ("a trade is no quote", [TRADE, buy("a", "10"), TRADE], ["a accepted"]),
]

TRADES: list[tuple[str, list[Happening], list[str]]] = [
    (
        "a market order takes the last trade at once",
        [TRADE, buy("a", "10")],
        ["a accepted", "a filled 10 at 100.0 taker"],
    ),
    (
        "a market order without a trade waits for one",
        [buy("a", "10"), TRADE],
        ["a accepted", "a filled 10 at 100.0 taker"],
    ),
    (
        "a limit buy above the last trade is taker at that trade",
        [TRADE, buy("a", "10", "100.50")],
        ["a accepted", "a filled 10 at 100.0 taker"],
    ),
    (
        "a limit sell below the last trade is taker at that trade",
        [TRADE, sell("a", "10", "99.50")],
        ["a accepted", "a filled 10 at 100.0 taker"],
    ),
    (
        "a limit buy rests until a trade reaches it, then is maker at its limit",
        [TRADE, buy("a", "10", "99.50"), a_trade(99.51), a_trade(99.0)],
        ["a accepted", "a filled 10 at 99.50 maker"],
    ),
    (
        "a limit sell rests until a trade reaches it, then is maker at its limit",
        [TRADE, sell("a", "10", "100.50"), a_trade(100.49), a_trade(100.5)],
        ["a accepted", "a filled 10 at 100.50 maker"],
    ),
]

ROWS = [
    pytest.param(match_on, story, lines, id=f"{match_on}: {sentence}")
    for match_on, rows in (("bars", BARS), ("quotes", QUOTES), ("trades", TRADES))
    for sentence, story, lines in rows
]


@pytest.mark.parametrize(("match_on", "story", "lines"), ROWS)
def test_matching(match_on: str, story: list[Happening], lines: list[str]) -> None:
    assert told(play(a_market(match_on, holding="50"), story)) == lines


def test_a_fill_carries_every_field() -> None:
    market = a_market("quotes", slippage=FixedSlippage(2), commission=PercentCommission(Decimal("0.1")))

    reports = play(market, [a_quote(100.0, 100.2, at=7), buy("a", "10")])

    fill = Fill(
        execution_id="simulated-1",
        order_id="s-a",
        strategy="s",
        symbol="AAA",
        side=Side.BUY,
        quantity=Decimal(10),
        price=Decimal("100.22"),
        notional=Decimal("1002.20"),
        currency="USD",
        fee=Decimal("1.00"),
        fee_currency="USD",
        liquidity=Liquidity.TAKER,
        slippage=Decimal("0.02"),
        ts_ns=7 * SECOND,
    )
    accepted = ExecutionReport(order_id="s-a", strategy="s", kind=ReportKind.ACCEPTED, ts_ns=7 * SECOND, cid="a")
    filled = ExecutionReport(order_id="s-a", strategy="s", kind=ReportKind.FILLED, ts_ns=7 * SECOND, cid="a", fill=fill)
    assert reports == [accepted, filled]
    assert balances(market) == ({"USD": Decimal("98996.80")}, {"AAA": Decimal(10)})


def test_slippage_is_for_market_orders_only() -> None:
    market = a_market("quotes", holding="20", slippage=FixedSlippage(2))

    reports = play(
        market, [QUOTE, buy("a", "1", "100.50"), sell("b", "1"), buy("c", "1", "100.00"), a_quote(99.0, 99.0)]
    )

    fills = [(r.cid, r.fill.price, r.fill.slippage) for r in reports if r.fill is not None]
    assert fills == [
        ("a", Decimal("100.2"), Decimal(0)),
        ("b", Decimal("99.98"), Decimal("0.02")),
        ("c", Decimal("100.00"), Decimal(0)),
    ]


def test_execution_ids_count_the_fills_of_the_market() -> None:
    reports = play(a_market("trades"), [TRADE, buy("a", "1"), buy("b", "0.5"), buy("c", "1"), sell("d", "1")])

    assert [r.fill.execution_id for r in reports if r.fill] == ["simulated-1", "simulated-2", "simulated-3"]


def test_a_sold_out_position_is_no_position_and_a_fee_of_another_currency_is_owed_there() -> None:
    market = a_market("trades", commission=PerShareCommission(Decimal("0.01"), EUR), holding="10")

    play(market, [TRADE, sell("a", "10")])

    assert balances(market) == ({"USD": Decimal("101000.00"), "EUR": Decimal("-0.10")}, {})


@pytest.mark.parametrize("kind", [None, "candles"])
def test_a_symbol_must_be_matched_on_something_known(kind: str | None) -> None:
    with pytest.raises(ValueError, match=r"match_on of AAA is .*; write one of quotes, trades, bars"):
        SimulatedMarket(
            instruments={"AAA": an_instrument()},
            cash={"USD": Decimal(1)},
            match_on={} if kind is None else {"AAA": kind},
            slippage=NoSlippage(),
            commission=NoCommission(),
        )
