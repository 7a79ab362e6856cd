"""Orders on bars, a row for each rule of docs/simulation.md that begins with B; prices worked out by hand."""

from collections.abc import Sequence
from math import inf, nan
from typing import Any

import pytest

from brokers.simulated.rules import BarPrice, Gap, MarketRules, Path, Reach, StopLimitInBar, TrailBy
from tests.market_builders import Happening, Row, a_bar, an_instrument, buy, comes_of, exit_of, sell

BAR = a_bar(100.0, 101.0, 99.0, 100.5)


def bars(
    rule: str, sentence: str, story: Sequence[Happening], lines: Sequence[str], *, tick: str = "0.01", **rules: Any
) -> Row:
    market = {"rules": MarketRules(**rules), "instrument": an_instrument(tick=tick)}
    return Row(rule, sentence, "bars", story, lines, market)


MARKET = [
    bars("B1", "a market order does not fill in the bar that is over", [BAR, buy("a", "10")], ["a accepted"]),
    bars(
        "B1",
        "a market order fills at the next open",
        [BAR, buy("a", "10"), a_bar(102.0, 103.0, 98.0, 99.0)],
        ["a accepted", "a filled 10 at 102 taker"],
    ),
    bars(
        "B1",
        "a market order sent before any bar fills at the first open, also where this close is met",
        [buy("a", "10"), BAR],
        ["a accepted", "a filled 10 at 100 taker"],
        bar_price=BarPrice.THIS_CLOSE,
    ),
    bars(
        "B2",
        "a buy at the typical price, 302 / 3, pays the tick above",
        [buy("a", "10"), a_bar(100.0, 104.0, 98.0, 100.0)],
        ["a accepted", "a filled 10 at 100.67 taker"],
        bar_price=BarPrice.NEXT_TYPICAL,
    ),
    bars(
        "B2",
        "a sell at the typical price gets the tick below",
        [sell("a", "10"), a_bar(100.0, 104.0, 98.0, 100.0)],
        ["a accepted", "a filled 10 at 100.66 taker"],
        bar_price=BarPrice.NEXT_TYPICAL,
    ),
    bars(
        "B2",
        "a typical price of 100.17 is not rounded beyond the high",
        [buy("a", "10"), a_bar(100.2, 100.4, 100.0, 100.1)],
        ["a accepted", "a filled 10 at 100.4 taker"],
        tick="0.5",
        bar_price=BarPrice.NEXT_TYPICAL,
    ),
    bars(
        "B2",
        "a limit order never meets the typical price",
        [buy("a", "10", "100.50"), a_bar(100.0, 104.0, 98.0, 100.0)],
        ["a accepted", "a filled 10 at 100 taker"],
        bar_price=BarPrice.NEXT_TYPICAL,
    ),
    bars(
        "B3",
        "a market order meets this close",
        [BAR, buy("a", "10")],
        ["a accepted", "a filled 10 at 100.5 taker"],
        bar_price=BarPrice.THIS_CLOSE,
    ),
    bars(
        "B3",
        "so does a limit order that the close is within",
        [BAR, sell("a", "10", "100.00")],
        ["a accepted", "a filled 10 at 100.5 taker"],
        bar_price=BarPrice.THIS_CLOSE,
    ),
    bars(
        "B3",
        "so does a stop that the close is at",
        [BAR, sell("a", "10", stop="100.50")],
        ["a accepted", "a triggered", "a filled 10 at 100.5 taker"],
        bar_price=BarPrice.THIS_CLOSE,
    ),
    bars(
        "B3",
        "what the close brings nothing rests",
        [BAR, buy("a", "10", "99.50"), sell("b", "10", stop="99.00"), a_bar(100.0, 101.0, 99.5, 100.0)],
        ["a accepted", "b accepted", "a filled 10 at 99.5 maker"],
        bar_price=BarPrice.THIS_CLOSE,
    ),
]

