"""The frames of a venue's combined stream, and the market data in them.

A frame is `{"stream": "btcusdt@trade", "data": {...}}`, or a list of such objects where many come at once. Streams are
`bookTicker` (best bid and ask), `trade` and `kline_1m` (bars; only complete ones are data). Fields are those of
https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams: prices are text, times milliseconds.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Annotated, Final

import msgspec

from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.sequencer import Offer
from trading.timestamps import MILLISECOND, format_interval

NO_MORE: Final = 4000
"""The close code by which the venue says that nothing will follow."""

_GREATEST: Final = 1e300
_YEAR_2100_MS: Final = 4_102_444_800_000

Positive = Annotated[float, msgspec.Meta(gt=0, le=_GREATEST)]
NotNegative = Annotated[float, msgspec.Meta(ge=0, le=_GREATEST)]
Moment = Annotated[int, msgspec.Meta(ge=0, le=_YEAR_2100_MS)]

logger = logging.getLogger(__name__)


class Envelope(msgspec.Struct, gc=False):
    """One piece of a stream."""

    stream: str
    data: msgspec.Raw


class BookTicker(
    msgspec.Struct, gc=False, rename={"bid": "b", "bid_size": "B", "ask": "a", "ask_size": "A", "at": "T"}
):
    """Best bid and ask; an empty side is zero. Spot markets tell no time."""

    bid: NotNegative
    bid_size: NotNegative
    ask: NotNegative
    ask_size: NotNegative
    at: Moment = 0


class TradeTick(msgspec.Struct, gc=False, rename={"price": "p", "size": "q", "at": "T"}):
    """One trade."""

    price: Positive
    size: NotNegative
    at: Moment


class Candle(
    msgspec.Struct,
    gc=False,
    rename={"begin": "t", "open": "o", "high": "h", "low": "l", "close": "c", "volume": "v", "complete": "x"},
):
    """A bar, complete or in progress."""

    begin: Moment
    open: Positive
    high: Positive
    low: Positive
    close: Positive
    volume: NotNegative
    complete: bool


class Kline(msgspec.Struct, gc=False, rename={"at": "E", "candle": "k"}):
    """What is sent of a bar, again and again until it is complete."""

    at: Moment
    candle: Candle


Told = tuple[MarketEvent, int]
"""An event, and the venue's own time for it in nanoseconds, zero where it tells none."""

Reader = Callable[[msgspec.Raw, int], Told | None]
"""From the data of one stream and the time of its receipt; ValueError when it is not what the stream should bring."""


class FrameReader:
    """Makes events of the frames of the streams that bring the offered data.

    What it does not understand is counted by kind in `misunderstood`, and logged at the first of its kind.
    """

    def __init__(self, offers: Mapping[str, Offer]) -> None:
        self.misunderstood: Counter[str] = Counter()
        self._decode = msgspec.json.Decoder(Envelope | list[Envelope]).decode
        self._readers = dict(reader for symbol, offer in offers.items() for reader in _readers(symbol, offer))

    @property
    def streams(self) -> list[str]:
        """The names of the streams, in the order of the offers."""
        return list(self._readers)

    def read(self, frame: bytes, received_ns: int, publish: Callable[[MarketEvent, int], None]) -> None:
        """Publish every event of a frame."""
        try:
            found = self._decode(frame)
        except (ValueError, RecursionError):
            self._count("frames that are no part of a combined stream", frame)
            return
        for envelope in found if isinstance(found, list) else (found,):
            told = self._told(envelope, received_ns)
            if told is not None:
                publish(*told)

    def _told(self, envelope: Envelope, received_ns: int) -> Told | None:
        reader = self._readers.get(envelope.stream)
        if reader is None:
            self._count("pieces of streams that were not asked for", envelope.stream.encode())
            return None
        try:
            return reader(envelope.data, received_ns)
        except ValueError:
            self._count("pieces that do not fit their stream", bytes(envelope.data))
            return None

    def _count(self, kind: str, example: bytes) -> None:
        self.misunderstood[kind] += 1
        if self.misunderstood[kind] == 1:
            logger.warning("the venue sends %s; they are counted and left out, the first is %r", kind, example[:200])


def _readers(symbol: str, offer: Offer) -> list[tuple[str, Reader]]:
    name, interval_ns = symbol.lower(), offer.bar_interval_ns
    readers = [(f"{name}@bookTicker", _quotes(symbol))] if offer.quotes else []
    readers += [(f"{name}@trade", _trades(symbol))] if offer.trades else []
    return readers + (
        [(f"{name}@kline_{format_interval(interval_ns)}", _bars(symbol, interval_ns))] if interval_ns else []
    )


def _quotes(symbol: str) -> Reader:
    decode = msgspec.json.Decoder(BookTicker, strict=False).decode

    def read(data: msgspec.Raw, received_ns: int) -> Told:
        tick = decode(data)
        return Quote(symbol, received_ns, tick.bid, tick.ask, tick.bid_size, tick.ask_size), tick.at * MILLISECOND

    return read


def _trades(symbol: str) -> Reader:
    decode = msgspec.json.Decoder(TradeTick, strict=False).decode

    def read(data: msgspec.Raw, received_ns: int) -> Told:
        tick = decode(data)
        return Trade(symbol, received_ns, tick.price, tick.size), tick.at * MILLISECOND

    return read


def _bars(symbol: str, interval_ns: int) -> Reader:
    decode = msgspec.json.Decoder(Kline, strict=False).decode
    last_ns = 0

    def read(data: msgspec.Raw, _received_ns: int) -> Told | None:
        nonlocal last_ns
        kline = decode(data)
        candle = kline.candle
        close_ns = candle.begin * MILLISECOND + interval_ns
        if close_ns % interval_ns:
            raise ValueError(f"a bar from {candle.begin} ms is not of the interval")
        if not candle.complete or close_ns <= last_ns:  # a new connection may tell the last bar again
            return None
        last_ns = close_ns
        prices = candle.open, candle.high, candle.low, candle.close
        return Bar(symbol, close_ns, interval_ns, *prices, candle.volume), kline.at * MILLISECOND

    return read
