"""What comes into reach of an order that works, a row each: one event, and whether a strategy may run ahead over it."""

from decimal import Decimal
from math import inf, nan, nextafter
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.simulated.costs import NoCommission, NoSlippage
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.rules import MarketRules, QuotePrice, Reach
from daemon.recovery import Replay
from daemon.repetition import RecordedMarket
from tests.builders import Rig, acting, spec
from tests.market_builders import (
    Happening,
    Paid,
    a_bar,
    a_market,
    a_quote,
    a_trade,
    an_instrument,
    buy,
    cancel,
    changed,
    exit_of,
    live,
    play,
    sell,
)
from tests.market_stories import KINDS, markets, stories
from trading.commands import WireAmend, WireCancel, WireCommand, WireSubmit
from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.timestamps import SECOND

BUY, SELL = buy("b", "1", "90.00"), sell("s", "1", "110.00")
BUY_ANY, SELL_ANY = buy("b", "1"), sell("s", "1")
QUOTE, QUOTE_AT_50 = a_quote(100.0, 100.1), a_quote(100.0, 100.1, at=50)
BELOW_BUY, ABOVE_BUY = nextafter(90.0, 0.0), nextafter(90.0, inf)
BELOW_SELL, ABOVE_SELL = nextafter(110.0, 0.0), nextafter(110.0, inf)

ROWS: dict[str, list[tuple[str, list[WireCommand], MarketEvent, bool]]] = {
    "quotes": [
        ("an ask at a buy", [BUY], a_quote(80.0, 90.0), True),
        ("an ask below a buy", [BUY], a_quote(80.0, BELOW_BUY), True),
        ("an ask just above a buy", [BUY], a_quote(80.0, ABOVE_BUY), False),
        ("a bid at a buy whose ask is above", [BUY], a_quote(90.0, 91.0), False),
        ("a bid at a sell", [SELL], a_quote(110.0, 111.0), True),
        ("a bid above a sell", [SELL], a_quote(ABOVE_SELL, 111.0), True),
        ("a bid just below a sell", [SELL], a_quote(BELOW_SELL, 111.0), False),
        ("an ask at a sell whose bid is below", [SELL], a_quote(109.0, 110.0), False),
        ("a quote between both", [BUY, SELL], QUOTE, False),
        ("the ask at the higher of two buys", [buy("low", "1", "80.00"), BUY], a_quote(80.0, 90.0), True),
        ("the bid at the lower of two sells", [SELL, sell("high", "1", "120.00")], a_quote(110.0, 111.0), True),
        ("no ask, as zero", [BUY], a_quote(80.0, 0.0), False),
        ("no ask, as not a number", [BUY], a_quote(80.0, nan), False),
        ("no ask, as infinity", [BUY], a_quote(80.0, inf), False),
        ("no bid, as zero", [SELL], a_quote(0.0, 120.0), False),
        ("no bid, as not a number", [SELL], a_quote(nan, 120.0), False),
        ("an ask for a buy that waits for any", [BUY_ANY], a_quote(0.0, 1e9), True),
        ("a bid for a sell that waits for any", [SELL_ANY], a_quote(1e-9, 0.0), True),
        ("no ask for a buy that waits for any", [BUY_ANY], a_quote(100.0, 0.0), False),
        ("no bid for a sell that waits for any", [SELL_ANY], a_quote(0.0, 100.0), False),
        ("an ask beyond the free cash of a buy that waits, which is cancelled", [buy("b", "9999")], QUOTE, True),
        ("a trade", [BUY_ANY, SELL_ANY], a_trade(100.0), False),
        ("a bar", [BUY_ANY, SELL_ANY], a_bar(100.0, 200.0, 1.0, 100.0), False),
    ],
    "trades": [
        ("a trade at a buy", [BUY], a_trade(90.0), True),
        ("a trade below a buy", [BUY], a_trade(BELOW_BUY), True),
        ("a trade just above a buy", [BUY], a_trade(ABOVE_BUY), False),
        ("a trade at a sell", [SELL], a_trade(110.0), True),
        ("a trade above a sell", [SELL], a_trade(ABOVE_SELL), True),
        ("a trade just below a sell", [SELL], a_trade(BELOW_SELL), False),
        ("a trade between both", [BUY, SELL], a_trade(100.0), False),
        ("a trade at zero", [BUY, SELL], a_trade(0.0), False),
        ("a trade at not a number", [BUY, SELL], a_trade(nan), False),
        ("any trade for a buy that waits for one", [BUY_ANY], a_trade(1e9), True),
        ("any trade for a sell that waits for one", [SELL_ANY], a_trade(1e-9), True),
        ("a trade at zero for those that wait", [BUY_ANY, SELL_ANY], a_trade(0.0), False),
        ("a quote", [BUY_ANY, SELL_ANY], QUOTE, False),
    ],
    "bars": [
        ("a low at a buy", [BUY], a_bar(100.0, 101.0, 90.0, 100.0), True),
        ("a low below a buy", [BUY], a_bar(100.0, 101.0, BELOW_BUY, 100.0), True),
        ("a low just above a buy", [BUY], a_bar(100.0, 101.0, ABOVE_BUY, 100.0), False),
        ("a high at a sell", [SELL], a_bar(100.0, 110.0, 99.0, 100.0), True),
        ("a high above a sell", [SELL], a_bar(100.0, ABOVE_SELL, 99.0, 100.0), True),
        ("a high just below a sell", [SELL], a_bar(100.0, BELOW_SELL, 99.0, 100.0), False),
        ("a bar between both", [BUY, SELL], a_bar(100.0, 101.0, 99.0, 100.0), False),
        ("an open at a buy below the bar's own low", [BUY], a_bar(90.0, 101.0, 99.0, 100.0), True),
        ("an open at a sell above the bar's own high", [SELL], a_bar(110.0, 101.0, 99.0, 100.0), True),
        ("an open at a buy, without a low", [BUY], a_bar(90.0, 101.0, nan, 100.0), False),
        ("a low of zero, which is none", [BUY], a_bar(100.0, 101.0, 0.0, 100.0), False),
        ("no prices at all", [BUY, SELL], a_bar(nan, nan, nan, nan), False),
        ("any bar for a buy that waits for an open", [BUY_ANY], a_bar(1e9, 1e9, 1e9, 1e9), True),
        ("any bar for a sell that waits for an open", [SELL_ANY], a_bar(1e-9, 1e-9, 1e-9, 1e-9), True),
        ("bars longer than the first one", [BUY_ANY], a_bar(90.0, 110.0, 90.0, 100.0, minutes=5), True),
        ("a quote", [BUY_ANY, SELL_ANY], QUOTE, False),
    ],
}


