"""From a checked config to the things that run: the fleet, and the makers of feed, market and hosts."""

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from brokers.passthrough.market import PassthroughMarket
from brokers.plain.profile import CAPABILITIES, PROFILE
from brokers.simulated.delay import DelayedMarket
from brokers.simulated.market import SimulatedMarket
from daemon.check import Plan
from daemon.clock import Clock
from daemon.config.account_settings import by_currency
from daemon.config.breaker_conversion import breaker_rules, breaker_texts
from daemon.config.broker_settings import SimulatedBrokerSettings
from daemon.config.changeable import changeable
from daemon.config.conversion import data_file, limits, offers, restart_rule, sizing
from daemon.config.cost_conversion import commission, slippage
from daemon.config.feed_settings import FileFeedSettings, LiveFeedSettings
from daemon.config.market_conversion import delays, market_rules
from daemon.config.settings import Settings, StrategySettings
from daemon.config.venue_settings import PlainBrokerSettings
from daemon.feeds.adapters import load_adapter, make_adapter
from daemon.feeds.file.feed import FileFeed
from daemon.feeds.port import HistoricalFeed, LiveFeed
from daemon.feeds.synthetic import SyntheticFeed
from daemon.feeds.walk import SyntheticSymbol
from daemon.fleet import Fleet, StrategyEntry
from daemon.floor import FloorMarket
from daemon.hosts.free import FreeHost
from daemon.hosts.nursery import Nursery
from daemon.hosts.port import Host
from daemon.hosts.restarts import Restarts
from daemon.hosts.stepping import LockStepHost
from daemon.hosts.task import TaskHost
from daemon.hosts.watchdog import Watchdog
from daemon.loading import code_of, load_class
from trading.account.ids import ClientOrderIds
from trading.capabilities import Capabilities
from trading.container import ContainerSpec, ScopedContainer
from trading.driver import Driver
from trading.feed_health import FeedHealth
from trading.instruments import currency_of, negative_symbols
from trading.recorder import Recorder
from trading.subscriptions import DataKind
from trading.venue.session import VenueSession
from trading.venue.tiers import Tiers


def fleet_of(plan: Plan) -> Fleet:
    """What the journal keeps of a plan."""
    settings = plan.settings
    codes = {description.id: code_of(Path(description.file)) for description in plan.descriptions}
    entries = [entry_of(strategy, settings, codes[strategy.id]) for strategy in settings.strategies]
    return msgspec.structs.replace(house_of(plan), strategies=entries)


def house_of(plan: Plan) -> Fleet:
    """The same without its strategies."""
    settings = plan.settings
    return Fleet(
        currency=settings.account.currency,
        cash=settings.account.balances,
        instruments=dict(plan.instruments),
        limits=limits(settings.risk),
        broker=settings.broker.kind,
        delayed=isinstance(settings.broker, SimulatedBrokerSettings) and bool(delays(settings.broker.latency)),
        strategies=[],
        folder=str(plan.folder),
        fill_empty_bars=settings.feed.fill_empty_bars,
        kind=settings.account.kind,
        leverage=settings.account.leverage,
        maintenance_margin=settings.account.maintenance_margin,
        margins={symbol: one.margin.text for symbol, one in settings.instruments.items() if one.margin is not None},
        expiries={s: one.expires_ns for s, one in plan.terms.holdings.items() if one.expires_ns is not None},
        changeable={**changeable(settings, plan.terms), **breaker_texts(settings)},
        breakers=breaker_rules(settings),
        equity_every_ns=settings.journal.equity_every_ns,
    )


def make_feed(plan: Plan) -> HistoricalFeed:
    """The feed at its beginning."""
    settings = plan.settings.feed
    if isinstance(settings, FileFeedSettings):
        return FileFeed(
            files=[data_file(file, plan.instruments, plan.folder) for file in settings.files],
            start_ns=plan.start_ns,
            end_ns=settings.end_ns,
            skip_bad_rows=settings.on_bad_row == "skip",
        )
    assert not isinstance(settings, LiveFeedSettings), "a live feed has no beginning"
    return SyntheticFeed(
        seed=settings.seed,
        start_ns=settings.start_ns,
        origin_ns=settings.origin_ns,
        duration_ns=settings.duration_ns,
        symbols=[
            SyntheticSymbol(
                instrument=plan.instruments[symbol],
                price=moves.price,
                volatility_ticks=moves.volatility_ticks,
                spread_ticks=moves.spread_ticks,
            )
            for symbol, moves in settings.symbols.items()
        ],
        data={DataKind(kind) for kind in settings.data},
        every_ns=settings.every_ns,
        bar_interval_ns=settings.bars_ns,
    )


def make_live_feed(plan: Plan, clock: Clock) -> LiveFeed:
    """The live feed, not connected yet; AdapterNotLoaded or AdapterRefused as at the check."""
    settings = plan.settings.feed
    assert isinstance(settings, LiveFeedSettings), f"a {settings.kind} feed is not live"
    return make_adapter(
        load_adapter(settings.adapter, plan.folder),
        offers=offers(settings, plan.instruments),
        options=settings.options,
        clock=clock,
    )


def make_health(plan: Plan, feed: LiveFeed) -> FeedHealth:
    """What judges a live feed's data, before it has heard any."""
    return FeedHealth(feed.offers, may_be_negative=negative_symbols(plan.instruments), sessions=plan.sessions)


