"""Circuit breakers in the configuration: what is given, what cannot be, and what a restart makes of another one."""

from decimal import Decimal
from pathlib import Path

import pytest

from daemon.assembly import fleet_of
from daemon.config.breaker_conversion import breaker_rules, breaker_texts
from daemon.fleet import change
from tests.config_builders import CONFIG, edited, in_strategy, plan_of, problems_of, strategy, top
from trading.account.triggers import BreakerRules, Policy, Rate
from trading.timestamps import MILLISECOND, MINUTE, SECOND

BREAKERS = """breakers:
  account:
    on_trip: flatten
    consecutive_rejects: 5
    reject_rate: {rejects: 10, of_orders: 20, within: 5m}
    order_rate: {orders: 100, within: 1s}
    daily_loss_amount: "2000"
    drawdown_share: "0.1"
  venue:
    on_trip: cancel
    transport_errors_in_a_row: 3
    transport_error_rate: {errors: 10, within: 1m}
    slow_sync_after: 250ms
    cool_down: 10s
    probe_timeout: 2s"""


def test_every_key_becomes_a_rule_of_its_scope(tmp_path: Path) -> None:
    own = '    breakers: {on_trip: leave, drawdown_share: "0.2"}\n'
    text = top(BREAKERS).replace('    capital: "25000"\n', f'    capital: "25000"\n{own}')
    assert breaker_rules(plan_of(tmp_path, text).settings) == {
        "account": BreakerRules(
            on_trip=Policy.FLATTEN,
            consecutive_rejects=5,
            reject_rate=Rate(count=10, of=20, within_ns=5 * MINUTE),
            order_rate=Rate(count=100, within_ns=SECOND),
            daily_loss_amount=Decimal(2000),
            drawdown_share=Decimal("0.1"),
        ),
        "venue": BreakerRules(
            on_trip=Policy.CANCEL,
            transport_errors_in_a_row=3,
            transport_error_rate=Rate(count=10, within_ns=MINUTE),
            slow_sync_ns=250 * MILLISECOND,
            cool_down_ns=10 * SECOND,
            probe_timeout_ns=2 * SECOND,
        ),
        "sma-aaa": BreakerRules(on_trip=Policy.LEAVE, drawdown_share=Decimal("0.2")),
    }


def test_without_a_word_of_it_only_errors_of_the_transport_open_one(tmp_path: Path) -> None:
    rules = breaker_rules(plan_of(tmp_path).settings)
    assert rules == {
        "account": BreakerRules(on_trip=Policy.CANCEL),
        "venue": BreakerRules(transport_errors_in_a_row=5),
        "sma-aaa": BreakerRules(on_trip=Policy.CANCEL),
    }
    assert not any(one.open_by_events for one in rules.values())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            top("breakers: {account: {reject_rate: {rejects: 3}}}"),
            "2: breakers.account.reject_rate: counts rejects of no number and of no time; "
            "give of_orders or within, or both",
        ),
        (
            top("breakers: {account: {reject_rate: {rejects: 3, of_orders: 2}}}"),
            "2: breakers.account.reject_rate.of_orders: among 2 there are never 3; of_orders must be at least rejects",
        ),
        (
            top("breakers: {venue: {transport_error_rate: {errors: 3, of_requests: 2, within: 1m}}}"),
            "2: breakers.venue.transport_error_rate.of_requests: among 2 there are never 3; "
            "of_requests must be at least errors",
        ),
        (
            in_strategy("breakers: {reject_rate: {rejects: 3}}"),
            "12: strategies[0].breakers.reject_rate: counts rejects of no number and of no time; "
            "give of_orders or within, or both",
        ),
        (
            edited("sma-aaa", "account"),
            "11: strategies[0].id: 'account' is the scope of another circuit breaker; take another",
        ),
        (
            CONFIG + strategy("venue"),
            "15: strategies[1].id: 'venue' is the scope of another circuit breaker; take another",
        ),
        (
            top('breakers: {account: {drawdown_share: "10"}}'),
            "2: breakers.account.drawdown_share: must be below 1; got '10'",
        ),
        (
            top("breakers: {venue: {on_trip: flatten}}"),
            "2: breakers.venue.on_trip: must be one of leave, cancel; got 'flatten'",
        ),
    ],
)
def test_one_thing_wrong_is_one_message_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    assert problems_of(tmp_path, text) == [f"config.yaml:{message}"]


def test_what_is_given_is_told_by_its_key(tmp_path: Path) -> None:
    texts = breaker_texts(plan_of(tmp_path, top(BREAKERS)).settings)
    assert texts["breakers.account.reject_rate.of_orders"] == "20"
    assert texts["breakers.account.reject_rate.within"] == "5m"
    assert texts["breakers.venue.slow_sync_after"] == "250ms"
    assert texts["strategies.sma-aaa.breakers.on_trip"] == "cancel"
    assert "strategies.sma-aaa.breakers.order_rate" not in texts


def test_a_restart_may_change_them_and_says_what_it_changed(tmp_path: Path) -> None:
    before = fleet_of(plan_of(tmp_path, top("breakers: {account: {order_rate: {orders: 9, within: 1s}}}")))
    after = fleet_of(plan_of(tmp_path, top("breakers: {account: {order_rate: {orders: 5, within: 1s}}}")))
    changed = change(before, after)
    assert (changed.refused, changed.renewed) == ([], [])
    assert changed.altered == ["breakers.account.order_rate.orders: 5, was 9"]


def test_of_a_strategy_that_is_new_or_gone_nothing_is_told(tmp_path: Path) -> None:
    one, two = fleet_of(plan_of(tmp_path)), fleet_of(plan_of(tmp_path, CONFIG + strategy("more")))
    assert (change(one, two).altered, change(two, one).altered) == ([], [])
