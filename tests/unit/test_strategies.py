"""The shipped strategies, each as a story: prices go in, what it does with them comes out."""

import random
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from strategies.breakout import Breakout
from strategies.buy_and_hold import BuyAndHold
from strategies.market_maker import MarketMaker
from strategies.rsi_envelope import RsiEnvelope
from strategies.sma_cross import SmaCross
from strategies.trend_following import TrendFollowing
from tests.builders import MINUTE_BARS, QUOTES, TRADES, Rig, price, spec
from tests.market_builders import a_bar, a_quote, a_trade
from trading.container import ContainerState
from trading.limits import FixedSize
from trading.market_data import Bar, Quote, Trade
from trading.orders import Side
from trading.subscriptions import DataKind, Subscription
from trading.timestamps import MINUTE, SECOND, from_datetime, iso
from trading.warmup import needed_since

FOLDER = Path(__file__).resolve().parent.parent.parent / "strategies"


def test_each_is_read_in_a_minute() -> None:
    files = [path for path in FOLDER.glob("*.py") if path.name != "__init__.py"]
    assert len(files) == 7
    assert all(len(path.read_text().splitlines()) < 80 for path in files)


def closes(*prices: float) -> list[Bar]:
    """Bars of a minute each that open where the last one closed."""
    opens = (prices[0], *prices)
    return [
        a_bar(o, max(o, c), min(o, c), c, at=60 * minute)
        for minute, (o, c) in enumerate(zip(opens, prices, strict=False), start=1)
    ]


# SmaCross.


def sma_cross() -> Rig:
    return Rig(spec(SmaCross, fast=2, slow=3, quantity="30", symbol="AAA"), offers={"AAA": MINUTE_BARS})


def test_sma_cross_buys_when_the_fast_average_comes_above_the_slow_one_and_leaves_when_it_falls_below() -> None:
    rig = sma_cross().feed(*closes(100, 100, 100, 103, 104, 101, 90, 91))
    assert rig.reports() == [
        "a-1 accepted",
        "a-1 filled 30 at 103",  # the open after the bar of 103
        "a-2 accepted",
        "a-2 filled 30 at 101",
    ]
    assert rig.sent() == ["a-1 buy 30", "a-2 sell 30"]


def test_sma_cross_is_silent_until_the_slow_average_is_ready() -> None:
    rig = sma_cross().feed(*closes(100, 101))
    assert rig.sent() == []
    assert rig.feed(a_bar(101, 102, 101, 102, at=180)).sent() == ["a-1 buy 30"]


def test_sma_cross_is_flat_while_the_averages_are_equal() -> None:
    assert sma_cross().feed(*closes(*[100.0] * 10)).sent() == []


# TrendFollowing.


def trend(**parameters: Any) -> Rig:
    """Its averages are short: the fast one is the close, the slow one goes two thirds of the way to it."""
    sizing = FixedSize(quantity=Decimal(100))
    made = spec(TrendFollowing, capital="20000", sizing=sizing, symbol="AAA", **{"fast": 1, "slow": 2, **parameters})
    return Rig(made, offers={"AAA": MINUTE_BARS})


def test_trend_following_has_averages_of_ten_and_thirty_bars_unless_told_otherwise() -> None:
    values = TrendFollowing.parse_parameters({"symbol": "AAA"})
    assert (values.fast, values.slow) == (10, 30)  # type: ignore[attr-defined]
    up = [100.0] * 30 + [101.0]
    assert trend(fast=10, slow=30).feed(*closes(*up[1:])).sent() == []
    assert trend(fast=10, slow=30).feed(*closes(*up)).sent() == ["a-1 buy 100"]


@pytest.mark.parametrize(
    ("close", "quantity"),
    [
        (100.001, 10),  # the gap is 0.0003 % of the price, 0.3 % of full strength: as weak as it may be
        (100.06, 19),
        (100.15, 49),
        (100.29, 96),
        (100.31, 100),
        (110.0, 100),  # 3 %, thirty times full strength: no stronger than full
    ],
)
def test_trend_following_enters_the_stronger_the_wider_the_cross(close: float, quantity: int) -> None:
    assert trend().feed(*closes(100, 100, close)).sent() == [f"a-1 buy {quantity}"]


def test_trend_following_measures_strength_against_its_own_gap() -> None:
    assert trend(full_strength_gap=0.002).feed(*closes(100, 100, 100.15)).sent() == ["a-1 buy 24"]


