"""Imports that are ended on their way: killed at any step, on a full disk. The catalogue is as it was, or whole."""

import errno
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from daemon.disk import RealDisk, disk_error
from daemon.errors import DiskError
from daemon.feeds.file.layout import DataFile
from daemon.research.catalogue.importing import import_files
from daemon.research.catalogue.index import IMPORTED
from daemon.research.catalogue.series import Series
from tests.catalogue_builders import NOON, TRADES, events_in, snapshot, stretches, taken, trade_file
from tests.market_files import trades, write_rows
from trading.timestamps import SECOND

BBB = Series(symbol="BBB", kind=TRADES.kind)
ROOT = Path(__file__).resolve().parents[2]


class Killed(BaseException):
    """What a process that is killed at some step does not live to raise."""


class Ending(RealDisk):
    """A disk whose user ends at its n-th call."""

    def __init__(self, calls: int, error: BaseException) -> None:
        self.left = calls
        self._error = error

    def rename(self, old: Path, new: Path) -> None:
        self._count()
        super().rename(old, new)

    def sync_directory(self, path: Path) -> None:
        self._count()
        super().sync_directory(path)

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise self._error


def two_files(folder: Path) -> list[DataFile]:
    """Of two symbols, so that two files come in."""
    rows = [(NOON + place * SECOND, place + 1, f"{'AB'[place % 2] * 3}") for place in range(10)]
    return [trades(write_rows(folder / "two.csv", ("time", "price", "symbol"), rows), symbols=("AAA", "BBB"))]


def ways_to_end(folder: Path) -> Iterator[int]:
    """How many calls of the disk an import of the two files lives through, one more each time."""
    whole = Ending(1_000, Killed())
    import_files(folder / "whole", two_files(folder), skip_bad_rows=False, disk=whole)
    yield from range(1_000 - whole.left)


def end_one(root: Path, folder: Path, calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import that is killed after so many calls, if it makes more: nobody clears up behind it."""
    with monkeypatch.context() as patched, suppress(Killed):
        patched.setattr(shutil, "rmtree", lambda *_, **__: None)
        import_files(root, two_files(folder), skip_bad_rows=False, disk=Ending(calls, Killed()))


def test_an_import_that_is_killed_at_any_step_brings_all_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = whole = 0
    for calls in ways_to_end(tmp_path):
        root = tmp_path / f"killed-{calls}"
        taken(root, trades(trade_file(tmp_path / "old.csv", 3, first=100)))
        end_one(root, tmp_path, calls, monkeypatch)
        found = [stretches(root, one) for one in (TRADES, BBB)]
        if found == [[(3, 100, 102)], []]:
            nothing += 1
        else:
            assert found == [[(5, 0, 8), (3, 100, 102)], [(5, 1, 9)]]
            assert len(events_in(root, TRADES)) == 8
            whole += 1
    assert min(nothing, whole) >= 4


def test_the_next_import_clears_away_or_puts_in_place_what_one_that_was_killed_has_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for calls in ways_to_end(tmp_path):
        root = tmp_path / f"killed-{calls}"
        end_one(root, tmp_path, calls, monkeypatch)
        taken(root, *two_files(tmp_path))
        assert snapshot(root) == snapshot(tmp_path / "whole")
        assert {path.name for path in root.iterdir()} == {".lock", "AAA", "BBB"}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_at_any_step_leaves_all_or_nothing_and_no_rest(tmp_path: Path, number: int) -> None:
    for calls in ways_to_end(tmp_path):
        root = tmp_path / f"failed-{calls}"
        failing = Ending(calls, disk_error("rename", root, OSError(number, "")))
        failed: DiskError | None = None
        try:
            import_files(root, two_files(tmp_path), skip_bad_rows=False, disk=failing)
        except DiskError as error:
            failed = error
        found = {name.removeprefix(f"{IMPORTED}/"): data for name, data in snapshot(root).items()}
        if failed is None:
            assert found == snapshot(tmp_path / "whole")
        else:
            assert failed.errno == number
            assert failed.mend == "see to the disk, or name another folder by --catalogue; the catalogue is as it was"
            assert found == {}


# Real processes.

PROGRAM = """
import os, resource, signal, sys
from pathlib import Path
from daemon.disk import RealDisk
from daemon.cli import main

class Mortal(RealDisk):
    def rename(self, old, new):
        if new.name == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGKILL)
        super().rename(old, new)

import daemon.disk
daemon.disk.RealDisk = Mortal
if sys.argv[1] == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
main(["data", "import", *sys.argv[2:]], prog_name="bulkhead")
"""


def run(point: str, source: Path, root: Path) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, killed as it gives a file that name, or with files of 20 kB at most."""
    words = [str(source), "--data", "trades", "--symbol", "AAA", "--catalogue", str(root)]
    return subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, point, *words],
        env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},  # which would be cut off, too
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("point", ["20180601T120000Z_20180601T145959Z.parquet", IMPORTED])
def test_a_process_that_is_killed_leaves_the_catalogue_as_it_was_and_the_next_one_clears_up(
    tmp_path: Path, point: str
) -> None:
    root, source = tmp_path / "c", trade_file(tmp_path / "a.csv", 10_800)
    taken(root, trades(trade_file(tmp_path / "old.csv", 3, first=100_000)))
    before = snapshot(root)
    assert run(point, source, root).returncode == -signal.SIGKILL
    assert snapshot(root) != before  # it did leave something
    assert stretches(root, TRADES) == [(3, 100_000, 100_002)]
    done = run("at no point", source, root)
    assert done.returncode == 0, done.stderr
    assert stretches(root, TRADES) == [(10_800, 0, 10_799), (3, 100_000, 100_002)]
    assert {path.name for path in root.iterdir()} == {".lock", "AAA"}


def test_a_full_disk_is_told_and_leaves_the_catalogue_as_it_was(tmp_path: Path) -> None:
    rows = [(NOON + place * SECOND, (place * 7919) % 104_729 + 1, 1) for place in range(30_000)]
    root, source = tmp_path / "c", write_rows(tmp_path / "a.parquet", ("time", "price", "size"), rows)
    assert source.stat().st_size > 20_000
    taken(root, trades(trade_file(tmp_path / "old.csv", 3, first=100_000)))
    before = snapshot(root)
    done = run("full", source, root)
    assert done.returncode == 1
    assert f"cannot write to {root}: File too large" in done.stderr
    assert "the catalogue is as it was" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert snapshot(root) == before
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 20_000  # it was the process's own
