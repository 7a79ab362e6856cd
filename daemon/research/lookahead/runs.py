"""Runs of one strategy: bar by bar, by its arrays, passing by, or its arrays alone. They are for a process of their
own: bar by bar, what is in memory of the future is made another too, for good."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
import numpy as np

import strategies.arrays.decisions  # noqa: F401 - which many import: once, not in each process
from daemon.assembly import make_driver
from daemon.check import Plan
from daemon.research.lookahead.deeds import Deed, DeedRecorder
from daemon.research.lookahead.futures import Change, Cut, other_events, other_timeline
from daemon.research.lookahead.stage import Stage
from daemon.research.obstacle import obstacle
from daemon.research.skip_ahead import Follower, SkipAhead
from daemon.research.strategy_history import HeardBars, StrategyHistory
from daemon.research.timeline import Floats, Integers, Timeline
from trading.driver import Driver
from trading.history import Decisions


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """A run as it went. `raised` is what came out of it, not sealed in its container; `obstacle` why nothing was passed
    by."""

    deeds: list[Deed] = []
    raised: str = ""
    obstacle: str = ""


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """Its decisions as arrays, in bytes; `places` are those of the bars among all events, -1 for the warm-up. It may
    offer none."""

    offered: bool = False
    places: bytes = b""
    columns: list[bytes] = []
    symbol: str = ""
    raised: str = ""

    def rows(self) -> Integers:
        """The places."""
        return np.frombuffer(self.places, dtype=np.int64)

    def values(self) -> Floats:
        """The columns, one a row. Where one of them is not a number, nothing is decided, whatever the others are."""
        made = np.array([np.frombuffer(column, dtype=np.float64) for column in self.columns])
        if len(made):
            made[:, np.isnan(made).any(axis=0)] = np.nan
        return made


class AtEachBar(Follower):
    """Brings decisions as a run event by event would, also those that are the same again and of which nothing came:
    whether nothing comes of them is asked here, and not taken for granted."""

    def come_to(self, place: int) -> None:
        """The next bar that it hears is that of a place."""
        super().come_to(place)
        self._is_new = True


Found = TypeVar("Found", Course, Decided)


def by_bars(stage: Stage, plan: Plan, change: Change | None, until: Cut | None) -> Course:
    """Event by event; to the first that is later than a cut."""
    stage.timeline.series.clear()
    if change is not None and change.of_bars:
        stage.laid[:] = other_events(stage.laid, change)

    def work(driver: Driver, recorder: DeedRecorder) -> Course:
        for place, (event, of_feed) in enumerate(stage.laid):
            recorder.place = place
            driver.meet(event, of_feed=of_feed)
            if until is not None and event.ts_ns > until.ts_ns:
                break
        return Course(deeds=recorder.deeds)

    return _alone(stage, plan, Course, work)


def by_arrays(stage: Stage, plan: Plan, change: Change | None, until: Cut | None) -> Course:
    """Event by event, but by its arrays at bars; to a cut."""

    def work(driver: Driver, recorder: DeedRecorder) -> Course:
        decisions = _decisions(stage, driver, _timeline(stage, change))
        assert decisions is not None, "asked for where there are none"
        follower = AtEachBar(driver.containers[stage.strategy], decisions)
        for place, (event, of_feed) in enumerate(stage.laid):
            recorder.place = place
            follower.come_to(place)
            driver.meet(event, of_feed=of_feed)
            if until is not None and place == until.place:
                break
        return Course(deeds=recorder.deeds)

    return _alone(stage, plan, Course, work)


def passing_by(stage: Stage, plan: Plan) -> Course:
    """By its arrays, and passing by what brings nothing, if that can be."""

    def work(driver: Driver, recorder: DeedRecorder) -> Course:
        if reason := obstacle(driver):
            return Course(obstacle=reason)
        run = SkipAhead(driver, stage.timeline, {stage.strategy: stage.warm})
        if stage.strategy in run.unusable:
            return Course(raised=run.unusable[stage.strategy])
        while not run.is_over:
            run.advance()
        return Course(deeds=recorder.deeds)

    return _alone(stage, plan, Course, work)


def decided(stage: Stage, plan: Plan, change: Change | None) -> Decided:
    """Its arrays alone."""

    def work(driver: Driver, _: DeedRecorder) -> Decided:
        decisions = _decisions(stage, driver, _timeline(stage, change))
        if decisions is None:
            return Decided()
        bars = decisions.bars
        assert isinstance(bars, HeardBars), "of another history"
        columns = [np.asarray(column, dtype=np.float64) for column in decisions.columns]
        for column in columns:
            if len(column) != len(bars):
                raise ValueError(f"signals() gave {len(column)} values for {len(bars)} bars")
        return Decided(
            offered=True,
            places=bars.places.tobytes(),
            columns=[column.tobytes() for column in columns],
            symbol=bars.key[0],
        )

    return _alone(stage, plan, Decided, work)


def _timeline(stage: Stage, change: Change | None) -> Timeline:
    if change is None or not change.of_bars:
        return stage.timeline
    return other_timeline(stage.timeline, change, stage.seed)


def _decisions(stage: Stage, driver: Driver, timeline: Timeline) -> Decisions | None:
    history = StrategyHistory(stage.strategy, stage.subscriptions, timeline, stage.warm)
    return driver.containers[stage.strategy].decisions(history)


def _alone(stage: Stage, plan: Plan, kind: type[Found], work: Callable[[Driver, DeedRecorder], Found]) -> Found:
    """What comes of a run; of one that raises, outside of the container that seals its strategy, the reason."""
    recorder = DeedRecorder()
    try:
        driver = make_driver(plan, stage.feed, recorder)
        for bar in stage.warming:
            driver.containers[stage.strategy].warm(bar)
        driver.begin()
        return work(driver, recorder)
    except Exception as error:
        return kind(raised=f"{type(error).__name__}: {error}")
