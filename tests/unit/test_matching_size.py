"""How much of an event may be taken, and orders that want it now, a row for each rule of docs/simulation.md that begins
with V or I, worked out by hand."""

from collections.abc import Sequence
from decimal import Decimal
from math import inf, nan

import pytest

from brokers.simulated.costs import VolumeShareSlippage
from brokers.simulated.rules import BarPrice, MarketRules
from tests.market_builders import (
    Happening,
    Row,
    a_bar,
    a_quote,
    a_trade,
    amend,
    an_instrument,
    buy,
    cancel,
    comes_of,
    sell,
)


def sized(
    rule: str,
    sentence: str,
    match_on: str,
    story: Sequence[Happening],
    lines: Sequence[str],
    *,
    share: str | None = "1",
    lot: str = "1",
    bar_price: BarPrice = BarPrice.NEXT_OPEN,
) -> Row:
    rules = MarketRules(volume_share=None if share is None else Decimal(share), bar_price=bar_price)
    return Row(rule, sentence, match_on, story, lines, {"rules": rules, "instrument": an_instrument(lot=lot)})


def bar_of(volume: float, price: float = 100.0) -> Happening:
    return a_bar(price, price, price, price, volume=volume)


THIN = a_quote(100.0, 100.2, bid_size=3.0, ask_size=5.0)

