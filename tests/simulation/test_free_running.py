"""Containers that run free on a live feed: whatever they and their processes do, the journal has the order of
everything, and what is repeated of it is exact."""

import asyncio
import errno
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

import pytest

from daemon.check import Plan
from daemon.errors import JournalFailed, NotRepeatable
from daemon.hosts import free, lane, window
from daemon.journal.reader import JournalReader
from daemon.journal.records import Conflated, Reached, Snapshot
from daemon.journal.verify import verify
from daemon.live import shell as live_shell
from tests.config_builders import plan_of
from tests.real_children import until
from tests.simulation.disk import SimulatedDisk
from tests.simulation.live_world import Day, LiveWorld, assert_exact, holds
from tests.simulation.mortals import license_ends
from tests.simulation.world import JOURNAL
from trading.account.records import CommandsTaken, Operation
from trading.commands import RefusedOrder, Trip, WireSubmit
from trading.market_data import Bar, Quote, Trade
from trading.orders import Side
from trading.timestamps import MILLISECOND, SECOND


@pytest.fixture(autouse=True)
def seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the shell look after everything less often than in real life: it is the dearest part of a test's time."""
    monkeypatch.setattr(live_shell, "TICK_NS", 100 * MILLISECOND)


HEAD = """
mode: paper
account: {{currency: USD, cash: "1000000"}}
feed:
  kind: live
  adapter: "tests.simulation.live_feed:ScriptedFeed"
  options: {{script: today}}
  bar_grace: 100ms
  symbols: {{AAA: {{quotes: true, trades: true}}, BBB: {{quotes: true, trades: true}}}}
broker: {{kind: simulated, commission: {{kind: per_share, rate: "0.005"}}}}
instruments:
  AAA: {{kind: equity, tick_size: "0.01", lot_size: "1"}}
  BBB: {{kind: equity, tick_size: "0.01", lot_size: "1"}}
journal: {{snapshot_every_events: {snapshot_every}}}
strategies:
"""
MORTAL = "tests.simulation.mortals:Mortal"


def a_plan(folder: Path, *strategies: str, snapshot_every: int = 100) -> Plan:
    return plan_of(folder, HEAD.format(snapshot_every=snapshot_every) + "\n".join(strategies))


def a_strategy(name: str, cls: str = MORTAL, *, more: str = "", **params: Any) -> str:
    values = ", ".join(f"{key}: {value}" for key, value in params.items())
    return f'  - {{id: {name}, class: "{cls}", params: {{{values}}}, capital: "10000", timeframe: 10s{more}}}'


TASK = ", isolation: task"
BUSY = [
    a_strategy("mortal", symbol="AAA"),
    a_strategy("maker", "strategies.market_maker:MarketMaker", symbol="BBB", tick_size='"0.01"'),
    a_strategy("storms", "tests.simulation.mortals:Storms", symbol="AAA"),
    a_strategy("sma", "strategies.sma_cross:SmaCross", fast=2, slow=3, quantity='"10"', symbol="BBB"),
    a_strategy("ticks", "tests.simulation.mortals:Ticks", symbol="AAA"),
    a_strategy("chaser", "tests.simulation.strategies:Chaser", symbol="AAA"),
]
ISOLATIONS = {
    "process": [""] * 6,
    "task": [TASK] * 6,
    "mixed": [TASK, "", "", TASK, "", TASK],
}


def busy(folder: Path, isolations: list[str], **given: Any) -> Plan:
    return a_plan(folder, *(one[:-1] + how + "}" for one, how in zip(BUSY, isolations, strict=True)), **given)


async def a_day(day: Day) -> None:
    await day.walk(200)


