"""What a trader writes: subscriptions, verbs, warm-up, and what is answered to misuse."""

from decimal import Decimal
from typing import Any

import pytest

from tests.builders import Rig, acting, price, spec, started, strategy
from tests.market_builders import a_bar
from trading.commands import AmendOrder, CancelOrder, RefusedAmend, RefusedOrder, ScheduleTimer, SubmitOrder, Trip
from trading.container import ContainerState
from trading.errors import StrategyMisuse
from trading.market_data import Bar
from trading.orders import OrderState, OrderType, Side, TimeInForce
from trading.signals import Bracket
from trading.strategy import Strategy
from trading.subscriptions import DataKind, Subscription
from trading.timestamps import MILLISECOND, MINUTE, SECOND

# Subscriptions.


def subscriptions(cls: type[Strategy], **making: Any) -> list[Subscription]:
    container, commands = started(cls, **making)
    assert commands == []
    return container.subscriptions


def bars(symbol: str = "AAA", minutes: int = 1, warmup: int = 0) -> Subscription:
    return Subscription(symbol=symbol, kind=DataKind.BARS, interval_ns=minutes * MINUTE, warmup=warmup)


def quotes(symbol: str = "AAA") -> Subscription:
    return Subscription(symbol=symbol, kind=DataKind.QUOTES)


def trades(symbol: str = "AAA") -> Subscription:
    return Subscription(symbol=symbol, kind=DataKind.TRADES)


def nothing(*_: object) -> None:
    """A handler."""


@pytest.mark.parametrize(
    ("body", "heard"),
    [
        ({"on_bar": nothing}, [bars(minutes=5, warmup=7)]),
        ({"on_quote": nothing}, [quotes()]),
        ({"on_trade": nothing}, [trades()]),
        ({"on_bar": nothing, "on_trade": nothing}, [bars(minutes=5, warmup=7), trades()]),
        ({"on_fill": nothing, "on_timer": nothing}, []),
        ({"on_quote": nothing, "symbols": ("BBB", "AAA", "BBB")}, [quotes("BBB"), quotes("AAA")]),
        ({"on_quote": nothing, "symbol": ""}, []),
    ],
)
def test_a_strategy_that_asks_for_nothing_hears_what_it_handles(body: Any, heard: list[Subscription]) -> None:
    assert subscriptions(strategy(**body), timeframe="5m", warmup=7) == heard


def test_a_handler_that_was_inherited_counts() -> None:
    class Child(strategy(on_quote=nothing)):  # type: ignore[misc]
        """Nothing of its own."""

    assert subscriptions(Child) == [quotes()]


def test_a_strategy_that_asks_hears_that_and_no_more() -> None:
    def start(self: Strategy) -> None:
        self.subscribe("BBB", bars="5m", warmup=3)
        self.subscribe("AAA", quotes=True, trades=True)

    body = {"start": start, "on_bar": nothing, "on_quote": nothing}
    assert subscriptions(strategy(**body)) == [bars("BBB", 5, 3), quotes(), trades()]


def test_what_is_asked_for_twice_is_heard_once_with_the_longer_warm_up() -> None:
    def start(self: Strategy) -> None:
        self.subscribe("AAA", bars="1m", warmup=3)
        self.subscribe("AAA", bars="60s", warmup=9)
        self.subscribe("AAA", bars="1m", quotes=True)

    heard: list[object] = []
    cls = strategy(start=start, on_quote=lambda _, quote: heard.append(quote))
    assert subscriptions(cls) == [bars(warmup=9), quotes()]
    Rig(spec(cls)).feed(price(1, 100.0))
    assert heard == [price(1, 100.0)]


# Verbs.


def asked(action: Any) -> list[Any]:
    """What comes of one action at a quote of 100."""
    container, _ = started(acting(action))
    return list(container.on_event(price(1, 100.0)))


def submitted(action: Any) -> Any:
    [command] = asked(action)
    assert isinstance(command, SubmitOrder)
    return command.terms


