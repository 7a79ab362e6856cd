"""Circuit breakers of a running floor: wherever a life ends, the next one holds back, cancels and closes as if nothing
had happened; what is open stays open over a restart, also of another config; and processes change none of it."""

import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import pytest

from daemon.breaker_desk import BreakerDesk
from daemon.check import Plan
from daemon.errors import BadRequest, UnknownStrategy
from daemon.paper import PaperShell
from tests.config_builders import plan_of
from tests.simulation.ends import changes, some, writes
from tests.simulation.test_interventions import an_operation, operated
from tests.simulation.test_recovery import BUSY, assert_as_if_nothing_had_happened
from tests.simulation.world import PureRun, World
from trading.account.breaker_states import BreakerState
from trading.account.records import BreakerChanged, Operation, StepRecord
from trading.account.safeguards import Safeguards
from trading.account.taken import Taken
from trading.account.triggers import ACCOUNT, Trigger
from trading.commands import RefusedOrder, WireSubmit
from trading.timestamps import SECOND

OWN = {
    "maker": '{on_trip: flatten, daily_loss_amount: "3"}',
    "restless": "{on_trip: cancel, order_rate: {orders: 1, within: 1m}}",
    "chaser": '{on_trip: flatten, drawdown_share: "0.0004"}',
}
OF_THE_ACCOUNT = 'breakers: {account: {on_trip: flatten, daily_loss_amount: "50"}}\n'


def ruled(own: dict[str, str], account: str) -> str:
    """The busy hour with breakers."""
    text = BUSY.read_text()
    for strategy, breakers in own.items():
        head = f"  - {{id: {strategy}, "
        assert text.count(head) == 1, strategy
        text = text.replace(head, f"{head}breakers: {breakers}, ")
    return text + account


@cache
def plan(account: str = "") -> Plan:
    with TemporaryDirectory() as folder:
        return plan_of(Path(folder), ruled(OWN, account))


@cache
def pure(account: str = "") -> PureRun:
    return PureRun(plan(account))


def opened(records: Iterable[StepRecord]) -> list[tuple[str, Trigger]]:
    changes = [record for record in records if isinstance(record, BreakerChanged)]
    return [(one.scope, one.trigger) for one in changes if one.after is BreakerState.OPEN]


def closing(records: Iterable[StepRecord]) -> list[str]:
    """The orders by which positions were closed."""
    sent = [record.terms.order_id for record in records if isinstance(record, WireSubmit)]
    return [order_id for order_id in sent if "-x" in order_id]


async def rest(_shell: PaperShell) -> None:
    """A life that recovers and does nothing."""


# A day with breakers.


def test_on_a_journal_they_open_as_in_the_pure_driver() -> None:
    for account, opens, closes in (
        (
            "",
            [
                ("maker", Trigger.DAILY_LOSS),
                ("restless", Trigger.ORDER_RATE),
                ("chaser", Trigger.DRAWDOWN),
            ],
            ["maker-x1", "chaser-x1"],
        ),
        (
            OF_THE_ACCOUNT,
            [
                ("maker", Trigger.DAILY_LOSS),
                (ACCOUNT, Trigger.DAILY_LOSS),
                ("restless", Trigger.ORDER_RATE),
            ],
            ["maker-x1", "sma-x1", "restless-x1", "resourceful-x1"],
        ),
    ):
        world = World(plan(account))
        world.live()
        assert (opened(world.steps()), closing(world.steps())) == (opens, closes)
        assert_as_if_nothing_had_happened(world, pure(account))


@pytest.mark.parametrize("account", ["", OF_THE_ACCOUNT])
def test_a_killed_life_is_taken_up_where_it_was(account: str) -> None:
    whole = World(plan(account))
    whole.live()
    for site in some(changes(whole.disk.trace), seed=len(account)):
        world = World(plan(account))
        world.crash(site)
        world.live()
        assert_as_if_nothing_had_happened(world, pure(account))


