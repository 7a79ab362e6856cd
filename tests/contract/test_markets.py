"""What every market of this process must hold, whatever it matches on."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from brokers.passthrough.market import PassthroughMarket
from brokers.simulated.costs import FixedSlippage, PercentCommission
from brokers.simulated.market import SimulatedMarket
from tests.market_builders import (
    Happening,
    amend,
    an_instrument,
    balances,
    buy,
    cancel,
    changed,
    flat,
    play,
    play_both,
    sell,
    through_msgpack,
    told,
)
from trading.commands import WireSubmit
from trading.errors import LedgerError
from trading.market_data import Bar, Quote, Trade
from trading.reports import ReportKind
from trading.timestamps import SECOND

INSTRUMENTS = {"AAA": an_instrument("AAA"), "BBB": an_instrument("BBB", tick="0.05", lot="10")}
CASH = {"USD": Decimal(10_000)}


Offering = SimulatedMarket | PassthroughMarket


def simulated(match_on: str) -> Offering:
    return SimulatedMarket(
        instruments=INSTRUMENTS,
        cash=CASH,
        match_on=dict.fromkeys(INSTRUMENTS, match_on),
        slippage=FixedSlippage(1),
        commission=PercentCommission(Decimal("0.1")),
    )


def passthrough(match_on: str) -> Offering:
    return PassthroughMarket(instruments=INSTRUMENTS, cash=CASH, match_on=dict.fromkeys(INSTRUMENTS, match_on))


pytestmark = [
    pytest.mark.parametrize("make", [simulated, passthrough]),
    pytest.mark.parametrize("match_on", ["quotes", "trades", "bars"]),
]
Make = Callable[[str], Offering]


def test_an_order_is_accepted_once_then_filled_once_and_whole(make: Make, match_on: str) -> None:
    reports = play(make(match_on), [flat(match_on, 100.0), buy("a", "7"), *[flat(match_on, 100.0)] * 3])

    assert [(r.cid, r.kind) for r in reports] == [("a", ReportKind.ACCEPTED), ("a", ReportKind.FILLED)]
    assert [r.fill.quantity for r in reports if r.fill] == [Decimal(7)]
    assert {(r.order_id, r.strategy) for r in reports} == {("s-a", "s")}


def test_the_account_moves_by_what_the_fills_say(make: Make, match_on: str) -> None:
    market = make(match_on)

    first, second, third = (flat(match_on, price) for price in (100.0, 101.0, 99.0))
    reports = play(market, [first, buy("a", "7"), second, sell("b", "3"), third])

    bought, sold = [r.fill for r in reports if r.fill]
    cash = CASH["USD"] - bought.notional - bought.fee + sold.notional - sold.fee
    assert balances(market) == ({"USD": cash}, {"AAA": Decimal(4)})


def test_a_market_order_sent_before_any_price_takes_the_first(make: Make, match_on: str) -> None:
    reports = play(make(match_on), [buy("a", "7"), flat(match_on, 100.0)])

    assert [r.kind for r in reports] == [ReportKind.ACCEPTED, ReportKind.FILLED]


def test_other_data_and_other_symbols_change_nothing(make: Make, match_on: str) -> None:
    market = make(match_on)
    play(market, [buy("a", "7")])
    before = market.state()
    others = [flat(kind, 100.0) for kind in ("quotes", "trades", "bars") if kind != match_on]

    reports = play(market, [*others, flat(match_on, 100.0, symbol="ZZZ")])

    assert reports == []
    assert market.state() == before


REJECTED = {
    "unknown_symbol": buy("a", "1", symbol="ZZZ"),
    "bad_quantity": buy("a", "15", symbol="BBB"),
    "bad_price": buy("a", "10", "99.99", symbol="BBB"),
    "bad_time": changed(buy("a", "1"), expires_ns=5 * SECOND),
    "bad_combination": buy("a", "1", stop="90.00", tif="ioc"),
    "bad_contingency": changed(buy("a", "1"), group_id=""),
    "insufficient_cash": buy("a", "101", "100.00"),
    "short_not_allowed": sell("a", "1"),
}


@pytest.mark.parametrize("code", REJECTED)
def test_what_cannot_be_is_a_report_and_moves_nothing(make: Make, match_on: str, code: str) -> None:
    market = make(match_on)
    play(market, [flat(match_on, 100.0)])
    before = market.account()

    (report,) = play(market, [REJECTED[code]])

    assert (report.cid, report.kind, report.code) == ("a", ReportKind.REJECTED, code)
    assert report.reason
    assert market.account() == before


ASKED = [
    buy("a", "1"),
    buy("a", "1", "99.00"),
    buy("a", "1", stop="101.00"),
    buy("a", "1", "102.00", stop="101.00"),
    buy("a", "1", touch="99.00"),
    buy("a", "1", trail="2"),
    buy("a", "1", trail="2%"),
    buy("a", "1", auction="open"),
    buy("a", "1", auction="close"),
    buy("a", "1", tif="day"),
    buy("a", "1", until=9),
    buy("a", "1", tif="ioc"),
    buy("a", "1", tif="fok"),
    buy("a", "1", "99.00", post_only=True),
    buy("a", "1", all_or_none=True),
    buy("a", "1", group_id="g"),
]


@pytest.mark.parametrize("order", ASKED, ids=range(len(ASKED)))
def test_it_takes_what_it_offers_and_no_more(make: Make, match_on: str, order: WireSubmit) -> None:
    market = make(match_on)
    refusal = market.capabilities.refusal(order.terms)

    (report, *_) = play(market, [flat(match_on, 100.0), order])

    assert (report.kind, report.code) == (
        (ReportKind.ACCEPTED, "") if refusal is None else (ReportKind.REJECTED, refusal.code)
    )


def test_an_amendment_is_answered_whatever_becomes_of_it(make: Make, match_on: str) -> None:
    market, order = make(match_on), buy("a", "1", "90.00")

    reports = play(market, [order, amend(order, quantity="2"), amend(buy("b", "1"), quantity="2")])

    kind = ReportKind.REPLACED if market.capabilities.amend_refusal() is None else ReportKind.REPLACE_REJECTED
    assert [(r.cid, r.kind) for r in reports[1:]] == [("a", kind), ("b", ReportKind.REPLACE_REJECTED)]


def test_money_comes_and_goes_as_far_as_it_is_free(make: Make, match_on: str) -> None:
    market = make(match_on)
    play(market, [buy("a", "10", "90.00")])

    (moved,) = market.move_cash("USD", Decimal(-9_000), SECOND)

    assert (moved.event_id, moved.amount) == (f"{market.name}-account-1", Decimal(-9_000))  # type: ignore[union-attr]
    assert market.move_cash("EUR", Decimal(5), SECOND) != []
    assert balances(market)[0] == {"USD": Decimal(1_000), "EUR": Decimal(5)}
    before = market.state()
    with pytest.raises(LedgerError, match=r"1000.01 USD cannot be paid out"):
        market.move_cash("USD", Decimal("-1000.01"), SECOND)
    assert market.state() == before


def test_a_cancel_of_what_does_not_work_is_refused(make: Make, match_on: str) -> None:
    market = make(match_on)

    reports = play(market, [flat(match_on, 100.0), buy("a", "1"), flat(match_on, 100.0), cancel("a"), cancel("b")])

    assert told(reports)[-2:] == ["a cancel_rejected not_open", "b cancel_rejected unknown_order"]


def test_an_order_that_waits_can_be_cancelled_and_then_never_fills(make: Make, match_on: str) -> None:
    reports = play(make(match_on), [buy("a", "1"), cancel("a"), flat(match_on, 100.0)])

    assert told(reports) == ["a accepted", "a cancelled"]


def test_what_was_handed_out_is_the_receivers_own(make: Make, match_on: str) -> None:
    market = make(match_on)
    play(market, [flat(match_on, 100.0)])
    state, account = market.state(), market.account()
    kept = through_msgpack(state)

    play(market, [buy("a", "1"), buy("b", "1", "50.00"), flat(match_on, 90.0)])

    assert through_msgpack(state) == kept
    assert account.cash == CASH


def story(match_on: str) -> list[Happening]:
    """Fills, refusals and cancels of two symbols."""
    return [
        flat(match_on, 100.0, at=1),
        buy("a", "10"),
        buy("b", "5", "99.00"),
        flat(match_on, 50.0, at=2, symbol="BBB"),
        buy("c", "20", symbol="BBB"),
        flat(match_on, 50.5, at=3, symbol="BBB"),
        flat(match_on, 98.0, at=4),
        sell("d", "3"),
        sell("e", "4", "120.00"),
        buy("f", "1000"),
        buy("g", "1", "10.00"),
        flat(match_on, 99.5, at=5),
        cancel("g"),
        cancel("a"),
        cancel("zz"),
        sell("h", "9"),
        sell("i", "10", "51.00", symbol="BBB"),
        flat(match_on, 51.0, at=6, symbol="BBB"),
    ]


@pytest.mark.parametrize("cut", range(0, 18, 2))
def test_a_restored_market_goes_on_like_the_one_that_was_saved(make: Make, match_on: str, cut: int) -> None:
    lived, restored = make(match_on), make(match_on)
    play(restored, [buy("before", "1"), flat(match_on, 1.0)])
    play(lived, story(match_on)[:cut])
    restored.restore(through_msgpack(lived.state()))

    assert play(restored, story(match_on)[cut:]) == play(lived, story(match_on)[cut:])
    assert restored.state() == lived.state()


@pytest.mark.parametrize("cut", range(0, 18, 2))
def test_a_market_that_is_told_its_effects_becomes_the_one_that_lived_them(make: Make, match_on: str, cut: int) -> None:
    lived, heard = make(match_on), make(match_on)
    play_both(lived, heard, story(match_on)[:cut])

    assert heard.state() == lived.state()
    assert play(heard, story(match_on)[cut:]) == play(lived, story(match_on)[cut:])
    assert heard.account() == lived.account()


@pytest.mark.parametrize("cut", range(18))
def test_events_out_of_reach_bring_a_strategy_nothing(make: Make, match_on: str, cut: int) -> None:
    market = make(match_on)
    play(market, story(match_on)[:cut])
    coming = [happening for happening in story(match_on)[cut:] if isinstance(happening, Bar | Quote | Trade)]

    quiet = market.in_reach("s", coming)

    assert play(market, coming[:quiet]) == []


def test_every_event_is_out_of_reach_of_a_strategy_without_working_orders(make: Make, match_on: str) -> None:
    market = make(match_on)
    coming = [flat(match_on, price) for price in (100.0, 50.0, 200.0)]
    play(market, [buy("a", "1"), cancel("a"), changed(buy("b", "1"), strategy="other")])

    assert market.in_reach("s", coming) == 3
    assert market.in_reach("other", coming) == 0


def test_what_waits_for_a_price_is_reached_by_the_first_of_its_own_data(make: Make, match_on: str) -> None:
    market = make(match_on)
    play(market, [buy("a", "1")])
    others = [flat(kind, 100.0) for kind in ("quotes", "trades", "bars") if kind != match_on]

    assert market.in_reach("s", [*others, flat(match_on, 100.0, symbol="ZZZ"), flat(match_on, 100.0)]) == 3


def test_a_restored_market_knows_what_reaches_its_orders(make: Make, match_on: str) -> None:
    lived, restored = make(match_on), make(match_on)
    play(restored, [changed(buy("before", "1"), strategy="other")])
    play(lived, [buy("a", "1")])
    restored.restore(through_msgpack(lived.state()))

    assert restored.in_reach("s", [flat(match_on, 100.0)]) == 0
    assert restored.in_reach("other", [flat(match_on, 100.0)]) == 1


def test_one_state_serves_many_markets_and_stays_what_it_was(make: Make, match_on: str) -> None:
    market, one, other = make(match_on), make(match_on), make(match_on)
    play(market, [buy("a", "10"), buy("b", "10", "50.00")])
    state = market.state()
    kept = through_msgpack(state)
    one.restore(state)
    other.restore(state)

    play(one, [flat(match_on, 40.0), sell("c", "5")])

    assert through_msgpack(state) == kept
    assert other.state() == market.state()


def test_the_story_above_holds_fills_cancels_and_refusals(make: Make, match_on: str) -> None:
    kinds = {report.kind for report in play(make(match_on), story(match_on))}

    assert kinds >= {ReportKind.ACCEPTED, ReportKind.FILLED, ReportKind.REJECTED, ReportKind.CANCEL_REJECTED}
