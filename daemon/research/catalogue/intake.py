"""New files on their way into a catalogue: all of them come in, by one rename, or none.

.importing/   where they are written; what an import that was ended has left of it, the next one clears away
.imported/    the same once all are whole and on the disk: from here on they are of the catalogue
EURUSD/...    where they move from there, one by one; what is left to be moved, the next import moves
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from daemon.disk import Disk, Lock, disk_error
from daemon.errors import DaemonError, DiskError, StateInUse
from daemon.research.catalogue.entry import Entry
from daemon.research.catalogue.footer import read_entry
from daemon.research.catalogue.index import IMPORTED
from daemon.research.catalogue.series import SUFFIX, file_name
from daemon.research.catalogue.writer import EntryWriter

_IMPORTING: Final = ".importing"
_LOCK: Final = ".lock"


class Intake:
    """Takes files in; nobody else does so at the time."""

    def __init__(self, root: Path, disk: Disk) -> None:
        self.root = root
        self._disk = disk
        self._staging = root / _IMPORTING
        self._begun = 0
        self.staged: list[Entry] = []

    def begin(self) -> Path:
        """Where to write the next file."""
        self._begun += 1
        return self._staging / f"{self._begun}.part"

    def stage(self, writer: EntryWriter) -> Entry:
        """Have a file whole on the disk, to come in with the others; returns what it will be once it has."""
        label = writer.close()
        name = label.series.folder / file_name(label.first_ns, label.last_ns)
        target = self._staging / name
        target.parent.mkdir(parents=True, exist_ok=True)
        self._disk.rename(writer.path, target)
        staged = read_entry(target)
        self.staged.append(staged)
        return Entry(path=self.root / name, bytes=staged.bytes, label=label)

    def commit(self) -> None:
        """Let everything that is staged come in."""
        if not self.staged:
            return
        for folder in _folders(self._staging):
            self._disk.sync_directory(folder)
        self._disk.rename(self._staging, self.root / IMPORTED)
        self.staged = []
        with suppress(DiskError, OSError):  # all has come in; what cannot be moved now is moved by the next import
            self._disk.sync_directory(self.root)
            self.settle()

    def settle(self) -> None:
        """Move what has come in to its place."""
        arrived = self.root / IMPORTED
        for path in sorted(arrived.rglob(f"*{SUFFIX}")):
            target = self.root / path.relative_to(arrived)
            _make_folders(target.parent, self.root, self._disk)
            self._disk.rename(path, target)
            self._disk.sync_directory(target.parent)
        shutil.rmtree(arrived, ignore_errors=True)

    def clear(self) -> None:
        """Remove what is not to come in."""
        shutil.rmtree(self._staging, ignore_errors=True)


@contextmanager
def intake(root: Path, disk: Disk) -> Iterator[Intake]:
    """A catalogue to be added to. It is made where it is not there; what is not committed within comes to nothing, and
    neither is a catalogue that was made for it left.

    DaemonError while another import writes to it; DiskError where the disk will not have something, and then the
    catalogue is as it was.
    """
    with _told(root):
        made = [folder for folder in (root, *root.parents) if not folder.exists()]
        is_new = not (root / _LOCK).exists()
        root.mkdir(parents=True, exist_ok=True)
        lock = _locked(root, disk)
        try:
            taking = Intake(root, disk)
            taking.settle()
            taking.clear()
            (root / _IMPORTING).mkdir()
            try:
                yield taking
            finally:
                taking.clear()
        finally:
            if is_new:
                _remove_empty(root, made)
            lock.release()


def _remove_empty(root: Path, made: Sequence[Path]) -> None:
    """Take away a catalogue that nothing has come into, and the folders that were made for it. Its lock is held by us,
    on the folder too: nobody else can have come to work there."""
    with suppress(OSError):
        if [path.name for path in root.iterdir()] == [_LOCK]:
            (root / _LOCK).unlink()
            for folder in made:
                folder.rmdir()


@contextmanager
def _told(root: Path) -> Iterator[None]:
    mend = "see to the disk, or name another folder by --catalogue; the catalogue is as it was"
    try:
        yield
    except DiskError as error:
        raise DiskError(str(error), errno=error.errno, mend=mend) from error
    except OSError as error:
        failed = disk_error("write to", root, error)
        raise DiskError(str(failed), errno=failed.errno, mend=mend) from error


def _locked(root: Path, disk: Disk) -> Lock:
    try:
        return disk.lock(root / _LOCK, os.getpid())
    except StateInUse:
        holder = (root / _LOCK).read_text(errors="replace").strip() or "unknown"
        raise DaemonError(
            f"another import (process {holder}) writes to the catalogue {root}", mend="wait until it has ended"
        )


def _folders(path: Path) -> Iterator[Path]:
    """A folder and all below, the deepest first."""
    for inner in sorted(path.iterdir()):
        if inner.is_dir():
            yield from _folders(inner)
    yield path


def _make_folders(path: Path, root: Path, disk: Disk) -> None:
    if path == root or path.is_dir():
        return
    _make_folders(path.parent, root, disk)
    path.mkdir()
    disk.sync_directory(path.parent)
