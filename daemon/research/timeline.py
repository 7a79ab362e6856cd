"""All events of a run in their order, kept as columns: what a skipping backtest looks ahead in."""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trading.market_data import Bar, MarketEvent, Quote, Trade

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_FIELDS: Final[dict[type, tuple[str, ...]]] = {
    Bar: ("open", "high", "low", "close", "volume"),
    Quote: ("bid", "ask", "bid_size", "ask_size"),
    Trade: ("price", "size"),
}


class SeriesKey(NamedTuple):
    """What the events of a series have in common; `interval_ns` is 0 of ticks."""

    kind: type
    symbol: str
    interval_ns: int


class Series:
    """The events of one symbol and kind. `places` are where each stands among all events, `of_feed` tells whether the
    feed brought them, or they were derived."""

    def __init__(self, key: SeriesKey, *, of_feed: bool) -> None:
        self.key = key
        self.of_feed = of_feed
        self.ts_ns: Integers = np.empty(0, dtype=np.int64)
        self.places: Integers = np.empty(0, dtype=np.int64)
        self.columns: list[Floats] = [np.empty(0) for _ in _FIELDS[key.kind]]

    def __len__(self) -> int:
        return len(self.ts_ns)

    def event(self, row: int) -> MarketEvent:
        """One event as it was brought."""
        values = (column.item(row) for column in self.columns)
        ts_ns = self.ts_ns.item(row)
        if self.key.kind is Bar:
            return Bar(self.key.symbol, ts_ns, self.key.interval_ns, *values)
        return self.key.kind(self.key.symbol, ts_ns, *values)  # type: ignore[no-any-return]

    def row_from(self, place: int) -> int:
        """The first row that stands at a place among all events, or after it; as many as there are rows for none."""
        return int(self.places.searchsorted(place))

    def thinned(self, most: int, rows: int) -> list[tuple[int, float]]:
        """Times and prices of the first so many rows, as many of them as that at most, evenly apart: closes, trades, or
        bids."""
        step = max(1, -(-rows // most))
        prices = self.columns[3 if self.key.kind is Bar else 0]
        return list(zip(self.ts_ns[:rows:step].tolist(), prices[:rows:step].tolist(), strict=True))

    def span(self) -> tuple[Floats, Floats]:
        """The lowest and the highest price of each event."""
        if self.key.kind is Bar:
            open_, high, low, close, _ = self.columns
            return np.minimum(np.minimum(low, open_), close), np.maximum(np.maximum(high, open_), close)
        if self.key.kind is Quote:
            bid, ask, *_ = self.columns
            return np.minimum(bid, ask), np.maximum(bid, ask)
        return self.columns[0], self.columns[0]


class Timeline:
    """Events by their places, which count from 0."""

    def __init__(self) -> None:
        self.series: list[Series] = []
        self.codes: NDArray[np.uint16] = np.empty(0, dtype=np.uint16)
        self.ts_ns: Integers = np.empty(0, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.codes)

    def find(self, key: SeriesKey) -> Series | None:
        """The series of a key, if it has any event."""
        return next((one for one in self.series if one.key == key), None)

    def event(self, place: int) -> tuple[MarketEvent, bool]:
        """The event at a place, and whether the feed brought it."""
        series = self.series[self.codes.item(place)]
        return series.event(series.row_from(place)), series.of_feed

    def from_time(self, ts_ns: int, place: int) -> int:
        """The first place from one on whose event is of a time or later; the number of all for none. Events of a live
        feed aside, times never go back but for bars, which may be stamped a little earlier."""
        return place + int(self.ts_ns[place:].searchsorted(ts_ns))


LayOut = Callable[[MarketEvent], Sequence[MarketEvent]]


class TimelineWriter:
    """Gathers events chunk by chunk, and makes a timeline of them in the end. Of each event nothing but its numbers is
    kept."""

    def __init__(self) -> None:
        self._series: dict[SeriesKey, int] = {}
        self._of_feed: list[bool] = []
        self._parts: list[list[tuple[Integers, Integers, list[Floats]]]] = []
        self._codes: list[NDArray[np.uint16]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, chunk: Iterable[MarketEvent], lay_out: LayOut) -> None:
        """Take a feed's next events, each with the bars that are due before it."""
        laid = [(event, events[-1]) for fed in chunk for events in (lay_out(fed),) for event in events]
        self._take([event for event, _ in laid], [event is fed for event, fed in laid])

    def add_last(self, bars: Sequence[Bar]) -> None:
        """Take the bars that are due when the feed has ended."""
        self._take(bars, [False] * len(bars))

    def finished(self) -> Timeline:
        """All of it."""
        timeline = Timeline()
        timeline.codes = np.concatenate(self._codes) if self._codes else timeline.codes
        self._codes.clear()
        timeline.ts_ns = np.empty(self._count, dtype=np.int64)
        for key, code in self._series.items():
            series, parts = Series(key, of_feed=self._of_feed[code]), self._parts[code]
            series.ts_ns = np.concatenate([part[0] for part in parts])
            series.places = np.concatenate([part[1] for part in parts])
            series.columns = [
                np.concatenate([part[2][place] for part in parts]) for place in range(len(_FIELDS[key.kind]))
            ]
            parts.clear()
            timeline.ts_ns[series.places] = series.ts_ns
            timeline.series.append(series)
        return timeline

    def _take(self, events: Sequence[MarketEvent], of_feed: Sequence[bool]) -> None:
        if not events:
            return
        codes = [self._code(event, fed) for event, fed in zip(events, of_feed, strict=True)]
        self._codes.append(np.array(codes, dtype=np.uint16))
        for code in set(codes):
            own = [place for place, one in enumerate(codes) if one == code] if len(set(codes)) > 1 else None
            chosen = events if own is None else [events[place] for place in own]
            places = np.arange(len(events)) if own is None else np.array(own)
            fields = _FIELDS[type(chosen[0])]
            self._parts[code].append(
                (
                    np.fromiter(map(_TIME, chosen), dtype=np.int64, count=len(chosen)),
                    places + self._count,
                    [_column(chosen, field) for field in fields],
                )
            )
        self._count += len(events)

    def _code(self, event: MarketEvent, fed: bool) -> int:
        key = SeriesKey(type(event), event.symbol, event.interval_ns if type(event) is Bar else 0)
        code = self._series.get(key)
        if code is None:
            code = self._series[key] = len(self._series)
            self._of_feed.append(fed)
            self._parts.append([])
        return code


_TIME: Final = attrgetter("ts_ns")


def _column(events: Sequence[Any], field: str) -> Floats:
    return np.fromiter(map(attrgetter(field), events), dtype=np.float64, count=len(events))
