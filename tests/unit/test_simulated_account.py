"""What the simulated market refuses, cancels and keeps free: the rules of a cash account, worked out by hand."""

from decimal import Decimal

import pytest

from brokers.simulated.costs import PercentCommission
from tests.market_builders import (
    Happening,
    a_bar,
    a_market,
    a_trade,
    an_instrument,
    balances,
    buy,
    cancel,
    changed,
    play,
    sell,
    told,
)
from trading.orders import OrderType, TimeInForce
from trading.reports import ReportKind

BAR = a_bar(100.0, 101.0, 99.0, 100.5)
TRADE = a_trade(100.0)

REFUSED: list[tuple[str, list[Happening], str, str]] = [
    ("an unknown symbol", [buy("a", "10", symbol="ZZZ")], "unknown_symbol", "ZZZ is not traded here; traded: AAA"),
    (
        "an order type that is not offered",
        [changed(buy("a", "10"), type=OrderType.STOP, stop_price=Decimal(90))],
        "unsupported_order_type",
        "order type stop is not offered here; offered: limit, market",
    ),
    (
        "a time in force that is not offered",
        [changed(buy("a", "10"), time_in_force=TimeInForce.IOC)],
        "unsupported_time_in_force",
        "time in force ioc is not offered here; offered: gtc",
    ),
    (
        "a flag that is not offered",
        [changed(buy("a", "10", "99.00"), post_only=True)],
        "unsupported_option",
        "option post_only is not offered here; offered: none",
    ),
    (
        "an order of a group",
        [changed(buy("a", "10"), group_id="g")],
        "unsupported_option",
        "option group_id is not offered here; offered: none",
    ),
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
        "an order worth too little",
        [TRADE, buy("a", "1", "40.00")],
        "bad_quantity",
        "1 AAA at 40.00 is worth 40.00 USD, below the minimum of 50",
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


def test_cash_and_units_kept_for_an_order_are_free_again_once_it_is_cancelled() -> None:
    market = a_market("trades", cash="1000", holding="10")
    held: list[Happening] = [TRADE, buy("a", "10", "90.00"), sell("b", "10", "110.00")]
    assert told(play(market, [*held, buy("c", "2"), sell("d", "1")]))[2:] == [
        "c rejected insufficient_cash",
        "d rejected short_not_allowed",
    ]

    reports = play(market, [cancel("a"), cancel("b"), buy("e", "10"), sell("f", "10")])

    assert told(reports) == [
        "a cancelled",
        "b cancelled",
        "e accepted",
        "e filled 10 at 100.0 taker",
        "f accepted",
        "f filled 10 at 100.0 taker",
    ]


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


def test_a_limit_buy_reserves_its_limit_and_pays_what_it_gets() -> None:
    market = a_market("bars", cash="1000")

    reports = play(market, [BAR, buy("a", "10", "100.00"), buy("b", "1", "1.00"), a_bar(95.0, 96.0, 94.0, 95.0)])

    assert told(reports) == ["a accepted", "b rejected insufficient_cash", "a filled 10 at 95.0 taker"]
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


def test_a_second_order_of_a_working_client_order_id_leaves_the_first_at_work() -> None:
    market = a_market("trades")

    play(market, [TRADE, buy("a", "1", "90.00"), buy("a", "1")])

    assert told(play(market, [a_trade(90.0)])) == ["a filled 1 at 90.00 maker"]