RISE, FALL = buy("b", "1", stop="110.00"), sell("s", "1", stop="90.00")
RISE_LIMIT, FALL_LIMIT = buy("b", "1", "112.00", stop="110.00"), sell("s", "1", "88.00", stop="90.00")
DIP, PEAK = buy("b", "1", touch="90.00"), sell("s", "1", touch="110.00")
ABOVE_112, BELOW_88 = nextafter(112.0, inf), nextafter(88.0, 0.0)
AWAKE_BUY: list[Happening] = [RISE_LIMIT, a_trade(113.0)]
AWAKE_SELL: list[Happening] = [FALL_LIMIT, a_trade(87.0)]
TODAY, UNTIL_50 = buy("b", "1", "90.00", tif="day"), buy("b", "1", "90.00", until=50)
PARENT, EXIT = buy("p", "1", "90.00"), exit_of("p", sell("x", "1", "95.00"))
LAST_OF_DAY = 86_400 * SECOND - 1

TYPES: dict[str, list[tuple[str, list[Happening], MarketEvent, bool]]] = {
    "trades": [
        ("a trade at a buy stop", [RISE], a_trade(110.0), True),
        ("a trade just below a buy stop", [RISE], a_trade(BELOW_SELL), False),
        ("a trade at a sell stop", [FALL], a_trade(90.0), True),
        ("a trade just above a sell stop", [FALL], a_trade(ABOVE_BUY), False),
        ("a trade where a buy stop-limit wakes", [RISE_LIMIT], a_trade(110.0), True),
        ("a trade just below, though within its limit", [RISE_LIMIT], a_trade(BELOW_SELL), False),
        ("a trade where a sell stop-limit wakes", [FALL_LIMIT], a_trade(90.0), True),
        ("a trade at the limit of a buy that is awake", AWAKE_BUY, a_trade(112.0), True),
        ("a trade just above the limit of a buy that is awake", AWAKE_BUY, a_trade(ABOVE_112), False),
        ("a trade at the limit of a sell that is awake", AWAKE_SELL, a_trade(88.0), True),
        ("a trade just below the limit of a sell that is awake", AWAKE_SELL, a_trade(BELOW_88), False),
        ("a trade that touches a buy", [DIP], a_trade(90.0), True),
        ("a trade just above what touches a buy", [DIP], a_trade(ABOVE_BUY), False),
        ("a trade that touches a sell", [PEAK], a_trade(110.0), True),
        ("a trade just below what touches a sell", [PEAK], a_trade(BELOW_SELL), False),
        ("a trade at a trailing sell", [a_trade(100.0), sell("t", "1", trail="5")], a_trade(95.0), True),
        ("a trade at a trailing buy", [a_trade(100.0), buy("t", "1", trail="5%")], a_trade(105.0), True),
        ("a quote beside a trailing stop", [a_trade(100.0), sell("t", "1", trail="5")], a_quote(1.0, 2.0), False),
        ("midnight for a close", [a_trade(9.0), buy("c", "1", auction="close")], a_trade(9.0, at=86_400), True),
        ("midnight for an open", [a_trade(9.0), buy("o", "1", auction="open")], a_trade(9.0, at=86_400), True),
        ("a quote for a close", [buy("c", "1", auction="close")], a_quote(1.0, 2.0, at=86_400), False),
        ("the last moment of a day", [TODAY], Trade("AAA", LAST_OF_DAY, 100.0, 1.0), False),
        ("the end of a day", [TODAY], a_trade(100.0, at=86_400), True),
        ("the last moment of an order's time", [UNTIL_50], Trade("AAA", 50 * SECOND - 1, 100.0, 1.0), False),
        ("the end of an order's time", [UNTIL_50], a_trade(100.0, at=50), True),
        ("the end of its time, told by another symbol", [UNTIL_50], a_trade(100.0, at=50, symbol="ZZZ"), True),
        ("the end of its time, told by a quote", [UNTIL_50], QUOTE_AT_50, True),
        ("a trade at a parent", [PARENT, EXIT], a_trade(90.0), True),
        ("a trade just above a parent", [PARENT, EXIT], a_trade(ABOVE_BUY), False),
        ("a trade at a living exit", [PARENT, EXIT, a_trade(89.0)], a_trade(95.0), True),
        ("a trade below a living exit", [PARENT, EXIT, a_trade(89.0)], a_trade(94.99), False),
    ],
    "quotes": [
        ("an ask at a buy stop", [RISE], a_quote(100.0, 110.0), True),
        ("an ask just below a buy stop", [RISE], a_quote(100.0, BELOW_SELL), False),
        ("a bid at a buy stop whose ask is below", [RISE], a_quote(110.0, 109.0), False),
        ("a bid at a sell stop", [FALL], a_quote(90.0, 100.0), True),
        ("a bid just above a sell stop", [FALL], a_quote(ABOVE_BUY, 100.0), False),
        ("an ask at a sell stop whose bid is above", [FALL], a_quote(91.0, 90.0), False),
        ("an ask that touches a buy", [DIP], a_quote(80.0, 90.0), True),
        ("an ask just above what touches a buy", [DIP], a_quote(80.0, ABOVE_BUY), False),
        ("a bid that touches a sell", [PEAK], a_quote(110.0, 120.0), True),
        ("a bid just below what touches a sell", [PEAK], a_quote(BELOW_SELL, 120.0), False),
        ("no ask for a buy stop", [RISE], a_quote(120.0, 0.0), False),
        ("no bid for a trailing sell, which waits for it", [sell("t", "1", trail="5")], a_trade(100.0), False),
    ],
    "bars": [
        ("a high at a buy stop", [RISE], a_bar(100.0, 110.0, 99.0, 100.0), True),
        ("a high just below a buy stop", [RISE], a_bar(100.0, BELOW_SELL, 99.0, 100.0), False),
        ("a low at a sell stop", [FALL], a_bar(100.0, 101.0, 90.0, 100.0), True),
        ("a low just above a sell stop", [FALL], a_bar(100.0, 101.0, ABOVE_BUY, 100.0), False),
        ("a low that touches a buy", [DIP], a_bar(100.0, 101.0, 90.0, 100.0), True),
        ("a low just above what touches a buy", [DIP], a_bar(100.0, 101.0, ABOVE_BUY, 100.0), False),
        ("a high that touches a sell", [PEAK], a_bar(100.0, 110.0, 99.0, 100.0), True),
        ("a close at a buy stop above the bar's own high", [RISE], a_bar(100.0, 101.0, 99.0, 110.0), True),
        (
            "any bar for what is now or never",
            [buy("b", "1", "1.00", tif="ioc")],
            a_bar(100.0, 101.0, 99.0, 100.0),
            True,
        ),
        ("a longer bar at its end tells that a time is over", [UNTIL_50], a_bar(*[100.0] * 4, at=50, minutes=5), True),
        ("a bar that ends before", [UNTIL_50], a_bar(100.0, 101.0, 99.0, 100.0, at=49), False),
        ("a bar that ends with its time", [UNTIL_50], a_bar(100.0, 101.0, 99.0, 100.0, at=50), True),
    ],
}

