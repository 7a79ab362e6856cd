"""Group G: clocks that step, pauses, zones, and days whose hours are missing or come twice."""

import asyncio
import os
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from daemon.check import Plan
from daemon.paper import PaperShell
from daemon.state import archive_path
from tests.config_builders import plan_of
from tests.market_builders import a_market, a_trade, buy, told
from tests.simulation.clock import SimulatedClock
from tests.simulation.world import PureRun, World, steps_of
from tests.unit.test_calendars import at, weekly
from trading.timestamps import MINUTE, SECOND, iso

DAY = """
mode: paper
account: {currency: USD, cash: "100000"}
feed:
  {kind: synthetic, start: "2026-01-05T00:30:00Z", duration: 1h, speed: max, every: 10s,
   symbols: {AAA: {price: "100.00", volatility_ticks: 6}}}
calendars: {tokyo: {kind: weekly, zone: Asia/Tokyo, open: "09:00", close: "15:00"}}
instruments: {AAA: {kind: equity, tick_size: "0.01", lot_size: "1", calendar: tokyo}}
strategies:
  - {id: restless, class: "tests.simulation.strategies:Restless", params: {symbol: AAA}, capital: "20000"}
  - {id: resourceful, class: "tests.simulation.strategies:Resourceful", params: {symbol: AAA}, capital: "20000"}
"""


@cache
def plan() -> Plan:
    with TemporaryDirectory() as folder:
        return plan_of(Path(folder), DAY)


@cache
def pure() -> PureRun:
    return PureRun(plan())


# F79: the clock steps, or the machine was not there.


@pytest.mark.parametrize("step_seconds", [-5, 3_600, -86_400, 86_400])
def test_a_clock_that_steps_while_it_trades_rings_no_timer_twice_and_leaves_none_out(step_seconds: int) -> None:
    """At the feed's own pace, with the wall clock stepped every few minutes and back."""
    world = World(plan(), speed=60)

    async def with_steps(shell: PaperShell) -> None:
        running = asyncio.create_task(shell.run())
        for turn in range(40):
            await world.clock.advance(2 * SECOND)
            world.clock.step_wall((step_seconds if turn % 2 else -step_seconds) * SECOND)
        await running

    world.live(with_steps)
    assert steps_of(world.groups()) == pure().steps
    assert world.adds_up()


class StandingClock(SimulatedClock):
    """It may be held up while others sleep, and does not go back to wake them at the times that they asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._latest_ns = 0

    def monotonic_ns(self) -> int:
        self._latest_ns = max(self._latest_ns, super().monotonic_ns())
        return self._latest_ns


def test_a_machine_that_stood_still_for_twenty_minutes_catches_up_in_order() -> None:
    world = World(plan(), speed=60)
    world.clock = StandingClock()

    async def with_a_pause(shell: PaperShell) -> None:
        running = asyncio.create_task(shell.run())
        await world.clock.advance(10 * SECOND)
        world.clock.hold_up(20 * MINUTE)
        assert world.clock.monotonic_ns() > 20 * MINUTE
        world.clock.step_wall(-5 * SECOND)
        await world.clock.advance(90 * SECOND)
        await running

    world.live(with_a_pause)
    assert steps_of(world.groups()) == pure().steps


# F80: clocks change, in each zone on a day of its own.


@pytest.mark.parametrize(
    ("zone", "hours", "day", "closes"),
    [
        ("America/New_York", "09:30-16:00", "2027-03-12", "21:00"),
        ("America/New_York", "09:30-16:00", "2027-03-15", "20:00"),
        ("Europe/London", "08:00-16:30", "2027-03-15", "16:30"),
        ("Europe/London", "08:00-16:30", "2027-03-26", "16:30"),
        ("Europe/London", "08:00-16:30", "2027-03-29", "15:30"),
        ("Europe/London", "08:00-16:30", "2027-10-29", "15:30"),
        ("Europe/London", "08:00-16:30", "2027-11-01", "16:30"),
        ("America/New_York", "09:30-16:00", "2027-11-01", "20:00"),
        ("America/New_York", "09:30-16:00", "2027-11-08", "21:00"),
    ],
)
def test_an_order_for_the_day_ends_when_its_venue_closes_by_its_own_clock(
    zone: str, hours: str, day: str, closes: str
) -> None:
    market = a_market("trades", sessions=weekly(hours, zone=zone))
    begin_ns, end_ns = at(f"{day} 14:45"), at(f"{day} {closes}")
    market.on_event(a_trade(100.0, at=begin_ns // SECOND))
    market.on_command(buy("a", "10", "50.00", tif="day"), begin_ns)
    before = market.on_event(a_trade(100.0, at=end_ns // SECOND - 1))
    after = market.on_event(a_trade(100.0, at=end_ns // SECOND))
    assert (told(before), told(after)) == ([], ["a expired expired"])


# F81: the host's own zone.


@pytest.fixture(params=["Pacific/Kiritimati", "Pacific/Niue", "America/New_York"])
def zone(request: pytest.FixtureRequest) -> Iterator[str]:
    """The host's zone is UTC+14, UTC-11, or one with summer time; what is compared with was made before."""
    pure()
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def test_not_one_decision_depends_on_the_hosts_zone(zone: str, tmp_path: Path) -> None:
    """Half past midnight in UTC is another day of the calendar in each of these zones."""
    reference = pure()
    here = plan_of(tmp_path, DAY)
    assert PureRun(here).steps == reference.steps
    world = World(here)
    world.crash("write#60")
    world.live()
    assert steps_of(world.groups()) == reference.steps


def test_what_people_read_is_in_utc_wherever_the_host_is(zone: str) -> None:
    moment = at("2026-01-05 00:30")
    assert iso(moment) == "2026-01-05T00:30:00Z"
    assert archive_path(Path("/srv/state"), moment).name == "state.archived-20260105T003000Z"


# F82: an hour that is missing, or comes twice.


def test_an_order_for_a_day_whose_close_comes_twice_ends_at_the_first() -> None:
    """On 1 November 2026 New York's clock shows half past one twice."""
    market = a_market("trades", sessions=weekly("00:00-01:30", days=frozenset(range(7))))
    market.on_event(a_trade(100.0, at=at("2026-11-01 05:00") // SECOND))
    market.on_command(buy("a", "10", "50.00", tif="day"), at("2026-11-01 05:00"))
    assert told(market.on_event(a_trade(100.0, at=at("2026-11-01 05:29") // SECOND))) == []
    assert told(market.on_event(a_trade(100.0, at=at("2026-11-01 05:30") // SECOND))) == ["a expired expired"]


def test_an_order_for_a_day_whose_close_is_skipped_ends_with_the_change() -> None:
    """On 14 March 2027 New York's clock goes from two to three: half past two is never shown."""
    market = a_market("trades", sessions=weekly("00:00-02:30", days=frozenset(range(7))))
    market.on_event(a_trade(100.0, at=at("2027-03-14 06:00") // SECOND))
    market.on_command(buy("a", "10", "50.00", tif="day"), at("2027-03-14 06:00"))
    assert told(market.on_event(a_trade(100.0, at=at("2027-03-14 06:59") // SECOND))) == []
    assert told(market.on_event(a_trade(100.0, at=at("2027-03-14 07:00") // SECOND))) == ["a expired expired"]
