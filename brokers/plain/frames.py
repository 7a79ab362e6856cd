"""The frames of the plain protocol's order stream, and the messages in them. It does no I/O."""

from typing import Annotated

import msgspec

from brokers.plain.rows import FillRow, Moment, OrderRow
from trading.timestamps import LAST_NS
from trading.venue.messages import BustTold, FillTold, OrderTold, Unreadable, VenueMessage


class Hello(msgspec.Struct, frozen=True, tag="hello", kw_only=True):
    """The stream begins: frames after `seq` follow, one at least in each `heartbeat_ns`."""

    heartbeat_ns: Annotated[int, msgspec.Meta(gt=0, le=LAST_NS)]
    time: Moment = 0
    seq: int = 0


class Challenge(msgspec.Struct, frozen=True, tag="challenge", kw_only=True):
    """The first thing that is said: the nonce is to be signed."""

    nonce: str


class _Frame(msgspec.Struct, kw_only=True):
    type: str
    time: Moment = 0
    seq: int = 0
    order: msgspec.Raw = msgspec.Raw(b"null")
    fill: msgspec.Raw = msgspec.Raw(b"null")


class _Named(msgspec.Struct):
    cid: str = ""


_OPENING: "msgspec.json.Decoder[Hello | Challenge]" = msgspec.json.Decoder(Hello | Challenge)
_FRAME, _NAMED = msgspec.json.Decoder(_Frame), msgspec.json.Decoder(_Named)
_ORDER, _FILL = msgspec.json.Decoder(OrderRow), msgspec.json.Decoder(FillRow)


def opening_of(frame: bytes) -> Hello | Challenge:
    """One of the two frames with which a stream opens; ValueError for anything else."""
    return _OPENING.decode(frame)


class Heard(msgspec.Struct, frozen=True):
    """A frame's number among all of the venue, 0 where it has none, and what it says, without a message id; None of a
    heartbeat."""

    seq: int
    message: VenueMessage | None


def heard(frame: bytes) -> Heard:
    """What a frame says."""
    raw, seq = frame.decode(errors="backslashreplace"), 0
    try:
        found = _FRAME.decode(frame)
        seq = found.seq
        match found.type:
            case "heartbeat":
                return Heard(seq, None)
            case "order":
                order = _ORDER.decode(found.order).told()
                return Heard(seq, OrderTold(message_id="", venue_ns=found.time, raw=raw, order=order))
            case "fill":
                fill = _FILL.decode(found.fill).told()
                return Heard(seq, FillTold(message_id="", venue_ns=found.time, raw=raw, fill=fill))
            case "bust":
                fill = _FILL.decode(found.fill).told()
                return Heard(seq, BustTold(message_id="", venue_ns=found.time, raw=raw, fill=fill))
        reason = f"a frame of type {found.type!r}"
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        reason = f"a frame that cannot be read: {error}"
    return Heard(seq, Unreadable(message_id="", raw=raw, reason=reason, cid=_cid_in(frame)))


def _cid_in(frame: bytes) -> str:
    """Of which order a frame is that cannot be read, as far as can be told."""
    for name in ("order", "fill"):
        try:
            found = msgspec.json.decode(frame, type=dict[str, msgspec.Raw])
            if name in found:
                return _NAMED.decode(found[name]).cid
        except (msgspec.DecodeError, ValueError, RecursionError):
            continue
    return ""
