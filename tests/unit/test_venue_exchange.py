"""The exchange that others are tested against: its matching, its sums, what survives it, and faults at their sites."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from contextlib import closing, suppress
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.clock import SystemClock
from tests.live.adapter import WebsocketFeed
from tests.market_builders import amend, buy, cancel, sell
from tests.venue.exchange import Exchange
from tests.venue.faults import MENU, Faults
from tests.venue.gateway import Answered, Broken, Closed, Gateway, Output, Pushed
from tests.venue.inprocess import InProcessVenue
from tests.venue.limits import RateLimiter
from tests.venue.processes import venue
from tests.venue.records import Listing, Order, Refused, Rules, Status, Ticket
from tests.venue.server import Server
from tests.venue.store import FileStore, MemoryStore
from tests.venue.wire import Call
from trading.market_data import Quote
from trading.orders import OrderType, Side, TimeInForce
from trading.sequencer import Offer
from trading.timestamps import SECOND
from trading.venue.messages import (
    FillTold,
    FindOrder,
    ListFills,
    ListOpenOrders,
    OpenOrdersTold,
    OrderMissing,
    OrderTold,
    ReadAccount,
    ReadTime,
    Request,
    RequestLost,
    RequestUnsent,
    StreamDown,
    StreamUp,
    VenueMessage,
)


def an_exchange(cash: str = "10000", **rules: Any) -> Exchange:
    """An exchange for AAA at 99 to 101, without an end to either side."""
    exchange = Exchange([Listing(symbol="AAA", base="AAA")], rules=Rules(**rules))
    exchange.deposit("USD", cash)
    exchange.quote("AAA", "99", "101", SECOND)
    return exchange


def a_ticket(side: str, quantity: str, limit: str | None = None, *, stop: str | None = None, **terms: Any) -> Ticket:
    kind = {
        (True, True): OrderType.MARKET,
        (False, True): OrderType.LIMIT,
        (True, False): OrderType.STOP,
        (False, False): OrderType.STOP_LIMIT,
    }[limit is None, stop is None]
    return Ticket(
        symbol="AAA",
        side=Side(side),
        quantity=Decimal(quantity),
        type=kind,
        limit_price=None if limit is None else Decimal(limit),
        stop_price=None if stop is None else Decimal(stop),
        **terms,
    )


def traded(exchange: Exchange) -> list[str]:
    return [
        f"{fill.cid} {fill.side} {fill.quantity} at {fill.price} {'maker' if fill.is_maker else 'taker'}"
        for fill in exchange.books.fills
    ]


def stands(order: Order) -> tuple[str, Decimal, str]:
    return str(order.status), order.filled, order.code


# Matching.


def test_what_crosses_takes_and_what_rests_makes() -> None:
    exchange = an_exchange()
    exchange.place(a_ticket("buy", "2", "105", cid="a"), SECOND)
    exchange.place(a_ticket("buy", "3", "98", cid="b"), SECOND)
    exchange.place(a_ticket("sell", "1", "104", cid="c"), SECOND)
    exchange.quote("AAA", "97", "97.5", 2 * SECOND)
    exchange.quote("AAA", "106", "107", 3 * SECOND)
    assert traded(exchange) == ["a buy 2 at 101 taker", "b buy 3 at 98 maker", "c sell 1 at 104 maker"]


def test_the_better_price_is_met_first_and_of_one_price_the_earlier_order_while_there_is_something() -> None:
    exchange = an_exchange()
    for cid, limit in (("a", "97"), ("b", "98"), ("c", "98"), ("d", "96")):
        exchange.place(a_ticket("buy", "2", limit, cid=cid), SECOND)
    exchange.quote("AAA", "96", "97", 2 * SECOND, ask_size="5")
    assert traded(exchange) == ["b buy 2 at 98 maker", "c buy 2 at 98 maker", "a buy 1 at 97 maker"]
    exchange.quote("AAA", "95", "97", 3 * SECOND, ask_size="1")
    assert traded(exchange)[3:] == ["a buy 1 at 97 maker"]


@pytest.mark.parametrize(
    ("tif", "size", "expected"),
    [
        ("ioc", "3", ("expired", Decimal(3), "ioc_unfilled")),
        ("fok", "3", ("expired", Decimal(0), "fok_unfilled")),
        ("fok", "5", ("filled", Decimal(5), "")),
        ("gtc", "3", ("open", Decimal(3), "")),
    ],
)
def test_what_must_not_wait_ends(tif: str, size: str, expected: tuple[str, Decimal, str]) -> None:
    exchange = an_exchange()
    exchange.quote("AAA", "99", "100", SECOND, ask_size=size)
    order = exchange.place(a_ticket("buy", "5", "100", cid="a", time_in_force=TimeInForce(tif)), SECOND)
    assert stands(order) == expected


def test_stops_wake_at_their_price_and_may_go_on_under_another_id() -> None:
    exchange = an_exchange(renames_triggered=True)
    stop = exchange.place(a_ticket("buy", "1", stop="103", cid="a"), SECOND)
    limit = exchange.place(a_ticket("buy", "1", "103.50", stop="103", cid="b"), SECOND)
    exchange.quote("AAA", "101", "102.99", 2 * SECOND)
    assert traded(exchange) == []
    exchange.quote("AAA", "103", "104", 3 * SECOND)
    exchange.quote("AAA", "102", "103", 4 * SECOND)
    assert traded(exchange) == ["a buy 1 at 104 taker", "b buy 1 at 103.50 maker"]
    assert {fill.venue_id for fill in exchange.books.fills}.isdisjoint({stop.venue_id, limit.venue_id})


def test_reduce_only_takes_no_more_than_there_is() -> None:
    exchange = an_exchange(shorts=True)
    with pytest.raises(Refused, match="nothing_to_reduce"):
        exchange.place(a_ticket("sell", "1", cid="a", reduce_only=True), SECOND)
    exchange.place(a_ticket("buy", "3", cid="b"), SECOND)
    order = exchange.place(a_ticket("sell", "5", cid="c", reduce_only=True), SECOND)
    assert stands(order) == ("cancelled", Decimal(3), "nothing_to_reduce")
    assert exchange.account().positions == {}


def test_an_amendment_changes_only_what_has_not_filled() -> None:
    exchange = an_exchange()
    exchange.place(a_ticket("buy", "5", "98", cid="a"), SECOND)
    exchange.fill("a", SECOND, "2")
    with pytest.raises(Refused, match="below_filled"):
        exchange.amend("a", SECOND, quantity=Decimal(2))
    assert exchange.amend("a", SECOND, quantity=Decimal(3)).remaining == 1
    amended = exchange.amend("a", SECOND, limit_price=Decimal(101))
    assert stands(amended) == ("filled", Decimal(3), "")
    assert traded(exchange) == ["a buy 2 at 98 maker", "a buy 1 at 101 taker"]
    with pytest.raises(Refused, match="not_open"):
        exchange.amend("a", SECOND, quantity=Decimal(9))


@pytest.mark.parametrize(
    ("ticket", "code"),
    [
        (a_ticket("buy", "100"), "no_cash"),
        (a_ticket("sell", "1"), "no_position"),
        (a_ticket("buy", "0"), "bad_quantity"),
        (a_ticket("buy", "1.5"), "bad_quantity"),
        (a_ticket("buy", "1", "98.001"), "bad_price"),
        (a_ticket("buy", "1", "-1"), "bad_price"),
        (a_ticket("buy", "1", "101", post_only=True), "would_take"),
        (a_ticket("buy", "1", time_in_force=TimeInForce.GTD), "bad_time"),
        (a_ticket("buy", "1", expires_ns=1, time_in_force=TimeInForce.GTD), "bad_time"),
        (Ticket(symbol="ZZZ", side=Side.BUY, quantity=Decimal(1)), "unknown_symbol"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_no_order(ticket: Ticket, code: str) -> None:
    exchange = an_exchange()
    with pytest.raises(Refused) as refused:
        exchange.place(ticket, SECOND)
    assert refused.value.code == code
    assert exchange.books.orders == []
    assert [refusal.code for refusal in exchange.books.refusals] == [code]


def test_what_works_has_its_cash_and_units_set_aside() -> None:
    exchange = an_exchange(cash="1000")
    exchange.place(a_ticket("buy", "6", "100", cid="a"), SECOND)
    with pytest.raises(Refused, match="no_cash"):
        exchange.place(a_ticket("buy", "5", "100", cid="b"), SECOND)
    exchange.cancel("a", SECOND)
    exchange.place(a_ticket("buy", "5", cid="b"), SECOND)
    exchange.place(a_ticket("sell", "3", "110", cid="c"), SECOND)
    with pytest.raises(Refused, match="no_position"):
        exchange.place(a_ticket("sell", "3", "110", cid="d"), SECOND)


@pytest.mark.parametrize(("unique", "again"), [("open", "v2"), ("none", "v2"), ("account", "duplicate_id")])
def test_an_id_is_unique_among_what_the_rules_say(unique: str, again: str) -> None:
    exchange = an_exchange(unique_ids=unique)
    exchange.place(a_ticket("buy", "1", cid="a"), SECOND)
    try:
        told = exchange.place(a_ticket("buy", "1", cid="a"), SECOND).venue_id
    except Refused as refused:
        told = refused.code
    assert told == again


def test_the_dead_man_cancels_everybodys_orders_once() -> None:
    exchange = an_exchange()
    exchange.place(a_ticket("buy", "1", "90", cid="a"), SECOND)
    exchange.place(a_ticket("buy", "1", "90"), SECOND, client="other")
    exchange.hold(60 * SECOND, SECOND)
    exchange.hold(60 * SECOND, 10 * SECOND)
    assert exchange.next_ns() == 70 * SECOND
    exchange.pass_time(70 * SECOND - 1)
    assert len(exchange.books.open_orders()) == 2
    exchange.pass_time(70 * SECOND)
    assert [stands(order)[2] for order in exchange.books.orders] == ["dead_man", "dead_man"]
    assert exchange.next_ns() is None


def test_time_that_is_over_and_ids_that_come_again() -> None:
    exchange = an_exchange()
    exchange.skew_ns = 5 * SECOND
    until = a_ticket("buy", "1", "90", cid="a", time_in_force=TimeInForce.GTD, expires_ns=20 * SECOND)
    exchange.place(until, SECOND)
    assert exchange.next_ns() == 15 * SECOND
    exchange.pass_time(15 * SECOND)
    assert exchange.books.orders[0].status is Status.EXPIRED
    exchange.roll_back_ids(1, SECOND)
    assert exchange.place(a_ticket("buy", "1", cid="b"), SECOND).venue_id == exchange.books.orders[0].venue_id


def test_a_bust_gives_everything_back() -> None:
    exchange = an_exchange(taker_fee=Decimal("0.001"))
    before = exchange.account()
    exchange.place(a_ticket("buy", "3", cid="a"), SECOND)
    assert exchange.account().cash == {"USD": Decimal("10000") - Decimal("303") - Decimal("0.303")}
    exchange.bust(0, 2 * SECOND)
    assert exchange.account() == before
    assert stands(exchange.books.orders[0]) == ("cancelled", Decimal(0), "busted")
    assert exchange.books.executions() == []


def test_a_trade_through_zero_is_two_fills_of_one_trade() -> None:
    exchange = an_exchange(shorts=True, flips_in_two=True)
    exchange.place(a_ticket("buy", "2", cid="a"), SECOND)
    exchange.place(a_ticket("sell", "5", cid="b"), SECOND)
    assert [(fill.trade_id, fill.leg, fill.quantity) for fill in exchange.books.fills] == [
        ("1", "", Decimal(2)),
        ("2", "close", Decimal(2)),
        ("2", "open", Decimal(3)),
    ]


@pytest.mark.parametrize(
    ("fee_in", "expected"), [("quote", {"USD": "9898.899"}), ("base", {"USD": "9899", "AAA": "-0.001"})]
)
def test_a_fee_is_paid_in_the_currency_of_the_rules(fee_in: str, expected: dict[str, str]) -> None:
    exchange = an_exchange(taker_fee=Decimal("0.001"), fee_in=fee_in)
    exchange.place(a_ticket("buy", "1", cid="a"), SECOND)
    assert exchange.account().cash == {code: Decimal(amount) for code, amount in expected.items()}


# Sums, and what survives.

Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell", "limit_buy", "limit_sell", "cancel", "amend", "quote", "bust", "manual"]),
        st.integers(1, 9),
        st.integers(90, 110),
    ),
    max_size=40,
)


def take(exchange: Exchange, steps: Iterable[Step]) -> None:
    """Let some of everything happen; what is refused is not done."""
    for place, step in enumerate(steps):
        with suppress(Refused):
            happen(exchange, step, f"c{place % 7}", (place + 2) * SECOND)


def happen(exchange: Exchange, step: Step, cid: str, now_ns: int) -> None:
    kind, quantity, price = step
    match kind:
        case "buy" | "sell":
            exchange.place(a_ticket(kind, str(quantity), cid=cid), now_ns)
        case "limit_buy" | "limit_sell":
            exchange.place(a_ticket(kind.removeprefix("limit_"), str(quantity), f"{price}.37", cid=cid), now_ns)
        case "cancel":
            exchange.cancel(cid, now_ns)
        case "amend":
            exchange.amend(cid, now_ns, quantity=Decimal(quantity + 1))
        case "quote":
            exchange.quote("AAA", f"{price}", f"{price}.41", now_ns, bid_size=quantity, ask_size="3")
        case "bust" if exchange.books.executions():
            exchange.bust(exchange.books.executions()[0].number, now_ns)
        case "manual":
            exchange.trade_manually("AAA", Side.SELL, quantity, now_ns, price="99.99")


@given(STEPS, st.sampled_from(["quote", "base", "BNB"]))
def test_cash_and_positions_are_what_the_fills_say_to_the_last_digit(steps: list[Step], fee_in: str) -> None:
    exchange = an_exchange(taker_fee=Decimal("0.00075"), maker_fee=Decimal("-0.0001"), fee_in=fee_in, shorts=True)
    take(exchange, steps)
    cash, units = {"USD": Fraction(10_000)}, Fraction(0)
    for fill in exchange.books.fills:
        if fill.busted:
            continue
        sign = 1 if fill.side is Side.BUY else -1
        units += sign * Fraction(fill.quantity)
        cash["USD"] -= sign * Fraction(fill.quantity) * Fraction(fill.price)
        cash[fill.fee_currency] = cash.get(fill.fee_currency, Fraction(0)) - Fraction(fill.fee)
    account = exchange.account()
    assert {code: Fraction(amount) for code, amount in account.cash.items()} == {k: v for k, v in cash.items() if v}
    assert Fraction(account.positions.get("AAA", Decimal(0))) == units
    for order in exchange.books.orders:
        mine = [fill.quantity for fill in exchange.books.fills if fill.order == order.number and not fill.busted]
        assert order.filled == sum(mine)
        assert (order.status is Status.FILLED) is (order.filled == order.ticket.quantity)


@given(STEPS)
def test_an_exchange_goes_on_from_its_store_as_though_nothing_had_been(steps: list[Step]) -> None:
    store = MemoryStore()
    first = Exchange([Listing(symbol="AAA")], store=store)
    first.deposit("USD", "10000")
    take(first, steps)
    second = Exchange([Listing(symbol="AAA")], store=store)
    assert second.dump() == first.dump()
    for exchange in (first, second):
        exchange.quote("AAA", "50", "51", 1000 * SECOND)
        take(exchange, [("buy", 1, 100), ("limit_sell", 1, 51)])
    assert second.dump() == first.dump()


def test_a_line_that_was_torn_was_never_answered(tmp_path: Path) -> None:
    file = tmp_path / "venue.jsonl"
    with closing(FileStore(file)) as store:
        exchange = Exchange([Listing(symbol="AAA")], store=store)
        exchange.deposit("USD", "10000")
        before = exchange.dump()
        exchange.place(a_ticket("buy", "1", "90", cid="a"), SECOND)
        after, whole = exchange.dump(), file.read_bytes()

    def found(content: bytes) -> dict[str, Any]:
        file.write_bytes(content)
        with closing(FileStore(file)) as again:
            return Exchange([Listing(symbol="AAA")], store=again).dump()

    assert all(found(whole[:length]) == before for length in range(whole.index(b"\n") + 1, len(whole), 7))
    assert found(whole) == after


def test_every_order_and_fill_outlives_the_process(tmp_path: Path) -> None:
    with venue(tmp_path, "--symbols", "AAA") as process:
        process.do("quote", symbol="AAA", bid="99", ask="101")
        process.do("place", symbol="AAA", side="buy", quantity="2", cid="a")
        process.do("place", symbol="AAA", side="buy", quantity="1", type="limit", limit_price="90", cid="b")
        before = process.do("dump")
        process.kill()
        process.start()
        after = process.do("dump")
    books = ("orders", "fills", "cash", "positions", "step")
    assert {name: after[name] for name in books} == {name: before[name] for name in books}
    assert after["cash"] == {"USD": "99798.00"}


# The line, and faults at their sites.


class Line:
    """A client without a profile: raw calls in, outputs out."""

    def __init__(self, *faults: str, **gateway: Any) -> None:
        self.exchange = an_exchange()
        self.gateway = Gateway(self.exchange, Faults(faults), **gateway)

    def call(self, method: str, target: str, at: int, **body: Any) -> int:
        encoded = json.dumps(body).encode() if body else b""
        call = Call(method=method, target=target, body=encoded, stamp_ns=at * SECOND, within_ns=5 * SECOND)
        return self.gateway.send(call, at * SECOND)

    def place(self, cid: str, at: int, **terms: Any) -> int:
        order = {"cid": cid, "symbol": "AAA", "side": "buy", "type": "market", "quantity": "2"}
        return self.call("POST", "/orders", at, **{**order, **terms})

    def hear(self, at: int) -> list[Output]:
        return self.gateway.advance(at * SECOND)


def told(outputs: Iterable[Output]) -> list[str]:
    lines = []
    for output in outputs:
        match output:
            case Answered(status=status):
                lines.append(str(status))
            case Broken(sent=sent):
                lines.append("broken" if sent else "refused")
            case Closed():
                lines.append("closed")
            case Pushed(body=body):
                lines.append(json.loads(body)["type"])
    return lines


@pytest.mark.parametrize(
    ("fault", "heard", "orders"),
    [
        ("place#2=503", ["200"], 1),
        ("place#1=503", ["503"], 0),
        ("place#1.reply=503", ["503"], 1),
        ("place#1=429:3s", ["429"], 0),
        ("place#1=refused", ["refused"], 0),
        ("place#1=cut", ["broken"], 0),
        ("place#1.reply=cut", ["broken"], 1),
        ("place#1.request=lost", [], 0),
        ("place#1.reply=lost", [], 1),
        ("place#1.request=delay:4s", ["200"], 1),
        ("place#1.request=delay:6s", ["400"], 0),
        ("place#1.request=twice", ["200"], 2),
        ("place#1.then=restart", [], 1),
    ],
)
def test_a_call_meets_the_fault_of_its_site(fault: str, heard: list[str], orders: int) -> None:
    line = Line(fault)
    line.place("a", 1)
    assert told(line.hear(9)) == (["broken"] if "restart" in fault else heard)
    assert len(line.exchange.books.orders) == orders
    if not fault.startswith("place#2"):
        assert line.gateway.faults.happened == [fault]


@pytest.mark.parametrize(
    ("fault", "heard"),
    [
        ("fill_push#1=drop", ["order", "order"]),
        ("fill_push#1=twice", ["order", "fill", "fill", "order"]),
        ("fill_push#1=swap", ["order", "order", "fill"]),
        ("fill_push#1=delay:3s", ["order", "order", "fill"]),
        ("order_push#1=zero_fill", ["fill", "order", "fill", "order"]),
        ("order_push#1=freeze", ["order"]),
        ("order_push#2=cut", ["order", "fill", "order", "closed"]),
        ("order_push#2=replay", ["order", "fill", "order", "order", "fill", "order"]),
        ("place#1.then=bust", ["order", "fill", "order", "bust", "order"]),
        ("place#1.race=forget", ["order", "fill", "order"]),
        ("place#1.then=manual:sell:1", ["order", "fill", "order", "order", "fill", "order"]),
        ("place#1.then=replay", ["order", "fill", "order", "order", "fill", "order"]),
    ],
)
def test_a_push_meets_the_fault_of_its_site(fault: str, heard: list[str]) -> None:
    line = Line(fault, heartbeat_ns=100 * SECOND)
    line.gateway.connect(SECOND)
    assert told(line.hear(1)) == ["hello"]
    line.place("a", 1)
    assert [one for one in told(line.hear(9)) if one != "200"] == heard


def test_a_stream_can_be_frozen_and_thawed_and_a_new_one_speaks() -> None:
    line = Line()
    first = line.gateway.connect(SECOND)
    line.gateway.freeze(SECOND)
    second = line.gateway.connect(SECOND)
    assert {output.stream for output in line.hear(5) if isinstance(output, Pushed)} == {first, second}
    line.gateway.thaw()
    assert {output.stream for output in line.hear(6) if isinstance(output, Pushed)} == {first, second}
    line.gateway.freeze(6 * SECOND, 3 * SECOND)
    line.gateway.connect(7 * SECOND)
    assert told(line.hear(8)) == ["hello"]


def test_a_cancel_races_with_a_fill() -> None:
    line = Line("cancel#1.race=fill", "cancel#2.race=fill:1", "cancel#3.race=fill_after")
    for cid in "abc":
        line.place(cid, 1, type="limit", limit_price="90")
        line.call("DELETE", f"/orders/{cid}", 1)
    assert told(line.hear(1)) == ["200", "409", "200", "200", "200", "200"]
    assert [stands(order) for order in line.exchange.books.orders] == [
        ("filled", Decimal(2), ""),
        ("cancelled", Decimal(1), "client"),
        ("cancelled", Decimal(2), "client"),
    ]


def test_questions_see_what_was() -> None:
    line = Line("find#1.view=stale:1", "open_orders#1.view=stale:1", "account#1.view=stale:1", "fills#1.view=stale:1")
    line.place("a", 1)
    line.hear(1)
    for target in ("/orders/a", "/orders", "/account", "/fills?since=0") * 2:
        line.call("GET", target, 2)
    answers = [(one.status, json.loads(one.body)) for one in line.hear(2) if isinstance(one, Answered)]
    assert [status for status, _ in answers] == [404, 200, 200, 200] + [200] * 4
    assert [len(answers[place][1]["fills"]) for place in (3, 7)] == [0, 1]
    assert [answers[place][1]["cash"]["USD"] for place in (2, 6)] == ["10000", "9798.00"]


def test_questions_look_behind_by_a_time_where_the_rules_say_so() -> None:
    exchange = an_exchange(sees_after_ns=20 * SECOND)
    exchange.place(a_ticket("buy", "1", "90", cid="a"), 100 * SECOND)
    seen = [exchange.books.find("a", exchange.seen_step(at * SECOND)) is not None for at in (100, 119, 120)]
    assert seen == [False, False, True]


def test_calls_beyond_the_limit_are_refused_and_then_banned() -> None:
    line = Line(limiter=RateLimiter(2, SECOND))
    for _ in range(14):
        line.call("GET", "/time", 1)
    line.call("GET", "/time", 120)
    line.call("GET", "/time", 121)
    assert Counter(told(line.hear(121))) == {"200": 3, "429": 10, "418": 3}


def test_while_it_is_down_nobody_is_heard() -> None:
    line = Line("place#1.then=restart:5s")
    line.gateway.connect(SECOND)
    line.place("a", 1)
    assert told(line.hear(1)) == ["hello", "broken", "closed"]
    line.place("b", 2)
    assert told(line.hear(5)) == ["refused"]
    assert line.gateway.connect(5 * SECOND) is None
    assert line.gateway.connect(6 * SECOND) is not None
    line.call("GET", "/orders/a", 6)
    assert told(line.hear(6)) == ["hello", "200"]


def test_drawn_faults_repeat_with_their_seed_and_as_the_script_that_they_leave() -> None:
    rates = {"place.reply=lost": 0.3, "place=503": 0.2, "find.view=stale:2": 0.5}

    def run(faults: Faults) -> list[str]:
        for _ in range(50):
            faults.begin("place")
            faults.begin("find")
        return faults.happened

    drawn = run(Faults(seed=3, rates=rates))
    assert run(Faults(seed=3, rates=rates)) == drawn
    assert run(Faults(drawn)) == drawn
    assert run(Faults(seed=4, rates=rates)) != drawn
    fewer = {text: rate for text, rate in rates.items() if text != "place=503"}
    assert run(Faults(seed=3, rates=fewer)) == [text for text in drawn if "503" not in text]


@pytest.mark.parametrize(
    "text",
    [
        *("place3=lost", "place#=503", "plaice#3=503", "place#3.reply=fire", "find#1.race=fill"),
        *("place#1.reply=delay:soon", "find#1.view=stale:x", "place#1.then=manual", "place#1=503:5s"),
    ],
)
def test_a_fault_that_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no (fault|argument)|^no ('|operation)"):
        Faults([text])


# The whole way, without sockets.

ALL_FAULTS = [
    f"{operation}#1{'.' if part else ''}{part}={kind}"
    for operation, parts in MENU.items()
    for part, kinds in parts.items()
    for kind in kinds
]
NEEDS = {"manual": ":sell:1"}


class Client:
    """An in-process client that does a little of everything, and keeps what it has heard."""

    def __init__(self, gateway: Gateway) -> None:
        self.venue = InProcessVenue(gateway)
        self.heard: list[VenueMessage] = []
        self._number = 0

    def ask(self, what: Any, at: int) -> None:
        self._number += 1
        self.venue.perform(Request(number=self._number, what=what, stamp_ns=at * SECOND), at * SECOND)

    def until(self, at: int) -> list[VenueMessage]:
        new = self.venue.advance(at * SECOND)
        self.heard += new
        return new

    def day(self, begin: int) -> None:
        """Orders, a cancel, an amendment and every question, over fifty seconds from a time on."""
        resting = buy(f"r{begin}", "3", "90")
        for place, what in enumerate(
            [
                ReadTime(),
                buy(f"a{begin}", "2"),
                resting,
                amend(resting, quantity="2"),
                ReadAccount(),
                FindOrder(cid=f"a{begin}", symbol="AAA"),
                ListOpenOrders(),
                ListFills(since_ns=0),
                cancel(f"r{begin}"),
                sell(f"s{begin}", "1"),
            ]
        ):
            self.ask(what, begin + place)
            self.until(begin + place)
        self.until(begin + 50)


@pytest.mark.parametrize("fault", ALL_FAULTS)
def test_after_any_fault_the_venue_is_sound_and_all_of_it_can_be_asked_for(fault: str) -> None:
    gateway = Gateway(an_exchange(), Faults([fault + NEEDS.get(fault.partition("=")[2], "")]))
    client = Client(gateway)
    client.venue.connect(2 * SECOND)
    client.day(10)
    gateway.faults.heal()
    gateway.thaw()
    gateway.exchange.skew_ns = 0
    client.day(100)

    asked = [getattr(message, "request", 0) for message in client.heard if getattr(message, "request", 0)]
    assert sorted(asked) == list(range(1, 21)), "each request is answered once"
    ids = [message.message_id for message in client.heard]
    assert len(ids) == len(set(ids))
    ours = [order for order in gateway.exchange.books.orders if order.ticket.cid.endswith("100")]
    assert [stands(order)[0] for order in ours] == ["filled", "cancelled", "filled"]
    last_up = max(place for place, message in enumerate(client.heard) if isinstance(message, StreamUp))
    assert not any(isinstance(message, StreamDown) for message in client.heard[last_up:])
    fills = {message.fill.execution_id for message in client.heard if isinstance(message, FillTold)}
    assert {
        f"AAA/{fill.trade_id}/{fill.venue_id}" for fill in gateway.exchange.books.fills if "100" in fill.cid
    } <= fills


def test_a_client_hears_what_a_client_can_know() -> None:
    faults = ["place#1.reply=lost", "find#1.view=absent", "place#2=refused", "order_push#2=freeze"]
    client = Client(Gateway(an_exchange(), Faults(faults), heartbeat_ns=SECOND))
    client.venue.connect(SECOND)
    client.ask(buy("a", "1"), 1)
    client.ask(FindOrder(cid="a", symbol="AAA"), 2)
    client.ask(FindOrder(cid="a", symbol="AAA"), 2)
    client.ask(buy("b", "1"), 2)
    kinds = [type(message) for message in client.until(6)]
    assert kinds == [
        *(StreamUp, OrderTold, FillTold, OrderTold),
        *(RequestUnsent, OrderMissing, OrderTold),
        *(StreamDown, StreamUp),
        RequestLost,
    ]


async def test_who_listens_to_the_market_hears_every_quote() -> None:
    server = Server(Gateway(an_exchange()), {})
    heard: list[Quote] = []
    came = asyncio.Event()

    def publish(event: object, _: int) -> None:
        if isinstance(event, Quote):
            heard.append(event)
            came.set()

    async with server.opened() as address, asyncio.timeout(10):
        options = {"url": address.replace("http", "ws") + "/market"}
        feed = WebsocketFeed(offers={"AAA": Offer(quotes=True)}, options=options, clock=SystemClock())
        listening = asyncio.create_task(feed.run(publish))
        while not heard:
            server.market_data.quote("AAA", "98.5", "99", SystemClock().wall_ns())
            with suppress(TimeoutError):
                await asyncio.wait_for(came.wait(), 0.01)
        listening.cancel()
        await asyncio.wait([listening])
    assert (heard[0].symbol, heard[0].bid, heard[0].ask) == ("AAA", 98.5, 99.0)
    order = server.gateway.exchange.place(a_ticket("buy", "1", cid="a"), SECOND)
    assert order.average_price == 99


def test_pages_are_followed_and_a_new_life_hears_nothing_of_the_old_one() -> None:
    gateway = Gateway(an_exchange(), page=2)
    old = Client(gateway)
    for cid in "abcde":
        old.ask(buy(cid, "1", "90"), 1)
    old.venue.close()
    new = Client(gateway)
    new.ask(ListOpenOrders(), 1)
    (listed,) = new.until(2)
    assert isinstance(listed, OpenOrdersTold)
    assert [order.cid for order in listed.orders] == list("abcde")
    assert old.until(3) == []
