"""What is done to a running floor from outside its feed: halts, trips, and strategies that misbehave. All of it is
journaled between two steps, survives a crash at any write, and comes out the same when it is repeated."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import NotRepeatable
from daemon.paper import PaperShell
from tests.config_builders import plan_of
from tests.simulation.ends import some, writes
from tests.simulation.strategies import OUTSIDE
from tests.simulation.test_recovery import assert_as_if_nothing_had_happened, busy
from tests.simulation.world import PureRun, Work, World, steps_of
from trading.account.records import Operation, StepRecord
from trading.commands import RefusedOrder, Trip, WireCancel, WireSubmit
from trading.orders import Side
from trading.timestamps import SECOND


@pytest.fixture(autouse=True)
def nothing_outside() -> Iterator[None]:
    yield
    OUTSIDE.clear()


def operated(world: World, script: Mapping[int, Operation]) -> Work:
    """A life in which each operation is done after so many feed events, those of earlier lives left out."""

    async def work(shell: PaperShell) -> None:
        floor = shell.floor
        done = sum(isinstance(record, Operation) for record in steps_of(world.groups()))
        todo = list(script.items())[done:]

        async def do_what_is_due() -> None:
            while todo and todo[0][0] <= floor.rows:
                await floor.operate(todo.pop(0)[1])

        await do_what_is_due()
        while floor.upcoming() is not None:
            floor.lay_out()
            await floor.advance()
            await do_what_is_due()
            if floor.rows % 250 == 0:
                await shell.snapshot()
        await floor.finish()

    return work


def an_operation(action: str, *, strategy: str = "", cancel_orders: bool = False, reason: str = "lunch") -> Operation:
    return Operation(action=action, ts_ns=SECOND, reason=reason, strategy=strategy, cancel_orders=cancel_orders)  # type: ignore[arg-type]


DAY = {
    0: an_operation("halt", reason="not yet"),
    1: an_operation("resume", reason="now"),
    300: an_operation("halt", cancel_orders=True),
    301: an_operation("halt", reason="still"),
    600: an_operation("resume"),
    700: an_operation("trip", strategy="maker", reason="stalled for 6.0 s"),
    1_000: an_operation("halt", cancel_orders=True, reason="evening"),
    1_440: an_operation("resume", reason="after hours"),
}


@cache
def operated_day() -> World:
    world = World(busy())
    world.live(operated(world, DAY))
    return world


def records_between(records: list[StepRecord], first: Operation, last: Operation) -> list[StepRecord]:
    return records[records.index(first) : records.index(last)]


def test_while_halted_only_orders_that_reduce_leave_and_after_it_all_do() -> None:
    records = operated_day().steps()
    halted = records_between(records, DAY[301], DAY[600])
    sent = [record.terms for record in halted if isinstance(record, WireSubmit)]
    refused = [record for record in halted if isinstance(record, RefusedOrder)]
    assert {terms.side for terms in sent} <= {Side.SELL}
    exits = {record.terms.order_id for record in refused if record.code == "parent_ended"}
    assert {record.code for record in refused if record.terms.order_id not in exits} == {"halted"}
    assert exits, "the exits of an entry that was refused"
    after = records_between(records, DAY[600], DAY[700])
    assert any(isinstance(record, WireSubmit) and record.terms.side is Side.BUY for record in after)
    assert operated_day().adds_up()


def test_a_halt_that_cancels_leaves_no_order_open() -> None:
    world = World(busy())
    world.live(operated(world, {300: an_operation("halt", cancel_orders=True)}))
    cancelled = [record for record in world.steps() if isinstance(record, WireCancel)]
    assert cancelled

    async def look(shell: PaperShell) -> None:
        router = shell.floor.lockstep.router
        assert router.halted == "lunch", "a restart stays halted"
        assert [manager.open_count for manager in router.orders.values()] == [0] * len(router.orders)

    world.live(look)


def test_a_halt_without_a_reason_halts() -> None:
    world = World(busy())
    world.live(operated(world, {0: an_operation("halt", reason="")}))
    assert world.floor.lockstep.router.halted == "no reason given"
    assert world.fills() == []


@pytest.mark.parametrize("seed", range(2))
def test_operations_survive_a_crash_at_any_write(seed: int) -> None:
    whole = operated_day()
    for site in some(writes(whole.disk.trace), seed):
        world = World(busy())
        world.crash(site, work=operated(world, DAY))
        world.live(operated(world, DAY))
        assert world.steps() == whole.steps()
        assert world.books() == whole.books()
        assert world.adds_up()


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 1_440),
            st.sampled_from(
                [
                    an_operation("halt", cancel_orders=True),
                    an_operation("halt"),
                    an_operation("resume"),
                    an_operation("trip", strategy="sma", reason="stalled"),
                ]
            ),
        ),
        max_size=6,
        unique_by=lambda one: one[0],
    ),
    st.lists(st.integers(1, 300), max_size=4),
)
def test_any_operations_through_any_crashes_come_out_as_without_them(
    given_operations: list[tuple[int, Operation]], ends: list[int]
) -> None:
    script = dict(sorted(given_operations, key=lambda one: one[0]))
    whole = World(busy())
    whole.live(operated(whole, script))
    world = World(busy())
    for write in ends:
        world.crash(f"write#{write}", work=operated(world, script))
    world.live(operated(world, script))
    assert world.steps() == whole.steps()
    assert world.books() == whole.books()
    assert world.adds_up()


REACHING = """
mode: paper
account: {currency: USD, cash: "100000"}
feed: {kind: synthetic, duration: 1h, speed: max, every: 10s, at_end: exit, symbols: {AAA: {price: "100.00"}}}
instruments: {AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}}
strategies:
  - {id: reaches, class: "tests.simulation.strategies:Reaches", params: {symbol: AAA}, capital: "20000"}
  - {id: chaser, class: "tests.simulation.strategies:Chaser", params: {symbol: AAA}, capital: "20000"}
