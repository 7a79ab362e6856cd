"""The container: its life, what goes in and comes out, what leaks (nothing) and stays (nothing), its snapshots."""

import gc
import tracemalloc
import weakref
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.builders import (
    QUOTES,
    Rig,
    acting,
    buy,
    canonical,
    fill,
    nothing,
    price,
    raising,
    report,
    spec,
    started,
    strategy,
    terms,
)
from tests.market_builders import a_bar, a_trade, an_instrument, through_msgpack
from trading.bus import EventBus
from trading.commands import AmendOrder, CancelOrder, RefusedOrder, ScheduleTimer, SubmitOrder
from trading.container import ContainerSpec, ContainerState, ScopedContainer
from trading.errors import InvalidParameters, ScopeError, UnsupportedState
from trading.market_data import Event, Quote, Timer
from trading.order_manager import OrderManager
from trading.orders import Order, OrderState, Side
from trading.portfolio import VirtualPortfolio
from trading.reports import ExecutionReport, Fill, Origin, ReportKind
from trading.risk import RiskManager
from trading.strategy import Strategy
from trading.timestamps import SECOND


def accepted(order_id: str, number: int) -> ExecutionReport:
    return ExecutionReport(order_id=order_id, strategy="a", kind=ReportKind.ACCEPTED, ts_ns=2 * SECOND, number=number)


def rejected(order_id: str, number: int) -> ExecutionReport:
    return msgspec.structs.replace(accepted(order_id, number), kind=ReportKind.REJECTED, code="halted", reason="x")


# Life.


def test_a_container_goes_from_created_to_stopped() -> None:
    container = ScopedContainer(spec(strategy()), {"AAA": an_instrument()})
    lives = [container.life]
    container.start(0)
    lives.append(container.life)
    container.run()
    lives.append(container.life)
    container.stop()
    lives.append(container.life)
    assert lives == [
        ContainerState.CREATED,
        ContainerState.WARMING,
        ContainerState.RUNNING,
        ContainerState.STOPPED,
    ]


def test_its_components_are_found_by_name() -> None:
    container, _ = started(strategy())
    assert container.resolve("portfolio", VirtualPortfolio) is container.portfolio
    assert container.resolve("orders", OrderManager) is container.orders
    for name, kind in (("bus", EventBus), ("risk_manager", RiskManager), ("strategy", Strategy)):
        assert isinstance(container.resolve(name, kind), kind)


def test_building_it_twice_wires_it_once() -> None:
    heard: list[Quote] = []
    container = ScopedContainer(spec(strategy(on_quote=lambda _, quote: heard.append(quote))), {"AAA": an_instrument()})
    container.initialize_scope()
    container.initialize_scope()
    container.start(0)
    container.on_event(price(1, 100.0))
    assert heard == [price(1, 100.0)]


def test_a_strategy_that_buys_once_buys_once_however_often_it_was_built() -> None:
    container = ScopedContainer(spec(acting(buy)), {"AAA": an_instrument()})
    container.initialize_scope()
    container.start(0)
    assert [type(command) for command in container.on_event(price(1, 100.0))] == [SubmitOrder]


def test_a_container_that_was_torn_down_stays_so() -> None:
    container, _ = started(strategy())
    container.teardown_scope()
    container.teardown_scope()
    for late in (container.initialize_scope, lambda: container.start(1), lambda: container.resolve("bus", EventBus)):
        with pytest.raises(ScopeError):
            late()


def test_wrong_parameters_stop_it_before_anything_runs() -> None:
    container = ScopedContainer(spec(strategy(fast=10), fast="ten"), {"AAA": an_instrument()})
    with pytest.raises(InvalidParameters, match="fast: Expected int, got str"):
        container.start(0)


def test_a_strategy_may_have_a_close_of_its_own() -> None:
    def start(self: Any) -> None:
        self.close = 101.5

    container, _ = started(strategy(start=start))
    container.teardown_scope()


# What goes in and comes out.


