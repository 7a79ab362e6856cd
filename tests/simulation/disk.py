"""The disk of the tests, in memory. It keeps apart what is on the platter from what is only in the cache.

Every call has a site, such as `sync#3`: the third sync. A fault or a power cut is ordered for a site. `after_power_cut`
gives the disk as the next boot finds it; `after_kill` as the next process finds it. The old one is dead: late calls of
the life that ended raise PowerCut and change nothing.
"""

import errno
from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Literal

from daemon.disk import disk_error, state_in_use

SECTOR = 512

Keep = Literal["none", "all", "prefix", "sectors"]
"""What of the writes that were not synced a power cut leaves: nothing, all, the first of them with the last one torn at
any byte, or any sectors."""


class PowerCut(BaseException):
    """The machine is off. Not an Exception, since nothing of the old life may handle it."""


class Content:
    """A file: `visible` is what a read shows, `platter` what is safe, `pending` the writes that lie between the two."""

    def __init__(self) -> None:
        self.visible = bytearray()
        self.platter = bytearray()
        self.pending: list[tuple[int, bytes]] = []

    def write(self, offset: int, data: bytes) -> None:
        """Take a write into the cache."""
        _overwrite(self.visible, offset, data)
        self.pending.append((offset, data))

    def sync(self) -> None:
        """Bring the cache to the platter."""
        for offset, data in self.pending:
            _overwrite(self.platter, offset, data)
        self.pending.clear()

    def survive(self, keep: Keep, random: Random) -> None:
        """Become what a power cut leaves."""
        if keep == "prefix":
            self.pending = _prefix(self.pending, random)
        elif keep == "sectors":
            self.pending = [sector for sector in _sectors(self.pending) if random.random() < 0.5]
        elif keep == "none":
            self.pending.clear()
        self.sync()
        self.visible = bytearray(self.platter)


class Directory:
    """Names of files and directories: those a listing shows, and those that are safe."""

    def __init__(self) -> None:
        self.visible: dict[str, Content | Directory] = {}
        self.platter: dict[str, Content | Directory] = {}

    def survive(self, keep: Keep, random: Random) -> None:
        """Become what a power cut leaves: each name that was not synced is kept or lost on its own."""
        for name in sorted(self.visible.keys() | self.platter.keys()):
            before, after = self.platter.get(name), self.visible.get(name)
            kept = after if keep == "all" or (keep != "none" and random.random() < 0.5) else before
            if kept is None:
                self.platter.pop(name, None)
            else:
                self.platter[name] = kept
        self.visible = dict(self.platter)
        for child in self.visible.values():
            child.survive(keep, random)


