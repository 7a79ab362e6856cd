"""The router: batches and reports in; what to record, send and deliver out."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest

from tests.builders import fill, price, report, submit, terms, told
from tests.market_builders import an_instrument, through_msgpack
from trading.account.ids import ClientOrderIds, decode
from trading.account.records import Operation
from trading.account.router import RoutedStrategy, Router
from trading.account.taken import Taken
from trading.capabilities import Capabilities
from trading.commands import (
    AmendOrder,
    CancelOrder,
    Command,
    RefusedAmend,
    RefusedOrder,
    ScheduleTimer,
    Trip,
    WireAmend,
    WireCancel,
    WireSubmit,
)
from trading.errors import LedgerError
from trading.limits import RiskLimits
from trading.orders import OrderState, OrderTerms, OrderType, Side, TimeInForce
from trading.reports import ExecutionReport, Origin, ReportKind

NOW = 5
SELL = Side.SELL


def router(
    strategies: Sequence[str] = ("a", "b"), *, cancel_on_trip: bool = True, capabilities: Capabilities | None = None
) -> Router:
    """Strategies of 10,000 USD each, 1,000 over; AAA costs 100."""
    made = Router(
        strategies=[
            RoutedStrategy(strategy=one, capital={"USD": Decimal(10_000)}, cancel_on_trip=cancel_on_trip)
            for one in strategies
        ],
        cash={"USD": Decimal(10_000 * len(strategies) + 1_000)},
        instruments={"AAA": an_instrument()},
        limits=RiskLimits(),
        ids=ClientOrderIds(1),
        capabilities=capabilities or Capabilities.everything(),
    )
    made.on_market(price(1, 100.0))
    return made


def cancel(order_id: str, n: int = 2) -> CancelOrder:
    return CancelOrder(strategy=order_id.rpartition("-")[0], n=n, order_id=order_id, ts_ns=NOW)


def amend(order: OrderTerms, n: int = 2, /, **changes: str) -> AmendOrder:
    numbers = {field: Decimal(number) for field, number in changes.items()}
    asked = msgspec.structs.replace(order, **numbers)
    return AmendOrder(strategy=order.strategy, n=n, terms=asked, ts_ns=NOW)


def exit_of(order: OrderTerms, n: int, group: str | None = None) -> OrderTerms:
    exit_ = terms(SELL, str(order.quantity), "120", n=n, strategy=order.strategy)
    return msgspec.structs.replace(exit_, parent_id=order.order_id, group_id=group)


def trip(strategy: str = "a", n: int = 9) -> Trip:
    return Trip(strategy=strategy, n=n, ts_ns=NOW, reason="ValueError: no", traceback="...")


def take(routing: Router, *batch: Command) -> Taken:
    return routing.take(batch, NOW)


def sends(taken: Taken) -> list[str]:
    lines = []
    for one in taken.sends:
        match one:
            case WireSubmit():
                lines.append(f"{one.terms.order_id} {one.terms.side}")
            case WireAmend():
                lines.append(f"{one.terms.order_id} amend to {one.terms.quantity} at {one.terms.limit_price}")
            case WireCancel():
                lines.append(f"{one.order_id} cancel")
    return lines


def accept(routing: Router, order: OrderTerms) -> None:
    routing.book([report(order, ReportKind.ACCEPTED)], 1)


# Commands.


def test_an_order_that_passes_becomes_an_intent_under_an_id_of_its_own() -> None:
    routing = router()
    taken = take(routing, submit(terms()))
    sent = taken.sends[0]

    assert isinstance(sent, WireSubmit)
    assert sent.terms == terms()
    assert decode(sent.cid, ["a", "b"]).strategy == "a"
    order = routing.orders["a"].get("a-1")
    assert order is not None
    assert (order.state, order.updated_ns) == (OrderState.ROUTED, NOW)
    assert (taken.refused, taken.reports) == ([], [])


def test_a_batch_is_taken_by_place_in_the_config_and_then_by_number() -> None:
    batch = [submit(terms(strategy=strategy, n=n, quantity="1")) for n in (2, 10, 1) for strategy in ("b", "a")]
    assert sends(take(router(), *batch)) == ["a-1 buy", "a-2 buy", "a-10 buy", "b-1 buy", "b-2 buy", "b-10 buy"]


def test_the_order_of_the_config_and_not_of_names_counts() -> None:
    batch = [submit(terms(strategy=strategy)) for strategy in ("a", "b")]
    assert sends(take(router(["b", "a"]), *batch)) == ["b-1 buy", "a-1 buy"]


def test_what_an_earlier_order_takes_is_gone_for_a_later_one_of_the_same_batch() -> None:
    taken = take(router(), submit(terms(n=1, quantity="60")), submit(terms(n=2, quantity="60")))
    assert sends(taken) == ["a-1 buy"]
    assert [(one.terms.order_id, one.code) for one in taken.refused] == [("a-2", "insufficient_cash")]


def test_a_refusal_is_recorded_and_reported_as_of_the_gate() -> None:
    routing = router()
    order = terms(quantity="101")
    taken = take(routing, submit(order))
    reason = "10100.00 USD needed at 100.0, 10000 free"

    assert taken.refused == [
        RefusedOrder(strategy="a", n=1, terms=order, origin=Origin.GATE, code="insufficient_cash", reason=reason)
    ]
    assert taken.reports == [
        ExecutionReport(
            order_id="a-1",
            strategy="a",
            kind=ReportKind.REJECTED,
            ts_ns=NOW,
            origin=Origin.GATE,
            code="insufficient_cash",
            reason=reason,
        )
    ]
    routing.book(taken.reports, 1)
    kept = routing.orders["a"].get("a-1")
    assert kept is not None
    assert (kept.state, kept.origin, kept.reason) == (OrderState.REJECTED, Origin.GATE, reason)


def test_what_a_risk_manager_refused_is_recorded_and_reported_as_its_own() -> None:
    refused = RefusedOrder(
        strategy="a", n=1, terms=terms(), origin=Origin.RISK, code="max_open_orders", reason="too many"
    )
    taken = take(router(), refused)
    assert (taken.refused, taken.sends) == ([refused], [])
    assert [(one.origin, told(one)) for one in taken.reports] == [(Origin.RISK, "a-1 rejected max_open_orders")]


def test_a_cancel_goes_out_under_the_id_of_its_order() -> None:
    routing = router()
    sent = take(routing, submit(terms())).sends[0]
    assert take(routing, cancel("a-1")).sends == [WireCancel(cid=sent.cid, order_id="a-1", strategy="a", ts_ns=NOW)]


@pytest.mark.parametrize(("order_id", "reason"), [("a-1", "order a-1 is filled"), ("a-77", "order a-77 is not known")])
def test_a_cancel_of_what_is_not_open_is_answered_without_the_market(order_id: str, reason: str) -> None:
    routing = router()
    take(routing, submit(terms()))
    routing.book([report(terms(), ReportKind.FILLED)], 1)
    taken = take(routing, cancel(order_id))

    assert taken.sends == []
    assert [(told(one), one.origin, one.reason) for one in taken.reports] == [
        (f"{order_id} cancel_rejected not_open", Origin.GATE, reason)
    ]


def test_an_order_and_its_cancel_in_one_batch_are_sent_in_turn() -> None:
    assert sends(take(router(), submit(terms()), cancel("a-1"))) == ["a-1 buy", "a-1 cancel"]


def test_the_cancel_of_an_order_that_the_same_batch_refused_is_refused_too() -> None:
    routing = router()
    taken = take(routing, submit(terms(quantity="101")), cancel("a-1"))
    routing.book(taken.reports, 1)

    assert sends(taken) == []
    assert [told(one) for one in taken.reports] == [
        "a-1 rejected insufficient_cash",
        "a-1 cancel_rejected not_open",
    ]
    kept = routing.orders["a"].get("a-1")
    assert kept is not None
    assert (kept.state, kept.code) == (OrderState.REJECTED, "insufficient_cash")


def test_an_amendment_goes_out_under_the_id_of_its_order() -> None:
    routing, order = router(), terms(limit="90")
    sent = take(routing, submit(order)).sends[0]
    accept(routing, order)
    asked = amend(order, quantity="12")
    assert take(routing, asked).sends == [WireAmend(cid=sent.cid, terms=asked.terms, ts_ns=NOW)]
    kept = routing.orders["a"].get("a-1")
    assert kept is not None
    assert (kept.state, kept.remaining) == (OrderState.PENDING_REPLACE, Decimal(12))


def test_an_order_and_its_amendment_in_one_batch_are_sent_in_turn() -> None:
    order = terms(limit="90")
    taken = take(router(), submit(order), amend(order, quantity="12"))
    assert sends(taken) == ["a-1 buy", "a-1 amend to 12 at 90"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quantity": "200"}, "insufficient_cash"),
        ({"limit_price": "90.001"}, "bad_price"),
        ({"quantity": "10"}, "bad_combination"),
    ],
)
def test_a_refused_amendment_is_a_report_and_leaves_the_order(changes: dict[str, str], code: str) -> None:
    routing, order = router(), terms(limit="90")
    take(routing, submit(order))
    accept(routing, order)
    taken = take(routing, amend(order, **changes))
    routing.book(taken.reports, 1)

    assert (sends(taken), taken.refused) == ([], [])
    assert [(told(one), one.origin) for one in taken.reports] == [(f"a-1 replace_rejected {code}", Origin.GATE)]
    kept = routing.orders["a"].get("a-1")
    assert kept is not None
    assert (kept.state, kept.terms) == (OrderState.ACCEPTED, order)


@pytest.mark.parametrize(("order_id", "code"), [("a-1", "not_open"), ("a-77", "not_open")])
def test_an_amendment_of_what_is_not_open_is_answered_without_the_market(order_id: str, code: str) -> None:
    routing, order = router(), terms(limit="90")
    take(routing, submit(order))
    routing.book([report(order, ReportKind.FILLED)], 1)
    taken = take(routing, amend(msgspec.structs.replace(order, order_id=order_id), quantity="12"))
    assert (sends(taken), [told(one) for one in taken.reports]) == ([], [f"{order_id} replace_rejected {code}"])


def test_an_amendment_that_a_risk_manager_refused_is_reported_as_its_own() -> None:
    routing, order = router(), terms(limit="90")
    take(routing, submit(order))
    refused = RefusedAmend(strategy="a", n=2, order_id="a-1", ts_ns=NOW, code="pending", reason="wait")
    taken = take(routing, refused)
    assert sends(taken) == []
    assert [(told(one), one.origin, one.reason) for one in taken.reports] == [
        ("a-1 replace_rejected pending", Origin.RISK, "wait")
    ]


def test_what_never_left_is_no_answer_to_an_amendment_that_is_under_way() -> None:
    routing, order = router(), terms(limit="90")
    take(routing, submit(order), amend(order, quantity="12"))
    taken = take(routing, amend(order, 3, quantity="13"))
    assert [told(one) for one in routing.book(taken.reports, 1)] == ["a-1 replace_rejected pending"]
    kept = routing.orders["a"].get("a-1")
    assert kept is not None
    assert (kept.state, kept.remaining) == (OrderState.PENDING_REPLACE, Decimal(12))


def test_an_order_that_is_being_amended_may_be_cancelled() -> None:
    routing, order = router(), terms(limit="90")
    take(routing, submit(order), amend(order, quantity="12"))
    assert sends(take(routing, cancel("a-1", n=3))) == ["a-1 cancel"]


def test_exits_whose_parent_the_same_batch_refused_are_refused_too() -> None:
    entry = terms(quantity="200", limit="90")
    exits = [exit_of(entry, n, "a-g1") for n in (2, 3)]
    taken = take(router(), submit(entry), *map(submit, exits))
    assert sends(taken) == []
    assert [(one.terms.order_id, one.code) for one in taken.refused] == [
        ("a-1", "insufficient_cash"),
        ("a-2", "parent_ended"),
        ("a-3", "parent_ended"),
    ]


def test_an_entry_and_its_exits_go_out_together_and_claim_what_can_trade() -> None:
    routing, entry = router(), terms(limit="90")
    taken = take(routing, submit(entry), *(submit(exit_of(entry, n, "a-g1")) for n in (2, 3)))
    assert sends(taken) == ["a-1 buy", "a-2 sell", "a-3 sell"]
    assert routing.orders["a"].open_quantities("AAA") == (Decimal(10), Decimal(0))
    routing.book([report(entry, ReportKind.FILLED)], 1)
    assert routing.orders["a"].open_quantities("AAA") == (Decimal(0), Decimal(10))


def test_what_the_market_does_not_offer_is_not_sent() -> None:
    plain = Capabilities(order_types=frozenset({OrderType.MARKET}), times_in_force=frozenset({TimeInForce.GTC}))
    taken = take(router(capabilities=plain), submit(terms(limit="90")), submit(terms(n=2)))
    assert (sends(taken), [one.code for one in taken.refused]) == (["a-2 buy"], ["unsupported_order_type"])


@pytest.mark.parametrize("of_risk", [False, True])
def test_an_order_id_that_is_used_twice_trips_whoever_did(of_risk: bool) -> None:
    routing, order = router(), terms(limit="90")
    take(routing, submit(order))
    again: Command = submit(order)
    if of_risk:
        again = RefusedOrder(strategy="a", n=1, terms=order, origin=Origin.RISK, code="x", reason="x")
    taken = take(routing, again)
    assert routing.tripped == {"a": "order id a-1 was used twice"}
    assert (sends(taken), [one.n for one in taken.trips]) == (["a-1 cancel"], [1])
    assert routing.orders["a"].open_quantities("AAA") == (Decimal(10), Decimal(0))


def test_timers_are_handed_on_in_the_order_of_the_batch() -> None:
    timers = [ScheduleTimer(strategy=strategy, n=1, name="x", at_ns=7) for strategy in ("b", "a")]
    assert take(router(), *timers).timers == [timers[1], timers[0]]


# Trips and operators.


def test_a_trip_cancels_what_works_and_refuses_what_follows() -> None:
    routing = router()
    order = terms(limit="90")
    take(routing, submit(order))
    accept(routing, order)
    taken = take(routing, trip())

    assert (sends(taken), taken.trips) == (["a-1 cancel"], [trip()])
    assert routing.tripped == {"a": "ValueError: no"}
    assert [one.code for one in take(routing, submit(terms(n=2))).refused] == ["tripped"]
    assert sends(take(routing, submit(terms(strategy="b")))) == ["b-1 buy"]


def test_a_trip_refuses_amendments_too() -> None:
    routing, order = router(cancel_on_trip=False), terms(limit="90")
    take(routing, submit(order))
    take(routing, trip())
    taken = take(routing, amend(order, 10, quantity="12"))
    assert (sends(taken), [told(one) for one in taken.reports]) == ([], ["a-1 replace_rejected tripped"])


def test_a_trip_cancels_an_entry_with_its_exits_and_what_is_being_amended() -> None:
    routing, entry = router(), terms(limit="90")
    take(routing, submit(entry), *(submit(exit_of(entry, n, "a-g1")) for n in (2, 3)), amend(entry, 4, quantity="12"))
    assert sends(take(routing, trip())) == ["a-1 cancel", "a-2 cancel", "a-3 cancel"]


def test_a_trip_may_leave_what_works() -> None:
    routing = router(cancel_on_trip=False)
    take(routing, submit(terms(limit="90")))
    assert sends(take(routing, trip())) == []


def test_a_halt_lets_only_reductions_and_cancels_pass_until_it_is_taken_back() -> None:
    routing = router()
    take(routing, submit(terms()))
    routing.book([report(terms(), ReportKind.FILLED)], 1)
    take(routing, submit(terms(n=2, limit="90")))
    routing.operate(Operation(action="halt", ts_ns=NOW, reason="too hot"), 1)

    taken = take(routing, submit(terms(n=3)), submit(terms(SELL, n=4)), cancel("a-2", n=5))
    assert (sends(taken), [one.code for one in taken.refused]) == (["a-4 sell", "a-2 cancel"], ["halted"])

    routing.operate(Operation(action="resume", ts_ns=NOW, reason=""), 1)
    assert sends(take(routing, submit(terms(n=6)))) == ["a-6 buy"]


def test_a_halt_without_a_reason_is_a_halt() -> None:
    routing = router()
    routing.operate(Operation(action="halt", ts_ns=NOW, reason=""), 1)
    assert routing.halted
    assert [one.code for one in take(routing, submit(terms())).refused] == ["halted"]


def test_a_halt_can_withdraw_what_works_of_every_container() -> None:
    routing = router()
    take(routing, *(submit(terms(strategy=one, n=n, limit="90")) for one in ("b", "a") for n in (1, 2)))
    taken = routing.operate(Operation(action="halt", ts_ns=NOW, reason="x", cancel_orders=True), 1)
    assert sends(taken) == ["a-1 cancel", "a-2 cancel", "b-1 cancel", "b-2 cancel"]


def test_one_strategy_can_be_tripped_from_outside() -> None:
    routing = router()
    take(routing, submit(terms(limit="90")), submit(terms(strategy="b", limit="90")))
    taken = routing.operate(Operation(action="trip", ts_ns=NOW, reason="it hangs", strategy="a"), 1)
    assert (sends(taken), routing.tripped) == (["a-1 cancel"], {"a": "it hangs"})


# Reports.


def test_reports_are_numbered_for_each_container_and_name_their_cause() -> None:
    routing = router()
    orders = [terms(), terms(strategy="b"), terms(n=2)]
    take(routing, *map(submit, orders))
    numbered = routing.book([report(order, ReportKind.ACCEPTED) for order in orders], cause=41)
    assert [(one.order_id, one.number, one.cause) for one in numbered] == [
        ("a-1", 1, 41),
        ("b-1", 1, 41),
        ("a-2", 2, 41),
    ]


def test_a_fill_is_booked_to_its_container() -> None:
    routing = router()
    take(routing, submit(terms(quantity="10")))
    routing.book([report(terms(), ReportKind.FILLED)], 1)
    assert (routing.ledger.of("a").quantity("AAA"), routing.ledger.of("a").cash) == (
        Decimal(10),
        {"USD": Decimal(9000)},
    )


def test_a_fill_heard_twice_is_delivered_and_booked_once() -> None:
    routing = router()
    take(routing, submit(terms()))
    heard = report(terms(), ReportKind.FILLED)
    assert len(routing.book([heard, heard], 1)) == 2
    assert routing.ledger.of("a").quantity("AAA") == 10


def test_a_fill_that_is_no_container_s_goes_to_unallocated_once() -> None:
    routing = router()
    stranger = terms(strategy="manual")
    heard = report(stranger, ReportKind.FILLED)

    assert routing.book([report(stranger, ReportKind.ACCEPTED), heard, heard], 1) == []
    assert routing.ledger.unallocated.quantity("AAA") == 10


def test_a_fill_of_an_order_that_the_router_does_not_know_is_booked_to_the_strategy_it_names() -> None:
    routing = router()
    numbered = routing.book([report(terms(n=99), ReportKind.FILLED)], 1)
    assert [one.number for one in numbered] == [1]
    assert routing.ledger.of("a").quantity("AAA") == 10


def test_a_bust_takes_the_fill_out_of_the_book_once() -> None:
    routing = router()
    take(routing, submit(terms()))
    heard = report(terms(), ReportKind.FILLED)
    annulled = msgspec.structs.replace(heard, kind=ReportKind.BUSTED)
    routing.book([heard], 1)
    numbered = routing.book([annulled, annulled, heard], 2)
    book = routing.ledger.of("a")
    assert (book.quantity("AAA"), book.cash) == (Decimal(0), {"USD": Decimal(10_000)})
    assert [one.number for one in numbered] == [2, 3, 4]


def test_an_order_that_a_bust_has_opened_again_can_be_cancelled() -> None:
    routing = router()
    sent = take(routing, submit(terms())).sends[0]
    heard = msgspec.structs.replace(report(terms(), ReportKind.FILLED), cid=sent.cid)
    routing.book([heard], 1)
    routing.book([msgspec.structs.replace(heard, kind=ReportKind.BUSTED)], 2)
    assert take(routing, cancel("a-1")).sends == [WireCancel(cid=sent.cid, order_id="a-1", strategy="a", ts_ns=NOW)]


def test_a_stranger_s_fill_that_is_annulled_leaves_unallocated() -> None:
    routing = router()
    heard = report(terms(strategy="manual"), ReportKind.FILLED)
    annulled = msgspec.structs.replace(heard, kind=ReportKind.BUSTED)
    assert routing.book([heard, annulled, annulled], 1) == []
    assert routing.ledger.unallocated.quantity("AAA") == 0


def test_terms_that_the_market_has_changed_are_taken_over() -> None:
    routing, order = router(), terms(limit="90")
    take(routing, submit(order))
    smaller = msgspec.structs.replace(order, quantity=Decimal(4))
    routing.book([msgspec.structs.replace(report(order, ReportKind.REPLACED), terms=smaller, code="oco")], 1)
    assert routing.orders["a"].open_quantities("AAA") == (Decimal(4), Decimal(0))


def test_positions_are_marked_by_the_market() -> None:
    routing = router()
    take(routing, submit(terms()))
    routing.book([report(terms(), ReportKind.FILLED)], 1)
    routing.on_market(price(2, 103.0))
    assert (routing.ledger.of("a").equity("USD"), routing.price_of("AAA")) == (10_030.0, Decimal("103.0"))
    assert routing.price_of("BBB") is None


# Restarts.


def lived() -> Router:
    """A router with a position, working orders that hang together, an amendment under way, a halt, a trip and a
    stranger's fill."""
    routing = router()
    entry = terms(n=11, limit="80")
    take(routing, submit(entry), submit(exit_of(entry, 12, "a-g1")), submit(exit_of(entry, 13, "a-g1")))
    routing.book([report(entry, ReportKind.FILLED, filled=fill(entry, "4", "80"))], 1)
    take(routing, amend(entry, 14, quantity="12"))
    take(routing, submit(terms()), submit(terms(n=2, limit="90")), submit(terms(strategy="b", limit="95")))
    routing.book([report(terms(), ReportKind.FILLED), report(terms(strategy="x"), ReportKind.FILLED)], 1)
    routing.book([report(terms(n=2, limit="90"), ReportKind.ACCEPTED)], 2)
    take(routing, trip("b"))
    routing.operate(Operation(action="halt", ts_ns=NOW, reason="too hot"), 1)
    return routing


