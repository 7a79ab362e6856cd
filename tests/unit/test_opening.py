"""What a process opens is noted, and for some files a copy is opened; each in a process that is gone afterwards."""

import bz2
import gc
import gzip
import io
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.csv
import pytest

from daemon.errors import ContainerLost
from daemon.research.lookahead.forks import Raised, in_fork
from daemon.research.lookahead.opening import Opening, kept_opens
from daemon.research.lookahead.sentinel import Sentinel

READERS: dict[str, Callable[[Path], object]] = {
    "read_text": lambda path: path.read_text(),
    "os.open": lambda path: os.read(os.open(path, os.O_RDONLY), 9).decode(),
    "bytes": lambda path: "".join(open(os.fsencode(path))),  # noqa: PTH123, SIM115
    "numpy": lambda path: str(int(np.loadtxt(path))),
}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """An original that says 1 and its copy that says 2."""
    (tmp_path / "original").write_text("1")
    (tmp_path / "copy").write_text("2")
    return {str(tmp_path / "original"): str(tmp_path / "copy")}


def heard(copies: dict[str, str], work: Callable[[], object]) -> tuple[object, list[str], list[str], list[str]]:
    keepers = kept_opens()

    def run() -> bytes:
        opening = Opening(copies, keepers)
        opening.begin()
        told = work()
        opening.end()
        return json.dumps([told, list(opening.files), list(opening.missed), list(opening.asks)]).encode()

    told, opened, missed, asks = json.loads(in_fork(run))
    return told, opened, missed, asks


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_copy_is_read_in_the_place_of_its_original(
    files: dict[str, str], read: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    (original,) = files
    assert heard(files, lambda: read(Path(original))) == ("2", [original], [], [])
    assert heard({}, lambda: read(Path(original))) == ("1", [original], [], [])
    monkeypatch.chdir(Path(original).parent)
    assert heard(files, lambda: read(Path("./original"))) == ("2", [original], [], [])


def test_what_the_collector_no_longer_looks_at_keeps_them_too(files: dict[str, str]) -> None:
    (original,) = files
    kept_opens.cache_clear()
    gc.freeze()
    try:
        assert heard(files, lambda: Path(original).read_text())[0] == "2"
    finally:
        gc.unfreeze()


def test_packed_files_too(tmp_path: Path) -> None:
    for name, packed in (("gz", gzip.compress), ("bz2", bz2.compress)):
        (tmp_path / name).write_bytes(packed(b"1"))
        (tmp_path / f"{name}2").write_bytes(packed(b"2"))
    gz, bz = ({str(tmp_path / name): str(tmp_path / f"{name}2")} for name in ("gz", "bz2"))
    assert heard(gz, lambda: gzip.GzipFile(tmp_path / "gz").read().decode())[0] == "2"
    assert heard(bz, lambda: bz2.BZ2File(tmp_path / "bz2").read().decode())[0] == "2"


def test_one_that_is_opened_past_every_name_is_missed(files: dict[str, str]) -> None:
    (original,) = files
    assert heard(files, lambda: io.FileIO(original).read().decode()) == ("1", [original], [original], [])


def test_what_is_written_and_what_is_imported_is_not_noted(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("x = 1")
    assert heard({}, lambda: (tmp_path / "new").write_text("1")) == (1, [], [], [])
    assert heard({}, (tmp_path / "module.py").read_text) == ("x = 1", [], [], [])


def test_asking_elsewhere_is_noted() -> None:
    told = heard({}, lambda: subprocess.run(["true"], check=True).returncode)
    assert told == (0, [], [], ["starts a program"])


def test_the_sentinel_sees_what_python_does_not(tmp_path: Path) -> None:
    for name in ("read", "left"):
        (tmp_path / name).write_text("a\n1\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "found").write_text("a\n1\n")
    paths = [str(tmp_path / name) for name in ("read", "left", "absent", "folder")]

    def run() -> bytes:
        opening, sentinel = Opening({}, []), Sentinel(paths)
        opening.begin()
        for path in (paths[0], f"{paths[3]}/found"):
            pyarrow.csv.read_csv(path, read_options=pyarrow.csv.ReadOptions(use_threads=False))
        list((tmp_path / "folder").iterdir())
        opening.end()
        return json.dumps([list(opening.files), sentinel.opened(), sentinel.opened()]).encode()

    assert json.loads(in_fork(run)) == [[], [f"{paths[3]}/found", paths[0]], []]


def test_a_process_that_raises_or_ends_is_told() -> None:
    def ends() -> bytes:
        os._exit(7)

    def leaves() -> bytes:
        raise SystemExit("enough")

    with pytest.raises(Raised, match="SystemExit: enough"):
        in_fork(leaves)
    with pytest.raises(ContainerLost, match="exit code 7"):
        in_fork(ends)
