"""Orders: the transition table as it is printed and drawn, its odd but lawful rows, and what has no row."""

from copy import copy
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from scripts import draw_order_states
from tests.builders import fill, report, terms
from trading.errors import IllegalTransition
from trading.order_manager import CLOSED_KEPT, OrderManager
from trading.orders import TRANSITIONS, Order, OrderChange, OrderState, OrderTerms, Side
from trading.reports import ExecutionReport, Fill, Origin, ReportKind, apply

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "order_transitions.txt"

ACK, FILLED, CANCELLED, REJECTED = (
    ReportKind.ACCEPTED,
    ReportKind.FILLED,
    ReportKind.CANCELLED,
    ReportKind.REJECTED,
)


def routed(quantity: str = "10") -> tuple[OrderManager, Order]:
    """A manager and its one order, on its way to the market."""
    manager = OrderManager("a")
    order = manager.add(terms(quantity=quantity))
    manager.change(order, OrderChange.VALIDATE, 1)
    manager.change(order, OrderChange.ROUTE, 1)
    return manager, order


def amended(order: Order, **changes: str) -> OrderTerms:
    """The terms of an order with some numbers changed."""
    return msgspec.structs.replace(order.terms, **{field: Decimal(number) for field, number in changes.items()})


def replaced(order: Order, *, code: str = "", **changes: str) -> ExecutionReport:
    """What the venue says that an order's terms are now."""
    kept = report(order.terms, ReportKind.REPLACED)
    return msgspec.structs.replace(kept, terms=amended(order, **changes), code=code)


def bust_of(manager: OrderManager, order: Order, quantity: str, execution_id: str) -> Fill | None:
    """What is to be booked when the venue annuls a fill of so many units."""
    annulled = fill(order.terms, quantity, execution_id=execution_id)
    return manager.apply(report(order.terms, ReportKind.BUSTED, filled=annulled))[1]


def hear(manager: OrderManager, order: Order, *kinds: ReportKind) -> None:
    for kind in kinds:
        manager.apply(report(order.terms, kind))


def fill_of(manager: OrderManager, order: Order, quantity: str, execution_id: str | None = None) -> bool:
    """Whether a fill of so many units counted."""
    filled = fill(order.terms, quantity, execution_id=execution_id)
    return manager.apply(report(order.terms, FILLED, filled=filled))[1] is not None


def test_the_printed_table_is_the_golden_one() -> None:
    assert draw_order_states.table() == GOLDEN.read_text(encoding="utf-8")


def test_the_drawing_in_the_docs_is_of_this_table() -> None:
    assert draw_order_states.DOCUMENT.read_text(encoding="utf-8") == draw_order_states.document()


@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize("change", OrderChange)
def test_a_change_makes_its_row_or_is_illegal(state: OrderState, change: OrderChange) -> None:
    order = Order(terms=terms(), state=state, before_pending=OrderState.ACCEPTED)

    if (state, change) in TRANSITIONS:
        order.change(change, 7)
        assert (order.state, order.updated_ns) == (TRANSITIONS[state, change] or OrderState.ACCEPTED, 7)
    else:
        with pytest.raises(IllegalTransition, match=f"a-1: no row for {change} in state {state}"):
            order.change(change, 7)
        assert (order.state, order.updated_ns) == (state, 0)


def test_an_order_lives_from_received_to_filled() -> None:
    manager, order = routed()
    hear(manager, order, ACK)
    fill_of(manager, order, "4")
    assert (order.state, order.remaining, order.average_price) == (OrderState.PARTIAL, Decimal(6), 100.0)

    fill_of(manager, order, "6")
    assert (order.state, order.remaining, order.filled) == (OrderState.FILLED, Decimal(0), Decimal(10))


def test_a_fill_before_the_acknowledgement_stands() -> None:
    manager, order = routed()
    fill_of(manager, order, "4")
    hear(manager, order, ACK)
    assert (order.state, order.filled) == (OrderState.PARTIAL, Decimal(4))


def test_a_fill_after_the_cancel_counts_and_leaves_the_order_cancelled() -> None:
    manager, order = routed()
    hear(manager, order, ACK, CANCELLED)
    assert fill_of(manager, order, "4")
    assert (order.state, order.filled, order.remaining) == (OrderState.CANCELLED, Decimal(4), Decimal(0))


