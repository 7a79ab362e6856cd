"""Whether a state may be put aside: never that of a live account, of whose positions and halt it is the only record."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from daemon.config.source import read_document
from daemon.disk import Disk
from daemon.errors import DaemonError
from daemon.journal.frames import BrokenFrame, decode
from daemon.journal.records import Opened, Record
from daemon.journal.segments import find_segments
from daemon.state import JOURNAL_NAME

_DECODER: Final[msgspec.msgpack.Decoder[Record]] = msgspec.msgpack.Decoder(Record)


def refuse_live(state: Path, config: Path | None, environ: Mapping[str, str], disk: Disk) -> None:
    """DaemonError where a life in the journal was live, or the config is; touches nothing.

    A journal that is damaged elsewhere is asked all the same: each segment says at its head what it is of.
    """
    why = ""
    if _was_live(state / JOURNAL_NAME, disk):
        why = f"its journal {state / JOURNAL_NAME} says so"
    elif config is not None and read_document(config, environ, ("mode", "state")).values.get("mode") == "live":
        why = f"{os.fspath(config)}, with what the environment lays over it, has mode: live"
    if why:
        raise DaemonError(
            f"this state is of a live account: {why}. It stays where it is, and so does its halt",
            mend="restore it from a backup, or do what its start asks for; to begin anew, first cancel and close "
            "at the venue what it has there, then name another `state` in the config",
        )


def _was_live(directory: Path, disk: Disk) -> bool:
    for segment in find_segments(disk, directory):
        try:
            head = _DECODER.decode(decode(disk.read(segment.path), 0).payload)
        except (BrokenFrame, msgspec.MsgspecError):
            continue
        if isinstance(head, Opened) and head.mode == "live":
            return True
    return False
