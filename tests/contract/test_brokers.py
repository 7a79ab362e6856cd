"""What every broker must hold. A venue's adapter joins with a bench of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from brokers.embedded import EmbeddedBroker
from brokers.errors import NotAllowedInLive, NotConnected
from brokers.passthrough.broker import PassthroughBroker
from brokers.passthrough.market import PassthroughMarket
from brokers.plain.broker import PlainBroker
from brokers.port import Broker, MessageSink, require_live_allowed
from brokers.simulated.broker import SimulatedBroker
from daemon.clock import SystemClock
from tests.market_builders import a_market, a_quote, amend, an_instrument, buy, cancel, changed, sell
from tests.venue.exchange import Exchange
from tests.venue.gateway import Gateway
from tests.venue.records import Listing
from tests.venue.server import Server, credentials
from trading.market import AccountSnapshot
from trading.orders import OrderType, Side, TimeInForce
from trading.timestamps import SECOND
from trading.venue.messages import (
    AccountTold,
    FillsTold,
    FillTold,
    FindOrder,
    HoldOrders,
    ListFills,
    ListOpenOrders,
    OpenOrdersTold,
    OrderMissing,
    OrdersHeld,
    OrderTold,
    ReadAccount,
    ReadTime,
    Request,
    RequestRefused,
    StreamUp,
    TimeTold,
    VenueFill,
    VenueMessage,
    VenueOrder,
    VenueStatus,
)

pytestmark = pytest.mark.asyncio(loop_factories=["asyncio", "uvloop"])

NOW_NS = 5 * SECOND
Quote = Callable[[str, str], None]
Pass = Callable[[int], None]


class Bench:
    """A broker of an account with 10,000 USD at a market for AAA that has no price yet, and all that it has said."""

    def __init__(
        self,
        make: Callable[[MessageSink], Broker],
        quote: Quote,
        now_ns: Callable[[], int],
        pass_time: Pass = lambda _: None,
    ) -> None:
        self.messages: list[VenueMessage] = []
        self.now_ns = now_ns
        self._came = asyncio.Event()
        self._quote = quote
        self._pass_time = pass_time
        self._number = 0
        self.broker = make(self._hear)

    def _hear(self, message: VenueMessage) -> None:
        self.messages.append(message)
        self._came.set()

    def quotes(self, price: str) -> None:
        """Bid and ask are both this now."""
        self._quote(price, price)

    def waits(self, seconds: int) -> None:
        """So much later it is at the venue; one without a clock of its own does nothing by it."""
        self._pass_time(seconds * SECOND)

    async def ask(self, what: object) -> VenueMessage:
        """Send one request; what answers it."""
        self._number += 1
        number = self._number
        await self.broker.perform(Request(number=number, what=what, stamp_ns=self.now_ns()))  # type: ignore[arg-type]
        (answer,) = (one for one in self.messages if getattr(one, "request", 0) == number)
        assert answer.message_id == f"r{number}"
        return answer

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for pushes until something is so."""
        async with asyncio.timeout(10):
            while not is_so():
                self._came.clear()
                await self._came.wait()

    @property
    def fills(self) -> list[VenueFill]:
        return [message.fill for message in self.messages if isinstance(message, FillTold)]

    async def order(self, cid: str) -> VenueOrder:
        answer = await self.ask(FindOrder(cid=cid, symbol="AAA"))
        assert isinstance(answer, OrderTold)
        return answer.order

    async def open_orders(self) -> list[str]:
        answer = await self.ask(ListOpenOrders())
        assert isinstance(answer, OpenOrdersTold)
        assert answer.complete
        return [order.cid for order in answer.orders]


def embedded(make: Callable[[MessageSink], EmbeddedBroker]) -> Bench:
    bench = Bench(make, lambda bid, ask: broker.on_event(a_quote(float(bid), float(ask))), lambda: NOW_NS)
    assert isinstance(bench.broker, EmbeddedBroker)
    broker = bench.broker
    return bench


@asynccontextmanager
async def simulated(_: Path) -> AsyncIterator[Bench]:
    yield embedded(lambda sink: SimulatedBroker(a_market("quotes", cash="10000"), sink=sink, now_ns=lambda: NOW_NS))


@asynccontextmanager
async def passthrough(_: Path) -> AsyncIterator[Bench]:
    market = PassthroughMarket(
        instruments={"AAA": an_instrument()}, cash={"USD": Decimal(10_000)}, match_on={"AAA": "quotes"}
    )
    yield embedded(lambda sink: PassthroughBroker(market, sink=sink, now_ns=lambda: NOW_NS))


