"""What the simulated market hears, takes, reports and charges, a row for each rule of docs/simulation.md that begins
with D, O, F or N; worked out by hand."""

from collections.abc import Sequence
from decimal import Decimal
from math import inf, nan
from typing import Any

import pytest

from brokers.simulated.costs import (
    FixedSlippage,
    MakerTakerCommission,
    NoCommission,
    NoSlippage,
    PercentCommission,
    PerShareCommission,
    PerTradeCommission,
    SpreadShareSlippage,
    SquareRootSlippage,
)
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.rules import BarPrice, Gap, MarketRules, Path
from tests.market_builders import (
    EUR,
    Happening,
    Row,
    a_bar,
    a_market,
    a_quote,
    a_trade,
    an_instrument,
    balances,
    buy,
    cancel,
    changed,
    comes_of,
    exit_of,
    live,
    play,
    sell,
)
from trading.capabilities import Capabilities
from trading.commands import WireSubmit
from trading.market import TriggerMoved
from trading.orders import Side
from trading.reports import ExecutionReport, Fill, Liquidity, ReportKind
from trading.timestamps import SECOND

BAR = a_bar(100.0, 101.0, 99.0, 100.5)
QUOTE = a_quote(100.0, 100.2)
TRADE = a_trade(100.0)


def row(
    rule: str, sentence: str, match_on: str, story: Sequence[Happening], lines: Sequence[str], **market: Any
) -> Row:
    return Row(rule, sentence, match_on, story, lines, market)


def changed_cid(order: WireSubmit, cid: str) -> WireSubmit:
    return WireSubmit(cid=cid, terms=order.terms)


DATA = [
    row(
        "D1", "ticks do not match what is matched on bars", "bars", [BAR, buy("a", "10"), QUOTE, TRADE], ["a accepted"]
    ),
    row(
        "D1",
        "bars and trades do not match what is matched on quotes",
        "quotes",
        [QUOTE, buy("a", "10", "99.00"), a_bar(90.0, 110.0, 90.0, 100.0), a_trade(90.0)],
        ["a accepted"],
    ),
    row("D1", "a quote is no trade", "trades", [QUOTE, buy("a", "10"), QUOTE], ["a accepted"]),
    row(
        "D2",
        "longer bars than those first heard do not match",
        "bars",
        [BAR, buy("a", "10"), a_bar(90.0, 110.0, 90.0, 100.0, minutes=5)],
        ["a accepted"],
    ),
    row(
        "D3",
        "an order meets the last event of its symbol as it comes, and one that comes later the same",
        "trades",
        [TRADE, buy("a", "10"), buy("b", "10")],
        ["a accepted", "a filled 10 at 100 taker", "b accepted", "b filled 10 at 100 taker"],
    ),
    row(
        "D4",
        "a price between ticks stays as the data has it",
        "trades",
        [a_trade(100.00501), buy("a", "10")],
        ["a accepted", "a filled 10 at 100.00501 taker"],
    ),
    *(
        row(
            "D5",
            f"a trade at {price} is none, and the price is the one before",
            "trades",
            [buy("a", "10"), a_trade(price), TRADE],
            ["a accepted", "a filled 10 at 100 taker"],
        )
        for price in (0.0, -1.0, nan, inf)
    ),
]

TAKEN = [
    row(
        "O1",
        "an order is accepted before it fills",
        "trades",
        [TRADE, buy("a", "10")],
        ["a accepted", "a filled 10 at 100 taker"],
    ),
    row(
        "O2",
        "what was asked for and what is refused of it",
        "trades",
        [
            TRADE,
            buy("a", "0"),
            buy("b", "10", "99.005"),
            buy("c", "10", symbol="ZZZ"),
            changed(buy("d", "10"), limit_price=Decimal(99)),
            buy("e", "10", stop="99.00", tif="ioc"),
            changed(buy("f", "10"), group_id=""),
        ],
        [
            "a rejected bad_quantity",
            "b rejected bad_price",
            "c rejected unknown_symbol",
            "d rejected bad_price",
            "e rejected bad_combination",
            "f rejected bad_contingency",
        ],
    ),
    row(
        "O3",
        "a client order id that works is not taken again",
        "trades",
        [TRADE, buy("a", "1", "90.00"), buy("a", "1"), a_trade(90.0)],
        ["a accepted", "a rejected duplicate_id", "a filled 1 at 90 maker"],
    ),
    row(
        "O3",
        "nor an order id under another",
        "trades",
        [TRADE, buy("a", "1", "90.00"), changed_cid(buy("a", "1"), "b")],
        ["a accepted", "b rejected duplicate_id"],
    ),
    row(
        "O4",
        "a cancel ends what works, and nothing else",
        "trades",
        [TRADE, cancel("a"), buy("a", "1", "90.00"), cancel("a"), cancel("a"), buy("b", "1"), cancel("b")],
        [
            "a cancel_rejected unknown_order",
            "a accepted",
            "a cancelled",
            "a cancel_rejected not_open",
            "b accepted",
            "b filled 1 at 100 taker",
            "b cancel_rejected not_open",
        ],
    ),
]

