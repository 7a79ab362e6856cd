"""What drives a floor: the paper shell over a feed that has a past, or the live shell over one that runs."""

import logging
from collections.abc import Callable
from typing import Any, Protocol

import anyio

from daemon.assembly import (
    Quarters,
    dead_man_ns,
    fleet_of,
    make_feed,
    make_health,
    make_host,
    make_live_feed,
    make_market,
)
from daemon.brokerage import make_broker
from daemon.check import Plan
from daemon.clock import Clock, SteadyClock
from daemon.config.feed_settings import LiveFeedSettings
from daemon.config.health_conversion import silence_limits
from daemon.feeds.file.feed import FileFeed
from daemon.feeds.pacing import Pace
from daemon.floor import Floor, FloorPlan, FloorState
from daemon.history import History
from daemon.journal.log import Journal
from daemon.live.account_lock import hold_account
from daemon.live.feed_watch import FeedWatch
from daemon.live.floor import LiveFloor
from daemon.live.shell import LiveShell
from daemon.live.tape import LiveTape, TapeRecorder
from daemon.live.venue import VenueLine
from daemon.paper import PaperShell
from trading.account.ids import ClientOrderIds
from trading.account.records import Operation
from trading.venue.session import VenueSession

log = logging.getLogger(__name__)


class Shell(Protocol):
    """What the supervisor and people's questions need of a shell."""

    lag_ns: int
    at_end: bool
    snapshot_problem: str

    @property
    def floor(self) -> Floor:
        """What it drives."""

    @property
    def watch(self) -> FeedWatch | None:
        """Who watches over its feed; None where that is read again and cannot fall silent."""

    @property
    def venue(self) -> VenueLine | None:
        """The line to the venue; None where the market is simulated."""

    @property
    def unready(self) -> list[str]:
        """Why it may not trade now, beside what the router knows."""

    @property
    def alarms(self) -> list[str]:
        """What people should look at, beside what the router knows."""

    @property
    def now_ns(self) -> int:
        """The time of the last event, or of the feed's start before the first."""

    async def begin(self, before: FloorState | None) -> None:
        """Write down where everything stands before anything trades."""

    async def run(self) -> None:
        """Run to the feed's end, or until `stop`."""

    async def idle(self) -> None:
        """After the feed's end: still do what people ask."""

    def stop(self) -> None:
        """Come to an end."""

    async def operate(self, operation: Operation) -> None:
        """Have something done; returns once it is in the journal."""


class Trading(Protocol):
    """How a plan is traded. `reference` is its tape's, as the journal keeps it; `speed` is None where it has none."""

    reference: dict[str, Any]
    speed: float | None

    def prepare(self, history: History) -> None:
        """Look at what could not be looked at before it was known what the journal holds."""

    async def shell(
        self,
        history: History,
        journal: Journal,
        ids: ClientOrderIds,
        quarters: Quarters,
        *,
        keep_up: Callable[[], anyio.Event | None],
        is_halted: Callable[[], bool],
    ) -> Shell:
        """A floor brought up to the journal, and the shell that drives it. `keep_up` gives what it is to wait for;
        `is_halted` is looked at before every opening order that goes to a venue."""


def trading_of(plan: Plan, clock: Clock) -> Trading:
    """By what the feed is."""
    return LiveTrading(plan, clock) if isinstance(plan.settings.feed, LiveFeedSettings) else SteppedTrading(plan, clock)