@pytest.mark.parametrize("end", [CANCELLED, REJECTED, ReportKind.EXPIRED])
def test_an_order_that_ended_and_then_filled_wholly_is_filled(end: ReportKind) -> None:
    manager, order = routed()
    hear(manager, order, end, FILLED)
    assert order.state is OrderState.FILLED


def test_more_than_was_asked_for_is_booked_too() -> None:
    manager, order = routed()
    fill_of(manager, order, "8")
    fill_of(manager, order, "5")
    assert (order.state, order.filled, order.remaining) == (OrderState.FILLED, Decimal(13), Decimal(0))


def test_a_fill_heard_twice_counts_once() -> None:
    manager, order = routed()
    assert fill_of(manager, order, "4", "x-1")
    assert not fill_of(manager, order, "4", "x-1")
    assert order.filled == Decimal(4)


def test_two_orders_may_have_fills_of_one_execution_id() -> None:
    manager, first = routed()
    second = manager.add(terms(n=2))
    manager.change(second, OrderChange.VALIDATE, 1)
    manager.change(second, OrderChange.ROUTE, 1)
    assert fill_of(manager, first, "4", "x-1")
    assert fill_of(manager, second, "4", "x-1")


def test_a_cancel_refused_after_the_fill_changes_nothing() -> None:
    manager, order = routed()
    hear(manager, order, ACK)
    manager.change(order, OrderChange.REQUEST_CANCEL, 2)
    hear(manager, order, FILLED, ReportKind.CANCEL_REJECTED)
    assert order.state is OrderState.FILLED


def test_a_refused_cancel_brings_the_order_back_to_where_it_stood() -> None:
    manager, order = routed()
    hear(manager, order, ACK)
    manager.change(order, OrderChange.REQUEST_CANCEL, 2)
    hear(manager, order, ReportKind.CANCEL_REJECTED)
    assert order.state is OrderState.ACCEPTED


def test_a_refusal_heard_twice_is_no_error() -> None:
    manager, order = routed()
    hear(manager, order, ACK)
    manager.change(order, OrderChange.REQUEST_CANCEL, 2)
    hear(manager, order, ReportKind.CANCEL_REJECTED, ReportKind.CANCEL_REJECTED)
    assert order.state is OrderState.ACCEPTED


@pytest.mark.parametrize(
    ("heard", "back_at"), [(ACK, OrderState.ACCEPTED), (ReportKind.TRIGGERED, OrderState.TRIGGERED)]
)
def test_what_is_heard_while_a_cancel_is_under_way_is_not_forgotten(heard: ReportKind, back_at: OrderState) -> None:
    manager, order = routed()
    manager.change(order, OrderChange.REQUEST_CANCEL, 2)
    hear(manager, order, heard, ReportKind.CANCEL_REJECTED)
    assert order.state is back_at


def test_a_part_filled_while_a_cancel_is_under_way_shows_when_it_is_refused() -> None:
    manager, order = routed()
    manager.change(order, OrderChange.REQUEST_CANCEL, 2)
    fill_of(manager, order, "4")
    assert (order.state, order.remaining) == (OrderState.PENDING_CANCEL, Decimal(6))
    hear(manager, order, ReportKind.CANCEL_REJECTED)
    assert order.state is OrderState.PARTIAL


@pytest.mark.parametrize("late", [ACK, ReportKind.TRIGGERED])
def test_a_late_report_does_not_hide_that_a_part_has_filled(late: ReportKind) -> None:
    manager, order = routed()
    fill_of(manager, order, "4")
    manager.change(order, OrderChange.LOSE, 2)
    hear(manager, order, late)
    assert order.state is OrderState.PARTIAL


def test_a_replacement_overtaken_by_a_cancel_leaves_the_cancel_under_way() -> None:
    manager, order = routed()
    hear(manager, order, ACK)
    manager.change(order, OrderChange.REQUEST_REPLACE, 2)
    manager.change(order, OrderChange.REQUEST_CANCEL, 3)
    hear(manager, order, ReportKind.REPLACED)
    assert (order.state, order.is_open) == (OrderState.PENDING_CANCEL, True)
    hear(manager, order, ReportKind.CANCEL_REJECTED)
    assert order.state is OrderState.ACCEPTED


