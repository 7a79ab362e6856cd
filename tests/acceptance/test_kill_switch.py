"""A daemon that hangs is ended and its orders are cancelled, by a process that nothing of the daemon can hold up."""

import json
import os
import re
import resource
import shlex
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from daemon.killswitch.asking import ask_watchman
from daemon.killswitch.errands import Errand
from daemon.killswitch.flag import PAGE_BYTES, HaltFlag
from daemon.killswitch.wire import Watching
from daemon.state import HALT_NAME, WATCHMAN_LOG_NAME, WATCHMAN_SOCKET_NAME
from tests.acceptance.daemons import Daemon, tmpfs
from tests.acceptance.watched import Venue, Watched, family, name_of
from tests.patience import PATIENCE_SECONDS, until
from tests.real_children import is_gone
from trading.account.records import Operation

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may do this")

HALTED = "halted: no order leaves until `bulkhead resume`"
CANARY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"


@pytest.fixture
def venue() -> Iterator[Venue]:
    with Venue().open() as venue:
        yield venue


@pytest.fixture
def daemon(tmp_path: Path, venue: Venue) -> Iterator[Watched]:
    daemon = Watched(tmp_path / "d", venue)
    yield daemon
    daemon.close()


def stop(daemon: Watched) -> None:
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGSTOP)


HANGS: dict[str, Callable[[Watched], None]] = {
    "stopped": stop,
    "spinning": lambda daemon: daemon.hang("spin"),
    "sleeping in a call": lambda daemon: daemon.hang("sleep"),
    "reading what never comes": lambda daemon: daemon.hang("read"),
}


# It hangs.


@pytest.mark.parametrize("way", HANGS)
def test_a_daemon_that_hangs_is_ended_and_its_orders_are_cancelled(daemon: Watched, way: str) -> None:
    daemon.started()
    assert daemon.process is not None
    children = family(daemon.process.pid) - {daemon.watchman}
    HANGS[way](daemon)
    hung_at = time.perf_counter()
    assert daemon.wait() == -signal.SIGKILL
    ended = time.perf_counter() - hung_at
    until(lambda: len(daemon.venue.asked_at) == 2)
    cancelled = daemon.venue.asked_at[0] - hung_at
    print(f"{way}: cancelled after {cancelled:.2f} s, ended after {ended:.2f} s")
    assert daemon.venue.working == []
    until(lambda: all(map(is_gone, children)))
    halt = daemon.halt
    assert halt is not None
    assert re.match(r"the daemon gave no sign for 1\.\d s after event \d+ and journal record \d+$", halt.reason)
    until(lambda: "cancelled at the venue: bk1, bk2" in daemon.notes)


def test_the_daemon_after_one_that_hung_is_halted_until_it_is_resumed(daemon: Watched) -> None:
    daemon.started()
    stop(daemon)
    daemon.wait()
    daemon.start()
    daemon.until(lambda: daemon.ask_or_none("/v1/status", "halted"))
    assert "gave no sign" in daemon.ask_or_none("/v1/status", "halt_reason")
    assert daemon.cli("resume").returncode == 0
    assert (daemon.halt, daemon.ask_or_none("/v1/status", "halted")) == (None, False)


def test_a_venue_that_fails_is_asked_again(daemon: Watched) -> None:
    daemon.venue.failures = 3
    daemon.started()
    stop(daemon)
    daemon.wait()
    until(lambda: len(daemon.venue.asked_at) == 5)
    assert daemon.venue.working == []
    assert sum("cancelling at the venue failed: RuntimeError: status 503" in note for note in daemon.notes) <= 3


def test_a_canceller_that_hangs_does_not_keep_the_daemon_alive(tmp_path: Path, venue: Venue) -> None:
    daemon = Watched(tmp_path / "d", venue, options={"hangs": True})
    try:
        daemon.started()
        watchman = daemon.watchman
        stop(daemon)
        assert daemon.wait() == -signal.SIGKILL
        for pid in family(watchman) | {watchman}:
            os.kill(pid, signal.SIGKILL)
    finally:
        daemon.close()


