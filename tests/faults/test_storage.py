"""Group I: what a disk does to a daemon that trades."""

import errno
from contextlib import suppress
from copy import deepcopy
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from daemon.check import Plan
from daemon.errors import DaemonError, JournalDamaged, JournalFailed
from daemon.journal.frames import BrokenFrame, Frame, decode
from daemon.journal.reader import JournalReader
from daemon.journal.verify import verify
from daemon.state import archive
from tests.faults.fleet import a_plan, pure
from tests.simulation.disk import SimulatedDisk
from tests.simulation.journal import DIRECTORY
from tests.simulation.test_journal_crashes import DAY
from tests.simulation.test_journal_crashes import Machine as Disks
from tests.simulation.world import World

# F89 and F96: the disk says no, once, at any call.

CALLS = ("make_directory", "create", "write", "sync", "sync_directory")


@cache
def sites() -> list[str]:
    """Where a life changes something on the disk: the first of each kind, and some later ones."""
    world = a_world()
    world.live()
    found: list[str] = []
    for call in CALLS:
        of_kind = [site for site in world.disk.trace if site.startswith(f"{call}#")]
        found += [*of_kind[:3], *Random(call).sample(of_kind[3:], min(4, len(of_kind[3:])))]
    return found


@cache
def plan() -> Plan:
    with TemporaryDirectory() as folder:
        return a_plan(Path(folder))


def a_world(disk: SimulatedDisk | None = None) -> World:
    return World(plan(), disk=disk, durability="power", segment_bytes=20_000, snapshot_every=150)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_an_error_of_the_disk_ends_the_life_before_anything_is_sent_that_is_not_written(number: int) -> None:
    assert {site.partition("#")[0] for site in sites()} == {*CALLS}
    for site in sites():
        world = a_world(SimulatedDisk(faults={site: number}))
        with pytest.raises(DaemonError) as caught:
            world.live()
        assert caught.value.mend, site
        assert_nothing_was_sent_that_is_not_written(world)
        world.disk = world.disk.after_power_cut("none", Random(site))
        world.live()
        assert world.steps() == pure().steps, site
        assert world.adds_up()


def assert_nothing_was_sent_that_is_not_written(world: World) -> None:
    if hasattr(world, "floor"):
        state = world.floor.lockstep.market.state()
        assert {order.cid for order in state["working"]} | set(state["closed"]) <= set(world.wire_ids())


def test_a_sync_that_failed_is_not_tried_again_though_it_would_succeed() -> None:
    """The kernel reports it once, and marks what it has lost as clean: whoever asks again is told that all is well."""
    failing = [site for site in sites() if site.startswith("sync#")]
    for site in failing:
        world = a_world(SimulatedDisk(faults={site: errno.EIO}))
        with pytest.raises((JournalFailed, DaemonError), match="input/output error"):
            world.live()
        assert world.disk.trace[-1] == site, "nothing is asked of that disk any more"
        world.disk = world.disk.after_power_cut("all", Random(site))
        world.live()
        assert world.steps() == pure().steps


def test_a_state_that_cannot_be_put_aside_stays_where_it_is() -> None:
    disk = SimulatedDisk(faults={"rename#1": errno.EIO})
    disk.make_directory(Path("/srv/state"))
    with pytest.raises(DaemonError, match="input/output error"):
        archive(Path("/srv/state"), Path("/srv/state.archived"), disk, 1)
    assert disk.list(Path("/srv")) == ["state"]


# F98: a write that went elsewhere, or never came.


def frames_of(disk: SimulatedDisk, path: Path) -> list[Frame]:
    """The frames of one segment."""
    data, found, offset = disk.read(path), list[Frame](), 0
    with suppress(BrokenFrame):
        while True:
            found.append(decode(data, offset))
            offset += found[-1].size
    return found


@pytest.mark.parametrize("what", ["another frame", "zeros"])
def test_a_write_that_went_to_the_wrong_place_is_damage_and_not_the_end(what: str) -> None:
    """Over each frame of a day the bytes of others, or zeros as if it had never come; only of the very last can nobody
    tell that it was there."""
    whole = Disks()
    whole.live(DAY)
    paths = [segment.path for segment in JournalReader(whole.disk, DIRECTORY).segments]
    places = [(path, frame) for path in paths for frame in frames_of(whole.disk, path)]
    assert len(places) > 25
    for path, place in places[:-1]:
        others = Random(place.sequence).sample([one for one in places if one[1] != place], 4)
        wrong = [bytes(place.size)] if what == "zeros" else [bytes_of(whole.disk, *other) for other in others]
        for data in wrong:
            machine = deepcopy(whole)
            file = machine.disk.open(path)
            file.write_at(data[: place.size], place.offset)
            file.close()
            with pytest.raises(JournalDamaged, match=str(path)):
                verify(JournalReader(machine.disk, DIRECTORY))


def bytes_of(disk: SimulatedDisk, path: Path, frame: Frame) -> bytes:
    return disk.read(path)[frame.offset : frame.offset + frame.size]
