"""Containers in processes of their own: a run is the pure driver's to the last digit, whatever becomes of them."""

from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from daemon.check import Plan
from daemon.floor import FloorState
from daemon.hosts.process import ProcessHost
from daemon.hosts.stepping import LEAST_STRIDE
from daemon.journal.records import Snapshot
from daemon.paper import PaperShell
from tests.config_builders import plan_of
from tests.real_children import is_gone
from tests.simulation.ends import some, writes
from tests.simulation.mortals import license_ends
from tests.simulation.world import PureRun, World
from trading.account.records import Operation, StepRecord
from trading.commands import RefusedOrder, Trip, WireSubmit
from trading.container import ContainerState
from trading.timestamps import SECOND

BUSY = Path(__file__).with_name("busy.yaml")
PROCESS, MIXED = ("process",), ("task", "process")
HEAD = """
mode: paper
account: {{currency: USD, cash: "1000000"}}
feed:
  kind: synthetic
  seed: {seed}
  duration: {duration}
  speed: max
  every: 1s
  at_end: exit
  {feed}
  symbols: {{AAA: {{price: "100.00", volatility_ticks: 3}}}}
instruments: {{AAA: {{kind: equity, tick_size: "0.01", lot_size: "1"}}}}
strategies:
"""


def a_plan(folder: Path, *strategies: str, seed: int = 1, duration: str = "3m", feed: str = "") -> Plan:
    return plan_of(folder, HEAD.format(seed=seed, duration=duration, feed=feed) + "\n".join(strategies))


def a_strategy(name: str, cls: str = "tests.simulation.mortals:Mortal", *, more: str = "", **params: Any) -> str:
    values = ", ".join(f"{key}: {value}" for key, value in {"symbol": "AAA", **params}.items())
    return f'  - {{id: {name}, class: "{cls}", params: {{{values}}}, capital: "10000"{more}}}'


def mortal(name: str, how: str, where: str, count: int, licence: Path, *, more: str = "") -> str:
    return a_strategy(name, how=how, where=where, count=count, licence=licence, more=more)


def a_world(plan: Plan, folder: Path, isolation: Sequence[str] = PROCESS, **given: Any) -> World:
    world = World(plan, isolation=isolation, **given)
    world.logs = folder / "logs"
    return world


def assert_same(world: World, reference: PureRun) -> None:
    assert world.steps() == reference.steps
    assert world.books() == reference.books
    assert world.adds_up()


def restarts(world: World) -> dict[str, int]:
    """How often each process was started again, in the world's last life."""
    return {host.strategy: host.restarts for host in world.floor.hosts if hasattr(host, "restarts")}


# As if there were no processes.


@cache
def busy() -> tuple[Plan, PureRun]:
    with TemporaryDirectory() as folder:
        plan = plan_of(Path(folder), BUSY.read_text())
    return plan, PureRun(plan)


@pytest.mark.parametrize("isolation", [PROCESS, MIXED, ("process", "task", "task")], ids="-".join)
def test_a_run_in_processes_is_the_pure_drivers_to_the_last_digit(tmp_path: Path, isolation: Sequence[str]) -> None:
    plan, reference = busy()
    world = a_world(plan, tmp_path, isolation)
    world.live()
    assert_same(world, reference)


ALONE = {
    "resting orders, timers, cancels": a_strategy("m"),
    "commands without end": a_strategy("e", "tests.simulation.mortals:Endless"),
    "a fill that is answered twice": a_strategy("c", "tests.simulation.strategies:Chaser"),
    "timers upon timers": a_strategy("t", "tests.simulation.mortals:Ticks"),
    "a storm of cancels": a_strategy("s", "tests.simulation.mortals:Storms"),
    "orders asked for in the past": a_strategy("w", "tests.simulation.mortals:Eager"),
    "raises at a bar": a_strategy("b", how="raise", where="on_bar", count=2),
    "raises at once": a_strategy("q", how="raise", where="on_quote", count=1),
    "raises in the past": a_strategy("p", how="raise", where="warm-up", count=2),
    "raises at a fill": a_strategy("f", how="raise", where="on_fill", count=2),
    "raises at a timer": a_strategy("t", how="raise", where="on_timer", count=9),
    "raises at an order": a_strategy("o", how="raise", where="on_order", count=5),
}


