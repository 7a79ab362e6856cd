"""What opens the venue's breaker from outside the router: a slow journal."""

from pathlib import Path

from daemon.breaker_watch import LOOK_NS, BreakerWatch
from daemon.journal.log import Meter
from daemon.paper import PaperShell
from tests.config_builders import plan_of, top
from tests.simulation.world import World
from trading.account.breaker_states import BreakerState
from trading.account.records import BreakerChanged, Operation
from trading.account.triggers import VENUE
from trading.timestamps import MILLISECOND, SECOND

SLOW = """breakers: {venue: {slow_sync_after: 250ms, cool_down: 5s}}"""


def a_world(folder: Path, keys: str = SLOW) -> World:
    return World(
        plan_of(folder, top(keys).replace("kind: synthetic\n", "kind: synthetic\n  duration: 1m\n  speed: max\n"))
    )


def changes(world: World) -> list[str]:
    return [f"{one.after}: {one.reason}" for one in world.steps() if isinstance(one, BreakerChanged)]


class AtOnce:
    """A shell that does at once what it is asked for."""

    def __init__(self, shell: PaperShell) -> None:
        self.floor = shell.floor

    @property
    def now_ns(self) -> int:
        return self.floor.lockstep.now_ns or self.floor.feed.start_ns

    async def operate(self, operation: Operation) -> None:
        await self.floor.operate(operation)


def test_a_slow_sync_opens_the_venues_breaker_and_paper_answers_its_probe(tmp_path: Path) -> None:
    world, meter = a_world(tmp_path), Meter()

    async def day(shell: PaperShell) -> None:
        watch = BreakerWatch(AtOnce(shell), meter, is_paper=True)  # type: ignore[arg-type]
        while shell.floor.upcoming() is not None:
            shell.floor.lay_out()
            await shell.floor.advance()
            if shell.floor.rows == 10:
                meter.note_sync(250 * MILLISECOND)
                meter.note_sync(90 * MILLISECOND)
            if shell.floor.rows == 20:
                meter.note_sync(251 * MILLISECOND)
                meter.note_sync(MILLISECOND)
            await watch.look()

    world.live(day)
    assert changes(world) == [
        "open: a sync of the journal took 251 ms; the limit is 250",
        "half_open: the cool-down is over: a probe is due",
        "closed: the simulated market answers",
    ]
    world.live()
    assert not world.floor.lockstep.router.breakers.by_scope[VENUE].is_open


def test_with_a_venue_its_probe_is_left_to_it(tmp_path: Path) -> None:
    world, meter = a_world(tmp_path), Meter()

    async def day(shell: PaperShell) -> None:
        watch = BreakerWatch(AtOnce(shell), meter, is_paper=False)  # type: ignore[arg-type]
        meter.note_sync(SECOND)
        await watch.look()
        while shell.floor.lockstep.router.breakers.by_scope[VENUE].state is not BreakerState.HALF_OPEN:
            assert shell.floor.upcoming() is not None
            shell.floor.lay_out()
            await shell.floor.advance()
        await watch.look()

    world.live(day)
    assert changes(world)[-1].startswith("half_open")


def test_without_a_limit_nothing_is_slow(tmp_path: Path) -> None:
    world, meter = a_world(tmp_path, "breakers: {}"), Meter()

    async def look(shell: PaperShell) -> None:
        meter.note_sync(LOOK_NS)
        await BreakerWatch(AtOnce(shell), meter, is_paper=True).look()  # type: ignore[arg-type]

    world.live(look)
    assert changes(world) == []
