"""The watching process by itself, with the test in the daemon's place: it beats, falls silent, says goodbye or not."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from daemon.killswitch.flag import HaltFlag
from daemon.killswitch.wire import BUSY, GOODBYE, READY, REFUSED, Beat, Watch, Watching, beat_packet, watch_packet
from daemon.state import HALT_NAME, WATCHMAN_SOCKET_NAME
from tests.acceptance.daemons import ROOT
from tests.acceptance.watched import Venue
from tests.patience import PATIENCE_SECONDS, until


@pytest.fixture
def venue() -> Iterator[Venue]:
    with Venue().open() as venue:
        yield venue


class Post:
    """A watching process for a process that only sleeps; the test says what its heart does."""

    def __init__(self, folder: Path, venue: Venue) -> None:
        self.folder = folder
        self.flag = HaltFlag(folder / HALT_NAME)
        self.flag.prepare()
        self.ward = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        self.venue = venue
        self.process, self.channel = self.begin()

    def begin(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        descriptor = os.pidfd_open(self.ward.pid)
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "daemon.killswitch.watchman", str(theirs.fileno()), str(descriptor)],
            env={"PYTHONPATH": str(ROOT)},
            pass_fds=(theirs.fileno(), descriptor),
            stderr=subprocess.DEVNULL,
        )
        theirs.close()
        os.close(descriptor)
        ours.settimeout(PATIENCE_SECONDS)
        watching = Watching("tests.acceptance.canceller:cancel_everything", {"port": self.venue.port})
        ours.send(
            watch_packet(Watch(self.ward.pid, str(self.flag.path), str(self.folder / WATCHMAN_SOCKET_NAME), watching))
        )
        return process, ours

    def beat(self, *, halted: bool = False) -> None:
        self.channel.send(beat_packet(Beat(1, 1, halted)))

    def beat_until(self, true: Callable[[], object]) -> float:
        began = time.perf_counter()
        while not true():
            assert time.perf_counter() - began < PATIENCE_SECONDS
            with suppress(OSError):
                self.beat()
            time.sleep(0.05)
        return time.perf_counter() - began

    def close(self) -> None:
        self.channel.close()
        for process in (self.ward, self.process):
            process.kill()
            process.wait()


@pytest.fixture
def post(tmp_path: Path, venue: Venue) -> Iterator[Post]:
    post = Post(tmp_path, venue)
    yield post
    post.close()


def test_it_begins_within_a_blink(post: Post) -> None:
    assert post.channel.recv(100) == READY
    post.channel.send(GOODBYE)
    assert post.process.wait(PATIENCE_SECONDS) == 0
    took = []
    for _ in range(5):
        began = time.perf_counter()
        process, channel = post.begin()
        assert channel.recv(100) == READY
        took.append(time.perf_counter() - began)
        channel.send(GOODBYE)
        channel.close()
        assert process.wait(PATIENCE_SECONDS) == 0
    print(f"it watches {min(took) * 1e3:.0f} ms after its start, http.client included")
    assert post.venue.asked_at == []


def test_a_second_one_for_the_same_state_is_refused(post: Post) -> None:
    assert post.channel.recv(100) == READY
    second, channel = post.begin()
    assert channel.recv(100) == BUSY
    assert second.wait(PATIENCE_SECONDS) == 0
    channel.close()
    assert post.process.poll() is None


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "daemon.killswitch.watchman", str(theirs.fileno()), "-1"],
        env={"PYTHONPATH": str(ROOT)},
        pass_fds=(theirs.fileno(),),
    )
    theirs.close()
    ours.send(b"w{}")
    ours.settimeout(PATIENCE_SECONDS)
    assert ours.recv(1_000).startswith(REFUSED)
    assert process.wait(PATIENCE_SECONDS) == 0
    ours.close()


def test_a_heart_that_beats_and_a_flag_that_is_ignored_is_ended_too(post: Post) -> None:
    assert post.channel.recv(100) == READY
    post.beat()
    post.flag.set("drill")
    took = post.beat_until(lambda: post.ward.poll() is not None)
    print(f"a halt that is ignored: ended after {took:.2f} s")
    assert took > 2.5
    until(lambda: len(post.venue.asked_at) == 2)


def test_a_heart_that_beats_and_has_halted_is_left_alone(post: Post) -> None:
    assert post.channel.recv(100) == READY
    post.flag.set("drill")
    for _ in range(80):
        post.beat(halted=True)
        time.sleep(0.05)
    assert (post.ward.poll(), post.venue.asked_at) == (None, [])


def test_one_that_closed_without_a_goodbye_and_stays_is_ended(post: Post) -> None:
    assert post.channel.recv(100) == READY
    post.beat()
    post.channel.close()
    began = time.perf_counter()
    assert post.ward.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    assert time.perf_counter() - began > 9
    until(lambda: len(post.venue.asked_at) == 2)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may do this")
def test_a_process_with_the_number_of_one_that_is_gone_is_left_alone(post: Post) -> None:
    """Who watches is stopped, the daemon ends, and another process gets its number before who watches goes on."""
    assert post.channel.recv(100) == READY
    post.beat()
    post.process.send_signal(signal.SIGSTOP)
    number = post.ward.pid
    post.ward.kill()
    post.ward.wait()
    heir = _process_with_number(number)
    if heir is None:
        pytest.skip("the number could not be had again")
    try:
        post.process.send_signal(signal.SIGCONT)
        assert post.process.wait(PATIENCE_SECONDS) == 0
        assert heir.poll() is None
        assert post.venue.asked_at == []
    finally:
        heir.kill()
        heir.wait()


def _process_with_number(number: int) -> subprocess.Popen[bytes] | None:
    """A process that sleeps, with an id that is free now."""
    for _ in range(200):
        with suppress(OSError):
            Path("/proc/sys/kernel/ns_last_pid").write_text(str(number - 1))
        heir = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        if heir.pid == number:
            return heir
        heir.kill()
        heir.wait()
    return None