LIMITS = [
    bars(
        "B4",
        "a buy limit fills at an open below it",
        [BAR, buy("a", "10", "99.50"), a_bar(98.0, 99.0, 97.0, 98.5)],
        ["a accepted", "a filled 10 at 98 taker"],
    ),
    bars(
        "B4",
        "a sell limit fills at an open above it",
        [BAR, sell("a", "10", "101.00"), a_bar(102.0, 103.0, 101.5, 102.0)],
        ["a accepted", "a filled 10 at 102 taker"],
    ),
    bars(
        "B5",
        "a buy limit that the open jumped over is held to its price",
        [BAR, buy("a", "10", "99.50"), a_bar(98.0, 99.0, 97.0, 98.5)],
        ["a accepted", "a filled 10 at 99.5 maker"],
        limit_gap=Gap.ORDER,
    ),
    bars(
        "B5",
        "a sell limit too",
        [BAR, sell("a", "10", "101.00"), a_bar(102.0, 103.0, 101.5, 102.0)],
        ["a accepted", "a filled 10 at 101 maker"],
        limit_gap=Gap.ORDER,
    ),
    bars(
        "B6",
        "a buy limit fills at its price when the low touches it",
        [BAR, buy("a", "10", "99.50"), a_bar(100.0, 101.0, 99.5, 100.0)],
        ["a accepted", "a filled 10 at 99.5 maker"],
    ),
    bars(
        "B6",
        "a sell limit when the high does",
        [BAR, sell("a", "10", "101.00"), a_bar(100.0, 101.0, 99.0, 100.0)],
        ["a accepted", "a filled 10 at 101 maker"],
    ),
    bars(
        "B6",
        "a low one tick above leaves it at rest",
        [BAR, buy("a", "10", "99.50"), a_bar(100.0, 101.0, 99.51, 100.0), a_bar(99.5, 99.5, 99.0, 99.0)],
        ["a accepted", "a filled 10 at 99.5 taker"],
    ),
    bars(
        "B7",
        "a touch is not through",
        [BAR, buy("a", "10", "99.50"), sell("b", "10", "101.00"), a_bar(100.0, 101.0, 99.5, 100.0)],
        ["a accepted", "b accepted"],
        limit_reach=Reach.THROUGH,
    ),
    bars(
        "B7",
        "a hair beyond is through, at the limit",
        [BAR, buy("a", "10", "99.50"), a_bar(100.0, 101.0, 99.499, 100.0)],
        ["a accepted", "a filled 10 at 99.5 maker"],
        limit_reach=Reach.THROUGH,
    ),
    bars(
        "B7",
        "an open at the limit is a touch",
        [BAR, sell("a", "10", "101.00"), a_bar(101.0, 101.0, 100.0, 100.5)],
        ["a accepted"],
        limit_reach=Reach.THROUGH,
    ),
    bars(
        "B7",
        "an exit that comes to life within the bar must be gone through too",
        [buy("p", "10"), exit_of("p", sell("x", "10", "101.00")), BAR],
        ["p accepted", "x accepted", "p filled 10 at 100 taker"],
        limit_reach=Reach.THROUGH,
    ),
    bars(
        "B7",
        "an order that takes what it meets as it comes needs no more than that",
        [BAR, buy("a", "10", "100.50")],
        ["a accepted", "a filled 10 at 100.5 taker"],
        limit_reach=Reach.THROUGH,
        bar_price=BarPrice.THIS_CLOSE,
    ),
]

