"""What the watching process is made of: patience, its hold of the daemon, errands, cancelling, its front, its words."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import NotRunning, Unreachable
from daemon.killswitch.asking import Answer, ask_watchman
from daemon.killswitch.cancelling import PAUSES_SECONDS, SETTLE_SECONDS, Cancelling, load_canceller
from daemon.killswitch.emergency import end_and_cancel
from daemon.killswitch.errands import MOST_LINES, Done, Errand, without_secrets
from daemon.killswitch.flag import HaltFlag
from daemon.killswitch.front import Front
from daemon.killswitch.notes import Notes
from daemon.killswitch.vigil import Vigil
from daemon.killswitch.ward import Ward
from daemon.killswitch.wire import (
    GOODBYE,
    READY,
    Beat,
    Watch,
    Watching,
    beat_packet,
    from_line,
    line,
    to_beat,
    to_watch,
    watch_packet,
)
from tests.patience import PATIENCE_SECONDS, until

MS = 1_000_000


# Patience.


def vigil(now_ns: int = 0) -> Vigil:
    return Vigil(patience_ns=1_000 * MS, gap_ns=200 * MS, now_ns=now_ns)


def looks(watch: Vigil, *at_ms: int) -> list[bool]:
    return [watch.look(at * MS) for at in at_ms]


def test_patience_ends_after_a_second_of_silence_and_not_before() -> None:
    assert looks(vigil(), *range(100, 1_000, 100)) == [False] * 9
    assert looks(vigil(), *range(100, 1_100, 100))[-1]


def test_whatever_is_heard_begins_the_second_anew() -> None:
    watch = vigil()
    looks(watch, *range(100, 900, 100))
    watch.heard(850 * MS)
    assert looks(watch, *range(900, 1_800, 100)) == [False] * 9
    assert looks(watch, 1_850) == [True]


@pytest.mark.parametrize("asleep_seconds", [1, 60, 8 * 3_600])
def test_while_it_slept_itself_nothing_counts_but_one_gap(asleep_seconds: int) -> None:
    """A paused machine: the last look just before, the next when it goes on."""
    watch = vigil()
    looks(watch, 100, 200)
    woken = 200 + asleep_seconds * 1_000
    assert looks(watch, *range(woken, woken + 600, 100)) == [False] * 6
    assert looks(watch, woken + 600) == [True]


def test_of_time_in_which_the_other_is_given_no_processor_a_third_does_not_count() -> None:
    watch = vigil()
    assert [watch.look(at * MS, 90 * MS) for at in range(90, 1_440, 90)] == [False] * 15
    assert watch.silent_ns == 15 * 60 * MS


@pytest.mark.parametrize("starved_ms", [-5, 0, 50, 100, 10**6])
def test_patience_lasts_for_a_second_and_a_half_at_most_however_much_is_said_to_be_lacking(starved_ms: int) -> None:
    watch = vigil()
    ended = next(at for at in range(100, 10_000, 100) if watch.look(at * MS, starved_ms * MS))
    assert 1_000 <= ended <= 1_600


@given(gaps=st.lists(st.integers(min_value=0, max_value=10**6), max_size=50))
def test_silence_is_never_more_than_what_passed_nor_than_its_gaps(gaps: list[int]) -> None:
    watch, now = vigil(), 0
    for gap in gaps:
        now += gap
        watch.look(now * MS)
    assert watch.silent_ns <= min(now, 200 * len(gaps)) * MS


# Its hold of the daemon.


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_ward_is_frozen_and_killed_and_is_gone_before_anybody_reaps_it(sleeper: subprocess.Popen[bytes]) -> None:
    ward = Ward(sleeper.pid, os.pidfd_open(sleeper.pid))
    assert not ward.is_gone()
    ward.freeze()
    until(lambda: state_of(sleeper.pid) == "T")
    assert not ward.is_gone()
    ward.kill()
    assert ward.is_gone(PATIENCE_SECONDS)
    assert state_of(sleeper.pid) == "Z"
    os.close(ward.descriptor)


def test_nobody_who_has_the_number_of_one_that_is_gone_is_struck(sleeper: subprocess.Popen[bytes]) -> None:
    """The descriptor is of one that has ended; the number by now of another."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    descriptor = os.pidfd_open(ended.pid)
    ended.wait()
    ward = Ward(sleeper.pid, descriptor)
    assert ward.is_gone()
    ward.freeze()
    ward.kill()
    assert sleeper.poll() is None
    assert state_of(sleeper.pid) in "SR"
    os.close(descriptor)