VOLUME = [
    sized(
        "V1",
        "without a share sizes are not looked at",
        "bars",
        [buy("a", "10"), bar_of(1.0)],
        ["a accepted", "a filled 10 at 100 taker"],
        share=None,
    ),
    sized(
        "V1",
        "a quarter of 30 is 7 whole lots; the rest works on",
        "bars",
        [buy("a", "10"), bar_of(30.0), bar_of(30.0, 101.0), bar_of(30.0, 102.0)],
        ["a accepted", "a filled 7 at 100 taker", "a filled 3 at 101 taker"],
        share="0.25",
    ),
    sized(
        "V1",
        "a quarter of 30 is 7.4 in lots of 0.2",
        "bars",
        [buy("a", "10"), bar_of(30.0)],
        ["a accepted", "a filled 7.4 at 100 taker"],
        share="0.25",
        lot="0.2",
    ),
    sized(
        "V1",
        "a share above one is more than there was",
        "bars",
        [buy("a", "10"), bar_of(4.0)],
        ["a accepted", "a filled 8 at 100 taker"],
        share="2",
    ),
    sized(
        "V1",
        "a share that is less than a lot is nothing",
        "bars",
        [buy("a", "10"), bar_of(3.0), bar_of(4.0)],
        ["a accepted", "a filled 1 at 100 taker"],
        share="0.25",
    ),
    sized(
        "V2",
        "the orders of one bar share its volume, both sides and in their order",
        "bars",
        [buy("a", "4"), sell("b", "4"), buy("c", "4"), bar_of(10.0)],
        [
            "a accepted",
            "b accepted",
            "c accepted",
            "a filled 4 at 100 taker",
            "b filled 4 at 100 taker",
            "c filled 2 at 100 taker",
        ],
    ),
    sized(
        "V2",
        "on the way what is met sooner takes before what came earlier",
        "bars",
        [buy("deep", "4", "99.00"), buy("near", "4", "99.50"), a_bar(100.0, 101.0, 99.0, 100.0, volume=6.0)],
        [
            "deep accepted",
            "near accepted",
            "near filled 4 at 99.5 maker",
            "deep filled 2 at 99 maker",
        ],
    ),
    sized(
        "V2",
        "both sides share the size of a trade",
        "trades",
        [buy("a", "4"), sell("b", "4"), a_trade(100.0, size=6.0)],
        ["a accepted", "b accepted", "a filled 4 at 100 taker", "b filled 2 at 100 taker"],
    ),
    sized(
        "V3",
        "buys have the size of the ask, sells that of the bid",
        "quotes",
        [buy("a", "10"), sell("b", "10"), THIN],
        ["a accepted", "b accepted", "a filled 5 at 100.2 taker", "b filled 3 at 100 taker"],
    ),
    sized(
        "V4",
        "what an order took as it came is gone for those after it",
        "quotes",
        [THIN, buy("a", "4"), buy("b", "4"), sell("c", "2")],
        [
            "a accepted",
            "a filled 4 at 100.2 taker",
            "b accepted",
            "b filled 1 at 100.2 taker",
            "c accepted",
            "c filled 2 at 100 taker",
        ],
    ),
    sized(
        "V4",
        "the next quote is there anew, also at the same price",
        "quotes",
        [THIN, buy("a", "8"), THIN],
        ["a accepted", "a filled 5 at 100.2 taker", "a filled 3 at 100.2 taker"],
    ),
    sized(
        "V4",
        "what was cancelled comes not back",
        "quotes",
        [THIN, buy("a", "8"), cancel("a"), buy("b", "1")],
        ["a accepted", "a filled 5 at 100.2 taker", "a cancelled", "b accepted"],
    ),
    *(
        sized(
            "V5",
            f"a size of {size} offers nothing",
            "trades",
            [a_trade(100.0, size=size), buy("a", "1"), a_trade(101.0, size=1.0)],
            ["a accepted", "a filled 1 at 101 taker"],
        )
        for size in (0.0, nan, inf, -5.0)
    ),
    sized(
        "V6",
        "all or none waits for an event that has all",
        "quotes",
        [THIN, buy("a", "6", all_or_none=True), THIN, a_quote(100.0, 100.3, ask_size=6.0)],
        ["a accepted", "a filled 6 at 100.3 taker"],
    ),
    sized(
        "V6",
        "and leaves what it cannot take to those after it",
        "quotes",
        [THIN, buy("a", "6", all_or_none=True), buy("b", "5")],
        ["a accepted", "b accepted", "b filled 5 at 100.2 taker"],
    ),
    sized(
        "V7",
        "a limit fills in parts, each at its limit",
        "trades",
        [buy("a", "10", "99.00"), a_trade(98.0, size=4.0), a_trade(97.0, size=4.0), a_trade(96.0, size=4.0)],
        ["a accepted", "a filled 4 at 99 maker", "a filled 4 at 99 maker", "a filled 2 at 99 maker"],
    ),
    sized(
        "V7",
        "what is left of a stop is at the market in the events that follow",
        "bars",
        [sell("a", "10", stop="99.00"), a_bar(100.0, 100.0, 98.0, 99.0, volume=6.0), bar_of(6.0, 105.0)],
        ["a accepted", "a triggered", "a filled 6 at 99 taker", "a filled 4 at 105 taker"],
    ),
    sized(
        "V7",
        "an amendment may make less of what is left",
        "quotes",
        [THIN, big := buy("a", "10"), amend(big, quantity="6"), THIN],
        ["a accepted", "a filled 5 at 100.2 taker", "a replaced 6", "a filled 1 at 100.2 taker"],
    ),
    Row(
        "V8",
        "two of four move 100 by 10 % x (2 / 4) squared, four of four by 10 %",
        "quotes",
        [a_quote(99.0, 100.0, ask_size=4.0), buy("a", "2"), buy("b", "2")],
        ["a accepted", "a filled 2 at 102.5 taker", "b accepted", "b filled 2 at 110 taker"],
        {"rules": MarketRules(volume_share=Decimal(1)), "slippage": VolumeShareSlippage(Decimal(10))},
    ),
]

