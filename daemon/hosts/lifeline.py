"""A container's process through as many lives as it takes.

A child that is lost is made again: of its last snapshot, and of what it heard since. A new life that does not ask for
what the old one had asked for is not the same container, and is not let go on.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NoReturn, TypeVar

from daemon.errors import ContainerLost, ProcessNotStarted, StrategyNotLoaded
from daemon.hosts.conversation import ChildLost, Conversation
from daemon.hosts.memory import Memory
from daemon.hosts.nursery import Nursery
from daemon.hosts.restarts import Restarts
from daemon.hosts.wire import (
    Beat,
    Done,
    Failed,
    FromChild,
    Hear,
    Heard,
    Open,
    Opened,
    Restore,
    RestoreBooks,
    Start,
    Started,
    ToChild,
    Unsupported,
    Vital,
    Warm,
)
from trading.commands import Command

log = logging.getLogger(__name__)

AnswerT = TypeVar("AnswerT", bound=FromChild)
T = TypeVar("T")


class Lifeline:
    """Talks to whichever child the container lives in now. `in_flight` gives what it is to hear and has not answered;
    `on_more` takes what a new life asks for that the old one did not live to say, where that may be.

    ContainerLost from every call once there are no more restarts.
    """

    def __init__(
        self,
        opening: Open,
        *,
        nursery: Nursery,
        restarts: Restarts,
        patience_seconds: float,
        in_flight: Callable[[], Hear | None],
        on_more: Callable[[list[Command]], None] | None = None,
    ) -> None:
        self.memory = Memory()
        self.restarts = restarts
        self.gone = ""
        self._opening = opening
        self._nursery = nursery
        self._patience = patience_seconds
        self._in_flight = in_flight
        self._on_more = on_more
        self._life: Conversation | None = None
        self._reviving = asyncio.Lock()

    @property
    def life(self) -> Conversation:
        """The conversation with the child that lives now."""
        assert self._life is not None, f"{self._opening.strategy} is not open"
        return self._life

    @property
    def is_open(self) -> bool:
        """Whether it has begun its first life."""
        return self._life is not None

    @property
    def is_up(self) -> bool:
        """Whether what is sent now is heard by this life."""
        return self._life is not None and not self._life.lost and not self._reviving.locked()

    async def open(self) -> None:
        """Begin the first life; StrategyNotLoaded when its class cannot be had."""
        self._life = await self._born()
        if self._life.lost:
            await self._revive()

    async def ask(self, message: ToChild, *kinds: type[AnswerT]) -> AnswerT:
        """The answer to a message; if this life does not give it, the next does."""
        return await self._persist(lambda: self.life.ask(message, *kinds))

    async def make(self, message: ToChild) -> FromChild:
        """Bring the container one message further in its making. It is remembered, as are its commands."""
        answer = await self._persist(lambda: _answer(self.life, message))
        self.memory.made(message, self.life.n)
        return answer

    async def take_over(self, state: Restore | RestoreBooks, n: int) -> FromChild:
        """Make it of a state, when its last command was `n`."""
        answer = await self.make(state)
        self.memory.begin_with(state, n)
        self.life.n = n
        return answer

    async def news(self) -> None:
        """Wait until it has heard more of what is in flight, or lives anew, when it may have heard everything."""
        if self.gone:
            raise ContainerLost(self.gone)
        try:
            await self.life.news()
        except ChildLost:
            await self._revive()

    async def revive(self) -> None:
        """Make it again, if it is lost."""
        if self.life.lost:
            await self._revive()

    def abandon(self) -> None:
        """Kill it at once, and make it no more; ContainerLost for whoever waits for it."""
        self.gone = self.gone or "it is ended"
        if self._life is not None:
            self._life.free = None
            self._life.on_lost(self.gone)
            if self._life.child is not None:
                self._life.child.abandon()

    async def end(self) -> None:
        """The same, and nothing of it stays."""
        self.abandon()
        if self._life is not None:
            await self._life.end()

    async def _persist(self, work: Callable[[], Awaitable[T]]) -> T:
        while True:
            if self.gone:
                raise ContainerLost(self.gone)
            try:
                return await work()
            except ChildLost:
                await self._revive()

    async def _revive(self) -> None:
        """Make it again where it was; whoever comes second finds it done."""
        async with self._reviving:
            while how := self.life.lost:
                await self.life.end()
                if self.gone:
                    self._give_up(self.gone)
                if refusal := self.restarts.refusal(how):
                    self._give_up(f"its process ended ({how}), and {refusal}")
                log.error("its process ended (%s); it is made again", how, extra={"strategy": self._opening.strategy})
                self._life = await self._born_again()
                await self._repeat(self._life)

    async def _born(self) -> Conversation:
        strategy = self._opening.strategy
        life = Conversation(strategy, self.memory.origin_n, self._patience)
        try:
            life.child = await self._nursery.spawn(strategy, life)
            answer = await life.ask(self._opening, Opened, Failed)
        except ProcessNotStarted as error:
            life.on_lost(str(error))
        except ChildLost:
            pass
        else:
            if isinstance(answer, Failed):
                await life.end()
                raise StrategyNotLoaded(f"{strategy}: {answer.reason}")
        return life

    async def _born_again(self) -> Conversation:
        try:
            life = await self._born()
        except StrategyNotLoaded as error:
            self._give_up(f"it cannot be made again: {error}")
        if self.gone:
            life.on_lost(self.gone)
        return life

    async def _repeat(self, life: Conversation) -> None:
        """Let a new life hear what the old one heard, and send it what is in flight."""
        with suppress(ChildLost):
            repeated: list[Command] = []
            for message in self.memory.messages():
                answer = await _answer(life, message)
                if isinstance(answer, Unsupported):
                    await life.end()
                    self._give_up(f"it cannot be made again: {answer.reason}")
                if isinstance(answer, Heard | Started):
                    repeated += answer.commands
            count = len(self.memory.commands)
            more = repeated[count:]
            if repeated[:count] != self.memory.commands or (more and self._on_more is None):
                await life.end()
                self._give_up("it did not repeat itself: it asks for something else upon what it heard before")
            if more and self._on_more is not None:
                self._on_more(more)
            in_flight = self._in_flight()
            if in_flight is not None:
                life.hear(in_flight)

    def _give_up(self, why: str) -> NoReturn:
        self.gone = why
        raise ContainerLost(why, mend=f"see the end of its log, {self._nursery.log_of(self._opening.strategy)}")


async def _answer(life: Conversation, message: ToChild) -> FromChild:
    """Say one message of a container's making, and wait for what it answers."""
    match message:
        case Start():
            return await life.ask(message, Started)
        case Restore():
            return await life.ask(message, Started, Unsupported)
        case RestoreBooks():
            return await life.ask(message, Done)
        case Warm():
            life.tell(message)
            return await life.ask(Beat(0), Vital)
    return Heard(0, await life.all_heard(message))
