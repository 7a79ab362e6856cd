"""The files of the log: `journal-<first sequence>.log`, each a run of frames in a file that was reserved in advance.

A segment ends where zeros begin. Only the newest may end in something else: what a crash left of writes that no barrier
had acknowledged. Older ones were synced as a whole before the next was begun.
"""

import re
from pathlib import Path
from typing import Final, NamedTuple

from daemon.disk import Disk
from daemon.errors import JournalDamaged
from daemon.journal.frames import MAGIC, BrokenFrame, Frame, NewerFrame, decode

_NAME: Final = re.compile(r"journal-(\d{16})\.log")


class Segment(NamedTuple):
    """One file of the log; `first` is the sequence of its first frame."""

    first: int
    path: Path


class Scan(NamedTuple):
    """What a segment holds: its intact frames, the offset after them, and why the next bytes are no frame.

    `fault` is empty where only zeros follow; `rest` is how many bytes follow, up to the last that is not zero."""

    frames: list[Frame]
    end: int
    fault: str
    rest: int


def segment_at(directory: Path, first: int) -> Segment:
    """The segment that begins with a sequence; names sort as sequences do."""
    return Segment(first, directory / f"journal-{first:016d}.log")


def find_segments(disk: Disk, directory: Path) -> list[Segment]:
    """The segments in a directory, oldest first; none where there is no directory."""
    if not disk.exists(directory):
        return []
    matches = (_NAME.fullmatch(name) for name in disk.list(directory))
    return [segment_at(directory, int(match[1])) for match in matches if match]


def scan(segment: Segment, data: bytes, previous: bytes | None) -> Scan:
    """The frames of a segment, as far as sequences and seals agree; the first must carry the seal `previous`, if given.

    JournalDamaged when what follows them was acknowledged once, or is of a newer version."""
    frames: list[Frame] = []
    offset = 0
    expected = segment.first
    fault = ""
    rest = len(data.rstrip(b"\0"))
    while offset < rest:
        try:
            frame = decode(data, offset)
        except NewerFrame as error:
            raise damaged(segment, offset, expected, str(error)) from error
        except BrokenFrame as error:
            fault = str(error)
            break
        fault = _misplaced(frame, expected, previous)
        if fault:
            break
        frames.append(frame)
        previous = frame.seal
        expected += 1
        offset += frame.size
    if fault:
        _refuse_acknowledged(segment, data, offset, expected, fault)
    return Scan(frames, offset, fault, max(0, rest - offset))


def damaged(segment: Segment, offset: int, sequence: int, why: str) -> JournalDamaged:
    """What people are told of damage: file, byte, record, and what can be done."""
    return JournalDamaged(
        f"{segment.path} is damaged at byte {offset}, at record {sequence}: {why}",
        mend="look with `bulkhead journal verify`; then restore the state from a backup, "
        "or begin anew on paper with `bulkhead reset --paper`, which keeps the old state aside",
    )


def _misplaced(frame: Frame, expected: int, previous: bytes | None) -> str:
    if frame.sequence != expected:
        return f"the frame has sequence {frame.sequence}"
    if previous is not None and frame.previous != previous:
        return "the frame does not carry the seal of the frame before"
    return ""


def _refuse_acknowledged(segment: Segment, data: bytes, offset: int, expected: int, fault: str) -> None:
    """A later frame that acknowledges the broken one proves that it was whole on the disk once."""
    at = data.find(MAGIC, offset)
    while at >= 0:
        try:
            frame = decode(data, at)
        except BrokenFrame:
            pass
        else:
            if frame.acknowledged >= expected:
                raise damaged(segment, offset, expected, f"{fault}; record {frame.sequence} after it is whole")
        at = data.find(MAGIC, at + 1)
