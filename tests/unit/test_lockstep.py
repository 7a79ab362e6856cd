"""The lock-step: the order within one step, its bound, its commit, its barrier, and what comes from outside."""

from decimal import Decimal
from typing import Any

import pytest

from tests.builders import MINUTE_BARS, QUOTES, Rig, acting, buy, canonical, nothing, price, spec, strategy
from tests.market_builders import a_bar
from trading.account.records import BreakerChanged, Commit, Operation, Reported, StepRecord
from trading.commands import RefusedOrder, Trip, WireCancel, WireCommand, WireSubmit
from trading.driver import deliver
from trading.lockstep import ROUNDS, Delivery
from trading.market import Effect
from trading.market_data import Bar, MarketEvent, Quote, Timer
from trading.orders import Order, OrderState, Side
from trading.reports import ExecutionReport, Fill, ReportKind
from trading.strategy import Strategy
from trading.timestamps import MINUTE, SECOND


def rest(self: Strategy) -> None:
    self.buy("AAA", 10, limit_price=Decimal(90))


def kinds(records: list[StepRecord]) -> list[str]:
    """What was recorded, a word each; a report with its round."""
    words = {
        WireSubmit: "submit",
        WireCancel: "cancel",
        RefusedOrder: "refused",
        Trip: "trip",
        Operation: "operation",
        BreakerChanged: "breaker",
    }
    lines = []
    for record in records:
        if isinstance(record, Reported):
            lines.append(f"{record.report.kind} in {record.round}")
        else:
            lines.append(f"commit {record.event}" if isinstance(record, Commit) else words[type(record)])
    return lines


# The order within a step.


def test_a_step_goes_from_resting_orders_over_the_event_to_the_commands() -> None:
    log: list[str] = []

    def on_fill(self: Strategy, fill: Fill) -> None:
        log.append(f"{fill.order_id} at {self.now_ns // SECOND}")
        if fill.side is Side.BUY:
            self.sell("AAA", 10)

    def on_quote(self: Strategy, quote: Quote) -> None:
        log.append(f"quote at {self.now_ns // SECOND} holding {self.position('AAA')}")
        if quote.bid == 100.0:
            rest(self)

    rig = Rig(spec(strategy(on_quote=on_quote, on_fill=on_fill))).feed(price(1, 100.0), price(2, 90.0))
    assert log == ["quote at 1 holding 0", "a-1 at 2", "quote at 2 holding 10", "a-2 at 2"]
    assert kinds(rig.records) == [
        *("submit", "accepted in 1", "commit 1"),
        *("filled in 0", "submit", "accepted in 1", "filled in 1", "commit 2"),
    ]


def test_the_event_comes_after_the_reports_that_it_brings() -> None:
    log: list[str] = []

    def hear(word: str) -> Any:
        return lambda self, what: log.append(f"{word} {self.position('AAA')}")

    cls = acting(rest, on_fill=hear("fill"), on_order=hear("order"))
    quiet = strategy(on_quote=hear("quote"), on_fill=hear("never"))
    Rig(spec(cls), spec(quiet, "b")).feed(price(1, 100.0), price(2, 90.0))
    assert log == ["quote 0", "order 0", "fill 10", "order 10", "quote 0"]


def test_what_is_recorded_of_a_step_is_in_the_order_of_what_happens() -> None:
    def first(self: Strategy) -> None:
        self.sell("AAA", 1)  # refused by its risk manager
        buy(self)
        rest(self)

    rig = Rig(spec(acting(first, lambda self: self.cancel("a-3")))).feed(price(1, 100.0), price(2, 100.0))
    assert kinds(rig.records) == [
        "refused",
        "submit",
        "submit",
        "rejected in 1",
        "accepted in 1",
        "filled in 1",
        "accepted in 1",
        "commit 1",
        "cancel",
        "cancelled in 1",
        "commit 2",
    ]


def test_commands_of_all_containers_are_one_batch_in_the_order_of_the_config() -> None:
    rig = Rig(spec(acting(buy), "z"), spec(acting(buy), "a")).feed(price(1, 100.0))
    assert rig.sent() == ["z-1 buy 10", "a-1 buy 10"]


def test_what_comes_of_reports_is_met_in_a_further_round() -> None:
    def on_fill(self: Strategy, fill: Fill) -> None:
        if fill.side is Side.BUY:
            self.sell("AAA", fill.quantity)

    rig = Rig(spec(acting(buy, on_fill=on_fill))).feed(price(1, 100.0))
    assert kinds(rig.records) == [
        "submit",
        "accepted in 1",
        "filled in 1",
        "submit",
        "accepted in 2",
        "filled in 2",
        "commit 1",
    ]