@needs_root
@pytest.mark.parametrize("is_first", [False, True], ids=["under an init", "as the first process"])
def test_in_a_container_the_orders_are_cancelled_whatever_becomes_of_it(daemon: Watched, is_first: bool) -> None:
    """Under an init the daemon's end is the end of everything in it; as its first process nothing in it can end it."""
    command = daemon.run_command()
    inside = command if is_first else ["sh", "-c", f"{shlex.join(command)}; exit 9"]
    daemon.start_as(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", *inside])
    daemon.until(lambda: any(note.startswith("watching process") for note in daemon.notes))
    daemon.hang("spin")
    until(lambda: not daemon.venue.working)
    if is_first:
        until(lambda: any("process 1 cannot be ended" in note for note in daemon.notes))
        assert "run the daemon under an init" in daemon.log.read_text()
    else:
        assert daemon.wait() == 9
    assert daemon.halt is not None
    assert any("gave no sign" in note for note in daemon.notes)


def test_a_pause_of_the_whole_machine_is_no_hang(daemon: Watched) -> None:
    """Both are stopped for longer than patience lasts, and go on together, either one first."""
    daemon.started()
    assert daemon.process is not None
    pair = [daemon.process.pid, daemon.watchman]
    for order in (pair, pair[::-1]):
        for pid in order:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(2.5)
        for pid in order:
            os.kill(pid, signal.SIGCONT)
        time.sleep(1.5)
        assert daemon.process.poll() is None
    assert (daemon.watchman, daemon.halt, daemon.venue.asked_at) == (pair[1], None, [])


# It is told to halt.


def test_a_halt_of_a_healthy_daemon_is_its_own_affair(daemon: Watched) -> None:
    daemon.started()
    told = daemon.cli("halt", "drill", "--cancel-orders")
    assert (told.returncode, told.stderr) == (0, f"{HALTED}\n")
    until(lambda: daemon.halt is not None and not daemon.halt.cancel_orders)
    time.sleep(3.5)  # longer than a daemon may ignore the flag
    assert daemon.process is not None
    assert (daemon.process.poll(), daemon.venue.asked_at) == (None, [])
    assert daemon.cli("resume").returncode == 0
    assert daemon.halt is None
    assert daemon.end()[0] == 0
    assert [one.action for one in operations(daemon)] == ["halt", "resume"]


def operations(daemon: Daemon) -> list[Operation]:
    return [one.record for group in daemon.groups() for one in group.entries if isinstance(one.record, Operation)]


def test_a_flag_that_is_set_is_followed_at_once(daemon: Watched) -> None:
    daemon.started()
    took = []
    for number in range(10):
        began = time.perf_counter()
        HaltFlag(daemon.state / HALT_NAME).set(f"drill {number}")
        daemon.until(lambda: daemon.client.get("/v1/status")["halted"])
        took.append(time.perf_counter() - began)
        daemon.client.post("/v1/resume", reason="")
    print(f"from the flag to the journaled halt: {min(took) * 1e3:.0f} to {max(took) * 1e3:.0f} ms")
    assert daemon.end()[0] == 0
    halts = [one.reason for one in operations(daemon) if one.action == "halt"]
    assert halts == [f"drill {number}" for number in range(10)]


@pytest.mark.parametrize("way", ["stopped", "spinning"])
def test_a_halt_of_a_daemon_that_hangs_is_done_for_it(daemon: Watched, way: str) -> None:
    daemon.started()
    HANGS[way](daemon)
    began = time.perf_counter()
    told = daemon.cli("halt", "drill")
    took = time.perf_counter() - began
    print(f"halt of a daemon that is {way}: {took:.2f} s, the first cancel {daemon.venue.asked_at[0] - began:.2f} s")
    assert told.returncode == 0, told.stderr
    assert told.stderr.splitlines()[-1] == HALTED
    assert "cancelled at the venue: bk1, bk2" in told.stderr
    assert daemon.wait() == -signal.SIGKILL
    assert daemon.venue.working == []


def test_the_watching_process_alone_can_be_asked(daemon: Watched) -> None:
    daemon.started()
    healthy = ask_watchman(daemon.state / WATCHMAN_SOCKET_NAME, "drill", cancel_orders=False)
    assert (healthy.is_done, healthy.said) == (True, ["told to halt: drill", "the daemon has halted"])
    assert daemon.ask_or_none("/v1/status", "halt_reason") == "drill"
    assert daemon.venue.asked_at == []


def test_a_halt_while_no_daemon_runs_is_followed_by_the_next(daemon: Watched) -> None:
    daemon.started()
    assert daemon.end()[0] == 0
    told = daemon.cli("halt", "drill")
    assert (told.returncode, "One that starts here is halted" in told.stderr) == (3, True)
    assert "what starts here is halted" in daemon.cli("resume").stderr
    daemon.started()
    assert daemon.ask_or_none("/v1/status", "halt_reason") == "drill"
    assert daemon.end()[0] == 0


def test_on_paper_nobody_watches_and_it_is_said(tmp_path: Path, venue: Venue) -> None:
    daemon = Watched(tmp_path / "d", venue)
    Daemon.start(daemon)
    try:
        daemon.until_ready()
        stop(daemon)
        told = daemon.cli("halt", "drill")
        assert (told.returncode, "the halt flag is set" in told.stderr) == (69, True)
        assert "nobody watches the daemon" in told.stderr
        assert daemon.process is not None
        daemon.process.send_signal(signal.SIGCONT)
        daemon.until(lambda: daemon.ask_or_none("/v1/status", "halted"))
    finally:
        daemon.close()


# It ends.


def test_a_clean_stop_leaves_the_orders_and_the_flag(daemon: Watched) -> None:
    daemon.started()
    watchman = daemon.watchman
    assert daemon.end()[0] == 0
    until(lambda: is_gone(watchman))
    assert (daemon.venue.asked_at, daemon.halt) == ([], None)
    assert daemon.notes[-1] == "the daemon said goodbye"
    assert not (daemon.state / WATCHMAN_SOCKET_NAME).exists()


@pytest.mark.parametrize("on_crash", ["leave", "cancel"])
@pytest.mark.parametrize("way", ["killed", "ended by its own strategy"])
def test_a_daemon_that_crashes_is_let_be_or_cancelled_for(
    tmp_path: Path, venue: Venue, on_crash: Any, way: str
) -> None:
    daemon = Watched(tmp_path / "d", venue, on_crash=on_crash)
    try:
        daemon.started()
        watchman = daemon.watchman
        if way == "killed":
            daemon.end(signal.SIGKILL)
        else:
            daemon.hang("exit")
            daemon.wait()
        until(lambda: is_gone(watchman))
        assert (len(venue.asked_at), daemon.halt) == ({"leave": 0, "cancel": 2}[on_crash], None)
        daemon.started()
        assert daemon.ask_or_none("/v1/status", "halted") is False
    finally:
        daemon.close()


def test_a_crash_after_a_halt_that_was_to_cancel_cancels(daemon: Watched) -> None:
    daemon.started()
    watchman = daemon.watchman
    stop(daemon)
    HaltFlag(daemon.state / HALT_NAME).set("drill", cancel_orders=True)
    daemon.end(signal.SIGKILL)
    until(lambda: is_gone(watchman))
    assert daemon.venue.working == []


def test_a_start_waits_until_the_one_before_has_cancelled(tmp_path: Path, venue: Venue) -> None:
    daemon = Watched(tmp_path / "d", venue, on_crash="cancel")
    venue.failures = 6
    try:
        daemon.started()
        daemon.end(signal.SIGKILL)
        daemon.started()
        assert len(venue.asked_at) == 8
        assert "still at work; waiting for it" in daemon.log.read_text()
    finally:
        daemon.close()


# Who watches is lost.


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_watching_process_that_is_lost_is_replaced(daemon: Watched, number: signal.Signals) -> None:
    daemon.started()
    first = daemon.watchman
    began = time.perf_counter()
    os.kill(first, number)
    daemon.until(lambda: daemon.watchman not in (0, first))
    print(f"{number.name}: another watches after {time.perf_counter() - began:.2f} s")
    assert is_gone(first)
    time.sleep(1.5)
    stop(daemon)
    assert daemon.wait() == -signal.SIGKILL
    until(lambda: not daemon.venue.working)


def test_when_too_many_are_lost_there_is_an_alarm_and_trading_goes_on(daemon: Watched) -> None:
    daemon.started()
    for _ in range(4):
        daemon.until(lambda: daemon.watchman)
        watchman = daemon.watchman
        os.kill(watchman, signal.SIGKILL)
        daemon.until(lambda: is_gone(watchman) and daemon.watchman != watchman)  # noqa: B023
    daemon.until(lambda: "nobody watches this daemon" in daemon.log.read_text())
    assert daemon.ask_or_none("/v1/status", "halted") is False
    assert daemon.end()[0] == 0


def test_a_daemon_that_nobody_could_watch_does_not_start(daemon: Watched) -> None:
    daemon.watching = Watching("tests.acceptance.nowhere:cancel_everything")
    assert daemon.start().wait() == 1
    assert "tests.acceptance.nowhere:cancel_everything cannot be had: ModuleNotFoundError" in daemon.log.read_text()
    assert family(os.getpid()) == set()


def test_signals_for_the_daemon_do_not_reach_it(daemon: Watched) -> None:
    daemon.started()
    assert os.getsid(daemon.watchman) == daemon.watchman
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(daemon.watchman, number)
    time.sleep(0.5)
    assert name_of(daemon.watchman) == "bulkhead-watch"


def test_it_holds_nothing_of_the_daemon_and_is_small(daemon: Watched) -> None:
    daemon.started()
    watchman = daemon.watchman
    held = {str(one.readlink()) for one in Path(f"/proc/{watchman}/fd").iterdir()}
    files = {name for name in held if name.startswith("/")}
    ours = {str(daemon.state / name) for name in (HALT_NAME, WATCHMAN_LOG_NAME)}
    assert files <= ours | {"/dev/null"}
    rollup = dict(line.split(":") for line in Path(f"/proc/{watchman}/smaps_rollup").read_text().splitlines()[1:])
    proportional = int(rollup["Pss"].split()[0])
    print(f"PSS {proportional / 1024:.1f} MB, RSS {int(rollup['Rss'].split()[0]) / 1024:.1f} MB, http.client included")
    assert proportional < 15 * 1024


# Nothing of a secret.


def test_no_secret_shows_anywhere(tmp_path: Path, venue: Venue) -> None:
    """Neither one that the canceller has, and tells in its errors, nor one in the daemon's environment."""
    daemon = Watched(tmp_path / "d", venue, options={"key": CANARY})
    venue.failures = 1
    try:
        os.environ["VENUE_SECRET"] = CANARY
        daemon.started()
        watchman = Path(f"/proc/{daemon.watchman}")
        assert CANARY.encode() not in (watchman / "environ").read_bytes() + (watchman / "cmdline").read_bytes()
        assert resource.prlimit(daemon.watchman, resource.RLIMIT_CORE) == (0, 0)
        stop(daemon)
        told = daemon.cli("halt", "x")
        assert "status 503" in told.stderr
        for text in (told.stderr, daemon.log.read_text(), (daemon.state / WATCHMAN_LOG_NAME).read_text()):
            assert CANARY[:16] not in text
    finally:
        del os.environ["VENUE_SECRET"]
        daemon.close()


@needs_root
def test_no_other_user_may_ask(daemon: Watched) -> None:
    daemon.started()
    path = daemon.state / WATCHMAN_SOCKET_NAME
    assert path.stat().st_mode & 0o777 == 0o600
    for folder in (daemon.state, *daemon.state.parents):
        folder.chmod(folder.stat().st_mode | 0o011)
    assert "Permission denied" in asked_by_another(path)
    path.chmod(0o666)
    assert "user 65534 may not ask" in asked_by_another(path)
    assert daemon.ask_or_none("/v1/status", "halted") is False


def asked_by_another(path: Path) -> str:
    """What another user is told."""
    told = Errand(lambda: _ask_as(65534, path), PATIENCE_SECONDS).wait(PATIENCE_SECONDS)
    assert told is not None
    return told.problem


def _ask_as(user: int, path: Path) -> list[str]:
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    return ask_watchman(path, "x", cancel_orders=True).said


def test_what_it_writes_can_be_read_by_programs(daemon: Watched) -> None:
    daemon.started()
    assert daemon.end()[0] == 0
    lines = [json.loads(line) for line in (daemon.state / WATCHMAN_LOG_NAME).read_text().splitlines()]
    assert {tuple(line) for line in lines} == {("ts", "level", "logger", "message")}


# The disk.


def test_a_log_that_is_full_stops_nobody(daemon: Watched) -> None:
    """Writes beyond the size of the log fail from now on, for who watches."""
    daemon.started()
    log = daemon.state / WATCHMAN_LOG_NAME
    with log.open("ab") as file:
        file.write(b"x" * 2 * PAGE_BYTES)
    size = log.stat().st_size
    resource.prlimit(daemon.watchman, resource.RLIMIT_FSIZE, (PAGE_BYTES, PAGE_BYTES))
    stop(daemon)
    assert daemon.wait() == -signal.SIGKILL
    until(lambda: len(daemon.venue.asked_at) == 2)
    assert (daemon.venue.working, log.stat().st_size) == ([], size)
    assert daemon.halt is not None


@needs_root
def test_a_disk_that_is_full_stops_nobody(tmp_path: Path, venue: Venue) -> None:
    with tmpfs(tmp_path / "small", "size=24m") as small:
        daemon = Watched(small / "d", venue)
        try:
            daemon.started()
            stop(daemon)
            with suppress(OSError), (small / "filler").open("wb", buffering=0) as filler:
                while True:
                    filler.write(bytes(4096))
            told = daemon.cli("halt", "drill")
            assert told.returncode == 0, told.stderr
            assert told.stderr.splitlines()[0] == "the halt flag is set"
            assert daemon.wait() == -signal.SIGKILL
            assert venue.working == []
            halt = daemon.halt
            assert halt is not None
            assert halt.cancel_orders
            (small / "filler").unlink()
            daemon.started()
            assert daemon.ask_or_none("/v1/status", "halted") is True
        finally:
            daemon.close()