TWO_TICKS = {"slippage": FixedSlippage(2)}

COSTS = [
    row(
        "F1",
        "who takes liquidity pays slippage: at the market, within a limit, by a stop, by a touch",
        "trades",
        [
            TRADE,
            buy("market", "1"),
            buy("limit", "1", "100.50"),
            sell("stop", "1", stop="99.00"),
            sell("touch", "1", touch="101.00"),
            a_trade(98.0),
            a_trade(102.0),
        ],
        [
            "market accepted",
            "market filled 1 at 100.02 taker",
            "limit accepted",
            "limit filled 1 at 100.02 taker",
            "stop accepted",
            "touch accepted",
            "stop triggered",
            "stop filled 1 at 97.98 taker",
            "touch triggered",
            "touch filled 1 at 101.98 taker",
        ],
        **TWO_TICKS,
    ),
    row(
        "F1",
        "so does a limit that the open jumped over",
        "bars",
        [buy("a", "1", "101.00"), BAR],
        ["a accepted", "a filled 1 at 100.02 taker"],
        **TWO_TICKS,
    ),
    row(
        "F1",
        "so do a trailing stop and an auction",
        "bars",
        [
            BAR,
            sell("trail", "1", trail="2"),
            buy("close", "1", auction="close"),
            a_bar(98.0, 98.5, 97.0, 97.5, at=86_400),
        ],
        [
            "trail accepted",
            "close accepted",
            "trail triggered",
            "trail filled 1 at 97.98 taker",
            "close filled 1 at 97.52 taker",
        ],
        **TWO_TICKS,
    ),
    row(
        "F1",
        "half of a spread of 0.20",
        "quotes",
        [QUOTE, buy("a", "1"), sell("b", "1")],
        ["a accepted", "a filled 1 at 100.3 taker", "b accepted", "b filled 1 at 99.9 taker"],
        slippage=SpreadShareSlippage(Decimal("0.5")),
    ),
    row(
        "F1",
        "two percent of the root of 25 of 10000 is a tenth of a percent",
        "bars",
        [buy("a", "25"), a_bar(100.0, 101.0, 99.0, 100.5, volume=10_000.0)],
        ["a accepted", "a filled 25 at 100.1 taker"],
        slippage=SquareRootSlippage(Decimal(2)),
    ),
    row(
        "F2",
        "but never beyond its limit",
        "quotes",
        [QUOTE, buy("a", "1", "100.21"), sell("b", "1", "100.00")],
        ["a accepted", "a filled 1 at 100.21 taker", "b accepted", "b filled 1 at 100 taker"],
        **TWO_TICKS,
    ),
    row(
        "F2",
        "nor an auction order, nor a stop-limit order",
        "bars",
        [
            buy("close", "1", "97.51", auction="close"),
            buy("stop", "1", "98.01", stop="98.00"),
            a_bar(98.0, 98.5, 97.0, 97.5, at=86_400),
        ],
        [
            "close accepted",
            "stop accepted",
            "stop triggered",
            "stop filled 1 at 98.01 taker",
            "close filled 1 at 97.51 taker",
        ],
        **TWO_TICKS,
    ),
    row(
        "F3",
        "who makes liquidity pays none",
        "trades",
        [TRADE, buy("a", "1", "99.00"), a_trade(98.0)],
        ["a accepted", "a filled 1 at 99 maker"],
        **TWO_TICKS,
    ),
]

