"""Reading the log: its entries from any sequence on, the last record of a kind, and where a writer goes on."""

from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import msgspec

from daemon.disk import Disk
from daemon.journal.frames import NO_SEAL, Frame
from daemon.journal.records import Entry, Record
from daemon.journal.segments import Scan, Segment, damaged, find_segments, scan

RecordT = TypeVar("RecordT", bound=Record)

_DECODER: Final[msgspec.msgpack.Decoder[Record]] = msgspec.msgpack.Decoder(Record)


class Tail(NamedTuple):
    """The end of the log. `torn` says why and how many bytes behind it were cut, and is empty where there were none."""

    segment: Segment | None
    offset: int
    sequence: int
    seal: bytes
    torn_bytes: int
    torn: str


class JournalReader:
    """The log as it was on the disk when first read. JournalDamaged from every method, where damage is met.

    It makes no difference whether a crash left half a record or nothing of it: the log ends before it."""

    def __init__(self, disk: Disk, directory: Path) -> None:
        self.disk = disk
        self.directory = directory
        self.segments = find_segments(disk, directory)

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """The entries with sequences above `after`, in order; seals are checked from the first segment read on."""
        index = max(0, bisect_right(self.segments, after + 1, key=lambda segment: segment.first) - 1)
        previous: bytes | None = None
        for number in range(index, len(self.segments)):
            frames = self._scan(number, previous).frames
            for frame in frames:
                if frame.sequence > after:
                    yield Entry(frame.sequence, self._record(number, frame))
            if frames:
                previous = frames[-1].seal

    def last(self, kind: type[RecordT]) -> tuple[int, RecordT] | None:
        """Sequence and record of the last of a kind, searched from the newest segment backwards."""
        for number in reversed(range(len(self.segments))):
            for frame in reversed(self._scan(number, None).frames):
                record = self._record(number, frame)
                if isinstance(record, kind):
                    return frame.sequence, record
        return None

    @cached_property
    def tail(self) -> Tail:
        """Where the log ends."""
        if not self.segments:
            return Tail(None, 0, 0, NO_SEAL, 0, "")
        newest = self.segments[-1]
        end = self._newest
        seal = end.frames[-1].seal if end.frames else self._seal_before_newest()
        torn = f"{newest.path}: {end.rest} bytes after byte {end.end} were cut: {end.fault}" if end.fault else ""
        return Tail(newest, end.end, newest.first + len(end.frames) - 1, seal, end.rest, torn)

    @cached_property
    def _newest(self) -> Scan:
        segment = self.segments[-1]
        return scan(segment, self.disk.read(segment.path), NO_SEAL if segment.first == 1 else None)

    def _seal_before_newest(self) -> bytes:
        """The newest segment is still empty: a crash came while it was begun."""
        if len(self.segments) == 1:
            return NO_SEAL
        return self._scan(len(self.segments) - 2, None).frames[-1].seal

    def _scan(self, number: int, previous: bytes | None) -> Scan:
        segment = self.segments[number]
        if number == len(self.segments) - 1:
            found = self._newest
            if previous is not None and found.frames and found.frames[0].previous != previous:
                raise damaged(segment, 0, segment.first, "the frame does not carry the seal of the segment before")
            return found
        found = scan(segment, self.disk.read(segment.path), NO_SEAL if segment.first == 1 else previous)
        after = segment.first + len(found.frames)
        if found.fault:
            raise damaged(segment, found.end, after, found.fault)
        if self.segments[number + 1].first != after:
            raise damaged(
                segment, found.end, after, f"it is missing; the next segment is {self.segments[number + 1].path}"
            )
        return found

    def _record(self, number: int, frame: Frame) -> Record:
        try:
            return _DECODER.decode(frame.payload)
        except msgspec.MsgspecError as error:
            why = f"this build cannot read what the record says: {error}"
            raise damaged(self.segments[number], frame.offset, frame.sequence, why) from error
