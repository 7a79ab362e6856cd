"""Children that live in the test's own process: what a real one answers, without a process or a socket.

A test says when one is lost.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import cast

from daemon.errors import ProcessNotStarted
from daemon.hosts.child import Answerer
from daemon.hosts.children import Child, ChildListener, Read
from daemon.hosts.nursery import Nursery
from daemon.hosts.wire import FromChild, ToChild, frame, from_child, to_child

Mishap = Callable[["InnerChild", ToChild], bool]
"""Looks at a message before it is answered, and says whether it comes to nothing."""


class InnerChild:
    """Answers at the loop's next pass. `told` is what it heard, while `deaf` it hears nothing."""

    def __init__(self, listener: ChildListener, mishap: Mishap | None) -> None:
        self.told: list[ToChild] = []
        self.ended = False
        self.deaf = False
        self.stacks = 0
        self._listener = listener
        self._mishap = mishap
        self._answerer = Answerer(self._say)
        self._loop = asyncio.get_running_loop()

    def send(self, *messages: ToChild) -> None:
        for message in messages:
            self._loop.call_soon(self._hear, to_child(frame(message)[4:]))

    def show_stack(self) -> None:
        self.stacks += 1

    def abandon(self) -> None:
        self.ended = True

    async def end(self) -> None:
        self.ended = True

    def lose(self, how: str = "killed by SIGKILL") -> None:
        """End it from outside."""
        if not self.ended:
            self.ended = True
            self._loop.call_soon(self._listener.on_lost, how)

    def _hear(self, message: ToChild) -> None:
        if self.ended or self.deaf:
            return
        self.told.append(message)
        if self._mishap is None or not self._mishap(self, message):
            self._answerer.answer(message)

    def _say(self, message: FromChild) -> None:
        if not self.ended:
            self._listener.on_message(from_child(frame(message)[4:]))


class InnerNursery(Nursery):
    """Keeps all that it has spawned, the last one last. `mishaps` come to the next, one each, None to one without."""

    def __init__(self, *mishaps: Mishap | None) -> None:
        super().__init__({}, Path())
        self.children: list[InnerChild] = []
        self.mishaps = list(mishaps)
        self.refusals = 0

    async def spawn(self, strategy: str, listener: ChildListener, read: Read = from_child) -> Child:
        if self.refusals:
            self.refusals -= 1
            raise ProcessNotStarted(f"no process for {strategy}: no room")
        child = InnerChild(listener, self.mishaps.pop(0) if self.mishaps else None)
        self.children.append(child)
        await asyncio.sleep(0)
        return cast("Child", child)


def dies_of(kind: type[ToChild], times: int = 1, how: str = "killed by SIGKILL") -> Mishap:
    """It is lost at the so-many-th message of a kind, unanswered."""
    left = times

    def mishap(child: InnerChild, message: ToChild) -> bool:
        nonlocal left
        left -= isinstance(message, kind)
        if left == 0 and isinstance(message, kind):
            child.lose(how)
            return True
        return False

    return mishap