def make_market(plan: Plan, feed: HistoricalFeed | LiveFeed) -> FloorMarket:
    """The market that stands in for the venue, with the account's whole cash; or the session with the venue itself."""
    settings = plan.settings
    if isinstance(settings.broker, PlainBrokerSettings):
        return make_session(plan, settings.broker, [strategy.id for strategy in settings.strategies])
    cash = settings.account.balances
    match_on = {symbol: offer.matched_on for symbol, offer in feed.offers.items()}
    if isinstance(settings.broker, SimulatedBrokerSettings):
        market = SimulatedMarket(
            instruments=plan.instruments,
            cash=cash,
            match_on=match_on,
            slippage=slippage(settings.broker.slippage),
            commission=commission(settings.broker.commission, settings),
            rules=market_rules(settings.broker),
            sessions=plan.sessions,
            terms=plan.terms,
            rollovers=plan.rollovers,
        )
        latency = delays(settings.broker.latency)
        return DelayedMarket(market, latency, bar_intervals=_matched_bars(feed)) if latency else market
    return PassthroughMarket(instruments=plan.instruments, cash=cash, match_on=match_on)


def make_session(plan: Plan, broker: PlainBrokerSettings, strategies: Iterable[str]) -> VenueSession:
    """The session with a venue that nobody has spoken to yet, for strategies by their ids."""
    asked = broker.reconciliation
    return VenueSession(
        profile=PROFILE,
        capabilities=CAPABILITIES,
        instruments=plan.instruments,
        strategies=strategies,
        tiers=Tiers(in_flight_ns=asked.in_flight_ns, open_orders_ns=asked.open_orders_ns, account_ns=asked.account_ns),
        tolerances=asked.cash_tolerance,
    )


def dead_man_ns(plan: Plan) -> int:
    """After how long without a word the venue is to cancel everything, 0 for never."""
    broker = plan.settings.broker
    return (broker.dead_man_ns or 0) if isinstance(broker, PlainBrokerSettings) else 0


def capabilities_of(plan: Plan) -> Capabilities:
    """What the market or venue of a plan takes, and what of that is emulated."""
    offered: dict[str, Capabilities] = {
        "simulated": SimulatedMarket.capabilities,
        "passthrough": PassthroughMarket.capabilities,
        "plain": CAPABILITIES,
    }
    return offered[plan.settings.broker.kind]


def _matched_bars(feed: HistoricalFeed | LiveFeed) -> dict[str, int]:
    """The interval of each symbol's bars, in nanoseconds, where it is matched on them."""
    return {symbol: offer.bar_interval_ns for symbol, offer in feed.offers.items() if offer.matched_on is DataKind.BARS}


class Quarters(msgspec.Struct, frozen=True):
    """Where hosts put their containers. `patience_seconds` is how long one may take over an event."""

    watchdog: Watchdog
    nursery: Nursery
    clock: Clock
    patience_seconds: float


def make_host(entry: StrategyEntry, fleet: Fleet, quarters: Quarters, *, free: bool) -> Host:
    """A host for a strategy that has not started; `free` where nobody waits for it.

    Where that is a process, none of its code is imported here.
    """
    if entry.isolation == "process":
        restarts = Restarts(entry.restart, quarters.clock)
        kind = FreeHost if free else LockStepHost
        return kind(entry, fleet, quarters.nursery, restarts=restarts, patience_seconds=quarters.patience_seconds)
    return TaskHost(make_container(entry, fleet), quarters.watchdog)


Lap = Callable[[str], None]
"""Hears that a step of the work is done."""


def unheeded(_step: str) -> None:
    """Nobody asks how long it took."""


def make_driver(plan: Plan, feed: HistoricalFeed, recorder: Recorder, lap: Lap = unheeded) -> Driver:
    """All strategies in this process over a feed that has a past: no clock, no disk, no event loop. The feed stays
    where it is."""
    fleet, market = fleet_of(plan), make_market(plan, feed)
    lap("market")
    specs = [container_spec(entry, fleet) for entry in fleet.strategies]
    lap("code")
    driver = Driver(
        specs=specs,
        instruments=fleet.instruments,
        offers=feed.offers,
        cash=fleet.cash,
        market=market,
        recorder=recorder,
        ids=ClientOrderIds(1),
        limits=fleet.limits,
        start_ns=feed.start_ns,
        capabilities=market.capabilities,
        currency=currency_of(fleet.currency, fleet.instruments.values()),
        breakers=fleet.breakers,
        fill_empty=fleet.fill_empty_bars,
        valued_every_ns=fleet.equity_every_ns,
    )
    lap("containers")
    return driver


def make_container(entry: StrategyEntry, fleet: Fleet) -> ScopedContainer:
    """A strategy in its container, in this process; StrategyNotLoaded where its class cannot be had."""
    return ScopedContainer(container_spec(entry, fleet), fleet.instruments)


def container_spec(entry: StrategyEntry, fleet: Fleet) -> ContainerSpec:
    """What a container in this process is made of; its strategy's code is imported here."""
    return ContainerSpec(
        strategy=entry.id,
        strategy_class=load_class(entry.reference, Path(fleet.folder)),
        parameters=entry.params,
        capital=entry.capital,
        timeframe_ns=entry.timeframe_ns,
        warmup=entry.warmup,
        limits=entry.limits,
        sizing=entry.sizing,
        cancel_on_trip=entry.cancel_on_trip,
    )


def entry_of(strategy: StrategySettings, settings: Settings, code: str) -> StrategyEntry:
    """What the journal keeps of one strategy, with the hash of its code."""
    return StrategyEntry(
        id=strategy.id,
        reference=strategy.reference,
        params=strategy.params,
        capital=by_currency(strategy.capital, settings.account.currency),
        isolation=strategy.isolation,
        timeframe_ns=strategy.timeframe_ns or settings.feed.bars_ns,
        warmup=strategy.warmup,
        cancel_on_trip=strategy.on_trip == "cancel",
        limits=limits(strategy.risk),
        sizing=sizing(strategy.risk),
        restart=restart_rule(strategy.restart),
        code=code,
    )
