"""What the supervisor and the processes of its strategies say to each other.

Between the supervisor and a child goes a stream of frames, 4 bytes of length (little-endian) and one message; between
the supervisor and the forkserver each message is a packet of its own. A message is a msgpack array with its tag first:
nothing that is read here is ever executed.

    to a child       answered by
    Open             Opened | Failed
    Start            Started
    Warm             nothing
    Run              Heard
    Hear             Heard, once or more; the last one has `done`
    Seal             nothing
    Beat             Vital
    Snapshot         State | Unsupported
    Restore          Started | Unsupported
    RestoreBooks     Done
    Close            its end
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from struct import Struct
from typing import Any, Final, TypeVar

import msgspec

from trading.commands import Command
from trading.container import ContainerState
from trading.instruments import Instrument
from trading.limits import RiskLimits, Sizing
from trading.postings import Report
from trading.subscriptions import Subscription

LONGEST_FRAME: Final = 64 * 2**20
"""Bytes of a message; whoever announces more is not speaking this language."""

PROGRESS: Final = 64
"""After so many events heard in silence a child says that it is still there."""

_LENGTH: Final = Struct("<I")

MessageT = TypeVar("MessageT")


class Garbage(Exception):
    """What came is not what is spoken here; the message says why."""


class Message(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=str.lower):
    """Anything that is said."""


# To a child.


class Open(Message, frozen=True, kw_only=True):
    """Load the class and build the container; the first message. The fields are those of its spec, files count from
    `folder`."""

    strategy: str
    reference: str
    folder: str
    params: dict[str, Any]
    capital: dict[str, Decimal]
    timeframe_ns: int
    warmup: int
    limits: RiskLimits
    sizing: Sizing | None
    instruments: dict[str, Instrument]


class Start(Message, frozen=True):
    """Start the strategy."""

    now_ns: int


class Warm(Message, frozen=True):
    """Let it hear the past: a packed array of bars."""

    bars: msgspec.Raw


class Run(Message, frozen=True):
    """The past is over."""


class Hear(Message, frozen=True):
    """Hear the reports, then a packed array of events. Unless it is let run free, it stops after the first event by
    which there is a command, and leaves the rest of the frame unheard. Let run free, it says at the end that it
    has heard only if it is to give a `sign`."""

    reports: list[Report]
    events: msgspec.Raw
    free: bool
    sign: bool = True


class Seal(Message, frozen=True):
    """Close the container from outside."""

    reason: str


class Beat(Message, frozen=True):
    """Say how you are."""

    number: int


class Snapshot(Message, frozen=True):
    """Give your state."""


class Restore(Message, frozen=True):
    """Go on from a state."""

    state: msgspec.Raw


class RestoreBooks(Message, frozen=True):
    """Take over the orders and the portfolio of a state; Start follows."""

    state: msgspec.Raw


class Close(Message, frozen=True):
    """End."""


ToChild = Open | Start | Warm | Run | Hear | Seal | Beat | Snapshot | Restore | RestoreBooks | Close


# From a child.


class Opened(Message, frozen=True):
    """The container is there."""


class Failed(Message, frozen=True):
    """It cannot be made, in words for people."""

    reason: str


class Started(Message, frozen=True):
    """What the strategy hears from now on, and what it asked for."""

    subscriptions: list[Subscription]
    commands: list[Command]


class Heard(Message, frozen=True):
    """So many events of the last frame are heard, and what was asked for since the answer before."""

    events: int
    commands: list[Command]
    done: bool = True


class Vital(Message, frozen=True):
    """A heartbeat, with the digest of the books after so many reports."""

    number: int
    life: ContainerState
    reports: int
    digest: str


class State(Message, frozen=True):
    """A snapshot, of plain values."""

    state: msgspec.Raw


class Unsupported(Message, frozen=True):
    """The state cannot be kept, or not restored, in words for people."""

    reason: str


class Done(Message, frozen=True):
    """It is done."""


FromChild = Opened | Failed | Started | Heard | Vital | State | Unsupported | Done


# To the forkserver and back.


class Spawn(Message, frozen=True):
    """Fork a child for a strategy. Two descriptors come along: the child's end of its socket, and its log."""

    strategy: str


