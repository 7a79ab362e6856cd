"""The halt flag beside a whole daemon: set from anywhere, it halts; and a halt is set, wherever it came from."""

from pathlib import Path
from typing import Any

import pytest

from daemon.errors import DiskError
from daemon.journal.records import Record
from daemon.killswitch.flag import HaltFlag
from daemon.state import HALT_NAME
from tests.config_builders import plan_of
from tests.simulation.test_restart_with_changes import HEAD, MAKER, SMA
from tests.simulation.test_supervisor import IDLE, REAL_TIME, Machine, until_at_end
from trading.account.records import Operation
from trading.commands import WireCancel, WireSubmit
from trading.timestamps import MILLISECOND, SECOND


class Halting(Machine):
    """A daemon's machine with a look at its flag."""

    @property
    def flag(self) -> HaltFlag:
        return HaltFlag(self.plan.state / HALT_NAME)

    @property
    def says(self) -> tuple[str, bool] | None:
        halt = self.flag.look()
        return None if halt is None else (halt.reason, halt.cancel_orders)

    async def status(self) -> tuple[bool, str]:
        status = await self.ask("get", "/v1/status")
        return status["halted"], status["halt_reason"]

    async def halted_for(self, reason: str) -> None:
        """Wait until its status says so: a thread looks at the flag, and no simulated clock moves that."""
        while await self.status() != (True, reason):
            pass

    async def seen_to(self, reason: str) -> None:
        """Wait until nothing of a flag that is set is left to do."""
        while self.says != (reason, False):
            await self.status()

    def operations(self) -> list[tuple[str, str, bool]]:
        told = [record for record in self.records() if isinstance(record, Operation)]
        return [(one.action, one.reason, one.cancel_orders) for one in told]


def sent(records: list[Record]) -> list[Any]:
    return [record for record in records if isinstance(record, WireSubmit | WireCancel)]


@pytest.fixture
def machine(tmp_path: Path) -> Halting:
    return Halting(plan_of(tmp_path, REAL_TIME + SMA + MAKER))


async def test_a_flag_that_is_set_from_outside_becomes_one_journaled_halt(machine: Halting) -> None:
    async with machine.running():
        await machine.clock.advance(61 * SECOND)
        machine.flag.set("by hand", cancel_orders=True)
        await machine.clock.advance(50 * MILLISECOND)
        assert await machine.status() == (False, ""), "who set it may still ask"
        await machine.clock.advance(60 * MILLISECOND)
        await machine.halted_for("by hand")
        await machine.seen_to("by hand")
        await machine.clock.advance(SECOND)
        while await machine.ask("get", "/v1/orders", open="true"):
            pass  # the strategies' processes have a time of their own
    assert machine.operations() == [("halt", "by hand", True)]
    assert any(isinstance(record, WireCancel) for record in machine.records())


async def test_who_sets_the_flag_and_asks_as_well_halts_once(machine: Halting) -> None:
    async with machine.running():
        machine.flag.set("drill", cancel_orders=True)
        await machine.ask("post", "/v1/halt", reason="drill", cancel_orders=True)
        await machine.clock.advance(SECOND)
        assert machine.says == ("drill", False)
    assert machine.operations() == [("halt", "drill", True)]


async def test_a_daemon_that_starts_with_the_flag_set_sends_nothing_at_all(tmp_path: Path) -> None:
    machine = Halting(plan_of(tmp_path, HEAD + SMA + MAKER))
    machine.flag.set("before it began", cancel_orders=True)
    await machine.run()
    assert machine.operations() == [("halt", "before it began", True)]
    assert sent(machine.records()) == []
    assert machine.says == ("before it began", False)


async def test_a_halt_sets_the_flag_and_a_resume_clears_it(tmp_path: Path) -> None:
    machine = Halting(plan_of(tmp_path, IDLE + SMA))
    async with machine.running():
        assert machine.says is None
        await machine.ask("post", "/v1/halt", reason="lunch")
        assert machine.says == ("lunch", False)
    assert machine.says == ("lunch", False)
    async with machine.running():
        await machine.clock.advance(SECOND)
        await machine.halted_for("lunch")
        await machine.ask("post", "/v1/resume", reason="")
        assert machine.says is None
        await machine.clock.advance(SECOND)
        assert await machine.status() == (False, "")
    assert machine.operations() == [("halt", "lunch", False), ("resume", "", False)]


async def test_a_flag_that_was_lost_while_trading_was_halted_is_set_again(machine: Halting) -> None:
    async with machine.running():
        await machine.ask("post", "/v1/halt", reason="lunch")
    machine.flag.path.unlink()
    async with machine.running():
        assert machine.says == ("lunch", False)
    assert machine.operations() == [("halt", "lunch", False)]


async def test_what_a_halt_asked_for_while_nobody_ran_is_done_once(machine: Halting) -> None:
    async with machine.running():
        await machine.clock.advance(61 * SECOND)
        await machine.ask("post", "/v1/halt", reason="lunch")
    machine.flag.set("and cancel", cancel_orders=True)
    for _ in range(2):
        async with machine.running():
            await machine.clock.advance(SECOND)
            await machine.halted_for("and cancel")
    assert machine.operations() == [("halt", "lunch", False), ("halt", "and cancel", True)]


async def test_a_file_that_vanishes_halts(machine: Halting) -> None:
    async with machine.running():
        machine.flag.path.unlink()
        await machine.clock.advance(SECOND)
        while (status := await machine.status()) == (False, ""):
            pass
        assert "there is no such file" in status[1]
        await machine.ask("post", "/v1/resume", reason="it was me")
        await machine.clock.advance(SECOND)
        assert (await machine.status(), machine.says) == ((False, ""), None)


async def test_a_halt_while_a_resume_is_under_way_stands(machine: Halting, monkeypatch: pytest.MonkeyPatch) -> None:
    clear = HaltFlag.clear

    def cleared_too_late(flag: HaltFlag, known: Any) -> bool:
        machine.flag.set("not yet")
        return clear(flag, known)

    async with machine.running():
        await machine.ask("post", "/v1/halt", reason="lunch")
        monkeypatch.setattr(HaltFlag, "clear", cleared_too_late)
        await machine.ask("post", "/v1/resume", reason="")
        await machine.clock.advance(SECOND)
        await machine.halted_for("not yet")
    assert [action for action, _, _ in machine.operations()] == ["halt", "resume", "halt"]


def refused(*_: object, **__: object) -> None:
    raise DiskError("the file system is read-only", errno=30)


async def test_a_halt_is_in_force_where_its_flag_cannot_be_set(
    machine: Halting, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with machine.running():
        monkeypatch.setattr(HaltFlag, "set", refused)
        await machine.ask("post", "/v1/halt", reason="lunch")
        await machine.clock.advance(SECOND)
        await machine.halted_for("lunch")
        assert machine.says is None


async def test_where_the_flag_cannot_be_cleared_it_stays_halted(
    machine: Halting, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with machine.running():
        await machine.ask("post", "/v1/halt", reason="lunch")
        monkeypatch.setattr(HaltFlag, "clear", refused)
        await machine.ask("post", "/v1/resume", reason="")
        await machine.clock.advance(SECOND)
        await machine.halted_for("lunch")
    assert [action for action, _, _ in machine.operations()] == ["halt", "resume", "halt"]


async def test_a_flag_is_taken_up_after_the_feeds_end_too(tmp_path: Path) -> None:
    machine = Halting(plan_of(tmp_path, IDLE + SMA))
    async with machine.running():
        await until_at_end(machine)
        machine.flag.set("late")
        await machine.clock.advance(SECOND)
        await machine.halted_for("late")