STOPS = [
    bars(
        "B8",
        "a buy stop sleeps below its price, wakes there and takes it",
        [BAR, buy("a", "10", stop="102.00"), a_bar(100.0, 101.99, 99.0, 101.0), a_bar(101.0, 103.0, 100.0, 102.5)],
        ["a accepted", "a triggered", "a filled 10 at 102 taker"],
    ),
    bars(
        "B8",
        "a sell stop sleeps above its price, wakes there and takes it",
        [BAR, sell("a", "10", stop="98.00"), a_bar(100.0, 101.0, 98.01, 99.0), a_bar(99.0, 99.5, 97.0, 97.5)],
        ["a accepted", "a triggered", "a filled 10 at 98 taker"],
    ),
    bars(
        "B9",
        "a sell stop that the open jumped over takes the open",
        [BAR, sell("a", "10", stop="98.00"), a_bar(97.0, 98.0, 96.0, 97.5)],
        ["a accepted", "a triggered", "a filled 10 at 97 taker"],
    ),
    bars(
        "B9",
        "a buy stop too",
        [BAR, buy("a", "10", stop="102.00"), a_bar(103.0, 104.0, 102.5, 103.0)],
        ["a accepted", "a triggered", "a filled 10 at 103 taker"],
    ),
    bars(
        "B10",
        "a sell stop that the open jumped over is held to its price",
        [BAR, sell("a", "10", stop="98.00"), a_bar(97.0, 98.0, 96.0, 97.5)],
        ["a accepted", "a triggered", "a filled 10 at 98 taker"],
        stop_gap=Gap.ORDER,
    ),
    bars(
        "B10",
        "a buy stop too",
        [BAR, buy("a", "10", stop="102.00"), a_bar(103.0, 104.0, 102.5, 103.0)],
        ["a accepted", "a triggered", "a filled 10 at 102 taker"],
        stop_gap=Gap.ORDER,
    ),
    bars(
        "B10",
        "a trailing stop that has followed and wakes on the way was not jumped over",
        [BAR, sell("a", "10", trail="2"), a_bar(100.5, 104.0, 100.5, 101.0)],
        ["a accepted", "a triggered", "a filled 10 at 102 taker"],
        stop_gap=Gap.ORDER,
    ),
    bars(
        "B10",
        "a trailing stop that the open jumped over is held to its price",
        [BAR, sell("a", "10", trail="2"), a_bar(97.0, 98.0, 96.0, 97.5)],
        ["a accepted", "a triggered", "a filled 10 at 98.5 taker"],
        stop_gap=Gap.ORDER,
    ),
    bars(
        "B11",
        "a buy takes its touch when the low comes to it",
        [BAR, buy("a", "10", touch="98.00"), a_bar(100.0, 101.0, 98.01, 99.0), a_bar(99.0, 99.5, 97.0, 97.5)],
        ["a accepted", "a triggered", "a filled 10 at 98 taker"],
    ),
    bars(
        "B11",
        "a sell takes its touch when the high comes to it",
        [BAR, sell("a", "10", touch="102.00"), a_bar(101.0, 103.0, 100.0, 102.5)],
        ["a accepted", "a triggered", "a filled 10 at 102 taker"],
    ),
    bars(
        "B11",
        "one that the open jumped over takes the better open, whatever becomes of stops",
        [BAR, buy("a", "10", touch="98.00"), a_bar(97.0, 98.0, 96.0, 97.5)],
        ["a accepted", "a triggered", "a filled 10 at 97 taker"],
        stop_gap=Gap.ORDER,
    ),
]

FALLS_BACK = a_bar(100.0, 103.0, 99.0, 100.0)
STAYS_ABOVE = a_bar(100.0, 103.0, 99.0, 101.5)
WAITS = buy("a", "10", "101.00", stop="102.00")
"""A buy that wakes at 102 and wants to pay 101."""