"""


def on_call(number: int, then: Callable[[], object]) -> None:
    """What the strategy `reaches` meets outside: a reason to buy, but for its so-many-th bar."""
    calls = itertools.count(1)
    OUTSIDE["reaches"] = lambda: then() if next(calls) == number else 1


def test_a_strategy_that_stalls_is_named_and_tripped_between_two_steps(tmp_path: Path) -> None:
    world = World(plan_of(tmp_path, REACHING))
    on_call(20, lambda: world.clock.hold_up(6 * SECOND))
    world.live()
    operations = [record for record in world.steps() if isinstance(record, Operation)]
    assert [(one.action, one.strategy, one.reason) for one in operations] == [("trip", "reaches", "stalled for 6.0 s")]
    assert world.floor.lockstep.router.tripped == {"reaches": "stalled for 6.0 s"}
    mine = [record for record in world.steps() if isinstance(record, WireSubmit | RefusedOrder)]
    assert [record.terms.order_id for record in mine if record.terms.strategy == "reaches"][-1] == "reaches-19"
    OUTSIDE.clear()
    others = [fill.price for fill in PureRun(world.plan).fills]
    assert [fill.price for fill in world.fills() if fill.strategy == "chaser"] == others


def test_a_stall_of_an_earlier_life_is_repeated_though_nothing_stalls_any_more(tmp_path: Path) -> None:
    world = World(plan_of(tmp_path, REACHING), snapshot_every=10**9)
    on_call(20, lambda: world.clock.hold_up(6 * SECOND))
    world.crash("write#150")
    on_call(20, lambda: 0)
    world.live()
    assert world.floor.lockstep.router.tripped == {"reaches": "stalled for 6.0 s"}
    assert len([fill for fill in world.fills() if fill.strategy == "reaches"]) == 19
    assert world.adds_up()


def test_a_strategy_that_raises_is_sealed_and_its_orders_cancelled(tmp_path: Path) -> None:
    world = World(busy())
    world.live()
    records = world.steps()
    trips = [record for record in records if isinstance(record, Trip)]
    assert [(trip.strategy, trip.reason) for trip in trips] == [("raises", "ZeroDivisionError: its tenth bar")]
    after = records[records.index(trips[0]) :]
    assert [one.order_id for one in after if isinstance(one, WireCancel) and one.strategy == "raises"] == ["raises-1"]
    assert not [one for one in after if isinstance(one, WireSubmit) and one.terms.strategy == "raises"]
    assert_as_if_nothing_had_happened(world, PureRun(busy()))


def test_a_strategy_that_decides_by_more_than_its_events_is_refused_by_what_differs(tmp_path: Path) -> None:
    world = World(plan_of(tmp_path, REACHING), snapshot_every=10**9)
    OUTSIDE["reaches"] = itertools.count().__next__
    world.crash("write#100")
    before = world.disk.copy()
    OUTSIDE["reaches"] = lambda: 0
    with pytest.raises(
        NotRepeatable, match="the journal has order reaches-1, buy 1 AAA; now came order chaser-4, buy 5 AAA"
    ) as caught:
        world.live()
    assert "decides by more than its events" in caught.value.mend
    world.disk = before
    OUTSIDE["reaches"] = itertools.count().__next__
    world.live()
    assert world.adds_up()
