"""Whatever reports come, in whatever order and however often, an order keeps to its table."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import fill, report, terms
from trading.errors import IllegalTransition
from trading.money import ZERO
from trading.order_manager import OrderManager, Working
from trading.orders import FINAL_STATES, TRANSITIONS, Order, OrderChange, OrderState, OrderTerms, Side
from trading.reports import ReportKind

QUANTITY = 10
Step = ReportKind | OrderChange | tuple[str, int]

reports = st.sampled_from([kind for kind in ReportKind if kind is not ReportKind.FILLED])
fills = st.tuples(st.sampled_from("vwxyz"), st.integers(1, 6))
own = st.sampled_from([OrderChange.REQUEST_CANCEL, OrderChange.REQUEST_REPLACE, OrderChange.LOSE])
stories = st.lists(reports | fills | own, max_size=25)


def route(manager: OrderManager, asked: OrderTerms) -> Order:
    order = manager.add(asked)
    manager.change(order, OrderChange.VALIDATE, 1)
    manager.change(order, OrderChange.ROUTE, 1)
    return order


def routed() -> tuple[OrderManager, Order]:
    manager = OrderManager("a")
    return manager, route(manager, terms(quantity=str(QUANTITY)))


def take(manager: OrderManager, order: Order, step: Step) -> None:
    """Bring one thing about; a step of our own only where the table has it, as its makers look first."""
    match step:
        case ReportKind():
            manager.apply(report(order.terms, step))
        case OrderChange():
            if (order.state, step) in TRANSITIONS:
                manager.change(order, step, 2)
        case (execution_id, quantity):
            executed = fill(order.terms, str(quantity), execution_id=execution_id)
            manager.apply(report(order.terms, ReportKind.FILLED, filled=executed))


@given(stories)
def test_no_story_of_reports_is_an_error_once_an_order_is_routed(story: list[Step]) -> None:
    manager, order = routed()
    for step in story:
        take(manager, order, step)


@given(stories)
def test_a_final_state_is_left_only_for_filled(story: list[Step]) -> None:
    manager, order = routed()
    for step in story:
        before = order.state
        take(manager, order, step)
        assert before not in FINAL_STATES or order.state in (before, OrderState.FILLED)


@given(stories)
def test_a_step_leads_only_where_a_row_of_its_state_leads(story: list[Step]) -> None:
    manager, order = routed()
    for step in story:
        before = order.state
        lawful = {after for (state, _), after in TRANSITIONS.items() if state is before}
        take(manager, order, step)
        back = {OrderState.ROUTED, OrderState.ACCEPTED, OrderState.TRIGGERED, OrderState.UNKNOWN, OrderState.PARTIAL}
        assert order.state in {before, *(back if None in lawful else ()), *lawful}


@given(stories)
def test_what_is_filled_is_the_sum_of_the_distinct_executions_and_never_falls(story: list[Step]) -> None:
    manager, order = routed()
    executions: dict[str, int] = {}
    for step in story:
        before = order.filled
        take(manager, order, step)
        if isinstance(step, tuple):
            executions.setdefault(*step)
        assert order.filled == sum(executions.values()) >= before
        assert order.gross == 100 * order.filled


@given(stories)
def test_the_state_tells_the_truth_about_what_is_filled(story: list[Step]) -> None:
    manager, order = routed()
    for step in story:
        take(manager, order, step)
        if order.state in (OrderState.ROUTED, OrderState.ACCEPTED, OrderState.TRIGGERED):
            assert order.filled == 0
        assert (order.state is OrderState.FILLED) == (order.filled >= QUANTITY)
        if order.state is OrderState.PARTIAL:
            assert 0 < order.filled < QUANTITY


@given(stories)
def test_an_order_is_listed_as_open_exactly_while_it_is(story: list[Step]) -> None:
    manager, order = routed()
    for step in story:
        take(manager, order, step)
        assert manager.open() == ([order] if order.is_open else [])
        assert manager.open_quantities("AAA") == (order.remaining, Decimal(0))


limits = st.none() | st.integers(90, 110).map(str)
orders = st.tuples(st.sampled_from(Side), st.integers(1, QUANTITY).map(str), limits)


@given(st.lists(orders, min_size=1, max_size=5), st.lists(st.tuples(st.integers(0, 4), reports | fills | own)))
def test_what_works_is_the_sum_over_the_open_orders(placed: list[Any], story: list[tuple[int, Step]]) -> None:
    manager = OrderManager("a")
    kept = [route(manager, terms(*asked, n=n)) for n, asked in enumerate(placed, start=1)]
    for number, step in story:
        take(manager, kept[number % len(kept)], step)
        works = [(one.terms.side, one.terms.limit_price, one.remaining) for one in kept if one.is_open]
        assert manager.working["AAA"] == Working(
            buys=sum((units for side, _, units in works if side is Side.BUY), ZERO),
            sells=sum((units for side, _, units in works if side is Side.SELL), ZERO),
            unlimited_buys=sum((units for side, limit, units in works if side is Side.BUY and not limit), ZERO),
            bids=sum((units * limit for side, limit, units in works if side is Side.BUY and limit), ZERO),
        )


@given(stories, stories)
def test_a_restored_manager_goes_on_identically(before: list[Step], after: list[Step]) -> None:
    manager, order = routed()
    for step in before:
        take(manager, order, step)
    again = OrderManager("a")
    again.restore(manager.state())
    kept = again.get(order.order_id)
    assert kept is not None
    for step in after:
        take(manager, order, step)
        take(again, kept, step)
    assert again.state() == manager.state()


@given(st.sampled_from(OrderState), st.sampled_from(OrderChange))
def test_what_has_no_row_is_an_error_that_changes_nothing(state: OrderState, change: OrderChange) -> None:
    order = Order(terms=terms(), state=state)
    if (state, change) not in TRANSITIONS:
        with pytest.raises(IllegalTransition):
            order.change(change, 9)
        assert order == Order(terms=terms(), state=state)
