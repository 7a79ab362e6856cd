"""F06 and group I: the tables that questions are answered from fail, lock or lose rows, and nothing else notices."""

import asyncio
import shutil
import sqlite3
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from random import Random

import pytest

from daemon.errors import DaemonError
from daemon.state import PROJECTION_NAME
from tests.faults.fleet import AWAKE, a_plan, pure
from tests.faults.tables import BROKEN, FULL, LOCKED, Faults
from tests.simulation.test_supervisor import Machine, until_at_end
from tests.simulation.world import steps_of

LIMIT = 10_000
"""More fills than these runs have."""


# F06 and F88: the tables that questions are answered from fail, at every statement, and not one order is another.


@pytest.mark.parametrize(("words", "first"), [(FULL, 1), (LOCKED, 2), (BROKEN, 3)])
async def test_tables_that_fail_at_any_statement_change_no_decision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, first: int
) -> None:
    """Each kind of error at every third of them, which is all statements of a life between the three."""
    counted = Faults(words).put_into(monkeypatch)
    await Machine(a_plan(tmp_path)).run()
    assert counted.statements > 20
    for statement in range(first, counted.statements + 1, 3):
        folder = tmp_path / str(statement)
        folder.mkdir()
        faults = Faults(words).put_into(monkeypatch)
        faults.fails = lambda number, last=statement: number == last  # type: ignore[misc]
        machine = Machine(a_plan(folder))
        await machine.run()
        assert steps_of(machine.groups()) == pure().steps, statement


async def test_what_fails_for_good_is_an_alarm_and_what_comes_back_has_missed_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = Faults(FULL).put_into(monkeypatch)
    faults.fails = lambda _: True
    machine = Machine(a_plan(tmp_path, AWAKE))
    async with machine.running():
        with pytest.raises(DaemonError, match=FULL) as refused:
            await machine.ask("get", "/v1/fills")
        assert "made anew from the journal" in refused.value.mend
        await until_at_end(machine)
        status = await machine.ask("get", "/v1/status")
        assert status["alarms"] == [f"orders and fills of the past cannot be shown: {FULL}"]
        faults.fails = lambda _: False
        fills = await machine.ask("get", "/v1/fills", limit=LIMIT)
        assert [one["price"] for one in fills] == [str(one.price) for one in pure().fills]
        assert (await machine.ask("get", "/v1/status"))["alarms"] == []
    assert steps_of(machine.groups()) == pure().steps


async def test_another_program_that_locks_the_tables_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps them to itself from the first moment on; what was missed is made up for once it has let go."""
    machine = Machine(a_plan(tmp_path, AWAKE))
    async with machine.running():
        pass
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, timeout=0))
    greedy = sqlite3.connect(machine.plan.state / PROJECTION_NAME)
    greedy.execute("BEGIN EXCLUSIVE")
    async with machine.running():
        await until_at_end(machine)
        with pytest.raises(DaemonError, match=LOCKED):
            await machine.ask("get", "/v1/fills")
        greedy.close()
        fills = await machine.ask("get", "/v1/fills", limit=LIMIT)
        assert len(fills) == len(pure().fills)
    assert steps_of(machine.groups()) == pure().steps


async def test_a_surface_that_reads_all_history_again_and_again_changes_no_decision(tmp_path: Path) -> None:
    machine = Machine(a_plan(tmp_path, AWAKE))
    async with machine.running():
        reading = [asyncio.create_task(read_everything(machine)) for _ in range(4)]
        await asyncio.gather(*reading)
    assert steps_of(machine.groups()) == pure().steps


async def read_everything(machine: Machine) -> None:
    while not (await machine.ask("get", "/v1/status"))["feed"]["at_end"]:
        for path in ("/v1/fills", "/v1/orders", "/v1/postings"):
            await machine.ask("get", path, limit=LIMIT)


# F97: rows that were committed are lost with the power.


@pytest.mark.parametrize("kept", ["none", "an older copy", "half of the file", "a spoilt page", "no sense"])
async def test_rows_that_a_power_cut_has_taken_from_the_tables_are_made_again(tmp_path: Path, kept: str) -> None:
    """The journal is what is synced; the tables are whatever the disk makes of them."""
    machine = Machine(a_plan(tmp_path, AWAKE))
    table, early = machine.plan.state / PROJECTION_NAME, tmp_path / "early.sqlite"
    async with machine.running():
        await machine.ask("get", "/v1/fills", limit=1)
        with sqlite3.connect(table) as now, sqlite3.connect(early) as copy:
            now.backup(copy)
        await until_at_end(machine)
    for file in machine.plan.state.glob(f"{PROJECTION_NAME}*"):
        file.unlink()
    if kept == "an older copy":
        shutil.copy(early, table)
    elif kept == "half of the file":
        table.write_bytes(early.read_bytes()[: early.stat().st_size // 2])
    elif kept == "a spoilt page":
        table.write_bytes(spoilt(early.read_bytes(), tmp_path / "tried.sqlite"))
    elif kept == "no sense":
        table.write_bytes(Random(1).randbytes(50_000))
    async with machine.running():
        fills = await machine.ask("get", "/v1/fills", limit=LIMIT)
    assert [one["price"] for one in fills] == [str(one.price) for one in pure().fills]


def spoilt(data: bytes, tried: Path) -> bytes:
    """Tables of which one page is zeros: they still say how far they have come, and not what has filled."""
    page = 4_096
    for number in range(1, len(data) // page):
        found = data[: number * page] + bytes(page) + data[(number + 1) * page :]
        tried.write_bytes(found)
        with closing(sqlite3.connect(tried)) as tables, suppress(sqlite3.DatabaseError):
            tables.execute("SELECT applied FROM progress").fetchone()
            try:
                tables.execute("SELECT body FROM fills").fetchall()
            except sqlite3.DatabaseError:
                return found
    raise AssertionError("no page is missed")
