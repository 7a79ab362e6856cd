"""What every broker must hold. A venue's adapter joins with a factory of its own."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import pytest

from brokers.embedded import EmbeddedBroker
from brokers.errors import NotAllowedInLive, NotConnected
from brokers.passthrough.broker import PassthroughBroker
from brokers.passthrough.market import PassthroughMarket
from brokers.port import Broker, OpenOrder, ReportSink, require_live_allowed
from brokers.simulated.broker import SimulatedBroker
from tests.market_builders import a_market, a_quote, an_instrument, buy, cancel, changed, sell, told
from trading.market import AccountSnapshot
from trading.orders import OrderType, Side, TimeInForce
from trading.reports import ExecutionReport
from trading.timestamps import SECOND

NOW_NS = 5 * SECOND
Make = Callable[[ReportSink], EmbeddedBroker]


def simulated(sink: ReportSink) -> EmbeddedBroker:
    return SimulatedBroker(a_market("quotes", cash="10000"), sink=sink, now_ns=lambda: NOW_NS)


def passthrough(sink: ReportSink) -> EmbeddedBroker:
    market = PassthroughMarket(
        instruments={"AAA": an_instrument()}, cash={"USD": Decimal(10_000)}, match_on={"AAA": "quotes"}
    )
    return PassthroughBroker(market, sink=sink, now_ns=lambda: NOW_NS)


pytestmark = pytest.mark.parametrize("make", [simulated, passthrough])


async def connected(make: Make) -> tuple[EmbeddedBroker, list[ExecutionReport]]:
    reports: list[ExecutionReport] = []
    broker = make(reports.append)
    await broker.connect()
    return broker, reports


def quotes(broker: EmbeddedBroker, bid: float, ask: float) -> None:
    broker.on_event(a_quote(bid, ask))


def test_a_broker_says_who_it_is(make: Make) -> None:
    broker: Broker = make(lambda _: None)

    assert broker.name
    assert broker.label
    assert broker.capabilities.order_types >= {OrderType.MARKET, OrderType.LIMIT}


def test_a_broker_that_reaches_no_venue_is_refused_in_live_in_the_users_words(make: Make) -> None:
    broker = make(lambda _: None)

    for asked in (broker, type(broker)):
        with pytest.raises(NotAllowedInLive) as refused:
            require_live_allowed(asked)
        assert str(refused.value) == (
            f"broker {broker.name} ({broker.label}) reaches no venue and is refused in mode: live; "
            "set mode: paper, or name a venue under broker"
        )


async def test_nothing_is_sent_or_asked_outside_of_a_connection(make: Make) -> None:
    reports: list[ExecutionReport] = []
    broker = make(reports.append)
    with pytest.raises(NotConnected, match=r"not connected; await its connect\(\) first"):
        await broker.send(buy("a", "1"))
    await broker.connect()
    await broker.close()
    await broker.close()

    with pytest.raises(NotConnected):
        await broker.open_orders()
    with pytest.raises(NotConnected):
        await broker.account()
    assert reports == []


async def test_an_order_is_answered_through_the_sink_and_shows_in_the_account(make: Make) -> None:
    broker, reports = await connected(make)
    quotes(broker, 100.0, 100.0)

    await broker.send(buy("a", "10"))

    assert [(report.cid, report.kind) for report in reports] == [("a", "accepted"), ("a", "filled")]
    assert {report.ts_ns for report in reports} == {NOW_NS}
    assert await broker.account() == AccountSnapshot(cash={"USD": Decimal(9_000)}, positions={"AAA": Decimal(10)})
    assert await broker.open_orders() == []


async def test_a_working_order_is_listed_until_it_fills(make: Make) -> None:
    broker, reports = await connected(make)
    await broker.send(buy("a", "10", "99.00"))
    await broker.send(buy("b", "5"))

    listed = await broker.open_orders()
    quotes(broker, 98.0, 98.0)

    assert listed == [
        OpenOrder(
            cid="a",
            symbol="AAA",
            side=Side.BUY,
            quantity=Decimal(10),
            filled=Decimal(0),
            # Passthrough carries a limit order out as a market order, and lists what works.
            limit_price=None if broker.name == "passthrough" else Decimal("99.00"),
        ),
        OpenOrder(cid="b", symbol="AAA", side=Side.BUY, quantity=Decimal(5), filled=Decimal(0), limit_price=None),
    ]
    assert await broker.open_orders() == []
    assert [report.kind for report in reports] == ["accepted", "accepted", "filled", "filled"]


async def test_refusals_and_cancels_are_reports(make: Make) -> None:
    broker, reports = await connected(make)

    await broker.send(sell("a", "1"))
    await broker.send(buy("b", "1", "99.005"))
    await broker.send(buy("c", "1"))
    await broker.send(cancel("c"))
    await broker.send(cancel("c"))

    assert told(reports) == [
        "a rejected short_not_allowed",
        "b rejected bad_price",
        "c accepted",
        "c cancelled",
        "c cancel_rejected not_open",
    ]


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
    make: Make, order_type: OrderType, prices: dict[str, Decimal], time_in_force: TimeInForce
) -> None:
    broker, reports = await connected(make)
    quotes(broker, 100.0, 100.0)
    order = changed(buy("a", "1"), type=order_type, time_in_force=time_in_force, **prices)

    await broker.send(order)

    refusal = broker.capabilities.refusal(order.terms)
    said = (reports[0].kind, reports[0].code, reports[0].reason)
    assert said == (("accepted", "", "") if refusal is None else ("rejected", refusal.code, refusal.reason))


async def test_orders_rest_on_over_a_lost_connection(make: Make) -> None:
    broker, reports = await connected(make)
    await broker.send(buy("a", "1", "99.00"))

    await broker.close()
    await broker.connect()
    quotes(broker, 90.0, 90.0)

    assert [report.kind for report in reports] == ["accepted", "filled"]