@pytest.mark.parametrize("isolations", ISOLATIONS.values(), ids=ISOLATIONS)
def test_a_day_is_repeated_to_the_last_digit_from_every_snapshot_of_it(tmp_path: Path, isolations: list[str]) -> None:
    world = LiveWorld(busy(tmp_path, isolations), tmp_path)
    world.live(a_day)
    assert_exact(world)
    assert len({fill.strategy for fill in world.fills()}) >= 5
    assert len(world.fills()) > 30
    taken = {record.strategy for _, record in world.entries(CommandsTaken)}
    assert taken == {one.split("id: ")[1].split(",")[0] for one, how in zip(BUSY, isolations, strict=True) if not how}


# What a slow container hears.


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """While this file is there, who looks for it waits in `on_quote`."""
    return tmp_path / "gate"


def shut(gate: Path) -> None:
    gate.touch()


def open_up(gate: Path) -> None:
    gate.unlink()


def send_ahead(monkeypatch: pytest.MonkeyPatch, events: int) -> None:
    """Send a child no more than so many events that it has not heard."""
    for size in ("LEAST", "FIRST", "MOST"):
        monkeypatch.setattr(window, size, events)
    monkeypatch.setattr(lane, "EVENTS_TO_A_SIGN", 1)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has not heard eight events lags, at once."""
    send_ahead(monkeypatch, 8)
    monkeypatch.setattr(free, "LAG_SECONDS", -1.0)


def counting(name: str, *, more: str = "", **params: Any) -> str:
    return a_strategy(name, "tests.simulation.counting:Counts", more=more, **{"symbols": "[AAA, BBB]", **params})


def tally(world: LiveWorld, kind: type) -> int:
    return sum(isinstance(one, kind) for one in world.inputs())


@pytest.mark.usefixtures("impatient")
def test_quotes_are_conflated_for_the_slow_one_alone_and_nothing_else_is_lost(tmp_path: Path, gate: Path) -> None:
    async def held_up(day: Day) -> None:
        await day.walk_with(100, "fast")
        shut(gate)
        await day.walk_with(100, "fast")
        open_up(gate)
        await day.walk_with(100, "fast")
        await day.all_heard()
        assert (day.host("fast").conflated, day.host("slow").conflated) == (0, conflated(world, "slow"))

    world = LiveWorld(a_plan(tmp_path, counting("slow", gate=gate), counting("fast")), tmp_path)
    world.live(held_up)
    slow, fast = world.counts("slow"), world.counts("fast")
    assert conflated(world, "slow") > 20
    assert slow == {**fast, "quotes": fast["quotes"] - conflated(world, "slow")}
    assert (fast["quotes"], fast["trades"]) == (tally(world, Quote), tally(world, Trade))
    assert fast["bars"] == 2 * 7
    assert fast["fills"] == fast["trades"] // 5
    assert_exact(world)


def conflated(world: LiveWorld, strategy: str) -> int:
    return sum(len(record.events) for _, record in world.entries(Conflated) if record.strategy == strategy)


@pytest.mark.usefixtures("impatient")
def test_who_lags_too_far_is_tripped_once_what_is_being_carried_has_come_to_its_end(
    tmp_path: Path, gate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(free, "MOST_WAITING", 30)

    async def held_up(day: Day) -> None:
        await day.walk_with(40, "fast")
        shut(gate)
        await day.walk_with(150, "fast")

    world = LiveWorld(a_plan(tmp_path, counting("slow", gate=gate, buys_every=1), counting("fast")), tmp_path)
    world.live(held_up)
    ((_, trip),) = world.entries(Operation)
    assert (trip.strategy, trip.reason) == ("slow", "it lags too far behind: 31 events and reports wait")
    assert world.floor.lockstep.router.tripped == {"slow": trip.reason}
    assert world.counts("fast")["trades"] == tally(world, Trade)
    open_up(gate)
    assert_exact(world)


# Snapshots while containers lag.


async def some_passes() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def behind(day: Day, gate: Path, events: int) -> None:
    """The slow one has heard a little, asked for something, and has so many events before it; the fast one has heard
    all."""
    await day.walk(50, heard=1)
    shut(gate)
    await day.walk_with(events, "fast")


@pytest.mark.parametrize("ahead", [100, 8], ids=["all of it sent", "some of it waiting"])
def test_a_snapshot_waits_for_who_lags_and_one_restarts_from_it_exactly(
    tmp_path: Path, gate: Path, monkeypatch: pytest.MonkeyPatch, ahead: int
) -> None:
    send_ahead(monkeypatch, ahead)

    async def lagging(day: Day) -> None:
        await behind(day, gate, 40)
        at = day.shell.floor.lockstep.events
        taking = asyncio.create_task(day.shell.snapshot())
        await day.walk_with(30, "fast")
        assert not taking.done()
        open_up(gate)
        await taking
        assert world.states()[-1].lockstep["events"] == at
        await day.walk(30)

    world = LiveWorld(
        a_plan(tmp_path, counting("slow", gate=gate, buys_every=1), counting("fast"), snapshot_every=10_000), tmp_path
    )
    world.live(lagging)
    states = world.states()
    assert any(state.containers["slow"]["in_flight"] for state in states), "it asked for nothing on the way"
    assert_exact(world)


def lose_by_kill(day: Day) -> None:
    day.kill("slow")


def lose_by_trip(day: Day) -> None:
    day.shell.floor.operate_at_once(Operation(action="trip", ts_ns=1, reason="enough", strategy="slow"))


@pytest.mark.parametrize("ahead", [100, 8], ids=["all of it sent", "some of it waiting"])
@pytest.mark.parametrize("lose", [lose_by_kill, lose_by_trip])
def test_a_snapshot_that_a_container_does_not_live_to_give_is_taken_anew(
    tmp_path: Path, gate: Path, monkeypatch: pytest.MonkeyPatch, ahead: int, lose: Callable[[Day], None]
) -> None:
    send_ahead(monkeypatch, ahead)

    async def losing(day: Day) -> None:
        await behind(day, gate, 40)
        taking = asyncio.create_task(day.shell.snapshot())
        await some_passes()
        lose(day)
        await day.walk_with(10, "fast")
        open_up(gate)
        await taking
        await day.walk(10)

    world = LiveWorld(
        a_plan(tmp_path, counting("slow", gate=gate, buys_every=1), counting("fast"), snapshot_every=10_000), tmp_path
    )
    world.live(losing)
    assert len(world.states()) >= 3
    assert world.shell.snapshot_problem == ""
    assert_exact(world)


def test_a_stop_waits_only_so_long_for_who_lags_and_the_next_start_goes_on_exactly(
    tmp_path: Path, gate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_ahead(monkeypatch, 8)
    monkeypatch.setattr(live_shell, "LAST_SNAPSHOT_SECONDS", 0.1)

    async def stopped_while_behind(day: Day) -> None:
        await behind(day, gate, 40)
        taking = asyncio.create_task(day.shell.snapshot())
        await some_passes()
        day.shell.stop()
        await asyncio.shield(taking)

    world = LiveWorld(
        a_plan(tmp_path, counting("slow", gate=gate, buys_every=1), counting("fast"), snapshot_every=10_000), tmp_path
    )
    world.live(stopped_while_behind)
    assert len(world.states()) == 1
    open_up(gate)
    world.live(a_day)
    slow, fast = world.counts("slow"), world.counts("fast")
    for name in ("bars", "trades", "timers"):
        assert slow[name] == fast[name]
    for name, heard in (("slow", slow), ("fast", fast)):
        assert heard["quotes"] == tally(world, Quote) - conflated(world, name)
    assert_exact(world)


def test_after_a_stop_in_good_order_the_next_start_has_nothing_to_repeat(tmp_path: Path) -> None:
    world = LiveWorld(busy(tmp_path, ISOLATIONS["process"]), tmp_path)
    for _ in range(2):
        world.live(a_day)
        assert isinstance(world.groups()[-1].entries[-1].record, Snapshot)
        assert world.entries(Snapshot)[-1][1].since == world.entries(Snapshot)[-1][0] - 1
    assert_exact(world)


# Lives that end.


def of_some(world: LiveWorld, kinds: tuple[str, ...], count: int, seed: int) -> list[str]:
    sites = [site for site in world.disk.trace if site.startswith(kinds)]
    return Random(seed).sample(sites[: len(sites) // 2], count)  # the later half may not be reached next time


@pytest.mark.parametrize(("durability", "keep"), [("process", None), ("power", "prefix"), ("power", "sectors")])
def test_a_life_that_ends_at_any_write_is_taken_up_where_it_was(tmp_path: Path, durability: Any, keep: Any) -> None:
    plan = busy(tmp_path, ISOLATIONS["mixed"])
    whole = LiveWorld(plan, tmp_path, durability=durability)
    whole.live(a_day)
    world = LiveWorld(plan, tmp_path, durability=durability)
    for number, site in enumerate(of_some(whole, ("write", "sync"), 3, seed=len(durability) + len(str(keep)))):
        assert world.crash(site, a_day, keep, seed=number), site
        assert verify(JournalReader(world.disk, JOURNAL)).torn == "" or keep is not None
    world.live(a_day)
    assert_numbered_on(world)
    assert_exact(world)


def assert_numbered_on(world: LiveWorld) -> None:
    """Each container's commands are taken in their order, and no order is met twice."""
    for strategy in world.floor.hosts.free:
        taken = [
            entry.record.n
            for group in world.groups()
            for entry in group.entries
            if group.committed and isinstance(entry.record, CommandsTaken) and entry.record.strategy == strategy
        ]
        assert taken == sorted(set(taken))
    asked = [record.terms.order_id for record in world.steps() if isinstance(record, WireSubmit | RefusedOrder)]
    assert len(set(asked)) == len(asked)
    for strategy, orders in groupby(sorted(asked), lambda order_id: order_id.rpartition("-")[0]):
        numbers = sorted(int(order_id.rpartition("-")[2]) for order_id in orders)
        assert numbers == list(range(1, len(numbers) + 1)), strategy


