"""Why something that a live feed brings can be no market data. Nothing is repaired: it is left out as if it had never
come, and the feed's health knows of it."""

import math
from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.timestamps import LAST_NS

_PRICES: Final[Mapping[type, tuple[str, ...]]] = {
    Quote: ("bid", "ask"),
    Trade: ("price",),
    Bar: ("open", "high", "low", "close"),
}
_SIZES: Final[Mapping[type, tuple[str, ...]]] = {Quote: ("bid_size", "ask_size"), Trade: ("size",), Bar: ("volume",)}
_WORD: Final = 1 << 63
_LONGEST: Final = 40

EventT = TypeVar("EventT", bound=MarketEvent)


def flaw_of(event: MarketEvent, *, may_be_negative: bool) -> str:
    """What is wrong with an event, in words; empty where nothing is.

    Prices are finite and above zero, or finite where they may be negative; an empty side of a quote is zero. Sizes are
    finite and not negative. A number is exactly a float, or an int of a machine's word: a text, a Decimal or some
    library's own kind of float has no place in the journal. A bid above the ask is no flaw but trouble of the market.
    """
    if _is_usual(event):
        return ""
    if not _is_time(event.ts_ns):
        return _told("time", event.ts_ns)
    for name in _PRICES[type(event)]:
        price = getattr(event, name)
        if not _is_finite(price):
            return _told(name, price)
        if not may_be_negative and (price < 0 or (not price and type(event) is not Quote)):
            return _told(name, price)
    for name in _SIZES[type(event)]:
        size = getattr(event, name)
        if not _is_finite(size) or size < 0:
            return _told(name, size)
    return _out_of_range(event) if type(event) is Bar else ""


def in_floats(event: EventT) -> EventT:
    """The same event, whole numbers as floats: as the journal will give it back."""
    if _is_usual(event):
        return event
    names = (*_PRICES[type(event)], *_SIZES[type(event)])
    return msgspec.structs.replace(event, **{name: float(getattr(event, name)) for name in names})


def _is_usual(event: MarketEvent) -> bool:
    """Whether nothing can be wrong with a tick, by what nearly all of them pass."""
    if type(event) is Quote:
        bid, ask, bid_size, ask_size = event.bid, event.ask, event.bid_size, event.ask_size
        return (
            type(bid) is type(ask) is type(bid_size) is type(ask_size) is float
            and 0.0 < bid < math.inf
            and 0.0 < ask < math.inf
            and 0.0 <= bid_size < math.inf
            and 0.0 <= ask_size < math.inf
            and _is_time(event.ts_ns)
        )
    if type(event) is Trade:
        price, size = event.price, event.size
        is_number = type(price) is type(size) is float
        return is_number and 0.0 < price < math.inf and 0.0 <= size < math.inf and _is_time(event.ts_ns)
    return False


def _is_time(ts_ns: object) -> bool:
    return type(ts_ns) is int and 0 <= ts_ns <= LAST_NS


def _is_finite(number: object) -> bool:
    return (type(number) is float and math.isfinite(number)) or (type(number) is int and -_WORD <= number < _WORD)


def _out_of_range(bar: Bar) -> str:
    if bar.low <= min(bar.open, bar.close) and max(bar.open, bar.close) <= bar.high:
        return ""
    return f"its open {bar.open} or close {bar.close} lies outside of its low {bar.low} and high {bar.high}"


def _told(name: str, value: object) -> str:
    """`its bid is nan`; of a value that is no number also what it is."""
    shown = ascii(value)
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."
    return f"its {name} is {shown}" + ("" if type(value) in (int, float) else f", a {type(value).__name__}")