def test_a_restored_router_goes_on_alike() -> None:
    first, again = lived(), router()
    again.restore(through_msgpack(first.state()))
    for one in (first, again):
        one.ids = ClientOrderIds(2)
    batch: list[Command] = [
        cancel("a-2", n=3),
        submit(terms(SELL, n=4)),
        submit(terms(n=5)),
        submit(terms(strategy="b", n=6)),
        submit(exit_of(terms(n=11), 15, "a-g1")),
        cancel("a-11", n=16),
    ]

    assert take(again, *batch) == take(first, *batch)
    assert again.state() == first.state()


def test_a_restored_router_remembers_the_fills_of_strangers() -> None:
    first, again = router(), router()
    heard = report(terms(strategy="x"), ReportKind.FILLED)
    first.book([heard], 1)
    again.restore(through_msgpack(first.state()))
    again.book([heard], 2)
    assert again.ledger.unallocated.quantity("AAA") == 10


def test_a_strategy_that_is_new_at_a_restart_gets_its_capital_and_one_that_is_gone_leaves_it() -> None:
    first = router(["a", "b"])
    again = router(["a", "c"])
    again.restore(through_msgpack(first.state()))
    assert list(again.ledger.owners) == ["a", "c"]
    assert again.ledger.total() == first.ledger.total()
    assert sends(take(again, submit(terms(strategy="c")))) == ["c-1 buy"]


def test_a_strategy_that_holds_something_cannot_be_gone_at_a_restart() -> None:
    first = lived()
    with pytest.raises(LedgerError, match="a still holds AAA"):
        router(["b", "c"]).restore(through_msgpack(first.state()))


def test_the_first_reason_of_a_trip_stays() -> None:
    routing = router()
    take(routing, submit(terms(limit="90")))
    first = routing.operate(Operation(action="trip", ts_ns=NOW, reason="its books differ", strategy="a"), 1)
    again = take(routing, Trip(strategy="a", n=9, ts_ns=NOW, reason="it is ended", traceback="", lost=True))
    assert routing.tripped == {"a": "its books differ"}
    assert (len(first.sends), len(again.sends), len(again.trips)) == (1, 0, 1)
