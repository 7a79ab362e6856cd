"""Group B: fills and execution reports that come early, late, twice, out of order, or not as they should."""

from collections.abc import Callable
from decimal import Decimal
from itertools import permutations
from random import Random

import msgspec
import pytest

from tests.account_builders import on_margin
from tests.builders import acting, fill, nothing, spec
from tests.faults.venue import AtVenue, commands_of
from trading.orders import FINAL_STATES, Order, OrderState
from trading.reports import ExecutionReport, Fill, ReportKind
from trading.strategy import Strategy

ACCEPTED, CANCELLED = ReportKind.ACCEPTED, ReportKind.CANCELLED


def buy(self: Strategy) -> None:
    self.buy("AAA", 10, limit_price=Decimal(100))


def sell(self: Strategy) -> None:
    self.sell("AAA", 10, limit_price=Decimal(100))


def cancel(self: Strategy) -> None:
    self.cancel(self.open_orders()[0].order_id)


def bought(*actions: Callable[[Strategy], object]) -> AtVenue:
    """Strategy a has sent an order for ten, and takes these actions at the next events."""
    return AtVenue(spec(acting(buy, *actions))).tick()


# F16 and F28: what is said of one order comes in any order.


@pytest.mark.parametrize("said_in", list(permutations(range(4))))
def test_acknowledgement_and_fills_may_come_in_any_order_and_twice(said_in: tuple[int, ...]) -> None:
    """The answer to the request and the stream each tell all of it, unsynchronised."""
    rig = bought()
    words = [
        rig.told("a-1", ACCEPTED),
        rig.filled("a-1", "4", "x1"),
        rig.told("a-1", ACCEPTED),
        rig.filled("a-1", "6", "x2", at="99.99"),
    ]
    rig.hear_each(words[place] for place in said_in)
    assert rig.stands() == "filled 10, left 0, holds 10"
    rig.hear_each(words)
    assert rig.stands() == "filled 10, left 0, holds 10"
    assert rig.book().fees == {"USD": Decimal("0.20")}
    rig.assert_agreed()


def test_a_fill_that_comes_before_its_acknowledgement_is_not_undone_by_it() -> None:
    rig = bought()
    rig.hear(rig.filled("a-1", "4", "x1"), rig.told("a-1", ACCEPTED))
    assert rig.stands() == "partial 4, left 6, holds 4"
    rig.assert_agreed()


def test_a_cancel_that_comes_before_the_acknowledgement_ends_the_order() -> None:
    rig = bought(cancel)
    rig.tick().hear(rig.told("a-1", CANCELLED)).hear(rig.told("a-1", ACCEPTED))
    assert rig.stands() == "cancelled 0, left 0, holds 0"
    rig.hear(rig.filled("a-1", "3", "x1"))
    assert rig.stands() == "cancelled 3, left 0, holds 3"
    rig.assert_agreed()


# F22: trade ids that come again, and one that is two executions.


def test_an_execution_that_is_heard_again_after_a_restart_does_not_count_and_does_not_abort() -> None:
    rig = bought()
    words = [rig.told("a-1", ACCEPTED), rig.filled("a-1", "10", "x1")]
    rig.hear_each(words)
    again = rig.router.state()
    rig.router.restore(again)
    rig.hear_each(words * 2)
    assert rig.stands() == "filled 10, left 0, holds 10"
    rig.assert_agreed()


def test_a_flip_that_the_venue_tells_as_two_legs_of_one_trade_is_booked_whole() -> None:
    """Each leg has an id of its own, made of the trade's; two orders may share one."""

    def sell_more(self: Strategy) -> None:
        self.sell("AAA", 15, limit_price=Decimal(100))

    rig = AtVenue(spec(acting(buy, nothing, sell_more)), instrument=on_margin()).tick()
    rig.hear(rig.filled("a-1", "8", "t7"), rig.filled("a-1", "2", "t8/open")).tick()
    legs = [rig.filled("a-2", "10", "t8/close"), rig.filled("a-2", "5", "t8/open")]
    rig.hear(*legs, *legs)
    assert rig.order("a-1").state is OrderState.FILLED
    assert rig.stands("a-2") == "filled 15, left 0, holds -5"
    rig.assert_agreed()


# F24, F25 and F27: the same fills by another way.