@asynccontextmanager
async def plain(folder: Path) -> AsyncIterator[Bench]:
    exchange = Exchange([Listing(symbol="AAA")])
    exchange.deposit("USD", "10000")
    server = Server(Gateway(exchange), credentials(folder / "credentials.json"))
    wall_ns = SystemClock().wall_ns

    def now_ns() -> int:
        return wall_ns() + exchange.skew_ns

    def pass_time(duration_ns: int) -> None:
        exchange.skew_ns += duration_ns
        server.pump()

    def quote(bid: str, ask: str) -> None:
        exchange.quote("AAA", bid, ask, wall_ns())
        server.pump()

    async with server.opened() as address:
        options = {"url": address, "credentials": str(folder / "credentials.json")}
        bench = Bench(lambda sink: PlainBroker(options=options, sink=sink), quote, now_ns, pass_time)
        try:
            yield bench
        finally:
            await bench.broker.close()


Make = Callable[[Path], AbstractAsyncContextManager[Bench]]


@pytest_asyncio.fixture(params=[simulated, passthrough, plain])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    make: Make = request.param
    async with make(tmp_path) as made:
        yield made


@pytest_asyncio.fixture
async def connected(bench: Bench) -> Bench:
    await bench.broker.connect()
    return bench


async def test_a_broker_says_who_it_is(bench: Bench) -> None:
    assert bench.broker.name == bench.broker.profile.name
    assert bench.broker.label
    assert bench.broker.capabilities.order_types >= {OrderType.MARKET, OrderType.LIMIT}


async def test_a_broker_that_reaches_no_venue_is_refused_in_live_in_the_users_words(bench: Bench) -> None:
    broker = bench.broker

    for asked in (broker, type(broker)):
        if broker.live_allowed:
            require_live_allowed(asked)
            continue
        with pytest.raises(NotAllowedInLive) as refused:
            require_live_allowed(asked)
        assert str(refused.value) == (
            f"broker {broker.name} ({broker.label}) reaches no venue and is refused in mode: live; "
            "set mode: paper, or name a venue under broker"
        )


async def test_nothing_is_sent_or_asked_outside_of_a_connection(bench: Bench) -> None:
    with pytest.raises(NotConnected, match=r"not connected; await its connect\(\) first"):
        await bench.ask(buy("a", "1"))
    await bench.broker.connect()
    await bench.broker.close()
    await bench.broker.close()

    for what in (buy("a", "1"), ListOpenOrders(), ReadAccount(), ReadTime()):
        with pytest.raises(NotConnected):
            await bench.ask(what)
    assert [type(message) for message in bench.messages] == [StreamUp]


async def test_a_connection_begins_with_the_stream(connected: Bench) -> None:
    await connected.broker.connect()

    assert [type(message) for message in connected.messages] == [StreamUp]
    assert connected.messages[0].message_id == "s1"


async def test_an_order_that_fills_is_told_with_its_execution_and_shows_in_the_account(connected: Bench) -> None:
    connected.quotes("100")

    answer = await connected.ask(buy("a", "10"))
    await connected.until(lambda: bool(connected.fills))

    assert isinstance(answer, OrderTold)
    assert (answer.order.cid, answer.order.symbol, answer.order.side) == ("a", "AAA", Side.BUY)
    (fill,) = connected.fills
    assert (fill.cid, fill.quantity, fill.price, fill.fee) == ("a", Decimal(10), Decimal(100), Decimal(0))
    order = await connected.order("a")
    assert (order.status, order.filled, order.venue_id) == (VenueStatus.FILLED, Decimal(10), fill.venue_id)
    account = await connected.ask(ReadAccount())
    assert isinstance(account, AccountTold)
    assert account.account == AccountSnapshot(cash={"USD": Decimal(9_000)}, positions={"AAA": Decimal(10)})
    assert await connected.open_orders() == []


