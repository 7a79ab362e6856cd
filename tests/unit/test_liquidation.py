"""Where the margin no longer holds, a row for each rule of docs/accounts.md that begins with L; worked out by hand.

Unless said otherwise a unit of AAA ties up half of its worth, and a quarter of it to be kept.
"""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.simulated.costs import BasisPointSlippage, FixedSlippage, NoCommission, PercentCommission
from brokers.simulated.entitlements import HoldingTerms
from brokers.simulated.glance import Glance
from brokers.simulated.margin import MarginAccount
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.marks import NotValued
from tests.account_builders import (
    FRIDAY_NOON,
    MONDAY_NOON,
    AccountRow,
    an_account,
    check_row,
    funding,
    on_margin,
    paid_in_full,
    reasons,
    trade,
)
from tests.account_stories import a_mixed_account, account_stories
from tests.market_builders import EUR, Happening, Paid, a_bar, a_quote, a_trade, buy, exit_of, live, sell, told
from trading.market_data import Trade
from trading.orders import Side
from trading.postings import Liquidation, MarginCall
from trading.reports import ExecutionReport, Fill, Liquidity

AAA = on_margin()
BBB = on_margin("BBB")
CCC = paid_in_full("CCC", kind="equity", tick="0.01")
EURUSD = on_margin("EURUSD", "fx", base=EUR, initial="0.02", maintenance="0.01", tick="0.0001")
PERP = on_margin("BTC", "perpetual", initial="0.1", maintenance="0.05", isolated=True, tick="0.5", lot="0.001")


def btc(price: float) -> Trade:
    return a_trade(price, symbol="BTC")


BTC_AT_5000 = btc(5000.0)
FULL: list[Happening] = [trade(100.0, 0), buy("a", "200")]
FILLED = ["a accepted", "a filled 200 at 100 taker"]

