"""Opens, closes and the end of an order's time, a row for each rule of docs/simulation.md that begins with A or E.

Sessions are from 100 to 700 seconds, 1100 to 1700 and 2100 to 2700; bars are of a minute.
"""

from collections.abc import Sequence
from decimal import Decimal
from math import nan
from typing import Any

import pytest

from brokers.simulated.rules import MarketRules, Path
from tests.market_builders import (
    Happening,
    Row,
    a_bar,
    a_quote,
    a_trade,
    buy,
    comes_of,
    exit_of,
    flat,
    sell,
)
from trading.sessions import Schedule
from trading.timestamps import SECOND

SESSIONS = Schedule(
    [100 * SECOND, 1100 * SECOND, 2100 * SECOND],
    [700 * SECOND, 1700 * SECOND, 2700 * SECOND],
    name="nyse",
    mend="write more of them",
)
ALL_THERE_IS = {"rules": MarketRules(volume_share=Decimal(1))}


def timed(
    rule: str, sentence: str, match_on: str, story: Sequence[Happening], lines: Sequence[str], **market: Any
) -> Row:
    return Row(rule, sentence, match_on, story, lines, {"sessions": SESSIONS, **market})


def bar(price: float, at: int, volume: float = 1e3) -> Happening:
    return a_bar(price, price + 1, price - 1, price + 0.5, at=at, volume=volume)


OPEN, CLOSE = buy("a", "10", auction="open"), buy("a", "10", auction="close")
AT_101 = ["a accepted", "a filled 10 at 101 taker"]

ON_OPEN = [
    timed(
        "A1", "the bar that ends at the open is before it", "bars", [bar(99.0, 40), OPEN, bar(100.0, 100)], AT_101[:1]
    ),
    timed("A1", "the first bar of the session, at its open", "bars", [bar(99.0, 40), OPEN, bar(101.0, 160)], AT_101),
    timed("A1", "or the first that there is after it", "bars", [OPEN, bar(100.0, 100), bar(101.0, 400)], AT_101),
    timed(
        "A1",
        "the first tick of the session, at its price",
        "trades",
        [a_trade(99.0, at=50), OPEN, a_trade(99.0, at=99), a_trade(101.0, at=100)],
        AT_101,
    ),
    timed(
        "A1",
        "on quotes its own side",
        "quotes",
        [OPEN, sell("b", "10", auction="open"), a_quote(100.5, 101.0, at=130)],
        ["a accepted", "b accepted", "a filled 10 at 101 taker", "b filled 10 at 100.5 taker"],
    ),
    timed(
        "A2",
        "sent within a session it waits for the next",
        "trades",
        [a_trade(99.0, at=200), OPEN, a_trade(99.0, at=600), a_trade(99.0, at=1099), a_trade(101.0, at=1100)],
        AT_101,
    ),
    timed("A2", "sent at the very open it is in time", "trades", [a_trade(101.0, at=100), OPEN], AT_101),
]

ON_CLOSE = [
    timed(
        "A3",
        "the bar that ends at the close, at its close",
        "bars",
        [bar(99.0, 640), CLOSE, bar(100.5, 700)],
        AT_101,
    ),
    timed("A3", "a bar that goes beyond the close too", "bars", [bar(99.0, 640), CLOSE, bar(100.5, 750)], AT_101),
    timed(
        "A3",
        "after all else that it brings",
        "bars",
        [CLOSE, sell("b", "1", "101.50"), a_bar(100.0, 102.0, 99.5, 101.0, at=700)],
        ["a accepted", "b accepted", "b filled 1 at 101.5 maker", "a filled 10 at 101 taker"],
    ),
    timed(
        "A4",
        "without that bar the last one before it, told with the next",
        "bars",
        [CLOSE, bar(100.5, 600), bar(90.0, 1160)],
        AT_101,
    ),
    timed(
        "A4",
        "on ticks the last price before it, told with the first tick that is no longer",
        "trades",
        [CLOSE, a_trade(99.0, at=300), a_trade(101.0, at=699), a_trade(90.0, at=700)],
        AT_101,
    ),
    timed(
        "A4",
        "on quotes its own side of the last",
        "quotes",
        [CLOSE, sell("b", "10", auction="close"), a_quote(100.5, 101.0, at=690), a_quote(90.0, 91.0, at=1100)],
        ["a accepted", "b accepted", "a filled 10 at 101 taker", "b filled 10 at 100.5 taker"],
    ),
    timed(
        "A4",
        "a last bar that lacks a price has its close",
        "bars",
        [CLOSE, bar(98.0, 640), a_bar(nan, 102.0, 99.0, 101.0, at=700), bar(90.0, 1160)],
        AT_101,
    ),
    timed(
        "A4",
        "round the clock a day of UTC closes at midnight",
        "trades",
        [CLOSE, a_trade(101.0, at=86_399), a_trade(90.0, at=86_400)],
        AT_101,
        sessions=None,
    ),
]

