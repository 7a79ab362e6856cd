"""The journal over every disk: the real one and the simulated one."""

from pathlib import Path

import msgspec
import pytest

from daemon.disk import Disk, RealDisk
from daemon.errors import DiskError, JournalDamaged, JournalFailed
from daemon.journal.frames import encode
from daemon.journal.log import Durability, Journal
from daemon.journal.reader import JournalReader
from daemon.journal.records import Closed, Entry, Opened, Snapshot
from daemon.journal.steps import committed
from daemon.journal.verify import Verification, export, verify
from tests.golden.examples import RECORDS
from tests.simulation.clock import SimulatedClock
from tests.simulation.disk import SimulatedDisk
from tests.simulation.journal import Life, closed, commit, entries, filled, opened, snapshot, step, submit
from trading.account.records import Commit
from trading.recorder import Recorder


@pytest.fixture(params=["real", "simulated"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Disk:
    if request.param == "real":
        return RealDisk()
    simulated = SimulatedDisk()
    simulated.make_directory(tmp_path)
    return simulated


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def long_life(disk: Disk, here: Path) -> Life:
    """Four segments or more, snapshots where they are due, ended in good order."""
    life = Life(disk, here)
    for event in range(1, 16):
        life.write(*step(event))
        if life.journal.snapshot_due:
            life.write(snapshot(event))
    life.close()
    return life


def overwrite(disk: Disk, path: Path, data: bytes, offset: int) -> None:
    file = disk.open(path)
    file.write_at(data, offset)
    file.close()


def test_no_directory_is_an_empty_journal(disk: Disk, here: Path) -> None:
    reader = JournalReader(disk, here)
    assert list(reader.entries()) == []
    assert reader.last(Opened) is None
    assert (reader.tail.sequence, reader.tail.torn) == (0, "")


@pytest.mark.parametrize("durability", ["power", "process"])
def test_what_was_appended_is_read_in_order(disk: Disk, here: Path, durability: Durability) -> None:
    life = Life(disk, here, durability=durability)
    life.write(*step(1), *step(2))
    life.close()
    records = [opened(), *step(1), *step(2), closed()]
    assert entries(disk, here) == [Entry(number, record) for number, record in enumerate(records, 1)]
    assert life.journal.safe_sequence == life.journal.sequence == len(records)


def test_what_was_acknowledged_can_be_read_while_the_writer_goes_on(disk: Disk, here: Path) -> None:
    life = Life(disk, here)
    life.write(*step(1))
    life.append(submit(2))
    assert [record for _, record in entries(disk, here)] == [opened(), *step(1)]


def test_nobody_is_told_that_a_record_is_safe_before_the_barrier(disk: Disk, here: Path) -> None:
    life = Life(disk, here)
    life.append(*step(1))
    assert life.safe == life.known[:1]
    life.journal.barrier()
    assert life.safe == life.known
    assert len(life.safe) == 4


def test_the_core_may_record_into_it(disk: Disk, here: Path) -> None:
    life = Life(disk, here)
    recorder: Recorder = life.journal
    recorder.record(commit(1))
    life.known.append(Entry(2, commit(1)))
    recorder.barrier()
    assert entries(disk, here)[-1] == Entry(2, commit(1))


def test_a_barrier_syncs_once_for_power_and_never_for_a_process(disk: Disk, here: Path) -> None:
    for durability, syncs in (("power", 1), ("process", 0)):
        directory = here / durability
        journal = Journal(
            JournalReader(disk, directory),
            opened(),
            clock=SimulatedClock(),
            durability=durability,  # type: ignore[arg-type]
        )
        before = journal.meter.syncs
        for record in step(1):
            journal.append(record)
        journal.barrier()
        journal.barrier()
        assert journal.meter.syncs - before == syncs


def test_the_next_life_goes_on_where_the_last_ended(disk: Disk, here: Path) -> None:
    first = long_life(disk, here)
    second = Life(disk, here, epoch=2, known=[*first.known])
    second.write(*step(16))
    assert entries(disk, here) == second.known
    assert second.known[len(first.known)].record == opened(2)


def test_a_segment_ends_between_steps_and_the_next_begins_with_the_lifes_opened(disk: Disk, here: Path) -> None:
    life = Life(disk, here, segment_bytes=400)
    for event in range(1, 5):
        life.append(*step(event))
    life.journal.barrier()
    found = JournalReader(disk, here)
    assert len(found.segments) > 2
    for segment in found.segments:
        (_, head), *_ = found.entries(after=segment.first - 1)
        assert head == opened()
    for segment in found.segments[1:]:
        *_, last = (entry for entry in found.entries() if entry.sequence < segment.first)
        assert isinstance(last.record, Commit)


def test_reading_starts_after_any_sequence(disk: Disk, here: Path) -> None:
    known = long_life(disk, here).known
    assert len(JournalReader(disk, here).segments) >= 3
    for after in range(len(known) + 2):
        assert list(JournalReader(disk, here).entries(after)) == known[after:]


def test_the_last_of_a_kind_is_found(disk: Disk, here: Path) -> None:
    known = long_life(disk, here).known
    reader = JournalReader(disk, here)
    for kind in (Opened, Snapshot, Closed, Commit):
        *_, last = (entry for entry in known if isinstance(entry.record, kind))
        assert reader.last(kind) == last


def test_a_snapshot_is_due_in_a_new_life_and_after_each_rotation(disk: Disk, here: Path) -> None:
    life = Life(disk, here, segment_bytes=2_000)
    assert life.journal.snapshot_due
    life.write(snapshot(0))
    assert not life.journal.snapshot_due
    event = 0
    while not life.journal.snapshot_due:
        event += 1
        life.write(*step(event))
    assert len(JournalReader(disk, here).segments) == 2
    life.write(snapshot(event))
    assert not life.journal.snapshot_due


def test_a_step_without_its_commit_never_was_but_stays_in_the_log(disk: Disk, here: Path) -> None:
    first = Life(disk, here, segment_bytes=8_000)
    first.write(*step(1), submit(2), filled(2))
    second = Life(disk, here, epoch=2, segment_bytes=8_000, known=[*first.known])
    second.write(*step(2), submit(3))
    assert entries(disk, here) == second.known
    counted = [[record for _, record in group.entries] for group in committed(entries(disk, here))]
    assert counted == [[opened()], step(1), [opened(2)], step(2)]


@pytest.mark.parametrize(
    "rest", [b"BHJ", b"\xff" * 700, b"\0" * 90 + b"BHJ\x01", b"BHJ\x01\x10\0\0\0" + b"\0" * 40 + b"x"]
)
def test_a_torn_tail_is_cut_with_a_note_and_written_over(disk: Disk, here: Path, rest: bytes) -> None:
    life = Life(disk, here)
    life.write(*step(1))
    tail = JournalReader(disk, here).tail
    assert tail.segment is not None
    assert tail.torn == ""
    overwrite(disk, tail.segment.path, rest, tail.offset)
    torn = JournalReader(disk, here)
    assert list(torn.entries()) == life.known
    assert torn.tail._replace(torn="", torn_bytes=0) == tail
    assert torn.tail.torn_bytes == len(rest)
    assert f"{tail.segment.path}: {len(rest)} bytes after byte {tail.offset} were cut" in torn.tail.torn
    after = Life(disk, here, epoch=2, known=[*life.known])
    after.write(*step(2))
    assert entries(disk, here) == after.known
    assert JournalReader(disk, here).tail.torn == ""


def test_frames_of_a_lost_write_that_lie_behind_a_gap_are_cut_too(disk: Disk, here: Path) -> None:
    life = Life(disk, here)
    life.append(submit(1), *step(1))
    safe = JournalReader(disk, here).tail
    life.journal.barrier()
    assert safe.segment is not None
    overwrite(disk, safe.segment.path, bytes(60), safe.offset)
    reader = JournalReader(disk, here)
    assert list(reader.entries()) == life.known[:1]
    assert reader.tail.torn


def test_a_broken_frame_that_a_later_one_acknowledges_is_damage(disk: Disk, here: Path) -> None:
    life = Life(disk, here)
    life.write(submit(1))
    tail = JournalReader(disk, here).tail
    life.write(filled(1))
    life.write(commit(1))
    assert tail.segment is not None
    overwrite(disk, tail.segment.path, b"?", tail.offset + 60)
    with pytest.raises(JournalDamaged) as caught:
        entries(disk, here)
    assert str(caught.value) == (
        f"{tail.segment.path} is damaged at byte {tail.offset}, at record 3: the frame's seal does not fit its bytes; "
        "record 4 after it is whole"
    )
    assert "bulkhead reset --paper" in caught.value.mend
    with pytest.raises(JournalDamaged):
        Life(disk, here, epoch=2)


def test_damage_in_an_older_segment_is_met_wherever_it_is(disk: Disk, here: Path) -> None:
    long_life(disk, here)
    older = JournalReader(disk, here).segments[1].path
    sound = disk.read(older)
    for at in range(0, len(sound), 7):
        overwrite(disk, older, bytes([sound[at] ^ 4]), at)
        with pytest.raises(JournalDamaged, match=older.name):
            entries(disk, here)
        overwrite(disk, older, sound[at : at + 1], at)
    assert verify(JournalReader(disk, here)).torn == ""


def test_damage_in_the_reserved_rest_of_an_older_segment_is_met_too(disk: Disk, here: Path) -> None:
    first = Life(disk, here, segment_bytes=4_000)
    first.write(*step(1))
    second = Life(disk, here, epoch=2, segment_bytes=400, known=[*first.known])
    second.write(*step(2))
    older, newest = JournalReader(disk, here).segments
    overwrite(disk, older.path, b"?", 3_999)
    with pytest.raises(
        JournalDamaged, match=f"{older.path} is damaged .* at record {newest.first}: no frame begins here"
    ):
        entries(disk, here)


def test_a_missing_segment_is_damage(disk: Disk, here: Path) -> None:
    long_life(disk, here)
    disk.remove(JournalReader(disk, here).segments[1].path)
    with pytest.raises(JournalDamaged, match="it is missing; the next segment is"):
        entries(disk, here)


@pytest.mark.parametrize("which", [1, -1])
def test_a_segment_of_another_journal_is_damage(disk: Disk, here: Path, which: int) -> None:
    long_life(disk, here)
    other = Life(disk, here.with_name("other"), epoch=2)
    for event in range(1, 16):
        other.write(*step(event))
        if other.journal.snapshot_due:
            other.write(snapshot(event))
    other.close()
    ours, theirs = (JournalReader(disk, folder).segments[which].path for folder in (here, here.with_name("other")))
    assert ours.name == theirs.name
    disk.rename(theirs, ours)
    with pytest.raises(JournalDamaged, match="does not carry the seal"):
        entries(disk, here)


def test_a_record_that_this_build_does_not_know_is_not_passed_over(disk: Disk, here: Path) -> None:
    life = Life(disk, here)
    life.write(Opened(epoch=2, opened_ns=0, build="", mode="", tape={}, fleet={}))
    reader = JournalReader(disk, here)
    tail = reader.tail
    assert tail.segment is not None
    unknown = msgspec.msgpack.encode({"type": "teleported", "to": "Mars"})
    overwrite(disk, tail.segment.path, encode(tail.sequence + 1, tail.sequence, tail.seal, unknown), tail.offset)
    with pytest.raises(JournalDamaged, match=r"at record 3: this build cannot read .*teleported"):
        entries(disk, here)


def test_a_closed_journal_takes_nothing_more(disk: Disk, here: Path) -> None:
    life = Life(disk, here)
    life.close()
    with pytest.raises(JournalFailed):
        life.write(commit(1))


def test_verify_tells_what_a_sound_journal_holds(disk: Disk, here: Path) -> None:
    life = Life(disk, here, segment_bytes=8_000)
    life.write(*step(1), snapshot(1), *step(2), submit(3), filled(3))
    tail = JournalReader(disk, here).tail
    assert tail.segment is not None
    overwrite(disk, tail.segment.path, b"torn", tail.offset)
    why = "no frame begins here: b'tor' in place of b'BHJ'"
    assert verify(JournalReader(disk, here)) == Verification(
        segments=1,
        records=10,
        first_sequence=1,
        last_sequence=10,
        steps=2,
        snapshots=1,
        discarded_steps=1,
        discarded_records=2,
        torn_bytes=4,
        torn=f"{tail.segment.path}: 4 bytes after byte {tail.offset} were cut: {why}",
    )


def test_export_writes_money_as_strings_and_times_as_iso(disk: Disk, here: Path) -> None:
    life = Life(disk, here)
    life.write(submit(1), filled(1), commit(1), submit(2))
    lines = [msgspec.json.decode(line) for line in export(JournalReader(disk, here))]
    assert [(line["sequence"], line["record"], line["committed"]) for line in lines] == [
        (1, "opened", True),
        (2, "wire_submit", True),
        (3, "reported", True),
        (4, "commit", True),
        (5, "wire_submit", False),
    ]
    assert lines[0]["opened"] == "2026-01-01T12:00:00Z"
    assert lines[0]["tape"]["interval_ns"] == 60_000_000_000
    assert lines[1]["terms"]["limit_price"] == "10.05"
    assert lines[2]["report"]["fill"]["ts"] == "2026-01-01T12:00:01Z"
    assert lines[3] == {"sequence": 4, "committed": True, "record": "commit", "event": 1, "ts": "2026-01-01T12:00:01Z"}


@pytest.mark.parametrize("kind", RECORDS)
def test_a_record_of_every_kind_is_exported(disk: Disk, here: Path, kind: str) -> None:
    life = Life(disk, here)
    life.write(RECORDS[kind])
    line = msgspec.json.decode([*export(JournalReader(disk, here))][1])
    assert (line["sequence"], line["record"]) == (2, kind)
    times = {name: value for name, value in line.items() if name.endswith("_ns")}
    assert times.keys() <= {"dead_man_ns"}, "a time is for people to read"


def test_the_times_of_a_tape_are_exported_each_for_itself(disk: Disk, here: Path) -> None:
    life = Life(disk, here)
    life.write(RECORDS["taped"])
    line = msgspec.json.decode([*export(JournalReader(disk, here))][1])
    assert line["venue"] == ["1970-01-01T00:00:00.000000001Z", "1970-01-01T00:00:00.000000002Z", "1970-01-01T00:00:00Z"]
    assert [one.get("ts") for one in line["inputs"]][2] == "1970-01-01T00:00:03Z"


def test_old_segments_may_be_moved_away(disk: Disk, here: Path) -> None:
    life = long_life(disk, here)
    first, second, *_ = JournalReader(disk, here).segments
    disk.remove(first.path)
    assert entries(disk, here) == life.known[second.first - 1 :]
    assert verify(JournalReader(disk, here)).first_sequence == second.first


def test_a_full_segment_that_a_life_ended_in_is_rotated_by_the_next(disk: Disk, here: Path) -> None:
    first = Life(disk, here, segment_bytes=400)
    first.write(*step(1))
    second = Life(disk, here, epoch=2, segment_bytes=400, known=[*first.known])
    second.write(*step(2))
    assert entries(disk, here) == second.known
    assert [record for _, record in second.known] == [opened(), *step(1), opened(2), opened(2), *step(2)]


def test_a_file_in_the_journals_place_is_told(disk: Disk, here: Path) -> None:
    disk.create(here, 0).close()
    with pytest.raises(DiskError, match="a part of the path is not a directory"):
        JournalReader(disk, here)
