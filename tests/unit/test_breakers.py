"""Circuit breakers: their table, what opens each, what it takes to close it, and what outlives a restart."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from scripts import draw_breakers
from tests.builders import report, terms
from tests.market_builders import through_msgpack
from trading.account.breaker_states import TRANSITIONS, BreakerChange, BreakerState
from trading.account.breakers import Breaker, Breakers, Probe, Restriction
from trading.account.records import BreakerChanged
from trading.account.triggers import ACCOUNT, TRIGGERS, VENUE, BreakerRules, Kind, Policy, Rate, Reach, Trigger
from trading.errors import IllegalTransition
from trading.orders import OrderTerms
from trading.reports import ExecutionReport, Origin, ReportKind
from trading.timestamps import DAY, LAST_NS, MINUTE, SECOND

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "breaker_transitions.txt"

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


def breakers(**rules: BreakerRules) -> Breakers:
    """Of the strategies `a` and `b`; without a limit where none is given."""
    return Breakers("ab", rules)


def answered(kind: ReportKind, n: int = 1, *, at: int = 0, strategy: str = "a") -> ExecutionReport:
    """The venue's answer to an order, so many seconds after the epoch."""
    order: OrderTerms = terms(n=n, strategy=strategy)
    return ExecutionReport(order_id=order.order_id, strategy=strategy, kind=kind, ts_ns=at * SECOND)


REJECTED, ACCEPTED = ReportKind.REJECTED, ReportKind.ACCEPTED


def lines(changes: Sequence[BreakerChanged]) -> list[str]:
    """`a consecutive_rejects closed -> open: 3 orders rejected in a row`."""
    return [f"{one.scope} {one.trigger} {one.before} -> {one.after}: {one.reason}" for one in changes]


def states(breaking: Breakers) -> dict[str, str]:
    """Those that are not closed."""
    return {scope: breaker.state.value for scope, breaker in breaking.by_scope.items() if breaker.is_open}


# The table.


def test_the_printed_table_is_the_golden_one() -> None:
    assert draw_breakers.table() == GOLDEN.read_text(encoding="utf-8")


def test_what_the_docs_show_is_drawn_of_the_tables() -> None:
    assert draw_breakers.DOCUMENT.read_text(encoding="utf-8") == draw_breakers.document()


@pytest.mark.parametrize("state", BreakerState)
@pytest.mark.parametrize("change", BreakerChange)
def test_a_change_makes_its_row_or_is_illegal(state: BreakerState, change: BreakerChange) -> None:
    breaker = Breaker(scope="a", state=state)
    if (state, change) in TRANSITIONS:
        assert breaker.change(change) is state
        assert breaker.state is TRANSITIONS[state, change]
    else:
        with pytest.raises(IllegalTransition, match=f"breaker of a: no row for {change} in state {state}"):
            breaker.change(change)


def test_every_trigger_has_a_rule_and_its_section_in_the_runbook() -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    sections = [line.removeprefix("### ").strip() for line in runbook.splitlines() if line.startswith("### ")]
    assert set(TRIGGERS) == set(Trigger)
    missing = [trigger for trigger in Trigger if trigger.value not in sections]
    assert not missing, f"docs/runbook.md has no section of {missing}"
    for trigger in Trigger:
        section = runbook.partition(f"### {trigger}\n")[2].partition("\n### ")[0]
        assert all(part in section for part in ("**Meaning.**", "**What the daemon did.**", "**What to do.**")), trigger


# What opens one.


Tell = Callable[[Breakers], list[BreakerChanged]]


def reports(*kinds: ReportKind, strategy: str = "a", every: int = 1) -> list[Tell]:
    told = [answered(kind, n, at=n * every, strategy=strategy) for n, kind in enumerate(kinds, 1)]
    return [lambda one, report=report: one.on_report(report) for report in told]  # type: ignore[misc]


def orders(*seconds: float, strategy: str = "a") -> list[Tell]:
    return [lambda one, at=at: one.on_order(strategy, int(at * SECOND)) for at in seconds]  # type: ignore[misc]


def worth(*amounts: str | None, of: str = "a", every: int = SECOND, first: int = SECOND) -> list[Tell]:
    told = [(None if amount is None else Decimal(amount), first + n * every) for n, amount in enumerate(amounts)]
    return [lambda one, t=t: one.on_valuation({of: t[0]}, t[1]) for t in told]  # type: ignore[misc]


