"""One life of a child that runs free: what it says is told at once, and what it cannot have to say is garbage."""

from typing import cast

import msgspec
import pytest

from daemon.hosts.children import Child
from daemon.hosts.conversation import Conversation
from daemon.hosts.wire import NO_EVENTS, FromChild, Hear, Heard, Snapshot, State, ToChild, Unsupported, frame
from trading.commands import ScheduleTimer

STATE = State(msgspec.Raw(b"\x80"))
TIMER = ScheduleTimer(strategy="a", n=1, name="t", at_ns=1)


class Mute:
    """A child that takes everything."""

    def send(self, *messages: ToChild) -> None:
        """Nobody reads it."""

    def write(self, frames: bytes) -> None:
        """Nobody reads it."""


class Ear:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[FromChild | str] = []

    def on_heard(self, heard: Heard) -> None:
        self.told.append(heard)

    def on_state(self, answer: State | Unsupported) -> None:
        self.told.append(answer)

    def on_lost(self) -> None:
        self.told.append("lost")


def begun() -> tuple[Conversation, Ear]:
    life, ear = Conversation("a", 0, 60), Ear()
    life.child, life.free = cast("Child", Mute()), ear
    return life, ear


async def test_what_it_heard_and_asked_for_is_told_in_the_order_in_which_it_says_it() -> None:
    life, ear = begun()
    life.hear_freely(Hear([], NO_EVENTS, free=True))
    life.hear_frame(frame(Hear([], NO_EVENTS, free=True)), sign=True)
    said = [Heard(1, [TIMER], done=False), Heard(3, []), Heard(2, [])]
    for heard in said:
        life.on_message(heard)
    assert (ear.told, life.n, life.lost) == (said, 1, "")


@pytest.mark.parametrize("answer", [STATE, Unsupported("no")])
async def test_its_state_is_told_before_all_that_it_says_later(answer: State | Unsupported) -> None:
    life, ear = begun()
    asked = life.request(Snapshot())
    life.on_message(answer)
    later = Heard(1, [TIMER], done=False)
    life.on_message(later)
    assert ear.told == [answer, later]
    assert await asked == answer


@pytest.mark.parametrize("signs", [0, 1, 2])
async def test_a_sign_that_was_not_asked_for_is_garbage(signs: int) -> None:
    life, ear = begun()
    for _ in range(signs):
        life.hear_freely(Hear([], NO_EVENTS, free=True))
    life.hear_frame(frame(Hear([], NO_EVENTS, free=True, sign=False)), sign=False)
    said = [Heard(0, [])] * (signs + 1)
    for heard in said:
        life.on_message(heard)
    assert ear.told == [*said[:signs], "lost"]
    assert life.lost == "sent garbage: Heard, which nobody had asked for"


async def test_it_is_told_once_that_it_is_lost() -> None:
    life, ear = begun()
    life.on_lost("exit code 3")
    life.on_lost("killed by SIGKILL")
    assert (ear.told, life.lost) == (["lost"], "exit code 3")
