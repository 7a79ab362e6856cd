"""`bulkhead halt` and `resume`, whatever of daemon, watching process and disk gives no answer."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec import structs

from daemon.api.views import OrderView, StatusView
from daemon.cli import main
from daemon.errors import DiskError
from daemon.killswitch.flag import HaltFlag
from daemon.killswitch.wire import from_line, line
from daemon.state import HALT_NAME, SOCKET_NAME, WATCHMAN_SOCKET_NAME
from tests.simulation.operations import STARTED_NS, OperationsInMemory
from tests.simulation.serving import served
from trading.orders import OrderChange
from trading.timestamps import SECOND, iso

Bulkhead = Callable[..., Result]

HALTED = "halted: no order leaves until `bulkhead resume`"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    HaltFlag(folder / HALT_NAME).prepare()
    return folder


@pytest.fixture
def bulkhead(state: Path, monkeypatch: pytest.MonkeyPatch) -> Bulkhead:
    monkeypatch.chdir(state.parent)
    monkeypatch.setenv("BULKHEAD_STATE", str(state))
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words])


def says(state: Path) -> tuple[str, bool] | None:
    halt = HaltFlag(state / HALT_NAME).look()
    return None if halt is None else (halt.reason, halt.cancel_orders)


@pytest.fixture
def hung(state: Path) -> Iterator[None]:
    """A daemon that takes connections and answers none."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(state / SOCKET_NAME))
        listener.listen()
        yield


@contextmanager
def watched(state: Path, *answers: dict[str, object]) -> Iterator[list[dict[str, object]]]:
    """A watching process that gives these answers to the first who asks; what it was asked."""
    asked: list[dict[str, object]] = []

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            asked.append(from_line(connection.recv(10_000)))
            connection.sendall(b"".join(line(**one) for one in answers))

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(state / WATCHMAN_SOCKET_NAME))
        listener.listen()
        thread = threading.Thread(target=answer)
        thread.start()
        yield asked
        thread.join()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "asked on the command line"),
        (("too hot",), "too hot"),
        (("fat", "finger"), "fat finger"),
        (("fat", "finger", "--timeout", "2", "on", "AAA"), "fat finger on AAA"),
        (("--reason", "too hot"), "too hot"),
        (("too hot", "--reason", "colder"), "too hot"),
    ],
)
def test_a_daemon_that_answers_is_told_and_nothing_more_is_said(
    bulkhead: Bulkhead, state: Path, words: tuple[str, ...], reason: str
) -> None:
    operations = OperationsInMemory()
    with served(operations, state / SOCKET_NAME):
        told = bulkhead("halt", *words)
    assert (told.exit_code, told.stdout, told.stderr) == (0, "", f"{HALTED}\n")
    assert (operations.halt_reason, says(state)) == (reason, (reason, False))