@pytest.mark.parametrize("strategy", ALONE.values(), ids=ALONE)
def test_alone_and_beside_others_each_kind_of_strategy_does_as_it_would(tmp_path: Path, strategy: str) -> None:
    plan = a_plan(tmp_path, a_strategy("one"), strategy, a_strategy("two"))
    reference = PureRun(plan)
    world = a_world(plan, tmp_path, ("task", "process", "process"), snapshot_every=90)
    world.live()
    assert_same(world, reference)


def test_what_is_due_when_the_feed_has_ended_is_heard_too(tmp_path: Path) -> None:
    chasers = [
        a_strategy(name, "tests.simulation.strategies:Chaser", more=f", timeframe: {timeframe}")
        for name, timeframe in {"c": "1m", "d": "5m"}.items()
    ]
    plan = a_plan(tmp_path, *chasers, duration="10m", feed="data: [bars]\n  bars: 1m")
    reference = PureRun(plan)
    world = a_world(plan, tmp_path)
    world.live()
    ordered = [record.terms for record in reference.steps if isinstance(record, WireSubmit)]
    assert "d" in {terms.strategy for terms in ordered if terms.created_ns == world.floor.lockstep.now_ns}
    assert_same(world, reference)


# Processes that end and are made again.

PLACES = [
    ("start", 1),
    ("warm-up", 1),
    ("warm-up", 3),
    *(("on_quote", count) for count in (1, 2, 3, 7, 16, 17, 33, 64, 65, 120, 179)),
    ("on_bar", 1),
    ("on_bar", 2),
    *(("on_timer", count) for count in (1, 2, 11, 20)),
    *(("on_fill", count) for count in (1, 2, 6)),
    *(("on_order", count) for count in (1, 2, 9, 20)),
    *(("state", count) for count in (1, 2, 3)),
]
WAYS = ("kill", "exit", "segfault", "garbage")


@pytest.mark.parametrize("seed", range(2))
def test_wherever_processes_end_the_run_goes_on_as_if_they_had_not(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    licences = {f"m{number}": tmp_path / f"m{number}.licence" for number, _ in enumerate(PLACES)}
    plan = a_plan(
        tmp_path,
        *(
            mortal(name, random.choice(WAYS), where, count, licence)
            for (name, licence), (where, count) in zip(licences.items(), PLACES, strict=True)
        ),
        seed=seed,
    )
    reference = PureRun(plan)
    for licence in licences.values():
        license_ends(licence)
    world = a_world(plan, tmp_path, snapshot_every=100)
    world.live()
    assert_same(world, reference)
    assert restarts(world) == dict.fromkeys(licences, 1)


@pytest.mark.parametrize(
    ("how", "where", "count", "seen"),
    [
        ("spinning", "on_quote", 40, "in by_spinning"),
        ("sleeping", "state", 2, "in by_sleeping"),
        ("stopping", "on_timer", 3, ""),
        ("sleeping", "start", 1, "in by_sleeping"),
    ],
)
def test_a_process_that_gives_no_sign_is_noticed_and_made_again(
    tmp_path: Path, how: str, where: str, count: int, seen: str, caplog: pytest.LogCaptureFixture
) -> None:
    licence = tmp_path / "licence"
    plan = a_plan(tmp_path, mortal("m", how, where, count, licence), a_strategy("other"))
    reference = PureRun(plan)
    license_ends(licence)
    world = a_world(plan, tmp_path, patience_seconds=0.3, snapshot_every=100)
    world.live()
    assert_same(world, reference)
    assert restarts(world) == {"m": 1, "other": 0}
    assert caplog.messages == ["its process ended (no sign of it for 0.3 s); it is made again"]
    assert seen in (tmp_path / "logs" / "m.log").read_text()


def test_when_the_forkserver_is_killed_all_processes_come_back(tmp_path: Path) -> None:
    licence = tmp_path / "licence"
    plan = a_plan(
        tmp_path,
        *(a_strategy(f"s{n}") for n in range(5)),
        mortal("m", "killing_the_forkserver", "on_timer", 9, licence),
    )
    reference = PureRun(plan)
    license_ends(licence)
    world = a_world(plan, tmp_path)
    world.live()
    assert_same(world, reference)
    assert set(restarts(world).values()) == {1}


def test_a_policy_of_permanent_restarts_also_who_left_in_good_order(tmp_path: Path) -> None:
    licence = tmp_path / "licence"
    rule = ", restart: {policy: permanent, most: 2}"
    plan = a_plan(tmp_path, mortal("m", "clean_exit", "on_quote", 30, licence, more=rule))
    reference = PureRun(plan)
    license_ends(licence, times=2)
    world = a_world(plan, tmp_path)
    world.live()
    assert_same(world, reference)
    assert restarts(world) == {"m": 2}


# Processes that are lost for good.


def as_raised(record: StepRecord) -> StepRecord:
    """A record without what tells a strategy that raised from one whose process was lost."""
    return msgspec.structs.replace(record, reason="", lost=False) if isinstance(record, Trip) else record


def trips(world: World) -> list[Trip]:
    return [record for record in world.steps() if isinstance(record, Trip)]


def looking(world: World) -> Callable[[PaperShell], Awaitable[None]]:
    """A life at whose end those who have tripped, and they alone, have no process."""

    async def run_and_look(shell: PaperShell) -> None:
        await shell.run()
        for host in world.floor.hosts:
            assert isinstance(host, ProcessHost)
            line = host._lifeline
            has_process = line.is_open and line.life.child is not None and not is_gone(line.life.child.pid)
            assert has_process == (host.strategy not in world.floor.lockstep.router.tripped)

    return run_and_look


def until_row(world: World, row: int) -> Callable[[PaperShell], Awaitable[None]]:
    """A life that is killed after so many of the feed's events."""

    async def run(_: PaperShell) -> None:
        while world.floor.rows < row:
            assert world.floor.upcoming() is not None
            world.floor.lay_out()
            await world.floor.advance()

    return run


def assert_tripped_stand_as_booked(world: World) -> None:
    """In the last snapshot, the orders and the book of those who have tripped are those of router and ledger."""
    router = world.floor.lockstep.router
    (*_, snapshot) = (
        entry.record for group in world.groups() for entry in group.entries if isinstance(entry.record, Snapshot)
    )
    state = msgspec.msgpack.decode(snapshot.state, type=FloorState)
    for strategy in router.tripped:
        container = state.containers[strategy]
        assert container["life"] == ContainerState.TRIPPED
        assert container["reports"] == router.numbers[strategy]
        assert container["portfolio"] == plain(router.ledger.of(strategy).state())
        orders = plain(router.orders[strategy].state())
        assert {**container["orders"], "numbered": orders["numbered"]} == orders
        assert container["orders"]["numbered"] >= highest_number(world, strategy), "an order's id would come again"


def highest_number(world: World, strategy: str) -> int:
    orders = [record.terms.order_id for record in world.steps() if isinstance(record, WireSubmit | RefusedOrder)]
    return max(
        (int(number) for owner, _, number in (one.rpartition("-") for one in orders) if owner == strategy), default=0
    )


def plain(state: object) -> Any:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(state))