def test_trend_following_enters_once_and_leaves_on_the_way_back_only() -> None:
    rig = trend().feed(*closes(100, 100, 101, 102, 103, 103.5))
    assert rig.sent() == ["a-1 buy 100"]
    rig.feed(a_bar(103, 103, 102, 102, at=420), a_bar(102, 102, 101, 101, at=480), a_bar(101, 101, 100, 100, at=540))
    assert rig.sent() == ["a-1 buy 100", "a-2 sell 100"]
    assert rig.feed(a_bar(100, 102, 100, 102, at=600)).sent()[2:] == ["a-3 buy 100"]


def test_trend_following_does_not_join_a_trend_whose_beginning_it_has_not_seen() -> None:
    assert trend().feed(*closes(100, 101, 102, 103, 104)).sent() == []


# RsiEnvelope.

TWO_PM = from_datetime(datetime(2025, 9, 25, 14, tzinfo=UTC))


class Listening(RsiEnvelope):
    """Writes down the bars that it hears."""

    def start(self) -> None:
        super().start()
        self.heard: list[Bar] = []
        self.warmed: list[Bar] = []

    def on_bar(self, bar: Bar) -> None:
        (self.warmed if self.warming else self.heard).append(bar)
        super().on_bar(bar)


def closing_times(bars: list[Bar], minutes: int) -> str:
    """When the bars of so many minutes closed."""
    return " ".join(iso(bar.ts_ns)[11:16] for bar in bars if bar.interval_ns == minutes * MINUTE)


def test_rsi_envelope_asks_for_five_and_thirty_minutes_with_the_warm_up_that_its_indicators_need() -> None:
    rig = Rig(spec(RsiEnvelope, symbol="AAA"), offers={"AAA": TRADES})
    assert rig.container().subscriptions == [
        Subscription(symbol="AAA", kind=DataKind.BARS, interval_ns=5 * MINUTE, warmup=15),
        Subscription(symbol="AAA", kind=DataKind.BARS, interval_ns=30 * MINUTE, warmup=20),
    ]


def test_rsi_envelope_starts_at_two_with_the_bars_before_two() -> None:
    start = TWO_PM // SECOND
    rig = Rig(spec(Listening, symbol="GBPUSD"), offers={"GBPUSD": QUOTES}, start=start)
    assert {s: iso(since) for s, since in needed_since(rig.driver.subscriptions, TWO_PM).items()} == {
        "GBPUSD": "2025-09-25T04:00:00Z"
    }
    rig.driver.warm(price(at, 1.34 + (at % 3_300) / 1e6, symbol="GBPUSD") for at in range(start - 40_000, start, 20))
    strategy = rig.container().resolve("strategy", Listening)

    assert closing_times(strategy.warmed, 5) == (
        "12:50 12:55 13:00 13:05 13:10 13:15 13:20 13:25 13:30 13:35 13:40 13:45 13:50 13:55 14:00"
    )
    assert closing_times(strategy.warmed, 30) == (
        "04:30 05:00 05:30 06:00 06:30 07:00 07:30 08:00 08:30 09:00 "
        "09:30 10:00 10:30 11:00 11:30 12:00 12:30 13:00 13:30 14:00"
    )
    bands, long = strategy.envelope.value, [bar.close for bar in strategy.warmed if bar.interval_ns == 30 * MINUTE]
    assert bands is not None
    assert bands.middle == pytest.approx(sum(long) / 20)
    assert strategy.rsi.ready
    assert rig.sent() == []


def test_rsi_envelope_hears_bars_that_are_built_of_ticks() -> None:
    start = TWO_PM // SECOND
    rig = Rig(spec(Listening, symbol="AAA"), offers={"AAA": TRADES}, start=start)
    rig.feed(*(a_trade(100 + at / 1_800, at=start + at) for at in range(0, 1_801, 60)))
    heard = rig.container().resolve("strategy", Listening).heard
    assert closing_times(heard, 5) == "14:05 14:10 14:15 14:20 14:25 14:30"
    assert closing_times(heard, 30) == "14:30"
    assert (heard[0].open, heard[0].close, heard[0].volume) == (100.0, 100 + 240 / 1_800, 500.0)


def minutes(*prices: float) -> list[Trade]:
    """A tick in each minute, so each is a bar's close; one more tick completes the last bar."""
    return [a_trade(value, at=60 * minute + 30) for minute, value in enumerate((*prices, prices[-1]))]


def rsi_envelope(**parameters: Any) -> Rig:
    """RSI of two bars of a minute, envelope of two bars of two minutes."""
    short: dict[str, Any] = {"rsi_timeframe": "1m", "rsi_period": 2, "envelope_timeframe": "2m", "envelope_period": 2}
    return Rig(spec(RsiEnvelope, symbol="AAA", quantity="30", **{**short, **parameters}), offers={"AAA": TRADES})


