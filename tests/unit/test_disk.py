"""The real disk's troubles in words, and the simulated disk's own rules."""

import errno
import os
from pathlib import Path
from random import Random

import pytest

from daemon.disk import RealDisk, disk_error
from daemon.errors import DiskError, StateInUse
from tests.simulation.disk import SECTOR, Keep, PowerCut, SimulatedDisk

FILE = Path("/state/file")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "the file system is read-only"),
        (errno.EACCES, "permission is denied"),
        (errno.EIO, "the device reports an input/output error"),
        (errno.EMFILE, os.strerror(errno.EMFILE)),
    ],
)
def test_an_error_says_what_was_tried_where_and_why(number: int, words: str) -> None:
    error = disk_error("write to", FILE, OSError(number, "no words"))
    assert str(error) == f"cannot write to /state/file: {words}"
    assert error.errno == number
    assert error.mend


def test_a_full_device_is_a_full_disk() -> None:
    file = RealDisk().open(Path("/dev/full"))
    with pytest.raises(DiskError, match="cannot write to /dev/full: the disk is full"):
        file.write_at(b"x", 0)
    file.close()


def test_a_closed_file_does_not_write_into_another_that_got_its_number(tmp_path: Path) -> None:
    disk = RealDisk()
    first = disk.create(tmp_path / "first", 0)
    first.close()
    second = disk.create(tmp_path / "second", 0)
    with pytest.raises(DiskError):
        first.write_at(b"late", 0)
    second.close()
    assert disk.read(tmp_path / "second") == b""


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    RealDisk().create(tmp_path / "file", 8).close()
    RealDisk().make_directory(tmp_path / "directory")
    assert (tmp_path / "file").stat().st_mode & 0o077 == 0
    assert (tmp_path / "directory").stat().st_mode & 0o077 == 0


def simulated(faults: dict[str, int] | None = None, power_cut_at: str = "") -> SimulatedDisk:
    disk = SimulatedDisk(faults=faults, power_cut_at=power_cut_at)
    disk.make_directory(FILE.parent)
    return disk


def test_a_power_cut_loses_what_was_not_synced() -> None:
    disk = simulated()
    file = disk.create(FILE, 4)
    file.write_at(b"safe", 0)
    file.sync()
    disk.sync_directory(FILE.parent)
    file.write_at(b"lost", 0)
    assert disk.read(FILE) == b"lost"
    assert disk.after_power_cut("none", Random(1)).read(FILE) == b"safe"


def test_a_file_whose_directory_was_not_synced_is_lost_though_its_data_were_synced() -> None:
    disk = simulated()
    disk.create(FILE, 4).sync()
    assert not disk.after_power_cut("none", Random(1)).exists(FILE)


def test_a_killed_process_loses_nothing_but_its_locks() -> None:
    disk = simulated()
    disk.lock(FILE.parent / "lock", pid=1)
    disk.create(FILE, 0).write_at(b"cached", 0)
    after = disk.after_kill()
    after.lock(FILE.parent / "lock", pid=2)
    assert after.read(FILE) == b"cached"


def test_a_sync_that_failed_once_saves_nothing_when_it_is_tried_again() -> None:
    disk = simulated(faults={"sync#2": errno.EIO})
    file = disk.create(FILE, 4)
    file.sync()
    disk.sync_directory(FILE.parent)
    file.write_at(b"gone", 0)
    with pytest.raises(DiskError, match="input/output error"):
        file.sync()
    file.sync()
    assert disk.read(FILE) == b"gone"
    assert disk.after_power_cut("all", Random(1)).read(FILE) == bytes(4)


def survivors(keep: Keep) -> set[bytes]:
    found = set()
    for seed in range(50):
        disk = simulated()
        file = disk.create(FILE, 3 * SECTOR)
        file.sync()
        disk.sync_directory(FILE.parent)
        file.write_at(b"x" * 3 * SECTOR, 0)
        found.add(disk.after_power_cut(keep, Random(seed)).read(FILE))
    return found


def test_sectors_survive_each_on_its_own() -> None:
    kept = {tuple(data[start] == ord("x") for start in range(0, 3 * SECTOR, SECTOR)) for data in survivors("sectors")}
    assert len(kept) == 8


def test_a_torn_write_survives_up_to_any_byte() -> None:
    lengths = {len(data.rstrip(b"\0")) for data in survivors("prefix")}
    assert any(length % SECTOR for length in lengths)
    assert all(data.rstrip(b"\0") == b"x" * len(data.rstrip(b"\0")) for data in survivors("prefix"))


def test_a_dead_disk_takes_no_late_calls() -> None:
    disk = simulated(power_cut_at="write#1")
    file = disk.create(FILE, 4)
    with pytest.raises(PowerCut):
        file.write_at(b"last", 0)
    with pytest.raises(PowerCut):
        file.write_at(b"late", 0)
    assert disk.after_power_cut("all", Random(1)).read(FILE) == b"last"


def test_a_lock_file_that_somebody_removed_still_keeps_a_second_daemon_out(tmp_path: Path) -> None:
    disk = RealDisk()
    held = disk.lock(tmp_path / "lock", 1)
    (tmp_path / "lock").unlink()
    with pytest.raises(StateInUse, match="another daemon"):
        disk.lock(tmp_path / "lock", 2)
    held.release()
    disk.lock(tmp_path / "lock", 2).release()
