"""The past, as far as strategies want to hear it before their first event."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from trading.market_data import Bar, MarketEvent
from trading.sequencer import Sequencer
from trading.subscriptions import DataKind, Subscription


class Warming(msgspec.Struct, frozen=True):
    """A bar of the past, for those who asked for that much warm-up."""

    bar: Bar
    subscribers: tuple[str, ...]


def warm_up(
    sequencer: Sequencer,
    subscriptions: Mapping[str, Sequence[Subscription]],
    past: Iterable[MarketEvent],
    until_ns: int,
) -> Iterator[Warming]:
    """Build the bars of the past; of each subscription the last `warmup` bars that close by `until_ns` come out.

    The bars that are open at the end stay in the sequencer.
    """
    wanted: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for strategy, asked in subscriptions.items():
        for one in asked:
            if one.kind is DataKind.BARS and one.warmup:
                since_ns = until_ns - one.warmup * one.interval_ns
                wanted.setdefault((one.symbol, one.interval_ns), []).append((strategy, since_ns))
    for event in _in_order(sequencer, past, until_ns):
        if isinstance(event, Bar):
            after = wanted.get((event.symbol, event.interval_ns), ())
            hearing = tuple(strategy for strategy, since_ns in after if event.ts_ns > since_ns)
            if hearing:
                yield Warming(event, hearing)


def needed_since(subscriptions: Mapping[str, Sequence[Subscription]], until_ns: int) -> dict[str, int]:
    """By symbol, the time from which the past is needed, so that every wanted bar is built of all its ticks."""
    since: dict[str, int] = {}
    for asked in subscriptions.values():
        for one in asked:
            if one.kind is DataKind.BARS:
                begin_ns = (until_ns // one.interval_ns - one.warmup) * one.interval_ns
                since[one.symbol] = min(since.get(one.symbol, until_ns), begin_ns)
    return since


def _in_order(sequencer: Sequencer, past: Iterable[MarketEvent], until_ns: int) -> Iterator[MarketEvent]:
    for event in past:
        yield from sequencer.lay_out(event)
    yield from sequencer.bars_until(until_ns)
