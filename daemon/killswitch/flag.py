"""The halt flag: a file of one page, `<state>/halt`, whose first word is looked at before every send.

Whoever may write to the state sets it, also where no daemon runs or one hangs; the daemon alone clears it. It is
written in place, over a page that was put on the disk when the daemon first started, so setting it needs no room there.
Whatever is not whole counts as set.

It is read by position and not mapped into memory: a mapped file that is cut short, as by `echo stop > state/halt`, or
that cannot be read, kills whoever looks at it.
"""

import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from daemon.disk import disk_error
from daemon.errors import DiskError

PAGE_BYTES: Final = 4096
MOST_REASON_BYTES: Final = 1_000

_CLEAR_WORD: Final = b"running\n"
_RUNNING: Final = _CLEAR_WORD.ljust(PAGE_BYTES, b"\0")
_HALTED: Final = "halted"
_CANCEL: Final = "cancel_orders: yes"
_REASON: Final = "reason: "
_NO_DESCRIPTOR: Final = 2**31 - 1


class Halt(NamedTuple):
    """What a flag that is set says: why, and whether orders are to be cancelled, which nobody has seen to yet. `set_ns`
    is when its file was last written, 0 where it cannot be read."""

    reason: str
    cancel_orders: bool
    set_ns: int = 0


class HaltFlag:
    """One process's view of the flag. Nothing is touched before the first call."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = _NO_DESCRIPTOR
        self._identity = (0, 0)
        self._read_only: OSError | None = None

    def prepare(self) -> None:
        """Make the page where there is none, not set, and have it on the disk; for the daemon's start. DiskError."""
        try:
            self._make(_RUNNING)
        except FileExistsError:
            pass
        except OSError as error:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
            raise disk_error("make the halt flag", self.path, error) from error
        try:
            self._follow()
        except OSError as error:
            raise disk_error("open the halt flag", self.path, error) from error

    @property
    def is_set(self) -> bool:
        """Whether no order may leave: the first word of the page that was last opened."""
        try:
            return os.pread(self._descriptor, len(_CLEAR_WORD), 0) != _CLEAR_WORD
        except OSError:
            return True

    def look(self) -> Halt | None:
        """What the whole page says, of the file that the path leads to by now; None where it is not set."""
        try:
            page, written_ns = self._page(), os.fstat(self._descriptor).st_mtime_ns
        except OSError as error:
            self.close()
            return Halt(str(disk_error("look at the halt flag", self.path, error)), cancel_orders=False)
        except DiskError as error:
            self.close()
            return Halt(str(error), cancel_orders=False)
        return None if page == _RUNNING else _read(page, written_ns)

    def set(self, reason: str, *, cancel_orders: bool = False) -> None:
        """Let no order leave; what an earlier halt asked to be cancelled stays asked for.

        Every process sees it at once; only after `sync` it outlives a power cut. DiskError where it is not set now; the
        state directory is not made.
        """
        before = self.look()
        self._put(reason, cancel_orders=cancel_orders or (before is not None and before.cancel_orders))

    def set_seen_to(self, reason: str) -> None:
        """The same, where what was to be cancelled is seen to. DiskError."""
        self._put(reason, cancel_orders=False)

    def clear(self, known: Halt | None) -> bool:
        """Let orders leave again, unless it was set anew since it said what is `known`; whether it is clear now.
        DiskError where it stays set. A power cut may bring it back."""
        now = self.look()
        if now is None or now != known:
            return now is None
        try:
            if self._read_only is None:
                os.ftruncate(self._descriptor, PAGE_BYTES)
            self._write(_RUNNING)
        except OSError as error:
            raise disk_error("clear the halt flag", self.path, error) from error
        with suppress(DiskError):
            self.sync()
        return True

    def sync(self) -> None:
        """Have it on the disk. DiskError."""
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise disk_error("sync the halt flag", self.path, error) from error

    def lock(self) -> bool:
        """Whether this process has, until it ends, what only one may have: the watch over this state. OSError."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        return True

    def close(self) -> None:
        """Let go of it; from then on it is set for whoever asks here."""
        if self._descriptor != _NO_DESCRIPTOR:
            os.close(self._descriptor)
            self._descriptor, self._identity = _NO_DESCRIPTOR, (0, 0)

    def _put(self, reason: str, *, cancel_orders: bool) -> None:
        page = _page_of(reason, cancel_orders=cancel_orders)
        try:
            with suppress(FileExistsError):
                self._make(page)
            if self._page() != page:
                self._write(page)
        except OSError as error:
            if not self._stands():
                raise disk_error("set the halt flag", self.path, error) from error

    def _make(self, page: bytes) -> None:
        """The file, if there is none; it belongs to whom the state belongs to."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            folder = self.path.parent.stat()
            if os.geteuid() == 0:
                os.fchown(descriptor, folder.st_uid, folder.st_gid)
            os.pwrite(descriptor, page, 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        directory = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _page(self) -> bytes:
        self._follow()
        return os.pread(self._descriptor, PAGE_BYTES + 1, 0)

    def _stands(self) -> bool:
        """Whether there is a page that counts as set: one that could be written in part, or only made, does."""
        try:
            return self._page() != _RUNNING
        except (OSError, DiskError):
            return False

    def _write(self, page: bytes) -> None:
        if self._read_only is not None:
            raise self._read_only
        os.pwrite(self._descriptor, page, 0)

    def _follow(self) -> None:
        """Have the file open that the path leads to: an editor puts another in its place."""
        there = self.path.stat()
        if (there.st_dev, there.st_ino) == self._identity:
            return
        read_only = None
        try:
            # Not to wait for whoever should open the other end, if it is a pipe.
            descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            read_only = error
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        opened = os.fstat(descriptor)
        if not stat.S_ISREG(opened.st_mode):
            os.close(descriptor)
            raise DiskError(f"{self.path} is in the halt flag's place and is no file", errno=0, mend="move it away")
        self.close()
        self._descriptor, self._identity = descriptor, (opened.st_dev, opened.st_ino)
        self._read_only = read_only


def plain_reason(reason: str) -> str:
    """A reason as the page has it: on one line, of so many bytes at most."""
    printable = "".join(letter if letter.isprintable() else " " for letter in reason)
    return " ".join(printable.split()).encode("utf-8", "replace")[:MOST_REASON_BYTES].decode("utf-8", "ignore")


def _page_of(reason: str, *, cancel_orders: bool) -> bytes:
    lines = [_HALTED, *([_CANCEL] if cancel_orders else []), _REASON + plain_reason(reason), ""]
    return "\n".join(lines).encode().ljust(PAGE_BYTES, b"\0")


def _read(page: bytes, written_ns: int) -> Halt:
    """What a page says that is not the one of a flag that is clear, whoever wrote it."""
    first, *others = page.partition(b"\0")[0].decode("utf-8", "replace").split("\n")
    if first != _HALTED:
        written = plain_reason(" ".join([first, *others]))
        is_text = written and "\N{REPLACEMENT CHARACTER}" not in written
        reason = f"written into the halt flag: {written}" if is_text else "the page of the halt flag is damaged"
        return Halt(reason, cancel_orders=False, set_ns=written_ns)
    reasons = [line.removeprefix(_REASON) for line in others if line.startswith(_REASON)]
    return Halt(reasons[0] if reasons else "", cancel_orders=_CANCEL in others, set_ns=written_ns)