ROWS = [
    AccountRow(
        "L1",
        "who has less than the initial margin is called once, and again after it was above",
        [AAA],
        {},
        [*FULL, trade(99.99, 1), trade(98.0, 2), trade(100.0, 3), trade(106.0, 4), trade(99.0, 5), trade(98.0, 6)],
        [*FILLED, "account called", "account called"],
    ),
    AccountRow(
        "L1",
        "at the initial margin to the cent nobody is called",
        [AAA],
        {"cash": "10000.00"},
        [*FULL, trade(100.0, 1)],
        FILLED,
    ),
    AccountRow(
        "L1",
        "money that is paid in ends it",
        [AAA],
        {},
        [*FULL, trade(99.0, 1), Paid("5000"), trade(99.0, 2), trade(45.0, 3)],
        [*FILLED, "account called", "paid 5000 USD", "account called"],
    ),
    AccountRow(
        "L2",
        "equity is below the maintenance margin from 66.66 on: 3332 against 3333",
        [AAA],
        {},
        [*FULL, trade(66.67, 1), trade(66.66, 2), trade(70.0, 3)],
        [*FILLED, "account called", "AAA liquidated sell 200 at 66.66"],
        {"USD": "3332.00"},
    ),
    AccountRow(
        "L2",
        "of a short position from 120.01 on: 5998 against 6000.50",
        [AAA],
        {},
        [trade(100.0, 0), sell("a", "200"), trade(120.0, 1), trade(120.01, 2)],
        [*FILLED, "account called", "AAA liquidated buy 200 at 120.01"],
        {"USD": "5998.00"},
    ),
    AccountRow(
        "L2",
        "as a taker, with slippage and commission",
        [AAA],
        {"slippage": FixedSlippage(2), "commission": PercentCommission(Decimal(1))},
        [trade(100.0, 0), buy("a", "190"), trade(64.0, 1)],
        ["a accepted", "a filled 190 at 100.02 taker", "AAA liquidated sell 190 at 63.98"],
        {"USD": "2840.80"},
    ),
    AccountRow(
        "L2",
        "a weekend's gap may cost more than there was: 50 to 1 in euros, 2.5 % lower on Monday",
        [EURUSD],
        {"cash": "2000"},
        [
            Trade("EURUSD", FRIDAY_NOON, 1.0, 1.0),
            buy("a", "99000", symbol="EURUSD"),
            sell("s", "99000", stop="0.9900", symbol="EURUSD"),
            Trade("EURUSD", MONDAY_NOON, 0.975, 1.0),
        ],
        ["a accepted", "a filled 99000 at 1 taker", "s accepted", "s triggered", "s filled 99000 at 0.975 taker"],
        {"USD": "-475.00"},
    ),
    AccountRow(
        "L2",
        "without a stop it is the venue that closes, no better",
        [EURUSD],
        {"cash": "2000"},
        [
            Trade("EURUSD", FRIDAY_NOON, 1.0, 1.0),
            buy("a", "99000", symbol="EURUSD"),
            Trade("EURUSD", MONDAY_NOON, 0.975, 1.0),
        ],
        ["a accepted", "a filled 99000 at 1 taker", "EURUSD liquidated sell 99000 at 0.975"],
        {"USD": "-475.00"},
    ),
    AccountRow(
        "L3",
        "what takes most to be kept goes first, whole, and no more than is needed: at 33 3300 for 825 and 2500",
        [AAA, BBB],
        {},
        [
            trade(100.0, 0),
            a_trade(50.0, symbol="BBB"),
            buy("a", "100"),
            buy("b", "200", symbol="BBB"),
            trade(34.0, 1),
            trade(33.0, 2),
        ],
        [
            "a accepted",
            "a filled 100 at 100 taker",
            "b accepted",
            "b filled 200 at 50 taker",
            "account called",
            "BBB liquidated sell 200 at 50",
        ],
        {},
    ),
    AccountRow(
        "L3",
        "what is not on margin is never closed, though its worth counts",
        [AAA, CCC],
        {},
        [
            trade(100.0, 0),
            a_trade(50.0, symbol="CCC"),
            buy("c", "100", symbol="CCC"),
            buy("a", "100"),
            trade(60.0, 1),
        ],
        [
            "c accepted",
            "c filled 100 at 50 taker",
            "a accepted",
            "a filled 100 at 100 taker",
            "AAA liquidated sell 100 at 60",
        ],
        {"USD": "1000.00"},
    ),
    AccountRow(
        "L4",
        "before that the working orders of all symbols on margin are cancelled; others are not",
        [AAA, BBB, CCC],
        {"cash": "10100"},
        [
            trade(100.0, 0),
            a_trade(50.0, symbol="BBB"),
            a_trade(50.0, symbol="CCC"),
            buy("c", "1", "10.00", symbol="CCC"),
            buy("b", "1", "10.00", symbol="BBB"),
            buy("a", "200"),
            exit_of("a", sell("x", "200", "150.00")),
            trade(50.0, 1),
        ],
        [
            "c accepted",
            "b accepted",
            *FILLED,
            "x accepted",
            "x cancelled liquidation",
            "b cancelled liquidation",
            "AAA liquidated sell 200 at 50",
        ],
    ),
    AccountRow(
        "L5",
        "where the market has no price for it now it comes with the next",
        [on_margin("BTC", "perpetual", mark_symbol="INDEX"), paid_in_full("INDEX", kind="equity", tick="0.01")],
        {"match_on": "quotes", "cash": "2500"},
        [
            a_quote(5000.0, 5000.0, symbol="BTC"),
            a_quote(5000.0, 5000.0, symbol="INDEX"),
            buy("a", "1", symbol="BTC"),
            sell("b", "1", "9000.00", symbol="BTC"),
            a_quote(0.0, 4000.0, at=2, symbol="BTC"),
            a_quote(3000.0, 3000.0, at=3, symbol="INDEX"),
            a_quote(3000.0, 3000.0, at=4, symbol="INDEX"),
            a_quote(2900.0, 2950.0, at=5, symbol="BTC"),
        ],
        [
            "a accepted",
            "a filled 1 at 5000 taker",
            "b accepted",
            "b cancelled liquidation",
            "account called",
            "BTC liquidated sell 1 at 2900",
        ],
        {"USD": "400.00"},
    ),
    AccountRow(
        "L6",
        "an isolated position stands by itself: 237 left at 4737 are enough, 236.50 at 4736.5 are not",
        [PERP],
        {"cash": "1000"},
        [BTC_AT_5000, buy("a", "1", symbol="BTC"), btc(4737.0), btc(4736.5)],
        ["a accepted", "a filled 1 at 5000 taker", "BTC called", "BTC liquidated sell 1 at 4736.5"],
        {"USD": "736.50"},
    ),
    AccountRow(
        "L6",
        "a gap closes it where what was put up is gone: at 4500",
        [PERP],
        {"cash": "1000"},
        [BTC_AT_5000, buy("a", "1", symbol="BTC"), btc(3000.0)],
        ["a accepted", "a filled 1 at 5000 taker", "BTC liquidated sell 1 at 4500"],
        {"USD": "500.00"},
    ),
    AccountRow(
        "L6",
        "and a short one at 5500",
        [PERP],
        {"cash": "1000"},
        [BTC_AT_5000, sell("a", "1", symbol="BTC"), btc(9000.0)],
        ["a accepted", "a filled 1 at 5000 taker", "BTC liquidated buy 1 at 5500"],
        {"USD": "500.00"},
    ),
    AccountRow(
        "L6",
        "slippage leads no further",
        [PERP],
        {"cash": "1000", "slippage": BasisPointSlippage(Decimal(900))},
        [BTC_AT_5000, buy("a", "1", symbol="BTC"), btc(5000.0)],
        ["a accepted", "a filled 1 at 5450 taker", "BTC liquidated sell 1 at 4905"],
        {"USD": "455.00"},
    ),
    AccountRow(
        "L6",
        "nor does its fee: 47.37 of 236.50, and nothing where nothing is left",
        [PERP, on_margin("ETH", "perpetual", initial="0.1", maintenance="0.05", isolated=True)],
        {"cash": "2000", "commission": PercentCommission(Decimal(1))},
        [
            BTC_AT_5000,
            a_trade(5000.0, symbol="ETH"),
            buy("a", "1", symbol="BTC"),
            buy("b", "1", symbol="ETH"),
            btc(4736.5),
            a_trade(100.0, symbol="ETH"),
        ],
        [
            "a accepted",
            "a filled 1 at 5000 taker",
            "b accepted",
            "b filled 1 at 5000 taker",
            "BTC liquidated sell 1 at 4736.5",
            "ETH liquidated sell 1 at 4500",
        ],
        {"USD": "1089.13"},
    ),
    AccountRow(
        "L6",
        "it takes none of the others with it, nor their orders, and goes with none",
        [PERP, AAA],
        {"cash": "10600"},
        [
            BTC_AT_5000,
            trade(100.0, 0),
            buy("a", "1", symbol="BTC"),
            buy("b", "200"),
            buy("c", "1", "50.00"),
            sell("d", "1", "9000.00", symbol="BTC"),
            btc(4000.0),
            buy("e", "0.01", "10.00", symbol="BTC"),
            trade(50.0, 1),
        ],
        [
            "a accepted",
            "a filled 1 at 5000 taker",
            "b accepted",
            "b filled 200 at 100 taker",
            "c accepted",
            "d accepted",
            "d cancelled liquidation",
            "BTC liquidated sell 1 at 4500",
            "e accepted",
            "c cancelled insufficient_margin",
            "AAA liquidated sell 200 at 50",
        ],
    ),
    AccountRow(
        "L7",
        "within a bar nothing is seen: a low of 10 takes nobody's position, a close of 66.66 does",
        [AAA],
        {"match_on": "bars"},
        [
            a_bar(100.0, 100.0, 100.0, 100.0, at=60),
            buy("a", "200"),
            a_bar(100.0, 100.0, 10.0, 100.0, at=120),
            a_bar(100.0, 100.0, 66.66, 66.66, at=180),
        ],
        [*FILLED, "AAA liquidated sell 200 at 66.66"],
    ),
    AccountRow(
        "L7",
        "orders that close meet the event first",
        [AAA],
        {},
        [*FULL, sell("s", "200", stop="70.00"), trade(60.0, 1)],
        [*FILLED, "s accepted", "s triggered", "s filled 200 at 60 taker"],
    ),
    AccountRow(
        "L7",
        "what falls due counts: funding of 40 % leaves 3960 of 10000, less than 5000",
        [on_margin("BTC", "perpetual")],
        {"held": {"BTC": HoldingTerms(funding=funding("0.302"))}},
        [trade(100.0, 0, "BTC"), buy("a", "200", symbol="BTC"), trade(100.0, 0.2, "BTC")],
        ["a accepted", "a filled 200 at 100 taker", "BTC funding -6040 USD", "BTC liquidated sell 200 at 100"],
        {"USD": "3960.00"},
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_where_the_margin_no_longer_holds(row: AccountRow) -> None:
    check_row(row)


def test_the_reasons_tell_the_numbers() -> None:
    market = an_account(AAA, PERP, cash="10500")
    story: list[Happening] = [
        BTC_AT_5000,
        *FULL,
        buy("b", "1", symbol="BTC"),
        sell("c", "200", "200.00"),
        trade(90.0, 1),
        btc(4800.0),
        trade(50.0, 2),
        btc(4700.0),
    ]

    assert reasons(market, story) == [
        "equity of 8000.00 USD is below 9000.00, the initial margin of what is held",
        "what is left for BTC, 300.00 USD, is below 360.00, half way from its initial margin to that which keeps it",
        "equity of 0.00 USD was below the maintenance margin of 2500.00",
        "equity of 0.00 USD was below the maintenance margin of 2500.00: sell of 200 AAA at 50.0",
        "what is left for BTC, 200.00 USD, was below the maintenance margin of 235.00: sell of 1 BTC at 4700.0",
    ]


def test_a_liquidation_is_a_fill_of_nobodys_order() -> None:
    market = an_account(AAA, slippage=FixedSlippage(1))

    found = live(market, [trade(100.0, 0), buy("a", "199"), trade(66.0, 1), buy("b", "90"), trade(20.0, 2)])

    liquidations = [one for one in found if isinstance(one, Liquidation)]
    assert [(one.event_id, one.fill.order_id, one.fill.execution_id) for one in liquidations] == [
        ("simulated-account-1", "liquidation-1", "simulated-2"),
        ("simulated-account-2", "liquidation-2", "simulated-4"),
    ]
    assert liquidations[0].fill == Fill(
        execution_id="simulated-2",
        order_id="liquidation-1",
        strategy="unallocated",
        symbol="AAA",
        side=Side.SELL,
        quantity=Decimal(199),
        price=Decimal("65.99"),
        notional=Decimal("13132.01"),
        currency="USD",
        fee=Decimal("0.00"),
        fee_currency="USD",
        liquidity=Liquidity.TAKER,
        slippage=Decimal("0.01"),
        ts_ns=trade(66.0, 1).ts_ns,
    )


def test_a_call_names_the_account_or_the_isolated_symbol() -> None:
    market = an_account(AAA, PERP, cash="10500")

    found = live(market, [BTC_AT_5000, *FULL, buy("b", "1", symbol="BTC"), trade(99.0, 1), btc(4863.0), btc(4800.0)])

    assert [(one.event_id, one.symbol) for one in found if isinstance(one, MarginCall)] == [
        ("simulated-account-1", ""),
        ("simulated-account-2", "BTC"),
    ]


@pytest.mark.parametrize(
    ("story", "reached"),
    [
        ([trade(100.0, 0)], 3),
        ([trade(100.0, 0), buy("a", "1")], 0),
        ([trade(100.0, 0), buy("a", "1", "90.00")], 0),
        ([trade(100.0, 0), buy("a", "1"), sell("b", "1")], 0),
        ([trade(100.0, 0), buy("a", "1", "90.00", symbol="CCC")], 3),
    ],
    ids=["nothing", "a position", "an order", "flat again", "an order that is paid for"],
)
def test_while_anything_is_on_margin_every_event_is_in_reach_of_every_strategy(
    story: Sequence[Happening], reached: int
) -> None:
    market = an_account(AAA, CCC)
    live(market, story)

    assert market.in_reach("other", [trade(100.0, day) for day in (1, 2, 3)]) == reached


# Laws.


def account_of(market: SimulatedMarket) -> MarginAccount:
    account = market._account
    assert isinstance(account, MarginAccount)
    return account


@given(story=account_stories("trades"), cash=st.sampled_from(["2000", "5000", "12000"]))
def test_after_every_event_what_is_held_can_be_kept_and_the_floats_agree(story: list[Happening], cash: str) -> None:
    market = a_mixed_account("trades", cash=cash)
    for happening in story:
        live(market, [happening])
        account = account_of(market)
        seen = {one.scope: one for one in Glance(account).standings()}
        assert set(seen) <= {"", *account.isolated()}
        for scope in [*([""] if account.margined() else []), *account.isolated()]:
            try:
                exact = account.reckon(scope)
            except NotValued:
                assert scope not in seen
                continue
            found = seen[scope]
            for one, other in zip(exact, found[1:4], strict=True):
                assert abs(float(one) - other) <= found.band
            if isinstance(happening, Trade):
                assert exact.equity >= exact.maintenance


@given(story=account_stories("trades", ("BTC",)))
def test_an_isolated_position_loses_no_more_than_was_put_up(story: list[Happening]) -> None:
    """What is free for others falls by no event that fills no order."""
    market = a_mixed_account("trades", cash="2000", euros="0", commission=NoCommission(), interest={})
    for happening in story:
        before = account_of(market).reckon().equity
        paid = happening._replace(currency="USD") if isinstance(happening, Paid) else happening
        effects = live(market, [paid])
        if isinstance(happening, Trade) and not any(isinstance(one, ExecutionReport) and one.fill for one in effects):
            assert account_of(market).reckon().equity >= before


def test_what_has_no_price_or_rate_is_left_out_of_a_glance() -> None:
    market = an_account(AAA, EURUSD, cash={"USD": "1000", "EUR": "5"})
    live(market, [trade(100.0, 0)])
    account = account_of(market)
    market.restore({**market.state(), "positions": {"AAA": Decimal(5)}})

    assert list(Glance(account_of(market)).standings()) == []
    with pytest.raises(NotValued, match="EURUSD has no price yet"):
        account.reckon()
    assert told(live(market, [trade(1.0, 1)])) == []