def test_each_kind_of_event_reaches_its_handler() -> None:
    heard: list[object] = []
    hear = lambda _, event: heard.append(event)  # noqa: E731
    container, _ = started(strategy(on_bar=hear, on_quote=hear, on_trade=hear, on_timer=hear))
    events: list[Event] = [a_bar(1, 2, 1, 2), price(1, 2.0), a_trade(2.0), Timer("a", SECOND, "tea")]
    for event in events:
        assert container.on_event(event) == []
    assert heard == events


def test_what_a_strategy_says_comes_out_as_numbered_commands() -> None:
    def say(self: Strategy) -> None:
        self.cancel(self.buy("AAA", 10))
        self.sell("AAA", 1)
        self.schedule("tea", at_ns=9 * SECOND)

    container, _ = started(acting(say))
    commands = container.on_event(price(1, 100.0))
    order = msgspec.structs.replace(terms(), created_ns=SECOND)

    assert [command.n for command in commands] == [1, 2, 3, 4]
    assert commands[0] == SubmitOrder(strategy="a", n=1, terms=order)
    assert commands[1] == CancelOrder(strategy="a", n=2, order_id="a-1", ts_ns=SECOND)
    assert isinstance(commands[2], RefusedOrder)
    assert (commands[2].terms.order_id, commands[2].code) == ("a-2", "short_not_allowed")
    assert commands[3] == ScheduleTimer(strategy="a", n=4, name="tea", at_ns=9 * SECOND)


def test_an_answer_is_its_asker_s_to_change() -> None:
    container, _ = started(acting(buy, nothing, buy))
    asked = []
    for at in (1, 2, 3):
        answer = container.on_event(price(at, 100.0))
        asked.append([command.n for command in answer])
        answer.extend(answer or [CancelOrder(strategy="b", n=9, order_id="b-1", ts_ns=0)])
    assert asked == [[1], [], [2]]


def test_a_fill_is_booked_before_the_strategy_hears_of_it_and_then_of_the_order() -> None:
    heard: list[tuple[str, Decimal, OrderState | None]] = []

    def on_fill(self: Strategy, fill: Fill) -> None:
        heard.append(("fill", self.position("AAA"), None))

    def on_order(self: Strategy, order: Order) -> None:
        heard.append(("order", self.position("AAA"), order.state))

    Rig(spec(acting(buy, on_fill=on_fill, on_order=on_order))).feed(price(1, 100.0))
    assert heard == [
        ("order", Decimal(0), OrderState.ACCEPTED),
        ("fill", Decimal(10), None),
        ("order", Decimal(10), OrderState.FILLED),
    ]


def test_reports_come_without_a_gap() -> None:
    container, _ = started(acting(buy))
    container.on_event(price(1, 100.0))
    container.on_report(accepted("a-1", 1))
    with pytest.raises(AssertionError, match="a: 3 after 1"):
        container.on_report(accepted("a-1", 3))


def test_an_order_that_a_strategy_is_shown_is_not_the_container_s_own() -> None:
    def spoil(self: Strategy, order: Order) -> None:
        order.state = OrderState.EXPIRED
        for shown in self.open_orders():
            shown.filled = Decimal(99)

    rig = Rig(spec(acting(lambda self: self.buy("AAA", 10, limit_price=Decimal(90)), on_order=spoil)))
    rig.feed(price(1, 100.0), price(2, 89.0))
    kept = rig.container().orders.get("a-1")
    assert kept == rig.order("a-1")
    assert kept.state is OrderState.FILLED


