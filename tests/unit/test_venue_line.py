"""The line to a venue at a clean end: the dead-man switch is released, and a stop does not wait for ever for that."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
import anyio.lowlevel
import pytest

from brokers.port import MessageSink
from daemon.clock import Clock, SystemClock
from daemon.live import venue
from daemon.live.venue import VenueLine
from tests.simulation.clock import SimulatedClock
from tests.venue_builders import PROFILE, Conversation, an_intent, at_venue
from trading.account.records import FromVenue, LifeBegan, LifeEnds, TimePassed, VenueHeard
from trading.commands import WireCancel
from trading.timestamps import SECOND
from trading.venue.messages import HoldOrders, OrdersHeld, OrderTold, Request, VenueStatus

WORDS = "the venue has not released its dead-man switch, and may cancel every order of the account"


class Switch:
    """A venue that does nothing but set its dead-man switch; `is_deaf` from when it answers no more."""

    account = "an account"
    profile = PROFILE

    def __init__(self) -> None:
        self.sink: MessageSink = lambda _: None
        self.times: list[int] = []
        self.is_deaf = False

    def made(self, sink: MessageSink) -> Any:
        self.sink = sink
        return self

    async def connect(self) -> None:
        await anyio.lowlevel.checkpoint()

    async def perform(self, request: Request) -> None:
        if not isinstance(request.what, HoldOrders) or self.is_deaf:
            await anyio.sleep_forever()
        timeout_ns = cast("HoldOrders", request.what).timeout_ns
        self.times.append(timeout_ns // SECOND)
        number = request.number
        self.sink(OrdersHeld(message_id=f"r{number}", request=number, deadline_ns=timeout_ns))

    async def close(self) -> None:
        await anyio.lowlevel.checkpoint()


@asynccontextmanager
async def serving(
    switch: Switch, dead_man_ns: int, clock: Clock | None = None, *, reached_ns: int = 0
) -> AsyncIterator[VenueLine]:
    session = Conversation().session
    session.begin_life(1, reached_ns)
    line = VenueLine(
        session=session,
        make_broker=switch.made,
        clock=clock or SystemClock(),
        epoch_ms=2,
        recall=lambda _: "",
        dead_man_ns=dead_man_ns,
        reached_ns=reached_ns,
    )

    def carry(heard: FromVenue) -> None:
        match heard:
            case LifeBegan(epoch_ms=epoch_ms):
                session.begin_life(epoch_ms, heard.ts_ns, dead_man_ns=heard.dead_man_ns)
            case VenueHeard(message=message):
                session.on_message(message, heard.ts_ns)
            case LifeEnds():
                session.end_life(heard.ts_ns)
            case TimePassed():
                session.on_time(heard.ts_ns)
        line.courier.dispatch()

    async with line.serving(carry, lambda _: None):
        yield line


async def test_a_clean_end_waits_until_the_switch_is_released(caplog: pytest.LogCaptureFixture) -> None:
    switch = Switch()
    async with serving(switch, 60 * SECOND) as line:
        while not switch.times:
            await anyio.lowlevel.checkpoint()
        await line.release()
        assert (switch.times, line.session.dead_man.is_set) == ([60, 0], False)
    assert WORDS not in caplog.messages


async def test_a_venue_that_does_not_say_so_is_not_waited_for_and_it_is_said(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(venue, "RELEASE_SECONDS", 0.01)
    caplog.set_level(logging.ERROR)
    switch = Switch()
    switch.is_deaf = True
    async with serving(switch, 60 * SECOND) as line:
        await line.release()
    assert caplog.messages == [WORDS]


async def test_where_nothing_was_set_nothing_is_released() -> None:
    switch = Switch()
    async with serving(switch, 0) as line:
        await line.release()
    assert switch.times == []


async def test_a_clock_that_was_set_back_between_two_lives_does_not_keep_the_switch_from_being_set_again() -> None:
    clock, switch = SimulatedClock(), Switch()
    async with serving(switch, 60 * SECOND, clock, reached_ns=clock.wall_ns() + 3_600 * SECOND) as line:
        for _ in range(3):
            line.on_tick()
            await clock.advance(20 * SECOND)
        assert (switch.times, line.session.dead_man.holds_back) == ([60, 60, 60], "")


class Cancels(Switch):
    """One that cancels besides, each order when it is `told` to."""

    def __init__(self) -> None:
        super().__init__()
        self.told = anyio.Event()

    async def perform(self, request: Request) -> None:
        if not isinstance(request.what, WireCancel):
            await super().perform(request)
            return
        await self.told.wait()
        order = at_venue(RESTS, VenueStatus.CANCELLED)
        self.sink(OrderTold(message_id=f"r{request.number}", order=order, request=request.number))


RESTS = an_intent(1)
STILL_WORK = "not told to be cancelled, and may still work: a-1"


def asked_to_cancel(line: VenueLine) -> None:
    """An order works, and its cancel is on its way."""
    line.session.on_command(RESTS, SECOND)
    line.session.on_message(OrderTold(message_id="p1", order=at_venue(RESTS)), SECOND)
    line.session.on_command(WireCancel(cid=RESTS.cid, order_id="a-1", strategy="a", ts_ns=SECOND), SECOND)
    line.courier.dispatch()


async def test_a_clean_end_waits_until_what_was_to_be_cancelled_is(caplog: pytest.LogCaptureFixture) -> None:
    switch = Cancels()
    released = anyio.Event()

    async def release() -> None:
        await line.release()
        released.set()

    async with serving(switch, 0) as line, anyio.create_task_group() as tasks:
        asked_to_cancel(line)
        tasks.start_soon(release)
        await anyio.wait_all_tasks_blocked()
        assert not released.is_set()
        late = an_intent(2)
        line.session.on_command(late, SECOND)
        line.courier.dispatch()
        await anyio.wait_all_tasks_blocked()
        assert line.session.progress.attempts[late.cid].state == "unsent"
        switch.told.set()
        await released.wait()
    assert not line.session.changes.is_cancelled(RESTS.cid)
    assert caplog.messages == []


async def test_what_is_not_told_to_be_cancelled_in_time_is_named(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(venue, "RELEASE_SECONDS", 0.01)
    caplog.set_level(logging.ERROR)
    async with serving(Cancels(), 0) as line:
        asked_to_cancel(line)
        await line.release()
    assert caplog.messages == [STILL_WORK]
