"""The seal: whatever a strategy does wrong stays in its container, and the books go on."""

from collections.abc import Callable
from decimal import Decimal, getcontext

import msgspec
import pytest

from tests.builders import Rig, acting, buy, nothing, price, raising, spec, strategy
from tests.market_builders import a_bar, a_trade
from trading.commands import Trip
from trading.container import ContainerState, ScopedContainer
from trading.market_data import Quote, Timer
from trading.orders import Order, OrderState, Side
from trading.outgoing import MOST_COMMANDS
from trading.strategy import Strategy
from trading.timestamps import SECOND


class Spiteful(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even a text")


class Foreign(BaseException):
    """Not an Exception."""


HANDLERS = ("on_bar", "on_quote", "on_trade", "on_timer", "on_fill", "on_order", "start", "stop")


def provoke(container: ScopedContainer, handler: str) -> None:
    """Make a running container call one handler of its strategy."""
    match handler:
        case "on_bar":
            container.on_event(a_bar(1, 2, 1, 2, at=3))
        case "on_quote":
            container.on_event(price(3, 2.0))
        case "on_trade":
            container.on_event(a_trade(2.0, at=3))
        case "on_timer":
            container.on_event(Timer("a", 3 * SECOND, "tea"))
        case "stop":
            container.stop()


@pytest.mark.parametrize("handler", HANDLERS)
def test_an_exception_in_any_handler_seals_only_its_own_container(handler: str) -> None:
    action = () if handler == "on_quote" else (buy,)
    bad = (
        acting(*action, **{handler: raising(ValueError("no"))})
        if action
        else strategy(on_quote=raising(ValueError("no")))
    )
    rig = Rig(spec(bad, "a"), spec(acting(buy), "b")).feed(price(1, 100.0))
    provoke(rig.container("a"), handler)

    assert rig.container("a").life is ContainerState.TRIPPED
    trip = rig.container("a").trip
    assert trip is not None
    assert (trip.strategy, trip.reason) == ("a", "ValueError: no")
    assert trip.traceback.startswith("Traceback")
    assert rig.container("b").life is ContainerState.RUNNING
    assert rig.container("b").portfolio.quantity("AAA") == 10
    rig.assert_books_add_up()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (SystemExit(3), "SystemExit: 3"),
        (GeneratorExit(), "GeneratorExit: "),
        (Foreign("x"), "Foreign: x"),
        (RecursionError("deep"), "RecursionError: deep"),
        (MemoryError(), "MemoryError: "),
        (AssertionError("mine"), "AssertionError: mine"),
        (StopIteration(), "StopIteration: "),
        (Spiteful(), "Spiteful, which cannot be shown as text"),
        (ValueError("half \ud800"), "ValueError: half \\ud800"),
    ],
)
def test_whatever_a_strategy_raises_becomes_a_trip_that_the_journal_can_hold(error: BaseException, reason: str) -> None:
    rig = Rig(spec(strategy(on_quote=raising(error)))).feed(price(1, 100.0), price(2, 100.0))
    trips = [record for record in rig.records if isinstance(record, Trip)]
    assert [trip.reason for trip in trips] == [reason]
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(trips[0]), type=Trip) == trips[0]
    assert rig.router.tripped == {"a": reason}


@pytest.mark.parametrize(
    "ask",
    [
        lambda self: self.buy("AAA", 1, limit_price=Decimal("0.01")),
        lambda self: self.sell("AAA", 1),  # refused, each of them
        lambda self: self.amend(self.buy("AAA", 1, limit_price=Decimal("0.01")), quantity=2),
        lambda self: self.schedule("tea", every="1s"),
    ],
)
def test_a_strategy_that_asks_without_end_is_stopped(ask: Callable[[Strategy], object]) -> None:
    def loop(self: Strategy) -> None:
        while True:
            ask(self)

    rig = Rig(spec(acting(loop)), spec(acting(buy, buy), "b")).feed(price(1, 100.0), price(2, 100.0))
    reason = f"StrategyMisuse: over {MOST_COMMANDS:,} orders, amendments, cancels and timers asked for at one time"
    assert rig.router.tripped == {"a": reason}
    assert rig.sent() == ["b-1 buy 10", "b-2 buy 10"]
    assert rig.container().orders.open() == []


def test_a_strategy_that_answers_each_report_with_more_orders_is_stopped() -> None:
    def answer(self: Strategy, order: Order) -> None:
        for _ in range(6):
            self.buy("AAA", 1, limit_price=Decimal("0.01"))

    rig = Rig(spec(acting(buy, on_order=answer)), spec(acting(nothing, buy), "b"))
    rig.feed(price(1, 100.0), price(2, 100.0))
    assert rig.router.tripped.keys() == {"a"}
    assert rig.router.orders["a"].open() == []
    assert rig.book("b").quantity("AAA") == 10
    rig.assert_books_add_up()


def test_a_strategy_that_asks_for_as_much_at_each_of_many_times_is_not() -> None:
    def ask(self: Strategy, quote: Quote) -> None:
        for _ in range(MOST_COMMANDS):
            self.schedule("tea", every="1h")

    rig = Rig(spec(strategy(on_quote=ask))).feed(*(price(at, 100.0) for at in range(1, 5)))
    assert rig.router.tripped == {}


