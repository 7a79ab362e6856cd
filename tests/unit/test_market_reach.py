"""What comes into reach of an order that works, a row each: one event, and whether a strategy may run ahead over it."""

from decimal import Decimal
from math import inf, nan, nextafter

import pytest

from brokers.simulated.costs import NoCommission, NoSlippage
from brokers.simulated.market import SimulatedMarket
from daemon.recovery import RecordedMarket, Replay
from tests.builders import Rig, acting, spec
from tests.market_builders import a_bar, a_market, a_quote, a_trade, an_instrument, buy, cancel, changed, play, sell
from trading.commands import WireCommand
from trading.market_data import MarketEvent

BUY, SELL = buy("b", "1", "90.00"), sell("s", "1", "110.00")
BUY_ANY, SELL_ANY = buy("b", "1"), sell("s", "1")
QUOTE = a_quote(100.0, 100.1)
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
        ("an open at a buy, without a low", [BUY], a_bar(90.0, 101.0, nan, 100.0), True),
        ("a low of zero, which is none", [BUY], a_bar(100.0, 101.0, 0.0, 100.0), False),
        ("no prices at all", [BUY, SELL], a_bar(nan, nan, nan, nan), False),
        ("any bar for a buy that waits for an open", [BUY_ANY], a_bar(1e9, 1e9, 1e9, 1e9), True),
        ("any bar for a sell that waits for an open", [SELL_ANY], a_bar(1e-9, 1e-9, 1e-9, 1e-9), True),
        ("bars longer than the first one", [BUY_ANY], a_bar(90.0, 110.0, 90.0, 100.0, minutes=5), True),
        ("a quote", [BUY_ANY, SELL_ANY], QUOTE, False),
    ],
}


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