# The bound.


def churn(self: Strategy, fill: Fill) -> None:
    """Answer every fill with the opposite order, for ever."""
    self.order("AAA", Side.SELL if fill.side is Side.BUY else Side.BUY, fill.quantity)


def test_a_step_has_at_most_eight_rounds_and_the_rest_waits_for_the_next_step() -> None:
    rig = Rig(spec(acting(buy, on_fill=churn))).feed(price(1, 100.0))
    assert len(rig.sent()) == ROUNDS == 8
    assert (len(rig.lockstep.waiting), rig.lockstep.deferrals) == (1, 1)

    rig.feed(price(2, 100.0))
    assert (len(rig.sent()), rig.lockstep.deferrals) == (16, 2)
    rig.assert_books_add_up()


def test_a_step_that_nobody_hears_still_takes_what_waits() -> None:
    rig = Rig(spec(acting(buy, on_fill=churn)), offers={"AAA": QUOTES, "BBB": QUOTES})
    rig.feed(price(1, 100.0), price(2, 100.0, symbol="BBB"))
    assert len(rig.sent()) == 16


def test_what_waits_survives_what_an_operator_does_in_between() -> None:
    def on_order(self: Strategy, order: Order) -> None:
        if order.state is OrderState.CANCELLED:
            self.buy("AAA", 1)

    churning = spec(acting(buy, on_fill=churn), "a")
    endless = spec(acting(rest, on_order=on_order, on_fill=churn), "b")
    rig = Rig(churning, endless).feed(price(1, 100.0))
    assert [command.strategy for command in rig.lockstep.waiting] == ["a"]
    rig.operate("resume", cancel_orders=True)
    assert [command.strategy for command in rig.lockstep.waiting] == ["a", "b"]


def test_waiting_commands_survive_a_restart() -> None:
    def rig(**making: Any) -> Rig:
        return Rig(spec(acting(buy, on_fill=churn)), **making)

    whole = rig().feed(price(1, 100.0), price(2, 100.0))
    first = rig().feed(price(1, 100.0))
    again = rig(state=first.state()).feed(price(2, 100.0))
    assert canonical(first.records + again.records) == canonical(whole.records)


def test_it_counts_what_each_container_was_told_also_over_a_restart() -> None:
    quiet = strategy(on_bar=lambda self, bar: None, start=lambda self: self.subscribe("AAA", bars="1m"))
    specs = spec(acting(buy), "a"), spec(quiet, "b")
    first = Rig(*specs).feed(price(1, 100.0), price(61, 100.0))
    again = Rig(*specs, state=first.state()).feed(price(130, 100.0))
    assert first.lockstep.heard == {"a": 2, "b": 1}
    assert again.lockstep.heard == {"a": 3, "b": 2}


# Commit and barrier.


def test_a_step_in_which_nothing_happened_is_not_committed() -> None:
    rig = Rig(spec(acting(nothing, buy))).feed(price(1, 100.0), price(2, 100.0), price(3, 100.0))
    assert [record for record in rig.records if isinstance(record, Commit)] == [Commit(event=2, ts_ns=2 * SECOND)]
    assert rig.lockstep.events == 3


