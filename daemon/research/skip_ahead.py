"""From one event at which something can happen to the next, with the same components as event by event.

Something can happen where a decision changes or could not be carried through yet, where the price may reach an order,
where a timer rings, an order ends, books are valued or a limit is watched. What lies between is passed by: market,
router and containers hear its last prices, and its number. Whether a run is of this kind `obstacle` says; its orders,
fills and equity are those of the same run event by event.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from brokers.simulated.market import SimulatedMarket
from daemon.research.strategy_history import HeardBars, StrategyHistory, changes
from daemon.research.timeline import Floats, Series, Timeline
from trading.container import ScopedContainer
from trading.driver import Driver
from trading.history import Decisions
from trading.market_data import Bar

_NEVER: Final = 1 << 62
_FIRST_LOOK: Final = 64
"""Events that are looked through for one that may reach an order; then twice as many, and so on."""

Warm = Mapping[str, Mapping[tuple[str, int], Sequence[Bar]]]
"""The bars that each strategy warmed up with, by symbol and interval."""


class Follower:
    """Brings one container's decisions to its strategy, in the place of `on_bar`."""

    def __init__(self, container: ScopedContainer, decisions: Decisions) -> None:
        bars = decisions.bars
        assert isinstance(bars, HeardBars), "of another history"
        self._container = container
        self._decide = decisions.decide
        self._columns: list[Floats] = [np.asarray(column, dtype=np.float64) for column in decisions.columns]
        for column in self._columns:
            if len(column) != len(bars):
                raise ValueError(
                    f"signals() gave {len(column)} values for {len(bars)} bars; there must be one for each"
                )
        self._key = bars.key
        self._places = bars.places
        self._changed = bars.places[changes(self._columns, bars.warm)]
        self._row = bars.warm
        self._stood = self._stands
        container.decide_by(self._on_bar)

    @property
    def _stands(self) -> tuple[int, int]:
        """What it has been told and has asked for: where that is as at its last decision, nothing came of that."""
        return self._container.reports, self._container.commands

    def next_place(self, place: int) -> int:
        """The first place from one on at which its decision is another, or that of its next bar where something has
        come of the last one, or has happened since; far behind the last place where there is none."""
        if self._container.trip is not None:
            return _NEVER
        wanted = self._changed if self._stands == self._stood else self._places
        found = int(wanted.searchsorted(place))
        return wanted.item(found) if found < len(wanted) else _NEVER

    def come_to(self, place: int) -> None:
        """The next bar that it hears is that of a place."""
        self._row = int(self._places.searchsorted(place))

    def _on_bar(self, bar: Bar) -> None:
        if (bar.symbol, bar.interval_ns) != self._key:
            return
        self._stood = self._stands
        values = [column.item(self._row) for column in self._columns]
        if not any(map(math.isnan, values)):
            self._decide(bar, *values)


class Lane:
    """A series as it is passed by: who hears it, and which of its events come next."""

    def __init__(self, series: Series, hearers: Sequence[str], *, is_matched: bool) -> None:
        self.series = series
        self.hearers = hearers
        self.is_matched = is_matched
        self.row = 0
        self._low, self._high = series.span() if is_matched else (np.empty(0), np.empty(0))

    def reaching(self, place: int, falls: float, rises: float) -> int:
        """The first place from one on whose prices come down to a price, or up to one."""
        begin, size = self.series.row_from(place), _FIRST_LOOK
        while begin < len(self.series):
            low, high = self._low[begin : begin + size], self._high[begin : begin + size]
            found = np.flatnonzero((low <= falls) | (high >= rises))
            if len(found):
                return self.series.places.item(begin + int(found[0]))
            begin, size = begin + size, 2 * size
        return _NEVER


class SkipAhead:
    """One run over a timeline; `place` is the first event that is neither carried nor passed by."""

    def __init__(self, driver: Driver, timeline: Timeline, warm: Warm) -> None:
        market, lockstep = driver.lockstep.market, driver.lockstep
        assert isinstance(market, SimulatedMarket), "an obstacle"
        self.place = 0
        self._driver = driver
        self._lockstep = lockstep
        self._market = market
        self._timeline = timeline
        self._followers: dict[str, Follower] = {}
        for strategy, container in driver.containers.items():
            history = StrategyHistory(strategy, container.subscriptions, timeline, warm.get(strategy, {}))
            decisions = container.decisions(history)
            if decisions is not None:
                self._followers[strategy] = Follower(container, decisions)
        self._lanes = [
            Lane(series, lockstep.hearing(first), is_matched=series.of_feed and lockstep.is_matched_on(first))
            for series in timeline.series
            for first in (series.event(0),)
        ]
        self._hears_all = len(self._followers) < len(driver.containers)
        self._watches_worth = _watches_worth(driver)

    @property
    def is_over(self) -> bool:
        """Whether every event is carried or passed by."""
        return self.place == len(self._timeline)

    def advance(self) -> None:
        """Carry the next event at which something can happen, or pass by all that are left."""
        place = self._next_place()
        if place > self.place:
            self._pass_by(place)
        if place == len(self._timeline):
            return
        event, of_feed = self._timeline.event(place)
        for strategy in self._lockstep.hearing(event):
            if strategy in self._followers:
                self._followers[strategy].come_to(place)
        self.place = place + 1
        self._driver.carry(event, of_feed=of_feed)

    def _next_place(self) -> int:
        place, lockstep, market = self.place, self._lockstep, self._market
        if lockstep.is_waiting or self._hears_all or (self._watches_worth and lockstep.router.ledger.marked):
            return place
        nearest = min((one.next_place(place) for one in self._followers.values()), default=_NEVER)
        nearest = min(nearest, len(self._timeline))
        due_ns = min(lockstep.due_ns, market.next_expiry_ns)
        if due_ns < _NEVER:
            nearest = min(nearest, self._timeline.from_time(int(due_ns), place))
        for lane in self._lanes:
            if lane.is_matched and nearest > place and (edges := market.edges(lane.series.key.symbol)) is not None:
                nearest = min(nearest, lane.reaching(place, *edges))
        return nearest

    def _pass_by(self, place: int) -> None:
        """Let everybody know the last prices before a place, and how many events there were."""
        containers, lockstep = self._driver.containers, self._lockstep
        for lane in self._lanes:
            series, before = lane.series, lane.series.row_from(self.place)
            row = series.row_from(place)
            if row == before:
                continue
            last = series.event(row - 1)
            if lane.is_matched:
                if row - before > 1:
                    self._market.observe(series.event(row - 2))
                self._market.observe(last)
                lockstep.router.on_market(last)
            for strategy in lane.hearers:
                lockstep.heard[strategy] += row - before
                containers[strategy].note(last)
        lockstep.pass_by(place - self.place, self._timeline.ts_ns.item(place - 1))
        self.place = place


def _watches_worth(driver: Driver) -> bool:
    """Whether a limit is held against what books are worth at each price, or were at their best."""
    router = driver.lockstep.router
    limits = [router.limits, *(routed.limits for routed in router.strategies.values())]
    return bool(router.breakers.measured) or any(one.of_the_day or one.max_drawdown_share is not None for one in limits)
