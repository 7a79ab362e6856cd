"""What a strategy hears. Times are nanoseconds since the epoch, UTC; prices and sizes are floats as in the data.

These are made by the million, so they are positional, frozen and outside the garbage collector."""

import math
from collections.abc import Container
from typing import ClassVar, final

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

    interval_ns: ClassVar[int] = 0
    symbol: str
    ts_ns: int
    bid: float
    ask: float
    bid_size: float
    ask_size: float


@final
class Trade(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="trade"):
    """One trade of the market, size in units."""

    interval_ns: ClassVar[int] = 0
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


def reference_price(event: MarketEvent, may_be_negative: Container[str] = ()) -> float | None:
    """What a position is marked at: the middle of a quote, the price of a trade, the close of a bar.

    None where there is none: an empty side of a quote comes as zero or not a number. A price at or below zero is one
    only for the symbols of which it may be; whether it was meant, the feed has judged.
    """
    if type(event) is Bar:
        price = event.close
    elif type(event) is Quote:
        price = (event.bid + event.ask) / 2 if event.bid > 0.0 and event.ask > 0.0 else 0.0
    else:
        price = event.price
    if 0.0 < price < math.inf:
        return price
    return _signed_price(event) if event.symbol in may_be_negative else None


def _signed_price(event: MarketEvent) -> float | None:
    """The same where no more is asked of a price than that it is finite; also then a quote's side of zero is empty."""
    if type(event) is Quote:
        price = (event.bid + event.ask) / 2 if event.bid and event.ask else math.nan
    else:
        price = event.price if type(event) is Trade else event.close
    return price + 0.0 if math.isfinite(price) else None  # which makes a zero of a negative zero