LIMITS = [
    timed(
        "A5",
        "a buy whose limit is below the close is over",
        "bars",
        [buy("a", "10", "100.99", auction="close"), bar(100.5, 700)],
        ["a accepted", "a expired outside_limit"],
    ),
    timed(
        "A5",
        "a sell whose limit is above the open is over",
        "trades",
        [sell("a", "10", "101.01", auction="open"), a_trade(101.0, at=100)],
        ["a accepted", "a expired outside_limit"],
    ),
    timed(
        "A5",
        "within its limit it has the price of all",
        "bars",
        [buy("a", "10", "105.00", auction="close"), bar(100.5, 700)],
        AT_101,
    ),
    timed(
        "A6",
        "a close before which there was no price is missed",
        "trades",
        [CLOSE, a_trade(101.0, at=710), a_trade(102.0, at=720)],
        ["a accepted", "a expired auction_unfilled"],
    ),
    timed(
        "A6",
        "so is one before which there was no ask",
        "quotes",
        [CLOSE, a_quote(100.0, 0.0, at=690), a_quote(100.0, 101.0, at=700), a_quote(101.0, 102.0, at=710)],
        ["a accepted", "a expired auction_unfilled"],
    ),
    timed(
        "A7",
        "what a close does not fill is over",
        "bars",
        [CLOSE, bar(100.5, 700, volume=4.0), bar(99.0, 1160, volume=4.0)],
        ["a accepted", "a filled 4 at 101 taker", "a expired auction_unfilled"],
        **ALL_THERE_IS,
    ),
    timed(
        "A7",
        "what an open does not fill is over",
        "bars",
        [OPEN, bar(101.0, 160, volume=4.0), bar(99.0, 220, volume=4.0)],
        ["a accepted", "a filled 4 at 101 taker", "a expired auction_unfilled"],
        **ALL_THERE_IS,
    ),
    timed(
        "A7",
        "all or none is over if it is not all there",
        "bars",
        [buy("a", "10", auction="open", all_or_none=True), bar(101.0, 160, volume=9.0)],
        ["a accepted", "a expired auction_unfilled"],
        **ALL_THERE_IS,
    ),
]

DAYS = [
    *(
        timed(
            "A8",
            f"one for the day has the close of that day, on {match_on}",
            match_on,
            [buy("a", "10", auction="close", tif="day"), flat(match_on, 101.0, at=640), flat(match_on, 90.0, at=1160)],
            AT_101,
        )
        for match_on in ("bars", "quotes", "trades")
    ),
    timed(
        "A8",
        "one for the day has an open that is still to come",
        "trades",
        [buy("a", "10", auction="open", tif="day"), a_trade(101.0, at=100)],
        AT_101,
    ),
    timed(
        "A8",
        "sent after the open it ends with the day",
        "trades",
        [a_trade(99.0, at=200), buy("a", "10", auction="open", tif="day"), a_trade(99.0, at=700)],
        ["a accepted", "a expired expired"],
    ),
    timed(
        "A9",
        "an exit on close waits for the first close after its parent has filled",
        "bars",
        [
            buy("p", "10", "90.00"),
            exit_of("p", sell("x", "10", auction="close")),
            bar(100.0, 700),
            bar(95.0, 1160),
            a_bar(92.0, 93.0, 89.0, 91.0, at=1220),
            bar(88.5, 1700),
        ],
        ["p accepted", "x accepted", "p filled 10 at 90 maker", "x filled 10 at 89 taker"],
    ),
    timed(
        "A9",
        "which may be that of the same bar",
        "bars",
        [
            buy("p", "10", "90.00"),
            exit_of("p", sell("x", "10", auction="close")),
            bar(100.0, 700),
            a_bar(92.0, 93.0, 89.0, 91.0, at=1700),
        ],
        ["p accepted", "x accepted", "p filled 10 at 90 maker", "x filled 10 at 91 taker"],
    ),
    timed(
        "A9",
        "an exit on open waits for the first open after its parent has filled",
        "bars",
        [
            buy("p", "10", "90.00"),
            exit_of("p", sell("x", "10", auction="open")),
            a_bar(92.0, 93.0, 89.0, 91.0, at=160),
            bar(91.0, 220),
            bar(94.0, 1160),
        ],
        ["p accepted", "x accepted", "p filled 10 at 90 maker", "x filled 10 at 94 taker"],
    ),
    *(
        timed(
            "A9",
            f"what has come in at the close meets nothing more of that bar, {path}",
            "bars",
            [
                buy("p", "10", auction="close"),
                exit_of("p", sell("x", "10", stop="99.00")),
                a_bar(100.0, 101.0, 98.0, 100.0, at=700),
            ],
            ["p accepted", "x accepted", "p filled 10 at 100 taker"],
            rules=MarketRules(path=path),
        )
        for path in Path
    ),
    timed(
        "A10",
        "after the last session there is none to wait for",
        "trades",
        [a_trade(100.0, at=2700), CLOSE, buy("b", "10", tif="day"), sell("c", "10", auction="open"), buy("d", "10")],
        [
            "a rejected no_session",
            "b rejected no_session",
            "c rejected no_session",
            "d accepted",
            "d filled 10 at 100 taker",
        ],
    ),
]

