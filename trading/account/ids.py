"""Client order ids of the wire: 18 characters of [a-z0-9] that tell whose an order is without any journal.

    bk  tag  epoch    sequence
    2   4    8        4         characters

`tag` is a hash of the strategy's id, `epoch` the fencing epoch (Unix milliseconds at the daemon's start), `sequence` a
counter within it; number parts are base 36. When the counter is exhausted the epoch moves on by one millisecond.
"""

import hashlib
import string
from collections.abc import Iterable
from typing import Final, Protocol

import msgspec

from trading.errors import InvalidClientOrderId

PREFIX: Final = "bk"
_DIGITS: Final = string.digits + string.ascii_lowercase
_PAIRS: Final = tuple(high + low for high in _DIGITS for low in _DIGITS)
_TAG, _EPOCH, _SEQUENCE = 4, 8, 4
_LENGTH: Final = len(PREFIX) + _TAG + _EPOCH + _SEQUENCE


def _base36(number: int, width: int) -> str:
    digits = ""
    while len(digits) < width:
        number, pair = divmod(number, 36 * 36)
        digits = _PAIRS[pair] + digits
    return digits[-width:]


def tag_of(strategy: str) -> str:
    """The four characters that stand for a strategy; two ids may collide, which `check` refuses."""
    return _base36(int.from_bytes(hashlib.blake2b(strategy.encode(), digest_size=8).digest()), _TAG)


class DecodedId(msgspec.Struct, frozen=True, kw_only=True):
    """What a client order id says by itself. `epoch_ms` is in Unix milliseconds."""

    strategy: str
    epoch_ms: int
    sequence: int


def decode(cid: str, strategies: Iterable[str]) -> DecodedId:
    """Read a client order id with no more than the strategies' ids; InvalidClientOrderId when it is not one of ours."""
    if len(cid) != _LENGTH or not cid.startswith(PREFIX) or not set(cid) <= set(_DIGITS):
        raise InvalidClientOrderId(f"{cid!r} is not a client order id of Bulkhead")
    tag, epoch, sequence = cid[2:6], cid[6:14], cid[14:]
    for strategy in strategies:
        if tag_of(strategy) == tag:
            return DecodedId(strategy=strategy, epoch_ms=int(epoch, 36), sequence=int(sequence, 36))
    raise InvalidClientOrderId(f"{cid!r} carries the tag {tag!r} of no strategy that is known here")


class IdSource(Protocol):
    """Where the router gets the next client order id from."""

    def next(self, strategy: str) -> str:
        """An id that was never given before."""


class ClientOrderIds:
    """Gives ids under one fencing epoch, in Unix milliseconds, which no earlier start may have used."""

    def __init__(self, epoch_ms: int) -> None:
        self.epoch_ms = epoch_ms
        self._sequence = 0
        self._heads: dict[tuple[str, int], str] = {}

    def next(self, strategy: str) -> str:
        """The next id of this epoch, or the first of the next one."""
        if self._sequence == 36**_SEQUENCE:
            self.epoch_ms += 1
            self._sequence = 0
        cid = self._head(strategy) + _base36(self._sequence, _SEQUENCE)
        self._sequence += 1
        return cid

    def _head(self, strategy: str) -> str:
        """What all ids of a strategy in this epoch begin with."""
        head = self._heads.get((strategy, self.epoch_ms))
        if head is None:
            head = self._heads[strategy, self.epoch_ms] = PREFIX + tag_of(strategy) + _base36(self.epoch_ms, _EPOCH)
        return head