STOP_LIMITS = [
    bars(
        "B12",
        "the way back down to the limit, after the waking, fills it",
        [BAR, WAITS, FALLS_BACK],
        ["a accepted", "a triggered", "a filled 10 at 101 maker"],
    ),
    bars(
        "B12",
        "a low before the waking does not",
        [BAR, WAITS, STAYS_ABOVE, a_bar(102.0, 102.0, 101.0, 101.0)],
        ["a accepted", "a triggered", "a filled 10 at 101 maker"],
    ),
    bars(
        "B13",
        "with range a low anywhere in the waking bar fills it",
        [BAR, WAITS, STAYS_ABOVE],
        ["a accepted", "a triggered", "a filled 10 at 101 maker"],
        stop_limit_in_bar=StopLimitInBar.RANGE,
    ),
    bars(
        "B13",
        "with range a limit outside of the bar rests",
        [BAR, buy("a", "10", "98.00", stop="102.00"), STAYS_ABOVE],
        ["a accepted", "a triggered"],
        stop_limit_in_bar=StopLimitInBar.RANGE,
    ),
    bars(
        "B14",
        "with next_bar the way back is not looked at, the next bar is",
        [BAR, WAITS, FALLS_BACK, a_bar(100.0, 100.5, 99.5, 100.0)],
        ["a accepted", "a triggered", "a filled 10 at 100 taker"],
        stop_limit_in_bar=StopLimitInBar.NEXT_BAR,
    ),
    *(
        bars(
            "B15",
            f"with {where} one that wakes within its limit takes the price where it woke",
            [BAR, buy("a", "10", "103.00", stop="102.00"), a_bar(100.0, 104.0, 99.0, 101.0)],
            ["a accepted", "a triggered", "a filled 10 at 102 taker"],
            stop_limit_in_bar=where,
        )
        for where in StopLimitInBar
    ),
    bars(
        "B15",
        "one that the open has carried beyond its limit rests awake",
        [
            BAR,
            sell("a", "10", "97.00", stop="98.00"),
            a_bar(96.0, 96.5, 95.0, 95.5),
            a_bar(95.0, 97.0, 94.0, 96.0),
        ],
        ["a accepted", "a triggered", "a filled 10 at 97 maker"],
    ),
    bars(
        "B16",
        "held to its own price, one that wakes within the bar trades at its limit",
        [BAR, buy("a", "10", "103.00", stop="102.00"), a_bar(100.0, 104.0, 99.0, 101.0)],
        ["a accepted", "a triggered", "a filled 10 at 103 taker"],
        stop_limit_price=Gap.ORDER,
    ),
    bars(
        "B16",
        "one that wakes at the open trades there",
        [BAR, buy("a", "10", "103.00", stop="102.00"), a_bar(102.5, 104.0, 102.0, 103.0)],
        ["a accepted", "a triggered", "a filled 10 at 102.5 taker"],
        stop_limit_price=Gap.ORDER,
    ),
]

RISING = a_bar(100.5, 104.0, 100.0, 103.5)
"""Down to 100, up to 104, and 103.5."""