AT_ONCE = [
    sized(
        "I1",
        "IOC takes what is there as it comes, the rest is cancelled",
        "quotes",
        [THIN, buy("a", "8", tif="ioc")],
        ["a accepted", "a filled 5 at 100.2 taker", "a cancelled ioc_unfilled"],
    ),
    sized(
        "I1",
        "IOC beyond its limit is cancelled whole",
        "quotes",
        [THIN, buy("a", "8", "100.10", tif="ioc")],
        ["a accepted", "a cancelled ioc_unfilled"],
    ),
    sized(
        "I1",
        "IOC that fills whole has nothing to cancel",
        "trades",
        [a_trade(100.0), sell("a", "8", "99.00", tif="ioc")],
        ["a accepted", "a filled 8 at 100 taker"],
    ),
    *(
        sized(
            "I2",
            f"{tif.upper()} does not wait for {match_on} that are not there",
            match_on,
            [buy("a", "8", tif=tif), tick],
            ["a accepted", f"a cancelled {tif}_unfilled"],
        )
        for tif in ("ioc", "fok")
        for match_on, tick in (("quotes", a_quote(100.0, 100.2)), ("trades", a_trade(100.0)))
    ),
    sized(
        "I2",
        "nor for a side of a quote that is not there",
        "quotes",
        [a_quote(100.0, 0.0), buy("a", "8", tif="ioc"), THIN],
        ["a accepted", "a cancelled ioc_unfilled"],
    ),
    sized(
        "I3",
        "FOK takes all or is cancelled",
        "quotes",
        [THIN, buy("a", "6", tif="fok"), buy("b", "5", tif="fok")],
        ["a accepted", "a cancelled fok_unfilled", "b accepted", "b filled 5 at 100.2 taker"],
    ),
    sized(
        "I4",
        "on bars IOC meets the open of the next, as taker",
        "bars",
        [bar_of(9.0), buy("a", "8", tif="ioc"), bar_of(5.0, 101.0), bar_of(9.0)],
        ["a accepted", "a filled 5 at 101 taker", "a cancelled ioc_unfilled"],
    ),
    sized(
        "I4",
        "on bars a limit that the open is not within is over, wherever the bar goes",
        "bars",
        [buy("a", "8", "99.00", tif="ioc"), a_bar(100.0, 101.0, 98.0, 99.0)],
        ["a accepted", "a cancelled ioc_unfilled"],
    ),
    sized(
        "I4",
        "on bars a limit that the open is within takes the open",
        "bars",
        [buy("a", "8", "99.00", tif="fok"), a_bar(98.5, 101.0, 98.0, 99.0)],
        ["a accepted", "a filled 8 at 98.5 taker"],
    ),
    sized(
        "I4",
        "on bars FOK wants all of its open",
        "bars",
        [buy("a", "8", tif="fok"), bar_of(7.0), bar_of(8.0)],
        ["a accepted", "a cancelled fok_unfilled"],
    ),
    sized(
        "I4",
        "a next bar without prices has no open",
        "bars",
        [buy("a", "8", tif="ioc"), a_bar(nan, 101.0, 99.0, 100.0), bar_of(9.0)],
        ["a accepted", "a cancelled ioc_unfilled"],
    ),
    sized(
        "I5",
        "where this close is met, IOC meets it",
        "bars",
        [bar_of(5.0), buy("a", "8", tif="ioc"), bar_of(9.0)],
        ["a accepted", "a filled 5 at 100 taker", "a cancelled ioc_unfilled"],
        bar_price=BarPrice.THIS_CLOSE,
    ),
    sized(
        "I5",
        "so does FOK",
        "bars",
        [bar_of(7.0), buy("a", "8", tif="fok"), bar_of(9.0)],
        ["a accepted", "a cancelled fok_unfilled"],
        bar_price=BarPrice.THIS_CLOSE,
    ),
]

ROWS = [*VOLUME, *AT_ONCE]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_sizes(row: Row) -> None:
    assert comes_of(row) == row.lines


@pytest.mark.parametrize("share", ["0", "-1", "NaN", "Infinity"])
def test_a_share_of_nothing_is_no_share(share: str) -> None:
    with pytest.raises(ValueError, match=f"volume_share is {share}; write a share above 0"):
        MarketRules(volume_share=Decimal(share))
