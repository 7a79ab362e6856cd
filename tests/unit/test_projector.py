"""The projection follows in a thread: nothing that was heard is left out, and a feed that can wait is told when to."""

import threading
from pathlib import Path

import anyio
import pytest
from anyio.lowlevel import checkpoint

from daemon import projector as module
from daemon.journal.projection import Projection
from daemon.journal.reader import JournalReader
from daemon.journal.records import Entry, Record
from daemon.projector import Projector
from tests.account_records import posted
from tests.simulation.disk import SimulatedDisk
from tests.simulation.journal import DIRECTORY, Life, commit, step
from trading.postings import PostingKind


def entries(steps: int) -> list[Entry]:
    """A day's entries, as the journal tells of them."""
    records: list[Record] = [record for event in range(1, steps + 1) for record in step(event)]
    return [Entry(sequence, record) for sequence, record in enumerate(records, 1)]


async def a_projector(folder: Path) -> Projector:
    projector = Projector(folder / "projection.sqlite")
    await projector.open(JournalReader(SimulatedDisk(), DIRECTORY))
    return projector


def fill_count(projection: Projection) -> int:
    return len(projection.fills(limit=10_000))


async def test_a_question_is_answered_with_all_that_was_heard_before_it(tmp_path: Path) -> None:
    projector = await a_projector(tmp_path)
    for count, entry in enumerate(entries(20), 1):
        projector.hear(entry)
        assert await projector.ask(fill_count) == count // 3
    await projector.close()


async def test_warnings_are_known_without_asking_once_the_tables_have_them(tmp_path: Path) -> None:
    projector = Projector(tmp_path / "projection.sqlite")
    assert projector.warnings == {}
    await projector.open(JournalReader(SimulatedDisk(), DIRECTORY))
    records: list[Record] = [posted(PostingKind.MARGIN_CALL), commit()]
    for sequence, record in enumerate(records, 1):
        projector.hear(Entry(sequence, record))
    await projector.catch_up()
    assert projector.warnings == {("margin_call", "sma"): 1}
    await projector.close()


async def test_it_follows_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 0)
    projector = await a_projector(tmp_path)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(projector.run)
        for entry in entries(5):
            projector.hear(entry)
        relief = projector.congested()
        assert relief is not None
        await relief.wait()
        tasks.cancel_scope.cancel()
    assert projector.congested() is None
    await projector.close()


async def test_a_question_in_between_does_not_keep_it_from_following(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 0)
    projector = await a_projector(tmp_path)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(projector.run)
        await checkpoint()
        assert await projector.ask(fill_count) == 0
        for entry in entries(5):
            projector.hear(entry)
        relief = projector.congested()
        assert relief is not None
        with anyio.fail_after(10):
            await relief.wait()
        tasks.cancel_scope.cancel()
    await projector.close()


@pytest.mark.parametrize("passes", range(8))
async def test_who_is_cancelled_while_it_catches_up_leaves_nothing_out(tmp_path: Path, passes: int) -> None:
    """At its end the daemon cancels the task that follows, then catches up once more."""
    projector = await a_projector(tmp_path)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(projector.run)
        await checkpoint()
        for entry in entries(10):
            projector.hear(entry)
        for _ in range(passes):
            await checkpoint()
        tasks.cancel_scope.cancel()
    assert await projector.ask(fill_count) == 10
    await projector.close()


async def test_after_a_restart_it_reads_what_it_has_missed(tmp_path: Path) -> None:
    disk = SimulatedDisk()
    life = Life(disk)
    projector = Projector(tmp_path / "projection.sqlite")
    await projector.open(JournalReader(disk, DIRECTORY))
    await projector.close()
    life.write(*step(1), *step(2))
    await projector.open(JournalReader(disk, DIRECTORY))
    assert await projector.ask(fill_count) == 2
    await projector.close()


async def test_a_feed_that_can_wait_is_asked_to_until_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 10)
    projector = await a_projector(tmp_path)
    assert projector.congested() is None
    for entry in entries(4):
        projector.hear(entry)
    relief = projector.congested()
    assert relief is not None
    assert projector.congested() is relief
    assert not relief.is_set()
    await projector.catch_up()
    assert relief.is_set()
    assert projector.congested() is None
    await projector.close()


async def test_the_tables_are_never_touched_by_the_thread_that_trades(tmp_path: Path) -> None:
    projector = await a_projector(tmp_path)
    assert await projector.ask(lambda _: threading.get_ident()) != threading.get_ident()
    await projector.close()