def test_orders_carry_what_was_asked() -> None:
    placed = submitted(
        lambda self: self.order(
            "AAA",
            Side.BUY,
            5,
            limit_price=Decimal("99.5"),
            time_in_force=TimeInForce.IOC,
            reason="cheap",
        )
    )
    assert (placed.order_id, placed.side, placed.quantity, placed.type) == (
        "a-1",
        Side.BUY,
        Decimal(5),
        OrderType.LIMIT,
    )
    assert (placed.limit_price, placed.time_in_force, placed.reason) == (Decimal("99.5"), TimeInForce.IOC, "cheap")


def test_a_bare_text_of_a_side_is_taken_for_the_side() -> None:
    placed = submitted(lambda self: self.order("AAA", "buy", 5, time_in_force="ioc"))
    assert placed.side is Side.BUY
    assert placed.time_in_force is TimeInForce.IOC


def test_words_that_no_journal_can_hold_are_written_out() -> None:
    placed = submitted(lambda self: self.order("AAA", Side.BUY, 5, reason="half \ud800"))
    assert placed.reason == "half \\ud800"
    [timer] = asked(lambda self: self.schedule("half \ud800", every="1s"))
    assert timer.name == "half \\ud800"


def test_buying_and_selling_give_the_order_s_id() -> None:
    ids: list[str] = []
    asked(lambda self: ids.extend((self.buy("AAA", 1), self.sell("AAA", 1), self.buy("AAA", 1))))
    assert ids == ["a-1", "a-2", "a-3"]


def test_a_cancel_is_of_an_order_that_is_open() -> None:
    commands = asked(lambda self: self.cancel(self.buy("AAA", 1, limit_price=Decimal(90))))
    assert [type(command) for command in commands] == [SubmitOrder, CancelOrder]


def test_a_cancel_that_is_under_way_is_not_asked_for_again() -> None:
    def cancel_twice(self: Strategy) -> None:
        order_id = self.buy("AAA", 1, limit_price=Decimal(90))
        self.cancel(order_id)
        self.cancel(order_id)

    assert [type(command) for command in asked(cancel_twice)] == [SubmitOrder, CancelOrder]


def test_cancelling_what_has_ended_costs_nothing() -> None:
    rig = Rig(spec(acting(lambda self: self.buy("AAA", 1), lambda self: self.cancel("a-1"))))
    assert rig.feed(price(1, 100.0), price(2, 100.0)).sent() == ["a-1 buy 1"]


def test_a_strategy_knows_its_orders_position_time_and_id() -> None:
    known: list[object] = []

    def look(self: Strategy) -> None:
        shown = [(order.order_id, order.state) for order in self.open_orders("AAA")]
        known.append((self.id, self.now_ns, self.position("AAA"), shown, self.open_orders("BBB"), self.warming))

    rest = [lambda self: self.buy("AAA", 2), lambda self: self.buy("AAA", 3, limit_price=Decimal(90)), look]
    Rig(spec(acting(*rest))).feed(*(price(at, 100.0) for at in (1, 2, 3)))
    assert known == [("a", 3 * SECOND, Decimal(2), [("a-2", OrderState.ACCEPTED)], [], False)]


D = Decimal


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({}, OrderType.MARKET),
        ({"limit_price": D(99)}, OrderType.LIMIT),
        ({"stop_price": D(101)}, OrderType.STOP),
        ({"limit_price": D(102), "stop_price": D(101)}, OrderType.STOP_LIMIT),
        ({"trail_amount": D(2)}, OrderType.TRAILING_STOP),
        ({"trail_percent": 5}, OrderType.TRAILING_STOP),
        ({"trail_amount": 2, "stop_price": D(101)}, OrderType.TRAILING_STOP),
        ({"type": OrderType.MARKET_IF_TOUCHED, "stop_price": D(99)}, OrderType.MARKET_IF_TOUCHED),
        ({"type": "on_open"}, OrderType.ON_OPEN),
        ({"type": "on_close", "limit_price": D(99)}, OrderType.ON_CLOSE),
    ],
)
def test_the_prices_say_the_type_unless_it_is_named(said: Any, meant: OrderType) -> None:
    placed = submitted(lambda self: self.order("AAA", Side.BUY, 5, **said))
    assert placed.type is meant
    for field in ("limit_price", "stop_price", "trail_amount", "trail_percent"):
        assert getattr(placed, field) == said.get(field)