def test_how_long_it_waited_for_a_processor_is_known_or_nothing(sleeper: subprocess.Popen[bytes]) -> None:
    until(lambda: Ward(sleeper.pid, -1).starved_ns() > 0)
    assert Ward(2**22 + 1, -1).starved_ns() == 0


def test_without_such_descriptors_it_is_its_parent_or_nobody(sleeper: subprocess.Popen[bytes]) -> None:
    assert not Ward(os.getppid(), -1).is_gone()
    stranger = Ward(sleeper.pid, -1)
    assert stranger.is_gone()
    stranger.kill()
    assert sleeper.poll() is None


# Errands.


def test_an_errand_brings_what_it_found() -> None:
    assert Errand(lambda: ["one", "two"], 10).wait(10) == Done(["one", "two"], "")


def test_an_errand_that_brings_very_much_brings_the_beginning() -> None:
    done = Errand(lambda: [f"order-{n:05}" for n in range(20_000)], 10).wait(10)
    assert done is not None
    assert (len(done.lines), done.lines[-1]) == (MOST_LINES + 1, f"and {20_000 - MOST_LINES} more")


def fails() -> list[str]:
    raise RuntimeError("no connection")


def test_an_errand_that_fails_says_why_and_where() -> None:
    done = Errand(fails, 10).wait(10)
    assert done == Done([], f"RuntimeError: no connection (fails, line {fails.__code__.co_firstlineno + 1})")


def waits_for_ever() -> list[str]:
    signal.pause()
    return []


def is_killed() -> list[str]:
    os.kill(os.getpid(), signal.SIGKILL)
    return []


def test_an_errand_that_takes_too_long_is_killed() -> None:
    errand = Errand(waits_for_ever, 0.05)
    assert errand.wait(0) is None
    assert errand.wait(10) == Done([], "it took longer than 0.05 s")


def test_an_errand_that_is_killed_or_leaves_is_a_failed_one() -> None:
    assert Errand(is_killed, 10).wait(10) == Done([], "it was ended by signal 9")
    assert Errand(lambda: os._exit(3), 10).wait(10) == Done([], "it ended with exit code 3")


def none_left(*_: object) -> int:
    raise OSError(12, "Cannot allocate memory")


@pytest.mark.parametrize("lacking", ["fork", "pipe"])
def test_where_no_process_can_be_made_an_errand_is_done_at_once(monkeypatch: pytest.MonkeyPatch, lacking: str) -> None:
    monkeypatch.setattr(os, lacking, none_left)
    assert Errand(lambda: ["done"], 10).wait(0) == Done(["done"], "")
    late = Errand(waits_for_ever, 0.05).wait(0)
    assert late is not None
    assert late.problem.startswith("TimeoutError: it took longer than 0.05 s")


KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        f"status 401 for https://venue.example/orders?key={KEY}&x=1",
        f"bad header X-Key: {KEY}",
        f"{{'secret': '{KEY}'}}",
        f"token:{KEY}",
    ],
)
def test_what_may_be_a_key_is_not_shown(text: str) -> None:
    assert not any(KEY[at : at + 12] in without_secrets(text) for at in range(len(KEY) - 12))


@pytest.mark.parametrize(
    "text",
    [
        "[Errno 2] No such file or directory: '/etc/bulkhead/credentials-of-the-live-account'",
        "cancelled bk0f3amuc8h2k10001",
        "[Errno 111] Connection refused",
    ],
)
def test_what_helps_is_shown(text: str) -> None:
    assert without_secrets(text) == text


# Cancelling.


