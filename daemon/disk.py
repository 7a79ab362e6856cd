"""The disk port: what the daemon needs of a disk, and no more.

What is written reaches the disk for certain by `sync`; a file that is created or renamed is found after a power cut for
certain only when its directory was synced too.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from daemon.errors import DiskError, StateInUse

_MEANINGS = {
    errno.ENOSPC: ("the disk is full", "free some space, or move `state` to a larger disk"),
    errno.EDQUOT: ("the disk quota is used up", "free some space, or raise the quota"),
    errno.EROFS: ("the file system is read-only", "mount it writable, or move `state` elsewhere"),
    errno.EACCES: ("permission is denied", "give the daemon's user the right to read and write there"),
    errno.EPERM: ("permission is denied", "give the daemon's user the right to read and write there"),
    errno.EIO: (
        "the device reports an input/output error",
        "look at the kernel's log, and replace the disk if it fails",
    ),
    errno.ENOENT: ("there is no such file or directory", "check the path"),
    errno.EEXIST: ("it exists already", "move it away"),
    errno.ENOTDIR: ("a part of the path is not a directory", "move the file away that is in the directory's place"),
}
_NO_DESCRIPTOR = 2**31 - 1
_NO_PREALLOCATION = frozenset({errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS})


class DiskFile(Protocol):
    """An open file, written at positions. DiskError from every method."""

    def write_at(self, data: bytes, offset: int) -> None:
        """Write all of the data; beyond the end the file grows, with zeros in any gap."""

    def sync(self) -> None:
        """Return once everything written is on the disk. After an error it may be lost for good."""

    def close(self) -> None:
        """Let go of the file, without syncing it."""


class Lock(Protocol):
    """A lock that is held until released, and by nobody once the process has ended."""

    def release(self) -> None:
        """Let others have it."""


class Disk(Protocol):
    """Files and directories by path. DiskError from every method."""

    def make_directory(self, path: Path) -> None:
        """Make it and its parents, durably; one that exists is fine."""

    def create(self, path: Path, size: int) -> DiskFile:
        """A new file of `size` zeros, its space reserved where that can be; one that exists is refused."""

    def open(self, path: Path) -> DiskFile:
        """An existing file."""

    def read(self, path: Path) -> bytes:
        """All of a file."""

    def list(self, path: Path) -> list[str]:
        """The names in a directory, sorted."""

    def exists(self, path: Path) -> bool:
        """Whether there is a file or directory of that path."""

    def rename(self, old: Path, new: Path) -> None:
        """Give a file or directory another path, in the place of a file that has it."""

    def remove(self, path: Path) -> None:
        """Remove a file."""

    def sync_directory(self, path: Path) -> None:
        """Return once what was created, renamed and removed in the directory is on the disk."""

    def lock(self, path: Path, pid: int) -> Lock:
        """Lock a file and leave the holder's process id in it; StateInUse when another process holds it."""


def disk_error(action: str, path: Path, error: OSError) -> DiskError:
    """The operating system's error in words: what was tried, where, why it failed and how to mend it."""
    number = error.errno or 0
    meaning, mend = _MEANINGS.get(number, (os.strerror(number), "look at the kernel's log"))
    return DiskError(f"cannot {action} {path}: {meaning}", errno=number, mend=mend)


def state_in_use(path: Path, holder: bytes) -> StateInUse:
    """What a second daemon on the same state is told; `holder` is what the lock file holds."""
    pid = holder.decode("ascii", "replace").strip() or "unknown"
    return StateInUse(
        f"another daemon (process {pid}) works on the state in {path.parent}",
        mend="stop that one, or give this one another `state`",
    )


class RealFile:
    """A file of the operating system."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    def write_at(self, data: bytes, offset: int) -> None:
        """Write all of the data, in as many calls as the system needs."""
        try:
            written = os.pwrite(self._descriptor, data, offset)
            while written < len(data):
                written += os.pwrite(self._descriptor, memoryview(data)[written:], offset + written)
        except OSError as error:
            raise disk_error("write to", self._path, error) from error

    def sync(self) -> None:
        """Put the data, and what is needed to find it, on the disk."""
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise disk_error("sync", self._path, error) from error

    def close(self) -> None:
        """Close the descriptor. A late call must not meet another file that was given the same number."""
        os.close(self._descriptor)
        self._descriptor = _NO_DESCRIPTOR


class RealLock:
    """Locks of the kernel, on the open file and on its directory: who removes the file does not open the state."""

    def __init__(self, descriptors: tuple[int, ...]) -> None:
        self._descriptors = descriptors

    def release(self) -> None:
        """Close both, and with them the locks. The file is not removed: another may already wait on it."""
        for descriptor in self._descriptors:
            os.close(descriptor)


class RealDisk:
    """The operating system's disk. Files are made for their owner alone."""

    def make_directory(self, path: Path) -> None:
        """Make what is missing of the path, syncing each parent."""
        with _told("look at", path):
            if path.is_dir():
                return
        self.make_directory(path.parent)
        with _told("make the directory", path):
            path.mkdir(mode=0o700, exist_ok=True)
        self.sync_directory(path.parent)

    def create(self, path: Path, size: int) -> RealFile:
        """Create and reserve; where nothing can be reserved the file is only given its size."""
        with _told("create", path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with _closed_on_error(descriptor):
                _reserve(descriptor, size)
        return RealFile(path, descriptor)

    def open(self, path: Path) -> RealFile:
        """Open for reading and writing."""
        with _told("open", path):
            return RealFile(path, os.open(path, os.O_RDWR | os.O_CLOEXEC))

    def read(self, path: Path) -> bytes:
        """Read all of it."""
        with _told("read", path):
            return path.read_bytes()

    def list(self, path: Path) -> list[str]:
        """List the names."""
        with _told("list", path):
            return sorted(entry.name for entry in path.iterdir())

    def exists(self, path: Path) -> bool:
        """Ask the file system; a path that may not be looked at is a DiskError, not an absent file."""
        with _told("look at", path):
            try:
                path.stat()
            except (FileNotFoundError, NotADirectoryError):
                return False
        return True

    def rename(self, old: Path, new: Path) -> None:
        """Rename in one step."""
        with _told(f"rename to {new.name}", old):
            old.replace(new)

    def remove(self, path: Path) -> None:
        """Unlink it."""
        with _told("remove", path):
            path.unlink()

    def sync_directory(self, path: Path) -> None:
        """Sync the directory itself."""
        with _told("sync the directory", path):
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def lock(self, path: Path, pid: int) -> RealLock:
        """Lock without waiting."""
        with _told("lock", path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            with _closed_on_error(descriptor):
                folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                with _closed_on_error(folder):
                    _take(descriptor, path, holder=descriptor)
                    _take(folder, path, holder=descriptor)
                    os.ftruncate(descriptor, 0)
                    os.pwrite(descriptor, str(pid).encode(), 0)
        return RealLock((descriptor, folder))


@contextmanager
def _told(action: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise disk_error(action, path, error) from error


@contextmanager
def _closed_on_error(descriptor: int) -> Iterator[None]:
    try:
        yield
    except BaseException:
        os.close(descriptor)
        raise


def _reserve(descriptor: int, size: int) -> None:
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        if error.errno not in _NO_PREALLOCATION:
            raise
        os.ftruncate(descriptor, size)


def _take(descriptor: int, path: Path, *, holder: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise state_in_use(path, os.pread(holder, 32, 0)) from None