def test_a_strategy_hears_what_came_of_its_amendment() -> None:
    heard: list[tuple[OrderState, Decimal, Decimal]] = []

    def on_order(self: Strategy, order: Order) -> None:
        heard.append((order.state, order.terms.quantity, order.remaining))

    container, _ = started(
        acting(
            lambda self: self.buy("AAA", 10, limit_price=Decimal(90)),
            lambda self: self.amend("a-1", quantity=12),
            lambda self: self.amend("a-1", quantity=13),
            on_order=on_order,
        )
    )
    container.on_event(price(1, 100.0))
    container.on_report(accepted("a-1", 1))
    [amended] = container.on_event(price(2, 100.0))
    assert isinstance(amended, AmendOrder)
    replaced = msgspec.structs.replace(accepted("a-1", 2), kind=ReportKind.REPLACED, terms=amended.terms)
    container.on_report(replaced)
    container.on_event(price(3, 100.0))
    refused = msgspec.structs.replace(
        accepted("a-1", 3), kind=ReportKind.REPLACE_REJECTED, origin=Origin.GATE, code="halted"
    )
    container.on_report(refused)
    assert heard == [
        (OrderState.ACCEPTED, Decimal(10), Decimal(10)),
        (OrderState.ACCEPTED, Decimal(12), Decimal(12)),
        (OrderState.ACCEPTED, Decimal(12), Decimal(12)),
    ]


def test_a_bust_takes_back_what_was_booked_and_the_strategy_hears_the_reversal() -> None:
    heard: list[tuple[Side, Decimal, str, Decimal]] = []

    def on_fill(self: Strategy, fill: Fill) -> None:
        heard.append((fill.side, fill.quantity, fill.reverses, self.position("AAA")))

    container, _ = started(acting(buy, on_fill=on_fill))
    [placed] = container.on_event(price(1, 100.0))
    assert isinstance(placed, SubmitOrder)
    filled = fill(placed.terms, execution_id="x-1", fee="2")
    told = report(placed.terms, ReportKind.FILLED, filled=filled)
    container.on_report(msgspec.structs.replace(told, number=1))
    container.on_report(msgspec.structs.replace(told, number=2, kind=ReportKind.BUSTED))
    assert heard == [
        (Side.BUY, Decimal(10), "", Decimal(10)),
        (Side.SELL, Decimal(10), "x-1", Decimal(0)),
    ]
    assert container.portfolio.cash == {"USD": Decimal(10_000)}
    assert [order.order_id for order in container.orders.open()] == ["a-1"]


def test_a_bracket_goes_its_way_and_its_exits_cancel_each_other() -> None:
    def enter(self: Strategy) -> None:
        self.bracket("AAA", Side.BUY, 10, stop_loss=Decimal(95), take_profit=Decimal(105))

    rig = Rig(spec(acting(enter))).feed(*(price(at, value) for at, value in ((1, 100.0), (2, 104.0), (3, 106.0))))
    assert rig.book().quantity("AAA") == 0
    assert rig.container().orders.open() == rig.router.orders["a"].open() == []
    rig.assert_books_add_up()


def test_cancelling_an_order_that_was_refused_in_the_same_breath_is_no_error() -> None:
    rig = Rig(spec(acting(lambda self: self.cancel(self.sell("AAA", 1)))))
    rig.feed(price(1, 100.0))
    assert rig.reports() == ["a-1 rejected short_not_allowed"]
    assert rig.container().life is ContainerState.RUNNING


# Isolation.


class Spy(Strategy):
    """Keeps all it hears."""

    symbol: str = "AAA"

    def start(self) -> None:
        self.heard: list[object] = []
        self.schedule("own", every="1s")

    def on_quote(self, quote: Quote) -> None:
        self.heard.append(quote)
        self.target(self.symbol, 0 if self.position(self.symbol) else 10)

    def on_order(self, order: Order) -> None:
        self.heard.append(order)

    def on_fill(self, fill: Fill) -> None:
        self.heard.append(fill)

    def on_timer(self, timer: Timer) -> None:
        self.heard.append(timer)


