"""What the golden files of the journal hold: one record of each kind, and a small journal."""

import msgspec

from daemon.journal.frames import NO_SEAL, encode
from daemon.journal.log import Journal
from daemon.journal.reader import JournalReader
from daemon.journal.records import Record
from tests.simulation.clock import SimulatedClock
from tests.simulation.disk import SimulatedDisk
from tests.simulation.journal import (
    DIRECTORY,
    amend,
    breaker_changed,
    cancel,
    closed,
    commands_taken,
    commit,
    conflated,
    filled,
    noted,
    opened,
    operation,
    posted,
    refused,
    snapshot,
    step,
    submit,
    taped,
    trip,
    valued,
)
from tests.venue_builders import an_intent, at_venue
from trading.account.records import FeedTold, LifeBegan, LifeEnds, TimePassed, VenueHeard
from trading.commands import WireSubmit
from trading.feed_news import Disconnected
from trading.timestamps import SECOND
from trading.venue.messages import OrderTold

INTENT = WireSubmit(cid="bkdc1b000000rs0000", terms=an_intent(1).terms)

RECORDS: dict[str, Record] = {
    "opened": opened(),
    "snapshot": snapshot(),
    "closed": closed(),
    "wire_submit": submit(),
    "wire_cancel": cancel(),
    "wire_amend": amend(),
    "refused": refused(),
    "trip": trip(),
    "reported": filled(),
    "noted": noted(),
    "posted": posted(),
    "valued": valued(),
    "operation": operation(),
    "breaker_changed": breaker_changed(),
    "commands_taken": commands_taken(),
    "feed_told": FeedTold(news=Disconnected("the connection was lost", 5 * SECOND)),
    "life_began": LifeBegan(epoch_ms=1_767_623_400_000, ts_ns=5 * SECOND),
    "life_ends": LifeEnds(ts_ns=8 * SECOND),
    "time_passed": TimePassed(ts_ns=7 * SECOND),
    "venue_heard": VenueHeard(
        message=OrderTold(message_id="r7", venue_ns=6 * SECOND, raw="{}", order=at_venue(INTENT), request=7),
        ts_ns=6 * SECOND,
    ),
    "commit": commit(),
    "taped": taped(),
    "conflated": conflated(),
}

SMALL: list[Record] = [*step(1), snapshot(1), *step(2), *step(3), closed()]


def frame_files() -> dict[str, bytes]:
    """A frame of each kind, by file name."""
    encoder = msgspec.msgpack.Encoder()
    return {f"{kind}.frame": encode(1, 0, NO_SEAL, encoder.encode(record)) for kind, record in RECORDS.items()}


def journal_files() -> dict[str, bytes]:
    """A journal of two segments, by file name."""
    disk = SimulatedDisk()
    journal = Journal(
        JournalReader(disk, DIRECTORY), opened(), clock=SimulatedClock(), durability="power", segment_bytes=1_280
    )
    for record in SMALL:
        journal.append(record)
        journal.barrier()
    journal.close()
    return {name: disk.read(DIRECTORY / name) for name in disk.list(DIRECTORY)}