class Pauses:
    """Takes the place of sleep, and keeps how long each would have been."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.taken: list[float] = []
        monkeypatch.setattr(time, "sleep", self.taken.append)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Pauses:
    return Pauses(monkeypatch)


@pytest.fixture
def notes() -> Notes:
    return Notes(lambda: "2026-01-05T14:30:00Z")


class Script:
    """A canceller that fails so often, over the processes that its attempts are made in, and then succeeds."""

    def __init__(self, file: Path, failures: int) -> None:
        self._file = file
        self._failures = failures
        file.touch()

    def __call__(self, options: Mapping[str, object]) -> list[str]:
        with self._file.open("a") as file:
            file.write("x")
        if self.attempts <= self._failures:
            raise OSError(111, "Connection refused")
        return [f"bk{self.attempts}"]

    @property
    def attempts(self) -> int:
        return len(self._file.read_text())


@pytest.mark.parametrize("failures", range(len(PAUSES_SECONDS) + 1))
def test_it_is_tried_until_it_is_done_and_then_once_more(
    tmp_path: Path, notes: Notes, pauses: Pauses, failures: int
) -> None:
    script = Script(tmp_path / "attempts", failures)
    assert Cancelling(script, {}, notes).finish()
    assert script.attempts == failures + 2
    assert pauses.taken == [*PAUSES_SECONDS[:failures], SETTLE_SECONDS]
    assert notes.said[-1] == f"cancelled at the venue: bk{failures + 2}"


def test_it_is_given_up_after_so_many_failures(tmp_path: Path, notes: Notes, pauses: Pauses) -> None:
    script = Script(tmp_path / "attempts", 99)
    assert not Cancelling(script, {}, notes).finish()
    assert script.attempts == len(PAUSES_SECONDS) + 1
    assert "cancelling at the venue failed: ConnectionRefusedError: [Errno 111] Connection refused" in notes.said[-1]


def test_options_come_to_the_canceller_as_they_are(notes: Notes, pauses: Pauses) -> None:
    Cancelling(lambda options: [json.dumps(dict(options))], {"url": "http://x", "n": 1}, notes).finish()
    assert notes.said[0] == 'cancelled at the venue: {"url": "http://x", "n": 1}'


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("tests.acceptance.canceller:nothing", "AttributeError"),
        ("tests.acceptance.nowhere:cancel_everything", "ModuleNotFoundError"),
        ("tests.acceptance.canceller", "AttributeError|ValueError"),
        ("", "ValueError"),
        ("os:sep", "is no function"),
    ],
)
def test_a_canceller_that_cannot_be_had_is_refused_in_words(reference: str, why: str) -> None:
    with pytest.raises(LookupError, match=why):
        load_canceller(reference)


def test_a_canceller_is_had_by_its_name() -> None:
    assert load_canceller("tests.acceptance.canceller:cancel_everything").__name__ == "cancel_everything"


# What is done in an emergency.


class WardInMemory(Ward):
    """Keeps what is done to it, beside what stands on the flag then."""

    def __init__(self, flag: HaltFlag) -> None:
        super().__init__(4711, -1)
        self.done: list[tuple[str, bool]] = []
        self.undying = False
        self._flag = flag

    def is_gone(self, wait_seconds: float = 0.0) -> bool:
        return not self.undying

    def _signal(self, number: signal.Signals) -> None:
        self.done.append((number.name, HaltFlag(self._flag.path).look() is not None))


class Emergency:
    """A daemon that hangs, with a flag, and a venue that fails so often."""

    def __init__(self, folder: Path, notes: Notes, *, failures: int = 0) -> None:
        self.flag = HaltFlag(folder / "halt")
        if folder.exists():
            self.flag.prepare()
        self.ward = WardInMemory(self.flag)
        self.script = Script(folder.parent / "attempts", failures)
        self.notes = notes

    def meet(self) -> tuple[bool, bool]:
        return end_and_cancel(
            "it hangs",
            ward=self.ward,
            flag=self.flag,
            begin_cancelling=lambda: Cancelling(self.script, {}, self.notes),
            cancel_plainly=lambda: self.script({}),
            notes=self.notes,
        )


def test_it_is_frozen_before_anything_and_killed_when_the_flag_stands(
    tmp_path: Path, notes: Notes, pauses: Pauses
) -> None:
    emergency = Emergency(tmp_path, notes)
    assert emergency.meet() == (True, True)
    assert emergency.ward.done == [("SIGSTOP", False), ("SIGKILL", True)]
    halt = emergency.flag.look()
    assert halt is not None
    assert (halt.reason, halt.cancel_orders) == ("it hangs", True)


def test_a_disk_that_refuses_and_a_daemon_that_will_not_die_keep_nobody_from_cancelling(
    tmp_path: Path, notes: Notes, pauses: Pauses
) -> None:
    emergency = Emergency(tmp_path / "nowhere", notes, failures=1)
    emergency.ward.undying = True
    assert (emergency.meet(), emergency.script.attempts) == ((False, True), 3)
    told = "\n".join(notes.said)
    assert "the halt flag may not be set: DiskError: cannot set the halt flag" in told
    assert "process 4711 cannot be ended" in told


def test_a_disk_that_gives_no_answer_keeps_nobody_from_cancelling(
    tmp_path: Path, notes: Notes, pauses: Pauses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.killswitch.emergency.DISK_SECONDS", 10.0)  # not to be left behind by the test for long
    emergency = Emergency(tmp_path, notes)
    monkeypatch.setattr(os, "fdatasync", lambda _: signal.pause())
    assert emergency.meet() == (True, True)
    assert "the halt flag may not be set: the disk gives no answer" in notes.said
    assert emergency.flag.is_set, "what can be seen of it is seen at once"


STEPS = (
    "daemon.killswitch.emergency.set_apart",
    "daemon.killswitch.cancelling.Errand.wait",
    "daemon.killswitch.cancelling.Errand.__init__",
    "daemon.killswitch.ward.Ward.freeze",
    "daemon.killswitch.cancelling.Cancelling.wait_for_first",
    "daemon.killswitch.cancelling.Cancelling.finish",
    "os.read",
    "os.waitpid",
    "os.pipe",
    "os.fork",
)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("error", [OSError, RuntimeError, MemoryError])
def test_whatever_raises_on_the_way_it_is_killed_and_cancelled_for(
    tmp_path: Path, notes: Notes, pauses: Pauses, monkeypatch: pytest.MonkeyPatch, step: str, error: type[Exception]
) -> None:
    emergency = Emergency(tmp_path, notes)

    def raises(*_: object, **__: object) -> None:
        raise error("of all things")

    monkeypatch.setattr(step, raises)
    ended, _ = emergency.meet()
    assert (ended, emergency.ward.done[-1][0]) == (True, "SIGKILL")
    assert emergency.script.attempts >= 1


def test_a_cancel_that_fails_to_the_last_is_told(
    tmp_path: Path, notes: Notes, pauses: Pauses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.killswitch.emergency.set_apart", none_left)
    assert Emergency(tmp_path, notes, failures=99).meet() == (True, False)
    assert "cancel there by hand" in notes.said[-1]


# Its notes.


def test_notes_that_cannot_be_written_are_lost_and_nothing_else(monkeypatch: pytest.MonkeyPatch, notes: Notes) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    notes.say("error", "first")
    notes.write()
    assert notes.said == ["first"]


def test_notes_are_written_once(capfd: pytest.CaptureFixture[str], notes: Notes) -> None:
    notes.say("warning", "first")
    write = notes.handed_over()
    notes.say("error", "second")
    notes.write()
    notes.write()
    write()
    written = [json.loads(text) for text in capfd.readouterr().err.splitlines()]
    assert [(one["level"], one["message"]) for one in written] == [("error", "second"), ("warning", "first")]
    assert {(one["ts"], one["logger"]) for one in written} == {("2026-01-05T14:30:00Z", "daemon.killswitch.watchman")}


# Its words.


@given(events=st.integers(0, 2**64 - 1), sequence=st.integers(0, 2**64 - 1), halted=st.booleans())
def test_a_beat_comes_as_it_was_sent(events: int, sequence: int, halted: bool) -> None:
    beat = Beat(events, sequence, halted)
    assert to_beat(beat_packet(beat)) == beat


@pytest.mark.parametrize("packet", [b"", GOODBYE, READY, b"b", b"b" * 18 + b"xx", b"w{}"])
def test_what_is_no_beat_is_none(packet: bytes) -> None:
    assert to_beat(packet) is None


def test_what_to_watch_comes_as_it_was_sent() -> None:
    watching = Watching("a.b:c", {"url": "http://x", "seconds": 1.5, "many": [1, None, True]}, "cancel", 2.5)
    watch = Watch(4711, "/state/halt", "/state/watchman.sock", watching)
    assert to_watch(watch_packet(watch)) == watch


@pytest.mark.parametrize(
    ("packet", "why"), [(b"", "first word"), (b"b", "first word"), (b"x{}", "first word"), (b"w{", "Expecting")]
)
def test_a_first_word_that_is_none_is_refused(packet: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        to_watch(packet)


# Its front.


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    with Front.open(tmp_path / "s") as front:
        yield front


def called(tmp_path: Path, text: bytes) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.connect(str(tmp_path / "s"))
    client.sendall(text)
    client.settimeout(PATIENCE_SECONDS)
    return client


def test_who_asks_is_heard_and_answered(front: Front, tmp_path: Path) -> None:
    with called(tmp_path, line(reason="too\nhot", cancel_orders=True)) as client:
        (asked,) = front.asked()
        assert (asked.reason, asked.cancel_orders) == ("too hot", True)
        asked.answer(["first", "second"], done=False)
        lines = [from_line(text) for text in client.makefile("rb")]
    assert lines == [{"said": "first"}, {"said": "second"}, {"done": False}]
    assert list(front.asked()) == []


@pytest.mark.parametrize("text", [b"\n", b"no json\n", b"[1]\n", b'{"reason": "x"}\n', b"{" * 9_000])
def test_who_makes_no_sense_is_told_and_holds_nobody_up(front: Front, tmp_path: Path, text: bytes) -> None:
    with called(tmp_path, text) as client:
        assert list(front.asked()) == []
        assert b"not understood" in client.recv(1_000)


def test_who_says_nothing_is_sent_away(front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.killswitch.front.CLIENT_SECONDS", 0.01)
    with called(tmp_path, b"") as client:
        assert list(front.asked()) == []
        assert b"timed out" in client.recv(1_000)


def test_who_has_gone_again_matters_to_nobody(front: Front, tmp_path: Path) -> None:
    called(tmp_path, line(reason="x", cancel_orders=False)).close()
    (asked,) = front.asked()
    asked.answer(["said"] * 10_000, done=True)


def test_nobody_who_watches_is_an_answer_too(tmp_path: Path) -> None:
    with pytest.raises(NotRunning):
        ask_watchman(tmp_path / "s", "x", cancel_orders=False)
    with Front.open(tmp_path / "s"), pytest.raises(Unreachable, match="timed out"):
        ask_watchman(tmp_path / "s", "x", cancel_orders=False, timeout_seconds=0.01)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b'{"said": "killed"}\n{"done": true}\n', Answer(["killed"], is_done=True)),
        (b'{"done": false}\n', Answer([], is_done=False)),
        (b"", "ended meanwhile"),
        (b'{"said": "killed"}\n', "ended meanwhile"),
        (b'{"problem": "not understood"}\n', "not understood"),
        (b"what?\n", "does not answer"),
    ],
)
def test_an_answer_is_whole_or_none(tmp_path: Path, answer: bytes, told: Answer | str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        child = os.fork()
        if child == 0:
            connection, _ = listener.accept()
            connection.recv(1_000)
            connection.sendall(answer)
            os._exit(0)
        try:
            if isinstance(told, Answer):
                assert ask_watchman(tmp_path / "s", "x", cancel_orders=False) == told
            else:
                with pytest.raises(Unreachable, match=told):
                    ask_watchman(tmp_path / "s", "x", cancel_orders=False)
        finally:
            os.waitpid(child, 0)
