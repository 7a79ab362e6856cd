"""Order books from a snapshot and what changes since, in the manner of OKX's channel `books`: each change names the one
before it, and a checksum of the best levels says whether both sides still hold the same book
(https://www.okx.com/docs-v5/en/#order-book-trading-market-data-ws-order-book-channel).

Prices and sizes stay the texts that they came as, since the checksum is of those.
"""

from itertools import chain, zip_longest
from typing import Final, NamedTuple
from zlib import crc32

import msgspec

CHECKED_LEVELS: Final = 25
_NO_CHANGE_BEFORE: Final = -1

Level = tuple[str, str]
"""Price and size; a size of zero takes the level away."""


class Torn(Exception):
    """What is held is not the venue's book any more; the message says how that shows."""


class BookChange(msgspec.Struct, kw_only=True, rename="camel"):
    """A whole book, or what changed of it. `prev_seq_id` is -1 of a whole one; where a venue tells no sequence, all are
    -1. A level may have more to it than its price and size."""

    asks: list[list[str]]
    bids: list[list[str]]
    ts: str = "0"
    checksum: int | None = None
    seq_id: int = _NO_CHANGE_BEFORE
    prev_seq_id: int = _NO_CHANGE_BEFORE


class Best(NamedTuple):
    """Best bid and ask with their sizes; zeros for an empty side."""

    bid: float
    ask: float
    bid_size: float
    ask_size: float


class Book:
    """One symbol's book, as it was told."""

    def __init__(self) -> None:
        self._sizes: tuple[dict[str, str], dict[str, str]] = ({}, {})
        self._sequence = _NO_CHANGE_BEFORE

    def begin(self, whole: BookChange) -> None:
        """Take a whole book in place of what was held."""
        self._sizes = ({}, {})
        self._take(whole)

    def change(self, change: BookChange) -> None:
        """Take what changed; Torn where something before it is missing, or the checksum is another."""
        if change.prev_seq_id != self._sequence:
            raise Torn(
                f"change {change.seq_id} follows {change.prev_seq_id}, and {self._sequence} was the last to come"
            )
        self._take(change)

    def best(self) -> Best:
        """What a quote tells."""
        (bid, bid_size), (ask, ask_size) = (next(iter(levels), ("0", "0")) for levels in (self.bids(), self.asks()))
        return Best(float(bid), float(ask), float(bid_size), float(ask_size))

    def bids(self) -> list[Level]:
        """From the best on."""
        return sorted(self._sizes[0].items(), key=lambda level: -float(level[0]))

    def asks(self) -> list[Level]:
        """From the best on."""
        return sorted(self._sizes[1].items(), key=lambda level: float(level[0]))

    def checksum(self) -> int:
        """CRC-32, signed, of the best levels of both sides by turns."""
        turns = zip_longest(self.bids()[:CHECKED_LEVELS], self.asks()[:CHECKED_LEVELS], fillvalue=())
        unsigned = crc32(":".join(chain.from_iterable(chain.from_iterable(turns))).encode())
        return unsigned - (1 << 32) if unsigned >= 1 << 31 else unsigned

    def _take(self, change: BookChange) -> None:
        for sizes, levels in zip(self._sizes, (change.bids, change.asks), strict=True):
            for price, size, *_ in levels:
                if float(size):
                    sizes[price] = size
                else:
                    sizes.pop(price, None)
        self._sequence = change.seq_id
        if change.checksum is not None and change.checksum != self.checksum():
            raise Torn(f"the checksum is {self.checksum()}, and the venue's is {change.checksum}")