DOUBTFUL: list[tuple[str, str, list[Happening], MarketEvent, dict[str, Any]]] = [
    (
        "a trailing stop is told of all that moves it",
        "trades",
        [a_trade(1.0), sell("t", "1", trail="0.5")],
        a_trade(2.0),
        {},
    ),
    ("an auction is told of all that may be its time", "trades", [buy("o", "1", auction="open")], a_trade(9.0), {}),
    ("an exit counts before its parent has filled", "trades", [PARENT, EXIT], a_trade(95.0), {}),
    ("a touch counts where it must be gone through", "trades", [BUY], a_trade(90.0), {"limit_reach": Reach.THROUGH}),
    ("an event without a size counts", "trades", [BUY], a_trade(90.0, size=0.0), {"volume_share": Decimal(1)}),
    ("any middle between bid and ask counts", "quotes", [BUY], a_quote(85.0, 97.0), {"quote_price": QuotePrice.MID}),
]


@pytest.mark.parametrize(
    ("match_on", "story", "event", "reached"),
    [
        pytest.param(match_on, story, event, reached, id=f"{match_on}: {sentence}")
        for match_on, rows in TYPES.items()
        for sentence, story, event, reached in rows
    ],
)
def test_what_is_in_reach_of_each_type(
    match_on: str, story: list[Happening], event: MarketEvent, reached: bool
) -> None:
    market = a_market(match_on, holding="50")
    play(market, story)

    assert market.in_reach("s", [event]) == (0 if reached else 1)
    assert bool(play(market, [event])) == reached


