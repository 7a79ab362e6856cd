"""Whether files are opened by anybody, seen by the system: inotify(7), which Linux has and Python does not know."""

import ctypes
import os
import struct
import weakref
from collections.abc import Iterable
from typing import Final

_OPENED: Final = 0x20
"""IN_OPEN of inotify(7)."""
_OVERFLOW: Final = 0x4000
_IGNORED: Final = 0x8000
_IS_FOLDER: Final = 0x40000000
"""IN_Q_OVERFLOW, IN_IGNORED and IN_ISDIR: events of no file."""
_EVENT: Final = struct.Struct("iIII")
"""Watch, mask, cookie, and how many bytes of a name follow."""


class Sentinel:
    """Watches files, and what lies in folders, from its making on. What cannot be watched is not."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._watched: dict[int, str] = {}
        library = ctypes.CDLL(None)
        self._descriptor = -1
        if not hasattr(library, "inotify_init1"):
            return
        self._descriptor = library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor >= 0:
            weakref.finalize(self, os.close, self._descriptor)
        for path in paths:
            watch = library.inotify_add_watch(self._descriptor, os.fsencode(path), _OPENED)
            if watch >= 0:
                self._watched[watch] = path

    def opened(self) -> list[str]:
        """The files that were opened since it was last asked, by this process or another."""
        if self._descriptor < 0:
            return []
        seen: set[str] = set()
        try:
            while heard := os.read(self._descriptor, 1 << 16):
                seen |= {os.path.join(self._watched[watch], name) for watch, name in _files(heard)}  # noqa: PTH118
        except BlockingIOError:
            pass
        return sorted({path.rstrip("/") for path in seen})  # one may be watched itself and in its folder


def _files(heard: bytes) -> Iterable[tuple[int, str]]:
    """Watches, and the name of what was opened in one of a folder; folders are left out."""
    offset = 0
    while offset < len(heard):
        watch, mask, _, name_bytes = _EVENT.unpack_from(heard, offset)
        offset += _EVENT.size
        if not mask & (_IS_FOLDER | _OVERFLOW | _IGNORED):
            yield watch, os.fsdecode(heard[offset : offset + name_bytes].rstrip(b"\0"))
        offset += name_bytes
