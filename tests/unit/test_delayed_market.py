"""A market that is some way off, a story each. Times are in milliseconds; orders take 50, reports 20, if not said."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from brokers.simulated.costs import NoCommission, NoSlippage
from brokers.simulated.delay import DelayedMarket
from brokers.simulated.latency import Delays
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.rules import BarPrice, MarketRules
from tests.market_builders import a_market, an_instrument, buy, cancel, changed, sell, through_msgpack
from trading.commands import WireAmend, WireCommand, WireSubmit
from trading.market import Effect, ReportDelayed, TriggerMoved
from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.orders import OrderType, TimeInForce
from trading.reports import ExecutionReport, ReportKind
from trading.timestamps import MILLISECOND, MINUTE, SECOND

FAR = Delays(orders_ns=50 * MILLISECOND, reports_ns=20 * MILLISECOND)
SLOW_ORDERS = Delays(orders_ns=50 * MILLISECOND)
SLOW_REPORTS = Delays(reports_ns=20 * MILLISECOND)


def far_off(
    match_on: str | dict[str, str] = "quotes", delays: Delays = FAR, cash: str = "100000", **rules: Any
) -> DelayedMarket:
    """A market for AAA, or for those named; those on bars have bars of a minute."""
    kinds = {"AAA": match_on} if isinstance(match_on, str) else match_on
    market = SimulatedMarket(
        instruments={symbol: an_instrument(symbol) for symbol in kinds},
        cash={"USD": Decimal(cash)},
        match_on=kinds,
        slippage=NoSlippage(),
        commission=NoCommission(),
        rules=MarketRules(**rules),
    )
    return DelayedMarket(market, delays, bar_intervals={s: MINUTE for s, kind in kinds.items() if kind == "bars"})


def quote(ms: int, ask: float, symbol: str = "AAA") -> Quote:
    """Bids are 1.00 below."""
    return Quote(symbol, ms * MILLISECOND, ask - 1.0, ask, 100.0, 100.0)


def bar(minute: int, first: float, last: float | None = None, symbol: str = "AAA") -> Bar:
    """The bar that closes at a minute, from one price to another."""
    close = first if last is None else last
    return Bar(symbol, minute * MINUTE, MINUTE, first, max(first, close), min(first, close), close, 100.0)


def amended(order: WireSubmit, **terms: Any) -> WireAmend:
    return WireAmend(cid=order.cid, terms=msgspec.structs.replace(order.terms, **terms), ts_ns=SECOND)


def in_lines(effects: Sequence[Effect], unit: int = MILLISECOND) -> list[str]:
    """`a filled 5 at 100 @50`, decided at 50 ms; `(a accepted @50) 70`, to be heard at 70 ms."""
    lines = []
    for effect in effects:
        if isinstance(effect, ReportDelayed):
            lines.append(f"({in_lines([effect.report], unit)[0]}) {effect.due_ns / unit:g}")
        elif isinstance(effect, ExecutionReport):
            traded = "" if effect.fill is None else f" {effect.fill.quantity} at {effect.fill.price}"
            code = f" {effect.code}" if effect.code else ""
            lines.append(f"{effect.cid} {effect.kind}{traded}{code} @{effect.ts_ns / unit:g}")
        elif isinstance(effect, TriggerMoved):
            lines.append(f"{effect.cid} moves to {effect.stop_price}")
        else:
            lines.append(type(effect).__name__)
    return lines


def at(ms: int) -> int:
    return ms * MILLISECOND


# The way there.


def test_an_order_meets_the_last_price_before_its_arrival() -> None:
    market = far_off(delays=SLOW_ORDERS)
    market.on_event(quote(0, 100.0))

    assert market.on_command(buy("a", "5"), at(0)) == []
    assert market.on_event(quote(40, 101.0)) == []
    assert in_lines(market.on_event(quote(60, 102.0))) == ["a accepted @50", "a filled 5 at 101.0 @50"]


def test_an_event_at_the_very_time_of_an_arrival_comes_first() -> None:
    market = far_off(delays=SLOW_ORDERS)
    market.on_event(quote(0, 100.0))
    market.on_command(buy("a", "5"), at(0))

    assert market.on_event(quote(50, 101.0)) == []
    assert in_lines(market.on_event(quote(51, 102.0)))[1] == "a filled 5 at 101.0 @50"


def test_a_cancel_comes_too_late_for_what_fills_meanwhile() -> None:
    market = far_off(delays=SLOW_ORDERS)
    market.on_event(quote(0, 100.0))
    market.on_command(buy("a", "5", "99.00"), at(0))
    market.on_event(quote(60, 100.0))
    market.on_command(cancel("a"), at(60))

    assert in_lines(market.on_event(quote(100, 99.0))) == ["a filled 5 at 99.00 @100"]
    assert in_lines(market.on_event(quote(200, 99.0))) == ["a cancel_rejected not_open @110"]


def test_commands_do_not_overtake_each_other() -> None:
    """With much jitter the cancel would arrive before its order, were it free to."""
    for seed in range(20):
        market = far_off(delays=Delays(jitter_ns=at(1_000), seed=seed))
        market.on_event(quote(0, 100.0))
        market.on_command(buy("a", "5", "90.00"), at(0))
        market.on_command(cancel("a"), at(1))
        told = market.on_event(quote(5_000, 100.0))

        assert [effect.kind for effect in told if isinstance(effect, ExecutionReport)] == [
            ReportKind.ACCEPTED,
            ReportKind.CANCELLED,
        ]


def test_on_bars_an_order_that_arrives_within_one_meets_the_next() -> None:
    market = far_off("bars", SLOW_ORDERS)
    market.on_event(bar(1, 100.0))
    market.on_command(buy("a", "5"), MINUTE)

    assert in_lines(market.on_event(bar(2, 101.0)), MINUTE) == ["a accepted @2"]
    assert in_lines(market.on_event(bar(3, 102.0)), MINUTE) == ["a filled 5 at 102.0 @3"]


def test_an_order_may_take_longer_than_a_bar() -> None:
    market = far_off("bars", Delays(orders_ns=90 * SECOND))
    market.on_event(bar(1, 100.0))
    market.on_command(buy("a", "5"), MINUTE)

    assert market.on_event(bar(2, 101.0)) == []
    assert in_lines(market.on_event(bar(3, 102.0)), MINUTE) == ["a accepted @3"]


def test_on_bars_an_order_that_arrives_before_one_meets_its_open() -> None:
    market = far_off("bars", SLOW_ORDERS)
    market.on_event(bar(1, 100.0))
    market.on_command(buy("a", "5"), MINUTE)

    assert in_lines(market.on_event(bar(5, 104.0, 105.0)), SECOND) == ["a accepted @60.05", "a filled 5 at 104.0 @300"]


def test_an_order_that_meets_closes_meets_that_of_the_bar_of_its_arrival() -> None:
    market = far_off("bars", SLOW_ORDERS, bar_price=BarPrice.THIS_CLOSE)
    market.on_event(bar(1, 100.0))
    market.on_command(buy("a", "5"), MINUTE)

    assert in_lines(market.on_event(bar(2, 101.0, 101.5)), MINUTE)[1] == "a filled 5 at 101.5 @2"


@pytest.mark.parametrize("others", [[], [quote(61_000, 50.0, "BBB"), quote(119_990, 50.0, "BBB")]])
def test_another_symbols_ticks_bring_no_order_into_a_bar_that_had_begun(others: list[MarketEvent]) -> None:
    market = far_off({"AAA": "bars", "BBB": "quotes"}, SLOW_ORDERS)
    market.on_event(bar(1, 100.0))
    market.on_command(buy("a", "5"), MINUTE)
    market.on_command(buy("c", "5", "1.00"), MINUTE)
    market.on_command(cancel("c"), MINUTE)
    for other in others:
        assert market.on_event(other) == []

    assert in_lines(market.on_event(bar(2, 101.0)), MINUTE) == ["a accepted @2", "c accepted @2", "c cancelled @2"]
    assert in_lines(market.on_event(bar(3, 102.0)), MINUTE) == ["a filled 5 at 102.0 @3"]


def test_on_bars_a_cancel_comes_too_late_for_the_bar_that_it_arrives_within() -> None:
    market = far_off({"AAA": "bars", "BBB": "quotes"}, SLOW_ORDERS)
    market.on_event(bar(1, 100.0))
    market.on_command(buy("a", "5", "99.00"), MINUTE)
    market.on_event(bar(2, 100.0))
    market.on_command(cancel("a"), 2 * MINUTE)
    market.on_event(quote(121_000, 50.0, "BBB"))

    assert in_lines(market.on_event(bar(3, 98.0)), MINUTE) == ["a filled 5 at 98.0 @3", "a cancel_rejected not_open @3"]


def test_a_command_that_takes_no_time_waits_behind_those_of_its_symbol() -> None:
    """Of the delays of one nanosecond or none some make an order wait for its bar and let its cancel come at once."""
    for seed in range(20):
        market = far_off({"AAA": "bars", "BBB": "quotes"}, Delays(jitter_ns=1, seed=seed))
        told: list[Effect] = market.on_event(bar(1, 100.0))
        told += market.on_command(buy("a", "5"), MINUTE)
        told += market.on_event(quote(61_000, 50.0, "BBB"))
        told += market.on_command(cancel("a"), 61 * SECOND)
        told += market.on_event(bar(2, 100.0)) + market.on_event(bar(3, 100.0))

        kinds = [effect.kind for effect in told if isinstance(effect, ExecutionReport)]
        assert kinds[:2] in ([ReportKind.ACCEPTED, ReportKind.CANCELLED], [ReportKind.ACCEPTED, ReportKind.FILLED])


def test_a_bar_that_does_not_come_holds_up_no_order() -> None:
    market = far_off({"AAA": "bars", "BBB": "quotes"}, SLOW_ORDERS)
    market.on_event(bar(1, 100.0))
    market.on_command(buy("a", "5"), MINUTE)

    assert market.on_event(quote(120_050, 50.0, "BBB")) == []
    assert in_lines(market.on_event(quote(120_051, 50.0, "BBB")), SECOND) == ["a accepted @60.05"]


def test_an_order_in_flight_for_bars_does_not_hold_up_one_for_ticks() -> None:
    market = far_off({"AAA": "bars", "BBB": "quotes"}, SLOW_ORDERS)
    market.on_event(bar(1, 100.0))
    market.on_event(quote(60_000, 50.0, "BBB"))
    market.on_command(buy("a", "5"), MINUTE)
    market.on_command(buy("b", "5", symbol="BBB"), MINUTE)

    assert in_lines(market.on_event(quote(61_000, 51.0, "BBB")), SECOND)[1] == "b filled 5 at 50.0 @60.05"


def test_an_amendment_takes_its_time_too() -> None:
    market, order = far_off(delays=SLOW_ORDERS), buy("a", "5", "98.00")
    market.on_event(quote(0, 100.0))
    market.on_command(order, at(0))
    market.on_event(quote(60, 100.0))
    market.on_command(amended(order, limit_price=Decimal("99.00")), at(60))

    assert market.on_event(quote(100, 99.0)) == []
    assert in_lines(market.on_event(quote(120, 99.5))) == ["a replaced @110", "a filled 5 at 99.0 @110"]


# The way back.


def test_a_report_is_heard_with_the_first_event_at_its_time_or_after() -> None:
    market = far_off(delays=SLOW_REPORTS)
    market.on_event(quote(0, 100.0))

    assert in_lines(market.on_command(buy("a", "5"), at(0))) == ["(a accepted @0) 20", "(a filled 5 at 100.0 @0) 20"]
    assert market.on_event(quote(19, 100.0)) == []
    assert in_lines(market.on_event(quote(20, 100.0))) == ["a accepted @0", "a filled 5 at 100.0 @0"]
    assert market.on_event(quote(90, 100.0)) == []


def test_there_and_back() -> None:
    market = far_off()
    market.on_event(quote(0, 100.0))
    market.on_command(buy("a", "5", "99.00"), at(0))

    assert in_lines(market.on_event(quote(55, 99.0))) == ["(a accepted @50) 70", "(a filled 5 at 99.00 @55) 75"]
    assert in_lines(market.on_event(quote(72, 99.0))) == ["a accepted @50"]
    assert in_lines(market.on_event(quote(80, 99.0))) == ["a filled 5 at 99.00 @55"]


def test_what_was_decided_and_is_due_before_the_event_is_heard_at_once() -> None:
    market = far_off()
    market.on_event(quote(0, 100.0))
    market.on_command(buy("a", "5"), at(0))

    assert in_lines(market.on_event(quote(70, 101.0))) == ["a accepted @50", "a filled 5 at 100.0 @50"]


def test_reports_do_not_overtake_each_other() -> None:
    for seed in range(20):
        market = far_off(delays=Delays(jitter_ns=at(1_000), seed=seed))
        told: list[Effect] = market.on_event(quote(0, 100.0))
        for n in range(5):
            market.on_command(buy(f"a{n}", "1"), at(n))
        for ms in range(0, 5_000, 50):
            told += market.on_event(quote(ms, 100.0))

        reports = [effect for effect in told if isinstance(effect, ExecutionReport)]
        delayed = [effect for effect in told if isinstance(effect, ReportDelayed)]
        assert [(r.cid, r.kind) for r in reports] == [
            (f"a{n}", kind) for n in range(5) for kind in (ReportKind.ACCEPTED, ReportKind.FILLED)
        ]
        assert [one.due_ns for one in delayed] == sorted(one.due_ns for one in delayed)


def test_a_stop_that_follows_the_market_is_noted_at_once() -> None:
    market = far_off(delays=SLOW_REPORTS)
    market.on_event(quote(0, 100.0))
    market.on_command(changed(buy("a", "1"), type=OrderType.TRAILING_STOP, trail_amount=Decimal(2)), at(0))

    assert in_lines(market.on_event(quote(10, 97.0))) == ["a moves to 99.0"]


# Books.


def test_the_account_is_what_has_been_told() -> None:
    market = far_off(delays=SLOW_REPORTS, cash="1000")
    market.on_event(quote(0, 100.0))
    market.on_command(buy("a", "5"), at(0))

    assert (market.account().cash, market.account().positions) == ({"USD": Decimal(1_000)}, {})
    market.on_event(quote(20, 100.0))
    assert (market.account().cash, market.account().positions) == ({"USD": Decimal(500)}, {"AAA": Decimal(5)})


def test_the_venue_knows_of_orders_that_nobody_has_heard_of() -> None:
    market = far_off(delays=SLOW_REPORTS)
    market.on_event(quote(0, 100.0))
    market.on_command(buy("a", "5", "90.00"), at(0))

    assert [order.cid for order in market.working()] == ["a"]


# How far a strategy may be let run ahead.


def test_nothing_in_flight_and_nothing_on_the_way_is_as_near_as_the_market_says() -> None:
    market = far_off()
    coming = [quote(ms, 100.0) for ms in (10, 20, 30)]
    assert market.in_reach("s", coming) == 3
    market.on_event(quote(0, 100.0))
    market.on_command(buy("a", "1", "99.00"), at(0))
    market.on_event(quote(100, 100.0))
    market.on_event(quote(200, 100.0))

    assert market.in_reach("s", [quote(210, 99.5), quote(220, 99.0), quote(230, 99.0)]) == 1


def test_a_command_in_flight_is_in_reach_from_its_arrival_on() -> None:
    market = far_off()
    market.on_event(quote(0, 100.0))
    market.on_command(buy("a", "1", "1.00"), at(0))
    coming = [quote(ms, 100.0) for ms in (40, 49, 50, 60)]

    assert market.in_reach("s", coming) == 2
    assert market.in_reach("other", coming) == 4


def test_a_report_on_its_way_is_in_reach_when_it_is_due() -> None:
    market = far_off(delays=SLOW_REPORTS)
    market.on_event(quote(0, 100.0))
    market.on_command(buy("a", "1"), at(0))
    coming = [quote(ms, 100.0) for ms in (10, 19, 20)]

    assert market.in_reach("s", coming) == 2
    assert market.in_reach("other", coming) == 3


# What is restored and told.


def test_a_restored_market_has_the_same_things_on_their_way() -> None:
    lived, restored = far_off(), far_off()
    for market, ms in ((restored, 7), (lived, 0)):
        market.on_event(quote(ms, 100.0))
        market.on_command(buy("a", "5"), at(ms))
    lived.on_event(quote(55, 101.0))
    lived.on_command(cancel("a"), at(55))
    restored.restore(through_msgpack(lived.state()))

    assert restored.state() == lived.state()
    rest = [quote(ms, 102.0) for ms in (60, 70, 110, 140)]
    assert [restored.on_event(event) for event in rest] == [lived.on_event(event) for event in rest]
    assert restored.state() == lived.state()


def test_a_market_without_delays_may_be_moved_away() -> None:
    """What it was is what the delayed one goes on from."""
    near, far = a_market("quotes"), far_off()
    near.on_event(quote(0, 100.0))
    near.on_command(buy("a", "5", "99.00"), at(0))
    far.restore(through_msgpack(near.state()))

    assert in_lines(far.on_event(quote(10, 99.0))) == ["(a filled 5 at 99.00 @10) 30"]


def test_what_was_decided_before_an_event_is_told_at_the_prices_before_it() -> None:
    """An order claims cash by the price that it met; the heard market must not use the later one."""
    lived, heard = far_off("trades"), far_off("trades")
    order = changed(buy("a", "5"), type=OrderType.STOP, stop_price=Decimal(200))
    for event in (Trade("AAA", at(0), 100.0, 1.0), Trade("AAA", at(60), 300.0, 1.0)):
        effects = lived.on_event(event)
        heard.observe(event)
        for effect in effects:
            heard.apply(effect, None)
        assert heard.state() == lived.state()
        if event.ts_ns == 0:
            lived.on_command(order, 0)
            heard.expect(order, 0)


def test_what_came_of_a_round_may_be_told_with_its_first_command() -> None:
    lived, heard = far_off(delays=SLOW_REPORTS), far_off(delays=SLOW_REPORTS)
    for market in (lived, heard):
        market.on_event(quote(0, 100.0))
    commands: list[WireCommand] = [buy("a", "5", "99.00"), buy("b", "1"), cancel("a")]
    effects = [effect for command in commands for effect in lived.on_command(command, at(0))]
    heard.expect(commands[0], at(0))
    for effect in effects:
        heard.apply(effect, None if isinstance(effect, ExecutionReport) else _submit_of(effect, commands))
    for command in commands[1:]:
        heard.expect(command, at(0))

    assert heard.state() == lived.state()


def _submit_of(effect: Effect, commands: Sequence[WireCommand]) -> WireCommand | None:
    assert isinstance(effect, ReportDelayed)
    return next((one for one in commands if one.cid == effect.report.cid), None)


def test_reports_that_nobody_here_heard_are_past_when_a_later_one_is_heard() -> None:
    """The router keeps no records of strategies that have been taken out."""
    lived, heard = far_off(delays=SLOW_REPORTS), far_off(delays=SLOW_REPORTS)
    for market in (lived, heard):
        market.on_event(quote(0, 100.0))
        market.on_command(changed(buy("gone", "1", "90.00"), strategy="gone"), 0)
        market.on_command(buy("a", "1", "90.00"), at(5))
    effects = lived.on_event(quote(50, 100.0))
    heard.observe(quote(50, 100.0))
    for effect in effects:
        if isinstance(effect, ExecutionReport) and effect.strategy == "s":
            heard.apply(effect, None)

    assert heard.state() == lived.state()


def test_news_that_is_heard_at_once_ends_the_wait_of_all_before_it() -> None:
    lived, heard = far_off(delays=SLOW_REPORTS), far_off(delays=Delays())
    for market in (lived, heard):
        market.on_event(quote(0, 100.0))
    lived.on_command(changed(buy("gone", "1", "90.00"), strategy="gone"), 0)
    heard.restore(lived.state())
    (accepted,) = far_off(delays=Delays()).on_command(buy("a", "1", "90.00"), at(50))
    heard.expect(order := buy("a", "1", "90.00"), at(50))
    heard.apply(accepted, order)

    assert heard.state()["on_the_way"] == []


def test_a_cancel_in_flight_does_not_answer_for_an_order_that_ends_by_itself() -> None:
    lived, heard = far_off(), far_off()
    order = changed(buy("a", "5", "90.00"), time_in_force=TimeInForce.IOC)
    for ms, command in ((0, order), (20, cancel("a")), (60, None), (80, None), (200, None)):
        event = quote(ms, 100.0)
        effects = lived.on_event(event)
        heard.observe(event)
        for effect in effects:
            heard.apply(effect, None)
        if command is not None:
            assert lived.on_command(command, at(ms)) == []
            heard.expect(command, at(ms))
        assert heard.state() == lived.state()


# Delays.


def test_delays_are_bases_and_a_jitter_between_nothing_and_its_most() -> None:
    delays = Delays(orders_ns=100, reports_ns=20, jitter_ns=3, seed=1)
    drawn = {delays.of_command(changed(buy("a", "1"), order_id=f"s-{n}"), 0) for n in range(200)}
    report = ExecutionReport(order_id="s-1", strategy="s", kind=ReportKind.ACCEPTED, ts_ns=0)
    reports = {delays.of_report(msgspec.structs.replace(report, ts_ns=n)) for n in range(200)}

    assert drawn == {100, 101, 102, 103}
    assert reports == {20, 21, 22, 23}


def test_delays_are_drawn_from_order_time_and_seed_and_not_from_the_id_on_the_wire() -> None:
    delays = Delays(jitter_ns=10**9, seed=1)
    order = buy("a", "1")
    other_cid = msgspec.structs.replace(order, cid="b")

    assert delays.of_command(order, 5) == delays.of_command(other_cid, 5)
    others = [
        delays.of_command(order, 6),
        delays.of_command(changed(order, order_id="s-7"), 5),
        delays.of_command(cancel("a"), 5),
        msgspec.structs.replace(delays, seed=2).of_command(order, 5),
    ]
    assert len({*others, delays.of_command(order, 5)}) == 5


@pytest.mark.parametrize(
    ("delays", "any_delay"),
    [(Delays(), False), (Delays(seed=3), False), (FAR, True), (SLOW_REPORTS, True), (Delays(jitter_ns=1), True)],
)
def test_whether_anything_takes_time(delays: Delays, any_delay: bool) -> None:
    assert bool(delays) is any_delay


def test_it_takes_what_the_market_takes() -> None:
    assert far_off().capabilities is SimulatedMarket.capabilities


def test_an_order_that_cannot_be_is_told_of_as_late_as_any() -> None:
    market = far_off()
    market.on_event(quote(0, 100.0))
    market.on_command(sell("a", "5"), at(0))

    assert market.on_event(quote(50, 100.0)) == []
    assert in_lines(market.on_event(quote(60, 100.0))) == ["(a rejected short_not_allowed @50) 70"]


# The end, after which no event comes.


def test_at_the_end_all_that_is_on_its_way_arrives_in_its_own_time() -> None:
    market = far_off()
    market.on_event(quote(0, 100.0))
    market.on_command(buy("a", "5"), at(0))
    market.on_command(buy("b", "3", "2.00"), at(10))
    market.on_command(cancel("b"), at(30))

    effects, ts_ns = market.arrive()
    assert [line for line in in_lines(effects) if not line.startswith("(")] == [
        "a accepted @50",
        "a filled 5 at 100.0 @50",
        "b accepted @60",
        "b cancelled @80",
    ]
    assert ts_ns == at(100)
    assert market.account().positions == {"AAA": 5}
    assert market.arrive() == ([], 0)


def test_at_the_end_an_order_on_bars_arrives_and_waits_for_one_more() -> None:
    market = far_off("bars", SLOW_REPORTS)
    market.on_event(bar(1, 10.0))
    market.on_command(buy("a", "5"), MINUTE)

    assert market.arrive()[1] == MINUTE + at(20)
    assert [order.cid for order in market.working()] == ["a"]
    market.on_event(bar(1, 12.0))
    effects, ts_ns = market.arrive()
    assert in_lines(effects, MINUTE) == ["a filled 5 at 12.0 @1"]
    assert ts_ns == MINUTE + at(20)
