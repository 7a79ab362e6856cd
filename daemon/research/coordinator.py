"""The backtest: everything that one run needs is made for it, and gone when it ends."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from uuid import uuid4

from daemon.assembly import fleet_of, make_driver, make_feed
from daemon.check import Plan
from daemon.clock import Clock
from daemon.fleet import Fleet
from daemon.performance import ACCOUNT
from daemon.research.close_out import close_out
from daemon.research.data_handler import HistoricalDataHandler
from daemon.research.obstacle import obstacle
from daemon.research.outcome import Count, Course, outcome, this_python
from daemon.research.progress import Progress, Tell, Throttle
from daemon.research.result import About, Result
from daemon.research.signal_log import Kept, SignalLog
from daemon.research.tables import TableRecorder
from daemon.standing import standing_of
from daemon.version import VERSION
from trading.account.valuation import valuation
from trading.driver import Driver
from trading.instruments import currency_of
from trading.market_data import Bar
from trading.money import total
from trading.timestamps import iso
from trading.warmup import needed_since

_STEPS_AT_ONCE: Final = 256
"""So many are made before anybody is told, or asked whether it is enough."""

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
        plan says that this ends it. BadData for files that cannot be traded on, before anything is.

        Of the signals those of which something came are kept, or all. `every_event` is to be carried, or only those at
        which something can happen, where that can be told: the result is the same."""
        run_id = f"backtest_{uuid4().hex[:8]}"
        run = Run(run_id, plan, name or run_id, self._clock, keep=keep, every_event=every_event)
        with self._active(run):
            run.initialise()
            run.carry(stopped, tell)
            run.close_out()
            return run.result(tell)

    @contextmanager
    def _active(self, run: "Run") -> Iterator[None]:
        self.active[run.run_id] = run
        try:
            yield
        finally:
            run.teardown()
            del self.active[run.run_id]


