"""The halt flag: whatever happens to its file, it is clear only when it is whole and says so."""

import errno
import os
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daemon.errors import DiskError
from daemon.killswitch.flag import MOST_REASON_BYTES, PAGE_BYTES, Halt, HaltFlag

CLEAR = b"running\n".ljust(PAGE_BYTES, b"\0")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "halt"


@pytest.fixture
def flag(path: Path) -> Iterator[HaltFlag]:
    """As the daemon has it."""
    flag = HaltFlag(path)
    flag.prepare()
    yield flag
    flag.close()


def said(halt: Halt | None) -> tuple[str, bool] | None:
    return None if halt is None else (halt.reason, halt.cancel_orders)


def test_a_new_flag_is_a_page_that_is_clear_and_its_owners_alone(flag: HaltFlag, path: Path) -> None:
    assert (flag.is_set, flag.look()) == (False, None)
    assert path.read_bytes() == CLEAR
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_one_sets_all_see_at_once_and_those_who_come_later(flag: HaltFlag, path: Path) -> None:
    HaltFlag(path).set("too hot", cancel_orders=True)
    assert (flag.is_set, said(flag.look())) == (True, ("too hot", True))
    later = HaltFlag(path)
    later.prepare()
    assert (later.is_set, said(later.look())) == (True, ("too hot", True))
    assert path.stat().st_size == PAGE_BYTES