def test_a_life_that_ends_at_any_write_of_the_step_that_opens_one_is_taken_up_too() -> None:
    """Before, within and after it: the breaker is open or it is not, and what it closes is closed once."""
    whole = World(plan(OF_THE_ACCOUNT), snapshot_every=10**9)
    met: list[str] = []

    async def until_open(shell: PaperShell) -> None:
        while not shell.floor.lockstep.router.halted:
            before = len(whole.disk.trace)
            assert shell.floor.upcoming() is not None
            shell.floor.lay_out()
            await shell.floor.advance()
            met[:] = writes(whole.disk.trace[before:])

    whole.live(until_open)
    assert len(met) >= 3, "the cancels, what closes, and the commit"
    for site in met:
        world = World(plan(OF_THE_ACCOUNT), snapshot_every=10**9)
        world.crash(site)
        world.live()
        assert_as_if_nothing_had_happened(world, pure(OF_THE_ACCOUNT))


class Injected(Exception):
    """What is raised on the way of a trip."""


class Saboteur:
    """Counts the lines that run from the account's breaker opening to the end of what is done for it, and raises at one
    of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
        self.lines = 0
        self._at = at
        heed, due = Safeguards.heed, Safeguards.due

        def heeding(safeguards: Safeguards, changes: list[BreakerChanged]) -> None:
            if any(one.scope == ACCOUNT for one in changes):
                sys.settrace(self._trace)
            heed(safeguards, changes)

        def handing_out(safeguards: Safeguards, now_ns: int) -> Taken:
            try:
                return due(safeguards, now_ns)
            finally:
                sys.settrace(None)

        monkeypatch.setattr(Safeguards, "heed", heeding)
        monkeypatch.setattr(Safeguards, "due", handing_out)

    def _trace(self, frame: FrameType, event: str, _argument: object) -> Any:
        if "/trading/account/" not in frame.f_code.co_filename:
            return None
        if event == "line":
            self.lines += 1
            if self.lines == self._at:
                raise Injected
        return self._trace


def test_an_exception_anywhere_on_the_way_of_a_trip_lets_nothing_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends the life before anything is sent; the next one opens the breaker and does what is to be done for it."""
    with monkeypatch.context() as patched:
        count = Saboteur(patched, at=0)
        World(plan(OF_THE_ACCOUNT)).live()
    assert count.lines > 100
    for at in (1, *Random(3).sample(range(2, count.lines), 8), count.lines):
        world = World(plan(OF_THE_ACCOUNT))
        with monkeypatch.context() as patched:
            Saboteur(patched, at=at)
            with pytest.raises(Injected):
                world.live()
        assert (ACCOUNT, Trigger.DAILY_LOSS) not in opened(world.steps())
        assert len(world.wire_ids()) == len([one for one in world.steps() if isinstance(one, WireSubmit)])
        world.live()
        assert_as_if_nothing_had_happened(world, pure(OF_THE_ACCOUNT))


@pytest.mark.parametrize("account", ["", OF_THE_ACCOUNT])
def test_processes_change_none_of_it(account: str) -> None:
    world = World(plan(account), isolation=("process",))
    world.live()
    assert_as_if_nothing_had_happened(world, pure(account))


# What is open stays open.


def halfway(world: World, rows: int) -> bool:
    """A life that ends after so many of the feed's events; whether there are more."""

    async def work(shell: PaperShell) -> None:
        while shell.floor.rows < rows and shell.floor.upcoming() is not None:
            shell.floor.lay_out()
            await shell.floor.advance()
        await shell.snapshot()

    world.live(work)
    return world.floor.upcoming() is not None


def test_a_restart_keeps_an_open_breaker_whatever_the_config_says_then(tmp_path: Path) -> None:
    world = World(plan(OF_THE_ACCOUNT))
    rows = (200, 400, 600, 800, 1_000)
    next(row for row in rows if halfway(world, row) and (ACCOUNT, Trigger.DAILY_LOSS) in opened(world.steps()))
    recorded = len(world.steps())
    world.plan = plan_of(tmp_path, BUSY.read_text())
    world.live()
    router = world.floor.lockstep.router
    assert "lost since the day began" in router.halted
    after = world.steps()[recorded:]
    assert not closing(after)
    refused = {record.code for record in after if isinstance(record, RefusedOrder)}
    assert "halted" in refused
    sent = [record.terms for record in after if isinstance(record, WireSubmit)]
    assert not sent, "all that was held was closed, so that nothing is left to reduce"


