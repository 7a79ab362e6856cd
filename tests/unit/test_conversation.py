"""One life of a child, from the supervisor's side: what it may say, and how long it may be silent."""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, cast

import msgspec
import pytest

from daemon.hosts import conversation
from daemon.hosts.children import Child
from daemon.hosts.conversation import ChildLost, Conversation
from daemon.hosts.wire import (
    NO_EVENTS,
    Beat,
    Done,
    FromChild,
    Hear,
    Heard,
    Opened,
    Snapshot,
    Start,
    Started,
    State,
    ToChild,
    Unsupported,
    Vital,
)
from tests.builders import submit, terms
from trading.commands import AmendOrder, CancelOrder, Command, RefusedOrder, ScheduleTimer, SubmitOrder, Trip
from trading.container import ContainerState
from trading.reports import Origin

PATIENCE = 0.05
HEAR = Hear([], NO_EVENTS, free=False)
STATE = State(msgspec.Raw(b"\x80"))


class Mute:
    """A child that takes everything and says nothing by itself."""

    def __init__(self) -> None:
        self.told: list[ToChild] = []
        self.stacks = 0

    def send(self, *messages: ToChild) -> None:
        self.told += messages

    def show_stack(self) -> None:
        self.stacks += 1


def begun(patience: float = 60, n: int = 0) -> tuple[Conversation, Mute]:
    life, mute = Conversation("a", n, patience), Mute()
    life.child = cast("Child", mute)
    return life, mute


def vital(number: int) -> Vital:
    return Vital(number, ContainerState.RUNNING, 0, "")


def a_timer(n: int, strategy: str = "a", *, every_ns: int = 0) -> ScheduleTimer:
    return ScheduleTimer(strategy=strategy, n=n, name="t", at_ns=1, every_ns=every_ns)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


# What it says.


async def test_answers_come_in_the_order_of_what_was_asked() -> None:
    life, mute = begun()
    asked = [
        asyncio.create_task(life.ask(Beat(1), Vital)),
        asyncio.create_task(life.ask(Snapshot(), State, Unsupported)),
        asyncio.create_task(life.ask(Beat(2), Vital)),
    ]
    await settled()
    assert mute.told == [Beat(1), Snapshot(), Beat(2)]
    for answer in (vital(1), STATE, vital(2)):
        life.on_message(answer)
    assert await asyncio.gather(*asked) == [vital(1), STATE, vital(2)]


async def test_who_no_longer_waits_gets_no_answer_and_nobody_gets_it_for_him() -> None:
    life, _ = begun()
    first = asyncio.create_task(life.ask(Beat(1), Vital))
    second = asyncio.create_task(life.ask(Beat(2), Vital))
    await settled()
    first.cancel()
    await settled()
    life.on_message(vital(1))
    life.on_message(vital(2))
    assert await second == vital(2)


async def test_what_it_heard_is_told_beside_the_answers() -> None:
    life, _ = begun()
    life.hear(HEAR)
    beat = asyncio.create_task(life.ask(Beat(1), Vital))
    news = asyncio.create_task(life.news())
    await settled()
    life.on_message(Heard(64, [], done=False))
    await news
    assert (life.heard, life.done) == (64, False)
    life.on_message(Heard(70, [a_timer(1)]))
    life.on_message(vital(1))
    assert (life.heard, life.done, life.take_commands(), life.take_commands()) == (70, True, [a_timer(1)], [])
    assert await beat == vital(1)


async def test_commands_that_come_one_by_one_are_gathered_to_the_end() -> None:
    life, _ = begun()
    heard = asyncio.create_task(life.all_heard(HEAR))
    await settled()
    life.on_message(Heard(1, [a_timer(1), a_timer(2)], done=False))
    life.on_message(Heard(5, [a_timer(4)], done=False))
    await settled()
    assert not heard.done()
    life.on_message(Heard(9, []))
    assert await heard == [a_timer(1), a_timer(2), a_timer(4)]


# What it must not say.

