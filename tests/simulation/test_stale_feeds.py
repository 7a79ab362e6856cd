"""What a live feed brings, and what it does not, decides what may be ordered; also when its day is repeated."""

import asyncio
import math
from collections import Counter
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from daemon.check import Plan
from daemon.live import shell as live_shell
from tests.config_builders import plan_of
from tests.simulation.live_world import Day, DayScript, LiveWorld, assert_exact
from tests.simulation.turning import Turns
from trading.account.records import FeedTold
from trading.commands import RefusedOrder, WireSubmit
from trading.feed_news import Begun, Connected, Disconnected, FeedNews, Gapped, Resubscribed, Unfit
from trading.market_data import Quote, Trade
from trading.orders import Side
from trading.state import decode_state
from trading.timestamps import MILLISECOND, SECOND


@pytest.fixture(autouse=True)
def seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the shell look after everything less often than in real life: it is the dearest part of a test's time."""
    monkeypatch.setattr(live_shell, "TICK_NS", 100 * MILLISECOND)


HEAD = """
mode: paper
account: {currency: USD, cash: "1000000"}
feed:
  kind: live
  adapter: "tests.simulation.live_feed:ScriptedFeed"
  options: {script: today}
  bar_grace: 100ms
  health: {quotes: 2s, trades: 1m}
  symbols: {AAA: {quotes: true, trades: true}, BBB: {quotes: true, trades: true}}
broker: {kind: simulated}
instruments:
  AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}
  BBB: {kind: equity, tick_size: "0.01", lot_size: "1"}
journal: {snapshot_every_events: 60}
strategies:
"""
LIMIT_NS = 6 * SECOND

NewsT = TypeVar("NewsT", bound=FeedNews)


def turning(name: str, *, symbol: str = "AAA", signal: str = "BBB", isolation: str = "task") -> str:
    params = f"{{symbol: {symbol}, signal: {signal}}}"
    cls = "tests.simulation.turning:Turns"
    return f'  - {{id: {name}, class: "{cls}", params: {params}, capital: "10000", isolation: {isolation}}}\n'


def a_plan(folder: Path, *strategies: str) -> Plan:
    return plan_of(folder, HEAD + "".join(strategies or [turning("turns")]))


def codes(world: LiveWorld) -> list[str]:
    """Why orders were refused, in their order."""
    return [record.code for _, record in world.entries(RefusedOrder)]


def sides(world: LiveWorld) -> list[Side]:
    """What was sent, in its order."""
    return [record.terms.side for _, record in world.entries(WireSubmit)]


def bids(world: LiveWorld, strategy: str = "turns") -> list[float]:
    """What a strategy has heard by the last snapshot."""
    kept = decode_state(world.states()[-1].containers[strategy]["strategy"], owner=Turns)
    heard: list[float] = kept["bids"]
    return heard


def quote(day: Day, bid: float, ask: float, symbol: str = "AAA") -> None:
    day.bring(Quote(symbol, day.clock.wall_ns(), bid, ask, 5.0, 5.0))


async def signals(day: Day, times: int) -> None:
    """What makes the strategy turn, so many times."""
    for _ in range(times):
        await day.clock.advance(SECOND)
        day.trade("BBB")


def news(world: LiveWorld, kind: type[NewsT]) -> list[NewsT]:
    """What was told of the feed."""
    return [record.news for _, record in world.entries(FeedTold) if isinstance(record.news, kind)]


def kinds(world: LiveWorld) -> list[str]:
    return [type(record.news).__name__ for _, record in world.entries(FeedTold)]


def test_while_a_book_is_crossed_only_what_reduces_passes(tmp_path: Path) -> None:
    async def crossed(day: Day) -> None:
        day.trade("BBB")  # before anything is known of AAA
        quote(day, 99, 101)
        day.trade("BBB")
        quote(day, 102, 101)
        await signals(day, 3)
        quote(day, 100, 101)
        day.trade("BBB")

    world = LiveWorld(a_plan(tmp_path), tmp_path)
    world.live(crossed)
    assert codes(world) == ["no_price", "feed_crossed", "feed_crossed"]
    assert sides(world) == [Side.BUY, Side.SELL, Side.BUY]
    assert_exact(world)


