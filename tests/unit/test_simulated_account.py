"""What the account carries, keeps free and refuses, a row for each rule of docs/simulation.md that begins with K;
worked out by hand."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from brokers.simulated.costs import PercentCommission, PerShareCommission
from brokers.simulated.rules import MarketRules, Unaffordable
from tests.market_builders import (
    EUR,
    Happening,
    Row,
    a_bar,
    a_market,
    a_trade,
    amend,
    an_instrument,
    balances,
    buy,
    cancel,
    changed,
    comes_of,
    exit_of,
    play,
    sell,
    told,
)
from trading.reports import ReportKind

BAR = a_bar(100.0, 101.0, 99.0, 100.5)
TRADE = a_trade(100.0)


def on_trades(
    rule: str, sentence: str, story: Sequence[Happening], lines: Sequence[str], *, cash: str = "1000", **market: Any
) -> Row:
    return Row(rule, sentence, "trades", story, lines, {"cash": cash, "holding": "10", **market})


def in_parts(unaffordable: Unaffordable = Unaffordable.CANCEL) -> dict[str, Any]:
    return {"rules": MarketRules(volume_share=Decimal(1), unaffordable=unaffordable)}


def grouped(*orders: Any) -> list[Happening]:
    return [changed(order, group_id="g") for order in orders]


ROWS = [
    on_trades(
        "K1",
        "a buy needs its worth and its fee in free cash: 999 and 0.999",
        [a_trade(99.9), buy("a", "10")],
        ["a accepted", "a filled 10 at 99.9 taker"],
        commission=PercentCommission(Decimal("0.1")),
    ),
    on_trades(
        "K1",
        "a fee that does not fit in refuses it",
        [a_trade(99.91), buy("a", "10")],
        ["a rejected insufficient_cash"],
        commission=PercentCommission(Decimal("0.1")),
    ),
    on_trades(
        "K1",
        "a fee in another currency needs that",
        [a_trade(1.0), buy("a", "10")],
        ["a rejected insufficient_cash"],
        commission=PerShareCommission(Decimal("0.01"), currency=EUR),
    ),
    on_trades(
        "K2",
        "open buys keep what they would take, by their limit or where they wake",
        [TRADE, buy("a", "5", "99.00"), buy("b", "4", stop="101.00"), buy("c", "2", "51.00"), buy("d", "2", "50.00")],
        ["a accepted", "b accepted", "c rejected insufficient_cash", "d accepted"],
    ),
    on_trades(
        "K2",
        "what is cancelled or ends is free again",
        [
            TRADE,
            buy("a", "10", "90.00"),
            sell("b", "10", "110.00"),
            buy("c", "2"),
            sell("d", "1"),
            cancel("a"),
            cancel("b"),
            buy("e", "10"),
            sell("f", "10"),
        ],
        [
            "a accepted",
            "b accepted",
            "c rejected insufficient_cash",
            "d rejected short_not_allowed",
            "a cancelled",
            "b cancelled",
            "e accepted",
            "e filled 10 at 100 taker",
            "f accepted",
            "f filled 10 at 100 taker",
        ],
    ),
    on_trades(
        "K2",
        "what has filled in part keeps its share: 6 of 10 at 90 are 540",
        [buy("a", "10", "90.00"), a_trade(90.0, size=4.0), buy("b", "2", "50.01"), buy("c", "2", "50.00")],
        ["a accepted", "a filled 4 at 90 maker", "b rejected insufficient_cash", "c accepted"],
        **in_parts(),
    ),
    on_trades(
        "K2",
        "an amended order keeps what it takes now",
        [TRADE, a := buy("a", "10", "90.00"), amend(a, quantity="5"), buy("b", "5", "99.00"), buy("c", "1", "56.00")],
        ["a accepted", "a replaced 5", "b accepted", "c rejected insufficient_cash"],
    ),
    on_trades(
        "K3",
        "a sell needs units that are held and not offered",
        [TRADE, sell("a", "6", "110.00"), sell("b", "5", "111.00"), sell("c", "4", "112.00")],
        ["a accepted", "b rejected short_not_allowed", "c accepted"],
    ),
    on_trades(
        "K3",
        "where short sales are allowed it needs none",
        [TRADE, sell("a", "60")],
        ["a accepted", "a filled 60 at 100 taker"],
        short_sales=True,
    ),
    on_trades(
        "K4",
        "of a group the most counts, once",
        [
            TRADE,
            *grouped(buy("a", "10", "90.00"), buy("b", "10", "95.00"), buy("c", "10", "99.00")),
            buy("d", "1", "11.00"),
            buy("e", "1", "10.00"),
        ],
        ["a accepted", "b accepted", "c accepted", "d rejected insufficient_cash", "e accepted"],
    ),
    on_trades(
        "K4",
        "of a group of sells too",
        [TRADE, *grouped(sell("a", "10", "110.00"), sell("b", "10", stop="90.00")), sell("c", "1", "120.00")],
        ["a accepted", "b accepted", "c rejected short_not_allowed"],
    ),
    on_trades(
        "K5",
        "an exit needs nothing before its parent has filled, and then what it may trade",
        [
            buy("p", "5", "99.00"),
            exit_of("p", sell("x", "5", "105.00")),
            sell("a", "10", "120.00"),
            a_trade(98.0),
            sell("b", "1", "130.00"),
        ],
        [
            "p accepted",
            "x accepted",
            "a accepted",
            "p filled 5 at 99 maker",
            "b rejected short_not_allowed",
        ],
    ),
    on_trades(
        "K5",
        "an exit that buys keeps no cash before",
        [TRADE, sell("p", "10", "120.00"), exit_of("p", buy("x", "10", "90.00")), buy("a", "10", "100.00")],
        ["p accepted", "x accepted", "a accepted", "a filled 10 at 100 taker"],
    ),
    Row(
        "K6",
        "a buy whose open ran away from the cash is cancelled",
        "bars",
        [BAR, buy("a", "10"), a_bar(102.0, 103.0, 101.0, 102.0), a_bar(99.0, 99.0, 99.0, 99.0)],
        ["a accepted", "a cancelled insufficient_cash"],
        {"cash": "1010"},
    ),
    Row(
        "K6",
        "or waits until it fits",
        "bars",
        [BAR, buy("a", "10"), a_bar(102.0, 103.0, 101.0, 102.0), a_bar(99.0, 99.0, 99.0, 99.0)],
        ["a accepted", "a filled 10 at 99 taker"],
        {"cash": "1010", "rules": MarketRules(unaffordable=Unaffordable.WAIT)},
    ),
    on_trades(
        "K6",
        "a part that does not fit cancels the rest",
        [buy("a", "10"), a_trade(100.0, size=4.0), a_trade(101.0, size=6.0)],
        ["a accepted", "a filled 4 at 100 taker", "a cancelled insufficient_cash"],
        **in_parts(),
    ),
    on_trades(
        "K6",
        "or waits",
        [buy("a", "10"), a_trade(100.0, size=4.0), a_trade(101.0, size=6.0), a_trade(99.0, size=6.0)],
        ["a accepted", "a filled 4 at 100 taker", "a filled 6 at 99 taker"],
        **in_parts(Unaffordable.WAIT),
    ),
    on_trades(
        "K7",
        "an order that would be worth too little is refused",
        [TRADE, buy("a", "1", "40.00"), buy("b", "1", "50.00"), sell("c", "0.4"), sell("d", "0.5")],
        ["a rejected bad_quantity", "b accepted", "c rejected bad_quantity", "d accepted", "d filled 0.5 at 100 taker"],
        instrument=an_instrument(min_notional="50", lot="0.1"),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_account(row: Row) -> None:
    assert comes_of(row) == row.lines


REFUSED: list[tuple[str, list[Happening], str, str]] = [
    ("an unknown symbol", [buy("a", "10", symbol="ZZZ")], "unknown_symbol", "ZZZ is not traded here; traded: AAA"),
    ("no quantity", [buy("a", "0")], "bad_quantity", "quantity 0 is not above zero"),
    ("part of a lot", [buy("a", "10.5")], "bad_quantity", "quantity 10.5 is not a whole number of lots of 1"),
    (
        "a limit between two ticks",
        [buy("a", "10", "99.005")],
        "bad_price",
        "limit price 99.005 is not a positive whole number of ticks of 0.01",
    ),
    (
        "a market order with a limit",
        [changed(buy("a", "10"), limit_price=Decimal(99))],
        "bad_price",
        "a market order takes no limit price",
    ),
    (
        "a buy above the cash",
        [TRADE, buy("a", "11")],
        "insufficient_cash",
        "buying 11 AAA takes 1111.00 USD with fees; 1020.00 is free (1020.00 less 0 kept for open buys)",
    ),
    (
        "a buy that its fee makes too dear",
        [a_trade(102.0), buy("a", "10")],
        "insufficient_cash",
        "buying 10 AAA takes 1030.20 USD with fees; 1020.00 is free (1020.00 less 0 kept for open buys)",
    ),
    (
        "a buy of cash that is kept for another",
        [TRADE, buy("z", "5", "90.00"), buy("a", "6", "95.00")],
        "insufficient_cash",
        "buying 6 AAA takes 575.70 USD with fees; 565.50 is free (1020.00 less 454.50 kept for open buys)",
    ),
    (
        "a sale of more than is held",
        [TRADE, sell("a", "21")],
        "short_not_allowed",
        "selling 21 AAA with 20 held and 0 already offered would be short; this is a cash account",
    ),
    (
        "a sale of what is offered already",
        [TRADE, sell("z", "15", "110.00"), sell("a", "6")],
        "short_not_allowed",
        "selling 6 AAA with 20 held and 15 already offered would be short; this is a cash account",
    ),
    (
        "an order worth too little at its limit",
        [TRADE, buy("a", "1", "40.00")],
        "bad_quantity",
        "worth 40.00 at 40.00, below the minimum of 50",
    ),
    (
        "an order worth too little at the market",
        [a_trade(40.0), buy("a", "1")],
        "bad_quantity",
        "1 AAA at 40.0 is worth 40.00 USD, below the minimum of 50",
    ),
    (
        "a client order id that works already",
        [TRADE, buy("a", "1", "90.00"), buy("a", "1")],
        "duplicate_id",
        "an order with client order id a works already",
    ),
]


@pytest.mark.parametrize(("story", "code", "reason"), [pytest.param(*row[1:], id=row[0]) for row in REFUSED])
def test_what_cannot_be_is_rejected_with_the_numbers(story: list[Happening], code: str, reason: str) -> None:
    instrument = an_instrument(min_notional="50")
    market = a_market(
        "trades", cash="1020.00", holding="20", instrument=instrument, commission=PercentCommission(Decimal(1))
    )
    play(market, story[:-1])
    before = market.account()

    (report,) = play(market, story[-1:])

    assert (report.kind, report.code, report.reason) == (ReportKind.REJECTED, code, reason)
    assert market.account() == before


def test_a_refusal_reads_the_same_whatever_was_offered_and_withdrawn_before() -> None:
    market = a_market("trades", holding="2", instrument=an_instrument(lot="0.1"))

    reports = play(
        market, [TRADE, sell("a", "0.50", "110.00"), sell("b", "1", "110.00"), cancel("a"), sell("c", "1.5")]
    )

    assert reports[-1].reason == (
        "selling 1.5 AAA with 2 held and 1 already offered would be short; this is a cash account"
    )


def test_a_market_buy_whose_open_ran_away_from_the_cash_is_cancelled_with_the_numbers() -> None:
    market = a_market("bars", cash="1010")

    reports = play(market, [BAR, buy("a", "10"), a_bar(102.0, 103.0, 101.0, 102.0)])

    assert told(reports) == ["a accepted", "a cancelled insufficient_cash"]
    assert reports[-1].reason == (
        "buying 10 AAA takes 1020.00 USD with fees; 1010 is free (1010 less 0 kept for open buys)"
    )
    assert balances(market) == ({"USD": Decimal(1010)}, {})


def test_a_part_that_the_account_cannot_carry_is_told_with_its_own_numbers() -> None:
    market = a_market("trades", cash="1000", **in_parts())

    reports = play(market, [buy("a", "10"), a_trade(100.0, size=4.0), a_trade(101.0, size=6.0)])

    assert reports[-1].reason == (
        "buying 6 AAA takes 606.00 USD with fees; 600.00 is free (600.00 less 0 kept for open buys)"
    )


def test_a_limit_buy_keeps_its_limit_and_pays_what_it_gets() -> None:
    market = a_market("bars", cash="1000")

    reports = play(market, [BAR, buy("a", "10", "100.00"), buy("b", "1", "1.00"), a_bar(95.0, 96.0, 94.0, 95.0)])

    assert told(reports) == ["a accepted", "b rejected insufficient_cash", "a filled 10 at 95 taker"]
    assert balances(market) == ({"USD": Decimal("50.00")}, {"AAA": Decimal(10)})


@pytest.mark.parametrize(
    ("story", "line", "reason"),
    [
        ([], "a cancel_rejected unknown_order", "order s-a never came here"),
        ([TRADE, buy("a", "1")], "a cancel_rejected not_open", "order s-a has filled or ended already"),
        (
            [TRADE, buy("a", "1", "90.00"), cancel("a")],
            "a cancel_rejected not_open",
            "order s-a has filled or ended already",
        ),
        ([buy("a", "0.5")], "a cancel_rejected not_open", "order s-a has filled or ended already"),
        ([TRADE, buy("a", "1", "90.00")], "a cancelled", ""),
    ],
    ids=["never sent", "filled", "cancelled", "rejected", "working"],
)
def test_cancel(story: list[Happening], line: str, reason: str) -> None:
    market = a_market("trades")
    play(market, story)

    reports = play(market, [cancel("a")])

    assert told(reports) == [line]
    assert reports[0].reason == reason
    assert not market.working()


def test_once_all_is_over_everything_is_free_again() -> None:
    market = a_market("trades", cash="1000", holding="10", rules=MarketRules(volume_share=Decimal(1)))
    play(
        market,
        [
            buy("p", "5", "99.00"),
            exit_of("p", sell("x", "5", "105.00"), "g"),
            exit_of("p", sell("y", "5", stop="90.00"), "g"),
            a_trade(98.0, size=3.0),
            cancel("p"),
            a_trade(106.0, size=1.0),
            cancel("x"),
        ],
    )

    reports = play(market, [a_trade(80.88, size=50.0), sell("a", "12"), buy("b", "20")])

    assert not [order.cid for order in market.working()]
    assert told(reports) == [
        "a accepted",
        "a filled 12 at 80.88 taker",
        "b accepted",
        "b filled 20 at 80.88 taker",
    ]