@pytest.mark.parametrize("late", [kind for kind in ReportKind if kind not in (FILLED, ReportKind.BUSTED)])
def test_nothing_late_moves_an_order_that_is_filled(late: ReportKind) -> None:
    manager, order = routed()
    hear(manager, order, FILLED, late)
    assert order.state is OrderState.FILLED


# Fills that change nothing, and fills that are taken back.


def test_a_fill_of_nothing_changes_nothing() -> None:
    manager, order = routed()
    before = copy(order)
    assert not fill_of(manager, order, "0", "x-1")
    assert order == before
    assert fill_of(manager, order, "4", "x-1"), "nor is its execution heard"


@pytest.mark.parametrize(
    ("filled", "busted", "state", "left"),
    [
        (["10"], 0, OrderState.ACCEPTED, "10"),
        (["4", "6"], 1, OrderState.PARTIAL, "6"),
        (["4"], 0, OrderState.ACCEPTED, "10"),
        (["2", "3"], 0, OrderState.PARTIAL, "7"),
        (["10", "3"], 1, OrderState.FILLED, "0"),
        (["10", "3"], 0, OrderState.PARTIAL, "7"),
    ],
)
def test_what_is_annulled_works_again(filled: list[str], busted: int, state: OrderState, left: str) -> None:
    manager, order = routed()
    hear(manager, order, ACK)
    for number, units in enumerate(filled):
        fill_of(manager, order, units, f"x-{number}")
    bust_of(manager, order, filled[busted], f"x-{busted}")
    assert (order.state, order.remaining) == (state, Decimal(left))
    assert manager.open_quantities("AAA") == (Decimal(left), Decimal(0))


def test_the_books_take_back_what_they_took_up() -> None:
    manager, order = routed()
    first = fill(order.terms, "4", "99", fee="1", execution_id="x-1")
    manager.apply(report(order.terms, FILLED, filled=first))
    annulled = report(order.terms, ReportKind.BUSTED, filled=first)
    assert manager.apply(annulled) == (order, first.reversal(annulled.ts_ns))
    assert (order.filled, order.gross) == (Decimal(0), Decimal(0))


def test_a_bust_heard_twice_is_booked_once() -> None:
    manager, order = routed()
    fill_of(manager, order, "4", "x-1")
    assert bust_of(manager, order, "4", "x-1") is not None
    assert bust_of(manager, order, "4", "x-1") is None
    assert order.filled == Decimal(0)


def test_a_fill_that_was_annulled_before_it_was_heard_of_counts_no_more() -> None:
    manager, order = routed()
    assert bust_of(manager, order, "4", "x-1") is None
    assert not fill_of(manager, order, "4", "x-1")
    assert (order.state, order.filled) == (OrderState.ROUTED, Decimal(0))


def test_a_fill_heard_again_after_its_bust_counts_no_more() -> None:
    manager, order = routed()
    fill_of(manager, order, "4", "x-1")
    bust_of(manager, order, "4", "x-1")
    assert not fill_of(manager, order, "4", "x-1")
    assert order.filled == Decimal(0)


def test_a_correction_is_a_bust_and_another_fill() -> None:
    manager, order = routed()
    fill_of(manager, order, "10", "x-1")
    bust_of(manager, order, "10", "x-1")
    assert fill_of(manager, order, "7", "x-2")
    assert (order.state, order.filled, order.remaining) == (OrderState.PARTIAL, Decimal(7), Decimal(3))


def test_a_bust_of_a_cancelled_order_leaves_it_cancelled() -> None:
    manager, order = routed()
    fill_of(manager, order, "4", "x-1")
    hear(manager, order, CANCELLED)
    assert bust_of(manager, order, "4", "x-1") is not None
    assert (order.state, order.filled) == (OrderState.CANCELLED, Decimal(0))
    assert manager.open() == []


def test_a_bust_while_a_cancel_is_under_way_leaves_it_under_way() -> None:
    manager, order = routed()
    fill_of(manager, order, "4", "x-1")
    manager.change(order, OrderChange.REQUEST_CANCEL, 2)
    bust_of(manager, order, "4", "x-1")
    assert order.state is OrderState.PENDING_CANCEL
    hear(manager, order, ReportKind.CANCEL_REJECTED)
    assert (order.state, order.filled) == (OrderState.ACCEPTED, Decimal(0)), "nothing of it has filled"


