"""The writer of the log. There is one, and it never tries a failed write or sync again: what a device did with the data
after an error, nobody knows."""

from collections.abc import Callable
from typing import Final, Literal, NoReturn

import msgspec

from daemon.clock import Clock
from daemon.disk import DiskFile
from daemon.errors import DiskError, JournalFailed
from daemon.journal.frames import SEAL_BYTES, encode
from daemon.journal.reader import JournalReader, Tail
from daemon.journal.records import DaemonRecord, Entry, Opened, Record, Snapshot
from daemon.journal.segments import segment_at
from trading.account.records import Commit, StepRecord

Durability = Literal["power", "process"]
"""What acknowledged records survive: a power cut, or the end of the process."""

SEGMENT_BYTES: Final = 4 * 1024 * 1024
"""A segment is ended by the first step that reaches this size, counted from after its first snapshot, which may itself
be as large. A start reads a segment in about 0.2 s."""

_BETWEEN_STEPS: Final = Commit | DaemonRecord


class Meter(msgspec.Struct):
    """What a writer has done since it opened the log, and the slowest sync since somebody last took it."""

    bytes: int = 0
    syncs: int = 0
    sync_ns: int = 0
    slowest_sync_ns: int = 0

    def note_sync(self, took_ns: int) -> None:
        """A sync is done."""
        self.syncs += 1
        self.sync_ns += took_ns
        self.slowest_sync_ns = max(self.slowest_sync_ns, took_ns)

    def take_slowest_ns(self) -> int:
        """How long the slowest sync took since last asked; 0 where there was none."""
        took_ns, self.slowest_sync_ns = self.slowest_sync_ns, 0
        return took_ns


class Journal:
    """Appends records and, at a barrier, makes them safe. JournalFailed from every call after one that failed.

    Made, it goes on where the reader found the end, in place of a torn tail; its first record, `opened`, is then safe.
    `on_safe` is told each entry, in order, once it is safe. `snapshot_due` is true from the start of a life or of a
    segment until a Snapshot is appended: who can take one should, between steps, so that recovery reads one segment.
    """

    def __init__(
        self,
        reader: JournalReader,
        opened: Opened,
        *,
        clock: Clock,
        durability: Durability,
        segment_bytes: int = SEGMENT_BYTES,
        on_safe: Callable[[Entry], None] | None = None,
    ) -> None:
        self.meter = Meter()
        self.snapshot_due = True
        self._disk = reader.disk
        self._directory = reader.directory
        self._opened = opened
        self._clock = clock
        self._sync_at_barrier = durability == "power"
        self._segment_bytes = segment_bytes
        self._on_safe = on_safe
        self._encoder = msgspec.msgpack.Encoder()
        self._between_steps = True
        self._failure: DiskError | None = None
        self._buffer = bytearray()
        self._unsafe: list[Entry] = []
        tail = reader.tail
        self._offset = tail.offset
        self._head = 0
        self._sequence = self._acknowledged = tail.sequence
        self._seal = tail.seal
        self._file: DiskFile
        self._guard(lambda: self._take_up(tail))
        self._put(opened)
        self.barrier()

    @property
    def _end(self) -> int:
        """Where the next frame begins."""
        return self._offset + len(self._buffer)

    @property
    def sequence(self) -> int:
        """The last sequence that was appended."""
        return self._sequence

    @property
    def safe_sequence(self) -> int:
        """The last sequence that a barrier has made safe."""
        return self._acknowledged

    def append(self, record: Record) -> int:
        """Take a record and return its sequence. It is safe after the next barrier."""
        if self._failure:
            self._refuse()
        if self._between_steps and self._end - self._head >= self._segment_bytes:
            self._guard(self._rotate)
        self._between_steps = isinstance(record, _BETWEEN_STEPS)
        sequence = self._put(record)
        if isinstance(record, Snapshot) and self.snapshot_due:
            self.snapshot_due = False
            self._head = self._end
        return sequence

    def record(self, record: StepRecord) -> None:
        """Take a record of a step."""
        self.append(record)

    def barrier(self) -> None:
        """Return once everything appended is safe, as the durability asks."""
        self._guard(self._settle)

    def close(self) -> None:
        """Make everything appended durable, whatever the durability, and let go of the file."""
        self._guard(self._finish)

    def _put(self, record: Record) -> int:
        self._sequence += 1
        frame = encode(self._sequence, self._acknowledged, self._seal, self._encoder.encode(record))
        self._seal = frame[-SEAL_BYTES:]
        self._buffer += frame
        if self._on_safe:
            self._unsafe.append(Entry(self._sequence, record))
        return self._sequence

    def _settle(self) -> None:
        if self._buffer:
            self._write()
            if self._sync_at_barrier:
                self._sync()
            self._acknowledge()

    def _write(self) -> None:
        self._file.write_at(bytes(self._buffer), self._offset)
        self._offset += len(self._buffer)
        self.meter.bytes += len(self._buffer)
        self._buffer.clear()

    def _sync(self) -> None:
        began_ns = self._clock.monotonic_ns()
        self._file.sync()
        self.meter.note_sync(self._clock.monotonic_ns() - began_ns)

    def _acknowledge(self) -> None:
        self._acknowledged = self._sequence
        if self._on_safe:
            safe, self._unsafe = self._unsafe, []
            for entry in safe:
                self._on_safe(entry)

    def _take_up(self, tail: Tail) -> None:
        if tail.segment is None:
            self._disk.make_directory(self._directory)
            self._begin_segment()
            return
        self._file = self._disk.open(tail.segment.path)
        if tail.torn_bytes:
            self._file.write_at(bytes(tail.torn_bytes), tail.offset)
        # What was read may lie in the cache that a killed life left; the next frame will claim that it is safe.
        self._sync()
        self._disk.sync_directory(self._directory)

    def _begin_segment(self) -> None:
        self._file = self._disk.create(segment_at(self._directory, self._sequence + 1).path, self._segment_bytes)
        self._sync()
        self._disk.sync_directory(self._directory)
        self._offset = self._head = 0
        self.snapshot_due = True

    def _rotate(self) -> None:
        """End the segment, synced as a whole, and begin the next with this life's Opened."""
        self._finish()
        self._begin_segment()
        self._put(self._opened)

    def _finish(self) -> None:
        if self._buffer:
            self._write()
        self._sync()
        self._acknowledge()
        self._file.close()

    def _guard(self, work: Callable[[], None]) -> None:
        if self._failure:
            self._refuse()
        try:
            work()
        except DiskError as error:
            self._failure = error
            self._refuse()

    def _refuse(self) -> NoReturn:
        assert self._failure is not None
        raise JournalFailed(
            f"the journal stopped after record {self._acknowledged}: {self._failure}", mend=self._failure.mend
        ) from self._failure
