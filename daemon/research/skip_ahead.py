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
from daemon.assembly import Lap, unheeded
from daemon.loading import failure_in_words, file_of
from daemon.research.carrier import SIGNALS, Carrier
from daemon.research.strategy_history import HeardBars, StrategyHistory, changes
from daemon.research.timeline import Floats, Integers, Series, Timeline
from trading.account.router import Router
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
    """Brings one container's decisions to its strategy, in the place of `on_bar`. TypeError or ValueError for what is
    no decision for each bar."""

    def __init__(self, container: ScopedContainer, decisions: Decisions) -> None:
        if not isinstance(decisions, Decisions):
            raise TypeError(f"signals() gave a {type(decisions).__name__}; it gives Decisions, or None")
        bars = decisions.bars
        if not isinstance(bars, HeardBars):
            raise TypeError(f"signals() gave a {type(bars).__name__} as its bars; give those of history.bars()")
        if not decisions.columns:
            raise ValueError("signals() gave no column; give one at least, or None")
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
        self._next_changed = -1
        self._row = bars.warm
        self._is_new = False
        self._stood = self._stands
        container.decide_by(self._on_bar)

    @property
    def _stands(self) -> int:
        """How often it has been told something or has asked for something: where that is as at its last decision,
        nothing came of that."""
        return self._container.reports + self._container.commands

    def next_place(self, place: int) -> int:
        """The first place from one on at which its decision is another, or that of its next bar where something has
        come of the last one, or has happened since; far behind the last place where there is none."""
        if self._container.trip is not None:
            return _NEVER
        return self._change_from(place) if self._stands == self._stood else _first_from(self._places, place)

    def come_to(self, place: int) -> None:
        """The next bar that it hears is that of a place."""
        self._row = int(self._places.searchsorted(place))
        self._is_new = self._change_from(place) == place

    def _change_from(self, place: int) -> int:
        """The first place from one on at which its decision is another. Places only grow."""
        if self._next_changed < place:
            self._next_changed = _first_from(self._changed, place)
        return self._next_changed

    def _on_bar(self, bar: Bar) -> None:
        if (bar.symbol, bar.interval_ns) != self._key:
            return
        stands = self._stands
        if stands == self._stood and not self._is_new:
            return  # nothing came of the same decision, and nothing would now
        self._stood = stands
        values = [column.item(self._row) for column in self._columns]
        if not any(map(math.isnan, values)):
            self._decide(bar, *values)


