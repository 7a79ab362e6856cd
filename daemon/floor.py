"""The floor: everything that trades, put together. A feed, the lock-step over router and market, and the hosts.

A floor begins anew, or goes on from a snapshot, repeating the steps that the journal has since. It knows nothing of
clocks, pace or people; the paper shell brings it forward event by event.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, ClassVar, Protocol, Self, TypedDict

import msgspec

from daemon.errors import DaemonError
from daemon.feeds.port import HistoricalFeed
from daemon.fleet import Fleet, FleetChange, StrategyEntry
from daemon.hosts.foresight import Foresight, audiences
from daemon.hosts.group import HostGroup
from daemon.hosts.port import Host, Started
from daemon.recovery import Replay
from daemon.repetition import JournaledStep
from trading.account.ids import ClientOrderIds
from trading.account.records import Operation
from trading.account.router import RoutedStrategy, Router
from trading.capabilities import Capabilities
from trading.commands import AmendOrder, CancelOrder, Command, RefusedAmend, RefusedOrder, ScheduleTimer, SubmitOrder
from trading.instruments import currency_of, negative_symbols
from trading.lockstep import LockStep, Step
from trading.market import Market
from trading.market_data import MarketEvent
from trading.recorder import Recorder
from trading.refusals import Refusal
from trading.sequencer import Sequencer
from trading.subscriptions import Subscription
from trading.warmup import needed_since, warm_up

Subscriptions = Mapping[str, Sequence[Subscription]]


class FloorMarket(Market, Protocol):
    """A market that says what it offers."""

    @property
    def capabilities(self) -> Capabilities:
        """What it takes; everything else is refused before it is sent."""


class Conditions(TypedDict, total=False):
    """What the router asks of data and venue."""

    data_refusal: Callable[[str], Refusal | None]
    holds_back: Callable[[], str]


class FloorPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a floor is made with.

    The makers give a new one at each call: a feed at its beginning, an empty market, a host that has not started.
    """

    make_feed: Callable[[], HistoricalFeed]
    make_market: Callable[[HistoricalFeed], FloorMarket]
    make_host: Callable[[StrategyEntry, Fleet], Host]
    recorder: Recorder
    ids: ClientOrderIds


