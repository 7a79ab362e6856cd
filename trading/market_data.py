"""What a strategy hears. Times are nanoseconds since the epoch, UTC; prices and sizes are floats as in the data.

These are made by the million, so they are positional, frozen and outside the garbage collector."""

import math
from typing import final

import msgspec


@final
class Bar(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="bar"):
    """Open, high, low, close of one complete interval. `ts_ns` is its close; it covers [ts_ns - interval_ns, ts_ns)."""

    symbol: str
    ts_ns: int
    interval_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float


@final
class Quote(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="quote"):
    """Best bid and ask with their sizes in units."""

    symbol: str
    ts_ns: int
    bid: float
    ask: float
    bid_size: float
    ask_size: float


@final
class Trade(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="trade"):
    """One trade of the market, size in units."""

    symbol: str
    ts_ns: int
    price: float
    size: float


@final
class Timer(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="timer"):
    """A strategy's own alarm; only that strategy hears it."""

    strategy: str
    ts_ns: int
    name: str


MarketEvent = Bar | Quote | Trade
Event = Bar | Quote | Trade | Timer


def reference_price(event: MarketEvent) -> float | None:
    """What a position is marked at: the middle of a quote, the price of a trade, the close of a bar.

    None where there is none: an empty side of a quote comes as zero or not a number.
    """
    if type(event) is Quote:
        price = (event.bid + event.ask) / 2 if event.bid > 0.0 and event.ask > 0.0 else 0.0
    else:
        price = event.price if type(event) is Trade else event.close
    return price if 0.0 < price < math.inf else None
