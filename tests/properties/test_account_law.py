"""Whatever strategies do, after every event: the books add up, and containers and router agree on them."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokers.simulated.market import SimulatedMarket
from tests import trading_day
from tests.builders import Rig, spec
from trading.account.ids import decode
from trading.account.records import Commit, Reported, StepRecord
from trading.commands import WireSubmit
from trading.limits import FixedSize, RiskLimits
from trading.market_data import MarketEvent
from trading.orders import FINAL_STATES, Side
from trading.reports import Fill
from trading.strategy import Strategy

TIGHT = RiskLimits(
    max_position_quantity=Decimal(30),
    max_order_notional=Decimal(2_000),
    max_exposure_equity_share=Decimal("0.8"),
    max_open_orders=4,
)


def assert_agreed(rig: Rig) -> None:
    """Books add up, and each container has the orders that the router has of it, less those that wait."""
    rig.assert_books_add_up()
    waiting = {command.strategy for command in rig.lockstep.waiting}
    for name, container in rig.driver.containers.items():
        if name not in waiting:
            kept = {order.order_id: order.filled for order in container.orders.open()}
            routed = {order.order_id: order.filled for order in rig.router.orders[name].open()}
            assert kept == routed, name


def assert_well_formed(records: list[StepRecord], strategies: list[str]) -> None:
    """Every intent ends as reported, ids are unique and tell their owner, reports are numbered without a gap."""
    submitted = [record for record in records if isinstance(record, WireSubmit)]
    assert len({record.cid for record in submitted}) == len(submitted)
    assert all(decode(record.cid, strategies).strategy == record.terms.strategy for record in submitted)
    for name in strategies:
        numbers = [one.report.number for one in records if isinstance(one, Reported) and one.report.strategy == name]
        assert numbers == list(range(1, len(numbers) + 1))
    assert isinstance(records[-1], Commit)


def carry(rig: Rig, events: list[MarketEvent]) -> None:
    for event in events:
        rig.feed(event)
        assert_agreed(rig)


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_the_books_add_up_after_every_event(seed: int) -> None:
    rig = trading_day.rig()
    carry(rig, trading_day.events(seed, count=150))
    assert_well_formed(rig.records, list(rig.driver.containers))


@settings(max_examples=10)
@given(st.integers(0, 10_000), st.integers(1, 60), st.booleans())
def test_they_do_under_limits_trips_and_halts_too(seed: int, at: int, cancel: bool) -> None:
    specs = [
        msgspec.structs.replace(spec(trading_day.Chaos, name, symbol="AAA", raises_at=raises_at), limits=TIGHT)
        for name, raises_at in (("a", 0), ("b", at), ("c", 0))
    ]
    specs = [msgspec.structs.replace(one, sizing=FixedSize(quantity=Decimal(9))) for one in specs]
    rig = trading_day.rig(specs, limits=TIGHT)
    events = trading_day.events(seed, count=120)
    carry(rig, events[:at])
    rig.operate("halt", cancel_orders=cancel)
    assert_agreed(rig)
    carry(rig, events[at : at + 20])
    rig.operate("resume")
    rig.operate("trip", strategy="c")
    carry(rig, events[at + 20 :])
    assert_well_formed(rig.records, ["a", "b", "c"])


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_orders_that_hang_together_are_the_same_to_container_router_and_market(seed: int) -> None:
    specs = [
        spec(trading_day.Wild, name, symbol=symbol, sizing=FixedSize(quantity=Decimal(9)))
        for name, symbol in (("a", "AAA"), ("b", "BBB"), ("c", "AAA"))
    ]
    rig = trading_day.rig(specs)
    market = rig.market
    assert isinstance(market, SimulatedMarket)
    for event in trading_day.events(seed, count=120):
        rig.feed(event)
        assert_agreed(rig)
        routed = {
            one.order_id: (one.terms, one.filled) for orders in rig.router.orders.values() for one in orders.open()
        }
        assert {one.terms.order_id: (one.terms, one.filled) for one in market.working()} == routed
        for name, manager in rig.router.orders.items():
            if not rig.lockstep.has_waiting(name):
                assert rig.container(name).orders.working == manager.working
    assert not rig.router.tripped
    assert_well_formed(rig.records, ["a", "b", "c"])


@pytest.mark.parametrize("strategy_class", [trading_day.Chaos, trading_day.Wild])
@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_no_limit_is_ever_passed(strategy_class: type[Strategy], seed: int) -> None:
    chaos = spec(strategy_class, symbol="AAA", limits=TIGHT, sizing=FixedSize(quantity=Decimal(9)))
    rig = trading_day.rig([chaos])
    for event in trading_day.events(seed, count=150):
        rig.feed(event)
        buys = [one for one in rig.router.orders["a"].open() if one.terms.side is Side.BUY]
        bought, sold = rig.router.orders["a"].open_quantities("AAA")
        held = rig.book().quantity("AAA")
        assert len(buys) <= 4, "what only reduces is not counted against anyone"
        assert max(abs(held + bought), abs(held - sold)) <= 30
        assert held >= sold, "a cash account is never short, not even in the worst case"


def test_every_order_that_was_sent_has_one_end_or_works_still() -> None:
    rig = trading_day.rig().feed(*trading_day.events(5))
    ends = [one.report.order_id for one in rig.records if isinstance(one, Reported) and _ends(one)]
    assert len(set(ends)) == len(ends)
    for manager in rig.router.orders.values():
        working = {order.order_id for order in manager.open()}
        assert working.isdisjoint(ends)


def _ends(record: Reported) -> bool:
    return record.report.fill is not None or record.report.kind.value in {state.value for state in FINAL_STATES}


def test_a_mutant_that_skips_a_booking_is_noticed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = trading_day.rig()
    book = rig.router.ledger.book
    booked: list[Fill] = []

    def skip_the_tenth(fill: Fill) -> None:
        booked.append(fill)
        if len(booked) != 10:
            book(fill)

    monkeypatch.setattr(rig.router.ledger, "book", skip_the_tenth)
    for event in trading_day.events(5):
        rig.feed(event)
        assert bool(rig.router.ledger.difference(rig.market.account())) == (len(booked) >= 10)
    assert len(booked) > 10