def test_a_reset_between_two_events_lets_orders_leave_again_and_is_repeated() -> None:
    reset = Operation(action="reset_breaker", ts_ns=SECOND, reason="looked at", scope=ACCOUNT)
    again = Operation(action="reset_breaker", ts_ns=SECOND, reason="too tight", scope="restless")
    script = {900: reset, 1_000: again, 1_100: an_operation("halt"), 1_200: an_operation("resume")}
    whole = World(plan(OF_THE_ACCOUNT))
    whole.live(operated(whole, script))
    records = whole.steps()
    after = [record for record in records[records.index(again) :] if isinstance(record, WireSubmit)]
    assert any(not record.terms.reduce_only for record in after)
    changes = [record for record in records if isinstance(record, BreakerChanged)]
    assert [one.reason for one in changes if one.after is BreakerState.CLOSED] == ["looked at", "too tight", "lunch"]
    for site in some(writes(whole.disk.trace), seed=1, few=2):
        world = World(plan(OF_THE_ACCOUNT))
        world.crash(site, work=operated(world, script))
        world.live(operated(world, script))
        assert world.steps() == records
        assert world.books() == whole.books()


# What people see of it.


def test_people_see_what_is_open_and_close_it() -> None:
    world = World(plan(OF_THE_ACCOUNT))

    async def look(shell: PaperShell) -> None:
        await shell.run()
        desk = BreakerDesk(shell)
        views = {view.scope: view for view in desk.breakers()}
        assert list(views)[:3] == [ACCOUNT, "venue", "sma"]
        assert (views["maker"].state, views["maker"].triggers, views["maker"].latched) == ("open", ["daily_loss"], True)
        assert views["maker"].limits == {"daily_loss_amount": "3"}
        assert views["restless"].limits == {"order_rate": "1 within 1m"}
        assert views["venue"].limits == {"transport_errors_in_a_row": "5"}
        raised = views["raises"]
        assert (raised.state, raised.triggers, raised.sealed) == ("open", ["error"], True)
        assert raised.reason == "ZeroDivisionError: its tenth bar"
        alarms = desk.alarms()
        assert len(alarms) == 3
        assert alarms[0].endswith("; look, then: bulkhead breaker reset account")
        with pytest.raises(BadRequest, match="raises has failed, and no reset brings it back"):
            await desk.reset("raises", "please")
        with pytest.raises(UnknownStrategy, match="no circuit breaker of 'makr'") as caught:
            await desk.reset("makr", "please")
        assert caught.value.mend == "did you mean 'maker'?"

    world.live(look)


async def _operate(shell: PaperShell, **given: object) -> None:
    await shell.floor.operate(Operation(ts_ns=shell.now_ns, **given))  # type: ignore[arg-type]


def test_the_venues_breaker_is_a_reason_not_to_be_ready_and_a_halt_is_told_apart() -> None:
    world = World(plan())

    async def look(shell: PaperShell) -> None:
        desk = BreakerDesk(shell)
        await _operate(shell, action="halt", reason="lunch")
        assert (desk.alarms(), desk.unready()) == ([], [])
        await _operate(shell, action="trip", reason="a sync took 300 ms", scope="venue", trigger=Trigger.SLOW_JOURNAL)
        assert desk.unready() == ["the venue's circuit breaker is open: a sync took 300 ms"]
        (alarm,) = desk.alarms()
        assert alarm == (
            "circuit breaker of venue is open: a sync took 300 ms; it closes by itself once a probe has passed, or by: "
            "bulkhead breaker reset venue"
        )
        venue = desk.breakers()[1]
        assert (venue.latched, venue.next_at) == (False, "2026-01-05T14:30:30Z")
        shell.floor.lockstep.router.breakers.by_scope["venue"].shortfall = "positions are left: no price"
        assert desk.alarms()[1] == "circuit breaker of venue has something undone: positions are left: no price"

    world.live(look)
    world.live(rest)
    assert world.floor.lockstep.router.breakers.by_scope["venue"].is_open, "after a restart too"
