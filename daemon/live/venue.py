"""The line to the venue: one session, the courier that serves it, and the time that it is told."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import anyio

from brokers.port import Broker, MessageSink
from daemon.clock import Clock, SteadyTime
from daemon.live.courier import Courier
from trading.account.breaks import Break
from trading.account.records import FromVenue, LifeBegan, LifeEnds, TimePassed, VenueHeard
from trading.orders import OrderTerms
from trading.venue.messages import VenueMessage
from trading.venue.session import VenueSession

log = logging.getLogger(__name__)

RELEASE_SECONDS: Final = 3.0
"""How long a stop waits for the venue to cancel what was to be cancelled, and to release the dead-man switch."""

_ENDS: Final = "the daemon is about to end"


class VenueLine:
    """What the live shell has of a venue. `recall` says of an order or an amendment, as it is to leave, why it may not
    any more; `tell` hears of each new break, as the log does. The venue's dead-man switch is to fire after
    `dead_man_ns`, 0 for never. Once it `ends`, what is to be cancelled may not leave any more.

    Times are Unix nanoseconds that never go back, nor behind `reached_ns`, the last of the lives before: where the
    clock was set back meanwhile, no deadline would be reached until it is past that."""

    def __init__(
        self,
        *,
        session: VenueSession,
        make_broker: Callable[[MessageSink], Broker],
        clock: Clock,
        epoch_ms: int,
        recall: Callable[[OrderTerms], str],
        dead_man_ns: int = 0,
        reached_ns: int = 0,
    ) -> None:
        self.session = session
        self.courier = Courier(
            broker=make_broker(self._take),
            session=session,
            clock=clock,
            hear=self._take,
            recall=lambda terms: _ENDS if self.ends and not terms.reduce_only else recall(terms),
            alarm=self._halt,
        )
        self.ends = False
        self._time = SteadyTime(clock, not_before_ns=reached_ns)
        self._epoch_ms = epoch_ms
        self._dead_man_ns = dead_man_ns
        self._carry: Callable[[FromVenue], None] = _nobody
        self._halt_all: Callable[[str], None] = log.critical
        self._heard = anyio.Event()
        self.tell: Callable[[Break], None] = _to_nobody

    @asynccontextmanager
    async def serving(self, carry: Callable[[FromVenue], None], halt: Callable[[str], None]) -> AsyncIterator[None]:
        """Serve whoever carries what comes, from the beginning of a life, and can halt all trading for a reason."""
        self._carry, self._halt_all, self.ends = carry, halt, False
        self.session.agreement.take_news()  # what recovery came by again was told by the life before
        carry(LifeBegan(epoch_ms=self._epoch_ms, ts_ns=self._time.now_ns(), dead_man_ns=self._dead_man_ns))
        async with self.courier.serving():
            yield
        self._carry = _nobody

    async def release(self) -> None:
        """Before a clean end: what was to be cancelled by now is, and the dead-man switch is not to fire. Where the
        venue does not say so in time, orders may go on working, or be cancelled. Nothing is opened any more."""
        self.ends = True
        dead_man, changes = self.session.dead_man, self.session.changes
        cancels = [cid for cid in changes.under_way() if changes.is_cancelled(cid)]
        if dead_man.is_set:
            self._carry(LifeEnds(ts_ns=self._time.now_ns()))
        with anyio.move_on_after(RELEASE_SECONDS):
            while dead_man.is_set or any(map(changes.is_cancelled, cancels)):
                await self.heard()
        if dead_man.is_set:
            log.error("the venue has not released its dead-man switch, and may cancel every order of the account")
        if still := [cid for cid in cancels if changes.is_cancelled(cid)]:
            attempts = self.session.progress.attempts
            named = ", ".join(attempts[cid].terms.order_id if cid in attempts else cid for cid in still)
            log.error("not told to be cancelled, and may still work: %s", named)

    @property
    def unready(self) -> list[str]:
        """Why nothing may be opened at the venue."""
        return [why] if (why := self.session.holds_back) else []

    async def heard(self) -> None:
        """Wait for the venue's next word."""
        await self._heard.wait()

    def on_tick(self) -> None:
        """Tell the session how late it is, once that is due."""
        now_ns = self._time.now_ns()
        if now_ns >= self.session.next_ns:
            self._carry(TimePassed(ts_ns=now_ns))
            self._tell_news()

    def _halt(self, why: str) -> None:
        self._halt_all(why)

    def _take(self, message: VenueMessage) -> None:
        before = self.session.holds_back
        self._carry(VenueHeard(message=message, ts_ns=self._time.now_ns()))
        if (now := self.session.holds_back) != before:
            log.info("%s", now or f"the venue was read: {len(self.session.progress.open)} orders of ours are open")
        self._tell_news()
        heard, self._heard = self._heard, anyio.Event()
        heard.set()

    def _tell_news(self) -> None:
        for one in self.session.agreement.take_news():
            words = f"{one.text}; {one.done}" if one.done else one.text
            log.warning("%s %s: %s (docs/runbook.md#%s)", one.kind, one.subject, words, one.kind)
            self.tell(one)


def _to_nobody(_one: Break) -> None:
    """Nobody listens."""


def _nobody(_heard: FromVenue) -> None:
    """What comes after the end is heard by the next life, which asks for it."""
