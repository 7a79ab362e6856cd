"""Everything that the trials of one strategy have in common, read once and before any of its code runs: the data in
memory, laid out as every run of it would."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from daemon.assembly import make_feed
from daemon.check import Plan
from daemon.feeds.port import HistoricalFeed
from daemon.research.lookahead.futures import Cut
from daemon.research.lookahead.knowing import Prices
from daemon.research.timeline import Timeline, TimelineWriter
from trading.instruments import negative_symbols
from trading.market_data import Bar, MarketEvent, Trade
from trading.sequencer import Sequencer
from trading.subscriptions import Subscription, event_type
from trading.warmup import needed_since, warm_up

_CHUNK = 4_096


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The plan of one strategy alone, and its data: `warming` are the bars that warm it up, in their order, and `warm`
    the same by symbol and interval; `laid` are all later events, each with whether the feed brought it, and `timeline`
    the same as columns. `heard` are the moments of those that the strategy hears, and `is_whole` says that the data
    ended before the most that was to be read."""

    plan: Plan
    strategy: str
    subscriptions: list[Subscription]
    feed: HistoricalFeed
    warming: list[Bar]
    warm: Mapping[tuple[str, int], list[Bar]]
    laid: list[tuple[MarketEvent, bool]]
    timeline: Timeline
    heard: list[Cut]
    is_whole: bool
    seed: int

    @cached_property
    def prices(self) -> dict[str, Prices]:
        """By symbol all prices: closes, trades and bids."""
        found: dict[str, tuple[list[int], list[float]]] = {}
        for event, _ in self.laid:
            times, prices = found.setdefault(event.symbol, ([], []))
            times.append(event.ts_ns)
            prices.append(_price(event))
        return {symbol: Prices(np.array(times), np.array(prices)) for symbol, (times, prices) in found.items()}


def read_stage(plan: Plan, *, most: int, seed: int) -> Stage:
    """Read the data of a plan with one strategy; of the feed so many events at most, those of symbols that matter to
    it. BadData for files that cannot be used."""
    (described,) = plan.descriptions
    strategy, subscriptions = described.id, described.subscriptions
    feed = make_feed(plan)
    sequencer = Sequencer(
        offers=feed.offers,
        subscriptions=subscriptions,
        fill_empty=plan.settings.feed.fill_empty_bars,
        may_be_negative=negative_symbols(plan.instruments),
    )
    hearing = {strategy: subscriptions}
    past = feed.warmup(needed_since(hearing, feed.start_ns))
    warming = [heard.bar for heard in warm_up(sequencer, hearing, past, feed.start_ns)]
    warm: dict[tuple[str, int], list[Bar]] = {}
    for bar in warming:
        warm.setdefault((bar.symbol, bar.interval_ns), []).append(bar)
    events, is_whole = _read(feed, _symbols(plan, subscriptions), most)
    laid: list[tuple[MarketEvent, bool]] = []
    writer = TimelineWriter()
    for begin in range(0, len(events), _CHUNK):
        runs = list(sequencer.runs(events[begin : begin + _CHUNK]))
        laid.extend((one, of_feed) for run, of_feed in runs for one in run)
        writer.add(runs)
    last = sequencer.bars_until(sequencer.last_ns)
    laid.extend((bar, False) for bar in last)
    writer.add_last(last)
    wanted = {(event_type(one.kind), one.symbol, one.interval_ns) for one in subscriptions}
    return Stage(
        plan=plan,
        strategy=strategy,
        subscriptions=subscriptions,
        feed=feed,
        warming=warming,
        warm=warm,
        laid=laid,
        timeline=writer.finished(),
        heard=[Cut(place, event.ts_ns) for place, (event, _) in enumerate(laid) if _key(event) in wanted],
        is_whole=is_whole,
        seed=seed,
    )


def _price(event: MarketEvent) -> float:
    if type(event) is Bar:
        return event.close
    return event.price if type(event) is Trade else event.bid


def _key(event: MarketEvent) -> tuple[type, str, int]:
    return type(event), event.symbol, event.interval_ns if type(event) is Bar else 0


def _symbols(plan: Plan, subscriptions: list[Subscription]) -> set[str]:
    """What it hears, what that is valued by, and what may be a rate of exchange."""
    heard = {one.symbol for one in subscriptions}
    marks = {plan.instruments[symbol].mark_symbol for symbol in heard}
    rates = {symbol for symbol, instrument in plan.instruments.items() if instrument.base is not None}
    return heard | marks | rates


def _read(feed: HistoricalFeed, symbols: set[str], most: int) -> tuple[list[MarketEvent], bool]:
    events: list[MarketEvent] = []
    for event in feed.events():
        if event.symbol in symbols:
            if len(events) == most:
                return events, False
            events.append(event)
    return events, True
