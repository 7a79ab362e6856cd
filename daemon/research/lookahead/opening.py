"""Which files a strategy's code opens to read them, and others in the place of some. Only for a process of its own: an
audit hook stays until its process ends.

A name that the code has written down itself cannot be made another, so `open` is, under every name that modules have
kept it by: for the files that have a copy it opens that. What opens files without Python's doing so (a library of its
own) does not come by here; `sentinel.py` sees that it does.
"""

import gc
import io
import os
import sys
import sysconfig
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

Keepers = Sequence[tuple[Callable[..., Any], Sequence[dict[str, Any]]]]

_ASKING: Final = {
    "os.system": "starts a program",
    "os.posix_spawn": "starts a program",
    "os.exec": "starts a program",
    "subprocess.Popen": "starts a program",
    "socket.connect": "opens a connection",
    "sqlite3.connect": "opens a database",
}
"""Other ways to learn something, by the names of the interpreter's audit events."""

_OF_PYTHON: Final = (".py", ".pyc", ".pyi", ".so", ".pth", ".json.schema")
_OF_THE_SYSTEM: Final = (
    *("/proc/", "/sys/", "/dev/", "/etc/"),
    *(f"{path}/" for path in sorted({os.path.realpath(one) for one in sysconfig.get_paths().values()})),
    *(f"{path}/" for path in zoneinfo.TZPATH),
)


@cache
def kept_opens() -> Keepers:
    """Both ways to open a file, each with every module, class or table that keeps it, as gzip, bz2 and numpy do.

    It takes a while to find them. What was put out of the collector's sight, as by who forks, is looked through too."""
    ways, hidden = (io.open, os.open), gc.get_freeze_count()
    if hidden:
        gc.unfreeze()
    dicts = [one for one in gc.get_referrers(*ways) if type(one) is dict]
    if hidden:
        gc.freeze()
    return [(way, [one for one in dicts if any(value is way for value in one.values())]) for way in ways]


class Opening:
    """Notes `files` by their real paths, those that were `written`, and in `asks` what else was asked. `missed` are
    those that have a copy and were opened themselves all the same."""

    def __init__(self, copies: Mapping[str, str], keepers: Keepers) -> None:
        self.files: dict[str, None] = {}
        self.missed: dict[str, None] = {}
        self.asks: dict[str, None] = {}
        self.written: dict[str, None] = {}
        self._copies = copies
        self._keepers = keepers
        self._are_copies = frozenset(copies.values())
        self._is_heard = False

    def begin(self) -> None:
        """From now on."""
        self._is_heard = True
        sys.addaudithook(self._hear)
        for original, keepers in self._keepers:
            instead = self._in_place(original)
            for keeper in keepers:
                keeper |= {name: instead for name, value in keeper.items() if value is original}

    def end(self) -> None:
        """Note nothing more."""
        self._is_heard = False

    def _in_place(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def open_it(file: Any, *arguments: Any, **options: Any) -> Any:
            return original(self._copy_of(file), *arguments, **options)

        return open_it

    def _copy_of(self, file: Any) -> Any:
        path = _real(file)
        if path not in self._copies:
            return file
        self.files[path] = None
        return self._copies[path]

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_heard:
            return
        if event == "open":
            file, mode, flags = arguments
            path = _real(file)
            if not _is_read(mode, flags):
                self.written[path] = None
            else:
                self._note(path)
        elif event in _ASKING:
            self.asks[_ASKING[event]] = None

    def _note(self, path: str) -> None:
        if not path or path in self._are_copies or not may_be_data(path):
            return
        if os.path.isfile(path):  # noqa: PTH113 - in an audit hook, as plainly as can be
            self.files[path] = None
            if path in self._copies:
                self.missed[path] = None


def may_be_data(path: str) -> bool:
    """Whether a real path is not one of Python's, or of the system's."""
    return not path.endswith(_OF_PYTHON) and not path.startswith(_OF_THE_SYSTEM)


def _real(file: Any) -> str:
    """The real path of what is opened; empty for a descriptor."""
    return os.path.realpath(os.fsdecode(file)) if isinstance(file, str | bytes | os.PathLike) else ""


def _is_read(mode: object, flags: object) -> bool:
    if isinstance(mode, str):
        return "r" in mode or "+" in mode
    return not isinstance(flags, int) or flags & os.O_ACCMODE != os.O_WRONLY
