"""What an account on margin carries and refuses, a row for each rule of docs/accounts.md that begins with G or W;
worked out by hand. Unless said otherwise a unit of AAA ties up half of its worth, and a quarter of it to be kept."""

from decimal import Decimal
from typing import Any

import pytest

from brokers.passthrough.market import PassthroughMarket
from brokers.simulated.costs import (
    BasisPointSlippage,
    CombinedSlippage,
    FixedSlippage,
    NoCommission,
    NoSlippage,
    PercentCommission,
    PerContractCommission,
)
from brokers.simulated.delay import DelayedMarket
from brokers.simulated.latency import Delays
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.rules import MarketRules, QuotePrice, Unaffordable
from tests.account_builders import (
    AccountRow,
    an_account,
    check_row,
    on_margin,
    paid_in_full,
    reasons,
    trade,
)
from tests.market_builders import (
    EUR,
    USD,
    Happening,
    Paid,
    a_bar,
    a_quote,
    a_trade,
    amend,
    balances,
    buy,
    cancel,
    changed,
    exit_of,
    live,
    sell,
    told,
)
from trading.errors import LedgerError
from trading.instruments import Instrument
from trading.money import Currency
from trading.timestamps import MILLISECOND

AAA = on_margin()
BBB = on_margin("BBB")
EURUSD = on_margin("EURUSD", "fx", base=EUR, initial="0.05", maintenance="0.02", tick="0.0001")
CRUDE = on_margin("CL", "future", multiplier="1000", initial="5000", maintenance="4000", per_unit=True, tick="0.01")
PERP = on_margin("BTC", "perpetual", initial="0.1", maintenance="0.05", isolated=True, lot="0.001")
AT_100 = trade(100.0, 0)
JPY = Currency.known("JPY")


def grouped(*orders: Any) -> list[Happening]:
    return [changed(order, group_id="g") for order in orders]