LOST = [("on_quote", 1), ("on_timer", 7), ("on_fill", 3), ("on_order", 4)]
RULES = {
    ", restart: {policy: temporary}": "its restart policy is temporary",
    ", restart: {most: 1, within: 5m}, on_trip: leave": "1 restarts within 5m are used up",
}


@pytest.mark.parametrize(("rule", "why"), RULES.items(), ids=["temporary", "leave"])
def test_who_is_lost_for_good_is_tripped_in_the_step_that_it_did_not_live_through(
    tmp_path: Path, rule: str, why: str
) -> None:
    """For everybody else it is as if it had raised there."""
    licences = [tmp_path / f"m{number}.licence" for number, _ in enumerate(LOST)]

    def plan(how: str) -> Plan:
        return a_plan(
            tmp_path,
            a_strategy("first"),
            *(
                mortal(licence.stem, how, where, count, licence, more=rule)
                for licence, (where, count) in zip(licences, LOST, strict=True)
            ),
            a_strategy("last"),
        )

    for licence in licences:
        license_ends(licence, times=1_000)
    world, reference = a_world(plan("kill"), tmp_path, snapshot_every=70), World(plan("raise"))
    world.live(looking(world))
    reference.live()
    assert [as_raised(record) for record in world.steps()] == [as_raised(record) for record in reference.steps()]
    assert world.books() == reference.books()
    assert world.adds_up()
    reason = f"its process ended (killed by SIGKILL), and {why}"
    assert [
        (trip.strategy, trip.lost, trip.reason) for trip in sorted(trips(world), key=lambda trip: trip.strategy)
    ] == [(licence.stem, True, reason) for licence in licences]
    assert_tripped_stand_as_booked(world)