CALM = (100.0, 100.0, 100.0, 100.0)
"""Enough for an envelope from 98 to 102."""


@pytest.mark.parametrize(
    ("prices", "sent"),
    [
        ((*CALM, 99.5, 99.0), ["a-1 buy 30"]),  # oversold, within
        ((*CALM, 99.5, 97.0), ["a-1 buy 30"]),  # bought at 99.5; what fell out of the envelope is no reason to leave
        ((*CALM, 97.5, 97.0), []),  # oversold, below the envelope
        ((*CALM, 100.5, 101.0), []),  # overbought with nothing to leave
        ((*CALM, 99.5, 99.6, 99.5), ["a-1 buy 30"]),  # neither oversold nor overbought any more
        ((*CALM, 99.5, 101.0), ["a-1 buy 30", "a-2 sell 30"]),  # overbought
    ],
)
def test_rsi_envelope_buys_weakness_within_the_envelope_and_leaves_on_strength(
    prices: tuple[float, ...], sent: list[str]
) -> None:
    rig = rsi_envelope().feed(*minutes(*prices))
    assert rig.sent() == sent


def test_rsi_envelope_leaves_above_the_upper_band_however_weak() -> None:
    rig = rsi_envelope(overbought=100.0).feed(*minutes(*CALM, 99.5, 101.0))
    assert rig.sent() == ["a-1 buy 30"]
    assert rig.feed(a_trade(103.0, at=450), a_trade(103.0, at=510)).sent() == ["a-1 buy 30", "a-2 sell 30"]


def test_rsi_envelope_is_silent_until_both_indicators_are_ready() -> None:
    assert rsi_envelope().feed(*minutes(100.0, 99.0, 98.9)).sent() == []
    assert rsi_envelope(rsi_period=5).feed(*minutes(*CALM, 99.0)).sent() == []


def test_rsi_envelope_may_have_one_timeframe_for_both() -> None:
    rig = rsi_envelope(envelope_timeframe="1m").feed(*minutes(*CALM, 99.5))
    assert rig.sent() == ["a-1 buy 30"]


# BuyAndHold.


def test_buy_and_hold_buys_once_and_does_nothing_after() -> None:
    rig = Rig(spec(BuyAndHold, symbol="AAA", quantity="30"), offers={"AAA": MINUTE_BARS})
    rig.feed(*closes(100, 120, 80, 60, 130, 100))
    assert rig.reports() == ["a-1 accepted", "a-1 filled 30 at 100"]
    assert rig.book().quantity("AAA") == 30


# Breakout.


def breakout() -> Rig:
    parameters: dict[str, Any] = {
        "tick_size": "0.01",
        "lookback": 3,
        "stop_ranges": 1.0,
        "target_ranges": 2.0,
        "quantity": "30",
    }
    return Rig(spec(Breakout, symbol="AAA", **parameters), offers={"AAA": MINUTE_BARS})


def test_breakout_buys_a_close_above_the_highs_before_with_a_stop_and_a_target_by_the_usual_range() -> None:
    rig = breakout().feed(*closes(100, 101, 100, 101, 103))
    # True ranges of 1, 1, 1 and then 2 average, by Wilder, to 4/3.
    entry, stop, target = (order.terms for order in rig.router.orders["a"].open())
    assert (entry.side, entry.quantity, entry.limit_price) == (Side.BUY, Decimal(30), None)
    assert (stop.side, stop.quantity, stop.stop_price) == (Side.SELL, Decimal(30), Decimal("101.67"))
    assert (target.side, target.quantity, target.limit_price) == (Side.SELL, Decimal(30), Decimal("105.67"))


def test_breakout_lets_its_exits_work_and_buys_anew_only_when_one_of_them_has_filled() -> None:
    rig = breakout().feed(*closes(100, 101, 100, 101, 103, 104, 105, 107))
    assert [line for line in rig.reports() if " filled " in line] == ["a-1 filled 30 at 103", "a-3 filled 30 at 105.67"]
    assert "a-2 cancelled oco" in rig.reports()
    assert rig.sent() == [f"a-{n} {side} 30" for n, side in enumerate(("buy", "sell", "sell") * 2, start=1)]


def test_breakout_does_nothing_within_the_range() -> None:
    assert breakout().feed(*closes(100, 101, 100, 101, 100, 101, 100)).sent() == []


# MarketMaker.


def maker(**parameters: Any) -> Rig:
    return Rig(spec(MarketMaker, symbol="AAA", tick_size="0.01", **parameters))