def test_a_bust_of_a_stranger_s_fill_is_booked_once() -> None:
    manager, stranger = OrderManager("a"), Order(terms=terms(n=99))
    fill_of(manager, stranger, "4", "x-1")
    assert bust_of(manager, stranger, "4", "x-1") is not None
    assert bust_of(manager, stranger, "4", "x-1") is None


def test_an_order_that_works_again_is_not_forgotten_with_the_closed_ones() -> None:
    manager, order = routed()
    fill_of(manager, order, "10", "x-1")
    bust_of(manager, order, "10", "x-1")
    for n in range(2, CLOSED_KEPT + 3):
        manager.change(manager.add(terms(n=n)), OrderChange.REJECT, 1)
    assert manager.get_open("a-1") is order
    assert manager.open_quantities("AAA") == (Decimal(10), Decimal(0))


def test_an_order_that_works_again_is_the_newest_also_after_a_restart() -> None:
    manager, order = routed()
    fill_of(manager, order, "10", "x-1")
    manager.change(manager.add(terms(n=2)), OrderChange.VALIDATE, 1)
    bust_of(manager, order, "10", "x-1")
    again = OrderManager("a")
    again.restore(manager.state())
    assert [one.order_id for one in manager.open()] == ["a-2", "a-1"]
    assert again.open() == manager.open()


# Amendments.


def test_an_amendment_counts_as_the_larger_until_it_is_answered() -> None:
    manager, order = routed()
    hear(manager, order, ACK)
    manager.amend(order, amended(order, quantity="15"), 2)
    assert (order.state, order.remaining) == (OrderState.PENDING_REPLACE, Decimal(15))

    manager.apply(replaced(order, quantity="15"))
    assert (order.state, order.terms.quantity, order.asked) == (OrderState.ACCEPTED, Decimal(15), None)
    assert manager.open_quantities("AAA") == (Decimal(15), Decimal(0))


def test_an_amendment_to_less_counts_as_before_until_it_is_answered() -> None:
    manager, order = routed()
    fill_of(manager, order, "4")
    manager.amend(order, amended(order, quantity="6"), 2)
    assert order.remaining == Decimal(6)
    manager.apply(replaced(order, quantity="6"))
    assert (order.state, order.remaining) == (OrderState.PARTIAL, Decimal(2))


def test_a_venue_that_only_says_replaced_means_what_was_asked() -> None:
    manager, order = routed()
    manager.amend(order, amended(order, quantity="15"), 2)
    hear(manager, order, ReportKind.REPLACED)
    assert (order.state, order.terms.quantity) == (OrderState.ROUTED, Decimal(15))


def test_a_refused_amendment_leaves_an_order_as_it_was() -> None:
    manager, order = routed()
    hear(manager, order, ACK)
    manager.amend(order, amended(order, quantity="15"), 2)
    hear(manager, order, ReportKind.REPLACE_REJECTED)
    assert (order.state, order.terms.quantity, order.asked) == (OrderState.ACCEPTED, Decimal(10), None)
    assert manager.open_quantities("AAA") == (Decimal(10), Decimal(0))


def test_an_amendment_that_never_left_is_no_answer_to_one_that_did() -> None:
    manager, order = routed()
    manager.amend(order, amended(order, quantity="15"), 2)
    manager.apply(msgspec.structs.replace(report(order.terms, ReportKind.REPLACE_REJECTED), origin=Origin.RISK))
    assert (order.state, order.remaining) == (OrderState.PENDING_REPLACE, Decimal(15))


def test_a_second_amendment_while_one_is_under_way_is_an_error_of_ours() -> None:
    manager, order = routed()
    manager.amend(order, amended(order, quantity="15"), 2)
    with pytest.raises(IllegalTransition, match="no row for request_replace in state pending_replace"):
        manager.amend(order, amended(order, quantity="16"), 3)


def test_a_replacement_after_the_fill_changes_nothing() -> None:
    manager, order = routed()
    hear(manager, order, FILLED)
    manager.apply(replaced(order, quantity="15"))
    assert (order.state, order.terms.quantity) == (OrderState.FILLED, Decimal(10))


def test_a_fill_of_all_while_an_amendment_to_more_is_under_way_may_not_be_all() -> None:
    manager, order = routed()
    manager.amend(order, amended(order, quantity="15"), 2)
    fill_of(manager, order, "10")
    assert (order.state, order.remaining) == (OrderState.PENDING_REPLACE, Decimal(5))
    assert manager.open_quantities("AAA") == (Decimal(5), Decimal(0))


