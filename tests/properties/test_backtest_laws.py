"""A backtest that is cut short is the beginning of the whole one, wherever it is cut; who looks on changes nothing."""

from collections.abc import Iterator
from itertools import count

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.check import Plan
from daemon.research.coordinator import BacktestCoordinator
from daemon.research.progress import Progress
from daemon.results.result import OrderLine, Result, canonical
from tests.backtest_builders import asked, backtested
from tests.simulation.clock import SimulatedClock
from tests.simulation.test_same_in_every_mode import BUSY
from trading.timestamps import SECOND

PLACED = ("order_id", "strategy", "symbol", "side", "type", "created_ts", "parent_id", "group_id")
FINAL = ("filled", "cancelled", "rejected", "expired")


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    text = BUSY.replace("duration: 1h", "duration: 25m") + "backtest: {on_error: go_on}\n"
    return asked(tmp_path_factory.mktemp("busy"), text)


@pytest.fixture(scope="module")
def whole(plan: Plan) -> Result:
    return backtested(plan)


def cut(plan: Plan, events: int) -> Result:
    """The result of so many events; each is a chunk of its own while they are some thousand at most."""
    asked = count(1)
    return backtested(plan, stopped=lambda: next(asked) == events)


def placed(orders: Iterator[OrderLine]) -> list[tuple[object, ...]]:
    return [tuple(getattr(order, name) for name in PLACED) for order in orders]


@settings(max_examples=25)
@given(events=st.integers(1, 599))
def test_one_that_is_cut_short_is_the_beginning_of_the_whole(events: int, plan: Plan, whole: Result) -> None:
    part = cut(plan, events)
    assert part.about.ended == "it was interrupted"
    assert list(part.fills) == list(whole.fills[: len(part.fills)])
    assert list(part.trades) == list(whole.trades[: len(part.trades)])
    assert list(part.signals) == list(whole.signals[: len(part.signals)])
    assert placed(iter(part.orders)) == placed(iter(whole.orders[: len(part.orders)]))
    over = {one.order_id: one for one in part.orders if one.state in FINAL}
    assert over == {one.order_id: one for one in whole.orders if one.order_id in over}
    assert list(part.equity[:-1]) == list(whole.equity[: len(part.equity) - 1])
    later = [one.ts for one in whole.fills[len(part.fills) :]]
    assert all(part.about.end <= ts for ts in later)


def test_one_that_is_cut_after_the_last_event_has_it_all_but_what_is_due_at_the_end(plan: Plan, whole: Result) -> None:
    events = 2 * 2 * 25 * 6
    assert list(cut(plan, events).fills) == list(whole.fills)
    assert backtested(plan, stopped=lambda: False).about.ended == ""


@settings(max_examples=5)
@given(pause_ns=st.integers(0, SECOND))
def test_who_looks_on_changes_nothing(pause_ns: int, plan: Plan, whole: Result) -> None:
    clock, told = SimulatedClock(), list[Progress]()

    def slow() -> bool:
        clock.hold_up(pause_ns)
        return False

    found = BacktestCoordinator(clock).run(plan, tell=told.append, stopped=slow)
    assert canonical(found) == canonical(whole)
    assert (found.prices, found.signals) == (whole.prices, whole.signals)
    assert told[-1].is_last
    assert not any(one.is_last for one in told[:-1])


def test_what_is_compared_knows_its_parts(whole: Result) -> None:
    assert canonical(msgspec.structs.replace(whole, fills=whole.fills[1:])) != canonical(whole)
