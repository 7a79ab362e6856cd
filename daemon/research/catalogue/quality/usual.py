"""What is usual in a series: the pause between two rows and the move of the price, as medians."""

from collections.abc import Iterable
from itertools import pairwise
from operator import sub, truediv

import msgspec

from daemon.research.catalogue.quality.batches import Batch
from daemon.research.catalogue.quality.medians import Median
from trading.market_data import Bar, MarketEvent, Quote


class Usual(msgspec.Struct, frozen=True, kw_only=True):
    """`rows` are those that can be; first and last are their times. `pause_ns`, `move` and `range`, shares of a price,
    are medians without the zeros, None where there is none. `has_volume`: any row has a size."""

    rows: int
    first_ns: int | None
    last_ns: int | None
    pause_ns: float | None
    move: float | None
    range: float | None
    has_volume: bool


def measure(batches: Iterable[Batch]) -> Usual:
    """Look at a whole series once."""
    pauses, moves, ranges = Median(), Median(), Median()
    rows, first_ns, last_ns, has_volume = 0, None, None, False
    for batch in batches:
        if not batch.events:
            continue
        times, prices = batch.times, batch.prices
        pauses.add(filter(None, map(sub, times[1:], times)))
        moves.add(filter(None, moves_of(prices)))
        ranges.add(filter(None, map(range_of, batch.events)))
        rows += len(batch.events)
        first_ns = times[0] if first_ns is None else first_ns
        last_ns = times[-1]
        has_volume = has_volume or any(map(_size_of, batch.events))
    return Usual(
        rows=rows,
        first_ns=first_ns,
        last_ns=last_ns,
        pause_ns=pauses.value,
        move=moves.value,
        range=ranges.value,
        has_volume=has_volume,
    )


def moves_of(prices: list[float]) -> list[float]:
    """How far each price but the first is from the one before, as a share of that; zero after one that is not above
    zero, of which nothing is a share."""
    if min(prices, default=0.0) > 0.0:
        return [abs(ratio - 1.0) for ratio in map(truediv, prices[1:], prices)]
    return [abs(price / before - 1.0) if before > 0.0 else 0.0 for before, price in pairwise(prices)]


def range_of(event: MarketEvent) -> float:
    """How far a bar's high is from its low, as a share of that; zero where nothing is."""
    return event.high / event.low - 1.0 if isinstance(event, Bar) and event.low > 0.0 else 0.0


def _size_of(event: MarketEvent) -> float:
    if isinstance(event, Quote):
        return event.bid_size + event.ask_size
    return event.volume if isinstance(event, Bar) else event.size