@pytest.mark.parametrize("site", [f"write#{number}" for number in (5, 23, 71)])
def test_a_write_that_fails_while_commands_are_taken_ends_the_life_and_the_next_goes_on(
    tmp_path: Path, site: str
) -> None:
    plan = a_plan(tmp_path, counting("a", buys_every=1), counting("b", buys_every=1))
    world = LiveWorld(plan, tmp_path, disk=SimulatedDisk(faults={site: errno.ENOSPC}))

    async def without_a_tick(day: Day) -> None:
        for _ in range(200):
            day.quote()
            day.trade()
            await day.all_heard()

    with pytest.raises((JournalFailed, BaseExceptionGroup)) as caught:
        world.live(without_a_tick)
    assert holds(caught.value, JournalFailed)
    world.disk = world.disk.after_kill()
    world.live(a_day)
    assert_numbered_on(world)
    assert_exact(world)


# Processes that end.


def test_processes_that_are_killed_are_made_again_and_nothing_is_lost_or_heard_twice(tmp_path: Path) -> None:
    often = ", restart: {most: 100}"
    names = ("a", "b", "c")

    async def killing(day: Day) -> None:
        for _ in range(12):
            day.quote("AAA")
            day.quote("BBB")
            await day.walk(15, heard=0.1)
            day.kill(day.random.choice(names))
        await day.all_heard()
        for symbol in ("AAA", "BBB"):  # for what came late, and found nothing left of the last one
            day.quote(symbol)
        await day.all_heard()

    world = LiveWorld(a_plan(tmp_path, *(counting(name, more=often, buys_every=2) for name in names)), tmp_path)
    world.live(killing)
    for name in names:
        counts = world.counts(name)
        assert (counts["quotes"], counts["trades"]) == (tally(world, Quote), tally(world, Trade))
        assert counts["fills"] == counts["trades"] // 2
        assert counts["orders"] == 2 * counts["fills"]
    assert sum(host.restarts for host in world.floor.hosts.free.values()) == 12
    assert_numbered_on(world)
    assert_exact(world)


