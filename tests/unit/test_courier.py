"""The courier: each request once, in order, within the limits, and never an order that nobody may send."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec
import pytest

from brokers.port import MessageSink
from daemon.clock import SystemClock
from daemon.live import courier as module
from daemon.live.courier import Courier
from tests.venue_builders import PROFILE, Conversation, an_intent
from trading.capabilities import Capabilities
from trading.commands import WireAmend, WireCancel, WireCommand, WireSubmit
from trading.timestamps import MINUTE, SECOND
from trading.venue.messages import (
    HoldOrders,
    ListOpenOrders,
    RateLimited,
    Request,
    RequestLost,
    RequestUnsent,
    TimeTold,
    VenueMessage,
)
from trading.venue.profile import RateLimit, VenueProfile


class Desk:
    """A venue that answers when it is told to: every request but those it withholds, at once."""

    name = "desk"
    label = "a desk"
    account = "the desk's"
    live_allowed = True
    capabilities = Capabilities.everything()

    def __init__(self, profile: VenueProfile) -> None:
        self.profile = profile
        self.sink: MessageSink = lambda _: None
        self.came: list[Request] = []
        self.withheld: Callable[[Request], bool] = lambda _: False
        self.limits: list[int] = []
        self.open = False
        self.let_go = asyncio.Event()
        self.connected = asyncio.Event()

    async def connect(self) -> None:
        await self.connected.wait()
        self.open = True

    async def perform(self, request: Request) -> None:
        self.came.append(request)
        if self.withheld(request):
            await self.let_go.wait()
        if self.limits:
            self.sink(RateLimited(message_id="r", request=request.number, retry_after_ns=self.limits.pop()))
            return
        self.sink(TimeTold(message_id=f"r{request.number}", request=request.number, venue_ns=1))

    async def close(self) -> None:
        self.open = False


@dataclass
class Errand:
    """A courier at work between a session and a desk."""

    desk: Desk
    talk: Conversation
    courier: Courier
    heard: list[VenueMessage]
    alarms: list[str]
    halted: bool = False

    def command(self, command: WireCommand) -> None:
        self.talk.session.on_command(command, 0)
        self.courier.dispatch()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110 - what it waits for sets no event
                await asyncio.sleep(0)


@asynccontextmanager
async def at_work(profile: VenueProfile = PROFILE, *, connected: asyncio.Event | None = None) -> AsyncIterator[Errand]:
    """With a line that is there, or comes once it is `connected`."""
    desk, talk = Desk(profile), Conversation(profile)
    heard: list[VenueMessage] = []
    alarms: list[str] = []
    courier = Courier(
        broker=desk,
        session=talk.session,
        clock=SystemClock(),
        hear=heard.append,
        recall=lambda terms: "trading is halted" if errand.halted and not terms.reduce_only else "",
        alarm=alarms.append,
    )
    errand = Errand(desk, talk, courier, heard, alarms)
    desk.sink = courier.take
    if connected is not None:
        desk.connected = connected
    async with courier.serving():
        if connected is None:
            desk.connected.set()
            await errand.until(lambda: desk.open)
        yield errand


def cancel_of(intent: WireSubmit) -> WireCancel:
    return WireCancel(cid=intent.cid, order_id=intent.terms.order_id, strategy="a", ts_ns=0)


async def test_what_is_queued_before_there_is_a_connection_goes_out_with_it() -> None:
    async with at_work() as errand:
        errand.command(an_intent(1))
        await errand.until(lambda: errand.heard)

    assert [request.number for request in errand.desk.came] == [1]
    assert not errand.desk.open


async def test_a_cancel_waits_for_the_order_that_it_is_of_and_others_do_not() -> None:
    one, two = an_intent(1), an_intent(2)
    async with at_work() as errand:
        errand.desk.withheld = lambda request: request.number == 1
        errand.command(one)
        errand.command(cancel_of(one))
        errand.command(two)
        await errand.until(lambda: len(errand.heard) == 1)
        assert [request.number for request in errand.desk.came] == [1, 3]

        errand.desk.let_go.set()
        await errand.until(lambda: len(errand.heard) == 3)
        assert [request.number for request in errand.desk.came] == [1, 3, 2]


async def test_of_what_is_asked_of_the_dead_man_switch_one_waits_for_the_other() -> None:
    """A setting that is overtaken by the release would undo it."""
    async with at_work() as errand:
        errand.desk.withheld = lambda request: request.number == 1
        for timeout_ns in (MINUTE, 0):
            what = HoldOrders(timeout_ns=timeout_ns)
            errand.talk.session.requests.put(what, stamp_ns=0, now_ns=0)
        errand.courier.dispatch()
        errand.command(an_intent(1))
        await errand.until(lambda: len(errand.heard) == 1)
        assert [request.number for request in errand.desk.came] == [1, 3]

        errand.desk.let_go.set()
        await errand.until(lambda: len(errand.heard) == 3)
        assert [request.number for request in errand.desk.came] == [1, 3, 2]


async def test_from_the_halt_flag_on_no_opening_order_leaves_and_cancels_and_reducing_orders_do() -> None:
    opening, reducing = an_intent(1), an_intent(2)
    reducing = msgspec.structs.replace(reducing, terms=msgspec.structs.replace(reducing.terms, reduce_only=True))
    async with at_work() as errand:
        errand.halted = True
        errand.command(opening)
        errand.command(reducing)
        errand.command(cancel_of(opening))
        await errand.until(lambda: len(errand.heard) == 3)

    assert [request.number for request in errand.desk.came] == [2, 3]
    assert RequestUnsent(message_id="r1", request=1, reason="trading is halted", withheld=True) in errand.heard


async def test_what_waits_for_its_turn_is_held_against_what_has_come_by_then() -> None:
    one = an_intent(1)
    amend = WireAmend(cid=one.cid, terms=one.terms, ts_ns=0)
    async with at_work() as errand:
        errand.desk.withheld = lambda request: request.number == 1
        errand.command(one)
        errand.command(amend)
        await errand.until(lambda: errand.desk.came)
        errand.halted = True
        errand.desk.let_go.set()
        await errand.until(lambda: len(errand.heard) == 2)

    assert [request.number for request in errand.desk.came] == [1]
    assert errand.heard[1] == RequestUnsent(message_id="r2", request=2, reason="trading is halted", withheld=True)


async def test_an_order_without_an_intent_is_held_back_with_an_alarm() -> None:
    stray = an_intent(9)
    async with at_work() as errand:
        errand.talk.session.requests.put(stray, stamp_ns=0, now_ns=0)
        errand.courier.dispatch()
        await errand.until(lambda: errand.heard)

    assert errand.desk.came == []
    assert errand.alarms == [f"an order was held back that nobody intended: {stray.cid} has no intent"]


async def test_an_order_that_waited_until_it_was_in_doubt_does_not_go_out_and_nobody_is_alarmed() -> None:
    """A connection that is long in coming is no order that nobody intended."""
    connected = asyncio.Event()
    async with at_work(connected=connected) as errand:
        errand.command(an_intent(1))
        errand.talk.session.on_time(11 * SECOND)
        connected.set()
        await errand.until(lambda: any(isinstance(one, RequestUnsent) for one in errand.heard))

    assert all(not isinstance(request.what, WireSubmit) for request in errand.desk.came)
    assert errand.alarms == []


async def test_an_order_that_the_limits_hold_up_for_long_does_not_go_out_and_a_cancel_does() -> None:
    profile = msgspec.structs.replace(PROFILE, limits=(RateLimit(weight=5, per_ns=MINUTE),))
    intents = [an_intent(number) for number in range(1, 7)]
    async with at_work(profile) as errand:
        for intent in intents[:5]:
            errand.command(intent)
        errand.command(cancel_of(intents[0]))
        await errand.until(lambda: len(errand.heard) == 6)

    assert [type(request.what) for request in errand.desk.came] == [WireSubmit] * 4 + [WireCancel]
    assert [one.reason for one in errand.heard if isinstance(one, RequestUnsent)] == [
        "the venue's rate limits leave no room for it"
    ]


async def test_when_the_venue_takes_no_more_nobody_sends_for_as_long_as_it_says() -> None:
    async with at_work() as errand:
        errand.desk.limits = [60 * SECOND]
        errand.command(an_intent(1))
        await errand.until(lambda: errand.heard)
        errand.command(an_intent(2))
        await errand.until(lambda: len(errand.heard) == 2)

    assert [request.number for request in errand.desk.came] == [1]
    assert isinstance(errand.heard[1], RequestUnsent)


async def test_a_request_that_takes_too_long_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.01)
    async with at_work() as errand:
        errand.desk.withheld = lambda _: True
        errand.command(an_intent(1))
        await errand.until(lambda: errand.heard)

    assert errand.heard == [RequestLost(message_id="r1", request=1, reason="no answer within 0.01 s")]


async def test_a_list_may_take_longer_as_it_may_have_many_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.01)
    async with at_work() as errand:
        errand.desk.withheld = lambda _: True
        errand.talk.session.requests.put(ListOpenOrders(), stamp_ns=0, now_ns=0)
        errand.command(an_intent(1))
        await errand.until(lambda: errand.heard)
        errand.desk.let_go.set()
        await errand.until(lambda: len(errand.heard) == 2)

    assert [type(one) for one in errand.heard] == [RequestLost, TimeTold]