@pytest.mark.parametrize(
    ("answer", "state", "left"),
    [(ReportKind.REPLACED, OrderState.PARTIAL, "5"), (ReportKind.REPLACE_REJECTED, OrderState.FILLED, "0")],
)
def test_it_was_all_when_the_amendment_is_refused(answer: ReportKind, state: OrderState, left: str) -> None:
    manager, order = routed()
    manager.amend(order, amended(order, quantity="15"), 2)
    fill_of(manager, order, "10")
    hear(manager, order, answer)
    assert (order.state, order.remaining, order.is_open) == (state, Decimal(left), bool(Decimal(left)))
    assert manager.open() == ([order] if Decimal(left) else [])


def test_a_replacement_by_what_has_filled_fills_the_order() -> None:
    manager, order = routed()
    fill_of(manager, order, "4")
    manager.apply(replaced(order, quantity="4"))
    assert (order.state, manager.open_count) == (OrderState.FILLED, 0)


@pytest.mark.parametrize("change", [OrderChange.LOSE, OrderChange.REQUEST_CANCEL])
def test_an_amendment_that_is_overtaken_still_counts_until_it_is_answered(change: OrderChange) -> None:
    manager, order = routed()
    manager.amend(order, amended(order, quantity="15"), 2)
    manager.change(order, change, 3)
    assert (order.remaining, order.is_pending) == (Decimal(15), True)
    manager.apply(replaced(order, quantity="12"))
    assert order.remaining == Decimal(12)
    assert manager.open_quantities("AAA") == (Decimal(12), Decimal(0))


def test_terms_that_the_venue_changed_by_itself_answer_no_amendment() -> None:
    manager, order = routed()
    manager.amend(order, amended(order, quantity="15"), 2)
    manager.apply(replaced(order, quantity="7", code="oco"))
    assert (order.state, order.terms.quantity) == (OrderState.PENDING_REPLACE, Decimal(7))
    assert order.remaining == Decimal(15)
    manager.apply(replaced(order, quantity="12"))
    assert (order.state, order.remaining) == (OrderState.ROUTED, Decimal(12))


@pytest.mark.parametrize("asked", ["3", "4"])
def test_terms_that_the_venue_brought_down_to_what_has_filled_fill_the_order_where_no_more_is_asked(asked: str) -> None:
    manager, order = routed()
    fill_of(manager, order, "4")
    manager.amend(order, amended(order, quantity=asked), 2)
    manager.apply(replaced(order, quantity="4", code="oco"))
    assert (order.state, order.asked, manager.open_count) == (OrderState.FILLED, None, 0)
    hear(manager, order, ReportKind.REPLACE_REJECTED)
    assert (order.state, order.terms.quantity) == (OrderState.FILLED, Decimal(4))


def test_terms_that_the_venue_changed_by_itself_are_taken() -> None:
    manager, order = routed()
    hear(manager, order, ACK)
    manager.apply(replaced(order, quantity="7", code="oco"))
    assert (order.state, order.remaining) == (OrderState.ACCEPTED, Decimal(7))


def test_a_cancel_while_an_amendment_is_under_way_ends_both() -> None:
    manager, order = routed()
    manager.amend(order, amended(order, quantity="15"), 2)
    manager.change(order, OrderChange.REQUEST_CANCEL, 3)
    hear(manager, order, CANCELLED, ReportKind.REPLACE_REJECTED)
    assert (order.state, order.asked, order.is_pending) == (OrderState.CANCELLED, None, False)
    assert manager.open_quantities("AAA") == (Decimal(0), Decimal(0))


@pytest.mark.parametrize(("limit", "asked", "worst"), [("90", "95", "95"), ("90", "85", "90")])
def test_a_price_counts_as_the_dearer_until_the_answer(limit: str, asked: str, worst: str) -> None:
    manager = OrderManager("a")
    order = manager.add(terms(limit=limit))
    manager.change(order, OrderChange.VALIDATE, 1)
    manager.change(order, OrderChange.ROUTE, 1)
    manager.amend(order, amended(order, limit_price=asked), 2)
    assert manager.working["AAA"].bids == 10 * Decimal(worst)
    manager.apply(replaced(order, limit_price=asked))
    assert manager.working["AAA"].bids == 10 * Decimal(asked)