def test_derived_bars_and_timers_are_events_with_steps_of_their_own() -> None:
    def start(self: Strategy) -> None:
        self.subscribe("AAA", bars="1m")
        self.schedule("tea", at_ns=90 * SECOND)

    cls = strategy(start=start, on_bar=lambda self, _: buy(self), on_timer=lambda self, _: buy(self))
    rig = Rig(spec(cls)).feed(price(61, 100.0), price(121, 100.0))
    commits = [(one.event, one.ts_ns // SECOND) for one in rig.records if isinstance(one, Commit)]
    assert commits == [(2, 90), (3, 120)]


class Witness:
    """Records, and notes how much was recorded when the barrier was last passed."""

    def __init__(self) -> None:
        self.records: list[StepRecord] = []
        self.durable = 0
        self.barriers = 0

    def record(self, record: StepRecord) -> None:
        self.records.append(record)

    def barrier(self) -> None:
        self.durable = len(self.records)
        self.barriers += 1


class Suspicious:
    """A market that refuses to hear of a command that is not durable yet."""

    def __init__(self, market: Any, witness: Witness) -> None:
        self._market = market
        self._witness = witness
        self.commands = 0

    def on_event(self, event: MarketEvent) -> list[Effect]:
        effects: list[Effect] = self._market.on_event(event)
        return effects

    def on_command(self, command: WireCommand, ts_ns: int) -> list[Effect]:
        self.commands += 1
        assert command in self._witness.records[: self._witness.durable], "sent before it was durable"
        effects: list[Effect] = self._market.on_command(command, ts_ns)
        return effects

    def __getattr__(self, name: str) -> Any:
        return getattr(self._market, name)


def test_nothing_leaves_before_it_is_durable() -> None:
    witness = Witness()
    market = Suspicious(Rig(spec(acting())).market, witness)
    rig = Rig(spec(acting(buy, rest, lambda self: self.cancel("a-2"), on_fill=churn)), recorder=witness, market=market)
    rig.feed(*(price(at, 100.0) for at in range(1, 5))).operate("halt", cancel_orders=True)

    assert market.commands > 20
    assert isinstance(witness.records[-1], Commit)
    assert witness.durable == len(witness.records), "a commit is durable before the next step"


def test_a_step_that_only_reports_waits_for_the_disk_once() -> None:
    witness = Witness()
    rig = Rig(spec(acting(lambda self: self.sell("AAA", 1))), recorder=witness).feed(price(1, 100.0))
    assert [type(record) for record in witness.records] == [RefusedOrder, Reported, Commit]
    assert (witness.barriers, rig.sent()) == (1, [])


# The market and what it is shown.


def test_a_bar_that_was_built_never_meets_the_market() -> None:
    """A market order given at 12:02 must not fill at the open of the bar that began at 12:00."""

    def start(self: Strategy) -> None:
        self.subscribe("AAA", bars="1m")
        self.subscribe("AAA", bars="2m")

    rig = Rig(spec(strategy(start=start, on_bar=on_first_minutes)), offers={"AAA": MINUTE_BARS})
    for at, opening in ((60, 10.0), (120, 20.0), (180, 30.0)):
        rig.feed(a_bar(opening, opening + 5, opening - 5, opening + 1, at=at))
    assert rig.reports() == ["a-1 accepted", "a-1 filled 10 at 30.0"]


def on_first_minutes(self: Any, bar: Bar) -> None:
    if bar.ts_ns == 120 * SECOND and bar.interval_ns == MINUTE:
        buy(self)


class OnlyItsOwn:
    """A market that fails when it is shown what no feed brought."""

    def __init__(self, market: Any, interval_ns: int) -> None:
        self._market = market
        self._interval_ns = interval_ns

    def on_event(self, event: MarketEvent) -> list[Effect]:
        assert isinstance(event, Bar)
        assert event.interval_ns == self._interval_ns, "a derived bar came to the market"
        return []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._market, name)


def test_the_market_is_shown_what_the_feed_brought_and_nothing_else() -> None:
    def start(self: Strategy) -> None:
        self.subscribe("AAA", bars="2m")
        self.schedule("tea", every="30s")

    market = OnlyItsOwn(Rig(spec(acting()), offers={"AAA": MINUTE_BARS}).market, MINUTE)
    rig = Rig(spec(strategy(start=start)), offers={"AAA": MINUTE_BARS}, market=market)
    rig.feed(*(a_bar(1, 1, 1, 1, at=at) for at in range(60, 601, 60)))
    assert rig.lockstep.events > 20


def test_a_symbol_is_marked_by_the_kind_of_data_on_which_it_is_matched() -> None:
    def start(self: Strategy) -> None:
        self.subscribe("AAA", bars="1m")

    rig = Rig(spec(strategy(start=start))).feed(price(61, 100.0), price(119, 104.0), price(120, 106.0))
    assert rig.router.price_of("AAA") == Decimal("106.0")


# From outside.


def test_a_halt_refuses_entries_and_lets_exits_pass_until_it_is_taken_back() -> None:
    rig = Rig(spec(acting(buy, buy, lambda self: self.target("AAA", 0), buy))).feed(price(1, 100.0))
    rig.operate("halt").feed(price(2, 100.0), price(3, 100.0)).operate("resume").feed(price(4, 100.0))
    assert rig.reports() == [
        "a-1 accepted",
        "a-1 filled 10 at 100.0",
        "a-2 rejected halted",
        "a-3 accepted",
        "a-3 filled 10 at 100.0",
        "a-4 accepted",
        "a-4 filled 10 at 100.0",
    ]


def test_an_operation_is_recorded_before_what_it_does_and_committed() -> None:
    rig = Rig(spec(acting(rest))).feed(price(1, 100.0)).operate("halt", cancel_orders=True)
    assert kinds(rig.records)[-5:] == ["operation", "breaker", "cancel", "cancelled in 1", "commit 1"]
    assert rig.records[-5] == Operation(action="halt", ts_ns=SECOND, reason="told", cancel_orders=True)


def test_what_strategies_answer_to_an_operation_goes_through_the_gate() -> None:
    def on_order(self: Strategy, order: Order) -> None:
        if order.state is OrderState.CANCELLED:
            buy(self)

    rig = Rig(spec(acting(rest, on_order=on_order))).feed(price(1, 100.0)).operate("halt", cancel_orders=True)
    assert rig.reports()[-2:] == ["a-1 cancelled", "a-2 rejected halted"]


def test_an_operator_s_cancel_that_is_refused_harms_nobody() -> None:
    """The container never asked for it, so its order is not waiting for any cancel."""

    class Stubborn:
        def __init__(self, market: Any) -> None:
            self._market = market

        def on_command(self, command: WireCommand, ts_ns: int) -> list[ExecutionReport]:
            if isinstance(command, WireCancel):
                return [refused_cancel(command)]
            reports: list[ExecutionReport] = self._market.on_command(command, ts_ns)
            return reports

        def __getattr__(self, name: str) -> Any:
            return getattr(self._market, name)

    market: Any = Stubborn(Rig(spec(acting(rest))).market)
    rig = Rig(spec(acting(rest)), market=market).feed(price(1, 100.0)).operate("halt", cancel_orders=True)
    kept = rig.container().orders.get("a-1")
    assert kept is not None
    assert (kept.state, rig.order("a-1").state) == (OrderState.ACCEPTED, OrderState.ACCEPTED)


def refused_cancel(command: WireCancel) -> ExecutionReport:
    return ExecutionReport(
        order_id=command.order_id,
        strategy=command.strategy,
        kind=ReportKind.CANCEL_REJECTED,
        ts_ns=command.ts_ns,
        cid=command.cid,
        code="too_late",
    )


# The beginning.


def test_what_was_asked_for_before_the_first_event_is_done_with_it() -> None:
    def start(self: Strategy) -> None:
        self.schedule("tea", at_ns=5 * SECOND)
        self.subscribe("AAA", quotes=True)

    rang: list[Timer] = []
    Rig(spec(strategy(start=start, on_timer=lambda _, timer: rang.append(timer)))).feed(price(9, 1.0))
    assert rang == [Timer("a", 5 * SECOND, "tea")]


def test_a_strategy_that_fails_to_start_is_tripped_with_the_first_event() -> None:
    rig = Rig(spec(strategy(start=lambda self: 1 // 0)), spec(acting(buy), "b")).feed(price(1, 100.0))
    assert kinds(rig.records) == ["trip", "submit", "accepted in 1", "filled in 1", "commit 1"]


# The generator.


def test_whoever_carries_it_out_a_step_only_needs_its_answers() -> None:
    """By hand: deliveries out, commands in, as every shell does."""
    rig = Rig(spec(acting(buy)))
    rig.feed()
    [step] = rig.lockstep.steps([price(1, 100.0)])
    seen: list[Delivery] = [next(step)]
    seen.append(step.send(deliver(rig.driver.containers, seen[0])))
    answers = deliver(rig.driver.containers, seen[1])
    with pytest.raises(StopIteration):
        step.send(answers)

    assert [(len(one.reports), one.event, one.subscribers) for one in seen] == [
        (0, price(1, 100.0), ("a",)),
        (2, None, ()),
    ]
    assert rig.reports() == ["a-1 accepted", "a-1 filled 10 at 100.0"]


def test_the_driver_runs_from_the_first_event_to_what_is_due_at_the_last() -> None:
    heard: list[int] = []
    cls = strategy(on_bar=lambda _, bar: heard.append(bar.interval_ns // MINUTE))
    rig = Rig(spec(cls, timeframe="2m"), offers={"AAA": MINUTE_BARS})
    rig.driver.run([a_bar(1, 1, 1, 1, at=60), a_bar(1, 1, 1, 1, at=120)])
    assert heard == [2]