def test_before_anything_is_opened_it_counts_as_set(path: Path) -> None:
    assert HaltFlag(path).is_set


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("", ""),
        ("two\nlines\tand \x1b[31m red\0", "two lines and [31m red"),
        ("x" * 5_000, "x" * MOST_REASON_BYTES),
        ("é" * 5_000, "é" * (MOST_REASON_BYTES // 2)),
        ("€" * 5_000, "€" * (MOST_REASON_BYTES // 3)),
        ("cancel_orders: yes\nreason: other", "cancel_orders: yes reason: other"),
        ("half a \ud800 letter", "half a letter"),
    ],
)
def test_a_reason_is_kept_on_one_line_and_within_bounds(flag: HaltFlag, reason: str, kept: str) -> None:
    flag.set(reason)
    assert said(flag.look()) == (kept, False)


def test_what_is_to_be_cancelled_stays_so_until_it_is_seen_to(flag: HaltFlag) -> None:
    flag.set("first", cancel_orders=True)
    flag.set("second")
    assert said(flag.look()) == ("second", True)
    flag.set_seen_to("third")
    assert said(flag.look()) == ("third", False)


def test_it_is_cleared_by_who_knows_what_it_says(flag: HaltFlag) -> None:
    flag.set("too hot", cancel_orders=True)
    assert flag.clear(flag.look())
    assert (flag.is_set, flag.look()) == (False, None)
    assert flag.clear(None), "it is clear already"


def test_a_halt_that_came_meanwhile_is_not_cleared(flag: HaltFlag, path: Path) -> None:
    flag.set("known")
    known = flag.look()
    HaltFlag(path).set("meanwhile")
    assert not flag.clear(known)
    assert not flag.clear(None)
    assert said(flag.look()) == ("meanwhile", False)


def test_to_set_what_is_set_changes_nothing(flag: HaltFlag, path: Path) -> None:
    flag.set("same")
    before = flag.look()
    HaltFlag(path).set("same")
    assert flag.look() == before


# What becomes of its file.

DAMAGED = ("the page of the halt flag is damaged", False)


@pytest.mark.parametrize(
    ("page", "says"),
    [
        (b"", DAMAGED),
        (bytes(PAGE_BYTES), DAMAGED),
        (b"\xff" * PAGE_BYTES, DAMAGED),
        (CLEAR[:-1], ("written into the halt flag: running", False)),
        (CLEAR + b"\0", ("written into the halt flag: running", False)),
        (b"R" + CLEAR[1:], ("written into the halt flag: Running", False)),
        (CLEAR[:2000] + b"\x01" + CLEAR[2001:], ("written into the halt flag: running", False)),
        (b"stop it\n", ("written into the halt flag: stop it", False)),
        (b"halted\n", ("", False)),
        (b"halted\ncancel_orders: yes\nreason: r\n", ("r", True)),
        (b"halted\nreason: torn", ("torn", False)),
    ],
)
@pytest.mark.parametrize("how", ["in place", "cut short first", "put in its place"])
def test_whatever_is_not_the_clear_page_counts_as_set(
    flag: HaltFlag, path: Path, page: bytes, says: tuple[str, bool], how: str
) -> None:
    if how == "put in its place":
        path.with_name("new").write_bytes(page)
        path.with_name("new").replace(path)
    elif how == "cut short first":
        path.write_bytes(page)
    else:
        with path.open("r+b") as file:
            file.write(page)
            file.truncate()
    assert said(flag.look()) == says
    flag.set("an operator's", cancel_orders=True)
    assert (flag.is_set, said(flag.look())) == (True, ("an operator's", True))
    assert flag.clear(flag.look())
    assert path.read_bytes() == CLEAR


@pytest.mark.parametrize("page", [b"", b"\xff" * PAGE_BYTES, b"stop it\n", b"runaway bot\n", b"r", b"R" + CLEAR[1:]])
def test_a_first_word_that_is_wrong_counts_before_anybody_looks_closer(flag: HaltFlag, path: Path, page: bytes) -> None:
    path.write_bytes(page)
    assert flag.is_set


def test_a_file_that_is_gone_counts_as_set_and_is_made_again_by_a_halt(flag: HaltFlag, path: Path) -> None:
    path.unlink()
    halt = flag.look()
    assert said(halt) == (f"cannot look at the halt flag {path}: there is no such file or directory", False)
    assert flag.is_set
    flag.set("gone")
    assert (flag.is_set, said(flag.look()), path.stat().st_size) == (True, ("gone", False), PAGE_BYTES)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_counts_as_set_and_holds_nobody_up(path: Path, make: Callable[[Path], None]) -> None:
    make(path)
    flag = HaltFlag(path)
    assert flag.look()
    assert flag.is_set
    for work in (flag.prepare, lambda: flag.set("x")):
        with pytest.raises(DiskError, match=r"halt"):
            work()
    flag.close()


def test_a_state_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    flag = HaltFlag(tmp_path / "nowhere" / "halt")
    with pytest.raises(DiskError, match=r"cannot set the halt flag .*: there is no such file or directory"):
        flag.set("x")
    assert list(tmp_path.iterdir()) == []


def test_a_flag_that_can_only_be_read_is_read_and_refused_in_words(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for root, whom no mode of a file keeps out."""
    HaltFlag(path).prepare()
    real = os.open

    def read_only(name: Path, flags: int, mode: int = 0o777) -> int:
        if flags & os.O_CREAT and not name.exists():
            raise OSError(errno.EROFS, "")
        if flags & (os.O_RDWR | os.O_WRONLY) and not flags & os.O_EXCL:
            raise OSError(errno.EROFS, "")
        return real(name, flags, mode)

    monkeypatch.setattr(os, "open", read_only)
    flag = HaltFlag(path)
    flag.prepare()
    assert (flag.is_set, flag.look()) == (False, None)
    with pytest.raises(DiskError, match=r"cannot set the halt flag .*: the file system is read-only"):
        flag.set("x")
    flag.close()


@contextmanager
def no_room_beyond(size: int) -> Iterator[None]:
    """What a full disk is to files that cannot grow: writes beyond a size fail."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_without_room_takes_a_halt_and_a_resume(flag: HaltFlag, path: Path) -> None:
    with no_room_beyond(PAGE_BYTES):
        with pytest.raises(OSError, match="too large"):
            os.pwrite(flag._descriptor, b"x", PAGE_BYTES)
        HaltFlag(path).set("x" * MOST_REASON_BYTES, cancel_orders=True)
        assert flag.is_set
        assert flag.clear(flag.look())
        assert not flag.is_set


def test_where_a_first_halt_finds_no_room_its_empty_file_counts(path: Path) -> None:
    with no_room_beyond(0):
        HaltFlag(path).set("x")
    flag = HaltFlag(path)
    assert said(flag.look()) == DAMAGED
    assert flag.is_set
    flag.close()


# Trouble at every step.

CALLS = ("open", "pread", "pwrite", "fstat", "fsync", "fdatasync", "ftruncate")


class Faults:
    """Has one call of the operating system fail: that of a number, counted over all of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
        self.count = 0
        self._failing = failing
        for name in CALLS:
            monkeypatch.setattr(os, name, self._faulty(getattr(os, name)))

    def _faulty(self, call: Callable[..., object]) -> Callable[..., object]:
        def faulty(*arguments: object) -> object:
            self.count += 1
            if self.count == self._failing:
                raise OSError(errno.EIO, "")
            return call(*arguments)

        return faulty


def outcomes(
    folder: Path, begin: Callable[[HaltFlag], object], act: Callable[[HaltFlag], bool]
) -> list[tuple[int, bool]]:
    """What became of an act for each call in it that can fail: 1 for done, 0 for not, -1 for a DiskError; and whether
    the flag is set then."""
    found: list[tuple[int, bool]] = []
    while True:
        flag = HaltFlag(folder / f"halt{len(found)}")
        begin(flag)
        with pytest.MonkeyPatch.context() as monkeypatch:
            faults = Faults(monkeypatch, len(found) + 1)
            try:
                done = int(act(flag))
            except DiskError:
                done = -1
        flag.close()
        if faults.count <= len(found):
            return found
        found.append((done, HaltFlag(flag.path).look() is not None))


def halted(flag: HaltFlag) -> bool:
    flag.set("now", cancel_orders=True)
    return True


BEFORE: dict[str, Callable[[HaltFlag], object]] = {
    "nothing": lambda flag: None,
    "clear": lambda flag: flag.prepare(),
    "set": lambda flag: flag.set("before"),
    "damaged": lambda flag: flag.path.write_bytes(b"?"),
}


@pytest.mark.parametrize("there", BEFORE)
def test_a_halt_that_returns_is_in_force_whatever_call_fails(tmp_path: Path, there: str) -> None:
    found = outcomes(tmp_path, BEFORE[there], halted)
    assert len(found) >= 3
    assert all(is_set for done, is_set in found if done == 1)
    assert {done for done, _ in found} <= {1, -1}


def test_a_resume_that_does_not_succeed_leaves_the_halt_whatever_call_fails(tmp_path: Path) -> None:
    found = outcomes(tmp_path, lambda flag: flag.set("before"), lambda flag: flag.clear(flag.look()))
    assert len(found) >= 5
    assert all(is_set is (done != 1) for done, is_set in found)


def test_one_process_alone_may_have_the_watch(path: Path) -> None:
    HaltFlag(path).prepare()
    first, second = HaltFlag(path), HaltFlag(path)
    assert (first.lock(), second.lock()) == (True, False)
