"""Whatever reports come, in whatever order and however often, an order keeps to its table."""

from decimal import Decimal
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import fill, report, terms
from tests.market_builders import through_msgpack
from trading.errors import IllegalTransition
from trading.money import ZERO
from trading.order_manager import OrderManager
from trading.orders import FINAL_STATES, TRANSITIONS, Order, OrderChange, OrderState, OrderTerms
from trading.reports import ExecutionReport, ReportKind

QUANTITY = 10
EXECUTIONS = {"u": 0, "v": 1, "w": 2, "x": 3, "y": 4, "z": 6}
"""How many units each execution is of."""


class Trade(NamedTuple):
    """The venue says that an execution happened, or that it is annulled."""

    execution_id: str
    kind: ReportKind = ReportKind.FILLED


class Terms(NamedTuple):
    """Other numbers that are asked for, or that the venue says are there now; `code` where it says so unasked."""

    quantity: int
    limit: int
    asked: bool = True
    code: str = ""


Step = ReportKind | OrderChange | Trade | Terms

told = st.sampled_from([kind for kind in ReportKind if kind not in (ReportKind.FILLED, ReportKind.BUSTED)])
trades = st.builds(
    Trade, st.sampled_from(sorted(EXECUTIONS)), st.sampled_from([ReportKind.FILLED] * 3 + [ReportKind.BUSTED])
)
numbers = st.builds(
    Terms, st.integers(1, 2 * QUANTITY), st.integers(90, 110), st.booleans(), st.sampled_from(["", "oco"])
)
own = st.sampled_from([OrderChange.REQUEST_CANCEL, OrderChange.REQUEST_REPLACE, OrderChange.LOSE])
steps = told | trades | numbers | own
stories = st.lists(steps, max_size=25)


def route(manager: OrderManager, asked: OrderTerms) -> Order:
    order = manager.add(asked)
    manager.change(order, OrderChange.VALIDATE, 1)
    manager.change(order, OrderChange.ROUTE, 1)
    return order


def routed() -> tuple[OrderManager, Order]:
    manager = OrderManager("a")
    return manager, route(manager, terms(quantity=str(QUANTITY)))


def happening(order: Order, step: ReportKind | Trade | Terms) -> ExecutionReport:
    """What the venue says."""
    match step:
        case ReportKind():
            return report(order.terms, step)
        case Trade(execution_id, kind):
            executed = fill(order.terms, str(EXECUTIONS[execution_id]), execution_id=execution_id)
            return report(order.terms, kind, filled=executed)
        case Terms():
            said = report(order.terms, ReportKind.REPLACED)
            return msgspec.structs.replace(said, terms=with_numbers(order.terms, step), code=step.code)


def with_numbers(old: OrderTerms, step: Terms) -> OrderTerms:
    limit = None if old.limit_price is None else Decimal(step.limit)
    return msgspec.structs.replace(old, quantity=Decimal(step.quantity), limit_price=limit)


def take(manager: OrderManager, order: Order, step: Step) -> None:
    """Bring one thing about; a step of our own only where the table has it, as its makers look first."""
    if isinstance(step, OrderChange):
        if (order.state, step) in TRANSITIONS:
            manager.change(order, step, 2)
    elif isinstance(step, Terms) and step.asked:
        if not order.is_pending and (order.state, OrderChange.REQUEST_REPLACE) in TRANSITIONS:
            manager.amend(order, with_numbers(order.terms, step), 2)
    else:
        manager.apply(happening(order, step))


@given(stories)
def test_no_story_of_reports_is_an_error_once_an_order_is_routed(story: list[Step]) -> None:
    manager, order = routed()
    for step in story:
        take(manager, order, step)


@given(stories)
def test_a_final_state_is_left_only_for_filled_and_filled_only_by_a_bust(story: list[Step]) -> None:
    manager, order = routed()
    for step in story:
        before = order.state
        take(manager, order, step)
        busted = isinstance(step, Trade) and step.kind is ReportKind.BUSTED
        if before is OrderState.FILLED and busted:
            assert order.state in (OrderState.FILLED, OrderState.ACCEPTED, OrderState.PARTIAL)
        else:
            assert before not in FINAL_STATES or order.state in (before, OrderState.FILLED)


