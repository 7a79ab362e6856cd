"""Orders on quotes and trades, a row for each rule of docs/simulation.md that begins with Q or T; prices worked out by
hand."""

from collections.abc import Sequence
from math import inf, nan
from typing import Any

import pytest

from brokers.simulated.rules import Gap, MarketRules, QuotePrice, Reach
from tests.market_builders import Happening, Row, a_bar, a_quote, a_trade, buy, comes_of, sell

QUOTE = a_quote(100.0, 100.2)
TRADE = a_trade(100.0)


def quotes(rule: str, sentence: str, story: Sequence[Happening], lines: Sequence[str], **rules: Any) -> Row:
    return Row(rule, sentence, "quotes", story, lines, {"rules": MarketRules(**rules)})


def trades(rule: str, sentence: str, story: Sequence[Happening], lines: Sequence[str], **rules: Any) -> Row:
    return Row(rule, sentence, "trades", story, lines, {"rules": MarketRules(**rules)})


MARKET = [
    quotes("Q1", "a buy takes the ask at once", [QUOTE, buy("a", "10")], ["a accepted", "a filled 10 at 100.2 taker"]),
    quotes("Q1", "a sell takes the bid", [QUOTE, sell("a", "10")], ["a accepted", "a filled 10 at 100 taker"]),
    quotes(
        "Q1",
        "an order without a quote waits for one",
        [buy("a", "10"), QUOTE],
        ["a accepted", "a filled 10 at 100.2 taker"],
    ),
    *(
        quotes(
            "Q1",
            f"an ask of {missing} is none, and a buy waits for one",
            [a_quote(100.0, missing), buy("a", "10"), a_quote(99.0, missing), a_quote(99.0, 99.5)],
            ["a accepted", "a filled 10 at 99.5 taker"],
        )
        for missing in (0.0, nan, inf)
    ),
    quotes(
        "Q2",
        "the middle, 100.025, is a tick higher for a buy",
        [a_quote(100.0, 100.05), buy("a", "10")],
        ["a accepted", "a filled 10 at 100.03 taker"],
        quote_price=QuotePrice.MID,
    ),
    quotes(
        "Q2",
        "and a tick lower for a sell",
        [a_quote(100.0, 100.05), sell("a", "10")],
        ["a accepted", "a filled 10 at 100.02 taker"],
        quote_price=QuotePrice.MID,
    ),
    quotes(
        "Q2",
        "the middle of a quote between ticks is not rounded beyond it",
        [a_quote(100.001, 100.002), buy("a", "10"), sell("b", "10")],
        ["a accepted", "a filled 10 at 100.002 taker", "b accepted", "b filled 10 at 100.001 taker"],
        quote_price=QuotePrice.MID,
    ),
    quotes(
        "Q2",
        "there is no middle without a bid",
        [a_quote(0.0, 100.0), buy("a", "10"), a_quote(99.0, 100.0)],
        ["a accepted", "a filled 10 at 99.5 taker"],
        quote_price=QuotePrice.MID,
    ),
    quotes(
        "Q2",
        "a resting limit waits for the middle, which is not the ask",
        [QUOTE, buy("a", "10", "99.50"), a_quote(99.5, 99.6), a_quote(99.0, 99.8)],
        ["a accepted", "a filled 10 at 99.5 maker"],
        quote_price=QuotePrice.MID,
    ),
    quotes(
        "Q2",
        "a bid above the ask has its middle too",
        [QUOTE, buy("a", "10", "99.50"), a_quote(100.0, 98.0)],
        ["a accepted", "a filled 10 at 99.5 maker"],
        quote_price=QuotePrice.MID,
    ),
]

LIMITS = [
    quotes(
        "Q3",
        "a buy limit at the ask takes it",
        [QUOTE, buy("a", "10", "100.20")],
        ["a accepted", "a filled 10 at 100.2 taker"],
    ),
    quotes(
        "Q3",
        "a buy limit above the ask takes the ask",
        [QUOTE, buy("a", "10", "105.00")],
        ["a accepted", "a filled 10 at 100.2 taker"],
    ),
    quotes(
        "Q3",
        "a sell limit below the bid takes the bid",
        [QUOTE, sell("a", "10", "99.00")],
        ["a accepted", "a filled 10 at 100 taker"],
    ),
    quotes(
        "Q4",
        "a buy rests until the ask comes to it, then is maker at its limit",
        [QUOTE, buy("a", "10", "100.00"), a_quote(99.9, 100.01), a_quote(99.0, 99.8)],
        ["a accepted", "a filled 10 at 100 maker"],
    ),
    quotes(
        "Q4",
        "a sell rests until the bid comes to it, then is maker at its limit",
        [QUOTE, sell("a", "10", "100.10"), a_quote(100.09, 100.3), a_quote(100.1, 100.3)],
        ["a accepted", "a filled 10 at 100.1 maker"],
    ),
    quotes(
        "Q5",
        "an ask at a resting buy is not through it, one below is",
        [QUOTE, buy("a", "10", "100.00"), a_quote(99.9, 100.0), a_quote(99.9, 99.99)],
        ["a accepted", "a filled 10 at 100 maker"],
        limit_reach=Reach.THROUGH,
    ),
    quotes(
        "Q5",
        "a bid at a resting sell is not through it",
        [QUOTE, sell("a", "10", "100.10"), a_quote(100.1, 100.3)],
        ["a accepted"],
        limit_reach=Reach.THROUGH,
    ),
    quotes(
        "Q5",
        "what takes liquidity as it comes need not go through",
        [QUOTE, buy("a", "10", "100.20")],
        ["a accepted", "a filled 10 at 100.2 taker"],
        limit_reach=Reach.THROUGH,
    ),
]