TODAY = buy("a", "10", "99.00", tif="day")
UNTIL_150, UNTIL_160 = buy("a", "10", "99.00", until=150), buy("a", "10", "99.00", until=160)
FILLED, EXPIRED = ["a accepted", "a filled 10 at 99 maker"], ["a accepted", "a expired expired"]
REACHED = (100.0, 101.0, 98.0, 100.0)

EXPIRY = [
    timed("E1", "a tick before the close fills it", "trades", [TODAY, a_trade(98.0, at=699)], FILLED),
    timed("E1", "a tick at the close is too late", "trades", [TODAY, a_trade(98.0, at=700)], EXPIRED),
    timed("E1", "a bar that ends at the close fills it", "bars", [TODAY, a_bar(*REACHED, at=700)], FILLED),
    timed("E1", "a bar that ends at the close ends what it has not filled", "bars", [TODAY, bar(101.0, 700)], EXPIRED),
    timed("E1", "a bar that begins at the close is too late", "bars", [TODAY, a_bar(*REACHED, at=760)], EXPIRED),
    timed(
        "E2",
        "sent between two sessions it is for the next",
        "trades",
        [a_trade(100.0, at=800), TODAY, a_trade(100.0, at=1699), a_trade(98.0, at=1700)],
        EXPIRED,
    ),
    timed(
        "E2",
        "round the clock a day of UTC is a session",
        "trades",
        [TODAY, a_trade(100.0, at=86_399), a_trade(98.0, at=86_400)],
        EXPIRED,
        sessions=None,
    ),
    timed("E3", "a tick before its time fills it", "quotes", [UNTIL_150, a_quote(97.0, 98.0, at=149)], FILLED),
    timed("E3", "a tick at its time is too late", "quotes", [UNTIL_150, a_quote(97.0, 98.0, at=150)], EXPIRED),
    timed("E3", "a bar in which its time ends fills it", "bars", [UNTIL_150, a_bar(*REACHED, at=160)], FILLED),
    timed("E3", "or ends it", "bars", [UNTIL_150, bar(101.0, 160)], EXPIRED),
    timed("E3", "a bar that begins at its time is too late", "bars", [UNTIL_160, a_bar(*REACHED, at=220)], EXPIRED),
    timed(
        "E4", "an event of another symbol ends it", "trades", [UNTIL_150, a_trade(98.0, at=150, symbol="Z")], EXPIRED
    ),
    timed("E4", "so does data that is not matched on", "trades", [UNTIL_150, a_quote(97.0, 98.0, at=150)], EXPIRED),
    timed(
        "E4",
        "on bars an event of another symbol does not, while a bar that began in its time may come",
        "bars",
        [bar(101.0, 100), UNTIL_150, a_trade(98.0, at=209, symbol="Z")],
        ["a accepted"],
    ),
    timed(
        "E4",
        "on bars it does once such a bar would be over",
        "bars",
        [bar(101.0, 100), UNTIL_150, a_trade(98.0, at=210, symbol="Z")],
        EXPIRED,
    ),
    timed(
        "E4",
        "before the first bar nobody knows how long they are",
        "bars",
        [UNTIL_150, a_trade(98.0, at=9_000, symbol="Z"), a_bar(*REACHED, at=9_060)],
        EXPIRED,
    ),
    timed(
        "E5",
        "what ends sooner is told first, at one time what came sooner",
        "trades",
        [
            buy("late", "1", "90.00", until=30),
            buy("soon", "1", "90.00", until=20),
            buy("soon_too", "1", "90.00", until=20),
            a_trade(100.0, at=40),
        ],
        [
            "late accepted",
            "soon accepted",
            "soon_too accepted",
            "soon expired expired",
            "soon_too expired expired",
            "late expired expired",
        ],
    ),
    timed(
        "E5",
        "what has filled in part expires with the rest",
        "trades",
        [buy("a", "10", "99.00", until=30), a_trade(98.0, at=20, size=4.0), a_trade(98.0, at=30)],
        ["a accepted", "a filled 4 at 99 maker", "a expired expired"],
        **ALL_THERE_IS,
    ),
    timed(
        "E6", "a time that is past is refused", "trades", [a_trade(98.0, at=150), UNTIL_150], ["a rejected bad_time"]
    ),
]

ROWS = [*ON_OPEN, *ON_CLOSE, *LIMITS, *DAYS, *EXPIRY]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_in_time(row: Row) -> None:
    assert comes_of(row) == row.lines
