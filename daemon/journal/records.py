"""What the journal holds: the account's step records, and beside them the daemon's own.

The daemon's own records stand between steps. A step's records end with its Commit; step records that are followed by
one of the daemon's own, or by the end, belong to a step that never was. They stay in the log and are read by nobody.
"""

from typing import Any, NamedTuple

import msgspec

from trading.account.records import StepRecord
from trading.market_data import MarketEvent


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
    """Everything that is needed to go on after event number `event`, encoded by who took it.

    What has happened since begins after the record of sequence `since`; where that is 0, after this one."""

    event: int
    state: bytes
    since: int = 0


class Closed(msgspec.Struct, frozen=True, kw_only=True, tag="closed"):
    """A life of the daemon ended in good order."""

    reason: str


class Reached(msgspec.Struct, frozen=True, array_like=True, tag="reached"):
    """So late it was, on a live feed: what was due by then was carried."""

    ts_ns: int


TapedInput = MarketEvent | Reached


class Taped(msgspec.Struct, frozen=True, kw_only=True, tag="taped"):
    """What a live feed brought, in the order in which it was carried, with the venue's own times (0 where it has none).
    The steps that came of the last of these follow."""

    inputs: list[TapedInput]
    venue_ns: list[int]


class Conflated(msgspec.Struct, frozen=True, kw_only=True, tag="conflated"):
    """Quotes that a container which lagged was not told, by the numbers of their events."""

    strategy: str
    events: list[int]


DaemonRecord = Opened | Snapshot | Closed | Taped | Conflated
Record = StepRecord | Opened | Snapshot | Closed | Taped | Conflated


class Entry(NamedTuple):
    """A record and its place in the log; sequences begin with 1 and have no gaps."""

    sequence: int
    record: Record