STOPS = [
    quotes(
        "Q6",
        "a buy stop wakes by the ask and takes it",
        [QUOTE, buy("a", "10", stop="101.00"), a_quote(101.0, 100.9), a_quote(100.8, 101.1)],
        ["a accepted", "a triggered", "a filled 10 at 101.1 taker"],
    ),
    quotes(
        "Q6",
        "a sell stop wakes by the bid and takes it",
        [QUOTE, sell("a", "10", stop="99.00"), a_quote(99.1, 99.0), a_quote(98.9, 99.3)],
        ["a accepted", "a triggered", "a filled 10 at 98.9 taker"],
    ),
    quotes(
        "Q6",
        "a stop that the market is beyond as it comes wakes at once",
        [QUOTE, buy("a", "10", stop="100.10")],
        ["a accepted", "a triggered", "a filled 10 at 100.2 taker"],
    ),
    quotes(
        "Q7",
        "a stop that was jumped over is held to its price",
        [QUOTE, buy("a", "10", stop="101.00"), a_quote(101.0, 101.5)],
        ["a accepted", "a triggered", "a filled 10 at 101 taker"],
        stop_gap=Gap.ORDER,
    ),
    quotes(
        "Q7",
        "a stop that the market is beyond as it comes was not jumped over",
        [QUOTE, buy("a", "10", stop="100.10")],
        ["a accepted", "a triggered", "a filled 10 at 100.2 taker"],
        stop_gap=Gap.ORDER,
    ),
    quotes(
        "Q8",
        "a buy takes its touch at the ask",
        [QUOTE, buy("a", "10", touch="99.00"), a_quote(98.9, 99.1), a_quote(98.7, 98.9)],
        ["a accepted", "a triggered", "a filled 10 at 98.9 taker"],
    ),
    quotes(
        "Q8",
        "a sell takes its touch at the bid",
        [QUOTE, sell("a", "10", touch="101.00"), a_quote(100.9, 101.1), a_quote(101.2, 101.3)],
        ["a accepted", "a triggered", "a filled 10 at 101.2 taker"],
    ),
    quotes(
        "Q9",
        "a stop-limit that wakes within its limit takes the other side",
        [QUOTE, buy("a", "10", "101.50", stop="101.00"), a_quote(101.0, 101.2)],
        ["a accepted", "a triggered", "a filled 10 at 101.2 taker"],
    ),
    quotes(
        "Q9",
        "one that wakes beyond its limit rests there",
        [QUOTE, buy("a", "10", "101.50", stop="101.00"), a_quote(101.0, 101.6), a_quote(101.0, 101.4)],
        ["a accepted", "a triggered", "a filled 10 at 101.5 maker"],
    ),
    quotes(
        "Q10",
        "a trailing sell follows the bid, and wakes by it",
        [QUOTE, sell("a", "10", trail="1"), a_quote(101.5, 103.0), a_quote(100.6, 100.7), a_quote(100.4, 100.7)],
        ["a accepted", "a follows to 100.5", "a triggered", "a filled 10 at 100.4 taker"],
    ),
    quotes(
        "Q10",
        "a trailing buy follows the ask, and wakes by it",
        [QUOTE, buy("a", "10", trail="1"), a_quote(97.0, 98.2), a_quote(98.9, 99.1), a_quote(99.0, 99.25)],
        ["a accepted", "a follows to 99.2", "a triggered", "a filled 10 at 99.25 taker"],
    ),
    quotes(
        "Q10",
        "sent before any quote it begins at the first",
        [sell("a", "10", trail="1"), QUOTE, a_quote(98.9, 99.1)],
        ["a accepted", "a follows to 99", "a triggered", "a filled 10 at 98.9 taker"],
    ),
    quotes(
        "Q10",
        "a quote without its side moves it nowhere",
        [QUOTE, sell("a", "10", trail="1"), a_quote(0.0, 120.0), a_quote(99.1, 100.0)],
        ["a accepted"],
    ),
]

