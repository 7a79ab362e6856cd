"""Group D, F09 and F12: what restarts, other instances and several strategies on one symbol do to orders and
positions."""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import cache
from itertools import product
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest

from daemon.check import Plan
from daemon.errors import EpochNotPassed, StateInUse
from daemon.paper import PaperShell
from daemon.state import PROJECTION_NAME
from tests.account_builders import on_margin
from tests.builders import Rig, acting, nothing, price, spec
from tests.config_builders import plan_of
from tests.faults.fleet import SHORT
from tests.market_builders import through_msgpack
from tests.simulation.disk import SimulatedDisk
from tests.simulation.test_restart_with_changes import HEAD, MAKER
from tests.simulation.test_supervisor import Machine
from tests.simulation.world import PureRun, World, steps_of
from trading.commands import RefusedOrder, WireSubmit
from trading.money import total
from trading.order_manager import CLOSED_KEPT
from trading.orders import OrderState
from trading.strategy import Strategy
from trading.timestamps import SECOND

TWO_OF_ONE = """
mode: paper
account: {currency: USD, cash: "100000"}
feed: {kind: synthetic, duration: 30m, speed: max, every: 5s, symbols: {AAA: {price: "100.00", volatility_ticks: 6}}}
instruments: {AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}}
broker: {kind: simulated, commission: {kind: per_share, rate: "0.005"}}
strategies:
  - {id: one, class: "tests.simulation.strategies:Restless", params: {symbol: AAA}, capital: "40000"}
  - {id: two, class: "tests.simulation.strategies:Restless", params: {symbol: AAA}, capital: "40000"}
"""


@cache
def two_of_one() -> Plan:
    with TemporaryDirectory() as folder:
        return plan_of(Path(folder), TWO_OF_ONE)


@cache
def pure() -> PureRun:
    return PureRun(two_of_one())


def some_events(count: int) -> Callable[[PaperShell], Awaitable[None]]:
    """A life of so many feed events, ended in good order."""

    async def work(shell: PaperShell) -> None:
        for _ in range(count):
            if shell.floor.upcoming() is None:
                return
            shell.floor.lay_out()
            await shell.floor.advance()
        await shell.snapshot()

    return work


async def rest(_: PaperShell) -> None:
    """A life that recovers and does nothing."""


# F49: whose a fill is.


def test_every_fill_has_the_same_owner_after_twenty_restarts() -> None:
    """Two strategies of one class on one symbol; every life is killed somewhere, the last runs to the end."""
    world, random = World(two_of_one(), snapshot_every=200), Random(49)
    for _ in range(20):
        world.crash(f"write#{random.randint(3, 60)}")
    world.live()
    owners = {fill.execution_id: (fill.strategy, fill.order_id) for fill in world.fills()}
    assert owners == {fill.execution_id: (fill.strategy, fill.order_id) for fill in pure().fills}
    for name in ("one", "two"):
        own = [fill for fill in world.fills() if fill.strategy == name]
        assert len(own) > 10
        held = total(fill.side.signed(fill.quantity) for fill in own)
        assert world.floor.lockstep.router.ledger.of(name).quantity("AAA") == held
    assert world.books() == pure().books
    assert world.adds_up()


def test_recovering_again_and_again_moves_nothing() -> None:
    world = World(two_of_one(), snapshot_every=10**9)
    world.crash("write#150")
    world.live(rest)
    first = world.books()
    for _ in range(20):
        world.live(rest)
        assert world.books() == first


# F55: strategies that want opposite things of one symbol.