def requests(answers: str) -> list[Tell]:
    """One a second: + is answered, - fails."""
    told = [(n * SECOND, answer == "-") for n, answer in enumerate(answers)]
    return [lambda one, t=t: one.on_transport(t[0], failed=t[1]) for t in told]  # type: ignore[misc]


class Row(NamedTuple):
    """What is told, in turn, under which rules of which scope; the last of it opens the breaker, or does not."""

    name: str
    scope: str
    rules: BreakerRules
    told: Sequence[Tell]
    reason: str

    def __str__(self) -> str:
        return self.name


THREE = BreakerRules(consecutive_rejects=3)
TWO_OF_FOUR = BreakerRules(reject_rate=Rate(count=2, of=4))
TWO_IN_TEN_SECONDS = BreakerRules(reject_rate=Rate(count=2, within_ns=10 * SECOND))
TWO_OF_FOUR_IN_TEN_SECONDS = BreakerRules(reject_rate=Rate(count=2, of=4, within_ns=10 * SECOND))
TWO_A_SECOND = BreakerRules(order_rate=Rate(count=2, within_ns=SECOND))
A_HUNDRED = BreakerRules(daily_loss_amount=Decimal(100))
A_TENTH = BreakerRules(drawdown_share=Decimal("0.1"))
TWO_ERRORS = BreakerRules(transport_errors_in_a_row=2)
ERROR_RATE = BreakerRules(transport_error_rate=Rate(count=3, of=5))

OPENS = [
    Row("three rejects in a row", "a", THREE, reports(*3 * [REJECTED]), "orders rejected in a row: 3"),
    Row(
        "rejects of several strategies in a row",
        ACCOUNT,
        THREE,
        [*reports(REJECTED, REJECTED), *reports(REJECTED, strategy="b")],
        "orders rejected in a row: 3",
    ),
    Row(
        "two of four",
        "a",
        TWO_OF_FOUR,
        reports(REJECTED, ACCEPTED, ACCEPTED, REJECTED),
        "orders rejected of the last 4: 2",
    ),
    Row(
        "two in ten seconds",
        "a",
        TWO_IN_TEN_SECONDS,
        reports(REJECTED, REJECTED, every=9),
        "orders rejected within 10s: 2",
    ),
    Row(
        "two of four in ten seconds",
        "a",
        TWO_OF_FOUR_IN_TEN_SECONDS,
        reports(REJECTED, ACCEPTED, ACCEPTED, REJECTED, every=3),
        "orders rejected of the last 4 within 10s: 2",
    ),
    Row("the third order within a second", "a", TWO_A_SECOND, orders(0, 0.5, 0.9), "orders within 1s: 3"),
    Row(
        "the third order of all within a second",
        ACCOUNT,
        TWO_A_SECOND,
        [*orders(0, 0.5), *orders(0.9, strategy="b")],
        "orders within 1s: 3",
    ),
    Row(
        "a loss", "a", A_HUNDRED, worth("1000", "950", "900"), "100 of 1000 lost since the day began; the limit is 100"
    ),
    Row(
        "a loss after a gain of the same day",
        "a",
        A_HUNDRED,
        worth("1000", "1200", "899.99"),
        "100.01 of 1000 lost since the day began; the limit is 100",
    ),
    Row(
        "a loss by the first price of a day",
        "a",
        A_HUNDRED,
        [*worth("1000", "1050"), *worth("950", first=DAY + 1)],
        "100 of 1050 lost since the day began; the limit is 100",
    ),
    Row(
        "a drawdown", "a", A_TENTH, worth("1000", "2000", "1800"), "200 below the peak of 2000; the limit is 0.1 of it"
    ),
    Row(
        "a drawdown over days",
        ACCOUNT,
        A_TENTH,
        worth("1000", "950", "900", of=ACCOUNT, every=DAY),
        "100 below the peak of 1000; the limit is 0.1 of it",
    ),
    Row("two failed requests in a row", VENUE, TWO_ERRORS, requests("+--"), "requests failed in a row: 2"),
    Row(
        "three failed of five",
        VENUE,
        ERROR_RATE,
        requests("-+-+-"),
        "requests failed of the last 5: 3",
    ),
]


