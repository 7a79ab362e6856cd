"""What a venue sends, as lines `<receive ns> <frame>`: recorded ones from a file, or made from a seed."""

import gzip
import random
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

from trading.timestamps import MILLISECOND, MINUTE, SECOND, format_interval

Line = tuple[int, str]
"""When a frame was received, in nanoseconds since the epoch, and the frame."""

_PREFIX: Final = '{"stream":"'


def recorded(file: Path) -> Iterator[Line]:
    """The lines of a file, which may be compressed by gzip."""
    opened = gzip.open if file.suffix == ".gz" else Path.open
    with opened(file, "rt") as lines:
        for line in lines:
            received_ns, _, frame = line.rstrip("\n").partition(" ")
            yield int(received_ns), frame


def at_rate(lines: Iterator[Line], rate: float) -> Iterator[Line]:
    """The same frames, so many a second."""
    return ((round(place * SECOND / rate), frame) for place, (_, frame) in enumerate(lines))


def stream_of(frame: str) -> str:
    """The stream that a frame belongs to; empty for one outside of the streams."""
    return frame[len(_PREFIX) : frame.index('"', len(_PREFIX))] if frame.startswith(_PREFIX) else ""


def generated(
    seed: int, symbols: Sequence[str], *, begin_ns: int, rate: float, bars_ns: int = MINUTE
) -> Iterator[Line]:
    """A random walk of each symbol in turn without end: `rate` quotes and trades a second, and its bars besides."""
    rng = random.Random(seed)
    markets = [_Market(symbol, rng, bars_ns) for symbol in symbols]
    for place in count():
        at_ns = begin_ns + round(place * SECOND / rate)
        market = markets[place % len(markets)]
        for frame in market.frames(at_ns):
            yield at_ns, frame


class _Market:
    """One symbol: a price in cents that walks, and the bar in progress."""

    def __init__(self, symbol: str, rng: random.Random, bars_ns: int) -> None:
        self._symbol, self._stream = symbol, symbol.lower()
        self._rng, self._bars_ns = rng, bars_ns
        self._cents = 10_000
        self._bar_ns = 0
        self._candle: _Candle | None = None

    def frames(self, at_ns: int) -> Iterator[str]:
        """The bar that is over by now, then a quote or a trade."""
        begin_ns = at_ns - at_ns % self._bars_ns
        if self._candle is not None and begin_ns > self._bar_ns:
            yield self._kline(self._candle, at_ns, complete=True)
            self._candle = None
        self._bar_ns = begin_ns
        if self._rng.random() < 0.5:
            self._cents = max(100, self._cents + self._rng.randint(-2, 2))
            yield self._quote()
        else:
            cents, size = self._cents + self._rng.randint(0, 1), self._rng.randint(1, 9)
            self._candle = _Candle.after(self._candle, cents, size)
            yield self._trade(cents, size, at_ns)
            if self._rng.random() < 0.1:
                yield self._kline(self._candle, at_ns, complete=False)

    def _quote(self) -> str:
        bid, ask = _price(self._cents), _price(self._cents + 1)
        sizes = self._rng.randint(1, 99), self._rng.randint(1, 99)
        data = f'{{"s":"{self._symbol}","b":"{bid}","B":"{sizes[0]}","a":"{ask}","A":"{sizes[1]}"}}'
        return f'{_PREFIX}{self._stream}@bookTicker","data":{data}}}'

    def _trade(self, cents: int, size: int, at_ns: int) -> str:
        at_ms = at_ns // MILLISECOND
        told = f'"s":"{self._symbol}","p":"{_price(cents)}","q":"{size}","T":{at_ms}'
        return f'{_PREFIX}{self._stream}@trade","data":{{"e":"trade","E":{at_ms},{told}}}}}'

    def _kline(self, candle: "_Candle", at_ns: int, *, complete: bool) -> str:
        told = ",".join(f'"{name}":"{_price(cents)}"' for name, cents in zip("ohlc", candle, strict=False))
        times = f'"t":{self._bar_ns // MILLISECOND},"T":{(self._bar_ns + self._bars_ns) // MILLISECOND - 1}'
        kline = f'{{{times},{told},"v":"{candle.volume}","x":{"true" if complete else "false"}}}'
        data = f'{{"e":"kline","E":{at_ns // MILLISECOND},"s":"{self._symbol}","k":{kline}}}'
        return f'{_PREFIX}{self._stream}@kline_{format_interval(self._bars_ns)}","data":{data}}}'


class _Candle(NamedTuple):
    """A bar in progress, its prices in cents."""

    open: int
    high: int
    low: int
    close: int
    volume: int

    @classmethod
    def after(cls, candle: "_Candle | None", cents: int, size: int) -> "_Candle":
        """The bar with one more trade in it."""
        if candle is None:
            return cls(cents, cents, cents, cents, size)
        return cls(candle.open, max(candle.high, cents), min(candle.low, cents), cents, candle.volume + size)


def _price(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