class FloorState(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot between two feed events. `rows` counts those carried through; `in_hand` is one that the feed has
    given and that waits for its time."""

    fleet: Fleet
    rows: int
    in_hand: MarketEvent | None
    epoch_ms: int
    feed: dict[str, Any]
    lockstep: dict[str, Any]
    containers: dict[str, Any]


class Floor:
    """Brings feed events to the strategies, one complete step after another."""

    lockstep_kind: ClassVar[type[LockStep]] = LockStep

    def __init__(
        self, plan: FloorPlan, fleet: Fleet, feed: HistoricalFeed, hosts: HostGroup, lockstep: LockStep
    ) -> None:
        self.fleet = fleet
        self.feed = feed
        self.hosts = hosts
        self.lockstep = lockstep
        self.subscriptions: Subscriptions = {}
        self._audiences: Mapping[str, str] = {}
        self.rows = 0
        self._plan = plan
        self._events = feed.events()
        self._in_hand: MarketEvent | None = None
        self._laid: deque[list[MarketEvent]] = deque()
        self._broken: DaemonError | None = None

    @classmethod
    async def begin(cls, plan: FloorPlan, fleet: Fleet) -> Self:
        """A new floor: every strategy started and warm."""
        feed = plan.make_feed()
        hosts = cls._hosts(plan, fleet)
        started = await hosts.all_made(lambda host: host.start(feed.start_ns))
        floor = cls._assemble(plan, fleet, feed, hosts, started)
        past = feed.warmup(needed_since(floor.subscriptions, feed.start_ns))
        for warming in warm_up(floor.lockstep.sequencer, floor.subscriptions, past, feed.start_ns):
            await hosts.warm(warming)
        floor.lockstep.begin(await _first_commands(hosts, started))
        return floor

    @classmethod
    async def reopen(cls, plan: FloorPlan, state: FloorState, steps: Iterable[JournaledStep]) -> Self:
        """The floor of a snapshot, brought up to the last journaled step and to the end of that step's feed event."""
        feed = plan.make_feed()
        feed.restore(state.feed)
        hosts = cls._hosts(plan, state.fleet)
        started = await hosts.all_made(lambda host: host.restore(state.containers[host.strategy]))
        floor = cls._assemble(plan, state.fleet, feed, hosts, started)
        floor._go_on_from(state, state.lockstep)
        await floor._repeat(Replay(floor.lockstep, steps))
        return floor

    @classmethod
    async def rearrange(cls, plan: FloorPlan, state: FloorState, fleet: Fleet, change: FleetChange) -> Self:
        """The floor of a snapshot with another fleet: those kept go on; those added or renewed start now, with their
        past."""
        feed = plan.make_feed()
        feed.restore(state.feed)
        hosts = cls._hosts(plan, fleet)
        now_ns = max(state.lockstep["now_ns"], feed.start_ns)
        started: dict[str, Started] = {}
        fresh: dict[str, Started] = {}
        asked: list[Command] = []
        for host in hosts:
            saved = state.containers.get(host.strategy)
            if saved is not None and host.strategy not in change.renewed:
                started[host.strategy] = await host.restore(saved)
                asked += started[host.strategy].commands
                continue
            if saved is not None:
                await host.restore_books(saved)
                asked += _orders_in_flight(saved)
            started[host.strategy] = fresh[host.strategy] = await host.start(now_ns)
        floor = cls._assemble(plan, fleet, feed, hosts, started)
        builders = await floor._warm_up(fresh, now_ns, state.rows)
        stale = {*change.removed, *change.renewed}
        floor._go_on_from(state, _without_stale(state.lockstep, builders, stale))
        floor.lockstep.begin([*asked, *await _first_commands([hosts[strategy] for strategy in fresh], fresh)])
        return floor

    def upcoming(self) -> MarketEvent | None:
        """The feed's next event, the same until it is taken; None at the feed's end."""
        if self._broken is not None:
            raise self._broken
        if self._in_hand is None:
            try:
                self._in_hand = next(self._events, None)
            except DaemonError as error:
                self._broken = error
                raise
        return self._in_hand

    def lay_out(self) -> None:
        """Lay the upcoming event out, as the last of those that `advance` is to carry."""
        assert self._in_hand is not None, "nothing is upcoming"
        self._laid.append(self.lockstep.sequencer.lay_out(self._in_hand))
        self._in_hand = None
        self.rows += 1

    def upcoming_steps(self) -> Iterator[Step]:
        """The steps of the upcoming event, and of what is due before it, for whoever carries each by itself."""
        self.lay_out()
        return self.lockstep.steps(self._laid.popleft())

    @property
    def laid_out(self) -> int:
        """How many of the feed's events are laid out and not carried."""
        return len(self._laid)

    async def advance(self, after_each: Callable[[], Awaitable[None]] | None = None) -> None:
        """Carry through what is laid out, and what is due before each; `after_each` is awaited after each feed event.

        Containers may hear ahead meanwhile, but not beyond what is laid out: afterwards all stand at the same event.
        """
        window, self._laid = self._laid, deque()
        foresight = self._foresee(window) if self.hosts.ahead else None
        for laid in window:
            for event in laid:
                for step in self.lockstep.timers_before(event):
                    await self.hosts.complete(step)
                of_feed = event is laid[-1]
                await self.hosts.complete(self.lockstep.step(event, of_feed=of_feed))
                if foresight is not None:
                    foresight.pass_on(of_feed=of_feed)
            if after_each is not None:
                await after_each()
            self.hosts.run_ahead()
        self.hosts.catch_up()

    async def finish(self) -> None:
        """The feed has ended: carry through what is due by then."""
        for step in self.lockstep.last_steps():
            await self.hosts.complete(step)

    async def operate(self, operation: Operation) -> None:
        """Carry through what was done from outside."""
        await self.hosts.complete(self.lockstep.operate(operation))

    async def state(self) -> FloorState:
        """A snapshot; UnsupportedState when a strategy holds what cannot be kept."""
        return FloorState(
            fleet=self.fleet,
            rows=self.rows,
            in_hand=self._in_hand,
            epoch_ms=self._plan.ids.epoch_ms,
            feed=self.feed.state(),
            lockstep=self.lockstep.state(),
            containers=self._as_booked(await self.hosts.states(), self.lockstep.router.state()),
        )

    @staticmethod
    def group(hosts: Iterable[Host]) -> HostGroup:
        """All hosts together."""
        return HostGroup(hosts)

    @staticmethod
    def _conditions(_feed: HistoricalFeed, _market: FloorMarket) -> Conditions:
        """What else the router asks before more than reducing orders pass."""
        return {}

    @classmethod
    def _hosts(cls, plan: FloorPlan, fleet: Fleet) -> HostGroup:
        return cls.group(plan.make_host(entry, fleet) for entry in fleet.strategies)

    @classmethod
    def _assemble(
        cls, plan: FloorPlan, fleet: Fleet, feed: HistoricalFeed, hosts: HostGroup, started: Mapping[str, Started]
    ) -> Self:
        subscriptions = {strategy: one.subscriptions for strategy, one in started.items()}
        market = plan.make_market(feed)
        lockstep = cls.lockstep_kind(
            sequencer=_sequencer(fleet, feed, subscriptions),
            router=Router(
                strategies=[_routed(entry) for entry in fleet.strategies],
                cash=fleet.cash,
                instruments=fleet.instruments,
                limits=fleet.limits,
                ids=plan.ids,
                capabilities=market.capabilities,
                currency=currency_of(fleet.currency, fleet.instruments.values()),
                breakers=fleet.breakers,
                **cls._conditions(feed, market),
            ),
            market=market,
            recorder=plan.recorder,
            subscriptions=subscriptions,
            marked_on={symbol: offer.matched_on for symbol, offer in feed.offers.items()},
            valued_every_ns=fleet.equity_every_ns,
        )
        floor = cls(plan, fleet, feed, hosts, lockstep)
        floor.subscriptions = subscriptions
        floor._audiences = audiences(subscriptions, hosts.ahead)
        return floor

    def _as_booked(self, states: Mapping[str, Any], router: Mapping[str, Any]) -> dict[str, Any]:
        """The containers' states; of those that have tripped and keep no books any more, with the router's."""
        return {
            strategy: state if self.hosts[strategy].keeps_books else _with_books(strategy, state, router)
            for strategy, state in states.items()
        }

    def _go_on_from(self, state: FloorState, lockstep: Mapping[str, Any]) -> None:
        self.lockstep.restore(lockstep)
        self.rows = state.rows
        self._in_hand = state.in_hand
        self._plan.ids.epoch_ms = max(self._plan.ids.epoch_ms, state.epoch_ms)

    def _foresee(self, laid: Iterable[list[MarketEvent]]) -> Foresight:
        foresight = Foresight(
            laid,
            audiences=self._audiences,
            hearing=self.lockstep.hearing,
            market=self.lockstep.market,
            timers=self.lockstep.timers,
            waiting=self.lockstep.has_waiting,
        )
        self.hosts.foresee(foresight)
        return foresight

    async def _repeat(self, replay: Replay) -> None:
        await self._repeat_operations(replay)
        while not replay.done and self.upcoming() is not None:
            await self._repeat_steps(replay, self.upcoming_steps())
        if not replay.done:
            await self._repeat_steps(replay, self.lockstep.last_steps())
            replay.end()

    async def _repeat_steps(self, replay: Replay, steps: Iterable[Step]) -> None:
        for step in steps:
            replay.expect_event()
            self.hosts.foretell(replay.lost())
            await self.hosts.complete(step)
            replay.settle()
            await self._repeat_operations(replay)

    async def _repeat_operations(self, replay: Replay) -> None:
        for operation in replay.from_outside():
            assert isinstance(operation, Operation), f"{operation} on a feed that has a past"
            await self.operate(operation)

    async def _warm_up(self, fresh: Mapping[str, Started], now_ns: int, rows: int) -> list[Any]:
        """Bring the fresh strategies their past from the feed's own beginning; gives the bars then in progress."""
        subscriptions = {strategy: one.subscriptions for strategy, one in fresh.items()}
        sequencer = _sequencer(self.fleet, self.feed, subscriptions)
        past = self._plan.make_feed()
        events = chain(past.warmup(needed_since(subscriptions, now_ns)), islice(past.events(), rows))
        for warming in warm_up(sequencer, subscriptions, events, now_ns):
            await self.hosts.warm(warming)
        builders: list[Any] = sequencer.state()["builders"]
        return builders


def _orders_in_flight(state: Mapping[str, Any]) -> list[Command]:
    """What stands in a container's books already, and was on its way when it ran free."""
    in_flight = msgspec.convert(state.get("in_flight", ()), list[Command])
    of_orders = SubmitOrder | RefusedOrder | CancelOrder | AmendOrder | RefusedAmend
    return [command for command in in_flight if isinstance(command, of_orders)]


def _without_stale(lockstep: Mapping[str, Any], builders: list[Any], stale: set[str]) -> dict[str, Any]:
    """A lock-step's state less what its stale strategies had pending, plus bars that new ones have in progress."""
    sequencer, router = lockstep["sequencer"], lockstep["router"]
    waiting = msgspec.convert(lockstep["waiting"], list[Command])
    timers = msgspec.convert(lockstep["timers"], list[ScheduleTimer])
    return {
        **lockstep,
        "waiting": [command for command in waiting if command.strategy not in stale],
        "sequencer": {
            **sequencer,
            "builders": [*builders, *sequencer["builders"]],
        },
        "timers": [timer for timer in timers if timer.strategy not in stale],
        "router": {**router, "tripped": {s: why for s, why in router["tripped"].items() if s not in stale}},
    }


def _with_books(strategy: str, state: Mapping[str, Any], router: Mapping[str, Any]) -> dict[str, Any]:
    orders = dict(router["orders"][strategy])
    orders["numbered"] = max(state["orders"]["numbered"], orders["added"])
    orders["groups"] = max(state["orders"]["groups"], orders["groups"])
    portfolio = router["ledger"]["books"][strategy]
    return {**state, "reports": router["numbers"][strategy], "orders": orders, "portfolio": portfolio}


def _sequencer(fleet: Fleet, feed: HistoricalFeed, subscriptions: Subscriptions) -> Sequencer:
    return Sequencer(
        offers=feed.offers,
        subscriptions=[one for wanted in subscriptions.values() for one in wanted],
        fill_empty=fleet.fill_empty_bars,
        may_be_negative=negative_symbols(fleet.instruments),
    )


def _routed(entry: StrategyEntry) -> RoutedStrategy:
    return RoutedStrategy(
        strategy=entry.id,
        capital=entry.capital,
        limits=entry.limits,
        cancel_on_trip=entry.cancel_on_trip,
    )


async def _first_commands(hosts: Iterable[Host], started: Mapping[str, Started]) -> list[Command]:
    commands = [command for one in started.values() for command in one.commands]
    for host in hosts:
        commands += await host.run()
    return commands