class Signal(Message, frozen=True):
    """Send a child a signal, if it is still there; SIGKILL goes to its whole group."""

    pid: int
    number: int


ToForkserver = Spawn | Signal


class Ready(Message, frozen=True):
    """It has imported what children need."""


class Spawned(Message, frozen=True):
    """A child is there; answers to Spawn come in the order of the requests."""

    pid: int


class NotSpawned(Message, frozen=True):
    """There is no room for another process."""

    reason: str


class Ended(Message, frozen=True):
    """A child has ended: its exit code, or the negative number of the signal that ended it."""

    pid: int
    exit_code: int


FromForkserver = Ready | Spawned | NotSpawned | Ended


_ENCODER: Final = msgspec.msgpack.Encoder()
_TO_CHILD: Final[msgspec.msgpack.Decoder[ToChild]] = msgspec.msgpack.Decoder(ToChild)
_FROM_CHILD: Final[msgspec.msgpack.Decoder[FromChild]] = msgspec.msgpack.Decoder(FromChild)
_TO_FORKSERVER: Final[msgspec.msgpack.Decoder[ToForkserver]] = msgspec.msgpack.Decoder(ToForkserver)
_FROM_FORKSERVER: Final[msgspec.msgpack.Decoder[FromForkserver]] = msgspec.msgpack.Decoder(FromForkserver)

encoded: Final = _ENCODER.encode
"""An event or a state as msgpack, or a message as a packet."""


def frame(message: Message) -> bytes:
    """A message as it goes through a stream."""
    body = _ENCODER.encode(message)
    assert len(body) <= LONGEST_FRAME, f"a message of {len(body):,} bytes"
    return _LENGTH.pack(len(body)) + body


def packed(items: Sequence[bytes]) -> msgspec.Raw:
    """Encoded values as one array, none of them decoded."""
    count = len(items)
    if count < 16:
        header = bytes((0x90 | count,))
    elif count < 2**16:
        header = b"\xdc" + count.to_bytes(2)
    else:
        header = b"\xdd" + count.to_bytes(4)
    return msgspec.Raw(header + b"".join(items))


NO_EVENTS: Final = packed(())


def to_child(body: bytes) -> ToChild:
    """The message of a frame to a child; Garbage for anything else."""
    return _decoded(_TO_CHILD, body)


def from_child(body: bytes) -> FromChild:
    """The message of a child's frame; Garbage for anything else."""
    return _decoded(_FROM_CHILD, body)


def to_forkserver(body: bytes) -> ToForkserver:
    """The message of a packet to the forkserver; Garbage for anything else."""
    return _decoded(_TO_FORKSERVER, body)


def from_forkserver(body: bytes) -> FromForkserver:
    """The message of the forkserver's packet; Garbage for anything else."""
    return _decoded(_FROM_FORKSERVER, body)


class FrameReader:
    """Cuts a stream into the bodies of its frames, however the bytes arrive.

    Iterating takes the bodies that are complete, and may be broken off and begun again. Garbage when a frame announces
    more than LONGEST_FRAME bytes; whatever came before it has been given.
    """

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take what came."""
        self._held += data

    def __iter__(self) -> Iterator[bytes]:
        held, start = self._held, 0
        try:
            while len(held) - start >= _LENGTH.size:
                body = start + _LENGTH.size
                (length,) = _LENGTH.unpack_from(held, start)
                if length > LONGEST_FRAME:
                    raise Garbage(f"a frame of {length:,} bytes; the longest is {LONGEST_FRAME:,}")
                end = body + length
                if end > len(held):
                    break
                start = end
                yield bytes(memoryview(held)[body:end])
        finally:
            del held[:start]


def _decoded(decoder: msgspec.msgpack.Decoder[MessageT], body: bytes) -> MessageT:
    try:
        return decoder.decode(body)
    except (ValueError, RecursionError) as error:
        raise Garbage(f"a message that is none: {error}")