def test_nothing_of_one_container_reaches_another() -> None:
    rig = Rig(spec(Spy, "a", symbol="AAA"), spec(Spy, "b", symbol="BBB"), offers={"AAA": QUOTES, "BBB": QUOTES})
    rig.feed(*(price(at, 100.0, symbol=symbol) for at in range(1, 9) for symbol in ("AAA", "BBB")))

    for name, symbol in (("a", "AAA"), ("b", "BBB")):
        heard: list[Any] = vars(rig.container(name).resolve("strategy", Spy))["heard"]
        assert {type(one) for one in heard} == {Quote, Order, Fill, Timer}
        for one in heard:
            terms_of = one.terms if isinstance(one, Order) else one
            assert getattr(terms_of, "symbol", symbol) == symbol
            assert getattr(terms_of, "strategy", name) == name
        assert set(rig.container(name).portfolio.positions) == {symbol}


def test_two_containers_share_no_component() -> None:
    rig = Rig(spec(strategy(), "a"), spec(strategy(), "b"))
    for name in ("bus", "orders", "portfolio", "risk_manager", "desk", "strategy"):
        assert rig.container("a").resolve(name, object) is not rig.container("b").resolve(name, object)


def live(made: ContainerSpec) -> weakref.ref[ScopedContainer]:
    """One whole life of a container."""
    container = ScopedContainer(made, {"AAA": an_instrument()})
    container.start(0)
    container.run()
    container.on_event(price(1, 100.0))
    container.on_report(rejected("a-1", 1))
    container.teardown_scope()
    return weakref.ref(container)


def test_a_container_that_was_torn_down_is_gone_without_the_collector() -> None:
    gc.disable()
    try:
        assert live(spec(acting(buy)))() is None
    finally:
        gc.enable()


def test_nothing_stays_of_a_thousand_containers() -> None:
    made = spec(acting(buy))
    ours = tracemalloc.Filter(inclusive=True, filename_pattern="*/trading/*.py")
    tracemalloc.start()
    try:
        taken = []
        for lives in (20, 1_000):
            for _ in range(lives):
                live(made)
            gc.collect()
            traces = tracemalloc.take_snapshot().filter_traces([ours])
            taken.append(sum(trace.size for trace in traces.statistics("filename")))
    finally:
        tracemalloc.stop()
    assert taken[1] - taken[0] < 2_000, "bytes for a thousand lives"


# Snapshots.


def test_what_hangs_together_still_does_after_a_restart() -> None:
    groups: list[str] = []

    def enter(self: Strategy) -> None:
        self.bracket("AAA", Side.BUY, 10, limit_price=Decimal(90), stop_loss=Decimal(80), take_profit=Decimal(110))

    made = spec(acting(enter, lambda self: groups.append(self.one_cancels_other())))
    first = ScopedContainer(made, {"AAA": an_instrument()})
    first.start(0)
    first.run()
    placed = [one for one in first.on_event(price(1, 100.0)) if isinstance(one, SubmitOrder)]
    for again in (ScopedContainer(made, {"AAA": an_instrument()}) for _ in range(2)):
        again.restore(through_msgpack(first.state()))
        assert again.orders.working == first.orders.working
        filled = report(placed[0].terms, ReportKind.FILLED, filled=fill(placed[0].terms, "4", "90"))
        again.on_report(msgspec.structs.replace(filled, number=1))
        assert again.orders.open_quantities("AAA") == (Decimal(6), Decimal(4))
        again.on_event(price(2, 100.0))
    assert groups == ["a-g2", "a-g2"]


def test_groups_are_numbered_on_for_a_strategy_that_starts_anew_upon_its_books() -> None:
    groups: list[str] = []
    made = spec(acting(lambda self: groups.append(self.one_cancels_other())))
    first = ScopedContainer(made, {"AAA": an_instrument()})
    first.start(0)
    first.on_event(price(1, 100.0))
    again = ScopedContainer(made, {"AAA": an_instrument()})
    again.restore_books(through_msgpack(first.state()))
    again.start(2 * SECOND)
    again.on_event(price(3, 100.0))
    assert groups == ["a-g1", "a-g2"]