class SteppedTrading:
    """In lock-step with a feed that can be read again."""

    def __init__(self, plan: Plan, clock: Clock) -> None:
        assert not isinstance(plan.settings.feed, LiveFeedSettings), "a live feed cannot be read again"
        speed = plan.settings.feed.speed
        self.speed = None if speed == "max" else float(speed)
        self._feed = make_feed(plan)
        self.reference = self._feed.reference()
        self._plan = plan
        self._clock = clock

    def prepare(self, history: History) -> None:
        """Files are looked through once, before anything is traded on them; BadData for what is wrong with one."""
        if isinstance(self._feed, FileFeed) and history.snapshot is None:
            for surveyed in self._feed.survey():
                log.info("%s", surveyed.text())

    async def shell(
        self,
        history: History,
        journal: Journal,
        ids: ClientOrderIds,
        quarters: Quarters,
        *,
        keep_up: Callable[[], anyio.Event | None],
        is_halted: Callable[[], bool],  # noqa: ARG002 - nothing goes to a venue
    ) -> Shell:
        """The paper shell."""
        plan = FloorPlan(
            make_feed=lambda: make_feed(self._plan),
            make_market=lambda feed: make_market(self._plan, feed),
            make_host=lambda entry, fleet: make_host(entry, fleet, quarters, free=False),
            recorder=journal,
            ids=ids,
        )
        return PaperShell(
            floor=await history.resume(plan, fleet_of(self._plan), Floor),
            journal=journal,
            clock=self._clock,
            pace=Pace(self.speed),
            watchdog=quarters.watchdog,
            snapshot_every_events=self._plan.settings.journal.snapshot_every_events,
            keep_up=keep_up,
        )


class LiveTrading:
    """As the feed comes, by a clock that nobody sets while the daemon runs."""

    def __init__(self, plan: Plan, clock: Clock) -> None:
        self.speed: float | None = 1.0
        self._plan = plan
        self._clock = SteadyClock(clock)
        self._feed = make_live_feed(plan, self._clock)
        self.reference = LiveTape(self._feed, 0).reference()

    def prepare(self, history: History) -> None:  # noqa: ARG002 - of a live feed nothing is there yet
        """Make sure that nobody else on this host trades the account; AccountInUse where somebody does."""
        if self._plan.settings.mode == "live":
            self._held = hold_account(make_broker(self._plan, lambda _: None).account)

    async def shell(
        self,
        history: History,
        journal: Journal,
        ids: ClientOrderIds,
        quarters: Quarters,
        *,
        keep_up: Callable[[], anyio.Event | None],  # noqa: ARG002 - a live feed waits for nobody
        is_halted: Callable[[], bool],
    ) -> Shell:
        """The live shell."""
        settings = self._plan.settings
        assert isinstance(settings.feed, LiveFeedSettings)
        tape = TapeRecorder(journal)
        start_ns = self._clock.wall_ns()
        plan = FloorPlan(
            make_feed=lambda: LiveTape(
                self._feed, start_ns, history.inputs, history.left_out, make_health(self._plan, self._feed)
            ),
            make_market=lambda feed: make_market(self._plan, feed),
            make_host=lambda entry, fleet: make_host(entry, fleet, quarters, free=True),
            recorder=tape,
            ids=ids,
        )
        floor = await history.resume(plan, fleet_of(self._plan), LiveFloor)
        _tell_who_begins_cold(floor)
        return LiveShell(
            floor=floor,
            journal=journal,
            tape=tape,
            clock=self._clock,
            watch=FeedWatch(
                self._feed,
                health=floor.health,
                limits=silence_limits(settings.feed, self._feed.offers),
                clock=self._clock,
            ),
            watchdog=quarters.watchdog,
            snapshot_every_events=settings.journal.snapshot_every_events,
            bar_grace_ns=settings.feed.bar_grace_ns,
            venue=self._line(floor, ids, is_halted),
        )

    def _line(self, floor: Floor, ids: ClientOrderIds, is_halted: Callable[[], bool]) -> VenueLine | None:
        """The line to the venue; none where the market is ours."""
        session = floor.lockstep.market
        if not isinstance(session, VenueSession):
            return None
        router = floor.lockstep.router
        return VenueLine(
            session=session,
            make_broker=lambda sink: make_broker(self._plan, sink),
            clock=self._clock,
            epoch_ms=ids.epoch_ms,
            recall=lambda terms: router.recall(terms, halted=is_halted()),
            dead_man_ns=dead_man_ns(self._plan),
            reached_ns=floor.lockstep.now_ns,
        )


def _tell_who_begins_cold(floor: Floor) -> None:
    for strategy, wanted in floor.subscriptions.items():
        if bars := max((one.warmup for one in wanted), default=0):
            log.warning("asks for %d bars of the past, and a live feed has none", bars, extra={"strategy": strategy})
