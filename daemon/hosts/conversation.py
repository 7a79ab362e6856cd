"""One life of a child: what is asked of it and what it answers, until it is lost."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Final, Protocol, TypeVar

from daemon.hosts.children import Child
from daemon.hosts.wire import FromChild, Hear, Heard, Started, State, ToChild, Unsupported
from trading.commands import AmendOrder, Command, RefusedOrder, ScheduleTimer, SubmitOrder, Trip
from trading.orders import OrderTerms
from trading.timestamps import MILLISECOND

STACK_SECONDS: Final = 0.2
"""How long a silent child has to write down where it hangs."""

LOOKS: Final = 4
"""How often it is looked within a child's patience whether it gave a sign: it is lost a look late at most."""

MOST_DIGITS: Final = 30
"""Before the point, or zeros after it: no quantity or price of an order comes near."""

_NUMBERS: Final = ("quantity", "limit_price", "stop_price", "trail_amount", "trail_percent")

AnswerT = TypeVar("AnswerT", bound=FromChild)


class ChildLost(Exception):
    """The child has ended, or is as good as ended: it sent garbage, or nothing."""


class FreeListener(Protocol):
    """Who is told at once, where nobody waits."""

    def on_heard(self, heard: Heard) -> None:
        """It has heard some of what it was told."""

    def on_state(self, answer: State | Unsupported) -> None:
        """Its state has come: of after everything that it has said so far, and before all that it will say."""

    def on_lost(self) -> None:
        """It is gone."""