@pytest.mark.parametrize("row", OPENS, ids=str)
def test_a_limit_opens_the_breaker_of_its_scope_and_no_other(row: Row) -> None:
    breaking = breakers(**{row.scope: row.rules})
    for tell in row.told[:-1]:
        assert tell(breaking) == []
    (change,) = row.told[-1](breaking)
    assert (change.scope, change.before, change.after, change.reason) == (row.scope, CLOSED, OPEN, row.reason)
    assert states(breaking) == {row.scope: "open"}
    assert breaking.by_scope[row.scope].reason == row.reason
    assert TRIGGERS[change.trigger].limit, "what is counted has a limit"


STAYS = [
    Row("a success breaks the row", "a", THREE, reports(REJECTED, REJECTED, ACCEPTED, REJECTED, REJECTED), ""),
    Row("others' rejects", "a", THREE, [*reports(REJECTED, REJECTED), *reports(REJECTED, strategy="b")], ""),
    Row("two of five", "a", TWO_OF_FOUR, reports(REJECTED, ACCEPTED, ACCEPTED, ACCEPTED, REJECTED), ""),
    Row("two in more than ten seconds", "a", TWO_IN_TEN_SECONDS, reports(REJECTED, REJECTED, every=10), ""),
    Row("two of four, too slowly", "a", TWO_OF_FOUR_IN_TEN_SECONDS, reports(REJECTED, REJECTED, every=10), ""),
    Row("two orders a second for long", "a", TWO_A_SECOND, orders(*(n / 2 for n in range(20))), ""),
    Row("less than the loss", "a", A_HUNDRED, worth("1000", "900.01"), ""),
    Row("losses of two days", "a", A_HUNDRED, worth("1000", "940", "880", "820", every=DAY), ""),
    Row("midnight is part of the day before", "a", A_HUNDRED, [*worth("1000", "940"), *worth("1000", first=DAY)], ""),
    Row("a gain", "a", A_TENTH, worth("1000", "3000", "2800"), ""),
    Row("what is not known", "a", A_HUNDRED, worth("1000", None, None, "990"), ""),
    Row("never known", "a", A_TENTH, worth(None, None), ""),
    Row("nothing to lose", "a", A_TENTH, worth("0", "-5", "-50"), ""),
    Row("errors between answers", VENUE, TWO_ERRORS, requests("-+-+-"), ""),
    Row("no limits", "a", BreakerRules(), [*reports(*9 * [REJECTED]), *orders(*9 * [0]), *worth("9", "-9")], ""),
]


@pytest.mark.parametrize("row", STAYS, ids=str)
def test_what_keeps_within_its_limit_opens_nothing(row: Row) -> None:
    breaking = breakers(**{row.scope: row.rules})
    assert [tell(breaking) for tell in row.told] == [[]] * len(row.told)
    assert states(breaking) == {}


@pytest.mark.parametrize(
    ("kind", "origin"),
    [
        (REJECTED, Origin.GATE),
        (REJECTED, Origin.RISK),
        (ReportKind.CANCEL_REJECTED, Origin.VENUE),
        (ReportKind.EXPIRED, Origin.VENUE),
    ],
)
def test_only_orders_that_the_venue_rejected_count(kind: ReportKind, origin: Origin) -> None:
    breaking = breakers(a=BreakerRules(consecutive_rejects=1))
    one = report(terms(), kind)
    refused = ExecutionReport(order_id=one.order_id, strategy="a", kind=kind, ts_ns=1, origin=origin)
    assert breaking.on_report(refused) == []


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("scope", ["a", ACCOUNT, VENUE])
def test_what_is_found_elsewhere_opens_the_scopes_of_its_rule_alone(trigger: Trigger, scope: str) -> None:
    breaking, rule = breakers(), TRIGGERS[trigger]
    reach = {ACCOUNT: Reach.ACCOUNT, VENUE: Reach.VENUE}.get(scope, Reach.CONTAINER)
    if reach in rule.reaches:
        assert lines(breaking.on_trouble(scope, trigger, "found", 5)) == [f"{scope} {trigger} closed -> open: found"]
        assert breaking.by_scope[scope].latches is (rule.kind is Kind.TRADING)
    else:
        with pytest.raises(AssertionError, match="opens no breaker"):
            breaking.on_trouble(scope, trigger, "found", 5)


