"""Watches over a live feed: what stays out is noticed, and a feed that has fallen silent is asked for everything anew.

A feed's own heartbeats say that a connection is there, not that data comes; so nothing here asks for them. Whatever is
found becomes an input of the floor, where the feed's health hears it.
"""

import logging
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Final

import anyio

from daemon.clock import Clock
from daemon.feeds.port import LiveFeed, PublishAll
from daemon.live.feed_entrance import FeedEntrance, plain
from daemon.loading import failure_in_words
from daemon.tasks import own
from trading.feed_health import RED, FeedHealth, Trouble
from trading.feed_news import Begun, Disconnected, Quiet, SilenceLimit
from trading.timestamps import MILLISECOND, MINUTE, SECOND

log = logging.getLogger(__name__)

LOOK_NS: Final = 100 * MILLISECOND
"""How often it looks whether a stream is silent."""

PATIENCE_NS: Final = SECOND
"""How long a silence is looked at before the feed is asked anew: what has come and waits to be read is read first."""

SETTLES_NS: Final = 5 * SECOND
"""How long a connection that was just made may take to bring data."""

RECONNECTS_NS: Final = 30 * SECOND
"""How long a feed may be without connection before it is run anew, whatever it does about that itself."""

FIRST_RERUN_NS: Final = 10 * SECOND
FIRST_PAUSE_NS: Final = SECOND
LONGEST_NS: Final = 5 * MINUTE
"""From one time that a silent feed is run anew to the next, and after a failure, it takes twice as long as the last
time, up to the longest; after so much time without trouble it begins with the first again."""

BEHIND_NS: Final = SECOND
"""How far what comes may lag behind the time by its own stamps, before the time is told apart from it."""

MOST_TOLD: Final = 5


class Delays:
    """Each twice as long as the one before."""

    def __init__(self, first_ns: int) -> None:
        self._first_ns = self._next_ns = first_ns

    def next(self) -> int:
        """How long to wait now, in nanoseconds."""
        delay_ns, self._next_ns = self._next_ns, min(2 * self._next_ns, LONGEST_NS)
        return delay_ns

    def reset(self) -> None:
        """Begin with the first again."""
        self._next_ns = self._first_ns