class Conversation:
    """Listens to one child of a strategy. Answers come in the order of what was asked.

    `heard` counts the events of the last Hear that it has heard; where `commands` is not empty, it stopped at the last
    of them. `n` is the last of its commands. A child that gives no sign for `patience_seconds` while somebody waits for
    it is lost; it is asked for its stack first.
    """

    def __init__(self, strategy: str, n: int, patience_seconds: float) -> None:
        self.lost = ""
        self.n = n
        self.heard = 0
        self.done = True
        self.commands: list[Command] = []
        self.child: Child | None = None
        self.free: FreeListener | None = None
        self._strategy = strategy
        self._patience = patience_seconds
        self._loop = asyncio.get_running_loop()
        self._asked: deque[asyncio.Future[FromChild]] = deque()
        self._news: asyncio.Future[None] | None = None
        self._signs = 0
        self._owed = 0
        self._watched = False

    # What is said to it.

    def tell(self, message: ToChild) -> None:
        """Send what has no answer."""
        if self.child is not None:
            self.child.send(message)

    async def end(self) -> None:
        """Kill it, if it is still there."""
        if self.child is not None:
            await self.child.end()

    async def ask(self, message: ToChild, *kinds: type[AnswerT]) -> AnswerT:
        """Send, and wait for an answer of these kinds; ChildLost when there is none."""
        answer = await self.request(message)
        if not isinstance(answer, kinds):
            self.on_lost(f"answered {type(message).__name__} with {type(answer).__name__}")
            raise ChildLost(self.lost)
        return answer

    def request(self, message: ToChild) -> "asyncio.Future[FromChild]":
        """Send, and have the answer when it comes; ChildLost in its place when there is none."""
        self._refuse_if_lost()
        asked: asyncio.Future[FromChild] = self._loop.create_future()
        self._asked.append(asked)
        self.tell(message)
        self._watch()
        return asked

    def hear_freely(self, message: Hear) -> None:
        """Let it hear without stopping; whoever listens is told what it has heard."""
        self._owed += message.sign
        self.tell(message)
        self._watch()

    def hear_frame(self, frame: bytes, *, sign: bool) -> None:
        """The same, of a frame that is made already; `sign` says whether it is to say at its end that it has heard."""
        self._owed += sign
        if self.child is not None:
            self.child.write(frame)
        if sign:
            self._watch()

    def hear(self, message: ToChild) -> None:
        """Let it hear; `heard`, `commands` and `done` tell of this from now on."""
        self.heard, self.done, self.commands = 0, False, []
        self.tell(message)

    async def news(self) -> None:
        """Wait until it has heard more; ChildLost when that will not come."""
        self._refuse_if_lost()
        if self._news is None:
            self._news = self._loop.create_future()
        self._watch()
        await self._news

    async def all_heard(self, message: ToChild) -> list[Command]:
        """Let it hear to the end; what it asked for."""
        self.hear(message)
        while not self.done:
            await self.news()
        return self.take_commands()

    def take_commands(self) -> list[Command]:
        """What it asked for, once."""
        commands, self.commands = self.commands, []
        return commands

    # What comes from it.

    def on_message(self, message: FromChild) -> None:
        """A sign of life."""
        self._signs += 1
        if isinstance(message, Heard | Started) and not self._are_its_own(message.commands):
            self.on_lost("sent garbage: commands that are not its own, or out of order")
        elif isinstance(message, Heard) and self.free is not None and (self._owed or not message.done):
            self._owed -= message.done
            self.free.on_heard(message)
        elif isinstance(message, Heard) and not self.done:
            self.heard, self.done = message.events, message.done
            self.commands += message.commands
            self._wake()
        elif self._asked:
            if isinstance(message, State | Unsupported) and self.free is not None:
                self.free.on_state(message)
            asked = self._asked.popleft()
            if not asked.done():
                asked.set_result(message)
        else:
            self.on_lost(f"sent garbage: {type(message).__name__}, which nobody had asked for")

    def on_lost(self, how: str) -> None:
        """It is gone: whoever waits for it hears so."""
        if self.lost:
            return
        self.lost = how
        for asked in self._asked:
            _fail(asked, how)
        self._wake()
        if self.free is not None:
            self.free.on_lost()

    def on_writable(self) -> None:
        """Nobody waits for that: what goes to it in lock-step is bounded."""

    def _are_its_own(self, commands: Iterable[Command]) -> bool:
        for command in commands:
            if command.strategy != self._strategy or command.n <= self.n or not _is_lawful(command):
                return False
            self.n = command.n
        return True

    def _wake(self) -> None:
        news, self._news = self._news, None
        if news is not None and self.lost:
            _fail(news, self.lost)
        elif news is not None and not news.done():
            news.set_result(None)

    def _refuse_if_lost(self) -> None:
        if self.lost:
            raise ChildLost(self.lost)

    # Patience.

    def _watch(self, looks: int = LOOKS) -> None:
        if not self._watched:
            self._watched = True
            self._loop.call_later(self._patience / LOOKS, self._look, self._signs, looks)

    def _look(self, signs: int, looks: int) -> None:
        self._watched = False
        if self.lost or not (self._asked or self._news is not None or self._owed):
            return
        if self._signs != signs:
            self._watch()
            return
        if looks > 1:
            self._watch(looks - 1)
            return
        if self.child is not None:
            self.child.show_stack()
        self._watched = True
        self._loop.call_later(STACK_SECONDS, self._despair, signs)

    def _despair(self, signs: int) -> None:
        """Unless it was the daemon that was held up, and has read its signs only now."""
        self._watched = False
        if self._signs == signs:
            self.on_lost(f"no sign of it for {self._patience:g} s")
        elif self._asked or self._news is not None:
            self._watch()


def _is_lawful(command: Command) -> bool:
    """Whether a container could have sent it. Who writes into its own socket has passed by every rule of its own, and
    must not find what the router would stumble over."""
    match command:
        case SubmitOrder(strategy=strategy, terms=terms) | AmendOrder(strategy=strategy, terms=terms):
            numbers = (getattr(terms, field) for field in _NUMBERS)
            return _names_its_own(terms, strategy) and all(
                number.is_finite() and abs(number.adjusted()) < MOST_DIGITS for number in numbers if number is not None
            )
        case RefusedOrder(strategy=strategy, terms=terms):
            return _names_its_own(terms, strategy)
        case ScheduleTimer(every_ns=every_ns):
            return every_ns == 0 or every_ns >= MILLISECOND
        case Trip(lost=lost):
            return not lost
    return True


def _names_its_own(terms: OrderTerms, strategy: str) -> bool:
    return terms.strategy == strategy and terms.order_id.rpartition("-")[0] == strategy


def _fail(future: "asyncio.Future[FromChild] | asyncio.Future[None]", how: str) -> None:
    if not future.done():
        future.set_exception(ChildLost(how))
        future.exception()  # perhaps nobody waits for it any more