def test_what_is_open_is_opened_once_by_each_cause() -> None:
    breaking = breakers(a=BreakerRules(consecutive_rejects=1, on_trip=Policy.CANCEL))
    assert [one.policy for one in breaking.on_report(answered(REJECTED))] == [Policy.CANCEL]
    assert breaking.on_report(answered(REJECTED)) == []
    further = breaking.on_trouble("a", Trigger.STALL, "hangs", 9)
    assert lines(further) == ["a stall open -> open: hangs"]
    assert [one.policy for one in further] == [Policy.LEAVE], "what its policy asks for is done once"
    assert breaking.by_scope["a"].reason == "orders rejected in a row: 1; hangs"


def test_an_operators_halt_acts_on_no_order_and_another_gives_the_newest_reason() -> None:
    breaking = breakers(account=BreakerRules(on_trip=Policy.FLATTEN))
    first = breaking.on_trouble(ACCOUNT, Trigger.OPERATOR, "lunch", 1)
    again = breaking.on_trouble(ACCOUNT, Trigger.OPERATOR, "still", 2)
    assert [one.policy for one in (*first, *again)] == [Policy.LEAVE, Policy.LEAVE]
    assert breaking.by_scope[ACCOUNT].reason == "still"
    assert breaking.on_trouble(ACCOUNT, Trigger.OPERATOR, "still", 3) == []


# Whom it holds back.


@pytest.mark.parametrize(
    ("open_scopes", "restrictions"),
    [
        ([], {"a": None, "b": None}),
        (["a"], {"a": Restriction("no of a", of_account=False), "b": None}),
        ([ACCOUNT], {one: Restriction("no of account", of_account=True) for one in "ab"}),
        ([VENUE], {one: Restriction("no of venue", of_account=True) for one in "ab"}),
        (
            ["b", VENUE, ACCOUNT],
            {
                "a": Restriction("no of account; no of venue", of_account=True),
                "b": Restriction("no of account; no of venue; no of b", of_account=True),
            },
        ),
    ],
)
def test_the_smallest_scope_holds_it(open_scopes: list[str], restrictions: Mapping[str, Restriction | None]) -> None:
    breaking = breakers()
    for scope in open_scopes:
        breaking.on_trouble(scope, Trigger.OPERATOR, f"no of {scope}", 1)
    assert {strategy: breaking.restriction(strategy) for strategy in "ab"} == restrictions


def test_no_strategy_has_the_name_of_another_scope_and_rules_are_of_scopes_that_are_there() -> None:
    with pytest.raises(AssertionError, match="the name of another scope"):
        Breakers(["a", ACCOUNT], {})
    with pytest.raises(AssertionError, match="no scopes"):
        Breakers(["a"], {"b": THREE})


# What closes it.


def test_a_trading_breaker_stays_open_until_it_is_reset() -> None:
    breaking = breakers(a=A_HUNDRED)
    for tell in worth("1000", "900"):
        tell(breaking)
    assert breaking.wake_ns == LAST_NS
    assert breaking.on_time(365 * DAY) == []
    assert breaking.withdraw("a", Trigger.OPERATOR, "resumed", 1) == []
    assert lines(breaking.reset("a", "looked at", 9)) == ["a daily_loss open -> closed: looked at"]
    assert states(breaking) == {}


def test_after_a_reset_limits_count_anew() -> None:
    rules = BreakerRules(
        consecutive_rejects=2,
        order_rate=Rate(count=1, within_ns=MINUTE),
        daily_loss_amount=Decimal(100),
        drawdown_share=Decimal("0.2"),
    )
    breaking = breakers(a=rules)
    for tell in (*worth("1000", "850"), *orders(0, 1), *reports(REJECTED, REJECTED)):
        tell(breaking)
    assert set(breaking.by_scope["a"].causes) == {
        Trigger.DAILY_LOSS,
        Trigger.ORDER_RATE,
        Trigger.CONSECUTIVE_REJECTS,
    }
    breaking.reset("a", "again", 5)
    for tell in (*worth("850", "751"), *orders(2), *reports(REJECTED)):
        assert tell(breaking) == []
    assert lines(worth("749")[0](breaking)) == [
        "a daily_loss closed -> open: 101 of 850 lost since the day began; the limit is 100"
    ]