def test_a_silent_symbol_is_held_back_at_its_deadline_and_the_other_is_not(tmp_path: Path) -> None:
    runs = 0

    async def silent(day: Day) -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            quote(day, 99, 101)
            day.quote("BBB")
        for _ in range(8 if runs == 1 else 2):
            await day.clock.advance(SECOND - 1)
            day.quote("BBB")
            day.trade("BBB")
            day.trade("AAA")
            await day.clock.advance(1)
        if runs == 2:
            assert day.shell.watch.reasons()[0].startswith("feed_stale: no quotes of AAA for ")
            quote(day, 99, 101)
            day.trade("BBB")

    plan = a_plan(tmp_path, turning("aaa"), turning("bbb", symbol="BBB", signal="AAA"))
    world = LiveWorld(plan, tmp_path)
    world.live(silent)
    assert runs == 2
    refused = [record for _, record in world.entries(RefusedOrder)]
    assert {(one.strategy, one.code) for one in refused} == {("aaa", "feed_silent")}
    assert refused[0].reason.startswith("no quotes of AAA for 7.0 s, since ")
    assert [one.terms.symbol for _, one in world.entries(WireSubmit)].count("BBB") >= 8
    assert kinds(world) == ["Begun", "Quiet", "Disconnected", "Disconnected"]
    assert_exact(world)


@pytest.mark.parametrize("by_ns", [-3_600 * SECOND, 3_600 * SECOND])
def test_a_clock_that_is_set_hides_no_silence_and_makes_none(by_ns: int, tmp_path: Path) -> None:
    async def set_by(day: Day) -> None:
        quote(day, 99, 101)
        day.clock.step_wall(by_ns)
        await day.clock.advance(LIMIT_NS - 100 * MILLISECOND)
        assert day.shell.watch.reasons() == []
        await day.clock.advance(200 * MILLISECOND)
        assert len(day.shell.watch.reasons()) == 2

    LiveWorld(a_plan(tmp_path), tmp_path).live(set_by)


@pytest.mark.parametrize("bid", [math.nan, math.inf, -5.0, None, "99"])
def test_what_can_be_no_price_reaches_nobody(bid: Any, tmp_path: Path) -> None:
    async def garbled(day: Day) -> None:
        now_ns = day.clock.wall_ns()
        quote(day, 99, 101)
        day.bring(msgspec.structs.replace(Quote("AAA", now_ns, 1.0, 101.0, 5.0, 5.0), bid=bid))
        day.bring(Trade("AAA", now_ns, bid, 1.0))
        day.trade("BBB")
        assert day.shell.floor.lockstep.router.marks["AAA"] == 100.0
        quote(day, 97, 99)
        day.bring(Trade("AAA", now_ns, 98.0, 1.0))
        day.trade("BBB")
        assert day.shell.floor.lockstep.router.marks["AAA"] == 98.0
        assert day.shell.watch.left_out == {("AAA", "quotes"): 1, ("AAA", "trades"): 1}

    world = LiveWorld(a_plan(tmp_path), tmp_path)
    world.live(garbled)
    assert codes(world) == ["feed_unfit"]
    assert sides(world) == [Side.BUY]
    assert bids(world) == [99.0, 97.0]
    assert len(news(world, Unfit)) == 2
    assert_exact(world)


def test_an_empty_side_is_no_price_and_holds_orders_back(tmp_path: Path) -> None:
    async def one_sided(day: Day) -> None:
        quote(day, 99, 101)
        quote(day, 0, 90)
        day.trade("BBB")
        assert day.shell.floor.lockstep.router.marks["AAA"] == 100.0
        quote(day, 99, 101)
        day.trade("BBB")

    world = LiveWorld(a_plan(tmp_path), tmp_path)
    world.live(one_sided)
    assert (codes(world), sides(world), bids(world)) == (["feed_one_sided"], [Side.BUY], [99.0, 0.0, 99.0])
    assert_exact(world)


# Repeated of the journal.


