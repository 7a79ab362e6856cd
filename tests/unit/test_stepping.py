"""How a child is let hear ahead of the steps: in runs that grow while it is silent and end where it speaks."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest

from daemon.fleet import Fleet, StrategyEntry
from daemon.hosts.foresight import BEYOND, Foresight
from daemon.hosts.restarts import RestartRule, Restarts
from daemon.hosts.stepping import LEAST_STRIDE, MOST_STRIDE, LockStepHost
from daemon.hosts.wire import Hear
from tests.child_builders import ROOT, bids
from tests.inner_children import InnerNursery
from tests.market_builders import a_market, an_instrument
from tests.simulation.clock import SimulatedClock
from trading.commands import Command, ScheduleTimer, Trip
from trading.limits import RiskLimits
from trading.market_data import Event, Quote, Timer
from trading.timers import Timers
from trading.timestamps import MINUTE, SECOND

EVENTS = msgspec.msgpack.Decoder(list[Event])


def a_host(nursery: InnerNursery, rule: RestartRule | None = None) -> LockStepHost:
    """A container that buys one at each odd bid."""
    entry = StrategyEntry(
        id="a",
        reference="tests.child_strategies:Odd",
        params={"symbol": "AAA"},
        capital={"USD": Decimal(10_000)},
        isolation="process",
        timeframe_ns=MINUTE,
        warmup=0,
        cancel_on_trip=True,
        limits=RiskLimits(),
        sizing=None,
        code="",
    )
    fleet = Fleet(
        currency="USD",
        cash={"USD": Decimal(10_000)},
        instruments={"AAA": an_instrument()},
        limits=RiskLimits(),
        broker="simulated",
        strategies=[entry],
        folder=str(ROOT),
    )
    return LockStepHost(
        entry, fleet, nursery, restarts=Restarts(rule or RestartRule(), SimulatedClock()), patience_seconds=60
    )


class Steps:
    """Carries quotes step by step as a floor does; nothing reaches a market, so nothing is ever reported."""

    def __init__(self, nursery: InnerNursery, rule: RestartRule | None = None) -> None:
        self.nursery = nursery
        self.host = a_host(nursery, rule)
        self.timers = Timers(["a"])

    async def begin(self) -> "Steps":
        await self.host.start(0)
        await self.host.run()
        return self

    def see(self, quotes: Sequence[Quote]) -> Foresight:
        """Lay a window out."""
        seen = Foresight(
            [[quote] for quote in quotes],
            audiences={"a": "a"},
            hearing=lambda _: ("a",),
            market=a_market("quotes"),
            timers=self.timers,
            waiting=lambda _: False,
        )
        self.host.foresee(seen)
        return seen

    async def step(self, event: Event) -> list[Command]:
        asked = self.host.hear([], event)
        return list(asked) if asked is not None else list(await self.host.answer())

    async def carry(self, quotes: Sequence[Quote]) -> list[tuple[int, int]]:
        """A whole window; where something was asked for: the second of the quote, and the command's number."""
        seen = self.see(quotes)
        asked: list[tuple[int, int]] = []
        for quote in quotes:
            asked += [(quote.ts_ns // SECOND, command.n) for command in await self.step(quote)]
            seen.pass_on(of_feed=True)
            self.host.catch_up(seen.place)
            self.host.run_ahead()
        self.host.catch_up(BEYOND)
        return asked

    @property
    def runs(self) -> list[int]:
        """How many events each frame to the child of now had."""
        told = self.nursery.children[-1].told
        return [len(EVENTS.decode(message.events)) for message in told if isinstance(message, Hear)]


async def test_the_runs_of_one_who_is_silent_grow_to_their_most() -> None:
    steps = await Steps(InnerNursery()).begin()
    assert await steps.carry(bids(*[2] * 4_000)) == []
    growing = [LEAST_STRIDE << doubled for doubled in range(6)]
    assert [run for run in steps.runs if run > 1][:8] == [*growing, MOST_STRIDE, MOST_STRIDE]
    assert sum(steps.runs) == 4_000


async def test_what_it_asks_for_comes_at_its_step_and_it_hears_on_from_there() -> None:
    steps = await Steps(InnerNursery()).begin()
    assert await steps.carry(bids(2, 2, 3, 2, 5, 7, 2, 2)) == [(3, 1), (5, 2), (6, 3)]
    assert steps.runs == [8, 5, 3, 2]


async def test_a_window_after_the_other_goes_on() -> None:
    steps = await Steps(InnerNursery()).begin()
    assert await steps.carry(bids(2, 3, 2)) == [(2, 1)]
    assert await steps.carry(bids(3, 2)) == [(1, 2)]


async def test_nothing_is_sent_ahead_of_its_next_timer() -> None:
    steps = await Steps(InnerNursery()).begin()
    steps.timers.schedule(ScheduleTimer(strategy="a", n=1, name="t", at_ns=3 * SECOND), 0)
    quotes = bids(2, 2, 2, 2)
    seen = steps.see(quotes)
    await asyncio.sleep(0)
    assert steps.runs == [2]
    for quote in quotes[:2]:
        assert await steps.step(quote) == []
        seen.pass_on(of_feed=True)
    timer = steps.timers.ring_before((3 * SECOND, 3, 0, 0))
    assert timer == Timer("a", 3 * SECOND, "t")
    assert await steps.step(timer) == []
    steps.host.run_ahead()
    assert await steps.step(quotes[2]) == []
    assert steps.runs[:2] == [2, 1]
    assert sum(steps.runs) > 3, "and goes on after it"


async def test_how_far_it_is_known_to_be_silent_is_told_as_it_becomes_known() -> None:
    steps = await Steps(InnerNursery()).begin()
    steps.see(bids(2, 2, 2, 3, 2))
    assert steps.host.silent_until() == 0
    await asyncio.sleep(0)
    assert steps.host.silent_until() == 3


@pytest.mark.parametrize("passes", range(12))
@pytest.mark.parametrize("lost_at", [1, 5, 6, 20, 80])
async def test_lost_anywhere_it_asks_for_the_same_at_the_same_steps(lost_at: int, passes: int) -> None:
    quotes = bids(*[3 if at % 23 == 5 else 2 for at in range(120)])
    whole = await (await Steps(InnerNursery()).begin()).carry(quotes)
    steps = await Steps(nursery := InnerNursery()).begin()
    seen = steps.see(quotes)
    asked: list[tuple[int, int]] = []
    for place, quote in enumerate(quotes):
        if place == lost_at:
            for _ in range(passes):
                await asyncio.sleep(0)
            nursery.children[-1].lose()
        asked += [(quote.ts_ns // SECOND, command.n) for command in await steps.step(quote)]
        seen.pass_on(of_feed=True)
        steps.host.run_ahead()
        if place % 7 == 0:
            await asyncio.sleep(0)
    assert asked == whole
    state = await steps.host.state()
    assert (state["n"], steps.host.restarts) == (len(whole), 1)


async def test_lost_for_good_it_trips_at_the_first_step_that_has_to_wait_for_it() -> None:
    steps = await Steps(nursery := InnerNursery(), RestartRule(policy="temporary")).begin()
    quotes = bids(*[2] * 40)
    seen = steps.see(quotes)
    for quote in quotes[:3]:
        assert await steps.step(quote) == []
        seen.pass_on(of_feed=True)
    nursery.children[-1].lose()
    await asyncio.sleep(0)
    (trip,) = await steps.step(quotes[3])
    assert trip == Trip(
        strategy="a",
        n=1,
        ts_ns=4 * SECOND,
        reason="its process ended (killed by SIGKILL), and its restart policy is temporary",
        traceback="",
        lost=True,
    )
    assert await steps.step(quotes[4]) == []
    assert (steps.host.keeps_books, steps.host.silent_until()) == (False, BEYOND)


async def test_what_is_foretold_happens_before_anything_is_heard() -> None:
    steps = await Steps(nursery := InnerNursery()).begin()
    assert [command.n for command in await steps.step(bids(3)[0])] == [1]
    trip = Trip(strategy="a", n=2, ts_ns=2 * SECOND, reason="lost", traceback="", lost=True)
    steps.host.foretell(trip)
    assert await steps.step(bids(2, 3)[1]) == [trip]
    assert steps.runs == [1]
    assert nursery.children[-1].ended