def test_a_reset_of_what_is_closed_begins_its_counts_anew_and_says_nothing() -> None:
    breaking = breakers(a=THREE)
    for tell in reports(REJECTED, REJECTED):
        tell(breaking)
    assert breaking.reset("a", "asked", 4) == []
    assert [tell(breaking) for tell in reports(REJECTED, REJECTED)] == [[], []]


def test_resuming_takes_back_a_halt_and_nothing_else() -> None:
    breaking = breakers(account=THREE)
    breaking.on_trouble(ACCOUNT, Trigger.OPERATOR, "lunch", 1)
    for tell in reports(*3 * [REJECTED]):
        tell(breaking)
    assert lines(breaking.withdraw(ACCOUNT, Trigger.OPERATOR, "after lunch", 5)) == [
        "account operator open -> open: after lunch"
    ]
    assert breaking.by_scope[ACCOUNT].reason == "orders rejected in a row: 3"
    breaking.reset(ACCOUNT, "looked at", 6)
    breaking.on_trouble(ACCOUNT, Trigger.OPERATOR, "lunch", 7)
    assert lines(breaking.withdraw(ACCOUNT, Trigger.OPERATOR, "after lunch", 8)) == [
        "account operator open -> closed: after lunch"
    ]


# What cools down.

PATIENT = BreakerRules(transport_errors_in_a_row=1, cool_down_ns=30 * SECOND, probe_timeout_ns=5 * SECOND)


def tripped() -> Breakers:
    """The venue's, opened by one failed request at 0 s."""
    breaking = breakers(venue=PATIENT)
    breaking.on_transport(0, failed=True)
    return breaking


def test_after_a_cool_down_a_probe_is_wanted_and_closes_it_when_it_passes() -> None:
    breaking = tripped()
    assert (breaking.wake_ns, breaking.on_time(30 * SECOND - 1)) == (30 * SECOND, [])
    assert lines(breaking.on_time(30 * SECOND)) == [
        "venue transport_errors open -> half_open: the cool-down is over: a probe is due"
    ]
    assert breaking.probe_of(VENUE) == Probe(scope=VENUE, number=1, due_ns=35 * SECOND)
    assert breaking.restriction("a") is not None, "half-open is not closed"
    assert lines(breaking.on_probe(VENUE, 1, 31 * SECOND, passed=True)) == [
        "venue transport_errors half_open -> closed: the probe passed"
    ]
    assert (breaking.restriction("a"), breaking.wake_ns) == (None, LAST_NS)


def test_a_probe_that_hangs_has_failed_and_its_answer_comes_too_late() -> None:
    breaking = tripped()
    breaking.on_time(30 * SECOND)
    assert breaking.on_time(35 * SECOND - 1) == []
    assert lines(breaking.on_time(35 * SECOND)) == [
        "venue transport_errors half_open -> open: the probe was not answered in its time"
    ]
    assert breaking.on_probe(VENUE, 1, 36 * SECOND, passed=True) == []
    breaking.on_time(95 * SECOND)
    assert breaking.probe_of(VENUE).number == 2
    assert breaking.on_probe(VENUE, 1, 96 * SECOND, passed=True) == [], "the answer to another question"
    assert breaking.on_probe(VENUE, 2, 96 * SECOND, passed=True) != []


