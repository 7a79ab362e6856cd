"""The passthrough market fills everything at the reference price, a row for each."""

from decimal import Decimal

import pytest

from brokers.passthrough.market import PassthroughMarket
from tests.market_builders import Happening, a_bar, a_quote, a_trade, an_instrument, buy, play, sell, told

QUOTE = a_quote(100.0, 100.05)


@pytest.mark.parametrize(
    ("match_on", "story", "line"),
    [
        pytest.param("quotes", [QUOTE, buy("a", "1")], "a filled 1 at 100.03 taker", id="a buy at the mid, rounded up"),
        pytest.param("quotes", [QUOTE, sell("a", "1")], "a filled 1 at 100.02 taker", id="a sell at the mid, down"),
        pytest.param("quotes", [QUOTE, buy("a", "1", "90.00")], "a filled 1 at 100.03 taker", id="whatever the limit"),
        pytest.param(
            "quotes",
            [a_quote(100.0, 0.0), buy("a", "1"), QUOTE],
            "a filled 1 at 100.03 taker",
            id="once there is a mid",
        ),
        pytest.param("trades", [a_trade(99.5), sell("a", "1")], "a filled 1 at 99.5 taker", id="at the last trade"),
        pytest.param(
            "bars", [a_bar(100.0, 103.0, 99.0, 102.0), buy("a", "1")], "a filled 1 at 102.0 taker", id="at this close"
        ),
    ],
)
def test_everything_fills_at_the_reference_price(match_on: str, story: list[Happening], line: str) -> None:
    market = PassthroughMarket(
        instruments={"AAA": an_instrument()}, cash={"USD": Decimal(1_000)}, match_on={"AAA": match_on}
    )
    market.restore({**market.state(), "positions": {"AAA": Decimal(1)}})

    reports = play(market, story)

    assert told(reports) == ["a accepted", line]
    assert [(r.fill.execution_id, r.fill.fee, r.fill.slippage) for r in reports if r.fill] == [
        ("passthrough-1", Decimal(0), Decimal(0))
    ]