NOTES = [
    row(
        "N1",
        "a trailing stop that an event has moved is noted once, after what is reported of the event",
        "bars",
        [BAR, sell("a", "10", trail="2"), buy("b", "1"), a_bar(100.5, 104.0, 100.0, 103.5)],
        ["a accepted", "b accepted", "b filled 1 at 100.5 taker", "a follows to 102"],
    ),
    row(
        "N1",
        "one that has stayed is not noted",
        "trades",
        [TRADE, sell("a", "10", trail="2"), a_trade(99.0), TRADE],
        ["a accepted"],
    ),
    row(
        "N1",
        "one that has woken is not noted",
        "bars",
        [BAR, sell("a", "10", trail="2"), a_bar(100.5, 104.0, 100.5, 101.0)],
        ["a accepted", "a triggered", "a filled 10 at 102 taker"],
    ),
    row(
        "N1",
        "one that has no parent yet follows nothing",
        "trades",
        [TRADE, buy("p", "1", "90.00"), exit_of("p", sell("a", "1", trail="2")), a_trade(120.0)],
        ["p accepted", "a accepted"],
    ),
]

ROWS = [*DATA, *TAKEN, *COSTS, *NOTES]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_market(row: Row) -> None:
    assert comes_of(row) == row.lines


FEES: list[tuple[str, Any, list[str]]] = [
    ("F4 percent of each part", PercentCommission(Decimal("0.1")), ["0.40", "0.60"]),
    ("F4 an amount once an order", PerTradeCommission(Decimal("1.50")), ["1.50", "0.00"]),
    (
        "F4 per share with a least amount",
        PerShareCommission(Decimal("0.10"), minimum=Decimal("0.75")),
        ["0.75", "0.25"],
    ),
    ("F4 maker and taker", MakerTakerCommission(Decimal("-0.1"), Decimal("0.2")), ["0.80", "-0.60"]),
]


@pytest.mark.parametrize(("commission", "fees"), [pytest.param(*fee[1:], id=fee[0]) for fee in FEES])
def test_what_an_order_is_charged_over_its_parts(commission: Any, fees: list[str]) -> None:
    market = a_market("trades", commission=commission, rules=MarketRules(volume_share=Decimal(1)))

    reports = play(market, [a_trade(100.0, size=4.0), buy("a", "10", "100.00"), a_trade(99.0, size=50.0)])

    assert [str(r.fill.fee) for r in reports if r.fill] == fees


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


def test_the_slippage_of_a_fill_is_what_its_price_is_worse_by() -> None:
    market = a_market("quotes", holding="20", slippage=FixedSlippage(2))

    reports = play(
        market, [QUOTE, buy("a", "1", "100.50"), sell("b", "1"), buy("c", "1", "100.00"), a_quote(99.0, 99.0)]
    )

    fills = [(r.cid, r.fill.price, r.fill.slippage) for r in reports if r.fill is not None]
    assert fills == [
        ("a", Decimal("100.22"), Decimal("0.02")),
        ("b", Decimal("99.98"), Decimal("0.02")),
        ("c", Decimal("100.00"), Decimal(0)),
    ]


def test_a_note_carries_the_client_order_id_and_the_exact_price() -> None:
    effects = live(a_market("trades", holding="10"), [TRADE, sell("a", "10", trail="2.5%"), a_trade(101.0)])

    assert effects[1:] == [TriggerMoved(cid="a", stop_price=Decimal("98.47"))]


def test_execution_ids_count_the_fills_of_the_market() -> None:
    reports = play(a_market("trades"), [TRADE, buy("a", "1"), buy("b", "0.5"), buy("c", "1"), sell("d", "1")])

    assert [r.fill.execution_id for r in reports if r.fill] == ["simulated-1", "simulated-2", "simulated-3"]


def test_a_sold_out_position_is_no_position_and_a_fee_of_another_currency_is_owed_there() -> None:
    market = a_market("trades", commission=PerShareCommission(Decimal("0.01"), currency=EUR), holding="10")

    play(market, [TRADE, sell("a", "10")])

    assert balances(market) == ({"USD": Decimal("101000.00"), "EUR": Decimal("-0.10")}, {})


def test_it_offers_everything() -> None:
    assert a_market("bars").capabilities == Capabilities.everything()


def test_without_rules_it_has_the_defaults() -> None:
    assert MarketRules() == MarketRules(
        bar_price=BarPrice.NEXT_OPEN, stop_gap=Gap.MARKET, limit_gap=Gap.MARKET, path=Path.NEARER_EXTREME
    )
    assert MarketRules().volume_share is None


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