def test_each_failed_probe_doubles_the_cool_down_up_to_sixteen_times() -> None:
    breaking, now_ns, waited = tripped(), 0, []
    for number in range(1, 8):
        waited.append((breaking.wake_ns - now_ns) // SECOND)
        breaking.on_time(breaking.wake_ns)
        now_ns = breaking.wake_ns - SECOND
        breaking.on_probe(VENUE, number, now_ns, passed=False, reason="no such host")
    assert waited == [30, 60, 120, 240, 480, 480, 480]


def test_trouble_of_trading_keeps_what_cools_down_from_closing_by_itself() -> None:
    breaking = tripped()
    breaking.on_time(30 * SECOND)
    assert lines(breaking.on_trouble(VENUE, Trigger.RECONCILIATION, "1 AAA too many", 31 * SECOND)) == [
        "venue reconciliation half_open -> open: 1 AAA too many"
    ]
    assert breaking.on_probe(VENUE, 1, 32 * SECOND, passed=True) == []
    assert breaking.wake_ns == LAST_NS
    assert breaking.reset(VENUE, "explained", 40 * SECOND) != []
    assert breaking.on_transport(41 * SECOND, failed=True) != [], "and it counts anew"


def test_an_error_while_a_probe_is_out_begins_the_cool_down_again() -> None:
    breaking = tripped()
    breaking.on_time(30 * SECOND)
    assert lines(breaking.on_transport(31 * SECOND, failed=True)) == [
        "venue transport_errors half_open -> open: requests failed in a row: 2"
    ]
    assert breaking.wake_ns == 61 * SECOND


# Money that comes and goes.


@pytest.mark.parametrize("flow", ["-700", "1", "100000"])
def test_a_loss_stays_as_large_whatever_money_comes_or_goes(flow: str) -> None:
    breaking = breakers(a=A_HUNDRED)
    for tell in worth("1000.00", "910.00"):
        tell(breaking)
    before, after = Decimal("910.00"), Decimal("910.00") + Decimal(flow)
    breaking.on_flow({"a": before}, {"a": after})
    for further, opens in (("0", False), ("9.99", False), ("10.00", True)):
        (tell,) = worth(str(after - Decimal(further)))
        assert bool(tell(breaking)) is opens


def test_a_drawdown_stays_as_deep_a_share_when_money_goes() -> None:
    breaking = breakers(a=A_TENTH)
    for tell in worth("1000.00", "950.00"):
        tell(breaking)
    breaking.on_flow({"a": Decimal("950.00")}, {"a": Decimal("95.00")})
    assert worth("90.01")[0](breaking) == []
    assert lines(worth("90.00")[0](breaking)) == [
        "a drawdown closed -> open: 10.00 below the peak of 100.00; the limit is 0.1 of it"
    ]


def test_where_the_worth_of_a_flow_is_not_known_it_is_measured_anew() -> None:
    breaking = breakers(a=A_HUNDRED)
    for tell in worth("1000", "950"):
        tell(breaking)
    breaking.on_flow({"a": None}, {"a": Decimal(500)})
    assert [tell(breaking) for tell in worth("500", "401")] == [[], []]
    assert worth("400")[0](breaking) != []


# What outlives a restart.


def test_everything_outlives_a_restart() -> None:
    rules = BreakerRules(
        consecutive_rejects=3,
        reject_rate=Rate(count=9, of=20),
        order_rate=Rate(count=2, within_ns=SECOND),
        daily_loss_amount=Decimal(100),
        drawdown_share=Decimal("0.5"),
    )
    told = [*worth("1000.00", "1500.00", "1490.00"), *orders(0, 0.1), *reports(REJECTED, REJECTED)]
    last = [*orders(0.2), *reports(REJECTED), *worth("740.00", first=DAY + 1)]
    whole, first = breakers(a=rules, venue=PATIENT), breakers(a=rules, venue=PATIENT)
    again = breakers(a=rules, venue=PATIENT)
    for tell in told:
        tell(whole)
        tell(first)
    for one in (whole, first):
        one.on_transport(0, failed=True)
        one.on_time(30 * SECOND)
    again.restore(through_msgpack(first.state()))
    assert through_msgpack(again.state()) == through_msgpack(whole.state())
    assert again.restriction("b") == whole.restriction("b") != None  # noqa: E711
    assert again.wake_ns == whole.wake_ns
    assert [lines(tell(again)) for tell in last] == [lines(tell(whole)) for tell in last]
    assert states(again) == {"a": "open", VENUE: "half_open"}


def test_what_is_open_stays_open_under_other_rules_and_new_scopes_are_closed() -> None:
    before = Breakers(["a", "gone"], {"a": THREE, "gone": THREE})
    for tell in reports(*3 * [REJECTED]):
        tell(before)
    after = Breakers(["a", "new"], {"new": THREE})
    after.restore(through_msgpack(before.state()))
    assert states(after) == {"a": "open"}
    assert list(after.by_scope) == [ACCOUNT, VENUE, "a", "new"]
