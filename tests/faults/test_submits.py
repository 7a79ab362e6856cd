"""Group A: orders that are sent once, under ids that are never given twice."""

import asyncio
from decimal import Decimal
from random import Random

import pytest

from daemon.epoch import next_epoch
from tests.builders import acting, spec
from tests.faults.venue import AtVenue, commands_of
from tests.simulation.clock import SimulatedClock
from trading.account.ids import ClientOrderIds
from trading.commands import Trip
from trading.reports import ReportKind
from trading.strategy import Strategy
from trading.timestamps import MILLISECOND

STRATEGIES = ("sma", "maker", "trend")


def wants_ten(self: Strategy) -> None:
    self.target("AAA", Decimal(10))


# F08: ids that collide.


@pytest.mark.parametrize("seed", range(4))
async def test_no_id_comes_twice_over_starts_that_fall_into_one_millisecond_or_before_the_last(seed: int) -> None:
    """A hundred lives, each right after the other, some with the clock set back a little and some where it stands."""
    clock, random = SimulatedClock(), Random(seed)
    given: list[str] = []
    epoch_ms = 0
    for _ in range(100):
        clock.step_wall(random.choice([0, 0, 1, -MILLISECOND, -3 * MILLISECOND]))
        epoch_ms = await started(epoch_ms, clock)
        ids = ClientOrderIds(epoch_ms)
        given += [ids.next(strategy) for strategy in STRATEGIES for _ in range(5)]
        epoch_ms = ids.epoch_ms
    assert len({*given}) == len(given) == 1_500


async def started(epoch_ms: int, clock: SimulatedClock) -> int:
    """The epoch of a life that begins now, however long it has to wait for it."""
    waiting = asyncio.create_task(next_epoch(epoch_ms, clock))
    while not waiting.done():
        await clock.advance(MILLISECOND)
    return await waiting


def test_an_order_id_that_comes_again_is_not_sent_and_ends_whoever_gave_it() -> None:
    """As if its counter had been set back."""

    def again(self: Strategy) -> None:
        rig.container().orders.numbered = 0
        self.buy("AAA", 5)

    rig = AtVenue(spec(acting(wants_ten, again)))
    rig.tick(3)
    assert commands_of(rig) == ["a-1 buy 10", "a-1 cancel"]
    assert [one.reason for one in rig.records if isinstance(one, Trip)] == ["order id a-1 was used twice"]


# F13: an order takes longer than the strategy's next look.


@pytest.mark.parametrize("ticks", [1, 5, 50])
def test_an_order_that_is_not_acknowledged_yet_is_not_placed_again_at_the_next_tick(ticks: int) -> None:
    """The strategy says at every tick what it wants; the venue's first word comes after so many of them."""
    rig = AtVenue(spec(acting(*[wants_ten] * (ticks + 10)))).tick(ticks)
    assert commands_of(rig) == ["a-1 buy 10"]
    rig.hear(rig.told("a-1", ReportKind.ACCEPTED)).hear(rig.filled("a-1", "4", "x1")).tick()
    rig.hear(rig.filled("a-1", "6", "x2")).tick(2)
    assert commands_of(rig) == ["a-1 buy 10"]
    assert rig.stands() == "filled 10, left 0, holds 10"
    rig.assert_agreed()
