"""The passthrough market fills everything at the reference price, a row for each rule of docs/simulation.md that begins
with P."""

from decimal import Decimal

import pytest

from brokers.passthrough.market import PassthroughMarket
from tests.market_builders import (
    Row,
    a_bar,
    a_quote,
    a_trade,
    amend,
    an_instrument,
    buy,
    live,
    play,
    play_both,
    sell,
    told,
)
from trading.capabilities import Capabilities
from trading.orders import OrderType, TimeInForce

QUOTE = a_quote(100.0, 100.05)

ROWS = [
    Row("P1", "a buy at the mid, rounded up", "quotes", [QUOTE, buy("a", "1")], ["a filled 1 at 100.03 taker"]),
    Row("P1", "a sell at the mid, down", "quotes", [QUOTE, sell("a", "1")], ["a filled 1 at 100.02 taker"]),
    Row(
        "P1",
        "once there is a mid",
        "quotes",
        [a_quote(100.0, 0.0), buy("a", "1"), QUOTE],
        ["a filled 1 at 100.03 taker"],
    ),
    Row("P1", "at the last trade", "trades", [a_trade(99.5), sell("a", "1")], ["a filled 1 at 99.5 taker"]),
    Row(
        "P1",
        "at this close",
        "bars",
        [a_bar(100.0, 103.0, 99.0, 102.0), buy("a", "1")],
        ["a filled 1 at 102 taker"],
    ),
    Row(
        "P1",
        "an order sent before any bar at the first open",
        "bars",
        [buy("a", "1", "90.00"), a_bar(100.0, 103.0, 99.0, 102.0)],
        ["a filled 1 at 100 taker"],
    ),
    Row("P2", "whatever its limit", "quotes", [QUOTE, buy("a", "1", "90.00")], ["a filled 1 at 100.03 taker"]),
    Row(
        "P2",
        "whatever the size",
        "quotes",
        [a_quote(9.0, 10.0, ask_size=0.0), buy("a", "5")],
        ["a filled 5 at 9.5 taker"],
    ),
]


def a_passthrough(match_on: str) -> PassthroughMarket:
    market = PassthroughMarket(
        instruments={"AAA": an_instrument()}, cash={"USD": Decimal(1_000)}, match_on={"AAA": match_on}
    )
    market.restore({**market.state(), "positions": {"AAA": Decimal(1)}})
    return market


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_everything_fills_at_the_reference_price(row: Row) -> None:
    reports = play(a_passthrough(row.match_on), row.story)

    assert told(reports) == ["a accepted", *row.lines]
    assert [(r.fill.execution_id, r.fill.fee, r.fill.slippage) for r in reports if r.fill] == [
        ("passthrough-1", Decimal(0), Decimal(0))
    ]


REFUSED = [
    ("P3 stop", buy("a", "1", stop="101.00"), "unsupported_order_type"),
    ("P3 day", buy("a", "1", tif="day"), "unsupported_time_in_force"),
    ("P3 reduce-only", buy("a", "1", reduce_only=True), "unsupported_option"),
    ("P3 dear", buy("a", "10"), "insufficient_cash"),
    ("P3 short", sell("a", "2"), "short_not_allowed"),
]


@pytest.mark.parametrize(("order", "code"), [pytest.param(*row[1:], id=row[0]) for row in REFUSED])
def test_it_takes_market_and_limit_orders_that_the_account_carries(order: object, code: str) -> None:
    assert told(play(a_passthrough("quotes"), [QUOTE, order])) == [f"a rejected {code}"]  # type: ignore[list-item]


def test_it_offers_no_more_than_it_does() -> None:
    assert a_passthrough("quotes").capabilities == Capabilities(
        order_types=frozenset({OrderType.MARKET, OrderType.LIMIT}), times_in_force=frozenset({TimeInForce.GTC})
    )


def test_an_order_that_waits_for_a_price_cannot_be_amended() -> None:
    order = buy("a", "1", "90.00")

    effects = live(a_passthrough("quotes"), [order, amend(order, limit_price="91"), QUOTE])

    assert told(effects) == [
        "a accepted",
        "a replace_rejected unsupported_option",
        "a filled 1 at 100.03 taker",
    ]


@pytest.mark.parametrize("match_on", ["quotes", "trades", "bars"])
def test_a_market_that_is_told_of_a_limit_order_that_waits_carries_it_out_at_the_market_too(match_on: str) -> None:
    lives, hears = a_passthrough(match_on), a_passthrough(match_on)

    play_both(lives, hears, [buy("a", "1", "90.00")])

    assert hears.state() == lives.state()
