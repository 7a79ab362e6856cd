"""Orders that wait until a resting one of the same account has gone: what leaves when, and what becomes of the rest."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import trading_day
from tests.builders import (
    Rig,
    acting,
    buy,
    canonical,
    fill,
    nothing,
    price,
    raising,
    spec,
    submit,
    terms,
)
from tests.market_builders import an_instrument, through_msgpack
from trading.account.ids import ClientOrderIds
from trading.account.records import Reported
from trading.account.router import RoutedStrategy, Router
from trading.account.triggers import BreakerRules, Rate
from trading.commands import CancelOrder
from trading.limits import RiskLimits, SelfTrade
from trading.orders import Side
from trading.strategy import Strategy
from trading.timestamps import SECOND


def offering(at: str) -> Any:
    """The action of offering ten at a price."""
    return lambda trader: trader.sell("AAA", 10, limit_price=Decimal(at))


def withdrawing(trader: Strategy) -> None:
    """The action of cancelling everything."""
    for order in trader.open_orders():
        trader.cancel(order.order_id)


def account(
    policy: SelfTrade,
    *buyers: Any,
    seller: tuple[Any, ...] = (),
    wait: int = 3,
    **making: Any,
) -> Rig:
    """`a` buys ten and offers them at 105 at the second quote; `b` does as it is told. A quote a second, at 100."""
    limits = RiskLimits(self_trade=policy, self_trade_wait_ns=wait * SECOND)
    specs = [
        spec(acting(buy, offering("105"), *seller), "a"),
        spec(acting(nothing, nothing, *buyers), "b"),
    ]
    return Rig(*specs, limits=limits, **making)


def fed(rig: Rig, seconds: range) -> Rig:
    return rig.feed(*(price(at, 100.0) for at in seconds))


def test_the_resting_one_is_cancelled_and_the_other_leaves_in_the_same_step() -> None:
    rig = fed(account("cancel_resting", buy), range(1, 4))
    assert rig.sent() == ["a-1 buy 10", "a-2 sell 10", "a-2 cancel", "b-1 buy 10"]
    assert rig.reports()[-3:] == [
        "a-2 cancelled",
        "b-1 accepted",
        "b-1 filled 10 at 100.0",
    ]
    assert rig.lockstep.now_ns == 3 * SECOND
    rig.assert_books_add_up()


def test_an_order_is_held_until_the_resting_one_has_gone() -> None:
    rig = fed(account("hold", buy, seller=(nothing, withdrawing), wait=10), range(1, 4))
    assert rig.sent()[2:] == []
    assert rig.lockstep.has_waiting("b")
    fed(rig, range(4, 5))
    assert rig.sent()[2:] == ["a-2 cancel", "b-1 buy 10"]
    assert not rig.lockstep.has_waiting("b")


def test_what_waits_too_long_is_refused_in_words() -> None:
    rig = fed(account("hold", buy), range(1, 6))
    assert rig.reports()[-1] != "b-1 rejected self_trade"
    fed(rig, range(6, 7))
    assert rig.reports()[-1] == "b-1 rejected self_trade"
    last = [one.report for one in rig.records if isinstance(one, Reported)][-1]
    assert last.reason == (
        "a buy of 10 AAA would trade with a-2 of the same account, a sell of 10 AAA at 105 (self_trade: hold)"
    )
    assert rig.order("b-1").state == "rejected"
    assert rig.container("b").orders.open_count == 0


def test_an_exit_waits_with_its_parent() -> None:
    def bracket(trader: Strategy) -> None:
        trader.bracket("AAA", Side.BUY, 10, stop_loss=Decimal(95), take_profit=Decimal(110))

    rig = fed(account("hold", bracket, seller=(nothing, withdrawing)), range(1, 4))
    assert len(rig.lockstep.waiting) == 3
    fed(rig, range(4, 5))
    assert rig.sent()[2:] == ["a-2 cancel", "b-1 buy 10", "b-2 sell 10", "b-3 sell 10"]


def test_what_waits_can_be_cancelled() -> None:
    rig = fed(
        account("hold", buy, withdrawing, seller=(nothing, nothing, withdrawing)),
        range(1, 7),
    )
    assert rig.reports()[2:] == [
        "a-2 accepted",
        "b-1 rejected cancelled",
        "a-2 cancelled",
    ]
    assert rig.order("b-1").reason == "order b-1 was cancelled while it waited for another to go"
    assert not any(line.startswith("b-") for line in rig.sent())


def test_what_waits_can_be_cancelled_by_one_that_runs_free() -> None:
    """What it asks for is a step of its own, between two events."""
    rig = fed(account("hold", buy, wait=10), range(1, 4))
    now_ns = rig.lockstep.now_ns
    rig.driver._complete(rig.lockstep.take([CancelOrder(strategy="b", n=2, order_id="b-1", ts_ns=now_ns)]))

    assert rig.reports()[-1] == "b-1 rejected cancelled"
    assert not rig.lockstep.has_waiting("b")


def test_who_trips_meanwhile_sends_nothing_more() -> None:
    rig = fed(
        account("hold", buy, raising(ValueError("no")), seller=(nothing, withdrawing)),
        range(1, 7),
    )
    assert not any(line.startswith("b-") for line in rig.sent())
    assert "b-1 rejected tripped" in rig.reports()
    rig.assert_books_add_up()


def test_nor_does_who_is_halted() -> None:
    rig = fed(account("hold", buy, seller=(nothing, withdrawing)), range(1, 4)).operate("halt")
    fed(rig, range(4, 6))
    assert "b-1 rejected halted" in rig.reports()


def test_an_exit_that_only_reduces_leaves_at_the_latest_when_its_time_is_up() -> None:
    def bid(trader: Strategy) -> None:
        trader.buy("AAA", 5, limit_price=Decimal(99))

    def leave(trader: Strategy) -> None:
        trader.sell("AAA", 10)

    limits = RiskLimits(self_trade="hold", self_trade_wait_ns=2 * SECOND)
    rig = Rig(
        spec(acting(buy, nothing, leave), "a"),
        spec(acting(nothing, bid), "b"),
        limits=limits,
    )
    fed(rig, range(1, 5))
    assert rig.sent() == ["a-1 buy 10", "b-1 buy 5"]
    fed(rig, range(5, 6))
    assert rig.sent()[2:] == ["a-2 sell 10"]


def test_what_waits_counts_once_against_an_order_rate() -> None:
    rate = BreakerRules(order_rate=Rate(count=2, within_ns=60 * SECOND))
    router = Router(
        strategies=[RoutedStrategy(strategy=s, capital={"USD": Decimal(5_000)}) for s in ("a", "b")],
        breakers={"b": rate},
        cash={"USD": Decimal(10_000)},
        instruments={"AAA": an_instrument()},
        limits=RiskLimits(self_trade="hold", self_trade_wait_ns=30 * SECOND),
        ids=ClientOrderIds(1),
    )
    router.on_market(price(1, 100.0))
    router.ledger.book(fill(terms()))
    router.take([submit(terms(Side.SELL, limit="105"))], SECOND)
    asked = submit(terms(strategy="b"))
    for second in range(2, 9):
        assert router.take([asked], second * SECOND).held == [asked]
        router.restore(through_msgpack(router.state()))
    assert not router.breakers.by_scope["b"].is_open
    router.take([submit(terms(strategy="b", n=n, limit="90")) for n in (2, 3)], 9 * SECOND)
    assert router.breakers.by_scope["b"].is_open


@pytest.mark.parametrize("policy", ["hold", "cancel_resting", "reject"])
@settings(max_examples=6)
@given(st.integers(0, 10_000), st.integers(0, 200))
def test_a_day_interrupted_is_the_same_day(policy: SelfTrade, seed: int, at: int) -> None:
    limits = RiskLimits(
        self_trade=policy,
        self_trade_wait_ns=20 * SECOND,
        max_orders_per_second=2,
        duplicate_window_ns=9 * SECOND,
        max_daily_loss_notional=Decimal(900),
        max_drawdown_share=Decimal("0.05"),
    )
    day = trading_day.events(seed, count=200)
    whole = trading_day.rig(limits=limits).feed(*day)
    first = trading_day.rig(limits=limits).feed(*day[:at])
    second = trading_day.rig(limits=limits, state=first.state(), epoch_ms=2).feed(*day[at:])
    assert canonical(first.records + second.records) == canonical(whole.records)
    whole.assert_books_add_up()


@pytest.mark.parametrize("policy", ["hold", "cancel_resting"])
@settings(max_examples=6)
@given(st.integers(0, 10_000))
def test_no_two_orders_that_cross_ever_rest_together_but_to_reduce(policy: SelfTrade, seed: int) -> None:
    limits = RiskLimits(self_trade=policy, self_trade_wait_ns=10 * SECOND)
    rig = trading_day.rig(limits=limits)
    for event in trading_day.events(seed, count=200):
        rig.feed(event)
        open_orders = [order for manager in rig.router.orders.values() for order in manager.open("AAA")]
        bids = [one for one in open_orders if one.terms.side is Side.BUY and one.terms.limit_price is not None]
        asks = [one for one in open_orders if one.terms.side is Side.SELL and one.terms.limit_price is not None]
        for bid in bids:
            for ask in asks:
                later = max(bid, ask, key=lambda one: one.terms.created_ns)
                held = rig.book(later.terms.strategy).quantity("AAA")
                if later.terms.side is Side.BUY or held < later.terms.quantity:
                    assert bid.terms.limit_price < ask.terms.limit_price  # type: ignore[operator]


# What the day began with, in a container too.


def test_the_gap_of_the_night_is_the_new_day_s_loss_to_the_container_too() -> None:
    day = 86_400
    trader = acting(buy, buy)
    rig = Rig(spec(trader, "a", limits=RiskLimits(max_daily_loss_notional=Decimal(50))))
    rig.feed(price(day - 10, 100.0), price(day + 10, 94.0))
    assert rig.reports()[-1] == "a-2 rejected max_daily_loss_notional"
    last = [one.report for one in rig.records if isinstance(one, Reported)][-1]
    assert (last.origin, last.reason) == (
        "risk",
        "60.00 USD lost today is above the limit of 50 (max_daily_loss_notional)",
    )