@pytest.mark.parametrize(
    ("match_on", "story", "event", "rules"), [pytest.param(*row[1:], id=row[0]) for row in DOUBTFUL]
)
def test_in_doubt_an_event_is_in_reach(
    match_on: str, story: list[Happening], event: MarketEvent, rules: dict[str, Any]
) -> None:
    market = a_market(match_on, holding="50", rules=MarketRules(**rules))
    play(market, story)

    assert market.in_reach("s", [event]) == 0
    assert play(market, [event]) == []


@pytest.mark.parametrize(
    ("event", "reached"),
    [(a_quote(89.0, 91.0), True), (a_quote(ABOVE_BUY, 91.0), False), (a_quote(91.0, 89.0), True)],
    ids=["around a buy", "above a buy", "around a buy, crossed"],
)
def test_the_middle_is_in_reach_where_it_may_be(event: MarketEvent, reached: bool) -> None:
    market = a_market("quotes", rules=MarketRules(quote_price=QuotePrice.MID))
    play(market, [BUY])

    assert market.in_reach("s", [event]) == (0 if reached else 1)
    assert bool(play(market, [event])) == reached


@given(data=st.data(), kind=KINDS)
def test_whatever_others_do_events_out_of_reach_bring_a_strategy_nothing(data: st.DataObject, kind: str) -> None:
    market = data.draw(markets(kind))()
    before, meanwhile = data.draw(stories(kind)), data.draw(stories(kind, prefix="m", after=840))
    live(market, of_two(before))
    coming = [one for one in meanwhile if isinstance(one, Bar | Quote | Trade)]
    quiet = coming[: market.in_reach("s", coming)]

    passed = meanwhile if len(quiet) == len(coming) else meanwhile[: meanwhile.index(coming[len(quiet)])]
    reports = play(market, [of_other(one) for one in passed])

    assert "s" not in {report.strategy for report in reports}