class FeedWatch:
    """Runs one feed for one life. `limits` say how long its streams may be silent, `health` hears all that is published
    here. `reruns` counts how often the feed was asked anew."""

    def __init__(self, feed: LiveFeed, *, health: FeedHealth, limits: Iterable[SilenceLimit], clock: Clock) -> None:
        self.reruns = 0
        self._feed = feed
        self._health = health
        self._limits = list(limits)
        self._clock = clock
        self._entrance = FeedEntrance(health, clock)
        self._ended = False
        self._scope: anyio.CancelScope | None = None
        self._brought = False
        self._rerun_ns = 0
        self._troubled_ns: int | None = None
        self._well_ns: int | None = None
        self._between_reruns = Delays(FIRST_RERUN_NS)
        self._after_failures = Delays(FIRST_PAUSE_NS)

    async def run(self, publish: PublishAll) -> None:
        """Publish what the feed brings and what becomes of it, until the venue has said that there is no more.

        Only what the publisher raises comes out of it. A feed that fails is run again after a pause.
        """
        self._entrance.open(publish)
        self._entrance.tell(Begun(self._limits, self._entrance.now_ns))
        async with anyio.create_task_group() as tasks:
            own(tasks, self._look_now_and_then)
            while not await self._has_ended():
                pass
            tasks.cancel_scope.cancel()
        self._ended = True
        self._tell_lost("the venue has said that there will be no more")

    # For people.

    @property
    def left_out(self) -> Counter[tuple[str, str]]:
        """What could be no data, by symbol and kind; what was never asked for under two empty ones."""
        return self._entrance.left_out

    def reasons(self) -> list[str]:
        """Why the daemon is not ready: data does not come."""
        if self._ended:
            return []
        red = [trouble for trouble in self._troubles() if trouble.code in RED]
        return [f"feed_stale: {reason}" for reason in _told(red)]

    def alarms(self) -> list[str]:
        """Everything that keeps orders back for the data's sake."""
        return [] if self._ended else _told(self._troubles())

    def silent_seconds(self) -> dict[tuple[str, str], float]:
        """How long nothing has come, by symbol and kind."""
        now_ns = self._entrance.now_ns
        return {
            (stream.symbol, stream.kind.value): max(0, now_ns - stream.quiet_since_ns) / SECOND
            for stream in self._health.streams
            if stream.quiet_since_ns
        }

    @property
    def stale_ns(self) -> int:
        """How long data has not come that should, the longest of all; 0 where all comes."""
        now_ns = self._entrance.now_ns
        since = (trouble.since_ns for trouble in self._troubles() if trouble.code in RED)
        return max((now_ns - since_ns for since_ns in since), default=0)

    def _troubles(self) -> list[Trouble]:
        return self._health.troubles(self._entrance.now_ns)

    # Running it.

    async def _has_ended(self) -> bool:
        """Run the feed; whether there will be no more of it. If not, it is to be run again."""
        self._brought = False
        failure: Exception | None = None
        with anyio.CancelScope() as self._scope:
            try:
                await self._feed.run(self._entrance.take)
            except Exception as error:
                if self._entrance.failed:
                    raise
                failure = error
        run_anew, self._scope = self._scope.cancel_called, None
        if failure is not None:
            log.error("the feed's adapter failed, and is run again", exc_info=failure)
            self._tell_lost(f"its adapter failed: {failure_in_words(failure)}")
            if not run_anew:
                await self._clock.sleep(self._after_failures.next())
        return failure is None and not run_anew

    async def _look_now_and_then(self) -> None:
        while True:
            await self._clock.sleep(LOOK_NS)
            came, self._entrance.brought = self._entrance.brought, False
            self._brought = self._brought or came
            now_ns = self._entrance.now_ns
            is_behind = came and now_ns - self._health.now_ns >= BEHIND_NS
            if is_behind or now_ns >= self._health.next_ns:
                self._entrance.tell(Quiet(now_ns))
            self._look(self._clock.monotonic_ns())

    def _look(self, now_ns: int) -> None:
        why = self._why_run_anew()
        if not why:
            self._troubled_ns = None
            self._be_well(now_ns)
            return
        self._well_ns = None
        if self._troubled_ns is None:
            self._troubled_ns = now_ns
        earliest_ns = max(self._troubled_ns + PATIENCE_NS, self._entrance.connected_ns + SETTLES_NS, self._rerun_ns)
        if now_ns >= earliest_ns and self._scope is not None and not self._scope.cancel_called:
            self._run_anew(self._scope, why, now_ns)

    def _be_well(self, now_ns: int) -> None:
        if self._well_ns is None or not self._brought:
            self._well_ns = now_ns
        elif now_ns - self._well_ns >= LONGEST_NS:
            self._between_reruns.reset()
            self._after_failures.reset()

    def _why_run_anew(self) -> str:
        if silent := self._health.silent:
            return f"no {silent[0].name} come" + (f"; {len(silent)} streams are silent" if len(silent) > 1 else "")
        lost_ns = self._health.lost_ns
        if lost_ns is not None and self._entrance.now_ns - lost_ns >= RECONNECTS_NS:
            return f"it has been without connection for {RECONNECTS_NS // SECOND} s"
        return ""

    def _run_anew(self, scope: anyio.CancelScope, why: str, now_ns: int) -> None:
        self.reruns += 1
        self._rerun_ns = now_ns + self._between_reruns.next()
        log.warning("the feed is asked for everything anew: %s", why)
        self._tell_lost(f"it is asked for everything anew: {why}")
        scope.cancel()

    def _tell_lost(self, why: str) -> None:
        self._entrance.tell(Disconnected(plain(why), self._entrance.now_ns))


def _told(troubles: list[Trouble]) -> list[str]:
    """The first of them in words, and how many there are besides."""
    told = [trouble.reason for trouble in islice(troubles, MOST_TOLD)]
    more = len(troubles) - len(told)
    return [*told, f"and {more} more of the kind"] if more else told