class VenueThatIsDown(OperationsInMemory):
    """It is halted at the time of its last order. Cancels are on their way; `confirms_at` says at which look they are
    through, if ever."""

    confirms_at = 0
    looks = 0
    halted_at = iso(STARTED_NS)

    def status(self) -> StatusView:
        shown = super().status()
        return structs.replace(shown, feed=structs.replace(shown.feed, time=self.halted_at))

    async def halt(self, reason: str, *, cancel_orders: bool) -> StatusView:
        for order in self.all_orders if cancel_orders else ():
            order.change(OrderChange.REQUEST_CANCEL, STARTED_NS)
            self.halted_at = OrderView.of(order).created_at
        return await super().halt(reason, cancel_orders=False)

    async def orders(
        self, *, strategy_id: str | None = None, open_only: bool = False, limit: int = 100
    ) -> list[OrderView]:
        self.looks += 1
        if self.looks == self.confirms_at:
            for order in self.all_orders:
                order.change(OrderChange.CANCEL, STARTED_NS)
            self.buy("maker", 1, "99.5", fill=False)
        return await super().orders(strategy_id=strategy_id, open_only=open_only, limit=limit)


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, which took no time."""
    naps: list[float] = []
    monkeypatch.setattr("daemon.killswitch.halting.sleep", naps.append)
    monkeypatch.setattr("daemon.clock.SystemClock.monotonic_ns", lambda _: int(sum(naps) * SECOND))
    return naps


def test_what_still_works_after_a_halt_that_cancels_is_named_with_exit_code_1(
    bulkhead: Bulkhead, state: Path, naps: list[float]
) -> None:
    operations = VenueThatIsDown()
    for _ in range(12):
        operations.buy("maker", 1, "99.5", fill=False)
    with served(operations, state / SOCKET_NAME):
        told = bulkhead("halt", "too hot", "--cancel-orders")
    first, error, mend = told.stderr.splitlines()
    assert (told.exit_code, told.stdout, first, operations.halt_reason) == (1, "", HALTED, "too hot")
    assert error.startswith("Error: halted, but 12 orders still work: maker-1 (pending cancel), maker-2 ")
    assert error.endswith("maker-10 (pending cancel) and 2 more")
    assert mend.startswith("look at the venue, and at `bulkhead orders --open`")
    assert 3 <= sum(naps) < 3.2


def test_cancels_are_waited_for_and_what_comes_after_the_halt_is_not(
    bulkhead: Bulkhead, state: Path, naps: list[float]
) -> None:
    operations = VenueThatIsDown()
    operations.confirms_at = 3
    operations.buy("maker", 1, "99.5", fill=False)
    with served(operations, state / SOCKET_NAME):
        told = bulkhead("halt", "--cancel-orders")
    assert (told.exit_code, told.stderr, naps) == (0, f"{HALTED}\n", [0.1, 0.1])


def test_a_daemon_that_cannot_be_asked_for_its_orders_is_exit_code_1(
    bulkhead: Bulkhead, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def raises(*_: object, **__: object) -> None:
        raise RuntimeError("of all things")

    monkeypatch.setattr(OperationsInMemory, "orders", raises)
    with served(OperationsInMemory(), state / SOCKET_NAME):
        told = bulkhead("halt", "--cancel-orders")
    assert (told.exit_code, told.stderr.splitlines()[0]) == (1, HALTED)
    assert "Error: halted, but whether its orders are cancelled is not known: " in told.stderr


@pytest.mark.usefixtures("hung")
def test_a_daemon_that_hangs_unwatched_is_exit_code_69_and_the_flag_is_set(bulkhead: Bulkhead, state: Path) -> None:
    told = bulkhead("halt", "too hot", "--cancel-orders", "--timeout", "0.1")
    assert (told.exit_code, says(state)) == (69, ("too hot", True))
    first, error, mend = told.stderr.splitlines()
    assert first == "the halt flag is set"
    assert error.startswith(f"Error: the daemon at {state / SOCKET_NAME} does not answer: no answer within 0.1 s")
    assert error.endswith("nobody watches the daemon. It halts as soon as it looks at the flag")
    assert "it starts halted" in mend


@pytest.mark.usefixtures("hung")
def test_the_watching_process_is_asked_about_a_daemon_that_hangs(bulkhead: Bulkhead, state: Path) -> None:
    with watched(state, {"said": "killed it"}, {"said": "cancelled: bk1"}, {"done": True}) as asked:
        told = bulkhead("halt", "too hot", "--cancel-orders", "--timeout", "0.1")
    assert asked == [{"reason": "too hot", "cancel_orders": True}]
    assert told.exit_code == 0
    assert told.stderr.splitlines()[2:] == ["killed it", "cancelled: bk1", HALTED]


@pytest.mark.usefixtures("hung")
def test_what_the_watching_process_could_not_do_is_exit_code_1(bulkhead: Bulkhead, state: Path) -> None:
    with watched(state, {"said": "given up"}, {"done": False}):
        told = bulkhead("halt", "--timeout", "0.1")
    assert (told.exit_code, "given up" in told.stderr) == (1, True)
    assert f"Error: halted, but not all is done\nlook at the venue, and at {state}" in told.stderr


@pytest.mark.usefixtures("hung")
def test_a_watching_process_that_ends_meanwhile_is_exit_code_69(bulkhead: Bulkhead, state: Path) -> None:
    with watched(state, {"said": "killed it"}):
        told = bulkhead("halt", "--timeout", "0.1")
    assert (told.exit_code, "it ended meanwhile" in told.stderr) == (69, True)


def test_a_daemon_that_fails_to_halt_is_one_that_does_not_answer(
    bulkhead: Bulkhead, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def raises(*_: object, **__: object) -> None:
        raise RuntimeError("of all things")

    monkeypatch.setattr(OperationsInMemory, "halt", raises)
    with served(OperationsInMemory(), state / SOCKET_NAME), watched(state, {"said": "killed it"}, {"done": True}):
        told = bulkhead("halt")
    assert (told.exit_code, told.stderr.splitlines()[-1]) == (0, HALTED)


def test_where_no_daemon_runs_the_next_one_is_halted(bulkhead: Bulkhead, state: Path) -> None:
    told = bulkhead("halt", "--cancel-orders")
    assert (told.exit_code, says(state)) == (3, ("asked on the command line", True))
    assert "One that starts here is halted, and does then what was asked" in told.stderr


def test_where_no_daemon_ever_ran_nothing_is_made(bulkhead: Bulkhead, state: Path, tmp_path: Path) -> None:
    told = bulkhead("halt", "--socket", tmp_path / "typo" / SOCKET_NAME)
    assert (told.exit_code, (tmp_path / "typo").exists(), says(state)) == (3, False, None)
    assert f"nothing is halted: there is no state {tmp_path / 'typo'}" in told.stderr


def test_a_state_from_before_the_flag_gets_one(bulkhead: Bulkhead, state: Path) -> None:
    (state / HALT_NAME).unlink()
    assert bulkhead("halt").exit_code == 3
    assert says(state) == ("asked on the command line", False)


# The disk.


def cannot(*_: object, **__: object) -> None:
    raise DiskError("cannot set the halt flag: the file system is read-only", errno=30, mend="mount it writable")


def test_a_flag_that_cannot_be_set_keeps_nobody_from_asking(
    bulkhead: Bulkhead, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HaltFlag, "set", cannot)
    operations = OperationsInMemory()
    with served(operations, state / SOCKET_NAME):
        told = bulkhead("halt", "too hot")
    assert (told.exit_code, operations.halt_reason) == (0, "too hot")
    note = "cannot set the halt flag: the file system is read-only; the halt is in the journal all the same"
    assert told.stderr.splitlines() == [note, HALTED]


@pytest.mark.usefixtures("hung")
def test_where_nothing_can_be_done_it_is_said_aloud(
    bulkhead: Bulkhead, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HaltFlag, "set", cannot)
    told = bulkhead("halt", "--timeout", "0.1")
    assert (told.exit_code, told.stderr.startswith("Error: NOT halted: cannot set the halt flag")) == (69, True)
    with watched(state, {"said": "killed it"}, {"done": True}):
        assert bulkhead("halt", "--timeout", "0.1").exit_code == 0


def test_no_daemon_and_no_flag_is_exit_code_1(bulkhead: Bulkhead, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HaltFlag, "set", cannot)
    told = bulkhead("halt")
    assert (told.exit_code, "read-only" in told.stderr, "mount it writable" in told.stderr) == (1, True, True)


def test_a_disk_that_hangs_is_not_waited_for(bulkhead: Bulkhead, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    monkeypatch.setattr("daemon.killswitch.halting.DISK_SECONDS", 0.01)
    monkeypatch.setattr(HaltFlag, "set", lambda *_, **__: answers.wait(10) and None)
    operations = OperationsInMemory()
    with served(operations, state / SOCKET_NAME):
        told = bulkhead("halt", "too hot")
    answers.set()
    assert (told.exit_code, operations.halt_reason) == (0, "too hot")
    assert "the disk gives no answer; the halt is in the journal all the same" in told.stderr


# Resuming.


def test_a_resume_is_the_daemons_alone(bulkhead: Bulkhead, state: Path) -> None:
    HaltFlag(state / HALT_NAME).set("drill")
    told = bulkhead("resume")
    assert (told.exit_code, says(state)) == (3, ("drill", False))
    assert "what starts here is halted" in told.stderr
    assert "start it by `bulkhead run`, and then resume" in told.stderr


def test_a_resume_of_what_is_not_halted_says_only_that_nothing_runs(bulkhead: Bulkhead) -> None:
    told = bulkhead("resume")
    assert (told.exit_code, "halted" in told.stderr) == (3, False)


def test_a_resume_that_leaves_the_flag_set_is_exit_code_1(bulkhead: Bulkhead, state: Path) -> None:
    HaltFlag(state / HALT_NAME).set("drill")
    with served(OperationsInMemory(), state / SOCKET_NAME):
        told = bulkhead("resume")
    assert (told.exit_code, "it is halted again" in told.stderr) == (1, True)