async def troubled(day: Day) -> None:
    """A walk in which everything befalls the feed, now this and now that, while strategies ask for orders."""
    for _ in range(40):
        await day.walk(3, heard=0.3)
        symbol = day.random.choice(("AAA", "BBB"))
        befalls = day.random.choice(("gap", "anew", "lost", "back", "garbage", "crossed", "silence", "nothing"))
        match befalls:
            case "gap":
                day.bring(Gapped(symbol, "7 is missing"))
            case "anew":
                day.bring(Resubscribed(symbol))
            case "lost":
                day.bring(Disconnected("code 1006"))
            case "back":
                day.bring(Connected())
            case "garbage":
                day.bring(Trade(symbol, day.clock.wall_ns(), math.nan, 1.0))
            case "crossed":
                quote(day, 200, 100, symbol)
            case "silence":
                await day.clock.advance(LIMIT_NS)
        if day.random.random() < 0.5:
            await day.all_heard()


FLEETS = {
    "task": ["task"] * 3,
    "process": ["process"] * 3,
    "mixed": ["process", "task", "process"],
}


@pytest.mark.parametrize("isolations", FLEETS.values(), ids=FLEETS)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_day_of_troubles_is_repeated_to_the_last_digit(isolations: list[str], seed: int, tmp_path: Path) -> None:
    ways = [("AAA", "BBB"), ("BBB", "AAA"), ("AAA", "AAA")]
    strategies = [
        turning(f"turns-{place}", symbol=symbol, signal=signal, isolation=isolation)
        for place, ((symbol, signal), isolation) in enumerate(zip(ways, isolations, strict=True))
    ]
    world = LiveWorld(a_plan(tmp_path, *strategies), tmp_path, seed=seed)
    world.live(troubled)
    refused = Counter(codes(world))
    assert {"feed_waiting", "feed_gapped", "feed_crossed"} <= refused.keys(), refused
    assert len(sides(world)) > 20
    assert {"Begun", "Connected", "Disconnected", "Gapped", "Resubscribed", "Unfit"} <= set(kinds(world))
    assert_exact(world)


def test_a_life_that_was_killed_is_judged_by_the_limits_that_it_had(tmp_path: Path) -> None:
    async def killed(day: Day) -> None:
        quote(day, 99, 101)
        for _ in range(5):
            await day.clock.advance(SECOND)
            day.trade("BBB")

    async def another(day: Day) -> None:
        day.trade("BBB")
        quote(day, 99, 101)
        day.bring(Disconnected("code 1006"))
        day.trade("BBB")

    world = killed_as_late_as_can_be(a_plan(tmp_path), tmp_path, killed)
    before = sides(world)
    assert before == [Side.BUY, Side.SELL, Side.BUY, Side.SELL, Side.BUY]  # the last at five seconds of silence
    world.plan = plan_of(tmp_path, (HEAD + turning("turns")).replace("quotes: 2s", "quotes: 1s"))
    world.live(another)
    assert sides(world)[: len(before)] == before
    assert codes(world)[-1] == "feed_waiting"
    limits = [[limit.limit_ns for limit in one.limits] for one in news(world, Begun)]
    assert limits == [[6 * SECOND, 180 * SECOND] * 2, [5 * SECOND, 180 * SECOND] * 2]
    assert_exact(world)


def killed_as_late_as_can_be(plan: Plan, folder: Path, script: DayScript) -> LiveWorld:
    for number in range(60, 0, -1):
        world = LiveWorld(plan, folder)
        if world.crash(f"write#{number}", script):
            return world
    raise AssertionError("it was never killed")


def test_after_the_feeds_end_nothing_is_opened(tmp_path: Path) -> None:
    async def ending(day: Day) -> None:
        quote(day, 99, 101)

    async def evening(day: Day) -> None:
        await asyncio.sleep(0)
        refusal = day.shell.floor.health.refusal("AAA")
        assert refusal is not None
        assert refusal.code == "feed_disconnected"
        day.shell.stop()

    world = LiveWorld(a_plan(tmp_path), tmp_path)
    world.live(ending, idle=evening)
    assert kinds(world) == ["Begun", "Disconnected"]
