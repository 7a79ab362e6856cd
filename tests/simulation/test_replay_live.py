"""Days on live feeds are repeated from the tape in their journals: whoever ran free and however late it answered; and
at a venue by what the venue said."""

from pathlib import Path

import pytest

from daemon.hosts import free, lane, window
from daemon.journal.records import Conflated
from daemon.live import shell as live_shell
from tests.config_builders import plan_of
from tests.simulation.live_world import Day, LiveWorld
from tests.simulation.replaying import forget_loaded, repeats, replayed
from tests.simulation.test_free_running import (
    BUSY,
    ISOLATIONS,
    a_plan,
    a_strategy,
    busy,
    counting,
)
from tests.simulation.venue_world import HEAD as AT_VENUE
from tests.simulation.venue_world import VenueWorld, write_credentials
from trading.account.records import CommandsTaken, Operation, VenueHeard
from trading.timestamps import MILLISECOND, SECOND


@pytest.fixture(autouse=True)
def seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the shell look after everything less often than in real life: it is the dearest part of a test's time."""
    monkeypatch.setattr(live_shell, "TICK_NS", 100 * MILLISECOND)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


async def a_day(day: Day) -> None:
    await day.walk(120)


def test_a_day_of_three_lives_is_repeated_though_containers_ran_free(tmp_path: Path, config: Path) -> None:
    world = LiveWorld(busy(tmp_path, ISOLATIONS["mixed"]), tmp_path)
    world.live(a_day)
    write = len([site for site in world.disk.trace if site.startswith("write")]) // 2
    world.crash(f"write#{write}", a_day)
    repeats(world, config)
    world.live(a_day)
    outcome = repeats(world, config)
    assert outcome.fills == len(world.fills()) > 20
    assert {record.strategy for _, record in world.entries(CommandsTaken)} == {"maker", "storms", "ticks"}
    assert outcome.events >= len(world.inputs()) * 0.9
    names = [entry.id for entry in world.floor.fleet.strategies]
    fills = [repeats(world, config, strategy=name).fills for name in names]
    assert sum(fills) == outcome.fills


def test_a_part_of_a_day_is_repeated_from_a_snapshot_on(tmp_path: Path, config: Path) -> None:
    world = LiveWorld(busy(tmp_path, ISOLATIONS["mixed"]), tmp_path)
    world.live(a_day)
    times = [state.lockstep["now_ns"] for state in world.states()]
    whole = repeats(world, config)
    later = repeats(world, config, from_ns=times[1])
    assert 0 < later.steps < whole.steps
    earlier = repeats(world, config, to_ns=times[1])
    assert 0 < earlier.steps < whole.steps


