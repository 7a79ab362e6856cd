"""What the daemon and its watching process say to each other: packets whose first byte is their kind.

Over their socket pair the daemon says what to watch, then beats, and at a clean stop goodbye; the watching process
answers with whether it watches, then echoes each beat. On its own socket the watching process is asked for a halt by a
line of JSON and answers in lines.
"""

import json
import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

READY: Final = b"r"
BUSY: Final = b"y"
REFUSED: Final = b"x"
ECHO: Final = b"e"
GOODBYE: Final = b"g"

LONGEST_PACKET: Final = 128 * 1024
LONGEST_LINE: Final = 8 * 1024

_WATCH: Final = b"w"
_BEAT: Final = b"b"
_PLACES: Final = struct.Struct("!cQQ?")

OnCrash = Literal["leave", "cancel"]


class Watching(NamedTuple):
    """What is to be done for a daemon that cannot do it any more.

    `canceller` is `module:function`: called with `options`, which are JSON and hold no secret but name its file, it
    cancels at the venue and says in lines what it cancelled. `on_crash` says what becomes of the orders of a daemon
    that ended without a goodbye; one that gives no sign for `silence_seconds` is ended, and they are cancelled.
    """

    canceller: str
    options: Mapping[str, object] = MappingProxyType({})
    on_crash: OnCrash = "leave"
    silence_seconds: float = 1.0


class Watch(NamedTuple):
    """The first word: whose heartbeat this is, where the flag and the socket for people are, and what to do."""

    pid: int
    flag: str
    socket: str
    watching: Watching


class Beat(NamedTuple):
    """A heartbeat: how far events and the journal are, and whether the halt is in the journal."""

    events: int
    sequence: int
    halted: bool


def watch_packet(watch: Watch) -> bytes:
    """The first packet."""
    watching = {**watch.watching._asdict(), "options": dict(watch.watching.options)}
    return _WATCH + json.dumps({**watch._asdict(), "watching": watching}).encode()


def to_watch(packet: bytes) -> Watch:
    """The first packet read; ValueError for what is none."""
    if packet[:1] != _WATCH:
        raise ValueError("the first word does not say what to watch")
    fields: dict[str, Any] = json.loads(packet[1:])
    return Watch(**{**fields, "watching": Watching(**fields["watching"])})


def beat_packet(beat: Beat) -> bytes:
    """A heartbeat as a packet."""
    return _PLACES.pack(_BEAT, beat.events, beat.sequence, beat.halted)


def to_beat(packet: bytes) -> Beat | None:
    """A heartbeat read; None for a packet of another kind."""
    if len(packet) != _PLACES.size or packet[:1] != _BEAT:
        return None
    _, events, sequence, halted = _PLACES.unpack(packet)
    return Beat(events, sequence, halted)


def line(**fields: object) -> bytes:
    """A line of the socket for people."""
    return json.dumps(fields).encode() + b"\n"


def from_line(text: bytes) -> dict[str, Any]:
    """A line read; ValueError for what is no JSON object."""
    fields = json.loads(text)
    if not isinstance(fields, dict):
        raise ValueError("not an object")  # noqa: TRY004  (whoever reads a line knows one error)
    return fields