class Counting(Strategy):
    """Trades on its own memory, its random numbers and its timer."""

    symbol: str = "AAA"

    def start(self) -> None:
        self.beats = 0
        self.seen: list[float] = []
        self.schedule("beat", every="3s")

    def on_quote(self, quote: Quote) -> None:
        self.seen = [*self.seen[-3:], quote.bid]
        if self.random.random() < 0.5:
            self.target(self.symbol, self.random.randrange(20))
        elif not self.open_orders():
            self.buy(self.symbol, 1 + self.beats % 3, limit_price=Decimal(repr(min(self.seen))))

    def on_timer(self, timer: Timer) -> None:
        self.beats += 1
        for order in self.open_orders():
            self.cancel(order.order_id)


DAY = [price(at, 100.0 + (at * 7 % 11) / 10) for at in range(1, 60)]


@pytest.mark.parametrize("at", range(0, 59, 7))
def test_a_run_that_is_interrupted_goes_on_identically(at: int) -> None:
    whole = Rig(spec(Counting)).feed(*DAY)
    first = Rig(spec(Counting)).feed(*DAY[:at])
    market = Rig(spec(Counting)).market
    rest = Rig(spec(Counting), state=first.state(), epoch_ms=2, market=market).feed(*DAY[at:])

    assert canonical(first.records + rest.records) == canonical(whole.records)
    assert len(whole.reports()) > 30
    assert rest.container().portfolio.digest() == whole.container().portfolio.digest()
    rest.assert_books_add_up()


def test_a_restored_strategy_is_not_started_again() -> None:
    first = Rig(spec(Counting)).feed(*DAY[:20])
    again = ScopedContainer(spec(strategy(start=raising(ValueError("started")))), {"AAA": an_instrument()})
    again.restore({**first.state()["containers"]["a"]})
    assert again.life is ContainerState.RUNNING


def test_a_tripped_container_is_restored_tripped() -> None:
    rig = Rig(spec(strategy(on_quote=raising(ValueError("no"))))).feed(price(1, 100.0))
    again = ScopedContainer(spec(strategy()), {"AAA": an_instrument()})
    again.restore(through_msgpack(rig.container().state()))
    assert (again.life, again.trip) == (ContainerState.TRIPPED, rig.container().trip)
    assert again.on_event(price(2, 100.0)) == []


def test_what_cannot_be_kept_is_named() -> None:
    def start(self: Any) -> None:
        self.oops = lambda: None

    container, _ = started(strategy(start=start))
    with pytest.raises(UnsupportedState, match=r"self\.oops"):
        container.state()


def test_a_strategy_that_keeps_the_portfolio_itself_is_told_to_ask_for_it() -> None:
    def start(self: Any) -> None:
        self.books = self.portfolio

    container, _ = started(strategy(start=start))
    with pytest.raises(UnsupportedState, match=r"self\.books is the portfolio itself; ask self\.portfolio each time"):
        container.state()


def test_a_generator_under_a_second_name_is_still_the_same_after_a_restart() -> None:
    def start(self: Any) -> None:
        self.dice = self.random

    first, _ = started(strategy(start=start))
    again = ScopedContainer(first.spec, {"AAA": an_instrument()})
    again.restore(through_msgpack(first.state()))
    kept: Any = again.resolve("strategy", Strategy)
    assert kept.dice is kept.random


def test_books_alone_can_be_taken_over_for_a_strategy_that_starts_anew() -> None:
    rig = Rig(spec(acting(buy, lambda self: self.buy("AAA", 5, limit_price=Decimal(90)))))
    rig.feed(price(1, 100.0), price(2, 100.0))
    again = ScopedContainer(spec(acting(buy)), {"AAA": an_instrument()})
    again.restore_books(through_msgpack(rig.container().state()))
    again.start(3 * SECOND)
    again.run()

    assert again.portfolio.digest() == rig.container().portfolio.digest()
    assert again.orders.open() == rig.container().orders.open()
    [command] = again.on_event(price(4, 100.0))
    assert isinstance(command, SubmitOrder)
    assert (command.terms.order_id, command.n) == ("a-3", 3)