def test_strategies_on_both_sides_of_one_symbol_each_have_their_own_and_the_account_the_rest() -> None:
    def long(self: Strategy) -> None:
        self.target("AAA", 30)

    def short(self: Strategy) -> None:
        self.target("AAA", -50)

    def flat(self: Strategy) -> None:
        self.target("AAA", 0)

    names = "abc"
    actions = [[long, nothing, flat], [short, nothing, nothing], [long, nothing, short]]
    rig = Rig(
        *(spec(acting(*each), name) for name, each in zip(names, actions, strict=True)),
        instruments={"AAA": on_margin()},
    )

    def held() -> list[str]:
        return [str(rig.book(name).quantity("AAA")) for name in names]

    rig.feed(price(1, 100.0))
    assert (held(), rig.market.account().positions) == (["30", "-50", "30"], {"AAA": Decimal(10)})
    rig.assert_books_add_up()
    rig.feed(price(2, 101.0), price(3, 101.0))
    assert (held(), rig.market.account().positions) == (["0", "-50", "-50"], {"AAA": Decimal(-100)})
    assert rig.book("a").cash["USD"] == Decimal(10_000 + 30)
    assert rig.book("b").cash["USD"] == Decimal(10_000 + 50 * 100)
    rig.assert_books_add_up()


def test_no_strategy_spends_what_another_was_given() -> None:
    """The account could pay for both; the second has not enough of its own."""

    def buy(self: Strategy) -> None:
        self.buy("AAA", 60)

    rig = Rig(spec(acting(buy), "rich", capital="50000"), spec(acting(buy), "poor", capital="1000"))
    rig.feed(price(1, 100.0))
    assert rig.reports() == ["poor-1 rejected insufficient_cash", "rich-1 accepted", "rich-1 filled 60 at 100.0"]
    assert rig.book("poor").cash == {"USD": Decimal(1_000)}
    rig.assert_books_add_up()


# F59: what rests on paper rests on over a restart.


@pytest.mark.parametrize("killed", [True, False])
def test_orders_that_rest_on_paper_rest_on_after_a_restart_in_their_places(*, killed: bool) -> None:
    world = at_rest(killed=killed)
    market = world.floor.lockstep.market
    before, account = through_msgpack(market.state()), market.account()
    world.live(rest)
    after = world.floor.lockstep.market
    assert through_msgpack(after.state()) == before
    assert after.account() == account
    assert [one["terms"]["order_id"] for one in before["working"]] == [
        one["terms"]["order_id"] for one in working(world)
    ]
    world.live()
    assert world.steps() == pure().steps


def at_rest(*, killed: bool) -> World:
    """A machine between two lives, with three orders or more that rest."""
    for writes in range(40, 80):
        world = World(two_of_one(), snapshot_every=10**9)
        if killed:
            world.crash(f"write#{writes}")
            world.live(rest)
        else:
            world.live(some_events(2 * writes))
        if len(working(world)) > 2:
            return world
    raise AssertionError("nothing rests")