def test_who_is_lost_ahead_of_the_steps_is_tripped_at_the_first_event_that_it_is_not_known_to_have_heard(
    tmp_path: Path,
) -> None:
    licence = tmp_path / "licence"

    def plan(how: str, count: int) -> Plan:
        doomed = mortal("m", how, "on_quote", count, licence, more=", restart: {policy: temporary}")
        return a_plan(tmp_path, a_strategy("first"), doomed, a_strategy("last"))

    license_ends(licence, times=1_000)
    world = a_world(plan("kill", 40), tmp_path)
    world.live(looking(world))
    (trip,) = trips(world)
    at = (trip.ts_ns - world.floor.feed.start_ns) // SECOND + 1
    assert 40 - LEAST_STRIDE < at <= 40
    reference = PureRun(plan("raise", at))
    assert [as_raised(record) for record in world.steps()] == [as_raised(record) for record in reference.steps]
    assert world.books() == reference.books


def test_who_raises_has_no_process_any_more_and_stands_as_booked(tmp_path: Path) -> None:
    plan = a_plan(
        tmp_path,
        *(
            a_strategy(f"m{number}", how="raise", where=where, count=count, more=more)
            for number, (where, count, more) in enumerate(
                [
                    ("warm-up", 2, ""),
                    ("on_quote", 1, ""),
                    ("on_quote", 63, ", on_trip: leave"),
                    ("on_fill", 2, ""),
                    ("on_order", 9, ", on_trip: leave"),
                    ("on_timer", 3, ", on_trip: leave"),
                ]
            )
        ),
        a_strategy("last"),
    )
    world, reference = a_world(plan, tmp_path, snapshot_every=70), World(plan)
    world.live(looking(world))
    reference.live()
    assert world.steps() == reference.steps()
    assert world.books() == reference.books()
    assert_tripped_stand_as_booked(world)


# The daemon itself ends, too.


def test_a_daemon_that_is_killed_goes_on_in_processes(tmp_path: Path) -> None:
    plan, reference = busy()
    whole = a_world(plan, tmp_path)
    whole.live()
    for site in some(writes(whole.disk.trace), seed=1, few=2):
        world = a_world(plan, tmp_path)
        world.crash(site)
        world.live()
        assert_same(world, reference)


def test_from_one_life_to_the_next_a_strategy_may_move_between_task_and_process(tmp_path: Path) -> None:
    plan, reference = busy()
    world = World(plan, snapshot_every=100)
    world.crash("write#100")
    for number, isolation in enumerate((PROCESS, ("process", "task"), ("task", "process"), PROCESS), 1):
        moved = a_world(plan, tmp_path, isolation, disk=world.disk, snapshot_every=150)
        moved.clock = world.clock
        world = moved
        world.crash(f"write#{150 * number}")
    world.live()
    assert_same(world, reference)


DOOMED = [
    ("on_quote", 1, "kill"),
    ("on_timer", 7, "exit"),
    ("on_fill", 3, "kill"),
    ("on_order", 7, "exit"),
    ("on_fill", 2, "raise"),
]


@pytest.mark.parametrize("policy", ["cancel", "leave"])
def test_what_was_lost_is_lost_when_it_is_repeated(tmp_path: Path, policy: str) -> None:
    """Its process would live now, and does not get that far: the journal knows better."""
    rule = f", restart: {{policy: temporary}}, on_trip: {policy}"
    licences = [tmp_path / f"m{number}.licence" for number, _ in enumerate(DOOMED)]
    plan = a_plan(
        tmp_path,
        a_strategy("first"),
        *(
            mortal(licence.stem, how, where, count, licence, more=rule)
            for licence, (where, count, how) in zip(licences, DOOMED, strict=True)
        ),
    )
    for licence in licences:
        license_ends(licence, times=1_000)
    whole = a_world(plan, tmp_path, snapshot_every=10**9)
    whole.live()
    assert len(trips(whole)) == len(DOOMED)
    for number, site in enumerate(some(writes(whole.disk.trace), seed=2, few=2)):
        world = a_world(plan, tmp_path, snapshot_every=10**9 if number % 2 else 60)
        world.crash(site)
        lost = {trip.strategy for trip in trips(world) if trip.lost}
        world.live(looking(world))
        assert {trip.strategy for trip in trips(world) if trip.lost} >= lost
        assert world.steps() == whole.steps()
        assert world.books() == whole.books()
        assert world.adds_up()
        assert_tripped_stand_as_booked(world)