TRAILING = [
    bars(
        "B17",
        "a sell begins below the last close, follows the high and wakes on the way back",
        [BAR, sell("a", "10", trail="2"), RISING, a_bar(103.0, 103.5, 101.0, 101.5)],
        ["a accepted", "a follows to 102", "a triggered", "a filled 10 at 102 taker"],
    ),
    bars(
        "B17",
        "a buy begins above the last close and follows the low",
        [BAR, buy("a", "10", trail="2"), a_bar(100.5, 101.0, 97.0, 98.0), a_bar(98.0, 99.0, 97.5, 98.5)],
        ["a accepted", "a follows to 99", "a triggered", "a filled 10 at 99 taker"],
    ),
    bars(
        "B17",
        "it follows and wakes within one bar",
        [BAR, sell("a", "10", trail="2"), a_bar(100.5, 104.0, 100.5, 101.0)],
        ["a accepted", "a triggered", "a filled 10 at 102 taker"],
    ),
    bars(
        "B17",
        "a buy too",
        [BAR, buy("a", "10", trail="2"), a_bar(100.5, 100.5, 97.0, 100.0)],
        ["a accepted", "a triggered", "a filled 10 at 99 taker"],
    ),
    bars(
        "B17",
        "an open beyond it is taken",
        [BAR, sell("a", "10", trail="2"), a_bar(97.0, 99.0, 96.0, 98.0)],
        ["a accepted", "a triggered", "a filled 10 at 97 taker"],
    ),
    bars(
        "B17",
        "it never goes back",
        [BAR, sell("a", "10", trail="2"), RISING, a_bar(103.0, 103.9, 102.5, 103.0)],
        ["a accepted", "a follows to 102"],
    ),
    bars(
        "B18",
        "sent before any bar it begins at the first open and follows at once",
        [sell("a", "10", trail="2"), a_bar(100.0, 110.0, 99.0, 109.0), a_bar(107.9, 109.0, 107.0, 108.0)],
        ["a accepted", "a follows to 108", "a triggered", "a filled 10 at 107.9 taker"],
    ),
    bars(
        "B18",
        "sent before any bar it may wake in the first",
        [sell("a", "10", trail="2"), a_bar(100.0, 110.0, 99.0, 107.0)],
        ["a accepted", "a triggered", "a filled 10 at 108 taker"],
    ),
    bars(
        "B18",
        "with a stop price it begins there, and follows once the market is further away",
        [BAR, sell("a", "10", trail="2", stop="99.00"), a_bar(100.5, 100.9, 100.0, 100.5), RISING],
        ["a accepted", "a follows to 102"],
    ),
    bars(
        "B19",
        "two percent of 110 is 2.20",
        [BAR, sell("a", "10", trail="2%"), a_bar(100.5, 110.0, 100.0, 109.0)],
        ["a accepted", "a follows to 107.8"],
    ),
    bars(
        "B19",
        "a stop price of 99.40923 is a tick lower for a sell",
        [a_bar(*[100.11] * 4), sell("a", "10", trail="0.7%"), a_bar(100.11, 100.11, 98.0, 99.0)],
        ["a accepted", "a triggered", "a filled 10 at 99.4 taker"],
    ),
    bars(
        "B19",
        "a stop price of 100.81077 is a tick higher for a buy",
        [a_bar(*[100.11] * 4), buy("a", "10", trail="0.7%"), a_bar(100.11, 102.0, 100.11, 101.0)],
        ["a accepted", "a triggered", "a filled 10 at 100.82 taker"],
    ),
    bars(
        "B20",
        "by the close it stays where it is within a bar, and follows the close",
        [BAR, sell("a", "10", trail="2"), a_bar(100.5, 104.0, 99.0, 103.0), a_bar(103.0, 105.0, 101.0, 104.0)],
        ["a accepted", "a follows to 101", "a triggered", "a filled 10 at 101 taker"],
        trail_by=TrailBy.CLOSE,
    ),
    bars(
        "B20",
        "by the close a high that was given back counts for nothing",
        [BAR, buy("a", "10", trail="2"), a_bar(100.5, 101.0, 90.0, 100.5)],
        ["a accepted"],
        trail_by=TrailBy.CLOSE,
    ),
    bars(
        "B21",
        "in the worst case it wakes where it stood before the bar, if the bar comes there",
        [BAR, sell("a", "10", trail="2"), a_bar(100.5, 104.0, 98.0, 103.0)],
        ["a accepted", "a triggered", "a filled 10 at 98.5 taker"],
        path=Path.WORST_CASE,
    ),
    bars(
        "B21",
        "in the worst case it follows the extreme after the bar",
        [BAR, sell("a", "10", trail="2"), a_bar(100.5, 104.0, 100.5, 101.0), a_bar(101.0, 101.5, 100.0, 101.0)],
        ["a accepted", "a follows to 102", "a triggered", "a filled 10 at 101 taker"],
        path=Path.WORST_CASE,
    ),
    bars(
        "B21",
        "in the worst case one that came to life within the bar follows no more than the close",
        [buy("p", "10", "98.00"), exit_of("p", sell("x", "10", trail="2")), a_bar(100.0, 104.0, 98.0, 99.0)],
        ["p accepted", "x accepted", "p filled 10 at 98 maker", "x follows to 97"],
        path=Path.WORST_CASE,
    ),
]

BOTH = [buy("low", "1", "99.00"), sell("high", "1", "101.00")]
LOW_FIRST = ["low accepted", "high accepted", "low filled 1 at 99 maker", "high filled 1 at 101 maker"]
HIGH_FIRST = ["low accepted", "high accepted", "high filled 1 at 101 maker", "low filled 1 at 99 maker"]