FOREIGN = msgspec.structs.replace(submit(terms(strategy="b")), strategy="a", n=9)
GARBAGE: dict[str, list[Command]] = {
    "another strategy's": [a_timer(9, "b")],
    "another strategy's order in its own": [FOREIGN],
    "another strategy's refusal in its own": [
        RefusedOrder(strategy="a", n=9, terms=FOREIGN.terms, origin=Origin.RISK, code="c", reason="r")
    ],
    "said already": [a_timer(7)],
    "going back": [CancelOrder(strategy="a", n=3, order_id="a-1", ts_ns=1)],
    "twice the same": [a_timer(8), a_timer(8)],
    "an order of another's name": [
        SubmitOrder(strategy="a", n=9, terms=msgspec.structs.replace(terms(), order_id="b-9"))
    ],
    "an order beyond all numbers": [submit(terms(quantity="1E+500", n=9))],
    "an order of no number": [submit(terms(quantity="NaN", n=9))],
    "a price next to nothing": [submit(terms(limit="1E-500", n=9))],
    "a stop at no number": [submit(msgspec.structs.replace(terms(n=9), stop_price=Decimal("NaN")))],
    "a trail beyond all numbers": [submit(msgspec.structs.replace(terms(n=9), trail_percent=Decimal("1E+500")))],
    "an amendment of another's order": [AmendOrder(strategy="a", n=9, terms=FOREIGN.terms, ts_ns=1)],
    "an amendment to no number": [AmendOrder(strategy="a", n=9, terms=terms(quantity="NaN"), ts_ns=1)],
    "a timer that holds time still": [a_timer(9, every_ns=1)],
    "a timer that goes back in time": [a_timer(9, every_ns=-1)],
    "its own loss": [Trip(strategy="a", n=8, ts_ns=1, reason="", traceback="", lost=True)],
}


@pytest.mark.parametrize("commands", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("kind", [Heard, Started])
async def test_commands_that_cannot_be_its_own_are_garbage(kind: type[Any], commands: Sequence[Command]) -> None:
    life, _ = begun(n=7)
    life.hear(HEAR)
    waiting = asyncio.create_task(life.news())
    asking = asyncio.create_task(life.ask(Start(0), Started))
    await settled()
    life.on_message(Heard(1, list(commands)) if kind is Heard else Started([], list(commands)))
    for one in (waiting, asking):
        with pytest.raises(ChildLost, match="sent garbage: commands that are not its own, or out of order"):
            await one
    assert life.commands == []


UNASKED: list[FromChild] = [Opened(), Started([], []), vital(1), STATE, Unsupported("no"), Done(), Heard(0, [])]


@pytest.mark.parametrize("message", UNASKED, ids=lambda message: type(message).__name__)
async def test_an_answer_that_nobody_asked_for_is_garbage(message: FromChild) -> None:
    life, _ = begun()
    life.on_message(message)
    assert life.lost == f"sent garbage: {type(message).__name__}, which nobody had asked for"


async def test_nothing_more_is_heard_of_a_run_that_is_done() -> None:
    life, _ = begun()
    life.hear(HEAR)
    life.on_message(Heard(3, [a_timer(1)]))
    life.on_message(Heard(4, [a_timer(2)]))
    assert life.lost == "sent garbage: Heard, which nobody had asked for"
    assert (life.heard, life.commands) == (3, [a_timer(1)])


async def test_an_answer_of_another_kind_is_the_end_too() -> None:
    life, _ = begun()
    asking = asyncio.create_task(life.ask(Beat(1), Vital))
    await settled()
    life.on_message(STATE)
    with pytest.raises(ChildLost, match="answered Beat with State"):
        await asking
    assert life.lost


async def test_once_lost_everybody_hears_so_and_the_first_reason_stays() -> None:
    life, mute = begun()
    life.hear(HEAR)
    waiting = [asyncio.create_task(life.news()), asyncio.create_task(life.ask(Beat(1), Vital))]
    await settled()
    life.on_lost("killed by SIGKILL")
    life.on_lost("no sign of it")
    for one in waiting:
        with pytest.raises(ChildLost, match="killed by SIGKILL"):
            await one
    with pytest.raises(ChildLost, match="killed by SIGKILL"):
        await life.ask(Beat(2), Vital)
    with pytest.raises(ChildLost, match="killed by SIGKILL"):
        await life.news()
    assert mute.told == [HEAR, Beat(1)]


# Patience.


@pytest.fixture
def _short_stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "STACK_SECONDS", PATIENCE)