@pytest.mark.parametrize("isolation", [PROCESS, ("task",)], ids=["process", "task"])
@pytest.mark.parametrize("how", ["kill", "raise"])
def test_who_was_lost_starts_anew_upon_its_books_when_its_entry_is_changed(
    tmp_path: Path, how: str, isolation: Sequence[str]
) -> None:
    """Into a process or a task, however it fell; what it trades from then on adds to what it held."""
    licence = tmp_path / "licence"
    more = ", restart: {policy: temporary}, on_trip: leave"
    doomed = mortal("m", how, "on_fill", 4, licence, more=more)
    license_ends(licence, times=1_000)
    world = a_world(a_plan(tmp_path, a_strategy("first"), doomed), tmp_path)
    world.live(until_row(world, 100))
    assert [trip.strategy for trip in trips(world)] == ["m"]
    fills = len(world.fills())
    renewed = a_plan(tmp_path, a_strategy("first"), a_strategy("m", more=more))
    again = a_world(renewed, tmp_path, isolation, disk=world.disk)
    again.clock = world.clock
    again.live()
    assert len([fill for fill in again.fills()[fills:] if fill.strategy == "m"]) > 5
    assert again.floor.lockstep.router.tripped == {}
    assert again.adds_up()
    ids = [record.terms.order_id for record in again.steps() if isinstance(record, WireSubmit | RefusedOrder)]
    assert len(set(ids)) == len(ids)


def test_lost_in_what_an_operator_asked_for_it_is_lost_there_when_that_is_repeated(tmp_path: Path) -> None:
    """Its orders are cancelled at a halt, and it does not live through hearing of it."""
    licence = tmp_path / "licence"
    doomed = mortal("m", "kill", "cancelled", 1, licence, more=", restart: {policy: temporary}")
    license_ends(licence, times=1_000)
    world = a_world(a_plan(tmp_path, doomed, a_strategy("other")), tmp_path)

    async def halted_while_it_rests(shell: PaperShell) -> None:
        floor = world.floor
        while not floor.lockstep.router.orders["m"].open_count:
            await until_row(world, floor.rows + 1)(shell)
        halt = Operation(action="halt", ts_ns=floor.lockstep.now_ns, reason="told", cancel_orders=True)
        await floor.operate(halt)

    world.live(halted_while_it_rests)
    before = world.steps()
    assert [trip.lost for trip in trips(world)] == [True]
    world.live()
    assert world.steps()[: len(before)] == before
    assert world.adds_up()


def test_a_file_that_has_been_spoilt_meanwhile_costs_its_strategy_alone(tmp_path: Path) -> None:
    """A process that ends is made again of the file as it is by then."""
    file = tmp_path / "mine.py"
    file.write_text(
        "import os, pathlib\n"
        "from trading.strategy import Strategy\n"
        "class Mine(Strategy):\n"
        "    symbol: str\n"
        "    spoils: str\n"
        "    def start(self):\n"
        "        self.quotes = 0\n"
        "    def on_quote(self, quote):\n"
        "        self.quotes += 1\n"
        "        if self.quotes == 20 and self.spoils:\n"
        "            pathlib.Path(self.spoils).write_text('class Mine(')\n"
        "            os._exit(3)\n"
    )
    plan = a_plan(tmp_path, a_strategy("mine", "mine.py:Mine", spoils=file), a_strategy("other"))
    world = a_world(plan, tmp_path)
    world.live(looking(world))
    (trip,) = trips(world)
    assert (trip.strategy, trip.lost) == ("mine", True)
    assert "it cannot be made again: mine: " in trip.reason
    assert {fill.strategy for fill in world.fills()} == {"other"}


# Any fleet.

KINDS = ("Mortal", "Endless", "Ticks", "Storms", "Eager")


@settings(max_examples=8, phases=[Phase.generate])  # a smaller fleet would take minutes to find
@given(
    st.integers(1, 10**6),
    st.lists(
        st.tuples(st.sampled_from(KINDS), st.sampled_from(["task", "process", "process"])), min_size=1, max_size=5
    ),
    st.integers(15, 300),
)
def test_whatever_the_fleet_and_the_market_processes_change_nothing(
    seed: int, fleet: list[tuple[str, str]], snapshot_every: int
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        strategies = [a_strategy(f"s{n}", f"tests.simulation.mortals:{kind}") for n, (kind, _) in enumerate(fleet)]
        plan = a_plan(folder, *strategies, seed=seed, duration="2m")
        world = a_world(plan, folder, [isolation for _, isolation in fleet], snapshot_every=snapshot_every)
        world.live()
        assert_same(world, PureRun(plan))
