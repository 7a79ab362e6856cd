"""After any crash at any call of the disk, the journal is a prefix of what was appended, and holds all that was
acknowledged. After any error of the disk it says so and stops. Nothing is lost in silence."""

import errno
from contextlib import suppress
from copy import deepcopy
from random import Random
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import DaemonError, JournalDamaged, JournalFailed
from daemon.journal.log import Durability
from daemon.journal.reader import JournalReader
from daemon.journal.records import Entry, Record
from daemon.journal.verify import Verification, verify
from tests.simulation.disk import Keep, PowerCut, SimulatedDisk
from tests.simulation.journal import DIRECTORY, Life, commit, entries, snapshot, step, submit

Work = list[list[Record]]
"""What a life appends between its barriers."""

BATCHES: st.SearchStrategy[list[Record]] = st.lists(
    st.one_of(
        st.builds(commit, st.integers(1, 9)),
        st.builds(submit, st.integers(1, 9)),
        st.builds(snapshot, st.integers(1, 9), st.binary(max_size=1_500)),
    ),
    min_size=1,
    max_size=5,
)
WORK: st.SearchStrategy[Work] = st.lists(BATCHES, max_size=6)
KEEP: st.SearchStrategy[Keep] = st.sampled_from(get_args(Keep))
DAY: Work = [*(step(event) for event in range(1, 5)), [snapshot(4)], *(step(event) for event in range(5, 9))]


class Machine:
    """A machine through the lives of its daemon: what the journal may hold, and what it must hold."""

    def __init__(self, durability: Durability = "power") -> None:
        self.disk = SimulatedDisk()
        self.durability = durability
        self.epoch = 0
        self.known: list[Entry] = []
        self.safe: list[Entry] = []

    def live(self, work: Work) -> None:
        """A life to its good end, or until the disk ends it."""
        self.epoch += 1
        life = Life(self.disk, epoch=self.epoch, durability=self.durability, known=self.known, safe=self.safe)
        life.live(work)

    def sites(self, work: Work) -> list[str]:
        """The sites that such a life reaches."""
        twin = deepcopy(self)
        twin.live(work)
        return twin.disk.trace

    def crash(self, site: str, work: Work) -> None:
        """A life in which the machine goes off at a site, unless that comes too late."""
        self.disk.power_cut_at = site
        with suppress(PowerCut):
            self.live(work)

    def recover(self) -> None:
        """Read what is left: a prefix, with everything in it that was acknowledged."""
        found = entries(self.disk)
        assert found == self.known[: len(found)]
        assert len(found) >= len(self.safe)
        self.known = found


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(WORK, KEEP | st.none()), max_size=3), st.randoms(use_true_random=False), st.data())
def test_neither_a_power_cut_nor_a_kill_loses_what_was_acknowledged(
    lives: list[tuple[Work, Keep | None]], random: Random, data: st.DataObject
) -> None:
    machine = Machine()
    for work, keep in lives:
        machine.crash(data.draw(st.sampled_from(machine.sites(work))), work)
        machine.disk = machine.disk.after_power_cut(keep, random) if keep else machine.disk.after_kill()
        machine.recover()
    machine.live(DAY)
    assert entries(machine.disk) == machine.known == machine.safe


@pytest.mark.parametrize("keep", get_args(Keep))
def test_every_site_of_a_day_may_be_the_last(keep: Keep) -> None:
    for number, site in enumerate(Machine().sites(DAY)):
        machine = Machine()
        machine.crash(site, DAY)
        machine.disk = machine.disk.after_power_cut(keep, Random(number))
        machine.recover()
        machine.live([])
        assert entries(machine.disk) == machine.known


@pytest.mark.parametrize("seed", range(16))
def test_what_a_killed_life_left_in_the_cache_is_synced_before_the_next_builds_on_it(seed: int) -> None:
    machine = Machine()
    machine.crash("write#2", DAY)
    machine.disk = machine.disk.after_kill()
    machine.recover()
    machine.crash("write#1", DAY)
    machine.disk = machine.disk.after_power_cut("sectors", Random(seed))
    machine.recover()


def test_a_segment_that_a_killed_life_had_only_begun_is_there_after_a_power_cut() -> None:
    for site in Machine().sites(DAY):
        machine = Machine()
        machine.crash(site, DAY)
        machine.disk = machine.disk.after_kill()
        machine.recover()
        machine.live([])
        machine.disk = machine.disk.after_power_cut("none", Random(1))
        machine.recover()


@settings(max_examples=100, deadline=None)
@given(st.lists(WORK, min_size=1, max_size=3), st.data())
def test_a_killed_process_loses_nothing_that_was_acknowledged(lives: list[Work], data: st.DataObject) -> None:
    machine = Machine(durability="process")
    for work in lives:
        machine.crash(data.draw(st.sampled_from(machine.sites(work))), work)
        machine.disk = machine.disk.after_kill()
        machine.recover()


@settings(max_examples=100, deadline=None)
@given(WORK, KEEP, st.randoms(use_true_random=False), st.data())
def test_a_power_cut_without_that_durability_leaves_a_prefix_or_is_told(
    work: Work, keep: Keep, random: Random, data: st.DataObject
) -> None:
    machine = Machine(durability="process")
    machine.crash(data.draw(st.sampled_from(machine.sites(work))), work)
    after = machine.disk.after_power_cut(keep, random)
    try:
        found = entries(after)
    except JournalDamaged:
        return
    assert found == machine.known[: len(found)]


def test_a_failed_life_leaves_a_journal_that_the_next_can_continue() -> None:
    machine = Machine()
    machine.disk.faults["sync#3"] = errno.EIO
    with pytest.raises(JournalFailed):
        machine.live(DAY)
    machine.disk = machine.disk.after_kill()
    machine.recover()
    machine.live(DAY)
    assert entries(machine.disk) == machine.known == machine.safe


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("keep", ["none", "all"])
def test_an_error_of_the_disk_at_any_site_stops_the_journal_for_good(number: int, keep: Keep) -> None:
    for site in Machine().sites(DAY):
        machine = Machine()
        machine.disk.faults[site] = number
        with pytest.raises(DaemonError) as caught:
            machine.live(DAY)
        assert caught.value.mend, site
        machine.disk = machine.disk.after_power_cut(keep, Random(1))
        machine.recover()


@pytest.mark.parametrize("site", ["write#3", "sync#3", "create#2", "sync_directory#2"])
def test_after_a_failure_every_call_fails_and_touches_nothing(site: str) -> None:
    disk = SimulatedDisk(faults={site: errno.ENOSPC})
    life = Life(disk)
    with pytest.raises(JournalFailed, match=r"the journal stopped after record \d+: cannot .*: the disk is full"):
        life.live(DAY)
    calls = len(disk.trace)
    for call in (lambda: life.journal.append(commit()), life.journal.barrier, life.journal.close):
        with pytest.raises(JournalFailed, match="the disk is full"):
            call()
    assert len(disk.trace) == calls


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_flipped_bit_is_noticed(data: st.DataObject) -> None:
    machine = Machine()
    machine.live(DAY)
    segments = JournalReader(machine.disk, DIRECTORY).segments
    path = data.draw(st.sampled_from(segments)).path
    machine.disk.flip(path, data.draw(st.integers(0, 8 * len(machine.disk.read(path)) - 1)))
    found: Verification | None = None
    with suppress(JournalDamaged):
        found = verify(JournalReader(machine.disk, DIRECTORY))
    if found is not None:
        assert str(path) in found.torn
        assert found.last_sequence >= len(machine.known) - 1, "only the last barrier's record may pass for a torn tail"