def working(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = msgspec.to_builtins(world.floor.lockstep.market.state())["working"]
    return found


# F60: whatever of the state is kept, flushed or lost besides the journal.

PERSISTED = list(product(["power", "process"], [50, 10**6], ["kept", "lost", "older"], ["kept", "lost"]))


@pytest.mark.parametrize(("durability", "snapshot_every", "tables", "logs"), PERSISTED)
async def test_no_setting_of_what_is_kept_changes_what_a_restart_goes_on_from(
    tmp_path: Path, durability: str, snapshot_every: int, tables: str, logs: str
) -> None:
    kept = f"durability: {durability}\njournal: {{snapshot_every_events: {snapshot_every}}}\n"
    plan = plan_of(tmp_path, kept + SHORT.lstrip())
    machine = Machine(plan, SimulatedDisk(faults={"write#20": errno.ENOSPC}))
    with pytest.raises(Exception, match="the disk is full"):
        await machine.run()
    assert isinstance(machine.disk, SimulatedDisk)
    machine.disk = (
        machine.disk.after_power_cut("none", Random(1)) if durability == "power" else machine.disk.after_kill()
    )
    table = plan.state / PROJECTION_NAME
    if tables == "lost":
        for file in plan.state.glob(f"{PROJECTION_NAME}*"):
            file.unlink()
    elif tables == "older":
        table.write_bytes(b"of another day")
    if logs == "lost":
        for file in (plan.state / "logs").glob("*"):
            file.unlink()
    await machine.run()
    assert steps_of(machine.groups()) == PureRun(plan).steps


# F09: ids are counted, and the count is kept.


def test_no_order_id_comes_again_when_everything_about_old_orders_is_forgotten() -> None:
    """More orders than any keeper remembers, then a restart: the next is the next."""
    buys = [lambda self: self.buy("AAA", 1), lambda self: self.sell("AAA", 1)] * (CLOSED_KEPT // 2 + 10)
    first = Rig(spec(acting(*buys)))
    first.feed(*(price(at, 100.0) for at in range(1, len(buys) + 1)))
    assert first.container().orders.get("a-1") is None
    again = Rig(spec(acting(*buys, buys[0])), state=first.state(), epoch_ms=2)
    again.feed(price(len(buys) + 1, 100.0))
    assert again.sent() == [f"a-{len(buys) + 1} buy 1"]
    sent = {one.cid for rig in (first, again) for one in rig.records if isinstance(one, WireSubmit)}
    assert len(sent) == len(buys) + 1


async def test_ids_go_on_where_they_were_though_the_tables_are_purged_between_lives(tmp_path: Path) -> None:
    short = HEAD.replace("duration: 1h", "duration: 20m").replace("speed: max", "speed: 1")
    plan = plan_of(tmp_path, short + MAKER.rstrip() + "\n    isolation: task\n")
    machine = Machine(plan)
    for _ in range(6):
        async with machine.running():
            await machine.clock.advance(120 * SECOND)
        for file in plan.state.glob(f"{PROJECTION_NAME}*"):
            file.unlink()
    asked = [one for one in machine.records() if isinstance(one, WireSubmit | RefusedOrder)]
    ids = [one.terms.order_id for one in asked]
    assert len(ids) > 10
    assert ids == [f"maker-{n}" for n in range(1, len(ids) + 1)]
    cids = [one.cid for one in asked if isinstance(one, WireSubmit)]
    assert len({*cids}) == len(cids)


# F12: a second instance.


async def test_a_second_instance_on_the_same_state_is_refused_and_sends_nothing(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, HEAD.replace("speed: max", "speed: 1") + MAKER.rstrip() + "\n    isolation: task\n")
    machine = Machine(plan)
    async with machine.running():
        await machine.clock.advance(30 * SECOND)
        before = machine.records()
        second = Machine(plan)
        with pytest.raises(StateInUse):
            async with asyncio.timeout(5):
                await second.run()
        assert machine.records() == before
        assert not second.ready.is_set()


def test_an_instance_on_a_copied_state_never_gives_an_id_that_the_other_gave() -> None:
    """Both go on from one backup, each in its own time; where the clocks are equal, one is refused or waits."""
    world = World(two_of_one())
    world.crash("write#60")
    given = set(world.wire_ids())
    copy = World(world.plan, disk=world.disk.copy())
    copy.clock.step_wall(world.clock.wall_ns() - copy.clock.wall_ns())
    world.live()
    copy.clock.step_wall(3 * SECOND)
    copy.live()
    ours, theirs = set(world.wire_ids()) - given, set(copy.wire_ids()) - given
    assert ours
    assert theirs
    assert not ours & theirs


def test_an_older_clock_than_the_last_start_is_refused() -> None:
    world = World(two_of_one())
    world.crash("write#60")
    world.clock.step_wall(-3_600 * SECOND)
    with pytest.raises(EpochNotPassed):
        world.live(rest)


# F51: a position that the venue closes by itself.


def test_a_liquidation_by_the_market_is_known_at_once_and_never_traded_as_still_held() -> None:
    def long(self: Strategy) -> None:
        self.target("AAA", 190)

    rig = Rig(spec(acting(long, nothing, nothing, long)), instruments={"AAA": on_margin()})
    rig.feed(price(1, 100.0), price(2, 50.0), price(3, 50.0), price(4, 50.0))
    assert "a" in rig.router.tripped
    assert rig.market.account().positions == {}
    assert rig.router.ledger.total().positions == {}
    assert [line for line in rig.sent() if line.startswith("a-")] == ["a-1 buy 190"]
    assert rig.order("a-1").state is OrderState.FILLED
    rig.assert_books_add_up()