def test_an_order_carries_all_that_was_said_of_it() -> None:
    said: dict[str, Any] = {
        "limit_price": 99,
        "time_in_force": TimeInForce.GTD,
        "expires_ns": 9 * SECOND,
        "post_only": True,
        "all_or_none": False,
        "reason": "dear",
    }
    placed = submitted(lambda self: self.buy("AAA", 5, **said))
    assert {field: getattr(placed, field) for field in said} == said
    assert (placed.parent_id, placed.group_id, placed.reduce_only) == (None, None, False)


def test_a_bracket_is_an_entry_with_exits_of_which_one_cancels_the_other() -> None:
    brackets: list[Bracket] = []
    commands = asked(
        lambda self: brackets.append(
            self.bracket("AAA", "buy", 5, limit_price=D(99), stop_loss=D(95), take_profit=D(110), reason="dip")
        )
    )
    assert brackets == [Bracket(entry="a-1", stop_loss="a-2", take_profit="a-3")]
    entry, stop, profit = (command.terms for command in commands)
    assert (entry.type, entry.side, entry.limit_price, entry.parent_id) == (OrderType.LIMIT, Side.BUY, D(99), None)
    assert (stop.type, stop.side, stop.stop_price) == (OrderType.STOP, Side.SELL, D(95))
    assert (profit.type, profit.side, profit.limit_price) == (OrderType.LIMIT, Side.SELL, D(110))
    for exit_ in (stop, profit):
        assert (exit_.parent_id, exit_.group_id, exit_.quantity) == ("a-1", "a-g1", 5)
        assert (exit_.time_in_force, exit_.reason) == (TimeInForce.GTC, "dip")


@pytest.mark.parametrize("field", ["stop_loss", "take_profit"])
def test_a_single_exit_stands_alone(field: str) -> None:
    brackets: list[Bracket] = []
    commands = asked(lambda self: brackets.append(self.bracket("AAA", Side.BUY, 5, **{field: D(95)})))
    assert brackets == [Bracket(entry="a-1", **{field: "a-2"})]
    assert [(one.terms.parent_id, one.terms.group_id) for one in commands] == [(None, None), ("a-1", None)]


def test_a_refused_entry_refuses_its_exits() -> None:
    commands = asked(lambda self: self.bracket("AAA", Side.BUY, 5_000, stop_loss=D(95), take_profit=D(110)))
    assert [(type(one), one.code) for one in commands] == [
        (RefusedOrder, "insufficient_cash"),
        (RefusedOrder, "parent_ended"),
        (RefusedOrder, "parent_ended"),
    ]


def test_each_group_is_another() -> None:
    groups: list[str] = []
    assert asked(lambda self: groups.extend((self.one_cancels_other(), self.one_cancels_other()))) == []
    assert groups == ["a-g1", "a-g2"]


def test_orders_of_a_group_say_so() -> None:
    def pair(self: Strategy) -> None:
        group = self.one_cancels_other()
        self.buy("AAA", 5, limit_price=D(95), group=group)
        self.buy("AAA", 5, stop_price=D(105), group=group)

    assert [one.terms.group_id for one in asked(pair)] == ["a-g1", "a-g1"]


def test_an_amendment_names_the_order_s_terms_as_they_are_to_be() -> None:
    def change(self: Strategy) -> None:
        order_id = self.buy("AAA", 5, limit_price=D(95))
        self.amend(order_id, quantity=6, limit_price=D(96))

    placed, amended = asked(change)
    assert isinstance(amended, AmendOrder)
    assert amended == AmendOrder(strategy="a", n=2, terms=amended.terms, ts_ns=SECOND)
    assert (amended.terms.quantity, amended.terms.limit_price) == (D(6), D(96))
    assert amended.terms.created_ns == placed.terms.created_ns


