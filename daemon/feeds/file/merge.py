"""Several files as one stream, a run of events at a time: by time, rank, interval, place of the symbol, and row."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, Final

from daemon.feeds.file.lane import Lane, Position
from daemon.feeds.file.layout import DataFile
from trading.market_data import MarketEvent
from trading.sequencer import Offer
from trading.subscriptions import DataKind, event_type

_EVER: Final = 1 << 64
_RANKED: Final = (DataKind.BARS, DataKind.QUOTES, DataKind.TRADES)

Key = Callable[[MarketEvent], Any]


class Merge:
    """Takes the events of lanes in their one order; what is not decided yet waits until its lane is read on."""

    def __init__(self, lanes: Sequence[Lane], key: Key) -> None:
        self.lanes = lanes
        self._key = key

    def runs(self) -> Iterator[tuple[list[Position], list[MarketEvent]]]:
        """Runs of events, each with where the lanes stand before it; the last one may be empty."""
        horizon_ns = 0
        while horizon_ns < _EVER:
            horizon_ns = self._horizon()
            positions = [lane.position for lane in self.lanes]
            parts = [lane.take_before(horizon_ns) for lane in self.lanes]
            yield positions, sorted(chain.from_iterable(parts), key=self._key)

    def _horizon(self) -> int:
        """The time up to which everything is at hand, with something before it if there is anything left."""
        while open_lanes := [lane for lane in self.lanes if not lane.ended]:
            to_read = [lane for lane in open_lanes if lane.first_ns is None]
            if not to_read:
                horizon_ns = min(lane.last_ns for lane in open_lanes)
                if any(lane.first_ns is not None and lane.first_ns < horizon_ns for lane in self.lanes):
                    return horizon_ns
                to_read = [lane for lane in open_lanes if lane.last_ns == horizon_ns]
            for lane in to_read:
                lane.read()
        return _EVER


def arranged(files: Sequence[DataFile]) -> tuple[list[DataFile], Key]:
    """Files in an order, and a key by which a stable sort of their events, one after the other, is the order of events.

    Where each file has one symbol, their order decides between events of one time, and the key is the time alone.
    """
    offers = offers_of(files)
    ranks = {
        (kind, symbol): (rank, offer.bar_interval_ns if kind is DataKind.BARS else 0, place)
        for rank, kind in enumerate(_RANKED)
        for place, (symbol, offer) in enumerate(offers.items())
    }
    if all(len(file.symbols) == 1 for file in files):
        return sorted(files, key=lambda file: ranks[file.data, file.symbols[0]]), attrgetter("ts_ns")
    by_type = {(event_type(kind), symbol): rank for (kind, symbol), rank in ranks.items()}
    return list(files), lambda event: (event.ts_ns, by_type[type(event), event.symbol])


def offers_of(files: Sequence[DataFile]) -> dict[str, Offer]:
    """What files bring of each symbol, in the order in which they name it."""
    offers: dict[str, Offer] = {}
    for file in files:
        for symbol in file.symbols:
            before = offers.get(symbol, Offer())
            offers[symbol] = Offer(
                quotes=before.quotes or file.data is DataKind.QUOTES,
                trades=before.trades or file.data is DataKind.TRADES,
                bar_interval_ns=before.bar_interval_ns or file.interval_ns,
            )
    return offers
