"""What every disk does: the real one and the simulated one."""

import errno
from pathlib import Path

import pytest

from daemon.disk import Disk, RealDisk
from daemon.errors import DiskError, StateInUse
from tests.simulation.disk import SimulatedDisk


@pytest.fixture(params=["real", "simulated"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Disk:
    if request.param == "real":
        return RealDisk()
    simulated = SimulatedDisk()
    simulated.make_directory(tmp_path)
    return simulated


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return tmp_path


def written(disk: Disk, path: Path, data: bytes) -> Path:
    file = disk.create(path, 0)
    file.write_at(data, 0)
    file.sync()
    file.close()
    return path


def test_a_directory_is_made_with_its_parents_and_may_exist(disk: Disk, here: Path) -> None:
    disk.make_directory(here / "a" / "b")
    disk.make_directory(here / "a" / "b")
    assert disk.list(here) == ["a"]
    assert disk.list(here / "a") == ["b"]
    assert disk.list(here / "a" / "b") == []


def test_no_directory_is_made_in_the_place_of_a_file(disk: Disk, here: Path) -> None:
    path = written(disk, here / "file", b"")
    for impossible in (path, path / "below"):
        with pytest.raises(DiskError):
            disk.make_directory(impossible)


def test_a_new_file_is_zeros(disk: Disk, here: Path) -> None:
    disk.create(here / "file", 1000).close()
    assert disk.read(here / "file") == bytes(1000)


def test_a_file_is_not_made_twice(disk: Disk, here: Path) -> None:
    path = written(disk, here / "file", b"first")
    with pytest.raises(DiskError) as caught:
        disk.create(path, 10)
    assert caught.value.errno == errno.EEXIST
    assert disk.read(path) == b"first"


def test_data_goes_where_it_is_told(disk: Disk, here: Path) -> None:
    path = written(disk, here / "file", b"0123456789")
    file = disk.open(path)
    file.write_at(b"ab", 3)
    file.write_at(b"end", 12)
    file.sync()
    file.close()
    assert disk.read(path) == b"012ab56789\0\0end"


def test_a_closed_file_takes_nothing_more(disk: Disk, here: Path) -> None:
    file = disk.create(here / "file", 4)
    file.close()
    with pytest.raises(DiskError):
        file.write_at(b"late", 0)
    with pytest.raises(DiskError):
        file.sync()
    assert disk.read(here / "file") == bytes(4)


def test_names_are_listed_in_order(disk: Disk, here: Path) -> None:
    for name in ("b", "c", "a"):
        written(disk, here / name, b"")
    disk.sync_directory(here)
    assert disk.list(here) == ["a", "b", "c"]


def test_a_renamed_file_takes_the_place_of_another(disk: Disk, here: Path) -> None:
    old, new = written(disk, here / "old", b"new content"), written(disk, here / "new", b"old content")
    disk.rename(old, new)
    assert disk.list(here) == ["new"]
    assert disk.read(new) == b"new content"


def test_a_directory_can_be_renamed_with_what_is_in_it(disk: Disk, here: Path) -> None:
    disk.make_directory(here / "state")
    written(disk, here / "state" / "file", b"kept")
    disk.rename(here / "state", here / "archive")
    assert not disk.exists(here / "state")
    assert disk.read(here / "archive" / "file") == b"kept"


def test_a_removed_file_is_gone(disk: Disk, here: Path) -> None:
    path = written(disk, here / "file", b"x")
    assert disk.exists(path)
    disk.remove(path)
    assert not disk.exists(path)


@pytest.mark.parametrize("call", ["open", "read", "list", "remove", "sync_directory"])
def test_what_is_not_there_is_named(disk: Disk, here: Path, call: str) -> None:
    with pytest.raises(DiskError, match="there is no such file or directory") as caught:
        getattr(disk, call)(here / "missing")
    assert str(here / "missing") in str(caught.value)
    assert caught.value.errno == errno.ENOENT
    assert caught.value.mend


def test_what_is_not_there_cannot_be_renamed(disk: Disk, here: Path) -> None:
    with pytest.raises(DiskError, match="rename to new"):
        disk.rename(here / "missing", here / "new")


def test_nothing_lies_below_a_file(disk: Disk, here: Path) -> None:
    path = written(disk, here / "file", b"")
    assert not disk.exists(path / "below")


def test_a_lock_is_held_by_one_whose_process_id_the_other_is_told(disk: Disk, here: Path) -> None:
    lock = disk.lock(here / "lock", pid=4711)
    with pytest.raises(StateInUse, match=r"process 4711.*" + here.name):
        disk.lock(here / "lock", pid=4712)
    lock.release()
    disk.lock(here / "lock", pid=4712).release()
    assert disk.read(here / "lock") == b"4712"