POST_ONLY = [
    quotes(
        "Q11",
        "one that would take the ask is refused",
        [QUOTE, buy("a", "10", "100.20", post_only=True)],
        ["a rejected would_take"],
    ),
    quotes(
        "Q11",
        "one below the ask rests, and is maker",
        [QUOTE, buy("a", "10", "100.10", post_only=True), a_quote(99.0, 99.5)],
        ["a accepted", "a filled 10 at 100.1 maker"],
    ),
    quotes(
        "Q11",
        "without an ask there is nothing to take",
        [a_quote(100.0, 0.0), buy("a", "10", "105.00", post_only=True), a_quote(100.0, 104.0)],
        ["a accepted", "a filled 10 at 105 maker"],
    ),
    quotes(
        "Q11",
        "a stop-limit that would take as it wakes is cancelled",
        [QUOTE, buy("a", "10", "101.50", stop="101.00", post_only=True), a_quote(101.0, 101.2)],
        ["a accepted", "a triggered", "a cancelled would_take"],
    ),
    quotes(
        "Q11",
        "a stop-limit that wakes beyond its limit rests, and is maker",
        [QUOTE, buy("a", "10", "101.50", stop="101.00", post_only=True), a_quote(101.0, 101.6), a_quote(101.0, 101.4)],
        ["a accepted", "a triggered", "a filled 10 at 101.5 maker"],
    ),
    Row(
        "Q11",
        "on bars the last close is what would be taken",
        "bars",
        [a_bar(100.0, 101.0, 99.0, 100.5), buy("a", "10", "100.50", post_only=True)],
        ["a rejected would_take"],
    ),
    Row(
        "Q11",
        "on bars one that the open jumped over is held to its limit",
        "bars",
        [a_bar(100.0, 101.0, 99.0, 100.5), buy("a", "10", "100.00", post_only=True), a_bar(98.0, 99.0, 97.0, 98.0)],
        ["a accepted", "a filled 10 at 100 maker"],
    ),
]

TRADES = [
    trades(
        "T1",
        "a buy takes the last trade at once",
        [TRADE, buy("a", "10")],
        ["a accepted", "a filled 10 at 100 taker"],
    ),
    trades("T1", "so does a sell", [TRADE, sell("a", "10")], ["a accepted", "a filled 10 at 100 taker"]),
    trades(
        "T1",
        "an order without a trade waits for one; a trade at zero is none",
        [buy("a", "10"), a_trade(0.0), TRADE],
        ["a accepted", "a filled 10 at 100 taker"],
    ),
    trades(
        "T2",
        "a buy limit above the last trade takes that trade",
        [TRADE, buy("a", "10", "100.50")],
        ["a accepted", "a filled 10 at 100 taker"],
    ),
    trades(
        "T2",
        "so does a sell limit below",
        [TRADE, sell("a", "10", "99.50")],
        ["a accepted", "a filled 10 at 100 taker"],
    ),
    trades(
        "T3",
        "a buy rests until a trade reaches it, then is maker at its limit",
        [TRADE, buy("a", "10", "99.50"), a_trade(99.51), a_trade(99.0)],
        ["a accepted", "a filled 10 at 99.5 maker"],
    ),
    trades(
        "T3",
        "a sell rests until a trade reaches it, then is maker at its limit",
        [TRADE, sell("a", "10", "100.50"), a_trade(100.49), a_trade(100.5)],
        ["a accepted", "a filled 10 at 100.5 maker"],
    ),
    trades(
        "T3",
        "with through a trade at the limit is not enough",
        [TRADE, sell("a", "10", "100.50"), a_trade(100.5), a_trade(100.51)],
        ["a accepted", "a filled 10 at 100.5 maker"],
        limit_reach=Reach.THROUGH,
    ),
    trades(
        "T4",
        "a stop wakes by a trade and takes its price",
        [TRADE, sell("a", "10", stop="99.00"), a_trade(99.01), a_trade(98.5)],
        ["a accepted", "a triggered", "a filled 10 at 98.5 taker"],
    ),
    trades(
        "T4",
        "or its own, where a jump counts for nothing",
        [TRADE, sell("a", "10", stop="99.00"), a_trade(98.5)],
        ["a accepted", "a triggered", "a filled 10 at 99 taker"],
        stop_gap=Gap.ORDER,
    ),
    trades(
        "T4",
        "a touch takes the price of the trade",
        [TRADE, sell("a", "10", touch="101.00"), a_trade(101.5)],
        ["a accepted", "a triggered", "a filled 10 at 101.5 taker"],
    ),
    trades(
        "T4",
        "a trailing stop follows trades",
        [TRADE, sell("a", "10", trail="1%"), a_trade(102.0), a_trade(101.0), a_trade(100.9)],
        ["a accepted", "a follows to 100.98", "a triggered", "a filled 10 at 100.9 taker"],
    ),
]

ROWS = [*MARKET, *LIMITS, *STOPS, *POST_ONLY, *TRADES]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_on_ticks(row: Row) -> None:
    assert comes_of(row) == row.lines
