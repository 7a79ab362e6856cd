"""The whole log looked at: `bulkhead journal verify` and `export`."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from daemon.journal.reader import JournalReader
from daemon.journal.records import Snapshot
from daemon.journal.steps import Group, gather
from trading.account.records import Commit
from trading.timestamps import iso


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What a sound log holds. `first_sequence` is above 1 where old segments were moved away, and 0 in an empty log;
    `torn` tells of bytes cut from its end, `discarded_steps` and `discarded_records` of steps without their Commit."""

    segments: int
    records: int
    first_sequence: int
    last_sequence: int
    steps: int
    snapshots: int
    discarded_steps: int
    discarded_records: int
    torn_bytes: int
    torn: str


def verify(reader: JournalReader) -> Verification:
    """Check every seal, sequence and record; JournalDamaged at the first that is not as it was written."""
    first = last = records = steps = snapshots = discarded_steps = discarded_records = 0
    for entries, is_committed in gather(reader.entries()):
        first = first or entries[0].sequence
        last = entries[-1].sequence
        records += len(entries)
        if not is_committed:
            discarded_steps += 1
            discarded_records += len(entries)
        steps += isinstance(entries[-1].record, Commit)
        snapshots += isinstance(entries[-1].record, Snapshot)
    return Verification(
        segments=len(reader.segments),
        records=records,
        first_sequence=first,
        last_sequence=last,
        steps=steps,
        snapshots=snapshots,
        discarded_steps=discarded_steps,
        discarded_records=discarded_records,
        torn_bytes=reader.tail.torn_bytes,
        torn=reader.tail.torn,
    )


_DURATIONS: Final = frozenset({"dead_man_ns", "every_ns", "limit_ns", "retry_after_ns", "timeout_ns"})


def export(reader: JournalReader) -> Iterator[str]:
    """The log as lines of JSON: money as strings, bytes as base64, each time `*_ns` as ISO-8601 without that ending,
    wherever it stands; how long something is to take stays in nanoseconds."""
    for group in gather(reader.entries()):
        yield from _lines(group)


def _lines(group: Group) -> Iterator[str]:
    for sequence, record in group.entries:
        line = {"sequence": sequence, "committed": group.committed, **readable(record)}
        yield msgspec.json.encode(line).decode()


def readable(fact: msgspec.Struct) -> dict[str, Any]:
    """A record, or what is in one, as plain values under the names that people read."""
    tag = fact.__struct_config__.tag
    shown: dict[str, Any] = {} if tag is None else {"record": tag}
    for name, value in msgspec.structs.asdict(fact).items():
        is_time = name.endswith("_ns") and name not in _DURATIONS
        shown[name.removesuffix("_ns") if is_time else name] = _shown(value, is_time=is_time)
    return shown


def _shown(value: Any, *, is_time: bool) -> Any:
    if isinstance(value, msgspec.Struct):
        return readable(value)
    if isinstance(value, list | tuple):
        return [_shown(one, is_time=is_time) for one in value]
    return iso(value) if is_time and value is not None else value