async def test_a_working_order_is_listed_until_it_fills(connected: Bench) -> None:
    await connected.ask(buy("a", "10", "99.00"))
    await connected.ask(buy("b", "5"))

    listed = await connected.ask(ListOpenOrders())
    connected.quotes("99")
    await connected.until(lambda: len(connected.fills) == 2)

    assert isinstance(listed, OpenOrdersTold)
    # Passthrough carries a limit order out as a market order, and lists what works.
    limit = None if connected.broker.name == "passthrough" else Decimal("99.00")
    assert [(order.cid, order.quantity, order.filled, order.limit_price) for order in listed.orders] == [
        ("a", Decimal(10), Decimal(0), limit),
        ("b", Decimal(5), Decimal(0), None),
    ]
    assert {order.status for order in listed.orders} == {VenueStatus.OPEN}
    assert await connected.open_orders() == []
    assert {(fill.cid, fill.price) for fill in connected.fills} == {("a", Decimal(99)), ("b", Decimal(99))}


async def test_an_order_is_found_by_its_id_whatever_became_of_it_and_missing_where_none_came(connected: Bench) -> None:
    await connected.ask(buy("a", "1", "99.00"))
    await connected.ask(buy("b", "2"))
    await connected.ask(cancel("a"))
    connected.quotes("100")

    assert (await connected.order("a")).status is VenueStatus.CANCELLED
    assert (await connected.order("b")).status is VenueStatus.FILLED
    missing = await connected.ask(FindOrder(cid="c", symbol="AAA"))
    assert isinstance(missing, OrderMissing)
    assert missing.cid == "c"


async def test_a_cancel_is_told_once_and_refused_when_there_is_nothing_left(connected: Bench) -> None:
    await connected.ask(buy("a", "1"))

    first, second, third = [await connected.ask(cancel(cid)) for cid in ("a", "a", "nobody")]

    assert isinstance(first, OrderTold)
    assert (first.order.cid, first.order.status, first.order.filled) == ("a", VenueStatus.CANCELLED, Decimal(0))
    assert isinstance(second, RequestRefused)
    assert second.code == "not_open"
    assert isinstance(third, RequestRefused)
    assert third.code == "unknown_order"


async def test_an_amendment_is_told_with_the_new_terms_or_refused(connected: Bench) -> None:
    order = buy("a", "5", "99.00")
    await connected.ask(order)

    answer = await connected.ask(amend(order, quantity="3", limit_price="98.00"))

    if connected.broker.capabilities.amend_refusal() is not None:
        assert isinstance(answer, RequestRefused)
        return
    assert isinstance(answer, OrderTold)
    changed_to = (answer.order.quantity, answer.order.limit_price, answer.order.status)
    assert changed_to == (Decimal(3), Decimal(98), VenueStatus.OPEN)
    assert await connected.order("a") == answer.order
    assert isinstance(await connected.ask(amend(buy("nobody", "5", "99.00"), quantity="3")), RequestRefused)


async def test_what_cannot_be_is_refused_with_a_code(connected: Bench) -> None:
    connected.quotes("100")

    for order in (sell("a", "1"), buy("b", "1", "99.005"), buy("c", "1000"), changed(buy("d", "1"), symbol="ZZZ")):
        answer = await connected.ask(order)
        assert isinstance(answer, RequestRefused), order
        assert answer.code
        assert answer.reason
    assert await connected.open_orders() == []


async def test_an_id_stands_once_among_open_orders(connected: Bench) -> None:
    await connected.ask(buy("a", "1", "99.00"))

    again = await connected.ask(buy("a", "2", "98.00"))

    assert isinstance(again, RequestRefused)
    assert again.code in connected.broker.profile.not_final
    assert await connected.open_orders() == ["a"]
    assert (await connected.order("a")).quantity == 1


async def test_fills_are_told_from_a_time_on(connected: Bench) -> None:
    connected.quotes("100")
    await connected.ask(buy("a", "1"))
    await connected.ask(buy("b", "2"))
    await connected.until(lambda: len(connected.fills) == 2)

    everything, nothing = [await connected.ask(ListFills(since_ns=ns)) for ns in (0, connected.now_ns() + SECOND)]

    assert isinstance(everything, FillsTold)
    assert everything.complete
    assert list(everything.fills) == connected.fills
    assert len({fill.execution_id for fill in everything.fills}) == 2
    assert isinstance(nothing, FillsTold)
    assert nothing.fills == ()


async def test_the_time_is_told(connected: Bench) -> None:
    before_ns = connected.now_ns()
    answer = await connected.ask(ReadTime())
    assert isinstance(answer, TimeTold)
    assert before_ns <= answer.venue_ns <= connected.now_ns()


