"""A simulated market can be put down and taken up in the middle of anything: from its state, or from what it has told.

Each story below is cut at every place. What is restored, and what was told, must be the market that lived, and go on
like it.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.simulated.costs import FixedSlippage, PercentCommission, VolumeShareSlippage
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.rules import BarPrice, MarketRules, Path, TrailBy, Unaffordable
from tests.market_builders import (
    Happening,
    a_bar,
    a_market,
    a_quote,
    a_trade,
    amend,
    buy,
    cancel,
    changed,
    exit_of,
    live,
    play_both,
    sell,
    through_msgpack,
    told,
)
from tests.market_stories import KINDS, SESSIONS, markets, stories
from trading.market_data import Bar, Quote, Trade
from trading.timestamps import SECOND

Makes = Callable[[], SimulatedMarket]


def made(match_on: str, *, share: str | None = "1", **rules: Any) -> Makes:
    chosen = MarketRules(volume_share=None if share is None else Decimal(share), **rules)
    return lambda: a_market(
        match_on,
        cash="5000",
        holding="30",
        rules=chosen,
        sessions=SESSIONS,
        slippage=FixedSlippage(1),
        commission=PercentCommission(Decimal("0.1"), minimum=Decimal("0.05")),
    )


def grouped(*orders: Any) -> list[Happening]:
    return [changed(order, group_id="g") for order in orders]


LIMIT, STOP, TRAIL = buy("a", "10", "99.00"), sell("s", "10", stop="95.00"), sell("t", "10", trail="2")
BRACKET: list[Happening] = [
    LIMIT,
    exit_of("a", sell("up", "10", "105.00"), "g"),
    exit_of("a", sell("down", "10", stop="90.00"), "g"),
]

STORIES: dict[str, tuple[Makes, list[Happening], list[str]]] = {
    "woken, and at the market for what is left": (
        made("bars"),
        [
            STOP,
            a_bar(100.0, 101.0, 94.0, 96.0, at=60, volume=4.0),
            a_bar(97.0, 98.0, 96.0, 97.0, at=120, volume=4.0),
            a_bar(98.0, 98.0, 98.0, 98.0, at=180, volume=4.0),
        ],
        ["s triggered", "s filled 4 at 94.99 taker", "s filled 4 at 96.99 taker", "s filled 2 at 97.99 taker"],
    ),
    "a stop-limit order that rests awake": (
        made("quotes"),
        [
            buy("a", "10", "101.50", stop="101.00"),
            a_quote(101.0, 101.6, at=10),
            a_quote(101.0, 101.4, at=20, ask_size=3.0),
            a_quote(101.0, 101.5, at=30),
        ],
        ["a triggered", "a filled 3 at 101.5 maker", "a filled 7 at 101.5 maker"],
    ),
    "trailing stops of ticks, amended and with a beginning": (
        made("trades"),
        [
            TRAIL,
            a_trade(100.0, at=1),
            sell("u", "5", trail="1.5%", stop="97.00"),
            a_trade(103.03, at=2),
            amend(TRAIL, quantity="8"),
            a_trade(104.0, at=3),
            amend(TRAIL, trail_amount="3"),
            a_trade(102.0, at=4),
            a_trade(101.0, at=5, size=3.0),
            a_trade(99.0, at=6),
        ],
        [
            "t follows to 98",
            "u follows to 101.48",
            "t follows to 101.03",
            "u follows to 102.44",
            "u triggered",
            "t triggered",
        ],
    ),
    "trailing stops of bars on their way": (
        made("bars", share=None),
        [
            TRAIL,
            a_bar(100.0, 104.0, 99.0, 103.0, at=60),
            a_bar(103.0, 106.0, 102.5, 105.5, at=120),
            a_bar(105.0, 107.0, 104.5, 104.9, at=180),
        ],
        ["t follows to 102", "t follows to 104", "t triggered"],
    ),
    "trailing stops by the close": (
        made("bars", share=None, trail_by=TrailBy.CLOSE),
        [
            a_bar(100.0, 101.0, 99.0, 100.0, at=60),
            TRAIL,
            a_bar(100.0, 104.0, 99.0, 103.0, at=120),
            a_bar(102.0, 106.0, 101.5, 105.0, at=180),
            a_bar(104.0, 104.0, 102.0, 103.0, at=240),
        ],
        ["t follows to 101", "t follows to 103", "t triggered"],
    ),
    "a bracket half filled, its exits half traded, its parent cancelled": (
        made("trades"),
        [
            *BRACKET,
            a_trade(98.0, at=1, size=4.0),
            a_trade(106.0, at=2, size=1.0),
            a_trade(98.0, at=3, size=2.0),
            cancel("a"),
            a_trade(106.0, at=4, size=2.0),
            a_trade(89.0, at=5),
        ],
        [
            "a filled 4 at 99 maker",
            "up filled 1 at 105 maker",
            "down replaced 9 oco",
            "a filled 2 at 99 maker",
            "a cancelled",
            "up replaced 6 parent_ended",
            "down replaced 5 parent_ended",
            "down triggered",
        ],
    ),
    "a bracket in one bar": (
        made("bars", share=None, path=Path.WORST_CASE),
        [*BRACKET, a_bar(100.0, 104.0, 98.0, 103.0, at=60), a_bar(103.0, 106.0, 89.0, 103.0, at=120)],
        ["a filled 10 at 99 maker", "down triggered", "up cancelled oco"],
    ),
    "a bracket with a trailing exit that begins with its parent": (
        made("quotes"),
        [
            LIMIT,
            exit_of("a", sell("x", "10", trail="2")),
            a_quote(97.9, 98.0, at=1, ask_size=4.0),
            a_quote(99.4, 99.5, at=2),
            a_quote(98.0, 98.1, at=3, ask_size=1.0),
            a_quote(97.3, 99.1, at=4, bid_size=2.0),
            a_quote(97.3, 98.0, at=5),
        ],
        [
            "a filled 4 at 99 maker",
            "x follows to 97.4",
            "a filled 1 at 99 maker",
            "x triggered",
            "x filled 2 at 97.29 taker",
        ],
    ),
    "a bracket that came after its parent, and one without hope": (
        made("trades"),
        [
            a_trade(100.0, at=1, size=4.0),
            buy("a", "10"),
            cancel("a"),
            exit_of("a", sell("x", "10", trail="2")),
            exit_of("b", sell("y", "1")),
            a_trade(103.0, at=2, size=1.0),
            a_trade(100.0, at=3),
        ],
        ["a cancelled", "x replaced 4 parent_ended", "y rejected unknown_parent", "x follows to 101", "x triggered"],
    ),
    "a group of buys, one amended into the market": (
        made("trades"),
        [
            a_trade(100.0, at=1, size=7.0),
            *grouped(a := buy("a", "5", "90.00"), buy("b", "13", "80.00"), buy("c", "9", "70.00")),
            amend(a, limit_price="101"),
            buy("d", "2", "100.00"),
            buy("e", "17", "100.00"),
            cancel("b"),
        ],
        ["a replaced 5", "b replaced 8 oco", "c replaced 4 oco", "b cancelled", "c cancelled oco"],
    ),
    "opens and closes that wait": (
        made("bars"),
        [
            a_bar(100.0, 101.0, 99.0, 100.0, at=60),
            buy("o", "10", auction="open"),
            buy("c", "10", "104.00", auction="close", tif="day"),
            sell("l", "10", "120.00", auction="close"),
            a_bar(101.0, 101.0, 101.0, 101.0, at=160),
            sell("n", "5", auction="open"),
            a_bar(102.0, 104.0, 101.0, 103.0, at=700, volume=30.0),
            a_bar(99.0, 99.0, 99.0, 99.0, at=1_160),
        ],
        ["o filled 10 at 101.01 taker", "c filled 10 at 103.01 taker", "l expired outside_limit"],
    ),
    "a close that is told late": (
        made("trades", share=None),
        [buy("c", "10", auction="close"), a_trade(100.0, at=690), a_trade(120.0, at=1_100), a_trade(121.0, at=1_101)],
        ["c filled 10 at 100.01 taker"],
    ),
    "ends of days and of times": (
        made("bars", share=None),
        [
            buy("d", "1", "90.00", tif="day"),
            buy("g", "1", "90.00", until=150),
            g := buy("h", "1", "90.00", until=150),
            a_bar(100.0, 101.0, 99.0, 100.0, at=60),
            amend(g, expires_ns=300 * SECOND),
            a_bar(100.0, 101.0, 99.0, 100.0, at=180),
            buy("e", "1", "90.00", tif="day"),
            a_bar(100.0, 101.0, 99.0, 100.0, at=360),
            a_bar(100.0, 101.0, 99.0, 100.0, at=700),
        ],
        ["g expired expired", "h expired expired", "d expired expired", "e expired expired"],
    ),
    "what is left of one quote": (
        made("quotes"),
        [
            a_quote(99.9, 100.0, at=1, bid_size=6.0, ask_size=9.0),
            buy("a", "4"),
            sell("b", "4"),
            c := buy("c", "20", "100.00"),
            amend(c, quantity="12"),
            sell("d", "4", tif="ioc"),
            buy("e", "1", tif="fok"),
            a_quote(99.9, 100.0, at=2, bid_size=6.0, ask_size=5.0),
        ],
        ["c filled 5 at 100 taker", "c replaced 12", "d cancelled ioc_unfilled", "e cancelled fok_unfilled"],
    ),
    "the place of those who amend": (
        made("trades"),
        [
            a := buy("a", "5", "99.00"),
            b := buy("b", "5", "99.00"),
            amend(a, quantity="4"),
            amend(b, quantity="6"),
            amend(a, quantity="7"),
            a_trade(98.0, at=1, size=8.0),
            amend(a, quantity="2"),
            a_trade(98.0, at=2, size=8.0),
        ],
        ["a replaced 7", "b filled 6 at 99 maker", "a filled 2 at 99 maker", "a replace_rejected bad_quantity"],
    ),
    "what the account cannot carry waits": (
        made("bars", unaffordable=Unaffordable.WAIT),
        [
            a_bar(100.0, 101.0, 99.0, 100.0, at=60),
            buy("a", "49"),
            a_bar(104.0, 104.0, 104.0, 104.0, at=120),
            a_bar(100.0, 100.0, 100.0, 100.0, at=180, volume=20.0),
            a_bar(110.0, 110.0, 110.0, 110.0, at=240),
            a_bar(100.0, 100.0, 100.0, 100.0, at=300),
        ],
        ["a filled 20 at 100.01 taker", "a filled 29 at 100.01 taker"],
    ),
    "reduce-only until there is nothing left": (
        made("bars", share=None, bar_price=BarPrice.THIS_CLOSE),
        [
            a_bar(100.0, 101.0, 99.0, 100.0, at=60),
            sell("a", "20", "100.50", reduce_only=True),
            sell("b", "10"),
            sell("c", "5", stop="99.50", reduce_only=True),
            a_bar(100.0, 100.4, 99.0, 100.0, at=120),
            a_bar(100.0, 101.0, 100.0, 100.0, at=180),
        ],
        ["b filled 10 at 99.99 taker", "c rejected short_not_allowed"],
    ),
    "impact and fees of parts": (
        lambda: a_market(
            "quotes",
            rules=MarketRules(volume_share=Decimal(1)),
            slippage=VolumeShareSlippage(Decimal(5)),
            commission=PercentCommission(Decimal("0.1"), minimum=Decimal("1.00")),
        ),
        [
            buy("a", "12"),
            a_quote(99.9, 100.0, at=1, ask_size=5.0),
            buy("b", "5", "104.00"),
            a_quote(99.9, 100.0, at=2, ask_size=10.0),
            a_quote(99.9, 100.0, at=3, ask_size=10.0),
        ],
        ["a filled 5 at 105 taker", "a filled 7 at 102.45 taker", "b filled 3 at 104 maker"],
    ),
}

CUTS = [
    pytest.param(make, story, cut, id=f"{name}: {cut} of {len(story)}")
    for name, (make, story, _) in STORIES.items()
    for cut in range(len(story) + 1)
]


def time_after(story: Sequence[Happening]) -> int:
    return max((one.ts_ns for one in story if isinstance(one, Bar | Quote | Trade)), default=SECOND)


def check(make: Makes, story: Sequence[Happening], cut: int, *, notes_last: bool) -> None:
    """Live through a story up to a cut; then let what lived, what was told and what was restored go on."""
    lived, heard, restored = make(), make(), make()
    play_both(lived, heard, story[:cut], notes_last=notes_last)
    assert heard.state() == lived.state()
    restored.restore(through_msgpack(lived.state()))
    assert restored.state() == lived.state()

    now_ns = time_after(story[:cut])
    effects = live(lived, story[cut:], now_ns=now_ns)

    assert live(heard, story[cut:], now_ns=now_ns) == effects
    assert live(restored, story[cut:], now_ns=now_ns) == effects
    assert heard.state() == lived.state()
    assert restored.state() == lived.state()


@pytest.mark.parametrize(("make", "story", "cut"), CUTS)
@pytest.mark.parametrize("notes_last", [False, True], ids=["as it happened", "notes last"])
def test_it_can_be_put_down_anywhere(make: Makes, story: list[Happening], cut: int, notes_last: bool) -> None:
    check(make, story, cut, notes_last=notes_last)


@pytest.mark.parametrize("name", STORIES)
def test_each_story_holds_what_its_name_says(name: str) -> None:
    make, story, lines = STORIES[name]
    found = told(live(make(), story))
    assert [line for line in found if line in lines] == lines, found


@given(data=st.data(), kind=KINDS, notes_last=st.booleans())
def test_any_market_can_be_put_down_anywhere_in_any_story(data: st.DataObject, kind: str, notes_last: bool) -> None:
    make, story = data.draw(markets(kind)), data.draw(stories(kind))
    check(make, story, data.draw(st.integers(0, len(story))), notes_last=notes_last)
