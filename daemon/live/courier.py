"""The courier: it brings what is durable to the venue, each request once, and the venue's words back.

It decides nothing. It asks once more before every order and holds it against the intents, keeps to the venue's limits
with a part reserved for cancels and questions, and says of whatever has no answer in time that it is lost.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

import anyio
from anyio.abc import TaskGroup

from brokers.port import Broker
from daemon.clock import Clock
from trading.commands import WireAmend, WireCancel, WireSubmit
from trading.orders import OrderTerms
from trading.timestamps import SECOND
from trading.venue.budget import Budget
from trading.venue.conservation import Conservation
from trading.venue.messages import (
    HoldOrders,
    ListFills,
    ListOpenOrders,
    RateLimited,
    Request,
    RequestLost,
    RequestUnsent,
    VenueMessage,
)
from trading.venue.session import VenueSession

log = logging.getLogger(__name__)

ANSWER_SECONDS: Final = 5.0
"""How long a request may take; what a broker itself bounds should be less."""

LIST_SECONDS: Final = 25.0
"""How long a list may take, that may have many pages. The session gives it up soon after that."""

LONGEST_WAIT_NS: Final = 2 * SECOND
"""An order that the venue's limits hold up for longer does not go out at all."""

MOST_AT_ONCE: Final = 64

_DEAD_MAN: Final = "dead man"
"""What is about the dead-man switch waits for its turn here; no client order id has a space."""


class Courier:
    """Serves one session. `hear` takes every message; `recall` says of an order or an amendment, as it is to leave, why
    it may not any more; `alarm` is told of an order that nobody intended, which is never sent."""

    def __init__(
        self,
        *,
        broker: Broker,
        session: VenueSession,
        clock: Clock,
        hear: Callable[[VenueMessage], None],
        recall: Callable[[OrderTerms], str],
        alarm: Callable[[str], None],
    ) -> None:
        self.conservation = Conservation(session.progress.attempts)
        self._broker = broker
        self._session = session
        self._clock = clock
        self._hear = hear
        self._recall = recall
        self._alarm = alarm
        self._budget = Budget(broker.profile)
        self._tasks: TaskGroup | None = None
        self._at_once = asyncio.Semaphore(MOST_AT_ONCE)
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve while the context lasts; what is under way at its end is cut short, and in doubt at the next start."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._connect, tasks)
                yield
                tasks.cancel_scope.cancel()
        finally:
            self._tasks = None
            with anyio.CancelScope(shield=True), anyio.move_on_after(ANSWER_SECONDS):
                await self._broker.close()

    def dispatch(self) -> None:
        """Send what is queued by now; before it serves, that waits."""
        if self._tasks is None:
            return
        for request in self._session.requests.take():
            self._tasks.start_soon(self._bring, request)

    def take(self, message: VenueMessage) -> None:
        """Hear what the broker heard: its sink."""
        if isinstance(message, RateLimited):
            self._budget.pause(self._clock.monotonic_ns(), message.retry_after_ns)
        self._hear(message)

    async def _connect(self, tasks: TaskGroup) -> None:
        await self._broker.connect()
        self._tasks = tasks
        self.dispatch()

    async def _bring(self, request: Request) -> None:
        """One request, after those before it that are about the same order, or about the dead-man switch."""
        match request.what:
            case WireSubmit(cid=about) | WireCancel(cid=about) | WireAmend(cid=about):
                pass
            case HoldOrders():
                about = _DEAD_MAN
            case _:
                await self._bring_in_turn(request)
                return
        line = self._lines.setdefault(about, asyncio.Lock())
        async with line:
            await self._bring_in_turn(request)

    async def _bring_in_turn(self, request: Request) -> None:
        async with self._at_once:
            if not await self._is_within_budget(request):
                return
            if denial := self._denial(request):
                self._unsent(request, denial)
                return
            seconds = LIST_SECONDS if isinstance(request.what, ListOpenOrders | ListFills) else ANSWER_SECONDS
            with anyio.move_on_after(seconds) as patience:
                await self._broker.perform(request)
            if patience.cancelled_caught:
                reason = f"no answer within {seconds:g} s"
                self.take(RequestLost(message_id=f"r{request.number}", request=request.number, reason=reason))

    async def _is_within_budget(self, request: Request) -> bool:
        """Wait until the venue's limits allow a request, and spend it; an order does not wait for long."""
        begun_ns = self._clock.monotonic_ns()
        while True:
            now_ns = self._clock.monotonic_ns()
            free_ns = self._budget.free_at_ns(request, now_ns)
            if free_ns <= now_ns:
                self._budget.spend(request, now_ns)
                return True
            if isinstance(request.what, WireSubmit) and free_ns - begun_ns > LONGEST_WAIT_NS:
                self._unsent(request, "the venue's rate limits leave no room for it")
                return False
            await self._clock.sleep_until(free_ns)

    def _denial(self, request: Request) -> str:
        """Why a request may not leave after all; empty when it may."""
        if not isinstance(request.what, WireSubmit | WireAmend):
            return ""
        if why := self._recall(request.what.terms):
            return why
        if isinstance(request.what, WireAmend):
            return ""
        if self.conservation.is_late(request.what):
            return "it has waited to leave for too long"
        if refusal := self.conservation.refusal(request.what):
            self._alarm(f"an order was held back that nobody intended: {refusal}")
            return refusal
        return ""

    def _unsent(self, request: Request, reason: str) -> None:
        message_id = f"r{request.number}"
        self.take(RequestUnsent(message_id=message_id, request=request.number, reason=reason, withheld=True))