async def test_a_dead_man_switch_cancels_what_works_unless_it_is_set_again(connected: Bench) -> None:
    await connected.ask(buy("a", "1", "99.00"))

    answer = await connected.ask(HoldOrders(timeout_ns=60 * SECOND))

    if connected.broker.profile.dead_man_ns is None:
        assert isinstance(answer, RequestRefused)
        assert answer.code == "not_offered"
        return
    assert isinstance(answer, OrdersHeld)
    assert answer.deadline_ns == answer.venue_ns + 60 * SECOND
    connected.waits(40)
    await connected.ask(HoldOrders(timeout_ns=60 * SECOND))
    connected.waits(40)
    assert await connected.open_orders() == ["a"]
    connected.waits(30)
    assert await connected.open_orders() == []
    assert (await connected.order("a")).status is VenueStatus.CANCELLED
    await connected.ask(buy("b", "1", "99.00"))
    connected.waits(90)
    assert await connected.open_orders() == ["b"], "it fires once"


async def test_a_dead_man_switch_that_is_released_does_nothing(connected: Bench) -> None:
    await connected.ask(buy("a", "1", "99.00"))
    await connected.ask(HoldOrders(timeout_ns=60 * SECOND))

    answer = await connected.ask(HoldOrders(timeout_ns=0))

    connected.waits(90)
    assert isinstance(answer, OrdersHeld if connected.broker.profile.dead_man_ns else RequestRefused)
    assert await connected.open_orders() == ["a"]


async def test_a_dead_man_switch_takes_the_times_of_the_profile_and_no_others(connected: Bench) -> None:
    shortest_ns, longest_ns = connected.broker.profile.dead_man_ns or (1, 0)

    answers = {
        timeout_ns: type(await connected.ask(HoldOrders(timeout_ns=timeout_ns)))
        for timeout_ns in (shortest_ns - 1, shortest_ns, longest_ns, longest_ns + 1)
    }

    inside = {timeout_ns for timeout_ns, answer in answers.items() if answer is OrdersHeld}
    assert inside == ({shortest_ns, longest_ns} if connected.broker.profile.dead_man_ns else set())


async def test_several_requests_are_under_way_at_a_time(connected: Bench) -> None:
    answers = await asyncio.gather(*(connected.ask(buy(cid, "1", "99.00")) for cid in "abcdefgh"))

    assert [answer.order.cid for answer in answers if isinstance(answer, OrderTold)] == list("abcdefgh")
    assert sorted(await connected.open_orders()) == list("abcdefgh")


SOUND: Final[dict[OrderType, dict[str, Decimal]]] = {
    OrderType.MARKET: {},
    OrderType.LIMIT: {"limit_price": Decimal(99)},
    OrderType.STOP: {"stop_price": Decimal(101)},
    OrderType.STOP_LIMIT: {"stop_price": Decimal(101), "limit_price": Decimal(102)},
    OrderType.MARKET_IF_TOUCHED: {"stop_price": Decimal(99)},
    OrderType.TRAILING_STOP: {"trail_percent": Decimal(1)},
    OrderType.ON_OPEN: {},
    OrderType.ON_CLOSE: {},
}
"""The prices that an order of each type needs."""


@pytest.mark.parametrize(("order_type", "prices"), SOUND.items())
@pytest.mark.parametrize("time_in_force", [TimeInForce.GTC, TimeInForce.DAY])
async def test_an_order_is_refused_as_not_offered_exactly_where_it_is_not(
    connected: Bench, order_type: OrderType, prices: dict[str, Decimal], time_in_force: TimeInForce
) -> None:
    connected.quotes("100")
    order = changed(buy("a", "1"), type=order_type, time_in_force=time_in_force, **prices)

    answer = await connected.ask(order)

    refusal = connected.broker.capabilities.refusal(order.terms)
    if refusal is None:
        assert isinstance(answer, OrderTold)
    else:
        assert isinstance(answer, RequestRefused)
        assert (answer.code, answer.reason) == (refusal.code, refusal.reason)


async def test_orders_rest_on_over_a_lost_connection(connected: Bench) -> None:
    await connected.ask(buy("a", "1", "99.00"))

    await connected.broker.close()
    await connected.broker.connect()
    connected.quotes("99")
    await connected.until(lambda: bool(connected.fills))

    assert [fill.cid for fill in connected.fills] == ["a"]
    ids = [message.message_id for message in connected.messages]
    assert len(ids) == len(set(ids))