@pytest.mark.usefixtures("_short_stacks")
@pytest.mark.parametrize("waits_for", ["an answer", "news"])
async def test_silence_is_noticed_and_its_stack_asked_for(waits_for: str) -> None:
    life, mute = begun(PATIENCE)
    began = asyncio.get_running_loop().time()
    with pytest.raises(ChildLost, match=r"no sign of it for 0\.05 s"):
        await (life.ask(Beat(1), Vital) if waits_for == "an answer" else life.news())
    assert asyncio.get_running_loop().time() - began + 0.01 >= 2 * PATIENCE
    assert mute.stacks == 1


@pytest.mark.usefixtures("_short_stacks")
async def test_patience_lasts_as_long_as_signs_come() -> None:
    life, mute = begun(PATIENCE)
    life.hear(HEAR)
    heard = asyncio.create_task(life.all_heard(HEAR))
    for number in range(1, 16):
        await asyncio.sleep(PATIENCE / 3)
        life.on_message(Heard(number, [], done=False))
    life.on_message(Heard(16, []))
    assert await heard == []
    assert (life.lost, mute.stacks) == ("", 0)


async def test_silence_after_a_sign_is_noticed_a_look_late_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    life, _ = begun(PATIENCE)
    alarms: list[tuple[float, Callable[[], None]]] = []
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "call_later", lambda delay, call, *args: alarms.append((delay, partial(call, *args))))
    hearing = asyncio.create_task(life.all_heard(HEAR))
    await settled()
    life.on_message(Heard(1, [], done=False))
    await settled()
    waited = 0.0
    while not life.lost:
        delay, look = alarms.pop()
        waited += delay
        look()
    assert waited == pytest.approx(PATIENCE + PATIENCE / conversation.LOOKS + conversation.STACK_SECONDS)
    with pytest.raises(ChildLost):
        await hearing


@pytest.mark.usefixtures("_short_stacks")
async def test_nobody_is_hurried_whom_nobody_waits_for() -> None:
    life, mute = begun(PATIENCE)
    asking = asyncio.create_task(life.ask(Beat(1), Vital))
    await settled()
    life.on_message(vital(1))
    await asking
    life.hear(HEAR)
    await asyncio.sleep(4 * PATIENCE)
    assert (life.lost, mute.stacks) == ("", 0)


@pytest.mark.usefixtures("_short_stacks")
async def test_who_is_asked_late_in_a_watch_has_his_whole_time() -> None:
    life, _ = begun(PATIENCE)
    first = asyncio.create_task(life.ask(Beat(1), Vital))
    await settled()
    life.on_message(vital(1))
    await first
    await asyncio.sleep(PATIENCE * 0.8)
    second = asyncio.create_task(life.ask(Beat(2), Vital))
    await asyncio.sleep(PATIENCE * 0.8)
    life.on_message(vital(2))
    assert await second == vital(2)


async def test_a_sign_that_comes_while_its_stack_is_waited_for_saves_it() -> None:
    """Perhaps it was not the child that was held up, but the daemon: then its signs were only read late."""
    life, mute = begun(PATIENCE)
    asking = asyncio.create_task(life.ask(Beat(1), Vital))
    async with asyncio.timeout(conversation.STACK_SECONDS):
        while not mute.stacks:  # noqa: ASYNC110 - it sets no event
            await asyncio.sleep(0)
    life.on_message(vital(1))
    assert await asking == vital(1)
    await asyncio.sleep(PATIENCE)
    assert life.lost == ""