def test_a_report_that_cannot_be_leaves_the_order_untouched() -> None:
    order = Order(terms=terms())
    with pytest.raises(IllegalTransition):
        apply(report(order.terms, FILLED), order)
    assert order == Order(terms=terms())


def refusal(order: OrderTerms, kind: ReportKind, code: str) -> ExecutionReport:
    return ExecutionReport(
        order_id=order.order_id, strategy="a", kind=kind, ts_ns=2, origin=Origin.GATE, code=code, reason=f"for {code}"
    )


def test_an_order_keeps_the_reason_of_its_end_and_no_later_one() -> None:
    manager, order = routed()
    manager.apply(refusal(order.terms, REJECTED, "halted"))
    manager.apply(refusal(order.terms, ReportKind.CANCEL_REJECTED, "not_open"))
    assert (order.origin, order.code, order.reason) == (Origin.GATE, "halted", "for halted")


def test_a_refused_cancel_is_no_reason_of_the_order() -> None:
    manager, order = routed()
    manager.change(order, OrderChange.REQUEST_CANCEL, 1)
    manager.apply(refusal(order.terms, ReportKind.CANCEL_REJECTED, "too_late"))
    hear(manager, order, FILLED)
    assert (order.code, order.reason) == ("", "")


# The manager.


def test_only_what_is_on_its_way_or_working_counts_as_open() -> None:
    manager = OrderManager("a")
    order = manager.add(terms(quantity="7"))
    assert (manager.open(), manager.get_open("a-1"), manager.open_count) == ([], None, 0)

    manager.change(order, OrderChange.VALIDATE, 1)
    assert (manager.open("AAA"), manager.open("BBB"), manager.get_open("a-1")) == ([order], [], order)
    assert manager.open_quantities("AAA") == (Decimal(7), Decimal(0))


def test_an_order_that_is_only_received_is_not_open_after_a_restart_either() -> None:
    manager, again = OrderManager("a"), OrderManager("a")
    manager.add(terms())
    again.restore(manager.state())
    assert again.open() == []


def test_open_orders_stand_by_age_whatever_their_symbol_and_after_a_restart_too() -> None:
    manager = OrderManager("a")
    for n, symbol in enumerate(("AAA", "BBB", "AAA", "BBB"), start=1):
        manager.change(manager.add(terms(n=n, symbol=symbol)), OrderChange.VALIDATE, 1)
        manager.change(manager.open()[-1], OrderChange.ROUTE, 1)
    manager.apply(report(terms(n=1), FILLED))
    again = OrderManager("a")
    again.restore(manager.state())

    assert [order.order_id for order in manager.open()] == ["a-2", "a-3", "a-4"]
    assert again.open() == manager.open()


def test_buys_and_sells_are_counted_apart() -> None:
    manager = OrderManager("a")
    for n, (side, quantity) in enumerate([(Side.BUY, "3"), (Side.SELL, "5"), (Side.BUY, "4")], start=1):
        manager.change(manager.add(terms(side, quantity, n=n)), OrderChange.VALIDATE, 1)
    assert manager.open_quantities("AAA") == (Decimal(7), Decimal(5))


def test_closed_orders_are_kept_for_a_while_and_then_forgotten() -> None:
    manager = OrderManager("a")
    for n in range(1, CLOSED_KEPT + 2):
        manager.change(manager.add(terms(n=n)), OrderChange.REJECT, 1)
    assert manager.get("a-1") is None
    assert manager.get("a-2") is not None


def test_a_fill_of_an_order_that_is_not_here_counts_once() -> None:
    manager, stranger = OrderManager("a"), terms(n=99)
    heard = report(stranger, FILLED)
    assert manager.apply(heard) == (None, heard.fill)
    assert manager.apply(heard) == (None, None)


def test_a_restored_manager_remembers_what_it_heard() -> None:
    manager, order = routed()
    fill_of(manager, order, "4", "x-1")
    stranger = report(terms(n=99), FILLED)
    manager.apply(stranger)
    again = OrderManager("a")
    again.restore(manager.state())

    assert again.state() == manager.state()
    assert not fill_of(again, order, "4", "x-1")
    assert again.apply(stranger) == (None, None)
    assert again.next_order_id() == manager.next_order_id()
