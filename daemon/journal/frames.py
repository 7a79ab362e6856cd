"""The frame around each record, version 1. Integers are little-endian.

    offset  bytes
    0       3      "BHJ"
    3       1      version
    4       4      length n of the payload
    8       8      sequence
    16      8      acknowledged: the last sequence that was safe when this frame was written
    24      16     seal of the frame before; zeros in the first of all
    40      n      payload: the record as msgpack, a map with its type first
    40+n    16     seal: BLAKE2b of all bytes before it

The seal is checksum and chain in one. `acknowledged` tells a crash from damage: writes that no barrier had acknowledged
may survive a power cut in any order, so an intact frame after a broken one is damage only if it acknowledges that one.
"""

from hashlib import blake2b
from struct import Struct
from typing import Final, NamedTuple

MAGIC: Final = b"BHJ"
VERSION: Final = 1
SEAL_BYTES: Final = 16
NO_SEAL: Final = bytes(SEAL_BYTES)

_HEADER: Final = Struct(f"<3sBIQQ{SEAL_BYTES}s")
OVERHEAD: Final = _HEADER.size + SEAL_BYTES


class Frame(NamedTuple):
    """One intact frame, and the offset that it was read from."""

    offset: int
    sequence: int
    acknowledged: int
    previous: bytes
    payload: bytes
    seal: bytes

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return OVERHEAD + len(self.payload)


class BrokenFrame(Exception):
    """These bytes are no frame; the message says why."""


class NewerFrame(BrokenFrame):
    """A frame of a version that this build does not know: never to be taken for the torn end of a log."""


def encode(sequence: int, acknowledged: int, previous: bytes, payload: bytes) -> bytes:
    """The bytes of a frame; its seal is the last SEAL_BYTES of them."""
    body = _HEADER.pack(MAGIC, VERSION, len(payload), sequence, acknowledged, previous) + payload
    return body + blake2b(body, digest_size=SEAL_BYTES).digest()


def decode(data: bytes, offset: int) -> Frame:
    """The frame at an offset; BrokenFrame when there is none."""
    if len(data) - offset < _HEADER.size:
        raise BrokenFrame(f"the file ends inside a header, {len(data) - offset} of {_HEADER.size} bytes")
    magic, version, length, sequence, acknowledged, previous = _HEADER.unpack_from(data, offset)
    if magic != MAGIC:
        raise BrokenFrame(f"no frame begins here: {magic!r} in place of {MAGIC!r}")
    if version > VERSION:
        raise NewerFrame(f"the frame has version {version}; this build reads {VERSION}")
    if version < VERSION:
        raise BrokenFrame(f"the frame has version {version}, which never was")
    start = offset + _HEADER.size
    end = start + length
    if len(data) < end + SEAL_BYTES:
        raise BrokenFrame(f"the file ends inside a frame, {len(data) - offset} of {length + OVERHEAD} bytes")
    seal = data[end : end + SEAL_BYTES]
    if blake2b(data[offset:end], digest_size=SEAL_BYTES).digest() != seal:
        raise BrokenFrame("the frame's seal does not fit its bytes")
    return Frame(offset, sequence, acknowledged, previous, data[start:end], seal)