def test_what_a_slow_one_was_not_told_it_is_not_told_again(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in ("LEAST", "FIRST", "MOST"):
        monkeypatch.setattr(window, size, 8)
    monkeypatch.setattr(lane, "EVENTS_TO_A_SIGN", 1)
    monkeypatch.setattr(free, "LAG_SECONDS", -1.0)
    gate = tmp_path / "gate"

    async def held_up(day: Day) -> None:
        await day.walk_with(60, "fast")
        gate.touch()
        await day.walk_with(60, "fast")
        gate.unlink()
        await day.walk_with(60, "fast")
        day.shell.floor.operate_at_once(Operation(action="trip", ts_ns=1, reason="enough", strategy="fast"))
        await day.walk(20)

    world = LiveWorld(a_plan(tmp_path, counting("slow", gate=gate), counting("fast")), tmp_path)
    world.live(held_up)
    assert sum(len(record.events) for _, record in world.entries(Conflated)) > 10
    repeats(world, config)
    for name in ("slow", "fast"):
        repeats(world, config, strategy=name)


MINE = """
from trading.strategy import Strategy

class Mine(Strategy):
    symbol: str

    def start(self):
        self.seen = 0

    def on_trade(self, trade):
        self.seen += 1
        if self.seen in {at}:
            self.buy(self.symbol, 1)
"""


def mine(folder: Path, *at: int) -> None:
    (folder / "mine.py").write_text(MINE.format(at=set(at)))
    forget_loaded()


def a_world_of_mine(folder: Path) -> LiveWorld:
    maker = a_strategy("maker", "strategies.market_maker:MarketMaker", symbol="BBB", tick_size='"0.01"')
    return LiveWorld(a_plan(folder, a_strategy("mine", "mine.py:Mine", symbol="AAA"), maker), folder)


@pytest.mark.parametrize("alone", ["", "mine"])
def test_what_one_that_ran_free_would_ask_for_now_is_told_once_nobody_took_it(
    tmp_path: Path, config: Path, alone: str
) -> None:
    async def a_long_day(day: Day) -> None:
        await day.walk(160, every_ns=SECOND)

    mine(tmp_path, 5)
    world = a_world_of_mine(tmp_path)
    world.live(a_long_day)
    assert repeats(world, config).orders > 1
    mine(tmp_path, 5, 8)
    outcome = replayed(world, config, strategy=alone)
    found = outcome.divergence
    assert found is not None
    assert (found.text, found.strategy) == (("nothing", "order mine-2, buy 1 AAA"), "mine")
    assert found.note == "nobody took it within a minute"
    assert outcome.warnings == ["the code of mine has changed since"]


@pytest.mark.parametrize("alone", ["", "mine"])
def test_what_one_that_ran_free_asks_for_no_more_is_missed_where_it_was_taken(
    tmp_path: Path, config: Path, alone: str
) -> None:
    mine(tmp_path, 5, 8)
    world = a_world_of_mine(tmp_path)
    world.live(a_day)
    mine(tmp_path, 5)
    found = replayed(world, config, strategy=alone).divergence
    assert found is not None
    assert found.text == ("order mine-2, buy 1 AAA", "nothing")
    assert found.note == "mine has not asked for its command 2 by now"
    mine(tmp_path, 7, 8)
    later = replayed(world, config, strategy=alone).divergence
    assert later is not None
    assert later.text[0] == "order mine-1, buy 1 AAA"


def test_free_ones_that_tripped_and_were_renewed_count_on_where_the_journal_does(tmp_path: Path, config: Path) -> None:
    """One was sealed with things on its way, so that its own count was lost with its process."""

    async def sealed(day: Day) -> None:
        await day.walk(60)
        day.shell.floor.operate_at_once(Operation(action="trip", ts_ns=1, reason="enough", strategy="mortal"))
        await day.walk(20)

    world = LiveWorld(busy(tmp_path, ISOLATIONS["process"]), tmp_path)
    world.live(sealed)
    world.plan = a_plan(
        tmp_path,
        a_strategy("mortal", "tests.simulation.strategies:Chaser", symbol="AAA"),
        *BUSY[1:],
    )
    world.live(a_day)
    repeats(world, config)
    again = repeats(world, config, strategy="mortal")
    assert again.orders > 0
    repeats(world, config, strategy="sma")


# At a venue.

CHURNERS = """
  - {id: one, class: "tests.torture.churner:Churner", params: {symbol: AAA}, capital: "30000", isolation: task,
     risk: {max_position_quantity: "100", max_order_quantity: "10"}}
  - {id: two, class: "tests.torture.churner:Churner", params: {symbol: BBB}, capital: "30000", isolation: task,
     risk: {max_position_quantity: "100", max_order_quantity: "10"}}
"""


def test_a_live_account_is_repeated_by_what_the_venue_said(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it was killed with requests under way; without credentials, and with nobody at the other end."""
    write_credentials(tmp_path)
    world = VenueWorld(plan_of(tmp_path, AT_VENUE + CHURNERS), tmp_path)

    async def trading(day: Day) -> None:
        await world.trades(day, 80)

    with world.at_venue(monkeypatch):
        world.live(trading)
        write = len([site for site in world.disk.trace if site.startswith("write")])
        world.crash(f"write#{write // 2}", trading)
        world.live(trading)
    (tmp_path / "credentials.json").unlink()
    outcome = repeats(world, config)
    assert outcome.fills == len(world.fills()) > 20
    assert len(world.entries(VenueHeard)) > 50
    for name in ("one", "two"):
        alone = repeats(world, config, strategy=name)
        assert alone.fills == sum(fill.strategy == name for fill in world.fills()) > 5