def of_two(story: list[Happening]) -> list[Happening]:
    """The story with every second family of orders given to another strategy."""
    return [
        one if isinstance(one, Bar | Quote | Trade | Paid) or int(one.cid.strip("ouvxy")) % 2 else of_other(one)
        for one in story
    ]


def of_other(happening: Happening) -> Happening:
    """The same of another strategy."""
    match happening:
        case WireSubmit() | WireAmend():
            terms = msgspec.structs.replace(happening.terms, strategy="other")
            return msgspec.structs.replace(happening, terms=terms)
        case WireCancel():
            return msgspec.structs.replace(happening, strategy="other")
        case _:
            return happening


@pytest.mark.parametrize(
    ("match_on", "orders", "event", "reached"),
    [
        pytest.param(match_on, orders, event, reached, id=f"{match_on}: {sentence}")
        for match_on, rows in ROWS.items()
        for sentence, orders, event, reached in rows
    ],
)
def test_what_is_in_reach(match_on: str, orders: list[WireCommand], event: MarketEvent, reached: bool) -> None:
    market = a_market(match_on, holding="50")
    play(market, orders)

    assert market.in_reach("s", [event]) == (0 if reached else 1)
    assert bool(play(market, [event])) == reached


def test_the_first_event_in_reach_is_counted_over_all_symbols_with_working_orders() -> None:
    market = SimulatedMarket(
        instruments={symbol: an_instrument(symbol) for symbol in ("AAA", "BBB", "CCC")},
        cash={"USD": Decimal(1_000)},
        match_on={"AAA": "trades", "BBB": "quotes", "CCC": "trades"},
        slippage=NoSlippage(),
        commission=NoCommission(),
    )
    play(market, [buy("a", "1", "90.00"), buy("b", "1", "50.00", symbol="BBB")])
    beside: list[MarketEvent] = [
        a_trade(50.0, symbol="CCC"),
        a_trade(91.0),
        a_quote(50.0, 51.0, symbol="BBB"),
        a_trade(1.0, symbol="ZZZ"),
    ]

    assert market.in_reach("s", beside) == 4
    assert market.in_reach("s", [*beside, a_quote(49.0, 50.0, symbol="BBB"), a_trade(90.0)]) == 4


def test_only_a_strategy_s_own_orders_count_and_only_while_they_work() -> None:
    market = a_market("trades")
    play(market, [changed(buy("x", "1", "99.00"), strategy="other"), buy("a", "1", "90.00"), buy("b", "1", "80.00")])
    falling = [a_trade(price) for price in (100.0, 99.0, 90.0, 80.0)]

    assert (market.in_reach("other", falling), market.in_reach("s", falling)) == (1, 2)
    play(market, [cancel("a")])
    assert market.in_reach("s", falling) == 3
    play(market, falling)
    assert (market.in_reach("other", falling), market.in_reach("s", falling)) == (4, 4)


def test_once_a_bar_was_heard_longer_ones_reach_nothing() -> None:
    market = a_market("bars")
    play(market, [a_bar(100.0, 101.0, 99.0, 100.0), BUY])

    assert market.in_reach("s", [a_bar(90.0, 101.0, 90.0, 91.0, minutes=5), a_bar(91.0, 91.0, 90.0, 91.0)]) == 1


def test_a_market_that_is_told_what_it_did_knows_what_reaches_the_orders_that_it_was_told_of() -> None:
    market = a_market("trades")
    recorded = RecordedMarket(market, Replay(Rig(spec(acting())).lockstep, ()))
    (accepted,) = a_market("trades").on_command(BUY, 1)
    recorded.apply(accepted, BUY)

    assert recorded.in_reach("s", [a_trade(91.0), a_trade(90.0)]) == 1
    assert recorded.in_reach("other", [a_trade(91.0), a_trade(90.0)]) == 2