def test_a_days_fills_told_again_after_a_reconnect_change_nothing() -> None:
    """Two hundred orders' whole day, in a shuffled order."""
    rig = AtVenue(spec(acting(*[buy, nothing, sell, nothing] * 100)))
    told: list[ExecutionReport] = []
    for n in range(1, 201):
        rig.tick()
        words = [
            rig.told(f"a-{n}", ACCEPTED),
            rig.filled(f"a-{n}", "3", f"x{n}", at="99.99"),
            rig.filled(f"a-{n}", "7", f"y{n}"),
        ]
        rig.hear(*words)
        told += words
    before, fills = rig.book().digest(), rig.book().fills
    assert fills == 400
    Random(1).shuffle(told)
    rig.hear(*told)
    assert (rig.book().digest(), rig.book().fills) == (before, fills)
    assert rig.container().portfolio.digest() == before
    rig.assert_agreed()


@pytest.mark.parametrize("seed", range(8))
def test_a_fill_that_comes_on_two_paths_counts_once_whichever_is_first(seed: int) -> None:
    rig = AtVenue(spec(acting(buy), "a"), spec(acting(buy), "b")).tick()
    pushed = [
        rig.filled(order, units, f"{order}/{units}") for order in ("a-1", "b-1") for units in ("1", "2", "3", "4")
    ]
    polled = [msgspec.structs.replace(one, ts_ns=one.ts_ns + 7) for one in pushed]
    words = pushed + polled
    Random(seed).shuffle(words)
    rig.hear_each(words)
    assert [rig.stands(f"{name}-1") for name in "ab"] == ["filled 10, left 0, holds 10"] * 2
    rig.assert_agreed()


def test_execution_ids_need_not_grow() -> None:
    """Each symbol and order counts its own; another's higher number hides nothing."""
    rig = AtVenue(spec(acting(buy), "a"), spec(acting(buy), "b")).tick()
    for order, number in (("a-1", 900), ("b-1", 5), ("a-1", 17), ("b-1", 6), ("a-1", 3)):
        rig.hear(rig.filled(order, "2", str(number)))
    assert rig.stands("a-1") == "partial 6, left 4, holds 6"
    assert rig.stands("b-1") == "partial 4, left 6, holds 4"
    rig.assert_agreed()


# F26: what is older than the end.


@pytest.mark.parametrize("end", [ReportKind.CANCELLED, ReportKind.EXPIRED, ReportKind.REJECTED, None])
@pytest.mark.parametrize("late", [kind for kind in ReportKind if kind in (ACCEPTED, CANCELLED, ReportKind.TRIGGERED)])
def test_an_older_word_that_comes_late_reopens_nothing_and_is_not_passed_on_as_news(
    end: ReportKind | None, late: ReportKind
) -> None:
    heard: list[OrderState] = []

    def on_order(self: Strategy, order: Order) -> None:
        heard.append(order.state)

    rig = AtVenue(spec(acting(buy, on_order=on_order))).tick()
    rig.hear(rig.filled("a-1", "10", "x1") if end is None else rig.told("a-1", end))
    ended = rig.order("a-1").state
    assert ended in FINAL_STATES
    rig.hear(rig.told("a-1", late)).hear(rig.told("a-1", late))
    assert {*heard} == {ended}
    assert rig.order("a-1").state is ended
    assert rig.router.orders["a"].open_count == 0
    rig.assert_agreed()


# F30: only how much has filled in all, and at what average.


def test_what_is_known_by_its_sum_alone_gives_way_to_the_executions_behind_it() -> None:
    """After a gap the venue tells 7 filled at 99.50 on average: one execution under an id made of the order's. When the
    real ones come it is taken back in the same breath, so that neither counts beside the other."""
    rig = bought()
    rig.hear(rig.told("a-1", ACCEPTED), rig.filled("a-1", "2", "x1", at="99.00"))
    rig.hear(rig.filled("a-1", "5", "sum/a-1/7", at="99.70"))
    assert rig.stands() == "partial 7, left 3, holds 7"
    real = [rig.filled("a-1", "3", "x2", at="99.50"), rig.filled("a-1", "2", "x3", at="100.00")]
    rig.hear(rig.busted("a-1", "5", "sum/a-1/7", at="99.70"), *real)
    rig.hear(*real, rig.filled("a-1", "5", "sum/a-1/7", at="99.70"))
    assert rig.stands() == "partial 7, left 3, holds 7"
    assert rig.order("a-1").gross == Decimal("2") * 99 + Decimal("3") * Decimal("99.5") + 200
    assert rig.book().fees == {"USD": Decimal("0.30")}
    rig.assert_agreed()