def test_a_refused_amendment_says_why() -> None:
    def change(self: Strategy) -> None:
        order_id = self.buy("AAA", 5, limit_price=D(95))
        self.amend(order_id, quantity=5_000)

    _, refused = asked(change)
    assert refused == RefusedAmend(
        strategy="a",
        n=2,
        order_id="a-1",
        ts_ns=SECOND,
        code="insufficient_cash",
        reason="474525.00 USD needed at 95, 9525.00 free",
    )


def test_a_timer_rings_at_a_time_or_at_each_whole_interval() -> None:
    once, each = asked(lambda self: (self.schedule("once", at_ns=7 * SECOND), self.schedule("each", every="4s")))
    assert once == ScheduleTimer(strategy="a", n=1, name="once", at_ns=7 * SECOND)
    assert each == ScheduleTimer(strategy="a", n=2, name="each", at_ns=4 * SECOND, every_ns=4 * SECOND)


def test_a_timer_rings_a_millisecond_from_now_at_the_earliest() -> None:
    for at_ns in (0, SECOND, SECOND + 1):
        [timer] = asked(lambda self, at_ns=at_ns: self.schedule("now", at_ns=at_ns))
        assert timer.at_ns == SECOND + MILLISECOND


def test_its_random_numbers_are_its_own_and_the_same_each_time() -> None:
    def drawn(name: str) -> list[float]:
        numbers: list[float] = []
        container, _ = started(acting(lambda self: numbers.extend(self.random.random() for _ in range(3))), name=name)
        container.on_event(price(1, 100.0))
        return numbers

    assert drawn("a") == drawn("a") != drawn("b")


# Warming.


def test_while_warming_it_hears_and_whatever_it_asks_for_is_discarded() -> None:
    ids: list[str] = []
    warming: list[bool] = []

    def on_bar(self: Any, bar: object) -> None:
        warming.append(self.warming)
        self.target("AAA", 10)
        self.enter("AAA", Side.BUY)
        self.exit("AAA")
        ids.append(self.buy("AAA", 1))
        self.cancel(ids[-1])
        self.amend(ids[-1], quantity=2)
        self.amend("a-99", quantity=2)
        assert self.bracket("AAA", Side.BUY, 1, stop_loss=Decimal(1)) == Bracket()
        assert self.one_cancels_other() == ""
        self.cancel("a-99")
        self.schedule("tea", every="1s")

    container, _ = started(strategy(on_bar=on_bar))
    container.warm(a_bar(1, 2, 1, 2, at=60))
    assert (warming, ids, container.run(), container.orders.added) == ([True], [""], [], 0)


def test_an_order_that_was_discarded_while_warming_may_be_cancelled_later() -> None:
    assert asked(lambda self: self.cancel("")) == []


