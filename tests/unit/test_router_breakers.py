"""Circuit breakers within router and lock-step: in the step of the cause the gate is closed, and what the policy asks
for is done."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.builders import QUOTES, Rig, acting, buy, nothing, price, report, spec, strategy, submit, terms
from tests.market_builders import USD, an_instrument, through_msgpack
from trading.account.breaker_states import BreakerState
from trading.account.ids import ClientOrderIds
from trading.account.records import BreakerChanged, Commit, Operation, Reported, StepRecord
from trading.account.router import RoutedStrategy, Router
from trading.account.taken import Taken
from trading.account.transfers import Transfer
from trading.account.triggers import ACCOUNT, VENUE, BreakerRules, Policy, Rate, Trigger
from trading.commands import AmendOrder, CancelOrder, RefusedOrder, WireCancel, WireSubmit
from trading.limits import RiskLimits
from trading.market_data import Quote
from trading.orders import OrderState, Side
from trading.postings import CashMoved
from trading.reports import Fill, ReportKind
from trading.strategy import Strategy
from trading.timestamps import DAY, MINUTE, SECOND

NOW = 5
SELL = Side.SELL


def router(**rules: BreakerRules) -> Router:
    """Strategies `a` and `b` with these breakers, at a market that is always ready."""
    return router_at(lambda: "", rules)


def router_at(holds_back: Callable[[], str], rules: Mapping[str, BreakerRules]) -> Router:
    """Strategies `a` and `b` of 10,000 USD each; AAA costs 100."""
    made = Router(
        strategies=[RoutedStrategy(strategy=one, capital={"USD": Decimal(10_000)}) for one in "ab"],
        cash={"USD": Decimal(20_000)},
        instruments={"AAA": an_instrument(), "BBB": an_instrument("BBB")},
        limits=RiskLimits(),
        ids=ClientOrderIds(1),
        currency=USD,
        breakers=rules,
        holds_back=holds_back,
    )
    made.on_market(price(1, 100.0))
    return made


def own(policy: Policy, **limits: Any) -> BreakerRules:
    return BreakerRules(on_trip=policy, **limits)


def hold(routing: Router, name: str, quantity: str = "10", *, n: int = 90, side: Side = Side.BUY) -> None:
    """Let a strategy have bought, or sold, at 100."""
    order = terms(side, quantity, n=n, strategy=name)
    routing.take([submit(order)], NOW)
    routing.book([report(order, ReportKind.FILLED)], 1)


def sold_short(routing: Router, name: str, quantity: str) -> None:
    """Let a book be short of AAA."""
    sold = report(terms(SELL, quantity, strategy=name), ReportKind.FILLED).fill
    assert sold is not None
    (routing.ledger.of(name) if name in "ab" else routing.ledger.unallocated).book(sold)


def rest(routing: Router, name: str = "a", *, n: int = 80, quantity: str = "10") -> None:
    """Let a strategy have an order resting below the market."""
    order = terms(Side.BUY, quantity, "90", n=n, strategy=name)
    routing.take([submit(order)], NOW)
    routing.book([report(order, ReportKind.ACCEPTED)], 1)


def sends(taken: Taken) -> list[str]:
    lines = []
    for one in taken.sends:
        if isinstance(one, WireSubmit):
            flag = " as plain" if one.as_plain else " reduce-only" if one.terms.reduce_only else ""
            lines.append(f"{one.terms.order_id} {one.terms.side} {one.terms.quantity}{flag}")
        elif isinstance(one, WireCancel):
            lines.append(f"{one.order_id} cancel")
    return lines


def trip(routing: Router, scope: str, trigger: Trigger = Trigger.OPERATOR) -> Taken:
    """Open a breaker as whoever found something does."""
    return routing.operate(Operation(action="trip", ts_ns=NOW, reason="found", scope=scope, trigger=trigger), 1)


def opened(taken: Taken) -> list[tuple[str, Trigger, Policy]]:
    return [(one.scope, one.trigger, one.policy) for one in taken.breakers if one.after is BreakerState.OPEN]


def cancelled(routing: Router, *order_ids: str) -> Taken:
    """The market has cancelled orders; what is due then."""
    for order_id in order_ids:
        order = routing.orders[order_id.rpartition("-")[0]].get(order_id)
        assert order is not None
        routing.book([report(order.terms, ReportKind.CANCELLED)], 1)
    return routing.safeguards.due(NOW)


def loss(routing: Router, at: float = 90.0) -> Taken:
    """AAA has another price."""
    routing.on_market(price(2, at))
    return routing.safeguards.due(NOW)


# The gate.


def test_orders_are_counted_before_the_first_of_their_batch_is_let_pass() -> None:
    routing = router(a=own(Policy.LEAVE, order_rate=Rate(count=2, within_ns=MINUTE)))
    batch = [submit(terms(n=n, quantity="1", strategy=name)) for n in (1, 2, 3) for name in "ab"]
    taken = routing.take(batch, NOW)
    assert opened(taken) == [("a", Trigger.ORDER_RATE, Policy.LEAVE)]
    assert sends(taken) == ["b-1 buy 1", "b-2 buy 1", "b-3 buy 1"]
    assert [(one.terms.order_id, one.code) for one in taken.refused] == [(f"a-{n}", "halted") for n in (1, 2, 3)]
    assert "orders within 1m: 3" in taken.refused[0].reason


@pytest.mark.parametrize("scope", ["a", ACCOUNT, VENUE])
def test_what_was_let_pass_and_has_not_left_yet_is_held_back_once_a_breaker_is_open(scope: str) -> None:
    routing = router()
    hold(routing, "a", "10")
    opens, exits = terms(n=91, quantity="3", strategy="a"), terms(SELL, "4", n=92, strategy="a")
    assert sends(routing.take([submit(opens), submit(exits)], NOW)) == ["a-91 buy 3", "a-92 sell 4"]
    assert (routing.recall(opens, halted=False), routing.recall(exits, halted=False)) == ("", "")

    trip(routing, scope)
    assert routing.recall(opens, halted=False).startswith("trading is halted (")
    assert routing.recall(exits, halted=False) == ""
    assert bool(routing.recall(terms(n=93, strategy="b"), halted=False)) is (scope != "a")


@pytest.mark.parametrize("tripped", [False, True])
def test_once_the_halt_flag_is_set_only_what_reduces_leaves_whether_or_not_the_halt_is_known(tripped: bool) -> None:
    routing = router()
    hold(routing, "a", "10")
    sold_short(routing, "b", "4")
    opens, exits = terms(n=91, quantity="3", strategy="a"), terms(SELL, "4", n=92, strategy="a")
    covers = terms(Side.BUY, "4", n=93, strategy="b")
    routing.take([submit(opens), submit(exits), submit(covers)], NOW)
    if tripped:
        trip(routing, "a")
    because = "trading is halted (the halt flag is set); only orders that reduce"
    assert routing.recall(opens, halted=True) == f"{because} a position pass"
    assert routing.recall(exits, halted=True) == ""
    assert routing.recall(covers, halted=True).startswith(f"{because} the account's position too pass: a buy of 4 AAA")


def test_what_a_strategy_that_has_failed_was_to_open_does_not_leave_any_more() -> None:
    routing = router()
    hold(routing, "a", "10")
    opens, exits = terms(n=91, quantity="3", strategy="a"), terms(SELL, "4", n=92, strategy="a")
    routing.take([submit(opens), submit(exits)], NOW)
    routing.operate(Operation(action="trip", ts_ns=NOW, reason="KeyError: 'x'", strategy="a"), 1)
    assert (
        routing.recall(opens, halted=False) == "a has tripped (KeyError: 'x'); only orders that reduce a position pass"
    )
    assert routing.recall(exits, halted=False) == ""
    assert routing.recall(terms(n=93, strategy="b"), halted=False) == ""


@pytest.mark.parametrize("scope", [ACCOUNT, VENUE])
def test_what_has_not_left_yet_is_held_back_where_it_would_open_the_accounts_position_only(scope: str) -> None:
    routing = router()
    hold(routing, "a", "10")
    sold_short(routing, "b", "10")
    covers = terms(Side.BUY, "4", "99", n=91, strategy="b")
    larger = msgspec.structs.replace(covers, quantity=Decimal(6))
    smaller = msgspec.structs.replace(covers, quantity=Decimal(2))
    assert sends(routing.take([submit(covers)], NOW)) == ["b-91 buy 4"]
    trip(routing, scope)
    assert "a buy of 4 AAA could do more, with 0 held and 4 working already" in routing.recall(covers, halted=False)
    routing.breakers.reset(scope, "", NOW)
    routing.book([report(covers, ReportKind.ACCEPTED)], 1)
    for n, asked in enumerate((larger, smaller)):
        routing.take([AmendOrder(strategy="b", n=92 + n, terms=asked, ts_ns=NOW)], NOW)
        trip(routing, scope)
        assert bool(routing.recall(asked, halted=False)) is (asked is larger)
        routing.breakers.reset(scope, "", NOW)
        routing.book([report(covers, ReportKind.REPLACE_REJECTED)], 1)


def test_while_a_venue_is_not_ready_only_what_reduces_passes_and_no_breaker_is_blamed() -> None:
    lacks = [""]
    routing = router_at(lambda: lacks[0], {})
    hold(routing, "a")
    lacks[0] = "not read yet"
    taken = routing.take([submit(terms(n=91)), submit(terms(SELL, "10", n=92))], NOW)
    assert sends(taken) == ["a-92 sell 10"]
    why = "the venue is not ready (not read yet); only orders that reduce a position pass"
    assert [(one.code, one.reason) for one in taken.refused] == [("not_ready", why)]


def test_the_gate_is_closed_by_the_report_that_breaks_the_limit() -> None:
    routing = router(a=own(Policy.LEAVE, consecutive_rejects=2))
    for n in (1, 2):
        order = terms(n=n, quantity="1")
        routing.take([submit(order)], NOW)
        assert routing.breakers.restriction("a") is None
        routing.book([report(order, ReportKind.REJECTED)], 1)
    assert routing.breakers.restriction("a") is not None
    taken = routing.take([submit(terms(n=3)), submit(terms(strategy="b"))], NOW)
    assert (opened(taken), sends(taken)) == ([("a", Trigger.CONSECUTIVE_REJECTS, Policy.LEAVE)], ["b-1 buy 10"])


def test_a_containers_breaker_asks_only_for_its_own_position() -> None:
    routing = router()
    sold_short(routing, "a", "4")
    hold(routing, "b", "10")
    trip(routing, "b")
    taken = routing.take([submit(terms(SELL, "8", strategy="b")), submit(terms(n=2, strategy="b"))], NOW)
    assert sends(taken) == ["b-1 sell 8"], "though the account as a whole has only 6"
    assert [one.code for one in taken.refused] == ["halted"]
    trip(routing, ACCOUNT)
    taken = routing.take([submit(terms(SELL, "2", n=3, strategy="b"))], NOW)
    assert [one.code for one in taken.refused] == ["halted_net"]


def test_under_the_venues_breaker_the_account_is_what_must_reduce() -> None:
    routing = router()
    hold(routing, "a", "10")
    hold(routing, "b", "2")
    trip(routing, VENUE, Trigger.RECONCILIATION)
    taken = routing.take([submit(terms(SELL, "3")), submit(terms(n=2)), submit(terms(SELL, "5", strategy="b"))], NOW)
    assert (sends(taken), [one.code for one in taken.refused]) == (["a-1 sell 3"], ["halted", "halted"])
    assert routing.halted == "", "that is of the account's breaker"


def test_cancels_pass_whatever_is_open() -> None:
    routing = router()
    rest(routing)
    for scope in ("a", ACCOUNT, VENUE):
        trip(routing, scope)
    taken = routing.take([CancelOrder(strategy="a", n=5, order_id="a-80", ts_ns=NOW)], NOW)
    assert sends(taken) == ["a-80 cancel"]


@pytest.mark.parametrize("restarts", [False, True])
def test_where_worth_is_not_known_nothing_is_opened_before_the_first_price_nor_right_after_money_came(
    restarts: bool,
) -> None:
    def made() -> Router:
        return Router(
            strategies=[RoutedStrategy(strategy="a", capital={"USD": Decimal(10_000)})],
            cash={"USD": Decimal(10_000), "EUR": Decimal(0)},
            instruments={"AAA": an_instrument()},
            limits=RiskLimits(),
            ids=ClientOrderIds(1),
            currency=USD,
            breakers={ACCOUNT: own(Policy.LEAVE, daily_loss_amount=Decimal(50))},
        )

    routing = made()
    routing.share_out(CashMoved(event_id="e", ts_ns=NOW, currency="EUR", amount=Decimal(5)), 0)
    if restarts:
        kept, routing = through_msgpack(routing.state()), made()
        routing.restore(kept)
    assert [one.code for one in routing.take([submit(terms(limit="99"))], NOW).refused] == ["halted"]
    routing.share_out(CashMoved(event_id="f", ts_ns=NOW, currency="EUR", amount=Decimal(-5)), 0)
    assert sends(routing.take([submit(terms(limit="99", n=2))], NOW)) == ["a-2 buy 10"]
    routing.share_out(CashMoved(event_id="g", ts_ns=NOW, currency="EUR", amount=Decimal(5)), 0)
    assert [one.code for one in routing.take([submit(terms(limit="99", n=3))], NOW).refused] == ["halted"]


# Policies.


@pytest.mark.parametrize(
    ("scope", "policy", "sent"),
    [
        ("a", Policy.LEAVE, []),
        ("a", Policy.CANCEL, ["a-80 cancel", "a-81 cancel"]),
        (ACCOUNT, Policy.CANCEL, ["a-80 cancel", "a-81 cancel", "b-82 cancel"]),
        (VENUE, Policy.CANCEL, ["a-80 cancel", "a-81 cancel", "b-82 cancel"]),
    ],
)
def test_the_orders_of_the_scope_are_left_or_cancelled(scope: str, policy: Policy, sent: list[str]) -> None:
    routing = router(**{scope: own(policy)})
    for name, n in (("a", 80), ("a", 81), ("b", 82)):
        rest(routing, name, n=n)
    trigger = {"a": Trigger.STALL, VENUE: Trigger.SLOW_JOURNAL}.get(scope, Trigger.DRAWDOWN)
    taken = trip(routing, scope, trigger)
    assert (opened(taken), sends(taken)) == ([(scope, trigger, policy)], sent)
    assert sends(trip(routing, scope, Trigger.OPERATOR)) == [], "it is open already"


def test_a_halt_leaves_what_works_unless_it_says_otherwise() -> None:
    routing = router(account=own(Policy.FLATTEN))
    hold(routing, "a")
    rest(routing, "b")
    taken = routing.operate(Operation(action="halt", ts_ns=NOW, reason="lunch"), 1)
    assert (opened(taken), sends(taken)) == ([(ACCOUNT, Trigger.OPERATOR, Policy.LEAVE)], [])
    taken = routing.operate(Operation(action="halt", ts_ns=NOW, reason="lunch", cancel_orders=True), 1)
    assert sends(taken) == ["b-80 cancel"]


def test_to_flatten_is_to_cancel_and_then_to_close_ones_own_position() -> None:
    routing = router(a=own(Policy.FLATTEN, daily_loss_amount=Decimal(50)))
    hold(routing, "a", "10")
    hold(routing, "b", "10")
    rest(routing, "a", n=80)
    rest(routing, "a", n=81)
    taken = loss(routing)
    assert (opened(taken), sends(taken)) == (
        [("a", Trigger.DAILY_LOSS, Policy.FLATTEN)],
        ["a-80 cancel", "a-81 cancel"],
    )
    assert sends(cancelled(routing, "a-80")) == []
    assert routing.safeguards.undone() == [("a", "AAA is not closed before the end of a-81")]
    taken = cancelled(routing, "a-81")
    assert routing.safeguards.undone() == []
    assert sends(taken) == ["a-x1 sell 10 reduce-only"]
    assert [(one.order_id, one.kind) for one in taken.reports] == [("a-x1", ReportKind.ADOPTED)]
    assert sends(loss(routing, 80.0)) == [], "once"
    assert routing.ledger.of("b").quantity("AAA") == 10


def test_while_a_position_waits_to_be_closed_no_order_of_its_own_is_in_the_way() -> None:
    routing = router(a=own(Policy.FLATTEN, daily_loss_amount=Decimal(50)))
    hold(routing, "a", "10")
    rest(routing, "a")
    loss(routing)
    stop = terms(SELL, "10", "80", n=2)
    assert [one.code for one in routing.take([submit(stop)], NOW).refused] == ["flattening"]
    assert sends(cancelled(routing, "a-80")) == ["a-x1 sell 10 reduce-only"]
    assert [one.code for one in routing.take([submit(terms(SELL, "10", n=3))], NOW).refused] == ["halted"]


def test_a_short_position_is_bought_back() -> None:
    routing = router(a=own(Policy.FLATTEN))
    sold_short(routing, "a", "7")
    assert sends(trip(routing, "a", Trigger.STALL)) == ["a-x1 buy 7 reduce-only"]


def test_what_closes_a_position_that_the_account_has_not_goes_out_as_a_plain_order() -> None:
    routing = router(a=own(Policy.FLATTEN))
    sold_short(routing, "a", "7")
    hold(routing, "b", "10")
    assert sends(trip(routing, "a", Trigger.STALL)) == ["a-x1 buy 7 as plain"]


def test_the_account_is_closed_by_its_net_position_and_only_if_it_says_so() -> None:
    for policy, sent in ((Policy.CANCEL, []), (Policy.FLATTEN, ["a-x1 sell 6 reduce-only"])):
        routing = router(account=own(policy))
        hold(routing, "a", "10")
        sold_short(routing, "b", "4")
        assert sends(trip(routing, ACCOUNT, Trigger.DRAWDOWN)) == sent
        left = routing.breakers.by_scope[ACCOUNT].shortfall
        assert left == ("of a 4 AAA stands against other books; of b -4 AAA stands against other books" if sent else "")


def test_another_containers_book_is_never_closed_by_a_containers_breaker() -> None:
    routing = router(a=own(Policy.FLATTEN), b=own(Policy.FLATTEN), account=own(Policy.CANCEL))
    hold(routing, "a")
    hold(routing, "b")
    assert sends(trip(routing, "a", Trigger.STALL)) == ["a-x1 sell 10 reduce-only"]
    assert sends(trip(routing, ACCOUNT, Trigger.DRAWDOWN)) == ["a-x1 cancel"]


@pytest.mark.parametrize("scope", ["a", ACCOUNT])
def test_without_every_price_positions_are_left_and_people_are_told(scope: str) -> None:
    routing = router(**{scope: own(Policy.FLATTEN)})
    hold(routing, "a")
    rest(routing, "a")
    routing.book([report(terms(n=70, symbol="BBB"), ReportKind.FILLED)], 1)
    taken = trip(routing, scope, Trigger.DRAWDOWN)
    assert (opened(taken), sends(taken)) == ([(scope, Trigger.DRAWDOWN, Policy.CANCEL)], ["a-80 cancel"])
    assert taken.breakers[0].reason == ("found; orders are cancelled and positions left, as no price of BBB is known")
    assert routing.breakers.by_scope[scope].shortfall == "positions are left: no price of BBB is known"
    assert sends(cancelled(routing, "a-80")) == []


def test_without_a_worth_nothing_is_lost_and_nothing_closed() -> None:
    routing = router(a=own(Policy.FLATTEN, drawdown_share=Decimal("0.01")))
    hold(routing, "a")
    assert opened(loss(routing, 99.95)) == []
    routing.ledger.of("a").endow({"EUR": Decimal(100)})
    assert opened(loss(routing, 50.0)) == [], "nobody knows what a EUR is worth"
    taken = trip(routing, "a", Trigger.STALL)
    assert (opened(taken), sends(taken)) == ([("a", Trigger.STALL, Policy.CANCEL)], [])
    assert "what a is worth is not known" in taken.breakers[0].reason


@pytest.mark.parametrize(("scope", "held_back"), [("a", {"a"}), (ACCOUNT, {"a", "b"})])
def test_while_a_fee_leaves_nobody_knowing_what_a_scope_is_worth_nothing_of_it_is_opened(
    scope: str, held_back: set[str]
) -> None:
    """A venue takes a fee in a currency of its own; the loss that follows would be seen by nobody."""
    routing = router(**{scope: own(Policy.CANCEL, daily_loss_amount=Decimal(100))})
    hold(routing, "a")
    bought = report(terms(n=91, strategy="a"), ReportKind.FILLED)
    assert bought.fill is not None
    fee = msgspec.structs.replace(bought.fill, execution_id="other", fee=Decimal("0.001"), fee_currency="BNB")
    routing.book([msgspec.structs.replace(bought, fill=fee)], 1)
    assert opened(loss(routing, 50.0)) == []

    opening = [submit(terms(n=1, strategy=name)) for name in "ab"]
    taken = routing.take([*opening, submit(terms(SELL, "5", n=2, strategy="a"))], NOW)
    assert {one.strategy for one in taken.refused} == held_back
    assert {one.code for one in taken.refused} == {"halted"}
    assert "a-2 sell 5" in sends(taken)
    assert [one.scope for one in routing.safeguards.undone()] == [scope]


def test_an_order_that_closes_is_judged_like_any_other_and_what_it_leaves_is_told() -> None:
    routing = router(a=own(Policy.FLATTEN))
    hold(routing, "a")
    sold_short(routing, "nobody", "10")
    taken = trip(routing, "a", Trigger.STALL)
    assert sends(taken) == []
    assert [(one.terms.order_id, one.n, one.code) for one in taken.refused] == [("a-x1", 0, "unallocated_against")]
    assert "a-x1, sell 10 AAA: unallocated holds -10 AAA" in routing.breakers.by_scope["a"].shortfall
    kept = routing.orders["a"].get("a-x1")
    assert kept is not None


def test_a_reset_gives_up_what_waits_to_be_closed() -> None:
    routing = router(a=own(Policy.FLATTEN))
    hold(routing, "a")
    rest(routing, "a")
    trip(routing, "a", Trigger.STALL)
    routing.operate(Operation(action="reset_breaker", ts_ns=NOW, reason="mistake", scope="a"), 1)
    assert sends(cancelled(routing, "a-80")) == []
    assert routing.breakers.by_scope["a"].shortfall == ""


# Money that is moved.


def test_a_transfer_is_no_loss() -> None:
    rules = own(Policy.CANCEL, daily_loss_amount=Decimal(50), drawdown_share=Decimal("0.05"))
    routing = router(a=rules, b=rules)
    hold(routing, "a")
    loss(routing, 99.0)
    moved = Transfer(source="a", target="b", amount=Decimal(3_000), currency="USD")
    routing.operate(Operation(action="transfer", ts_ns=NOW, reason="", transfer=moved), 1)
    units = Transfer(source="a", target="b", amount=Decimal(5), symbol="AAA", price=Decimal(99))
    routing.operate(Operation(action="transfer", ts_ns=NOW, reason="", transfer=units), 1)
    assert opened(loss(routing, 99.0)) == []
    assert opened(loss(routing, 91.01)) == []
    assert opened(loss(routing, 91.0)) == [("a", Trigger.DAILY_LOSS, Policy.CANCEL)]


# Probes.


def test_a_probe_is_handed_out_and_its_answer_is_taken() -> None:
    routing = router(venue=BreakerRules(transport_errors_in_a_row=2))
    for n in (0, 1):
        routing.safeguards.on_transport(n * SECOND, failed=True)
    assert opened(routing.safeguards.due(SECOND)) == [(VENUE, Trigger.TRANSPORT_ERRORS, Policy.LEAVE)]
    assert routing.safeguards.due_ns == 31 * SECOND
    taken = routing.safeguards.due(31 * SECOND)
    (probe,) = taken.probes
    assert (probe.scope, probe.number, [one.after for one in taken.breakers]) == (VENUE, 1, [BreakerState.HALF_OPEN])
    answer = Operation(action="probe", ts_ns=32 * SECOND, reason="it told the time", scope=VENUE, number=1, passed=True)
    assert [one.after for one in routing.operate(answer, 1).breakers] == [BreakerState.CLOSED]
    assert routing.breakers.restriction("a") is None


# What outlives a restart.


def test_a_restored_router_holds_back_and_closes_what_the_first_one_would() -> None:
    rules = {"a": own(Policy.FLATTEN, daily_loss_amount=Decimal(50)), ACCOUNT: own(Policy.LEAVE)}
    first, again = router(**rules), router(**rules)
    hold(first, "a")
    rest(first, "a")
    loss(first)
    trip(first, ACCOUNT)
    again.restore(through_msgpack(first.state()))
    again.ids = first.ids = ClientOrderIds(9)
    assert again.halted == "found"
    assert again.state() == first.state()
    assert sends(cancelled(again, "a-80")) == sends(cancelled(first, "a-80")) == ["a-x1 sell 10 reduce-only"]
    asked = [submit(terms(n=5)), submit(terms(strategy="b"))]
    assert [one.code for one in again.take(asked, NOW).refused] == ["halted", "halted"]


# In the lock-step.


def breakers(records: list[StepRecord]) -> Iterator[str]:
    for record in records:
        if isinstance(record, BreakerChanged):
            yield f"{record.scope} {record.after} by {record.trigger}"


def steps(records: list[StepRecord]) -> list[list[str]]:
    """What was recorded, step by step."""
    gathered: list[list[str]] = [[]]
    for record in records:
        match record:
            case Commit():
                gathered.append([])
            case BreakerChanged():
                gathered[-1] += breakers([record])
            case WireSubmit(terms=sent):
                gathered[-1].append(f"{sent.order_id} {sent.side}")
            case WireCancel():
                gathered[-1].append(f"{record.order_id} cancel")
            case Reported(report=told):
                gathered[-1].append(f"{told.order_id} {told.kind}")
            case RefusedOrder():
                gathered[-1].append(f"{record.terms.order_id} refused {record.code}")
            case Operation():
                gathered[-1].append(record.action)
    return gathered[:-1]


def bid_low(self: Strategy) -> None:
    self.buy("AAA", 1, limit_price=Decimal(50))


def buy_too_much(self: Strategy) -> None:
    self.buy("AAA", 5)


def losing(rules: Mapping[str, BreakerRules], *others: Any) -> tuple[Rig, list[str]]:
    """One that buys ten at 100 and bids for one at 50; then AAA falls to 90. Gives what fills it heard of, too."""
    heard: list[str] = []

    def on_fill(self: Strategy, fill: Fill) -> None:
        heard.append(f"{fill.order_id} {fill.side} {fill.quantity}")

    acts = spec(acting(buy, bid_low, nothing, buy_too_much, on_fill=on_fill))
    rig = Rig(acts, *others, currency=USD, breakers=rules)
    rig.feed(price(1, 100.0), price(2, 100.0), price(3, 90.0), price(4, 91.0))
    rig.assert_books_add_up()
    return rig, heard


def test_a_loss_cancels_and_closes_in_the_step_of_the_price_that_made_it() -> None:
    rig, heard = losing({"a": own(Policy.FLATTEN, daily_loss_amount=Decimal(100))})
    assert steps(rig.records)[2:] == [
        [
            "a open by daily_loss",
            *("a-2 cancel", "a-2 cancelled"),
            *("a-x1 sell", "a-x1 adopted", "a-x1 accepted", "a-x1 filled"),
        ],
        ["a-3 refused halted", "a-3 rejected"],
    ]
    assert rig.book().quantity("AAA") == 0
    assert heard == ["a-1 buy 10", "a-x1 sell 10"]
    kept = rig.container().orders.get("a-x1")
    assert kept is not None
    assert (kept.state, kept.terms.reduce_only, kept.terms.reason) == (
        OrderState.FILLED,
        True,
        "a breaker: daily_loss",
    )


def test_the_same_with_the_accounts_breaker_reaches_every_container() -> None:
    other = spec(acting(buy, bid_low, buy_too_much), "b")
    rig, _ = losing({ACCOUNT: own(Policy.FLATTEN, drawdown_share=Decimal("0.009"))}, other)
    step = steps(rig.records)[2]
    assert step[0] == "account open by drawdown"
    assert step[1:5] == ["a-2 cancel", "b-2 cancel", "a-2 cancelled", "b-2 cancelled"]
    assert [line for line in step if line.endswith("filled")] == ["a-x1 filled", "b-x1 filled"]
    assert step[-2:] == ["b-3 refused halted", "b-3 rejected"], "what it asked for at that price"
    assert not rig.router.ledger.total().positions


def test_at_midnight_a_loss_begins_anew() -> None:
    rig = Rig(spec(acting(buy)), currency=USD, breakers={"a": own(Policy.LEAVE, daily_loss_amount=Decimal(100))})
    noon = 12 * 3600
    rig.feed(price(noon, 100.0), price(noon + 1, 91.0), price(noon + DAY // SECOND, 82.0))
    assert list(breakers(rig.records)) == []
    rig.feed(price(noon + DAY // SECOND + 1, 81.0))
    assert list(breakers(rig.records)) == ["a open by daily_loss"]


def test_a_sealed_container_is_flat_too_when_the_account_is_closed() -> None:
    rig = Rig(spec(acting(buy)), spec(acting(nothing), "b"), currency=USD, breakers={ACCOUNT: own(Policy.FLATTEN)})
    rig.feed(price(1, 100.0)).operate("trip", strategy="a")
    rig.driver.operate(Operation(action="trip", ts_ns=SECOND, reason="found", scope=ACCOUNT, trigger=Trigger.DRAWDOWN))
    assert rig.book().quantity("AAA") == 0
    rig.assert_books_add_up()


def test_an_unused_breaker_leaves_no_trace() -> None:
    def on_quote(self: Strategy, quote: Quote) -> None:
        self.target("AAA", 10 if int(quote.bid) % 2 else 0)

    def day(rules: Mapping[str, BreakerRules]) -> Rig:
        rig = Rig(spec(strategy(on_quote=on_quote)), currency=USD, breakers=rules, offers={"AAA": QUOTES})
        return rig.feed(*(price(n, 100.0 + n) for n in range(1, 30)))

    lax = own(
        Policy.FLATTEN,
        daily_loss_amount=Decimal(10_000),
        drawdown_share=Decimal(1),
        consecutive_rejects=99,
        order_rate=Rate(count=99, within_ns=SECOND),
    )
    assert day({"a": lax, ACCOUNT: lax}).records == day({}).records


def test_what_may_be_acted_upon_is_not_let_run_ahead() -> None:
    rules = {"b": own(Policy.CANCEL, drawdown_share=Decimal("0.5"))}
    rig = Rig(spec(acting(buy, bid_low)), spec(acting(buy, bid_low), "b"), currency=USD, breakers=rules)
    rig.feed(price(1, 100.0))
    assert [rig.lockstep.has_waiting(name) for name in "ab"] == [False, False]
    rig.feed(price(2, 100.0))
    assert [rig.lockstep.has_waiting(name) for name in "ab"] == [False, True]


def test_a_position_may_be_acted_upon_where_it_would_be_closed() -> None:
    rules = {ACCOUNT: own(Policy.FLATTEN, drawdown_share=Decimal("0.5"))}
    rig = Rig(spec(acting(buy)), spec(acting(nothing), "b"), currency=USD, breakers=rules).feed(price(1, 100.0))
    assert [rig.lockstep.has_waiting(name) for name in "ab"] == [True, False]


def test_an_operation_of_no_breaker_is_a_defect_of_ours() -> None:
    with pytest.raises(AssertionError, match="is of no breaker"):
        router().safeguards.switch(Operation(action="move_cash", ts_ns=1, reason=""))