ROWS = [
    AccountRow(
        "G1",
        "equity of 10000 opens 200 at 100, and cash goes below zero",
        [AAA],
        {},
        [AT_100, buy("a", "200")],
        ["a accepted", "a filled 200 at 100 taker"],
        {"USD": "-10000.00"},
    ),
    AccountRow(
        "G1",
        "not 201",
        [AAA],
        {},
        [AT_100, buy("a", "201")],
        ["a rejected insufficient_margin"],
    ),
    AccountRow(
        "G1",
        "nor 200 where a fee is to be paid",
        [AAA],
        {"commission": PercentCommission(Decimal("0.01"))},
        [AT_100, buy("a", "200"), buy("b", "199")],
        ["a rejected insufficient_margin", "b accepted", "b filled 199 at 100 taker"],
    ),
    AccountRow(
        "G1",
        "a short sale ties up the same, and its proceeds are cash",
        [AAA],
        {},
        [AT_100, sell("a", "200"), sell("b", "1")],
        ["a accepted", "a filled 200 at 100 taker", "b rejected insufficient_margin"],
        {"USD": "30000.00"},
    ),
    AccountRow(
        "G1",
        "what has been gained opens more: 50 at 100, at 140 equity is 12000 for 171 of them",
        [AAA],
        {},
        [AT_100, buy("a", "50"), trade(140.0, 1), buy("b", "122"), buy("c", "121")],
        [
            "a accepted",
            "a filled 50 at 100 taker",
            "b rejected insufficient_margin",
            "c accepted",
            "c filled 121 at 140 taker",
        ],
    ),
    AccountRow(
        "G1",
        "a margin for each contract does not look at its price",
        [CRUDE],
        {},
        [a_trade(20.0, symbol="CL"), buy("a", "3", symbol="CL"), buy("b", "2", symbol="CL")],
        ["a rejected insufficient_margin", "b accepted", "b filled 2 at 20 taker"],
        {"USD": "-30000.00"},
    ),
    AccountRow(
        "G2",
        "open buys and sells are not netted: 100 held with buys of 60 and sells of 250 is 160, or 150 short",
        [AAA],
        {},
        [
            AT_100,
            buy("a", "100"),
            buy("b", "60", "90.00"),
            sell("c", "250", "110.00"),
            buy("d", "41", "90.00"),
            buy("e", "40", "90.00"),
            sell("f", "51", "120.00"),
            sell("g", "50", "120.00"),
        ],
        [
            "a accepted",
            "a filled 100 at 100 taker",
            "b accepted",
            "c accepted",
            "d rejected insufficient_margin",
            "e accepted",
            "f rejected insufficient_margin",
            "g accepted",
        ],
    ),
    AccountRow(
        "G2",
        "all symbols count together, at their marks",
        [AAA, BBB],
        {},
        [
            AT_100,
            a_trade(10.0, symbol="BBB"),
            buy("a", "100", "90.00"),
            sell("b", "1001", symbol="BBB"),
            sell("c", "1000", symbol="BBB"),
        ],
        ["a accepted", "b rejected insufficient_margin", "c accepted", "c filled 1000 at 10 taker"],
    ),
    AccountRow(
        "G2",
        "what is cancelled, or amended to less, is free again",
        [AAA],
        {},
        [
            AT_100,
            a := buy("a", "200", "90.00"),
            buy("b", "1", "90.00"),
            amend(a, quantity="100"),
            buy("c", "100", "90.00"),
            amend(a, quantity="101"),
            cancel("c"),
            amend(a, quantity="200"),
        ],
        [
            "a accepted",
            "b rejected insufficient_margin",
            "a replaced 100",
            "c accepted",
            "a replace_rejected insufficient_margin",
            "c cancelled",
            "a replaced 200",
        ],
    ),
    AccountRow(
        "G3",
        "what only reduces passes with equity far below the margin",
        [AAA],
        {},
        [AT_100, buy("a", "200"), trade(76.0, 1), sell("b", "150", "80.00"), sell("c", "50"), sell("d", "1", "80.00")],
        [
            "a accepted",
            "a filled 200 at 100 taker",
            "account called",
            "b accepted",
            "c accepted",
            "c filled 50 at 76 taker",
            "d rejected insufficient_margin",
        ],
    ),
    AccountRow(
        "G3",
        "a buy reduces a short position",
        [AAA],
        {},
        [AT_100, sell("a", "200"), trade(118.0, 1), buy("b", "200")],
        ["a accepted", "a filled 200 at 100 taker", "account called", "b accepted", "b filled 200 at 118 taker"],
        {"USD": "6400.00"},
    ),
    AccountRow(
        "G3",
        "a reversal needs the margin of what it leads to: from 100 long to 100 short, no more",
        [AAA],
        {"cash": "5000"},
        [AT_100, buy("a", "100"), sell("b", "201"), sell("c", "200")],
        [
            "a accepted",
            "a filled 100 at 100 taker",
            "b rejected insufficient_margin",
            "c accepted",
            "c filled 200 at 100 taker",
        ],
        {"USD": "15000.00"},
    ),
    AccountRow(
        "G4",
        "of a group the most counts, once",
        [AAA],
        {},
        [AT_100, *grouped(buy("a", "200", "90.00"), buy("b", "200", "95.00")), buy("c", "1", "90.00")],
        ["a accepted", "b accepted", "c rejected insufficient_margin"],
    ),
    AccountRow(
        "G4",
        "an exit needs nothing before its parent has filled, and then turns no position",
        [AAA],
        {},
        [AT_100, buy("p", "200"), exit_of("p", sell("x", "200", "120.00")), exit_of("p", sell("y", "200", stop="90"))],
        ["p accepted", "p filled 200 at 100 taker", "x accepted", "y accepted"],
    ),
    AccountRow(
        "G4",
        "a reduce-only order ties up nothing",
        [AAA],
        {},
        [AT_100, sell("r", "500", "120.00", reduce_only=True), buy("a", "200")],
        ["r accepted", "a accepted", "a filled 200 at 100 taker"],
    ),
    AccountRow(
        "G5",
        "an open that is a gap away is looked at anew: 100 at 199 fit, at 201 they do not",
        [AAA],
        {"match_on": "bars"},
        [
            a_bar(100.0, 100.0, 100.0, 100.0, at=60),
            buy("a", "100"),
            a_bar(201.0, 201.0, 90.0, 90.0, at=120),
            buy("b", "100"),
            a_bar(199.0, 199.0, 199.0, 199.0, at=180),
        ],
        ["a accepted", "a cancelled insufficient_margin", "b accepted", "b filled 100 at 199 taker"],
    ),
    AccountRow(
        "G5",
        "or it waits until it fits",
        [AAA],
        {"match_on": "bars", "rules": MarketRules(unaffordable=Unaffordable.WAIT)},
        [
            a_bar(100.0, 100.0, 100.0, 100.0, at=60),
            buy("a", "100"),
            a_bar(201.0, 201.0, 201.0, 201.0, at=120),
            a_bar(200.0, 200.0, 200.0, 200.0, at=180),
        ],
        ["a accepted", "a filled 100 at 200 taker"],
    ),
    AccountRow(
        "G5",
        "all is valued at that price, not at the close: at 60 there is equity of 16000 for 350, at 200 of 30000",
        [AAA],
        {"match_on": "bars", "cash": "20000"},
        [
            a_bar(100.0, 100.0, 100.0, 100.0, at=60),
            buy("a", "100"),
            a_bar(100.0, 100.0, 100.0, 100.0, at=120),
            buy("b", "250"),
            a_bar(200.0, 200.0, 60.0, 60.0, at=180),
            buy("c", "250"),
            a_bar(60.0, 200.0, 60.0, 200.0, at=240),
        ],
        [
            "a accepted",
            "a filled 100 at 100 taker",
            "b accepted",
            "b cancelled insufficient_margin",
            "c accepted",
            "c filled 250 at 60 taker",
        ],
    ),
    AccountRow(
        "G6",
        "cash in euros is worth what the pair says: 10000 at 1.1 open 220 at 100",
        [AAA, EURUSD],
        {"cash": {"EUR": "10000"}},
        [a_trade(1.1, symbol="EURUSD"), AT_100, buy("a", "221"), buy("b", "220")],
        ["a rejected insufficient_margin", "b accepted", "b filled 220 at 100 taker"],
    ),
    AccountRow(
        "G6",
        "over a third currency, and divided where the pair is the other way round",
        [
            on_margin("JPX", currency=JPY, account=USD),
            paid_in_full("USDEUR", currency=EUR, base=USD),
            paid_in_full("EURJPY", currency=JPY, base=EUR, tick="0.01"),
        ],
        {"cash": {"USD": "1000"}},
        [
            a_trade(0.8, symbol="USDEUR"),
            a_trade(125.0, symbol="EURJPY"),
            a_trade(1000.0, symbol="JPX"),
            buy("a", "201", symbol="JPX"),
            buy("b", "200", symbol="JPX"),
        ],
        ["a rejected insufficient_margin", "b accepted", "b filled 200 at 1000 taker"],
    ),
    AccountRow(
        "G6",
        "without a rate, or a price, nothing is opened; an order with a price of its own is reckoned by that",
        [AAA, BBB, EURUSD],
        {"cash": {"USD": "10000", "EUR": "1"}},
        [
            AT_100,
            buy("a", "1"),
            a_trade(1.1, symbol="EURUSD"),
            buy("b", "1"),
            buy("c", "1", symbol="BBB"),
            buy("d", "300", "100.00", symbol="BBB"),
            buy("e", "1", "100.00", symbol="BBB"),
        ],
        [
            "a rejected no_rate",
            "b accepted",
            "b filled 1 at 100 taker",
            "c rejected no_price",
            "d rejected insufficient_margin",
            "e accepted",
        ],
    ),
    AccountRow(
        "G7",
        "what is not on margin is paid for, counts whole and cannot be sold short",
        [AAA, paid_in_full("CCC", kind="equity", tick="0.01")],
        {},
        [
            AT_100,
            a_trade(50.0, symbol="CCC"),
            buy("a", "100"),
            buy("b", "101", symbol="CCC"),
            buy("c", "100", symbol="CCC"),
            sell("d", "101", symbol="CCC"),
            buy("e", "1"),
        ],
        [
            "a accepted",
            "a filled 100 at 100 taker",
            "b rejected insufficient_cash",
            "c rejected insufficient_cash",
            "d rejected short_not_allowed",
            "e accepted",
            "e filled 1 at 100 taker",
        ],
    ),
    AccountRow(
        "G7",
        "a future takes no cash, so what its margin leaves may be spent",
        [CRUDE, paid_in_full("CCC", kind="equity", tick="0.01")],
        {},
        [
            a_trade(20.0, symbol="CL"),
            a_trade(50.0, symbol="CCC"),
            buy("a", "1", symbol="CL"),
            buy("b", "201", symbol="CCC"),
            buy("c", "101", symbol="CCC"),
            buy("d", "100", symbol="CCC"),
        ],
        [
            "a accepted",
            "a filled 1 at 20 taker",
            "b rejected insufficient_cash",
            "c rejected insufficient_margin",
            "d accepted",
            "d filled 100 at 50 taker",
        ],
        {"USD": "-15000.00"},
    ),
    AccountRow(
        "G8",
        "what is put up for an isolated position is not free for others, also when that has gained",
        [PERP, AAA],
        {"cash": "1000"},
        [
            a_trade(5000.0, symbol="BTC"),
            AT_100,
            buy("a", "1", symbol="BTC"),
            a_trade(9000.0, symbol="BTC"),
            buy("b", "11"),
            buy("c", "10"),
        ],
        [
            "a accepted",
            "a filled 1 at 5000 taker",
            "b rejected insufficient_margin",
            "c accepted",
            "c filled 10 at 100 taker",
        ],
    ),
    AccountRow(
        "G8",
        "a reduction releases in proportion, and pays what was gained",
        [PERP, AAA],
        {"cash": "1000"},
        [
            a_trade(5000.0, symbol="BTC"),
            AT_100,
            buy("a", "1", symbol="BTC"),
            a_trade(5200.0, symbol="BTC"),
            sell("b", "0.5", symbol="BTC"),
            buy("c", "18"),
            buy("d", "17"),
        ],
        [
            "a accepted",
            "a filled 1 at 5000 taker",
            "b accepted",
            "b filled 0.5 at 5200 taker",
            "c rejected insufficient_margin",
            "d accepted",
            "d filled 17 at 100 taker",
        ],
    ),
    AccountRow(
        "G8",
        "a reversal puts up anew, with what is left of the old: 500 and 400 are enough for 1.836 at 4900",
        [PERP],
        {"cash": "1000"},
        [
            a_trade(5000.0, symbol="BTC"),
            buy("a", "1", symbol="BTC"),
            a_trade(4900.0, symbol="BTC"),
            sell("b", "2.837", symbol="BTC"),
            sell("c", "2.836", symbol="BTC"),
        ],
        [
            "a accepted",
            "a filled 1 at 5000 taker",
            "b rejected insufficient_margin",
            "c accepted",
            "c filled 2.836 at 4900 taker",
        ],
    ),
    AccountRow(
        "G9",
        "a stop that a gap has carried beyond what was put up is filled where that is gone: 4500",
        [PERP],
        {"cash": "1000"},
        [
            a_trade(5000.0, symbol="BTC"),
            buy("a", "1", symbol="BTC"),
            sell("s", "1", stop="4800.00", symbol="BTC"),
            a_trade(3000.0, symbol="BTC"),
        ],
        ["a accepted", "a filled 1 at 5000 taker", "s accepted", "s triggered", "s filled 1 at 4500 taker"],
        {"USD": "500.00"},
    ),
    AccountRow(
        "G9",
        "of a short position where it has risen to: 5500",
        [PERP],
        {"cash": "1000"},
        [
            a_trade(5000.0, symbol="BTC"),
            sell("a", "1", symbol="BTC"),
            buy("s", "1", stop="5200.00", symbol="BTC"),
            a_trade(9000.0, symbol="BTC"),
        ],
        ["a accepted", "a filled 1 at 5000 taker", "s accepted", "s triggered", "s filled 1 at 5500 taker"],
        {"USD": "500.00"},
    ),
    AccountRow(
        "G9",
        "one that would turn the position is not filled there: the venue closes it",
        [PERP],
        {"cash": "5000"},
        [
            a_trade(5000.0, symbol="BTC"),
            buy("a", "1", symbol="BTC"),
            sell("s", "2", stop="4800.00", symbol="BTC"),
            a_trade(3000.0, symbol="BTC"),
        ],
        [
            "a accepted",
            "a filled 1 at 5000 taker",
            "s accepted",
            "s triggered",
            "s cancelled insufficient_margin",
            "BTC liquidated sell 1 at 4500",
        ],
        {"USD": "4500.00"},
    ),
    AccountRow(
        "G10",
        "crude trades at -37.63: who is long of it pays, who buys there receives",
        [CRUDE],
        {"cash": "100000", "commission": PerContractCommission(Decimal("2.50"))},
        [
            a_trade(10.0, symbol="CL"),
            buy("a", "1", symbol="CL"),
            sell("l", "1", stop="0.00", symbol="CL"),
            a_trade(-37.63, symbol="CL"),
            buy("b", "2", "-37.00", symbol="CL"),
            a_trade(1.0, symbol="CL"),
            sell("c", "2", symbol="CL"),
        ],
        [
            "a accepted",
            "a filled 1 at 10 taker",
            "l accepted",
            "l triggered",
            "l filled 1 at -37.63 taker",
            "b accepted",
            "b filled 2 at -37.63 taker",
            "c accepted",
            "c filled 2 at 1 taker",
        ],
        {"USD": "129615.00"},
    ),
    AccountRow(
        "G10",
        "slippage is against the trader there too, and a fee of 0.1 % of 37650 is 37.65",
        [CRUDE],
        {
            "cash": "100000",
            "slippage": CombinedSlippage((FixedSlippage(1), BasisPointSlippage(Decimal(1)))),
            "commission": PercentCommission(Decimal("0.1")),
        },
        [a_trade(-37.63, symbol="CL"), sell("a", "1", symbol="CL"), buy("b", "1", symbol="CL")],
        ["a accepted", "a filled 1 at -37.65 taker", "b accepted", "b filled 1 at -37.61 taker"],
        {"USD": "99884.74"},
    ),
    AccountRow(
        "G10",
        "on quotes a side of zero is empty, and the middle of two prices below it is one",
        [CRUDE],
        {"match_on": "quotes", "rules": MarketRules(quote_price=QuotePrice.MID)},
        [
            a_quote(-2.0, -1.0, symbol="CL"),
            a_quote(-2.0, 0.0, symbol="CL"),
            buy("a", "1", symbol="CL"),
            a_quote(-2.0, -1.0, symbol="CL"),
            sell("b", "1", "-1.40", symbol="CL"),
            a_quote(-1.4, -1.2, symbol="CL"),
        ],
        ["a accepted", "a filled 1 at -1.5 taker", "b accepted", "b filled 1 at -1.4 maker"],
        {"USD": "10100.00"},
    ),
    AccountRow(
        "G10",
        "of what is no future such a price is none",
        [AAA],
        {},
        [buy("a", "1", "50.00"), a_trade(-1.0), a_trade(0.0), a_trade(49.0)],
        ["a accepted", "a filled 1 at 50 maker"],
    ),
    AccountRow(
        "G11",
        "a position is valued by its mark: at 6000 it has gained what its own price does not show",
        [
            on_margin("BTC", "perpetual", initial="0.1", maintenance="0.05", mark_symbol="INDEX"),
            paid_in_full("INDEX", kind="equity"),
        ],
        {"cash": "1000"},
        [
            a_trade(5000.0, symbol="BTC"),
            buy("a", "2", symbol="BTC"),
            a_trade(6000.0, symbol="INDEX"),
            buy("b", "4", symbol="BTC"),
            buy("c", "3", symbol="BTC"),
        ],
        [
            "a accepted",
            "a filled 2 at 5000 taker",
            "b rejected insufficient_margin",
            "c accepted",
            "c filled 3 at 5000 taker",
        ],
    ),
    AccountRow(
        "W1",
        "what is paid in opens more",
        [AAA],
        {"cash": "0"},
        [AT_100, buy("a", "1"), Paid("50"), buy("b", "1")],
        ["a rejected insufficient_margin", "paid 50 USD", "b accepted", "b filled 1 at 100 taker"],
        {"USD": "-50.00"},
    ),
    AccountRow(
        "W1",
        "of any currency, and nothing is nothing",
        [AAA],
        {"cash": "10"},
        [Paid("5", "EUR"), Paid("0")],
        ["paid 5 EUR"],
        {"USD": "10", "EUR": "5"},
    ),
    AccountRow(
        "W2",
        "a cash account pays out what open buys leave",
        [paid_in_full("CCC", kind="equity", tick="0.01")],
        {"cash": "100"},
        [buy("a", "1", "40.00", symbol="CCC"), Paid("-60.00")],
        ["a accepted", "paid -60 USD"],
        {"USD": "40.00"},
    ),
    AccountRow(
        "W3",
        "an account on margin what equity has beyond the margin of positions and orders",
        [AAA],
        {},
        [AT_100, buy("a", "100"), buy("b", "50", "90.00"), trade(110.0, 1), Paid("-2750")],
        ["a accepted", "a filled 100 at 100 taker", "b accepted", "paid -2750 USD"],
        {"USD": "-2750.00"},
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_margin_account(row: AccountRow) -> None:
    check_row(row)


def reason_of(story: list[Happening], *instruments: Instrument, **account: Any) -> str:
    return reasons(an_account(*instruments, **account), story)[-1]


def test_a_refusal_tells_all_the_numbers() -> None:
    reason = reason_of(
        [AT_100, buy("a", "100"), buy("b", "60", "90.00"), buy("c", "50")],
        commission=PercentCommission(Decimal("0.1")),
    )

    assert reason == (
        "with a buy of 50 AAA the positions and open orders need a margin of 10500.00 USD in the worst case, and 5.00 "
        "for its fees; the equity for it is 9990.00"
    )


def test_a_missing_price_or_rate_names_what_to_subscribe_to() -> None:
    euros: dict[str, Any] = {"cash": {"USD": "10000", "EUR": "1"}}

    assert reason_of([AT_100, buy("a", "1")], AAA, EURUSD, **euros) == (
        "what EUR is worth in USD is not known: EURUSD has no price yet; subscribe to it"
    )
    assert reason_of([AT_100, buy("a", "1")], AAA, **euros) == (
        "what EUR is worth in USD is not known: add a pair of both, such as EUR/USD, and subscribe to it"
    )
    assert reason_of([buy("a", "1")], AAA) == "AAA has no price yet; subscribe to it, or wait for its first"


def test_a_quote_without_one_side_leaves_a_position_valued_at_what_it_was_bought_for() -> None:
    market = an_account(AAA, match_on="quotes")

    told_of = told(live(market, [buy("a", "5", "100.00"), a_quote(0.0, 100.0), buy("b", "196"), buy("c", "195")]))

    assert told_of == [
        "a accepted",
        "a filled 5 at 100 maker",
        "b rejected insufficient_margin",
        "c accepted",
        "c filled 195 at 100 taker",
    ]


@pytest.mark.parametrize(
    ("instrument", "paid", "reason"),
    [
        (
            paid_in_full("AAA", kind="equity", tick="0.01"),
            "-9100.01",
            "9100.01 USD cannot be paid out: 9100.00 is free (10000 less 900.00 kept for open buys)",
        ),
        (
            AAA,
            "-9500.01",
            "9500.01 USD cannot be paid out, 9500.00 USD can: equity is 10000.00, and positions and open orders need a "
            "margin of 500.00",
        ),
    ],
    ids=["cash", "margin"],
)
def test_what_cannot_be_spared_is_not_paid_out_and_nothing_moves(
    instrument: Instrument, paid: str, reason: str
) -> None:
    market = an_account(instrument)
    live(market, [AT_100, buy("a", "10", "90.00")])
    before = market.state()

    with pytest.raises(LedgerError) as refused:
        market.move_cash("USD", Decimal(paid), 0)

    assert str(refused.value) == reason
    assert market.state() == before


def test_money_moves_at_every_kind_of_market() -> None:
    near = an_account(paid_in_full("AAA", kind="equity"), cash="100")
    far = DelayedMarket(near, Delays(orders_ns=50 * MILLISECOND, reports_ns=50 * MILLISECOND), bar_intervals={})
    through = PassthroughMarket(instruments={}, cash={"USD": Decimal(100)}, match_on={})

    for market in (far, through):
        assert told(market.move_cash("USD", Decimal(-40), 0)) == ["paid -40 USD"]
        assert market.account().cash == {"USD": Decimal(60)}
        with pytest.raises(LedgerError, match=r"61 USD cannot be paid out: 60 is free"):
            market.move_cash("USD", Decimal(-61), 0)


def test_a_market_some_way_off_tells_what_is_held_without_the_fills_that_are_unheard() -> None:
    near = an_account(AAA)
    far = DelayedMarket(near, Delays(reports_ns=50 * MILLISECOND), bar_intervals={})
    live(far, [AT_100, sell("a", "200")])

    assert near.account().positions == {"AAA": Decimal(-200)}
    assert balances(far) == ({"USD": Decimal(10_000)}, {})


@pytest.mark.parametrize(
    ("instruments", "message"),
    [
        ([AAA, on_margin("BBB", account=EUR)], "margin is reckoned in EUR and in USD; an account has one currency"),
        ([on_margin(mark_symbol="ZZZ")], "AAA is valued by ZZZ, which is not traded here"),
    ],
)
def test_instruments_that_do_not_go_together_are_refused(instruments: list[Instrument], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SimulatedMarket(
            instruments={one.symbol: one for one in instruments},
            cash={},
            match_on=dict.fromkeys((one.symbol for one in instruments), "trades"),
            slippage=NoSlippage(),
            commission=NoCommission(),
        )