def test_an_exception_while_warming_seals_it() -> None:
    container, _ = started(strategy(on_bar=lambda self, bar: 1 // 0))
    container.warm(a_bar(1, 2, 1, 2))
    [trip] = container.run()
    assert isinstance(trip, Trip)
    assert container.life is ContainerState.TRIPPED


# Misuse.


def trip_of(action: Any) -> str:
    [trip] = asked(action)
    assert isinstance(trip, Trip)
    return trip.reason.removeprefix("StrategyMisuse: ")


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (
            lambda self: self.target("AAA", 1.5),
            "1.5 is a float; quantities and prices of orders are Decimal",
        ),
        (
            lambda self: self.buy("AAA", 1, limit_price=99.5),
            "99.5 is a float; quantities and prices of orders are Decimal",
        ),
        (lambda self: self.target("AAA", Decimal("NaN")), "NaN is no number that an order can have"),
        (lambda self: self.buy("AAA", Decimal("Infinity")), "Infinity is no number that an order can have"),
        (lambda self: self.target("AAA", -(10**20)), f"-{10**20} is no number that an order can have"),
        (lambda self: self.buy("AAA", 1, limit_price=Decimal("1E+20")), "1E+20 is no number that an order can have"),
        (lambda self: self.order("AAA", "both", 1), "'both' is no Side; write one of buy, sell"),
        (
            lambda self: self.order("AAA", Side.BUY, 1, time_in_force="ever"),
            "'ever' is no TimeInForce; write one of gtc, day, gtd, ioc, fok",
        ),
        (lambda self: self.target("ZZZ", 1), "'ZZZ' is no instrument here; known: AAA, BBB"),
        (lambda self: self.buy("ZZZ", 1), "'ZZZ' is no instrument here; known: AAA, BBB"),
        (lambda self: self.cancel("b-1"), "cancel('b-1'): no such order of a"),
        (lambda self: self.amend("b-1", quantity=1), "amend('b-1'): no such order of a"),
        (
            lambda self: self.amend("a-1"),
            "amend('a-1') changes nothing; give a quantity, price, trail or expires_ns",
        ),
        (
            lambda self: self.amend("a-1", limit_price=1.5),
            "1.5 is a float; quantities and prices of orders are Decimal",
        ),
        (lambda self: self.bracket("AAA", Side.BUY, 1), "bracket() needs stop_loss=, take_profit= or both"),
        (
            lambda self: self.buy("AAA", 1, type="iceberg"),
            "'iceberg' is no OrderType; write one of market, limit, stop, stop_limit, market_if_touched, "
            "trailing_stop, on_open, on_close",
        ),
        (
            lambda self: self.buy("AAA", 1, expires_ns=1e18),
            "expires_ns is 1e+18; times are whole nanoseconds since the epoch",
        ),
        (
            lambda self: self.buy("AAA", 1, expires_ns=-(1 << 70)),
            f"expires_ns is {-(1 << 70)}; times are whole nanoseconds since the epoch",
        ),
        (lambda self: self.enter("AAA", Side.BUY, 0.0), "strength is 0.0; it must be above 0 and at most 1"),
        (lambda self: self.enter("AAA", Side.BUY, 1.1), "strength is 1.1; it must be above 0 and at most 1"),
        (
            lambda self: self.enter("AAA", Side.BUY),
            "enter() needs a size; give the strategy's risk section a `sizing`",
        ),
        (
            lambda self: self.subscribe("AAA", quotes=True),
            "subscribe() is for start(); subscriptions are fixed after it",
        ),
        (lambda self: self.schedule("x"), "schedule('x') takes either at_ns= or every="),
        (lambda self: self.schedule("x", at_ns=1, every="1s"), "schedule('x') takes either at_ns= or every="),
        (
            lambda self: self.schedule("x", every="soon"),
            "'soon' is not an interval; write a whole number and a unit of ms, s, m, h or d, such as 5m",
        ),
        (
            lambda self: self.schedule("x", at_ns=1.5e9),
            "at_ns is 1500000000.0; times are whole nanoseconds since the epoch",
        ),
        (
            lambda self: self.schedule("x", at_ns=1 << 63),
            f"at_ns is {1 << 63}; times are whole nanoseconds since the epoch",
        ),
    ],
)
def test_misuse_is_told_in_the_trader_s_words(action: Any, message: str) -> None:
    assert trip_of(action) == message


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda self: self.target("AAA", 1), "no orders in start(); wait for the first event"),
        (lambda self: self.buy("AAA", 1), "no orders in start(); wait for the first event"),
        (lambda self: self.one_cancels_other(), "no orders in start(); wait for the first event"),
        (
            lambda self: self.subscribe("AAA"),
            "subscribe('AAA') asks for nothing; give bars=, quotes=True or trades=True",
        ),
        (lambda self: self.subscribe("AAA", bars="5"), "'5' is not an interval; write a whole number and a unit"),
        (
            lambda self: self.subscribe("AAA", bars="5m", warmup=-1),
            "subscribe('AAA'): warmup is -1 bars; it must be zero or more",
        ),
    ],
)
def test_start_takes_subscriptions_and_timers_and_no_orders(action: Any, message: str) -> None:
    _, [trip] = started(strategy(start=action))
    assert isinstance(trip, Trip)
    assert trip.reason.startswith(f"StrategyMisuse: {message}")


def test_a_handler_that_is_async_is_refused_where_it_is_written() -> None:
    with pytest.raises(StrategyMisuse, match="on_bar is async; handlers are plain functions"):

        class Waits(Strategy):
            async def on_bar(self, bar: Bar) -> None:  # type: ignore[override]
                pass
