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
    "commands_taken": commands_taken(),
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