PATHS = [
    bars("B22", "a nearer low is first", [*BOTH, a_bar(100.0, 101.5, 99.0, 100.0)], LOW_FIRST),
    bars("B22", "a nearer high is first", [*BOTH, a_bar(100.0, 101.0, 98.5, 100.0)], HIGH_FIRST),
    bars("B22", "of equals the low, where the close is above the open", [*BOTH, BAR], LOW_FIRST),
    bars("B22", "of equals the low, where the close is the open", [*BOTH, a_bar(100.0, 101.0, 99.0, 100.0)], LOW_FIRST),
    bars("B22", "of equals the high, where the close is below", [*BOTH, a_bar(100.0, 101.0, 99.0, 99.5)], HIGH_FIRST),
    bars(
        "B22",
        "what the open brings is first, at one place the older; on one leg what is met sooner",
        [
            buy("deep", "1", "99.00"),
            buy("near", "1", "99.50"),
            buy("market", "1"),
            buy("gapped", "1", "100.50"),
            a_bar(100.0, 102.0, 99.0, 100.0),
        ],
        [
            "deep accepted",
            "near accepted",
            "market accepted",
            "gapped accepted",
            "market filled 1 at 100 taker",
            "gapped filled 1 at 100 taker",
            "near filled 1 at 99.5 maker",
            "deep filled 1 at 99 maker",
        ],
    ),
    bars(
        "B22",
        "where a trailing stop has come to on the way is its place",
        [
            BAR,
            sell("low", "1", stop="101.00"),
            sell("trail", "1", trail="2"),
            sell("high", "1", stop="103.50"),
            a_bar(104.0, 105.0, 100.0, 101.0),
        ],
        [
            "low accepted",
            "trail accepted",
            "high accepted",
            "high triggered",
            "high filled 1 at 103.5 taker",
            "trail triggered",
            "trail filled 1 at 103 taker",
            "low triggered",
            "low filled 1 at 101 taker",
        ],
    ),
    bars(
        "B22",
        "an open and a close outside of low and high belong to the way",
        [sell("open", "1", "102.00"), buy("close", "1", "98.00"), a_bar(102.0, 101.0, 99.0, 98.0)],
        ["open accepted", "close accepted", "open filled 1 at 102 taker", "close filled 1 at 98 maker"],
    ),
    bars(
        "B23",
        "in the worst case a stop comes before a limit, though the high is nearer",
        [sell("limit", "1", "101.00"), sell("stop", "1", stop="98.00"), a_bar(100.0, 101.0, 98.0, 100.0)],
        [
            "limit accepted",
            "stop accepted",
            "stop triggered",
            "stop filled 1 at 98 taker",
            "limit filled 1 at 101 maker",
        ],
        path=Path.WORST_CASE,
    ),
    bars(
        "B23",
        "in the worst case a touched order is no stop",
        [sell("touch", "1", touch="101.00"), sell("stop", "1", stop="98.00"), a_bar(100.0, 101.0, 98.0, 100.0)],
        [
            "touch accepted",
            "stop accepted",
            "stop triggered",
            "stop filled 1 at 98 taker",
            "touch triggered",
            "touch filled 1 at 101 taker",
        ],
        path=Path.WORST_CASE,
    ),
    bars(
        "B23",
        "in the worst case what the open brings is still first",
        [sell("stop", "1", stop="98.00"), sell("limit", "1", "99.50"), a_bar(100.0, 101.0, 98.0, 100.0)],
        [
            "stop accepted",
            "limit accepted",
            "limit filled 1 at 100 taker",
            "stop triggered",
            "stop filled 1 at 98 taker",
        ],
        path=Path.WORST_CASE,
    ),
    bars(
        "B23",
        "in the worst case a stop-limit that woke beyond its limit finds nothing more in that bar",
        [WAITS, FALLS_BACK],
        ["a accepted", "a triggered"],
        path=Path.WORST_CASE,
    ),
]


def bracket(entry: str | None, profit: str, loss: str) -> list[Happening]:
    """A buy with a limit and a stop as exits."""
    return [
        buy("p", "10", entry),
        exit_of("p", sell("up", "10", profit), "g"),
        exit_of("p", sell("down", "10", stop=loss), "g"),
    ]


TAKEN = ["p accepted", "up accepted", "down accepted"]

