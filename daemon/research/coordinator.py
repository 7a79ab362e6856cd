"""The backtest: everything that one run needs is made for it, and gone when it ends."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final
from uuid import uuid4

from daemon.assembly import Lap, fleet_of, make_driver, make_feed, unheeded
from daemon.check import Plan
from daemon.clock import Clock
from daemon.fleet import Fleet
from daemon.loading import file_of, line_in
from daemon.performance import ACCOUNT
from daemon.research.carrier import Carrier
from daemon.research.close_out import close_out
from daemon.research.data_handler import HistoricalDataHandler, Surveyed
from daemon.research.obstacle import obstacle
from daemon.research.progress import UPDATE_EVERY_NS, Progress, Tell, Throttle
from daemon.research.signal_log import Kept, SignalLog
from daemon.research.tables import TableRecorder
from daemon.results.mode import ExecutionMode
from daemon.results.outcome import Count, Course, outcome, this_python
from daemon.results.result import About, Result
from daemon.standing import standing_of
from daemon.version import VERSION
from trading.account.valuation import valuation
from trading.driver import Driver
from trading.instruments import currency_of
from trading.market_data import Bar, MarketEvent
from trading.money import total
from trading.timestamps import SECOND, iso
from trading.warmup import needed_since

_FIRST_STEPS: Final = 16
_STEPS_AT_ONCE: Final = 256
"""So many are made before anybody is told, or asked whether it is enough; fewer at first, and by another carrier."""

Stopped = Callable[[], bool]


class BacktestCoordinator:
    """Runs backtests in this process, each in containers of its own; `active` are those under way, by their ids.

    A run is 1. made, 2. initialised and warmed up, 3. given its data, 4. carried through, event by event, 5. closed
    out, 6. told, and 7. taken down, whatever happened before.
    """

    def __init__(self, clock: Clock) -> None:
        self.active: dict[str, Run] = {}
        self._clock = clock

    def run(
        self,
        plan: Plan,
        *,
        name: str = "",
        tell: Tell | None = None,
        stopped: Stopped,
        keep: Kept = "acted",
        every_event: bool = False,
    ) -> Result:
        """The result of a plan; of as much of it as was done when it was `stopped`, or when a strategy failed and the
        plan says that this ends it. Before anything is traded, BadData for files that cannot be traded on and
        BadWindow where there is nothing to trade on.

        Of the signals those of which something came are kept, or all. `every_event` is to be carried, or only those at
        which something can happen, where that can be told: the result is the same."""
        with self.made(plan, name=name, keep=keep, every_event=every_event) as run:
            run.initialise()
            run.carry(stopped, tell)
            run.close_out()
            return run.result(tell)

    @contextmanager
    def made(
        self,
        plan: Plan,
        *,
        name: str = "",
        keep: Kept = "acted",
        every_event: bool = False,
        every_ns: int = UPDATE_EVERY_NS,
        mode: ExecutionMode = ExecutionMode.BACKTEST_SINGLE,
    ) -> Iterator["Run"]:
        """A run whose steps somebody else takes, one by one; it tells of its progress every so often, and is taken down
        at the end."""
        run_id = f"backtest_{uuid4().hex[:8]}"
        run = Run(
            run_id,
            plan,
            name or run_id,
            self._clock,
            keep=keep,
            every_event=every_event,
            every_ns=every_ns,
            mode=mode,
        )
        self.active[run_id] = run
        try:
            yield run
        finally:
            del self.active[run_id]
            run.teardown()


class Run:
    """One backtest. `ended` says what ended it before its data did, empty where nothing has; `carried` counts the
    events that were not skipped. What carries them is its `carrier`, which may be another one from one chunk to the
    next."""

    def __init__(
        self,
        run_id: str,
        plan: Plan,
        name: str,
        clock: Clock,
        *,
        keep: Kept = "acted",
        every_event: bool = False,
        every_ns: int = UPDATE_EVERY_NS,
        mode: ExecutionMode = ExecutionMode.BACKTEST_SINGLE,
    ) -> None:
        self.run_id = run_id
        self._mode = mode
        self._every_event = every_event
        self.ended = ""
        self.carried = 0
        self.warnings = [caution.text(plan.config) for caution in plan.cautions]
        self._plan = plan
        self._name = name
        self._clock = clock
        self._began_ns = self._carried_ns = clock.monotonic_ns()
        self._throttle = Throttle(clock, every_ns)
        self._signals = SignalLog(keep)
        self._fleet: Fleet = fleet_of(plan)
        self.data = HistoricalDataHandler(make_feed(plan), plan.settings.backtest.max_events)
        self._driver: Driver | None = None
        self._warm: dict[str, dict[tuple[str, int], list[Bar]]] = {}
        self._closed_out_at: int | None = None
        self._recorder = TableRecorder()

    @property
    def driver(self) -> Driver:
        """What carries it, once it is initialised."""
        assert self._driver is not None, "not initialised"
        return self._driver

    def initialise(self, lap: Lap = unheeded, surveyed: Surveyed | None = None) -> None:
        """Look through the data, unless that is done, start every strategy and let it hear the past."""
        self.warnings += self.data.survey(surveyed)
        lap("data")
        feed = self.data.feed
        self._driver = driver = make_driver(self._plan, feed, self._recorder, lap)
        self.carrier: Carrier = driver
        for warming in driver.warm(feed.warmup(needed_since(driver.subscriptions, feed.start_ns))):
            for strategy in warming.subscribers:
                heard = self._warm.setdefault(strategy, {})
                heard.setdefault((warming.bar.symbol, warming.bar.interval_ns), []).append(warming.bar)
        lap("warmup")
        for container in driver.containers.values():
            self._signals.hear(container)

    def carry(self, stopped: Stopped, tell: Tell | None, lap: Lap = unheeded) -> None:
        """Carry the run through, until the data or something else ends it; from where something can happen to where
        something can happen next, if it can be told, else event by event."""
        driver = self.driver
        self._carried_ns = self._clock.monotonic_ns()
        driver.begin()
        skips = not self._every_event and not obstacle(driver)
        for _ in self._skip(stopped, lap) if skips else self._event_by_event():
            if stopped():
                self.ended = "it was interrupted"
            self._heed_failures()
            if self.ended:
                return
            if tell is not None and self._throttle.is_due():
                tell(self._progress())
        driver.finish()
        self._heed_failures()

    def _event_by_event(self) -> Iterator[None]:
        lockstep, data = self.driver.lockstep, self.data
        for chunk in data.chunks():
            data.note(self._carry(chunk), lockstep.router.price_of, lockstep.now_ns)
            self.carried = data.events
            yield

    def _skip(self, stopped: Stopped, lap: Lap) -> Iterator[None]:
        from daemon.research.skip_ahead import SkipAhead  # noqa: PLC0415 - numpy, which this is all that needs

        lockstep, data = self.driver.lockstep, self.data
        timeline = data.timeline(lockstep.sequencer, stopped, lap)
        if timeline is None:
            yield
            return
        skipping, steps = SkipAhead(self.driver, timeline, self._warm, lap), _FIRST_STEPS
        for strategy, why in skipping.unusable.items():
            self.warnings.append(f"every event was carried, as signals() of {strategy} cannot be used: {why}")
        ends = lockstep.router.tripped if self._plan.settings.backtest.on_error == "stop" else {}
        while not skipping.is_over:
            lap("between")
            skipping.carrier = self.carrier
            for _ in range(steps if self.carrier is self.driver else _FIRST_STEPS):
                skipping.advance()
                if ends or skipping.is_over:
                    break
            lap("steps")
            data.note_passed(timeline, skipping.place)
            self.carried = skipping.carried
            steps = min(2 * steps, _STEPS_AT_ONCE)
            yield

    def close_out(self) -> None:
        """End it by its policy, but not where something else has ended it."""
        policy = self._plan.settings.backtest.close_out
        if not self.ended and policy != "none":
            self._closed_out_at = self._recorder.sequence
            self.warnings += close_out(self.driver, self.data.last, policy, self._recorder)
            self._heed_failures()

    def result(self, tell: Tell | None) -> Result:
        """What it came to."""
        lockstep, feed = self.driver.lockstep, self.data.feed
        standing = standing_of(
            self._fleet,
            lockstep.router,
            start_ns=feed.start_ns,
            now_ns=max(lockstep.now_ns, feed.start_ns),
            sequence=self._recorder.sequence,
        )
        if self._signals.left_out:
            self.warnings.append(f"the oldest {self._signals.left_out} signals are left out")
        course = Course(
            standing=standing,
            closed_out_at=self._closed_out_at,
            counts=self._counts(),
            seconds=(self._clock.monotonic_ns() - self._began_ns) / SECOND,
            prices=self.data.prices,
            signals=self._signals.lines,
            warnings=self.warnings,
        )
        found = outcome(self._recorder.tables(), course, self._about(standing.currency.code, standing.now_ns))
        if tell is not None:
            tell(self._progress(is_last=True))
        return found

    def teardown(self) -> None:
        """Take the containers down, and let the tables go."""
        with ExitStack() as last:
            last.callback(self._recorder.close)
            if self._driver is not None:
                last.callback(self._driver.teardown)

    def _carry(self, chunk: list[MarketEvent]) -> list[MarketEvent]:
        """Carry events through, as far as the failure of a strategy that ends it; those that were."""
        carried = self.carrier.carry(chunk, past_trips=self._plan.settings.backtest.on_error == "go_on")
        return chunk[:carried]

    def _heed_failures(self) -> None:
        tripped = self.driver.lockstep.router.tripped
        if tripped and self._plan.settings.backtest.on_error == "stop":
            failures = (
                f"{strategy} failed: {why.removesuffix(': ')}{self._line_of_failure(strategy)}"
                for strategy, why in tripped.items()
            )
            self.ended = "; ".join(filter(None, (self.ended, *failures)))

    def _line_of_failure(self, strategy: str) -> str:
        """The clause for the line of a strategy's file where it failed; empty where it was tripped from outside."""
        container = self.driver.containers[strategy]
        return line_in(container.trip.traceback, file_of(container.spec.strategy_class)) if container.trip else ""

    def _counts(self) -> dict[str, Count]:
        lockstep = self.driver.lockstep
        counts = {
            strategy: Count(events=heard, trip=lockstep.router.tripped.get(strategy, ""))
            for strategy, heard in lockstep.heard.items()
        }
        return {ACCOUNT: Count(events=lockstep.events, bars=self.data.bars), **counts}

    def _about(self, currency: str, now_ns: int) -> About:
        return About(
            run_id=self.run_id,
            mode=self._mode.value,
            version=VERSION,
            python=this_python(),
            config_path=str(self._plan.config),
            config=self._plan.text,
            data=self.data.feed.reference(),
            currency=currency,
            start=iso(self.data.feed.start_ns),
            end=iso(now_ns),
            ended=self.ended,
        )

    def _progress(self, *, is_last: bool = False) -> Progress:
        lockstep, data = self.driver.lockstep, self.data
        router, currency = lockstep.router, currency_of(self._fleet.currency, self._fleet.instruments.values())
        values = [valuation(book, router.rates, currency).equity for book in router.ledger.all_books()]
        known = [value for value in values if value is not None]
        return Progress(
            name=self._name,
            events=data.events,
            seconds=(self._clock.monotonic_ns() - self._carried_ns) / SECOND,
            ts_ns=lockstep.now_ns,
            share=_share(data.feed.start_ns, lockstep.now_ns, data.end_ns),
            fills=sum(book.fills for book in router.ledger.all_books()),
            equity=f"{total(known):f}" if len(known) == len(values) else None,
            currency=currency.code,
            is_last=is_last,
        )


def _share(start_ns: int, now_ns: int, end_ns: int | None) -> float | None:
    """How much of a window's time is over; None where it has no end."""
    if end_ns is None:
        return None
    return min(1.0, max(0, now_ns - start_ns) / max(1, end_ns - start_ns))
