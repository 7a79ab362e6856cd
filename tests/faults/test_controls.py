"""Group J: paper that is paper, looks that change nothing, and words that no build misunderstands."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from daemon.check import check
from daemon.errors import JournalDamaged
from daemon.journal.frames import encode
from daemon.journal.reader import JournalReader
from tests.config_builders import described, edited, in_feed, in_strategy, problems_of, top
from tests.faults.fleet import PACED, SHORT, a_plan, pure
from tests.simulation.disk import SimulatedDisk
from tests.simulation.journal import DIRECTORY, Life, opened
from tests.simulation.processes import SimulatedProcesses
from tests.simulation.test_supervisor import Machine
from tests.simulation.world import steps_of
from trading.timestamps import SECOND

ROOT = Path(__file__).resolve().parents[2]

LIVE_KEY = "a-live-key-that-nobody-may-use"
KEYS = dict.fromkeys(("BINANCE_API_KEY", "BINANCE_API_SECRET", "APCA_API_KEY_ID", "BULKHEAD_LIVE_KEY"), LIVE_KEY)

PROGRAM = """
import sys
reached = []
def look(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"):
        if arguments[0].family.name != "AF_UNIX":
            reached.append((event, str(arguments[1:])))
    elif event.startswith(("socket.getaddrinfo", "socket.gethostby", "urllib.", "http.client.connect", "ssl.")):
        reached.append((event, str(arguments)))
sys.addaudithook(look)
from pathlib import Path
from daemon.run import main
code = main(Path(sys.argv[1]))
print(reached)
sys.exit(code)
"""
"""The daemon, with every attempt to reach another machine noted."""


# F102: paper with live keys in its reach.


def test_on_paper_nothing_leaves_the_machine_though_live_keys_are_there(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(SHORT)
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, str(tmp_path / "config.yaml")],
        env={**KEYS, "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
    assert "ready: paper" in done.stderr
    traded = list(JournalReader(disk_of(tmp_path / "state" / "journal"), DIRECTORY).entries())
    assert len(traded) > 100
    state = b"".join(file.read_bytes() for file in (tmp_path / "state").rglob("*") if file.is_file())
    assert LIVE_KEY.encode() not in state + done.stderr.encode()


def disk_of(folder: Path) -> SimulatedDisk:
    """A journal as it lies in a folder, where its reader looks for it."""
    disk = SimulatedDisk()
    disk.make_directory(DIRECTORY)
    for file in folder.iterdir():
        made = disk.create(DIRECTORY / file.name, 0)
        made.write_at(file.read_bytes(), 0)
    return disk


@pytest.mark.parametrize("broker", ["simulated", "passthrough"])
def test_live_is_refused_with_a_broker_that_reaches_no_venue(tmp_path: Path, broker: str) -> None:
    text = edited("mode: paper", "mode: live").replace("{kind: simulated}", f"{{kind: {broker}}}")
    assert any("mode" in problem for problem in problems_of(tmp_path, text))


# F103: a look at what would be.


async def test_a_check_while_it_trades_touches_nothing_of_the_state(tmp_path: Path) -> None:
    """The dry run of a config, of the same and of another, before, while and after it is traded on."""
    machine = Machine(a_plan(tmp_path, PACED))

    def look() -> None:
        before = contents(machine.plan.state)
        for text in (PACED, PACED.replace("fast: 2", "fast: 3")):
            path = tmp_path / "another.yaml"
            path.write_text(text)
            plan = check(
                path, {"BULKHEAD_STATE": str(machine.plan.state)}, SimulatedProcesses({"daemon.describe": described})
            )
            assert plan.settings.mode == "paper"
        assert contents(machine.plan.state) == before

    look()
    async with machine.running():
        await machine.clock.advance(95 * SECOND)
        account = await machine.ask("get", "/v1/account")
        await asyncio.to_thread(look)
        assert await machine.ask("get", "/v1/account") == account
    look()
    again = Machine(a_plan(tmp_path))
    again.clock = machine.clock
    await again.run()
    assert steps_of(again.groups()) == pure().steps


def contents(state: Path) -> dict[str, bytes]:
    """Every file of a state; the tables' own bookkeeping is left out, as they are written when they like."""
    return {
        str(file): file.read_bytes()
        for file in sorted(state.rglob("*"))
        if file.is_file() and not file.name.startswith("projection.sqlite")
    }


async def test_a_daemon_on_paper_says_so_wherever_it_is_asked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine(a_plan(tmp_path, PACED))
    with caplog.at_level("INFO"):
        async with machine.running():
            status = await machine.ask("get", "/v1/status")
    assert (status["mode"], "simulated" in status["broker"].lower()) == ("paper", True)
    assert next(line for line in caplog.messages if line.startswith("ready: ")).startswith("ready: paper, ")
    assert not [line for line in caplog.messages if "live" in line.lower()]


# F105: a word that another build understands otherwise.


@pytest.mark.parametrize(
    ("flag", "text"),
    [
        ("power_peg", top("power_peg: true")),
        ("feed.dry_run", in_feed("dry_run: true")),
        ("strategies[0].paper", in_strategy("paper: true")),
    ],
)
def test_a_flag_that_this_build_does_not_know_is_an_error_and_never_passed_over(
    tmp_path: Path, flag: str, text: str
) -> None:
    assert [f"{flag}: unknown key" in problem for problem in problems_of(tmp_path, text)] == [True]


def test_a_record_of_another_build_is_not_taken_for_one_that_is_known() -> None:
    """A kind of record, and a field of one, that only another build has."""
    for payload in (
        {"type": "power_peg", "epoch": 1},
        {"type": "wire_submit", "cid": "x"},
        {**msgspec.to_builtins(opened(9)), "type": "opened", "epoch": "nine"},
    ):
        disk = SimulatedDisk()
        life = Life(disk)
        life.write(opened(9))
        life.close()
        reader = JournalReader(disk, DIRECTORY)
        tail = reader.tail
        assert tail.segment is not None
        file = disk.open(tail.segment.path)
        frame = encode(tail.sequence + 1, tail.sequence, tail.seal, msgspec.msgpack.encode(payload))
        file.write_at(frame, tail.offset)
        with pytest.raises(JournalDamaged, match="this build cannot read what the record says"):
            list(JournalReader(disk, DIRECTORY).entries())
