"""What the journal holds: the account's step records, and beside them the daemon's own.

The daemon's own records stand between steps. A step's records end with its Commit; step records that are followed by
one of the daemon's own, or by the end, belong to a step that never was. They stay in the log and are read by nobody.
"""

from typing import Any, NamedTuple

import msgspec

from trading.account.records import StepRecord


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag="opened"):
    """A life of the daemon began. `epoch` is the fencing epoch of its wire ids, `tape` the reference to the market
    data, `fleet` the normalised part of the config that the journal is the truth for: account, instruments, strategies.
    Each new segment repeats it at its head, so that the newest segment tells all that a start needs."""

    epoch: int
    opened_ns: int
    build: str
    mode: str
    tape: dict[str, Any]
    fleet: dict[str, Any]


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, tag="snapshot"):
    """Everything that is needed to go on after event number `event`, encoded by who took it."""

    event: int
    state: bytes


class Closed(msgspec.Struct, frozen=True, kw_only=True, tag="closed"):
    """A life of the daemon ended in good order."""

    reason: str


DaemonRecord = Opened | Snapshot | Closed
Record = StepRecord | Opened | Snapshot | Closed


class Entry(NamedTuple):
    """A record and its place in the log; sequences begin with 1 and have no gaps."""

    sequence: int
    record: Record