class SimulatedDisk:
    """`faults` gives error numbers by site, `power_cut_at` the site at which the machine goes off; `trace` lists the
    sites that were reached. A refused write has written its first half; a failed sync has lost what it should have
    saved, though reads still show it, as the kernel does it."""

    def __init__(self, *, faults: Mapping[str, int] | None = None, power_cut_at: str = "") -> None:
        self.trace: list[str] = []
        self.faults = dict(faults or {})
        self.power_cut_at = power_cut_at
        self._calls: Counter[str] = Counter()
        self._root = Directory()
        self._locks: set[Path] = set()
        self._dead = False

    def after_power_cut(self, keep: Keep, random: Random) -> "SimulatedDisk":
        """The disk at the next boot."""
        self._root.survive(keep, random)
        return self.after_kill()

    def after_kill(self) -> "SimulatedDisk":
        """The disk after the process alone has ended: the cache is still there, the locks are not."""
        self._dead = True
        heir = SimulatedDisk()
        heir._root = self._root
        return heir

    def copy(self) -> "SimulatedDisk":
        """Another disk with the same on it: a backup."""
        other = SimulatedDisk()
        other._root = deepcopy(self._root)
        return other

    def flip(self, path: Path, bit: int) -> None:
        """Rot one bit of a file."""
        content = self._file("read", path)
        for data in (content.visible, content.platter):
            data[bit // 8] ^= 1 << bit % 8

    def make_directory(self, path: Path) -> None:
        """Make it and its parents, durably."""
        self._reach("make_directory", "make the directory", path)
        self._durable_directory(path)

    def create(self, path: Path, size: int) -> "SimulatedFile":
        """A new file of zeros."""
        fault = self._reach("create", "create", path, raising=False)
        parent = self._directory("create", path.parent)
        if path.name in parent.visible:
            raise disk_error("create", path, OSError(errno.EEXIST, ""))
        content = parent.visible[path.name] = Content()
        if fault:
            raise disk_error("create", path, OSError(fault, ""))
        content.write(0, bytes(size))
        self._cut("create")
        return SimulatedFile(self, path, content)

    def open(self, path: Path) -> "SimulatedFile":
        """An existing file."""
        self._reach("open", "open", path)
        return SimulatedFile(self, path, self._file("open", path))

    def read(self, path: Path) -> bytes:
        """All of a file."""
        self._reach("read", "read", path)
        return bytes(self._file("read", path).visible)

    def list(self, path: Path) -> list[str]:
        """The names, sorted."""
        self._reach("list", "list", path)
        return sorted(self._directory("list", path).visible)

    def exists(self, path: Path) -> bool:
        """Whether there is something of that path."""
        self._reach("exists", "look at", path)
        return self._find(path) is not None

    def rename(self, old: Path, new: Path) -> None:
        """Give it another path."""
        self._reach("rename", f"rename to {new.name}", old)
        moved = self._find(old)
        if moved is None:
            raise disk_error(f"rename to {new.name}", old, OSError(errno.ENOENT, ""))
        self._directory("rename", new.parent).visible[new.name] = moved
        del self._directory("rename", old.parent).visible[old.name]
        self._cut("rename")

    def remove(self, path: Path) -> None:
        """Remove a file."""
        self._reach("remove", "remove", path)
        self._file("remove", path)
        del self._directory("remove", path.parent).visible[path.name]
        self._cut("remove")

    def sync_directory(self, path: Path) -> None:
        """Bring the directory's names to the platter."""
        self._reach("sync_directory", "sync the directory", path)
        self._cut("sync_directory")
        directory = self._directory("sync the directory", path)
        directory.platter = dict(directory.visible)

    def lock(self, path: Path, pid: int) -> "SimulatedLock":
        """Lock a file."""
        self._reach("lock", "lock", path)
        names = self._directory("lock", path.parent).visible
        content = names.setdefault(path.name, Content())
        assert isinstance(content, Content)
        if path in self._locks:
            raise state_in_use(path, bytes(content.visible))
        self._locks.add(path)
        content.visible[:] = str(pid).encode()
        return SimulatedLock(self._locks, path)

    def write(self, path: Path, content: Content, data: bytes, offset: int) -> None:
        """What an open file calls."""
        fault = self._reach("write", "write to", path, raising=False)
        content.write(offset, data[: len(data) // 2] if fault else data)
        if fault:
            raise disk_error("write to", path, OSError(fault, ""))
        self._cut("write")

    def sync(self, path: Path, content: Content) -> None:
        """What an open file calls."""
        fault = self._reach("sync", "sync", path, raising=False)
        self._cut("sync")
        if fault:
            content.pending.clear()
            raise disk_error("sync", path, OSError(fault, ""))
        content.sync()

    def _reach(self, call: str, action: str, path: Path, *, raising: bool = True) -> int:
        """Count the call; its error number, or zero."""
        if self._dead:
            raise PowerCut
        self._calls[call] += 1
        site = f"{call}#{self._calls[call]}"
        self.trace.append(site)
        fault = self.faults.get(site, 0)
        if fault and raising:
            raise disk_error(action, path, OSError(fault, ""))
        return fault

    def _cut(self, call: str) -> None:
        """Go off here where that was ordered: after a call that fills the cache, before one that empties it."""
        if self.power_cut_at == f"{call}#{self._calls[call]}":
            self._dead = True
            raise PowerCut

    def _find(self, path: Path) -> Content | Directory | None:
        found: Content | Directory | None = self._root
        for name in path.parts:
            found = found.visible.get(name) if isinstance(found, Directory) else None
        return found

    def _file(self, action: str, path: Path) -> Content:
        found = self._find(path)
        if not isinstance(found, Content):
            raise disk_error(action, path, OSError(errno.ENOENT if found is None else errno.EISDIR, ""))
        return found

    def _directory(self, action: str, path: Path) -> Directory:
        found = self._find(path)
        if not isinstance(found, Directory):
            raise disk_error(action, path, OSError(errno.ENOENT if found is None else errno.ENOTDIR, ""))
        return found

    def _durable_directory(self, path: Path) -> None:
        directory = self._root
        for name in path.parts:
            child = directory.visible.get(name)
            if child is None:
                child = directory.visible[name] = directory.platter[name] = Directory()
            if isinstance(child, Content):
                raise disk_error("make the directory", path, OSError(errno.ENOTDIR, ""))
            directory = child


class SimulatedFile:
    """An open file of the simulated disk."""

    def __init__(self, disk: SimulatedDisk, path: Path, content: Content) -> None:
        self._disk = disk
        self._path = path
        self._content = content
        self._closed = False

    def write_at(self, data: bytes, offset: int) -> None:
        """Write into the cache."""
        self._refuse_closed("write to")
        self._disk.write(self._path, self._content, data, offset)

    def sync(self) -> None:
        """Bring this file to the platter."""
        self._refuse_closed("sync")
        self._disk.sync(self._path, self._content)

    def close(self) -> None:
        """Take nothing more."""
        self._closed = True

    def _refuse_closed(self, action: str) -> None:
        if self._closed:
            raise disk_error(action, self._path, OSError(errno.EBADF, ""))


class SimulatedLock:
    """A lock of one life of the simulated disk."""

    def __init__(self, held: set[Path], path: Path) -> None:
        self._held = held
        self._path = path

    def release(self) -> None:
        """Let others have it."""
        self._held.discard(self._path)


def _overwrite(data: bytearray, offset: int, part: bytes) -> None:
    data.extend(bytes(max(0, offset - len(data))))
    data[offset : offset + len(part)] = part


def _prefix(writes: list[tuple[int, bytes]], random: Random) -> list[tuple[int, bytes]]:
    whole = random.randint(0, len(writes))
    torn = [(offset, data[: random.randint(0, len(data))]) for offset, data in writes[whole : whole + 1]]
    return writes[:whole] + torn


def _sectors(writes: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """The writes cut at the borders of the disk's sectors."""
    pieces = []
    for offset, data in writes:
        start = 0
        while start < len(data):
            end = min(len(data), start + SECTOR - (offset + start) % SECTOR)
            pieces.append((offset + start, data[start:end]))
            start = end
    return pieces
