"""The journal's bytes are those of the golden files. `python -m tests.golden.rewrite` writes them anew."""

from pathlib import Path
from typing import get_args

import msgspec
import pytest

from daemon.disk import RealDisk
from daemon.journal.frames import decode
from daemon.journal.reader import JournalReader
from daemon.journal.records import Record
from tests.golden.examples import RECORDS, SMALL, frame_files, journal_files
from tests.simulation.journal import opened

FOLDER = Path(__file__).parent.parent / "golden" / "journal"


def test_every_kind_of_record_has_a_golden_file() -> None:
    assert set(RECORDS) == {kind.__struct_config__.tag for kind in get_args(Record)}
    assert {path.name for path in (FOLDER / "frames").iterdir()} == set(frame_files())


@pytest.mark.parametrize("kind", RECORDS)
def test_a_record_is_written_as_it_always_was(kind: str) -> None:
    assert frame_files()[f"{kind}.frame"] == (FOLDER / "frames" / f"{kind}.frame").read_bytes()


@pytest.mark.parametrize("kind", RECORDS)
def test_a_record_of_the_golden_file_is_read(kind: str) -> None:
    frame = decode((FOLDER / "frames" / f"{kind}.frame").read_bytes(), 0)
    assert msgspec.msgpack.decode(frame.payload, type=Record) == RECORDS[kind]


def test_a_journal_is_written_as_it_always_was() -> None:
    golden = {path.name: path.read_bytes() for path in (FOLDER / "small").iterdir()}
    assert len(golden) == 2
    assert journal_files() == golden


def test_the_golden_journal_is_read() -> None:
    records = [record for _, record in JournalReader(RealDisk(), FOLDER / "small").entries()]
    assert records[0] == opened()
    assert [record for record in records if record != opened()] == SMALL
