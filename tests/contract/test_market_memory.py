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
from brokers.simulated.delay import DelayedMarket
from brokers.simulated.entitlements import Dividend, HoldingTerms, UnitSplit
from brokers.simulated.latency import Delays
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.rules import BarPrice, MarketRules, Path, TrailBy, Unaffordable
from tests.account_builders import (
    an_account,
    day_bar,
    dividend,
    funding,
    interest,
    on_margin,
    paid_in_full,
    split,
    swap,
    trade,
)
from tests.account_stories import BAR_NS, SYMBOLS, account_stories, accounts
from tests.market_builders import (
    EUR,
    USD,
    Happening,
    Paid,
    a_bar,
    a_market,
    a_quote,
    a_trade,
    amend,
    an_instrument,
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
from trading.instruments import Instrument
from trading.market import Market
from trading.market_data import Bar, Quote, Trade
from trading.money import Currency
from trading.timestamps import DAY, HOUR, SECOND

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


GBP = Currency.known("GBP")


def on_account(*instruments: Instrument, **account: Any) -> Makes:
    return lambda: an_account(*instruments, **account)


CRUDE = on_margin("CL", "future", multiplier="1000", initial="5000", maintenance="4000", per_unit=True)
EURUSD = on_margin("EURUSD", "fx", base=EUR, initial="0.05", maintenance="0.02", tick="0.0001")
ISOLATED = on_margin("BTC", "perpetual", initial="0.1", maintenance="0.05", isolated=True, tick="0.5", lot="0.001")
CASH_STOCK = an_instrument("CCC")

STORIES |= {
    "equities that pay, split and are borrowed": (
        on_account(
            on_margin(),
            CASH_STOCK,
            held={
                "AAA": HoldingTerms(
                    dividends=(dividend(1, "0.5"),), splits=(split(2, "2", "3"),), borrow=Decimal("0.05")
                ),
                "CCC": HoldingTerms(dividends=(dividend(2, "1"),), splits=(split(1, "3"),)),
            },
            interest={"USD": interest("0.01", "0.08")},
        ),
        [
            trade(100.0, 0),
            trade(50.0, 0, "CCC"),
            sell("a", "10"),
            buy("c", "20", symbol="CCC"),
            p := buy("p", "5", "90.00"),
            exit_of("p", sell("x", "5", "120.00")),
            trade(16.0, 1, "CCC"),
            amend(p, quantity="4"),
            buy("d", "1", symbol="CCC"),
            trade(150.0, 2),
            buy("e", "1"),
            trade(151.0, 3),
        ],
        [
            "CCC split 40 for 0 USD",
            "AAA dividend -5 USD",
            "AAA borrow -0.14 USD",
            "p cancelled split",
            "AAA split 4 for -100 USD",
            "CCC dividend 61 USD",
        ],
    ),
    "bars with a split within and at their ends": (
        on_account(
            CASH_STOCK,
            match_on="bars",
            held={
                "CCC": HoldingTerms(
                    splits=(UnitSplit(ex_ns=DAY + HOUR, new=Decimal(2), old=Decimal(1)), split(3, "2")),
                    dividends=(dividend(2, "1"), Dividend(ex_ns=2 * DAY + HOUR, per_unit=Decimal(2))),
                )
            },
        ),
        [
            day_bar(100.0, 100.0, 100.0, 100.0, -1, "CCC"),
            buy("a", "10", symbol="CCC"),
            day_bar(100.0, 100.0, 100.0, 100.0, 0, "CCC"),
            day_bar(50.0, 50.0, 50.0, 50.0, 1, "CCC"),
            sell("s", "5", "60.00", symbol="CCC"),
            day_bar(50.0, 55.0, 50.0, 52.0, 2, "CCC"),
            sell("b", "5", symbol="CCC"),
            day_bar(26.0, 28.0, 26.0, 27.0, 3, "CCC"),
        ],
        [
            "CCC split 10 for 0 USD",
            "CCC dividend 20 USD",
            "CCC dividend 40 USD",
            "s cancelled split",
            "CCC split 20 for 0 USD",
        ],
    ),
    "currencies that roll, and balances that are swept": (
        on_account(
            EURUSD,
            on_margin("EURGBP", "fx", base=EUR, currency=GBP, tick="0.0001"),
            paid_in_full("GBPUSD", base=GBP),
            cash={"USD": "10000", "EUR": "100.55"},
            held={"EURUSD": swap("-0.0001", "0.00005"), "EURGBP": swap("-0.02", "0.01", yearly=True)},
            interest={"EUR": interest("0.02", "0.05"), "GBP": interest("0.02", "0.05")},
            sweep_into=USD,
        ),
        [
            trade(1.2, 0, "EURUSD"),
            trade(1.5, 0, "GBPUSD"),
            trade(0.8, 0, "EURGBP"),
            buy("a", "5000", symbol="EURUSD"),
            sell("b", "3000", symbol="EURGBP"),
            trade(1.21, 1, "EURUSD"),
            trade(0.79, 1.1, "EURGBP"),
            buy("c", "1000", symbol="EURGBP"),
            trade(1.22, 6, "EURUSD"),
            Paid("50", "EUR"),
            trade(1.52, 7, "GBPUSD"),
        ],
        [
            "interest 0.01 EUR",
            "EUR -100.56 into 120.67 USD",
            "GBP -10.04 into 15.06 USD",
            "EURUSD swap -1.5 USD",
            "EUR -50 into 61 USD",
        ],
    ),
    "futures that settle, are called for, and end": (
        on_account(CRUDE, cash="12000", held={"CL": HoldingTerms(settles_daily=True, expires_ns=3 * DAY)}),
        [
            trade(20.0, 0, "CL"),
            buy("a", "2", symbol="CL"),
            trade(19.0, 0.1, "CL"),
            trade(18.0, 1, "CL"),
            Paid("2000"),
            trade(19.5, 1.1, "CL"),
            trade(18.9, 1.2, "CL"),
            sell("b", "1", symbol="CL"),
            buy("c", "1", "10.00", symbol="CL"),
            trade(21.0, 3, "CL"),
            buy("d", "1", symbol="CL"),
        ],
        [
            "CL settled at 19",
            "account called",
            "CL settled at 18.9",
            "c cancelled expired_instrument",
            "CL expired -1 for 18900 USD",
        ],
    ),
    "margin calls that come and go": (
        on_account(on_margin()),
        [
            trade(100.0, 0),
            buy("a", "200"),
            trade(99.0, 1),
            trade(98.0, 2),
            trade(106.0, 3),
            trade(99.0, 4),
            Paid("1000"),
            trade(99.0, 5),
            sell("b", "50"),
            trade(95.0, 6),
            trade(30.0, 7),
            trade(100.0, 8),
        ],
        [
            "account called",
            "account called",
            "paid 1000 USD",
            "AAA liquidated sell 150 at 30",
        ],
    ),
    "isolated positions with funding, beside others, until both are closed": (
        on_account(
            on_margin(),
            ISOLATED,
            cash="10700",
            held={"BTC": HoldingTerms(funding=funding("0.01"))},
            commission=PercentCommission(Decimal("0.01")),
            slippage=FixedSlippage(1),
        ),
        [
            trade(100.0, 0),
            trade(5000.0, 0, "BTC"),
            buy("a", "1", symbol="BTC"),
            buy("b", "190"),
            sell("s", "1", stop="3000.00", symbol="BTC"),
            buy("w", "1", "10.00"),
            trade(5050.0, 0.2, "BTC"),
            sell("h", "0.4", symbol="BTC"),
            trade(4850.0, 0.65, "BTC"),
            trade(4600.0, 0.7, "BTC"),
            sell("r", "1.5", symbol="BTC"),
            trade(60.0, 1),
            trade(9000.0, 2, "BTC"),
        ],
        [
            "BTC funding -50 USD",
            "BTC called",
            "s cancelled liquidation",
            "BTC liquidated sell 0.6 at 4601",
            "AAA liquidated sell 190 at 59.99",
            "BTC liquidated buy 1.5 at 5059",
        ],
    ),
    "a liquidation that waits for a price": (
        on_account(
            on_margin("BTC", "perpetual", mark_symbol="CCC"),
            CASH_STOCK,
            match_on="quotes",
            cash="2500",
        ),
        [
            a_quote(5000.0, 5000.0, symbol="BTC"),
            a_quote(5000.0, 5000.0, symbol="CCC"),
            buy("a", "1", symbol="BTC"),
            sell("b", "1", "9000.00", symbol="BTC"),
            a_quote(0.0, 4000.0, at=2, symbol="BTC"),
            a_quote(3000.0, 3000.0, at=3, symbol="CCC"),
            a_quote(2900.0, 2950.0, at=5, symbol="BTC"),
        ],
        ["b cancelled liquidation", "account called", "BTC liquidated sell 1 at 2900"],
    ),
    "prices below zero": (
        on_account(CRUDE, cash="100000", rules=MarketRules(volume_share=Decimal(1))),
        [
            trade(10.0, 0, "CL"),
            buy("a", "1", symbol="CL"),
            sell("s", "1", stop="0.00", symbol="CL"),
            sell("t", "2", trail="1", symbol="CL"),
            trade(-37.63, 1, "CL"),
            buy("b", "2", "-40.00", symbol="CL"),
            trade(-41.0, 2, "CL"),
        ],
        [
            "s filled 1 at -37.63 taker",
            "t filled 2 at -37.63 taker",
            "b filled 2 at -40 maker",
        ],
    ),
}

CUTS = [
    pytest.param(make, story, cut, id=f"{name}: {cut} of {len(story)}")
    for name, (make, story, _) in STORIES.items()
    for cut in range(len(story) + 1)
]


def time_after(story: Sequence[Happening]) -> int:
    return max((one.ts_ns for one in story if isinstance(one, Bar | Quote | Trade)), default=SECOND)


def check(make: Callable[[], Market], story: Sequence[Happening], cut: int, *, notes_last: bool) -> None:
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


@given(data=st.data(), kind=KINDS, notes_last=st.booleans())
def test_any_account_can_be_put_down_anywhere_in_any_story(data: st.DataObject, kind: str, notes_last: bool) -> None:
    make, story = data.draw(accounts(kind)), data.draw(account_stories(kind))
    check(make, story, data.draw(st.integers(0, len(story))), notes_last=notes_last)


WAYS = st.sampled_from(
    [Delays(orders_ns=HOUR // 2), Delays(reports_ns=3 * HOUR // 2), Delays(orders_ns=2 * HOUR, reports_ns=4 * HOUR)]
)


@given(data=st.data(), kind=KINDS)
def test_any_account_some_way_off_can_be_put_down_anywhere_in_any_story(data: st.DataObject, kind: str) -> None:
    make, story, delays = data.draw(accounts(kind)), data.draw(account_stories(kind)), data.draw(WAYS)
    intervals = dict.fromkeys(SYMBOLS, BAR_NS) if kind == "bars" else {}

    def far() -> DelayedMarket:
        return DelayedMarket(make(), delays, bar_intervals=intervals)

    check(far, story, data.draw(st.integers(0, len(story))), notes_last=False)
