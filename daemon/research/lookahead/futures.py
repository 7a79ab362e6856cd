"""Other futures: from a cut on the data ends, or has other prices; what came before is left as it was.

Both other futures are far off, so that whatever is reckoned of them is too: every later price is higher by about a
third, and each bar closes above its open; or lower, and below it. Volumes are ten times as large, or a tenth.
"""

import enum
import zlib
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from daemon.research.timeline import Floats, Series, Timeline
from trading.market_data import Bar, MarketEvent, Quote, Trade

LEVELS: Final = {"higher": 1.3, "lower": 0.7}
_WOBBLE: Final = 0.1
"""By what share of itself a later price strays from its level at most."""


class Future(enum.StrEnum):
    """What becomes of the data."""

    ENDS = "ends"
    HIGHER = "higher"
    LOWER = "lower"


class Cut(NamedTuple):
    """A moment: the place of the last event that is known, and its time."""

    place: int
    ts_ns: int


class Change(NamedTuple):
    """What is another after a cut, to the end or `until` another moment: bars, rows of files, or both."""

    future: Future
    after: Cut
    until: Cut | None = None
    of_bars: bool = True
    of_files: bool = True


def noise(seed: int, name: str, count: int) -> Floats:
    """So many numbers from -1 to 1, for what has that name the same each time."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())]).uniform(-1, 1, count)


def other_prices(prices: Floats, future: Future, stray: Floats) -> Floats:
    """Prices of another future."""
    return prices * (LEVELS[future] * (1 + _WOBBLE * stray))


def other_sizes(sizes: Floats, future: Future) -> Floats:
    """Volumes and sizes of it."""
    return (sizes + 1) * (10.0 if future is Future.HIGHER else 0.1)


def other_bars(columns: Sequence[Floats], future: Future, stray: Floats) -> list[Floats]:
    """Open, high, low, close and volume of it."""
    open_ = other_prices(columns[0], future, stray)
    size = np.abs(open_)
    body = size * (0.015 + 0.01 * stray)
    close = open_ + (body if future is Future.HIGHER else -body)
    high, low = np.maximum(open_, close) + size * 0.01, np.minimum(open_, close) - size * 0.01
    return [open_, high, low, close, other_sizes(columns[4], future)]


def other_timeline(timeline: Timeline, change: Change, seed: int) -> Timeline:
    """The bars of a timeline as they are after a change; of ticks it has none."""
    other = Timeline()
    other.series = [_other_series(series, change, seed) for series in timeline.series if series.key.kind is Bar]
    return other


def other_events(laid: Sequence[tuple[MarketEvent, bool]], change: Change) -> list[tuple[MarketEvent, bool]]:
    """Events as they are after a change, all of one time alike. Where they end, one more says that time goes on."""
    until_ns = laid[-1][0].ts_ns if change.until is None else change.until.ts_ns
    known = sum(event.ts_ns <= change.after.ts_ns for event, _ in laid)
    level = LEVELS[Future.HIGHER if change.future is Future.ENDS else change.future]
    later = laid[known : known + 1] if change.future is Future.ENDS else laid[known:]
    others = [(_other_event(event, level) if event.ts_ns <= until_ns else event, of_feed) for event, of_feed in later]
    return [*laid[:known], *others]


def _other_event(event: MarketEvent, level: float) -> MarketEvent:
    match event:
        case Bar(symbol, ts_ns, interval_ns, open_, high, low, close, volume):
            return Bar(symbol, ts_ns, interval_ns, open_ * level, high * level, low * level, close * level, volume)
        case Quote(symbol, ts_ns, bid, ask, bid_size, ask_size):
            return Quote(symbol, ts_ns, bid * level, ask * level, bid_size, ask_size)
        case Trade(symbol, ts_ns, price, size):
            return Trade(symbol, ts_ns, price * level, size)


def _other_series(series: Series, change: Change, seed: int) -> Series:
    other = Series(series.key, of_feed=series.of_feed)
    later = series.places > change.after.place
    if change.until is not None:
        later &= series.places <= change.until.place
    if change.future is Future.ENDS:
        other.ts_ns, other.places = series.ts_ns[~later], series.places[~later]
        other.columns = [column[~later] for column in series.columns]
        return other
    stray = noise(seed, f"{series.key.symbol} {series.key.interval_ns}", len(series))
    changed = other_bars(series.columns, change.future, stray)
    other.ts_ns, other.places = series.ts_ns, series.places
    other.columns = [np.where(later, new, old) for new, old in zip(changed, series.columns, strict=True)]
    return other