BRACKETS = [
    bars(
        "B24",
        "the entry on the way down, the profit on the way up",
        [*bracket("99.00", "102.00", "98.00"), a_bar(100.0, 103.0, 98.5, 102.0)],
        [*TAKEN, "p filled 10 at 99 maker", "up filled 10 at 102 maker", "down cancelled oco"],
    ),
    bars(
        "B24",
        "the entry and the loss on the way down",
        [*bracket("99.00", "102.00", "98.60"), a_bar(100.0, 103.0, 98.5, 102.0)],
        [*TAKEN, "p filled 10 at 99 maker", "down triggered", "down filled 10 at 98.6 taker", "up cancelled oco"],
    ),
    bars(
        "B24",
        "a high before the entry is no profit",
        [*bracket("99.00", "100.50", "98.00"), a_bar(100.0, 101.0, 98.5, 99.0)],
        [*TAKEN, "p filled 10 at 99 maker"],
    ),
    bars(
        "B24",
        "a low before the entry is no loss",
        [
            buy("p", "10", stop="101.00"),
            exit_of("p", sell("x", "10", stop="99.50")),
            a_bar(100.0, 102.0, 99.0, 101.5),
        ],
        ["p accepted", "x accepted", "p triggered", "p filled 10 at 101 taker"],
    ),
    bars(
        "B24",
        "an exit that is met where the entry is takes the price there",
        [buy("p", "10", "99.00"), exit_of("p", sell("x", "10", "98.00")), a_bar(100.0, 102.0, 98.5, 101.5)],
        ["p accepted", "x accepted", "p filled 10 at 99 maker", "x filled 10 at 99 taker"],
    ),
    bars(
        "B24",
        "an exit at the market leaves where the entry came in",
        [buy("p", "10", "99.00"), exit_of("p", sell("x", "10")), a_bar(100.0, 102.0, 98.5, 101.5)],
        ["p accepted", "x accepted", "p filled 10 at 99 maker", "x filled 10 at 99 taker"],
    ),
    bars(
        "B25",
        "in the worst case an entry at the open meets its loss before its profit",
        [*bracket(None, "101.00", "98.50"), a_bar(100.0, 101.5, 98.0, 101.0)],
        [*TAKEN, "p filled 10 at 100 taker", "down triggered", "down filled 10 at 98.5 taker", "up cancelled oco"],
        path=Path.WORST_CASE,
    ),
    bars(
        "B25",
        "in the worst case an entry at the open may meet its profit",
        [*bracket(None, "101.00", "97.50"), a_bar(100.0, 101.5, 98.0, 101.0)],
        [*TAKEN, "p filled 10 at 100 taker", "up filled 10 at 101 maker", "down cancelled oco"],
        path=Path.WORST_CASE,
    ),
    bars(
        "B25",
        "in the worst case an entry within the bar meets its loss, wherever in the bar that was",
        [*bracket("99.00", "101.00", "98.50"), a_bar(100.0, 103.0, 98.0, 102.0)],
        [*TAKEN, "p filled 10 at 99 maker", "down triggered", "down filled 10 at 98.5 taker", "up cancelled oco"],
        path=Path.WORST_CASE,
    ),
    bars(
        "B25",
        "in the worst case an entry within the bar meets no profit before the next bar",
        [*bracket("99.00", "101.00", "97.00"), a_bar(100.0, 103.0, 98.0, 102.0), a_bar(102.0, 102.0, 101.5, 102.0)],
        [*TAKEN, "p filled 10 at 99 maker", "up filled 10 at 102 taker", "down cancelled oco"],
        path=Path.WORST_CASE,
    ),
]

NO_PRICE = [
    bars(
        "B26",
        f"a bar whose {which} is {missing} matches nothing, though its other prices would",
        [
            buy("limit", "1", "99.50"),
            buy("market", "1"),
            a_bar(*(missing if name == which else price for name, price in prices.items())),
        ],
        ["limit accepted", "market accepted"],
    )
    for prices in ({"open": 100.0, "high": 101.0, "low": 99.0, "close": 100.5},)
    for which in prices
    for missing in (0.0, nan, inf, -1.0)
]

ROWS = [*MARKET, *LIMITS, *STOPS, *STOP_LIMITS, *TRAILING, *PATHS, *BRACKETS, *NO_PRICE]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_on_bars(row: Row) -> None:
    assert comes_of(row) == row.lines
