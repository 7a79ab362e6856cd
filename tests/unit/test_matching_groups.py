"""Orders that hang together, orders that only reduce, and amendments, a row for each rule of docs/simulation.md that
begins with C, R or M. Prices are worked out by hand; trades of a size are taken whole."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from brokers.simulated.rules import BarPrice, MarketRules, QuotePrice
from tests.market_builders import (
    Happening,
    Row,
    a_bar,
    a_market,
    a_quote,
    a_trade,
    amend,
    buy,
    cancel,
    changed,
    comes_of,
    exit_of,
    live,
    play,
    sell,
    told,
)
from trading.commands import WireAmend, WireSubmit
from trading.reports import ReportKind
from trading.timestamps import SECOND


def trades(rule: str, sentence: str, story: Sequence[Happening], lines: Sequence[str], **market: Any) -> Row:
    return Row(rule, sentence, "trades", story, lines, {"rules": MarketRules(volume_share=Decimal(1)), **market})


def grouped(*orders: WireSubmit) -> list[Happening]:
    return [changed(order, group_id="g") for order in orders]


PARENT = buy("p", "10", "99.00")
UP, DOWN = sell("up", "10", "105.00"), sell("down", "10", stop="90.00")
BRACKET: list[Happening] = [PARENT, exit_of("p", UP, "g"), exit_of("p", DOWN, "g")]
TAKEN = ["p accepted", "up accepted", "down accepted"]
LONE_EXIT: list[Happening] = [PARENT, exit_of("p", UP)]


def part(size: float) -> Happening:
    """A trade that fills so much of the parent."""
    return a_trade(98.0, size=size)


EXITS = [
    trades(
        "C1",
        "an exit trades nothing before its parent has",
        [*LONE_EXIT, a_trade(106.0)],
        ["p accepted", "up accepted"],
    ),
    trades(
        "C1",
        "an exit trades as much as its parent has, and no more",
        [*LONE_EXIT, part(4), a_trade(106.0), a_trade(107.0), part(6), a_trade(106.0)],
        [
            "p accepted",
            "up accepted",
            "p filled 4 at 99 maker",
            "up filled 4 at 105 maker",
            "p filled 6 at 99 maker",
            "up filled 6 at 105 maker",
        ],
    ),
    trades(
        "C1",
        "the exits of a group trade as much together",
        [*BRACKET, part(4), a_trade(106.0, size=3.0), a_trade(106.0), a_trade(106.0)],
        [
            *TAKEN,
            "p filled 4 at 99 maker",
            "up filled 3 at 105 maker",
            "down replaced 7 oco",
            "up filled 1 at 105 maker",
            "down replaced 6 oco",
        ],
    ),
    trades(
        "C2",
        "an exit that comes to life within the market takes it at once",
        [PARENT, exit_of("p", sell("x", "10", "97.00")), part(20)],
        ["p accepted", "x accepted", "p filled 10 at 99 maker", "x filled 10 at 98 taker"],
    ),
    *(
        Row(
            "C2",
            f"on quotes it meets its own side, {sentence}",
            "quotes",
            [PARENT, exit_of("p", sell("x", "10", **exit_terms)), a_quote(98.0, 98.5)],
            ["p accepted", "x accepted", "p filled 10 at 99 maker", *lines],
        )
        for sentence, exit_terms, lines in (
            ("at the market", {}, ["x filled 10 at 98 taker"]),
            ("within its limit", {"limit": "97.00"}, ["x filled 10 at 98 taker"]),
            ("not within its limit", {"limit": "98.20"}, []),
            ("at its stop", {"stop": "98.20"}, ["x triggered", "x filled 10 at 98 taker"]),
            ("not at its stop", {"stop": "97.90"}, []),
        )
    ),
    Row(
        "C2",
        "also within the command that brought its parent in",
        "quotes",
        [
            a_quote(100.0, 100.2),
            p := buy("p", "10", "99.00"),
            exit_of("p", sell("x", "10", "99.50")),
            amend(p, limit_price="100.20"),
        ],
        [
            "p accepted",
            "x accepted",
            "p replaced 10",
            "p filled 10 at 100.2 taker",
            "x filled 10 at 100 taker",
        ],
    ),
    trades(
        "C2",
        "an exit that wants it at once has its moment then, and does not end before",
        [
            a_trade(100.0),
            PARENT,
            exit_of("p", sell("x", "10", tif="ioc"), "g"),
            exit_of("p", sell("y", "10", tif="fok"), "g"),
            a_trade(100.0),
            part(14),
        ],
        [
            "p accepted",
            "x accepted",
            "y accepted",
            "p filled 10 at 99 maker",
            "x filled 4 at 98 taker",
            "y replaced 6 oco",
            "x cancelled ioc_unfilled",
            "y cancelled oco",
        ],
    ),
    Row(
        "C2",
        "on bars that is the open, of this bar if its parent came in there, else of the next",
        "bars",
        [
            buy("p", "1"),
            exit_of("p", sell("x", "1", tif="ioc")),
            buy("q", "1", "99.00"),
            exit_of("q", sell("y", "1", "98.00", tif="ioc")),
            a_bar(100.0, 101.0, 98.0, 99.0),
            a_bar(97.9, 99.0, 97.0, 98.0),
        ],
        [
            "p accepted",
            "x accepted",
            "q accepted",
            "y accepted",
            "p filled 1 at 100 taker",
            "x filled 1 at 100 taker",
            "q filled 1 at 99 maker",
            "y cancelled ioc_unfilled",
        ],
    ),
    Row(
        "C3",
        "a high before its parent is none that it follows",
        "bars",
        [PARENT, exit_of("p", sell("x", "10", trail="5")), a_bar(100.0, 104.0, 95.0, 97.0)],
        ["p accepted", "x accepted", "p filled 10 at 99 maker"],
    ),
    trades(
        "C3",
        "a trailing exit begins at its parent's price",
        [PARENT, exit_of("p", sell("x", "10", trail="2")), a_trade(110.0), part(10), a_trade(97.01), a_trade(96.9)],
        ["p accepted", "x accepted", "p filled 10 at 99 maker", "x triggered", "x filled 10 at 96.9 taker"],
    ),
    Row(
        "C3",
        "one that is alive follows the whole way, though more of its parent comes in on it",
        "bars",
        [
            PARENT,
            exit_of("p", sell("x", "10", trail="15")),
            a_bar(99.0, 99.0, 99.0, 99.0, volume=4.0),
            a_bar(111.0, 112.0, 96.0, 100.0, volume=100.0),
        ],
        [
            "p accepted",
            "x accepted",
            "p filled 4 at 99 taker",
            "p filled 6 at 99 maker",
            "x triggered",
            "x filled 10 at 97 taker",
        ],
        {"rules": MarketRules(volume_share=Decimal(1))},
    ),
]

ENDS = [
    trades(
        "C4",
        "a parent that ends with nothing filled takes its exit along",
        [*LONE_EXIT, cancel("p")],
        ["p accepted", "up accepted", "p cancelled", "up cancelled parent_ended"],
    ),
    trades(
        "C4",
        "and every exit of its group",
        [*BRACKET, cancel("p")],
        [*TAKEN, "p cancelled", "up cancelled parent_ended", "down cancelled parent_ended"],
    ),
    trades(
        "C4",
        "also when its time has ended",
        [buy("p", "10", "99.00", until=5), *BRACKET[1:], a_trade(100.0, at=5)],
        [*TAKEN, "p expired expired", "up cancelled parent_ended", "down cancelled parent_ended"],
    ),
    trades(
        "C5",
        "of a parent that ends filled in part the exits want no more than that",
        [*BRACKET, part(4), cancel("p"), a_trade(106.0)],
        [
            *TAKEN,
            "p filled 4 at 99 maker",
            "p cancelled",
            "up replaced 4 parent_ended",
            "down replaced 4 parent_ended",
            "up filled 4 at 105 maker",
            "down cancelled oco",
        ],
    ),
    trades(
        "C5",
        "what an exit has traded already counts",
        [*LONE_EXIT, part(4), a_trade(106.0, size=3.0), cancel("p"), a_trade(106.0)],
        [
            "p accepted",
            "up accepted",
            "p filled 4 at 99 maker",
            "up filled 3 at 105 maker",
            "p cancelled",
            "up replaced 4 parent_ended",
            "up filled 1 at 105 maker",
        ],
    ),
    trades(
        "C5",
        "an exit that has nothing left ends",
        [*LONE_EXIT, part(4), a_trade(106.0), cancel("p")],
        [
            "p accepted",
            "up accepted",
            "p filled 4 at 99 maker",
            "up filled 4 at 105 maker",
            "p cancelled",
            "up cancelled parent_ended",
        ],
    ),
    trades(
        "C5",
        "also of a parent that was amended to less, and filled",
        [*LONE_EXIT, amend(PARENT, quantity="6"), part(10), a_trade(106.0)],
        [
            "p accepted",
            "up accepted",
            "p replaced 6",
            "p filled 6 at 99 maker",
            "up replaced 6 parent_ended",
            "up filled 6 at 105 maker",
        ],
    ),
    trades(
        "C5",
        "an exit that wants less than its parent has filled stays as it is",
        [PARENT, exit_of("p", sell("x", "3", "105.00")), part(4), cancel("p"), a_trade(106.0)],
        ["p accepted", "x accepted", "p filled 4 at 99 maker", "p cancelled", "x filled 3 at 105 maker"],
    ),
    trades(
        "C6",
        "an exit may come after its parent has filled",
        [PARENT, part(10), exit_of("p", UP), a_trade(106.0)],
        ["p accepted", "p filled 10 at 99 maker", "up accepted", "up filled 10 at 105 maker"],
    ),
    trades(
        "C6",
        "it wants no more than a parent that is over has filled",
        [PARENT, part(4), cancel("p"), exit_of("p", UP), a_trade(106.0)],
        [
            "p accepted",
            "p filled 4 at 99 maker",
            "p cancelled",
            "up accepted",
            "up replaced 4 parent_ended",
            "up filled 4 at 105 maker",
        ],
    ),
    trades(
        "C6",
        "it is refused where its parent is over and has filled nothing",
        [PARENT, cancel("p"), exit_of("p", UP)],
        ["p accepted", "p cancelled", "up rejected parent_ended"],
    ),
    trades("C6", "or never came", [exit_of("p", UP)], ["up rejected unknown_parent"]),
]

GROUPS = [
    trades(
        "C7",
        "what one fills the others want less, and the rest works on",
        [*grouped(buy("a", "4", "99.00"), buy("b", "10", "95.00")), a_trade(98.0), a_trade(94.0)],
        ["a accepted", "b accepted", "a filled 4 at 99 maker", "b replaced 6 oco", "b filled 6 at 95 maker"],
    ),
    trades(
        "C7",
        "each part counts",
        [*grouped(buy("a", "10", "99.00"), buy("b", "10", "95.00")), part(4), part(3)],
        [
            "a accepted",
            "b accepted",
            "a filled 4 at 99 maker",
            "b replaced 6 oco",
            "a filled 3 at 99 maker",
            "b replaced 3 oco",
        ],
    ),
    trades(
        "C7",
        "of three, one that has nothing left does not end the third",
        [*grouped(buy("a", "4", "99.00"), buy("b", "4", "95.00"), buy("c", "10", "94.00")), a_trade(98.0)],
        ["a accepted", "b accepted", "c accepted", "a filled 4 at 99 maker", "b cancelled oco", "c replaced 6 oco"],
    ),
    trades(
        "C7",
        "what has nothing left is cancelled",
        [*BRACKET, part(10), a_trade(106.0)],
        [*TAKEN, "p filled 10 at 99 maker", "up filled 10 at 105 maker", "down cancelled oco"],
    ),
    trades(
        "C7",
        "of a buy and a sell the first takes the other",
        [*grouped(buy("above", "10", stop="101.00"), sell("below", "10", stop="99.00")), a_trade(98.0)],
        ["above accepted", "below accepted", "below triggered", "below filled 10 at 98 taker", "above cancelled oco"],
    ),
    Row(
        "C7",
        "of two that one bar reaches the sooner on the way fills",
        "bars",
        [*grouped(sell("up", "10", "101.00"), sell("down", "10", stop="99.00")), a_bar(100.0, 101.0, 98.0, 100.0)],
        ["up accepted", "down accepted", "up filled 10 at 101 maker", "down cancelled oco"],
    ),
    trades(
        "C8",
        "the cancel of one ends all",
        [*grouped(buy("a", "1", "90.00"), buy("b", "1", "91.00"), buy("c", "1", "92.00")), cancel("b")],
        ["a accepted", "b accepted", "c accepted", "b cancelled", "a cancelled oco", "c cancelled oco"],
    ),
    trades(
        "C8",
        "so does the end of its time",
        [*grouped(buy("a", "1", "90.00", until=5), buy("b", "1", "91.00")), a_trade(100.0, at=5)],
        ["a accepted", "b accepted", "a expired expired", "b cancelled oco"],
    ),
    trades(
        "C8",
        "so does what the account cannot carry",
        [*grouped(buy("a", "10"), buy("b", "10", "40.00")), a_trade(101.0)],
        ["a accepted", "b accepted", "a cancelled insufficient_cash", "b cancelled oco"],
        cash="1000",
    ),
    trades(
        "C9",
        "what comes to a group that has filled a part wants as much less",
        [*grouped(buy("a", "10", "99.00")), part(4), *grouped(buy("b", "10", "95.00")), a_trade(94.0, size=3.0)],
        [
            "a accepted",
            "a filled 4 at 99 maker",
            "b accepted",
            "b replaced 6 oco",
            "a filled 3 at 99 maker",
            "b replaced 3 oco",
        ],
    ),
    trades(
        "C9",
        "to a group that has filled as much nothing can come",
        [*grouped(buy("a", "10", "99.00")), part(4), *grouped(buy("b", "4", "95.00"))],
        ["a accepted", "a filled 4 at 99 maker", "b accepted", "b cancelled oco"],
    ),
    trades(
        "C9",
        "nor to one that is over",
        [*grouped(buy("a", "4", "99.00")), part(4), *grouped(buy("b", "4", "95.00"))],
        ["a accepted", "a filled 4 at 99 maker", "b rejected bad_contingency"],
    ),
    trades(
        "C8",
        "the end of an exit leaves its parent",
        [*BRACKET, cancel("up"), part(10)],
        [*TAKEN, "up cancelled", "down cancelled oco", "p filled 10 at 99 maker"],
    ),
]

REDUCE_ONLY = [
    trades(
        "R1",
        "no more than is held is sold; what is left finds nothing and ends",
        [a_trade(100.0), sell("a", "60", reduce_only=True), a_trade(101.0)],
        ["a accepted", "a filled 50 at 100 taker", "a cancelled reduce_only"],
        short_sales=True,
    ),
    trades(
        "R1",
        "no more than was sold short is bought",
        [a_trade(100.0), buy("a", "60", reduce_only=True)],
        ["a accepted", "a filled 20 at 100 taker"],
        short_sales=True,
        holding="-20",
    ),
    trades(
        "R2",
        "a position of the same side is none to reduce",
        [a_trade(100.0), buy("a", "10", reduce_only=True)],
        ["a accepted", "a cancelled reduce_only"],
    ),
    trades(
        "R2",
        "it is looked at when the order would trade, not when it comes",
        [a_trade(100.0), sell("a", "50", "101.00", reduce_only=True), sell("b", "20"), a_trade(101.0)],
        ["a accepted", "b accepted", "b filled 20 at 100 taker", "a filled 30 at 101 maker"],
        short_sales=True,
    ),
]

A, B = buy("a", "10", "99.00"), buy("b", "10", "99.00")
FIRST_COME = ["a accepted", "b accepted"]

PRIORITY = [
    trades(
        "M1",
        "who wants less keeps the place",
        [A, B, amend(A, quantity="8"), part(8)],
        [*FIRST_COME, "a replaced 8", "a filled 8 at 99 maker"],
    ),
    trades(
        "M1",
        "who wants more goes behind",
        [A, B, amend(A, quantity="12"), part(10)],
        [*FIRST_COME, "a replaced 12", "b filled 10 at 99 maker"],
    ),
    trades(
        "M1",
        "who changes the price goes behind, also with less",
        [A, B, amend(A, quantity="8", limit_price="99.50"), part(10)],
        [*FIRST_COME, "a replaced 8", "b filled 10 at 99 maker"],
    ),
    trades(
        "M1",
        "who gives way to its group keeps the place",
        [
            *grouped(A, sell("c", "10", "105.00")),
            B,
            a_trade(106.0, size=4.0),
            part(6),
        ],
        [
            "a accepted",
            "c accepted",
            "b accepted",
            "c filled 4 at 105 maker",
            "a replaced 6 oco",
            "a filled 6 at 99 maker",
            "c cancelled oco",
        ],
    ),
]

AT_ONCE = [
    trades(
        "M2",
        "a limit that comes within the market takes it at once",
        [a_trade(100.0), A, amend(A, limit_price="101")],
        ["a accepted", "a replaced 10", "a filled 10 at 100 taker"],
    ),
    trades(
        "M2",
        "a stop that comes to the market wakes at once",
        [a_trade(100.0), s := sell("s", "10", stop="95.00"), amend(s, stop_price="100")],
        ["s accepted", "s replaced 10", "s triggered", "s filled 10 at 100 taker"],
    ),
    Row(
        "M2",
        "on bars it waits for the next",
        "bars",
        [a_bar(100.0, 101.0, 99.5, 100.0), A, amend(A, limit_price="101"), a_bar(100.5, 101.0, 100.0, 100.0)],
        ["a accepted", "a replaced 10", "a filled 10 at 100.5 taker"],
    ),
    Row(
        "M2",
        "unless this close is met",
        "bars",
        [a_bar(100.0, 101.0, 99.5, 100.0), A, amend(A, limit_price="101")],
        ["a accepted", "a replaced 10", "a filled 10 at 100 taker"],
        {"rules": MarketRules(bar_price=BarPrice.THIS_CLOSE)},
    ),
]

LAST = [
    trades(
        "M3",
        "the quantity counts what has filled",
        [A, part(4), amend(A, quantity="6"), part(10)],
        ["a accepted", "a filled 4 at 99 maker", "a replaced 6", "a filled 2 at 99 maker"],
    ),
    trades(
        "M3",
        "and is above it",
        [A, part(4), amend(A, quantity="4"), part(10)],
        ["a accepted", "a filled 4 at 99 maker", "a replace_rejected bad_quantity", "a filled 6 at 99 maker"],
    ),
    trades(
        "M3",
        "what has filled is not paid again: 6 at 100 are within the 604 that are left",
        [A, part(4), amend(A, limit_price="100"), part(10)],
        ["a accepted", "a filled 4 at 99 maker", "a replaced 10", "a filled 6 at 100 maker"],
        cash="1000",
    ),
    trades(
        "M4",
        "a trailing stop of another distance begins at the price of now",
        [
            a_trade(100.0),
            t := sell("t", "10", trail="2"),
            a_trade(104.0),
            a_trade(103.0),
            amend(t, trail_amount="3"),
            a_trade(100.5),
            a_trade(99.5),
        ],
        ["t accepted", "t follows to 102", "t replaced 10", "t triggered", "t filled 10 at 99.5 taker"],
    ),
    trades(
        "M4",
        "one of another quantity stays where it is",
        [a_trade(100.0), t, a_trade(104.0), amend(t, quantity="5"), a_trade(102.0)],
        ["t accepted", "t follows to 102", "t replaced 5", "t triggered", "t filled 5 at 102 taker"],
    ),
    trades(
        "M4",
        "a stop price is where it begins from now on",
        [a_trade(100.0), t, amend(t, stop_price="99.50"), a_trade(99.4)],
        ["t accepted", "t replaced 10", "t triggered", "t filled 10 at 99.4 taker"],
    ),
    trades(
        "M5",
        "another time of its end holds",
        [
            g := buy("g", "10", "90.00", until=10),
            amend(g, expires_ns=20 * SECOND),
            a_trade(100.0, at=15, size=4.0),
            a_trade(90.0, at=19, size=4.0),
            a_trade(90.0, at=20),
        ],
        ["g accepted", "g replaced 10", "g filled 4 at 90 maker", "g expired expired"],
    ),
    trades(
        "M5",
        "a sooner one too",
        [g, amend(g, expires_ns=5 * SECOND), a_trade(90.0, at=5)],
        ["g accepted", "g replaced 10", "g expired expired"],
    ),
]

REFUSED: list[tuple[str, WireAmend, str]] = [
    ("an amount that has filled", amend(A, quantity="4"), "4 has filled; a quantity of 4 leaves nothing"),
    ("half a lot", amend(A, quantity="9.5"), "quantity 9.5 is not a whole number of lots of 1"),
    ("a price between ticks", amend(A, limit_price="99.005"), "limit price 99.005 is not"),
    (
        "more than the account carries",
        amend(A, quantity="12"),
        "buying 8 AAA takes 784.00 USD with fees; 646.00 is free",
    ),
    ("an order that is over", amend(buy("over", "1"), quantity="2"), "order s-over has filled or ended already"),
    ("an order that never came", amend(buy("none", "1"), quantity="2"), "order s-none never came here"),
    (
        "a time that is past",
        amend(buy("timed", "1", "50.00", until=90), expires_ns=5 * SECOND),
        "it was to end at 5000000000 ns, and 7000000000 ns is past that",
    ),
    (
        "post-only that would take",
        amend(buy("post", "1", "50.00", post_only=True), limit_price="98"),
        "a post-only buy at 98 would trade at once at 98.0",
    ),
    (
        "a sale of what is not held",
        amend(sell("sale", "50", "150.00"), quantity="55"),
        "selling 55 AAA with 54 held and 0 already offered would be short",
    ),
]

ROWS = [
    *EXITS,
    *ENDS,
    *GROUPS,
    *REDUCE_ONLY,
    *PRIORITY,
    *AT_ONCE,
    *LAST,
    *(
        trades(
            "M6",
            f"refused: {sentence}",
            [
                A,
                buy("timed", "1", "50.00", until=90),
                buy("post", "1", "50.00", post_only=True),
                sell("sale", "50", "150.00"),
                buy("over", "1", "50.00"),
                cancel("over"),
                a_trade(98.0, at=7, size=4.0),
                command,
            ],
            [
                *(f"{cid} accepted" for cid in ("a", "timed", "post", "sale", "over")),
                "over cancelled",
                "a filled 4 at 99 maker",
                f"{command.cid} replace_rejected {code}",
            ],
            cash="1142",
        )
        for (sentence, command, _), code in zip(
            REFUSED,
            (
                "bad_quantity",
                "bad_quantity",
                "bad_price",
                "insufficient_cash",
                "not_open",
                "unknown_order",
                "bad_time",
                "would_take",
                "short_not_allowed",
            ),
            strict=True,
        )
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_orders_that_hang_together_and_change(row: Row) -> None:
    assert comes_of(row) == row.lines


@pytest.mark.parametrize(("command", "reason"), [pytest.param(*row[1:], id=row[0]) for row in REFUSED])
def test_a_refused_amendment_gives_the_numbers_and_leaves_the_order_as_it_was(command: WireAmend, reason: str) -> None:
    market = a_market("trades", cash="1142", holding="50", rules=MarketRules(volume_share=Decimal(1)))
    play(
        market,
        [
            A,
            buy("timed", "1", "50.00", until=90),
            buy("post", "1", "50.00", post_only=True),
            sell("sale", "50", "150.00"),
            buy("over", "1", "50.00"),
            cancel("over"),
            a_trade(98.0, at=7, size=4.0),
        ],
    )
    before = market.state()

    (report,) = play_at(market, command, 7)

    assert report.kind is ReportKind.REPLACE_REJECTED
    assert report.reason.startswith(reason)
    assert market.state() == before


def play_at(market: Any, command: WireAmend, second: int) -> list[Any]:
    return list(market.on_command(command, second * SECOND))


def test_the_reasons_of_ends_name_who_brought_them_about() -> None:
    market = a_market("trades", holding="50", rules=MarketRules(volume_share=Decimal(1)))

    reports = play(market, [*BRACKET, part(4), a_trade(106.0, size=3.0), cancel("p"), cancel("up")])

    assert [(r.cid, r.code, r.reason) for r in reports if r.code] == [
        ("down", "oco", "3 filled in its group"),
        ("up", "parent_ended", "s-p has filled 4"),
        ("down", "parent_ended", "s-p has filled 4"),
        ("down", "oco", "s-up of its group has ended"),
    ]


def test_a_middle_that_lies_between_two_quotes_serves_exits_too() -> None:
    market = a_market("quotes", rules=MarketRules(quote_price=QuotePrice.MID))

    effects = live(
        market, [buy("p", "1"), exit_of("p", sell("x", "1", "101.00")), a_quote(99.0, 101.0), a_quote(100.5, 101.5)]
    )

    assert told(effects)[2:] == ["p filled 1 at 100 taker", "x filled 1 at 101 maker"]
