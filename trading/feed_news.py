"""What befalls a live feed beside its events: an input like them, since what may be ordered depends on it.

An adapter tells of its connection and of what it has missed. Who watches it tells of a life's begin, of what came and
can be no data, and of time in which nothing came. `ts_ns` is when it was told; adapters leave it to who watches them.
"""

import msgspec

from trading.subscriptions import DataKind


class Connected(msgspec.Struct, frozen=True, array_like=True, tag="connected"):
    """A new connection is there, and everything that the feed offers has been asked for on it."""

    ts_ns: int = 0


class Disconnected(msgspec.Struct, frozen=True, array_like=True, tag="disconnected"):
    """There is no connection, or none to rely on: what ticks said before is old."""

    reason: str
    ts_ns: int = 0


class Gapped(msgspec.Struct, frozen=True, array_like=True, tag="gapped"):
    """Something of a symbol was missed, or what is held of its book is wrong."""

    symbol: str
    reason: str
    ts_ns: int = 0


class Resubscribed(msgspec.Struct, frozen=True, array_like=True, tag="resubscribed"):
    """A symbol's data, or all where none is named, was asked for anew, and how it stands now has been published."""

    symbol: str = ""
    ts_ns: int = 0


class SilenceLimit(msgspec.Struct, frozen=True, array_like=True):
    """How long one stream may be silent while its market is open, in nanoseconds."""

    symbol: str
    kind: DataKind
    limit_ns: int


class Begun(msgspec.Struct, frozen=True, array_like=True, tag="begun"):
    """A life begins to listen, and judges silence by these limits; a stream without one may be silent for ever."""

    limits: list[SilenceLimit]
    ts_ns: int


class Unfit(msgspec.Struct, frozen=True, array_like=True, tag="unfit"):
    """Something came that can be no data, and was left out."""

    symbol: str
    kind: DataKind
    reason: str
    ts_ns: int


class Quiet(msgspec.Struct, frozen=True, array_like=True, tag="quiet"):
    """It came to be so late, and nothing had come that says so."""

    ts_ns: int


AdapterNews = Connected | Disconnected | Gapped | Resubscribed
FeedNews = AdapterNews | Begun | Unfit | Quiet