def around(middle: float, *, at: int) -> Quote:
    """A quote with a cent on either side."""
    return a_quote(round(middle - 0.01, 2), round(middle + 0.01, 2), at=at)


def resting(rig: Rig) -> list[str]:
    """What rests, a line each: `buy 10 at 99.98`."""
    working = rig.router.orders["a"].open()
    return [f"{order.terms.side} {order.terms.quantity} at {order.terms.limit_price}" for order in working]


def stories(rig: Rig, *quotes: Quote) -> list[list[str]]:
    """What rests after each of these quotes."""
    return [resting(rig.feed(quote)) for quote in quotes]


def test_market_maker_begins_with_a_bid_alone_two_ticks_below_the_middle() -> None:
    assert stories(maker(), around(100.0, at=1)) == [["buy 10 at 99.98"]]


def test_market_maker_follows_once_the_middle_has_moved_far_enough() -> None:
    assert stories(maker(), *(around(middle, at=at) for at, middle in enumerate((100, 100.04, 100.05, 100.06), 1))) == [
        ["buy 10 at 99.98"],
        ["buy 10 at 99.98"],
        [],
        ["buy 10 at 100.04"],
    ]


def test_market_maker_rests_again_where_it_was_when_the_middle_comes_back_at_once() -> None:
    quotes = (around(middle, at=at) for at, middle in enumerate((100, 100.05, 100, 100), 1))
    assert stories(maker(), *quotes) == [["buy 10 at 99.98"], [], ["buy 10 at 99.98"], ["buy 10 at 99.98"]]


def test_market_maker_quotes_both_sides_around_the_new_middle_once_its_bid_has_filled() -> None:
    rig = maker()
    assert stories(rig, around(100, at=1), around(99.97, at=2)) == [
        ["buy 10 at 99.98"],
        ["buy 10 at 99.95", "sell 10 at 99.99"],
    ]
    assert rig.reports() == ["a-1 accepted", "a-1 filled 10 at 99.98", "a-2 accepted", "a-3 accepted"]


def test_market_maker_withdraws_the_bid_when_its_offer_fills_and_quotes_anew() -> None:
    rig = maker()
    quotes = (around(middle, at=at) for at, middle in enumerate((100, 99.97, 100, 100), 1))
    assert stories(rig, *quotes)[2:] == [[], ["buy 10 at 99.98"]]
    assert rig.reports()[4:] == ["a-3 filled 10 at 99.99", "a-2 cancelled", "a-4 accepted"]
    assert rig.book().realised("USD") == Decimal("0.10")


def test_market_maker_bids_for_no_more_than_there_is_room_and_offers_no_more_than_it_holds() -> None:
    rig = maker(quantity="20", max_inventory="50")
    falling = [around(100 - at * 0.03, at=at) for at in range(5)]
    assert stories(rig, *falling) == [
        ["buy 20 at 99.98"],
        ["buy 20 at 99.95", "sell 20 at 99.99"],
        [],  # the second bid has filled, the offer is withdrawn
        ["buy 10 at 99.89", "sell 20 at 99.93"],
        [],
    ]
    assert stories(rig, around(99.8, at=5)) == [["sell 20 at 99.82"]]
    assert rig.book().quantity("AAA") == 50


def test_market_maker_offers_the_little_that_it_holds() -> None:
    rig = maker(max_inventory="5")
    assert stories(rig, around(100, at=1), around(99.97, at=2)) == [["buy 5 at 99.98"], ["sell 5 at 99.99"]]


@pytest.mark.parametrize("seed", range(5))
def test_market_maker_keeps_between_nothing_and_its_most_through_any_walk(seed: int) -> None:
    rig, dice, cents = maker(quantity="20", max_inventory="50", requote_ticks=3), random.Random(seed), 10_000
    for at in range(1, 800):
        cents += dice.choice((-3, -1, 0, 0, 1, 3))
        rig.feed(a_quote(cents / 100, (cents + 1) / 100, at=at))
        held, (buys, sells) = rig.book().quantity("AAA"), rig.router.orders["a"].open_quantities("AAA")
        assert 0 <= sells <= held
        assert held + buys <= 50
    assert rig.book().fills > 50
    assert not [line for line in rig.reports() if "rejected" in line]


@pytest.mark.parametrize(("bid", "ask"), [(0.0, 100.0), (100.0, 0.0), (float("nan"), 100.0), (101.0, 100.0)])
def test_market_maker_waits_while_the_market_lacks_a_side(bid: float, ask: float) -> None:
    rig = maker()
    assert stories(rig, a_quote(bid, ask), around(100, at=2)) == [[], ["buy 10 at 99.98"]]
    assert rig.container().life is ContainerState.RUNNING