class Lane:
    """A series as it is passed by: who hears it, and which of its events come next."""

    def __init__(self, series: Series, hearers: Sequence[str], *, is_matched: bool) -> None:
        self.series = series
        self.hearers = hearers
        self.is_matched = is_matched
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
    """One run over a timeline; `place` is the first event that is neither carried nor passed by, `carried` counts those
    that are carried, by the `carrier`. Of strategies whose signals cannot be used `unusable` says why; they hear every
    event."""

    def __init__(self, driver: Driver, timeline: Timeline, warm: Warm, lap: Lap = unheeded) -> None:
        market, lockstep = driver.lockstep.market, driver.lockstep
        assert isinstance(market, SimulatedMarket), "an obstacle"
        self.place = self.carried = self._told = 0
        self.carrier: Carrier = driver
        self._driver = driver
        self._lockstep = lockstep
        self._market = market
        self._timeline = timeline
        self._due: tuple[float, int] = _NEVER, _NEVER
        self._followers: dict[str, Follower] = {}
        self.unusable: dict[str, str] = {}
        for strategy, container in driver.containers.items():
            self._follow(
                container, StrategyHistory(strategy, container.subscriptions, timeline, warm.get(strategy, {}))
            )
            lap(f"{SIGNALS}{strategy}")
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
        """Carry the next event at which something can happen, or pass by all that are left, or by those before which
        books are to be valued."""
        place = self._next_place()
        valued = place if place == self.place else self._place_from(self._lockstep.valued_next_ns + 1)
        if valued < place:
            self._value_before(valued)
            return
        self._pass_by(place)
        if place == len(self._timeline):
            return
        event, of_feed = self._timeline.event(place)
        for strategy in self._lockstep.hearing(event):
            if strategy in self._followers:
                self._followers[strategy].come_to(place)
        self.place = self._told = place + 1
        self.carried += 1
        self.carrier.meet(event, of_feed=of_feed)

    def _follow(self, container: ScopedContainer, history: StrategyHistory) -> None:
        """Take up what a strategy decides, if it decides at once and can."""
        strategy = container.spec.strategy
        try:
            decisions = container.decisions(history)
        except (Exception, SystemExit) as error:
            self.unusable[strategy] = failure_in_words(error, file_of(container.spec.strategy_class))
            return
        if decisions is None:
            return
        try:
            self._followers[strategy] = Follower(container, decisions)
        except (TypeError, ValueError) as error:
            self.unusable[strategy] = str(error)

    def _next_place(self) -> int:
        place, lockstep, market = self.place, self._lockstep, self._market
        if lockstep.is_waiting or self._hears_all or (self._watches_worth and _is_priced(lockstep.router)):
            return place
        nearest = min(self._due_place(place), len(self._timeline))
        for follower in self._followers.values():
            nearest = min(nearest, follower.next_place(place))
        for lane in self._lanes:
            if lane.is_matched and nearest > place and (edges := market.edges(lane.series.key.symbol)) is not None:
                nearest = min(nearest, lane.reaching(place, *edges))
        return nearest

    def _due_place(self, place: int) -> int:
        """The first place from one on by which something falls due. It is looked for once."""
        due_ns = min(self._lockstep.due_ns, self._market.next_expiry_ns)
        if due_ns >= _NEVER:
            return _NEVER
        if due_ns != self._due[0] or self._due[1] < place:
            self._due = due_ns, self._timeline.from_time(int(due_ns), place)
        return self._due[1]

    def _place_from(self, ts_ns: int) -> int:
        """The first place that is not passed by yet with an event of a time or later."""
        return self._timeline.from_time(ts_ns, self.place)

    def _pass_by(self, place: int) -> None:
        """Let everybody know the last prices before a place, and how many events there were since they knew some."""
        containers, lockstep = self._driver.containers, self._lockstep
        if place == self._told:
            return
        for lane in self._lanes:
            series, before = lane.series, lane.series.row_from(self._told)
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
        self._come_to(place)
        self._told = place

    def _value_before(self, place: int) -> None:
        """Value the books before the event of a place, at the prices that have come since they were last told of any.
        Nobody but the account need know those."""
        lockstep = self._lockstep
        for lane in self._lanes:
            if lane.is_matched and (row := lane.series.row_from(place)) > lane.series.row_from(self._told):
                lockstep.router.on_market(lane.series.event(row - 1))
        self._come_to(place)
        lockstep.value_before(self._timeline.ts_ns.item(place))

    def _come_to(self, place: int) -> None:
        if place > self.place:
            self._lockstep.pass_by(place - self.place, self._timeline.ts_ns.item(place - 1))
            self.place = place


def _first_from(places: Integers, place: int) -> int:
    """The first of some ascending places that is no smaller than one; far behind the last place where there is none."""
    found = int(places.searchsorted(place))
    return places.item(found) if found < len(places) else _NEVER


def _is_priced(router: Router) -> bool:
    """Whether a price changes what some book is worth: that of what it holds, or a rate, where it has cash of another
    currency than the account's."""
    if router.ledger.marked:
        return True
    own = None if router.currency is None else router.currency.code
    return any(code != own for book in router.ledger.all_books() for code in book.cash)


def _watches_worth(driver: Driver) -> bool:
    """Whether a limit is held against what books are worth at each price, or were at their best."""
    router = driver.lockstep.router
    limits = [router.limits, *(routed.limits for routed in router.strategies.values())]
    return bool(router.breakers.measured) or any(one.of_the_day or one.max_drawdown_share is not None for one in limits)