# F32: a fill of nothing.


def test_a_fill_of_nothing_while_a_cancel_is_under_way_changes_nothing() -> None:
    rig = bought(cancel)
    rig.hear(rig.told("a-1", ACCEPTED), rig.filled("a-1", "4", "x1"))
    books = rig.book().digest()
    empty = msgspec.structs.replace(rig.filled("a-1", "4", "x2"), fill=fill(rig.terms("a-1"), "0", execution_id="x2"))
    rig.hear(empty)
    assert (rig.order("a-1").state, rig.book().digest()) == (OrderState.PENDING_CANCEL, books)
    rig.hear(rig.filled("a-1", "1", "x2"), rig.told("a-1", CANCELLED))
    assert rig.stands() == "cancelled 5, left 0, holds 5"
    rig.assert_agreed()


# F33: what is annulled, before or after it is heard of.


def test_a_bust_that_overtakes_its_fill_leaves_what_was_corrected() -> None:
    """Ten units are annulled before anybody heard of them, and forty take their place."""
    rig = AtVenue(spec(acting(lambda self: self.buy("AAA", 40, limit_price=Decimal(100))))).tick()
    rig.hear(rig.busted("a-1", "10", "x1"), rig.filled("a-1", "40", "x2"))
    rig.hear(rig.filled("a-1", "10", "x1"), rig.busted("a-1", "10", "x1"))
    assert rig.stands() == "filled 40, left 0, holds 40"
    rig.assert_agreed()


def test_a_trade_that_is_annulled_leaves_the_books_as_if_it_had_never_been() -> None:
    rig = bought()
    rig.hear(rig.told("a-1", ACCEPTED))
    cash = rig.book().cash["USD"]
    rig.hear(rig.filled("a-1", "10", "x1")).hear(rig.busted("a-1", "10", "x1"))
    assert rig.stands() == "accepted 0, left 10, holds 0"
    assert (rig.book().cash["USD"], rig.book().fees["USD"]) == (cash, Decimal("0.00"))
    rig.assert_agreed()


# F34: a strategy that hears of its fill.


def test_a_strategy_that_hears_of_a_fill_sees_it_in_position_cash_and_order() -> None:
    seen: list[tuple[Decimal, Decimal, Decimal]] = []

    def on_fill(self: Strategy, one: Fill) -> None:
        seen.append((one.quantity, self.position("AAA"), self.portfolio.cash["USD"]))

    rig = AtVenue(spec(acting(buy, nothing, on_fill=on_fill))).tick()
    rig.hear(rig.filled("a-1", "4", "x1"), rig.filled("a-1", "6", "x2"))
    assert seen == [
        (Decimal(4), Decimal(4), Decimal("9599.90")),
        (Decimal(6), Decimal(10), Decimal("8999.80")),
    ]
    rig.assert_agreed()


# F35: a fill while an amendment is under way.


@pytest.mark.parametrize("answer", [ReportKind.REPLACED, ReportKind.REPLACE_REJECTED])
@pytest.mark.parametrize("filled_first", [True, False])
def test_a_fill_while_an_amendment_is_under_way_is_booked_whatever_is_answered(
    answer: ReportKind, *, filled_first: bool
) -> None:
    def amend(self: Strategy) -> None:
        self.amend("a-1", quantity=Decimal(15))

    rig = bought(amend)
    rig.hear(rig.told("a-1", ACCEPTED))
    assert commands_of(rig) == ["a-1 buy 10", "a-1 amend to 15"]
    words = [rig.filled("a-1", "4", "x1"), rig.told("a-1", answer)]
    rig.hear_each(words if filled_first else reversed(words))
    size = 15 if answer is ReportKind.REPLACED else 10
    assert rig.stands() == f"partial 4, left {size - 4}, holds 4"
    rig.hear(rig.filled("a-1", str(size - 4), "x2"))
    assert rig.stands() == f"filled {size}, left 0, holds {size}"
    rig.assert_agreed()