WAYS = ("kill", "exit", "garbage", "hanging_up", "segfault")
PLACES = ("on_quote", "on_timer", "on_fill", "on_order", "state", "restore")


@pytest.mark.parametrize("seed", range(2))
def test_wherever_a_process_ends_by_itself_it_is_made_again_as_it_was(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    licences = [tmp_path / f"m{number}.licence" for number in range(6)]
    mortals = [
        a_strategy(
            licence.stem,
            symbol="AAA",
            how=random.choice(WAYS),
            where=where,
            count=random.randint(1, 9),
            licence=licence,
        )
        for where, licence in zip(PLACES, licences, strict=True)
    ]
    for licence in licences:
        license_ends(licence)
    world = LiveWorld(a_plan(tmp_path, *mortals), tmp_path)
    world.live(a_day)
    assert world.floor.lockstep.router.tripped == {}
    assert sum(host.restarts for host in world.floor.hosts.free.values()) >= 4
    assert_numbered_on(world)
    first, *others = map(but_for_what_counts_snapshots, world.ends())
    assert all(end == first for end in others)


def but_for_what_counts_snapshots(end: dict[str, Any]) -> dict[str, Any]:
    """Without the mortals' own state: they count how often it was taken and put back."""
    containers = {name: {**container, "strategy": None} for name, container in end["containers"].items()}
    return {**end, "containers": containers}


@pytest.mark.parametrize("policy", ["cancel", "leave"])
def test_one_that_is_lost_for_good_is_tripped_and_its_orders_are_cancelled_or_left(tmp_path: Path, policy: str) -> None:
    more = f", restart: {{policy: temporary}}, on_trip: {policy}"

    async def losing(day: Day) -> None:
        await day.walk(60)
        await until_open(day, "lost")
        day.kill("lost")
        await until(lambda: "lost" in day.shell.floor.lockstep.router.tripped)
        await day.walk(60)

    world = LiveWorld(
        a_plan(tmp_path, a_strategy("lost", "tests.simulation.mortals:Storms", symbol="AAA", more=more), counting("b")),
        tmp_path,
    )
    world.live(losing)
    assert_lost(world, policy)
    world.live(a_day)
    assert_lost(world, policy)
    assert world.counts("b")["quotes"] == tally(world, Quote)
    assert_exact(world)


async def until_open(day: Day, strategy: str) -> None:
    while not day.shell.floor.lockstep.router.orders[strategy].open_count:
        await day.walk(1, heard=1)


def assert_lost(world: LiveWorld, policy: str) -> None:
    router = world.floor.lockstep.router
    assert router.tripped == {"lost": "its process ended (killed by SIGKILL), and its restart policy is temporary"}
    assert bool(router.orders["lost"].open_count) == (policy == "leave")


@pytest.mark.parametrize(("where", "count"), [("on_quote", 20), ("on_fill", 1), ("on_timer", 3)])
def test_one_that_raises_is_sealed_and_stays_so(tmp_path: Path, where: str, count: int) -> None:
    plan = a_plan(
        tmp_path,
        a_strategy("bad", symbol="AAA", how="raise", where=where, count=count),
        a_strategy("worse", symbol="AAA", how="raise", where=where, count=count, more=TASK),
        counting("good"),
    )
    world = LiveWorld(plan, tmp_path)
    world.live(a_day)
    trips = {record.strategy: record.reason for record in world.steps() if isinstance(record, Trip)}
    assert trips == dict.fromkeys(("bad", "worse"), "ZeroDivisionError: its time has come")
    assert world.floor.lockstep.router.tripped == trips
    assert all(world.floor.lockstep.router.orders[strategy].open_count == 0 for strategy in trips)
    world.live(a_day)
    assert world.floor.lockstep.router.tripped == trips
    assert world.counts("good")["quotes"] == tally(world, Quote)
    assert_exact(world)


def test_one_that_does_not_ask_again_for_what_it_had_asked_for_refuses_the_start(tmp_path: Path) -> None:
    mood = tmp_path / "mood"
    world = LiveWorld(a_plan(tmp_path, counting("moody", mood=mood, buys_every=1), counting("b")), tmp_path)
    assert world.crash("write#40", a_day)
    mood.touch()
    with pytest.raises(NotRepeatable, match="moody did not ask again for what is its command"):
        world.live(a_day)
    mood.unlink()
    world.live(a_day)
    assert_exact(world)


# What people do, and what the clock does.


def test_a_halt_that_cancels_withdraws_everything_and_lets_only_less_risk_through(tmp_path: Path) -> None:
    halt = Operation(action="halt", ts_ns=1, reason="lunch", cancel_orders=True)

    async def halted(day: Day) -> None:
        await day.walk(60)
        await until_open(day, "s")
        await day.shell.operate(halt)
        assert not any(orders.open_count for orders in day.shell.floor.lockstep.router.orders.values())
        await day.walk(60)
        await day.shell.operate(Operation(action="resume", ts_ns=1, reason="back"))
        await day.walk(60)

    world = LiveWorld(
        a_plan(tmp_path, a_strategy("s", "tests.simulation.mortals:Storms", symbol="AAA"), counting("b")), tmp_path
    )
    world.live(halted)
    steps = world.steps()
    begun, over = (steps.index(operation) for _, operation in world.entries(Operation))
    sides = {record.terms.side for record in steps[begun:over] if isinstance(record, WireSubmit)}
    assert sides <= {Side.SELL}
    assert {record.code for record in steps[begun:over] if isinstance(record, RefusedOrder)} == {"halted"}
    assert any(isinstance(record, WireSubmit) for record in steps[over:])
    assert_exact(world)


def test_bars_and_timers_come_by_the_clock_where_nothing_else_comes(tmp_path: Path) -> None:
    async def silent(day: Day) -> None:
        day.trade("AAA")
        day.quote("BBB")
        await day.clock.advance(10 * SECOND)
        await day.all_heard()
        assert day.shell.floor.lockstep.now_ns <= day.clock.wall_ns() - 100 * MILLISECOND
        await day.clock.advance(SECOND)

    world = LiveWorld(a_plan(tmp_path, counting("a"), counting("b", more=TASK), counting("c")), tmp_path)
    world.live(silent)
    for name in ("a", "b", "c"):
        assert world.counts(name) == {"quotes": 1, "trades": 1, "bars": 1, "timers": 2, "fills": 0, "orders": 0}
    reached = [one for one in world.inputs() if isinstance(one, Reached)]
    assert len(reached) == 2
    assert world.floor.rows == 2
    assert_exact(world)


def test_a_clock_that_is_set_back_or_ahead_turns_no_order_round(tmp_path: Path) -> None:
    async def stepping(day: Day) -> None:
        for by in (-3, 20, -15, 2, -1):
            await day.walk(30)
            day.clock.step_wall(by * SECOND)
        await day.walk(150)

    world = LiveWorld(busy(tmp_path, ISOLATIONS["mixed"]), tmp_path)
    world.live(stepping)
    stamps = [one.ts_ns for one in world.inputs() if isinstance(one, Quote | Trade)]
    assert stamps == sorted(stamps)
    assert len(set(stamps)) < len(stamps)
    assert_exact(world)


def test_after_the_feeds_end_timers_ring_orders_are_taken_and_people_are_heard(tmp_path: Path) -> None:
    halt = Operation(action="halt", ts_ns=1, reason="evening", cancel_orders=True)

    async def evening(day: Day) -> None:
        before = len(world.entries(CommandsTaken))
        await day.clock.advance(60 * SECOND)
        await day.all_heard()
        assert len(world.entries(CommandsTaken)) > before
        await day.shell.operate(halt)
        day.shell.stop()

    world = LiveWorld(busy(tmp_path, ISOLATIONS["mixed"]), tmp_path)
    world.live(a_day, idle=evening)
    assert world.shell.at_end
    world.live(a_day)
    assert world.floor.lockstep.router.halted == "evening"
    assert_exact(world)


def test_a_stop_while_the_feed_comes_to_its_end_is_not_forgotten(tmp_path: Path) -> None:
    stopping: list[asyncio.Task[None]] = []

    async def stop_at_end(day: Day) -> None:
        while not day.shell.at_end:  # noqa: ASYNC110  (there is no event of it)
            await asyncio.sleep(0)
        day.shell.stop()

    async def ending(day: Day) -> None:
        day.quote()
        stopping.append(asyncio.create_task(stop_at_end(day)))

    async def nothing(_day: Day) -> None:
        pass

    world = LiveWorld(a_plan(tmp_path, counting("a")), tmp_path)
    world.live(ending, idle=nothing)
    assert stopping[0].done()


def test_the_lag_is_how_old_the_last_tick_was_when_it_came(tmp_path: Path) -> None:
    async def late(day: Day) -> None:
        now_ns = day.clock.wall_ns()
        day.bring(Quote("AAA", now_ns, 1.0, 1.1, 1.0, 1.0), now_ns - 30 * MILLISECOND)
        day.bring(Trade("AAA", now_ns, 1.0, 1.0), 0)
        assert day.shell.lag_ns == 30 * MILLISECOND

    LiveWorld(a_plan(tmp_path, counting("a", more=TASK)), tmp_path).live(late)


@pytest.mark.parametrize(
    "changed", [{"more": TASK}, {"buys_every": 2}], ids=["moved into the daemon's own process", "with other parameters"]
)
def test_what_was_on_its_way_when_a_life_ended_is_taken_also_of_one_that_the_config_has_changed(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    world = in_the_middle_of_a_take(tmp_path)
    world.plan = a_plan(tmp_path, counting("a", **{"buys_every": 1, **changed}))
    world.live(a_day)
    assert_numbered_on(world)
    (*_, last) = world.states()
    orders = last.containers["a"]["orders"]
    assert {**orders, "numbered": 0} == last.lockstep["router"]["orders"]["a"]
    assert world.adds_up()


def in_the_middle_of_a_take(folder: Path) -> LiveWorld:
    plan = a_plan(folder, counting("a", buys_every=1))
    for number in range(20, 40):
        world = LiveWorld(plan, folder)
        assert world.crash(f"write#{number}", a_day)
        if not world.groups()[-1].committed:
            return world
    raise AssertionError("no step was cut off")


def test_a_tick_is_never_earlier_than_the_one_before_it_and_a_bar_has_its_own_time(tmp_path: Path) -> None:
    begin_ns = 1_767_225_602 * SECOND
    bar = Bar("BBB", begin_ns - 7, 10 * SECOND, 1.0, 1.0, 1.0, 1.0, 1.0)

    async def out_of_order(day: Day) -> None:
        day.bring(Trade("AAA", begin_ns, 1.0, 1.0))
        day.bring(Quote("AAA", begin_ns - 5, 1.0, 1.1, 1.0, 1.0))
        day.bring(bar)
        day.bring(Trade("AAA", begin_ns + 1, 1.0, 1.0))

    brought = "BBB: {quotes: true, trades: true"
    text = HEAD.format(snapshot_every=100).replace(brought, f"{brought}, bars: 10s", 1)
    world = LiveWorld(plan_of(tmp_path, text + counting("a", more=TASK)), tmp_path)
    world.live(out_of_order)
    assert world.inputs() == [
        Trade("AAA", begin_ns, 1.0, 1.0),
        Quote("AAA", begin_ns, 1.0, 1.1, 1.0, 1.0),
        bar,
        Trade("AAA", begin_ns + 1, 1.0, 1.0),
    ]