def test_words_without_end_are_cut_in_their_middle() -> None:
    words = "a" * 10**6 + "z" * 10**6
    rig = Rig(
        spec(acting(lambda self: self.order("AAA", Side.BUY, 1, reason=words)), "a"),
        spec(strategy(on_quote=raising(ValueError(words))), "b"),
    ).feed(price(1, 100.0))
    trip = rig.container("b").trip
    assert trip is not None
    for kept in (rig.order("a-1").terms.reason, trip.reason, trip.traceback):
        assert len(kept) < 10_010
        assert " ... " in kept
        assert "z" in kept[-3:]


def test_not_even_an_interrupt_that_a_strategy_raises_gets_out() -> None:
    rig = Rig(spec(strategy(on_quote=raising(KeyboardInterrupt())))).feed(price(1, 100.0))
    assert rig.router.tripped == {"a": "KeyboardInterrupt: "}


def test_nothing_that_a_strategy_asked_for_before_it_raised_goes_out() -> None:
    def half_done(self: Strategy) -> None:
        self.buy("AAA", 10)
        self.sell("AAA", 1)
        self.schedule("tea", every="1s")
        raise ValueError("no")

    rig = Rig(spec(acting(half_done))).feed(price(1, 100.0))
    assert [type(record) for record in rig.records[:1]] == [Trip]
    assert rig.sent() == []
    assert rig.container().orders.open() == []


def test_an_amendment_that_never_left_leaves_the_order_as_it_was() -> None:
    def half_done(self: Strategy) -> None:
        self.amend("a-1", quantity=12)
        self.amend("a-1", quantity=1000)
        raise ValueError("no")

    rig = Rig(spec(acting(lambda self: self.buy("AAA", 10, limit_price=Decimal(90)), half_done)))
    rig.router.strategies["a"] = msgspec.structs.replace(rig.router.strategies["a"], cancel_on_trip=False)
    rig.feed(price(1, 100.0), price(2, 100.0))
    for kept in (rig.container().orders.get("a-1"), rig.order("a-1")):
        assert kept is not None
        assert (kept.state, kept.asked, kept.terms.quantity) == (OrderState.ACCEPTED, None, Decimal(10))
    assert rig.container().orders.working == rig.router.orders["a"].working


def test_a_tripped_container_hears_nothing_more_and_says_nothing() -> None:
    heard: list[Quote] = []

    def on_quote(self: Strategy, quote: Quote) -> None:
        heard.append(quote)
        raise ValueError("no")

    rig = Rig(spec(strategy(on_quote=on_quote))).feed(*(price(at, 100.0) for at in range(1, 5)))
    assert heard == [price(1, 100.0)]
    assert len(rig.records) == 2  # a trip and its commit


def test_the_books_of_a_tripped_container_go_on() -> None:
    def boom(self: Strategy) -> None:
        raise ValueError("no")

    rig = Rig(spec(acting(lambda self: self.buy("AAA", 10, limit_price=Decimal(90)), boom)))
    rig.router.strategies["a"] = msgspec.structs.replace(rig.router.strategies["a"], cancel_on_trip=False)
    rig.feed(price(1, 100.0), price(2, 100.0), price(3, 89.0))

    assert rig.container().life is ContainerState.TRIPPED
    assert rig.container().portfolio.quantity("AAA") == 10
    assert rig.container().orders.open() == []
    rig.assert_books_add_up()


def test_a_trip_cancels_what_works_and_the_container_knows() -> None:
    def boom(self: Strategy) -> None:
        raise ValueError("no")

    rig = Rig(spec(acting(lambda self: self.buy("AAA", 10, limit_price=Decimal(90)), boom)))
    rig.feed(price(1, 100.0), price(2, 100.0))
    assert rig.reports() == ["a-1 accepted", "a-1 cancelled"]
    assert rig.container().orders.open() == []


def test_a_container_sealed_from_outside_sends_nothing_more() -> None:
    rig = Rig(spec(acting(*[buy] * 5)), spec(acting(*[buy] * 5), "b")).feed(price(1, 100.0))
    rig.operate("trip", strategy="a").feed(price(2, 100.0))
    assert rig.sent() == ["a-1 buy 10", "b-1 buy 10", "b-2 buy 10"]
    trip = rig.container("a").trip
    assert trip is not None
    assert trip.reason == "told"


def test_a_strategy_that_plays_with_decimal_s_context_changes_nobody_s_books() -> None:
    def tamper(self: Strategy) -> None:
        getcontext().prec = 2
        getcontext().traps = dict.fromkeys(getcontext().traps, False)

    before = getcontext().copy()
    try:
        honest, tampering = (
            Rig(
                spec(acting(first, lambda self: self.target("AAA", 33)), "a"), spec(acting(nothing, *[buy] * 3), "b")
            ).feed(*(price(at, 100.0 + at / 100) for at in range(1, 6)))
            for first in (nothing, tamper)
        )
        assert tampering.records == honest.records
        tampering.assert_books_add_up()
    finally:
        getcontext().prec, getcontext().traps = before.prec, before.traps