@given(stories)
def test_a_step_leads_only_where_a_row_of_its_state_leads(story: list[Step]) -> None:
    manager, order = routed()
    for step in story:
        before = order.state
        lawful = {after for (state, _), after in TRANSITIONS.items() if state is before}
        take(manager, order, step)
        back = {OrderState.ROUTED, OrderState.ACCEPTED, OrderState.TRIGGERED, OrderState.UNKNOWN}
        whole_or_part = {OrderState.PARTIAL, OrderState.FILLED}
        assert order.state in {before, *(back if None in lawful else ()), *whole_or_part, *lawful}


@given(stories)
def test_what_is_filled_is_the_sum_of_the_distinct_executions_that_stand(story: list[Step]) -> None:
    manager, order = routed()
    stands: dict[str, bool] = {}
    for step in story:
        take(manager, order, step)
        if isinstance(step, Trade):
            stands.setdefault(step.execution_id, True)
            if step.kind is ReportKind.BUSTED:
                stands[step.execution_id] = False
        assert order.filled == sum(EXECUTIONS[one] for one, stood in stands.items() if stood)
        assert order.gross == 100 * order.filled


@given(stories)
def test_what_is_to_be_booked_adds_up_to_what_is_filled(story: list[Step]) -> None:
    manager, order = routed()
    booked = ZERO
    for step in story:
        if isinstance(step, Trade):
            _, fill_of_it = manager.apply(happening(order, step))
            if fill_of_it is not None:
                booked += fill_of_it.side.signed(fill_of_it.quantity)
        else:
            take(manager, order, step)
        assert booked == order.filled


@given(stories)
def test_the_state_tells_the_truth_about_what_is_filled(story: list[Step]) -> None:
    manager, order = routed()
    for step in story:
        take(manager, order, step)
        if order.state in (OrderState.ROUTED, OrderState.ACCEPTED, OrderState.TRIGGERED):
            assert order.filled == 0
        if order.state is OrderState.FILLED:
            assert order.filled >= order.terms.quantity
        if order.state is OrderState.PARTIAL:
            assert order.filled > 0
        if order.is_open:
            assert order.filled < order.whole
            assert (order.asked is None) or order.is_pending
        else:
            assert order.asked is None


@given(stories)
def test_an_order_is_listed_as_open_exactly_while_it_is(story: list[Step]) -> None:
    manager, order = routed()
    for step in story:
        take(manager, order, step)
        assert manager.open() == ([order] if order.is_open else [])
        assert manager.open_quantities("AAA") == (order.remaining, Decimal(0))


@given(stories, stories)
def test_a_restored_manager_goes_on_identically(before: list[Step], after: list[Step]) -> None:
    manager, order = routed()
    for step in before:
        take(manager, order, step)
    again = OrderManager("a")
    again.restore(through_msgpack(manager.state()))
    kept = again.get(order.order_id)
    assert kept is not None
    for step in after:
        take(manager, order, step)
        take(again, kept, step)
    assert again.state() == manager.state()


@given(st.lists(told | trades | numbers | own, max_size=25), st.lists(st.booleans(), min_size=25, max_size=25))
def test_container_and_router_agree_once_each_has_heard_the_same(story: list[Step], refused: list[bool]) -> None:
    (container, mine), (router, theirs) = routed(), routed()
    for step, is_refused in zip(story, refused, strict=False):
        if isinstance(step, Terms) and step.asked:
            take(container, mine, step)
            if is_refused and mine.asked is not None and theirs.asked is None:
                container.apply(report(mine.terms, ReportKind.REPLACE_REJECTED))
            else:
                take(router, theirs, step)
        else:
            take(container, mine, step)
            take(router, theirs, step)
        assert (mine.filled, mine.terms, mine.asked) == (theirs.filled, theirs.terms, theirs.asked)
        assert container.working == router.working
        assert mine.is_open is theirs.is_open


@given(st.sampled_from(OrderState), st.sampled_from(OrderChange))
def test_what_has_no_row_is_an_error_that_changes_nothing(state: OrderState, change: OrderChange) -> None:
    order = Order(terms=terms(), state=state)
    if (state, change) not in TRANSITIONS:
        with pytest.raises(IllegalTransition):
            order.change(change, 9)
        assert order == Order(terms=terms(), state=state)
