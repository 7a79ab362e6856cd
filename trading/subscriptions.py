"""What a strategy wants to hear."""

import enum

import msgspec


class DataKind(enum.StrEnum):
    """The kinds of market data."""

    BARS = "bars"
    QUOTES = "quotes"
    TRADES = "trades"


class Subscription(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One symbol's data of one kind. `interval_ns` is zero but for bars; `warmup` is bars heard before the start."""

    symbol: str
    kind: DataKind
    interval_ns: int = 0
    warmup: int = 0
