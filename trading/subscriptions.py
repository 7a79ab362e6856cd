"""What a strategy wants to hear."""

import enum
from collections.abc import Mapping
from typing import Final

import msgspec

from trading.market_data import Bar, MarketEvent, Quote, Trade


class DataKind(enum.StrEnum):
    """The kinds of market data."""

    BARS = "bars"
    QUOTES = "quotes"
    TRADES = "trades"


def event_type(kind: DataKind) -> type[MarketEvent]:
    """What the data of a kind comes as."""
    return _EVENT_TYPES[kind]


_EVENT_TYPES: Final[Mapping[DataKind, type[MarketEvent]]] = {
    DataKind.BARS: Bar,
    DataKind.QUOTES: Quote,
    DataKind.TRADES: Trade,
}


class Subscription(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One symbol's data of one kind. `interval_ns` is zero but for bars; `warmup` is bars heard before the start, and
    the last `keep` of them stay at hand."""

    symbol: str
    kind: DataKind
    interval_ns: int = 0
    warmup: int = 0
    keep: int = 0
