"""All events of a run in their order, kept as columns: what a skipping backtest looks ahead in."""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from daemon.assembly import Lap, unheeded
from daemon.feeds.file.blocks import BarArrays
from trading.market_data import Bar, MarketEvent, Quote, Trade

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

FIELDS: Final[dict[type, tuple[str, ...]]] = {
    Bar: ("open", "high", "low", "close", "volume"),
    Quote: ("bid", "ask", "bid_size", "ask_size"),
    Trade: ("price", "size"),
}

_FIRST_ROOM: Final = 1_024


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
        self.columns: list[Floats] = [np.empty(0) for _ in FIELDS[key.kind]]

    def __len__(self) -> int:
        return len(self.ts_ns)

    def event(self, row: int) -> MarketEvent:
        """One event as it was brought."""
        values = [column.item(row) for column in self.columns]
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
            lowest = np.minimum(np.minimum(low, open_), close)
            highest = np.maximum(np.maximum(high, open_), close)
            return _same(low, lowest), _same(high, highest)
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


class Growing:
    """An array that grows in its place, by a sixteenth: a large one is moved by the system, so that there is never a
    second copy of it, as there is of parts that are joined in the end."""

    def __init__(self, dtype: type) -> None:
        self._room: NDArray[Any] = np.empty(_FIRST_ROOM, dtype=dtype)
        self._count = 0

    def add(self, values: NDArray[Any]) -> None:
        """Put values behind those that are there."""
        begin, self._count = self._count, self._count + len(values)
        if self._count > len(self._room):
            self._room.resize(max(self._count, len(self._room) + len(self._room) // 16), refcheck=False)
        self._room[begin : self._count] = values

    def finished(self) -> NDArray[Any]:
        """All of them; no more are to come."""
        self._room.resize(self._count, refcheck=False)
        return self._room


class TimelineWriter:
    """Gathers events chunk by chunk into a timeline. Of each event nothing but its numbers is kept."""

    def __init__(self) -> None:
        self._series: dict[tuple[type, str, int], int] = {}
        self._of_feed: list[bool] = []
        self._columns: list[list[Growing]] = []
        self._codes = Growing(np.uint16)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, runs: Iterable[tuple[Sequence[MarketEvent], bool]], lap: Lap = unheeded) -> None:
        """Take a feed's next events with the bars that are due between them, as a sequencer lays them out in runs."""
        events: list[MarketEvent] = []
        of_feed: list[bool] = []
        for run, fed in runs:
            events += run
            of_feed += [fed] * len(run)
        lap("bars")
        self._take(events, of_feed)
        lap("timeline")

    def add_bars(self, symbol: str, interval_ns: int, bars: BarArrays) -> None:
        """Take a feed's next bars of one symbol, between which no others are derived."""
        code, count = self._code_of((Bar, symbol, interval_ns), of_feed=True), len(bars.times)
        self._codes.add(np.full(count, code, dtype=np.uint16))
        for column, values in zip(
            self._columns[code],
            (bars.times, np.arange(self._count, self._count + count), *bars.columns),
            strict=True,
        ):
            column.add(values)
        self._count += count

    def add_last(self, bars: Sequence[Bar]) -> None:
        """Take the bars that are due when the feed has ended."""
        self._take(bars, [False] * len(bars))

    def finished(self) -> Timeline:
        """All of it."""
        timeline = Timeline()
        timeline.codes = self._codes.finished()
        for known, code in self._series.items():
            series = Series(SeriesKey(*known), of_feed=self._of_feed[code])
            series.ts_ns, series.places, *series.columns = (column.finished() for column in self._columns[code])
            timeline.series.append(series)
        timeline.ts_ns = _all_times(timeline.series, self._count)
        return timeline

    def _take(self, events: Sequence[MarketEvent], of_feed: Sequence[bool]) -> None:
        if not events:
            return
        codes = self._codes_of(events, of_feed)
        self._codes.add(codes)
        for code in np.unique(codes).tolist():
            places = np.flatnonzero(codes == code)
            chosen = events if len(places) == len(events) else [events[place] for place in places.tolist()]
            times, stands, *columns = self._columns[code]
            times.add(np.fromiter(map(_TIME, chosen), dtype=np.int64, count=len(chosen)))
            stands.add(places + self._count)
            for column, field in zip(columns, FIELDS[type(chosen[0])], strict=True):
                column.add(_column(chosen, field))
        self._count += len(events)

    def _codes_of(self, events: Sequence[MarketEvent], of_feed: Sequence[bool]) -> NDArray[np.uint16]:
        """The number of each event's series; one of which none was known is new."""
        keys = list(map(_KEY, events))
        known, met = self._series, dict(zip(keys, of_feed, strict=True))
        for key, fed in met.items():
            self._code_of(key, of_feed=fed)
        if len(met) == 1:
            return np.full(len(keys), known[keys[0]], dtype=np.uint16)
        return np.fromiter(map(known.__getitem__, keys), dtype=np.uint16, count=len(keys))

    def _code_of(self, key: tuple[type, str, int], *, of_feed: bool) -> int:
        known = self._series
        if key not in known:
            known[key] = len(known)
            self._of_feed.append(of_feed)
            floats = [Growing(np.float64) for _ in FIELDS[key[0]]]
            self._columns.append([Growing(np.int64), Growing(np.int64), *floats])
        return known[key]


_TIME: Final = attrgetter("ts_ns")
_KEY: Final[Callable[[MarketEvent], tuple[type, str, int]]] = attrgetter("__class__", "symbol", "interval_ns")


def _column(events: Sequence[Any], field: str) -> Floats:
    return np.fromiter(map(attrgetter(field), events), dtype=np.float64, count=len(events))


def _same(kept: Floats, made: Floats) -> Floats:
    """What was made, or what there is where that is the same: two are not kept of it."""
    return kept if np.array_equal(kept, made) else made


def _all_times(series: Sequence[Series], count: int) -> Integers:
    """The times of all events by their places."""
    if len(series) == 1:
        return series[0].ts_ns
    times: Integers = np.empty(count, dtype=np.int64)
    for one in series:
        times[one.places] = one.ts_ns
    return times