class Run:
    """One backtest."""

    def __init__(
        self, run_id: str, plan: Plan, name: str, clock: Clock, *, keep: Kept = "acted", every_event: bool = False
    ) -> None:
        self.run_id = run_id
        self._every_event = every_event
        self.ended = ""
        self.warnings: list[str] = []
        self._plan = plan
        self._name = name
        self._clock = clock
        self._began_ns = clock.monotonic_ns()
        self._throttle = Throttle(clock)
        self._recorder = TableRecorder()
        self._signals = SignalLog(keep)
        self._fleet: Fleet = fleet_of(plan)
        self._data = HistoricalDataHandler(make_feed(plan))
        self._driver: Driver | None = None
        self._warm: dict[str, dict[tuple[str, int], list[Bar]]] = {}

    @property
    def driver(self) -> Driver:
        """What carries it, once it is initialised."""
        assert self._driver is not None, "not initialised"
        return self._driver

    def initialise(self) -> None:
        """Look through the data, start every strategy and let it hear the past."""
        self._data.survey()
        feed = self._data.feed
        self._driver = driver = make_driver(self._plan, feed, self._recorder)
        for warming in driver.warm(feed.warmup(needed_since(driver.subscriptions, feed.start_ns))):
            for strategy in warming.subscribers:
                heard = self._warm.setdefault(strategy, {})
                heard.setdefault((warming.bar.symbol, warming.bar.interval_ns), []).append(warming.bar)
        for container in driver.containers.values():
            self._signals.hear(container)

    def carry(self, stopped: Stopped, tell: Tell | None) -> None:
        """Carry the run through, until the data or something else ends it; from where something can happen to where
        something can happen next, if it can be told, else event by event."""
        driver = self.driver
        tripped = driver.lockstep.router.tripped if self._plan.settings.backtest.on_error == "stop" else {}
        driver.begin()
        skips = not self._every_event and not obstacle(driver)
        rounds = self._skip(tripped, stopped) if skips else self._event_by_event(tripped)
        for _ in rounds:
            if tripped or stopped():
                break
            if tell is not None and self._throttle.is_due():
                tell(self._progress())
        else:
            driver.finish()
        if tripped:
            self.ended = "; ".join(f"{strategy} failed: {why}" for strategy, why in tripped.items())
        elif stopped():
            self.ended = "it was interrupted"

    def _event_by_event(self, tripped: Mapping[str, str]) -> Iterator[None]:
        driver, data = self.driver, self._data
        advance = driver.advance
        for chunk in data.chunks():
            for event in chunk:
                advance(event)
                if tripped:
                    break
            data.look(driver.lockstep.router.price_of, driver.lockstep.now_ns)
            yield

    def _skip(self, tripped: Mapping[str, str], stopped: Stopped) -> Iterator[None]:
        from daemon.research.skip_ahead import SkipAhead  # noqa: PLC0415 - numpy, which this is all that needs

        timeline = self._data.timeline(self.driver.lockstep.sequencer, stopped)
        if timeline is None:
            return
        skipping = SkipAhead(self.driver, timeline, self._warm)
        while not skipping.is_over:
            for _ in range(_STEPS_AT_ONCE):
                skipping.advance()
                if tripped or skipping.is_over:
                    break
            yield

    def close_out(self) -> None:
        """End it by its policy, but not where something else has ended it."""
        if not self.ended:
            self.warnings += close_out(self.driver, self._data.last, self._plan.settings.backtest.close_out)

    def result(self, tell: Tell | None) -> Result:
        """What it came to."""
        lockstep, feed = self.driver.lockstep, self._data.feed
        standing = standing_of(
            self._fleet,
            lockstep.router,
            start_ns=feed.start_ns,
            now_ns=max(lockstep.now_ns, feed.start_ns),
            sequence=self._recorder.sequence,
        )
        if self._signals.left_out:
            self.warnings.append(f"the oldest {self._signals.left_out} signals are left out")
        if not self._data.events:
            self.warnings.append("the window has no event")
        course = Course(
            standing=standing,
            counts=self._counts(),
            seconds=(self._clock.monotonic_ns() - self._began_ns) / 1e9,
            prices=self._data.prices,
            signals=self._signals.lines,
            warnings=self.warnings,
        )
        found = outcome(self._recorder.tables(), course, self._about(standing.currency.code, standing.now_ns))
        if tell is not None:
            tell(self._progress(is_last=True))
        return found

    def teardown(self) -> None:
        """Take the containers down, and let the tables go."""
        for container in self._driver.containers.values() if self._driver is not None else ():
            container.teardown_scope()
        self._recorder.close()

    def _counts(self) -> dict[str, Count]:
        lockstep = self.driver.lockstep
        counts = {
            strategy: Count(events=heard, trip=lockstep.router.tripped.get(strategy, ""))
            for strategy, heard in lockstep.heard.items()
        }
        return {ACCOUNT: Count(events=lockstep.events, bars=self._data.bars), **counts}

    def _about(self, currency: str, now_ns: int) -> About:
        return About(
            run_id=self.run_id,
            mode="backtest",
            version=VERSION,
            python=this_python(),
            config_path=str(self._plan.config),
            config=self._plan.text,
            data=self._data.feed.reference(),
            currency=currency,
            start=iso(self._data.feed.start_ns),
            end=iso(now_ns),
            ended=self.ended,
        )

    def _progress(self, *, is_last: bool = False) -> Progress:
        lockstep, feed = self.driver.lockstep, self._data.feed
        router, currency = lockstep.router, currency_of(self._fleet.currency, self._fleet.instruments.values())
        values = [valuation(book, router.rates, currency).equity for book in router.ledger.all_books()]
        known = [value for value in values if value is not None]
        whole_ns = None if feed.end_ns is None else feed.end_ns - feed.start_ns
        return Progress(
            name=self._name,
            events=self._data.events,
            ts_ns=lockstep.now_ns,
            share=None if whole_ns is None else min(1.0, max(0, lockstep.now_ns - feed.start_ns) / whole_ns),
            fills=sum(book.fills for book in router.ledger.all_books()),
            equity=f"{total(known):f}" if len(known) == len(values) else None,
            is_last=is_last,
        )
