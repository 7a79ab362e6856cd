"""Whatever is wrong, it is told in words, with an exit code; nothing has started, nothing changes, nothing is lost."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.daemons import FLEET, Daemon, tmpfs
from tests.patience import PATIENCE_SECONDS
from tests.simulation.world import PureRun, fills_of, steps_of

WRONG = """
mode: papr
account: {{currency: USD, cash: "10000"}}
feed: {{kind: synthetic, sed: 7, symbols: {{AAA: {{price: "100.00"}}}}}}
instruments: {{AAA: {{kind: equity, tick_size: "0.01", lot_size: "1"}}}}
strategies:
  - {{id: twice, class: "strategies.sma_cross:SmaCros", params: {{symbol: AAA}}, capital: "8000"}}
  - {{id: twice, class: "strategies.sma_cross:SmaCross", params: {{symbol: AAA, fst: 3}}, capital: "8000"}}
  - {{id: unknown, class: "strategies.sma_cross:SmaCross", params: {{symbol: AAB}}, capital: "1"}}
  - {{id: absent, class: "needs.py:Needs", params: {{}}, capital: "1"}}
  - {{id: process, class: "strategies.sma_cross:SmaCross", params: {{symbol: AAA}}, capital: "1", isolation: thread}}
"""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path / "d")
    yield daemon
    if daemon.process is not None:
        daemon.end(signal.SIGKILL)


def refused(daemon: Daemon, code: int = 1) -> str:
    """What a start says that must not come to anything."""
    daemon.log.unlink(missing_ok=True)
    assert daemon.run(feed__duration="10m") == code, daemon.log.read_text()
    said = daemon.log.read_text()
    print(said)
    assert "Traceback" not in said
    return said


def test_everything_that_is_wrong_with_a_config_is_told_at_once(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path / "d", WRONG)
    (daemon.folder / "needs.py").write_text("import pyarrow_that_is_absent\n")
    said = refused(daemon)
    for words in (
        "config.yaml:2: mode",
        "feed.sed",
        "seed",
        "SmaCros",
        "twice",
        "capital",
        "fst",
        "AAB",
        "pyarrow_that_is_absent",
        "install it with",
        "isolation",
    ):
        assert words in said, words
    assert not daemon.state.exists()
    checked = daemon.cli("check", "-c", str(daemon.config))
    assert (checked.returncode, checked.stdout) == (1, "")
    assert checked.stderr.splitlines() == said.splitlines()


def test_a_second_daemon_on_the_same_state(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start(feed__speed="60")
    daemon.until_ready()
    assert daemon.process is not None
    second = Daemon(tmp_path / "second")
    second.state = daemon.state
    said = refused(second)
    assert f"another daemon (process {daemon.process.pid}) works on the state in {daemon.state}" in said
    assert "give this one another `state`" in said
    assert daemon.client.get("/v1/status")["ready"] is True


def test_a_socket_path_too_long(daemon: Daemon) -> None:
    daemon.state = daemon.folder / ("x" * 100)
    said = refused(daemon)
    assert "a Unix socket's may have 107" in said
    assert not daemon.state.exists()


def test_a_state_that_may_not_be_written(daemon: Daemon) -> None:
    """As root without the right to pass by permissions, which is how a container's root is often run."""
    assert shutil.which("setpriv"), "setpriv is missing; it is part of Debian's util-linux"
    parent = daemon.folder / "closed"
    parent.mkdir(mode=0o500)
    daemon.state = parent / "state"
    weak = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"]
    finished = subprocess.run(
        [*weak, *daemon.command("run", "-c", str(daemon.config))],
        env=daemon.environ(),
        cwd=daemon.folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    print(finished.stderr)
    assert finished.returncode == 1
    assert f"cannot make the directory {daemon.state}: permission is denied" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert list(parent.iterdir()) == []


def test_a_read_only_file_system(daemon: Daemon) -> None:
    with tmpfs(daemon.folder / "mounted", "size=1m,ro") as mounted:
        daemon.state = mounted / "state"
        said = refused(daemon)
    assert "the file system is read-only" in said
    assert "mount it writable, or move `state` elsewhere" in said


def test_a_file_system_too_small_to_start_on(daemon: Daemon) -> None:
    with tmpfs(daemon.folder / "mounted", "size=256k") as mounted:
        daemon.state = mounted / "state"
        said = refused(daemon)
        assert "the disk is full" in said
        assert "free some space" in said
        assert not (daemon.state / "bulkhead.sock").exists()


def test_a_file_system_that_fills_up_while_it_trades(daemon: Daemon) -> None:
    """It stops before it sends what it could not write down, and goes on once there is room."""
    daemon.config.write_text(daemon.config.read_text().replace("1048576", "65536"))
    with tmpfs(daemon.folder / "mounted", "size=1m") as mounted:
        daemon.state = mounted / "state"
        assert daemon.run() == 1
        said = daemon.log.read_text()
        print(said[-600:])
        assert "full" in said.splitlines()[-2]
        assert "Traceback" not in said
        assert daemon.cli("journal", "verify").returncode == 0
        stopped = len(fills_of(steps_of(daemon.groups())))
        assert stopped > 10
        roomy = daemon.folder / "roomy"
        shutil.copytree(daemon.state, roomy)
    daemon.state = roomy
    assert daemon.run() == 0
    pure = PureRun(daemon.plan())
    assert stopped < len(pure.fills)
    assert fills_of(steps_of(daemon.groups())) == pure.fills


def test_a_disk_that_others_have_filled_costs_the_tables_alone_and_is_told(daemon: Daemon) -> None:
    """The journal has its space in advance; the tables that questions are answered from have none left to grow. It
    trades on without them, and makes them anew once there is room."""
    daemon.config.write_text(daemon.config.read_text().replace("1048576", "4194304"))
    with tmpfs(daemon.folder / "mounted", "size=6m") as mounted:
        daemon.state = mounted / "state"
        daemon.start(feed__speed="900", feed__duration="30m", feed__at_end="idle")
        daemon.until_ready()
        subprocess.run(["dd", "if=/dev/zero", f"of={mounted}/others", "bs=4k"], capture_output=True, check=False)
        daemon.until(lambda: daemon.raw("/v1/fills?limit=1")[0] == 500)
        assert "database or disk is full" in daemon.raw("/v1/fills?limit=1")[1]
        daemon.until_at_end()
        assert any("cannot be shown" in alarm for alarm in daemon.client.get("/v1/status")["alarms"])
        (mounted / "others").unlink()
        told = daemon.client.get("/v1/fills", limit=10_000)
        assert daemon.end()[0] == 0
        said = daemon.log.read_text()
        print(said[-600:])
        assert "projection.sqlite cannot be kept up with the journal: database or disk is full" in said
        assert "Traceback" not in said
        assert len(told) == len(fills_of(steps_of(daemon.groups())))
        assert daemon.cli("journal", "verify").returncode == 0


@pytest.mark.parametrize("where", [0.02, 0.5, 0.9])
def test_a_damaged_journal(daemon: Daemon, where: float) -> None:
    assert daemon.run(feed__duration="1h") == 0
    path = sorted((daemon.state / "journal").iterdir())[-1]
    content = bytearray(path.read_bytes())
    place = int(len(content.rstrip(b"\0")) * where)
    content[place] ^= 0x10
    path.write_bytes(content)
    before = daemon.files()
    said = refused_again(daemon)
    assert f"{path} is damaged at byte" in said
    assert "bulkhead reset --paper" in said
    assert daemon.files() == before
    verified = daemon.cli("journal", "verify")
    assert verified.returncode == 1
    assert "is damaged at byte" in verified.stderr


def test_a_journal_that_is_gone_is_no_new_beginning(daemon: Daemon) -> None:
    assert daemon.run(feed__duration="1h") == 0
    shutil.rmtree(daemon.state / "journal")
    said = refused_again(daemon)
    assert "is gone, and this state has traded" in said
    assert "bulkhead reset --paper" in said
    assert not (daemon.state / "journal").exists()


def refused_again(daemon: Daemon) -> str:
    daemon.log.unlink()
    assert daemon.run(feed__duration="1h") == 1, daemon.log.read_text()
    said = daemon.log.read_text()
    print(said)
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('cash: "100000"', 'cash: "200000"', "account.cash was 100000 and would be 200000"),
        ('capital: "15000"', 'capital: "14000"', "hold: capital was 15000 and would be 14000"),
        ("currency: USD", "currency: EUR", "account.currency was USD and would be EUR"),
        ("volatility_ticks: 3", "volatility_ticks: 4", "the feed is not the one that this state was traded on"),
        ("- id: hold", "- id: held", "hold would be removed and holds AAA"),
    ],
)
def test_a_config_that_a_restart_cannot_follow(tmp_path: Path, old: str, new: str, words: str) -> None:
    daemon = Daemon(tmp_path / "d")
    assert daemon.run(feed__duration="10m") == 0
    before = daemon.files()
    text = daemon.config.read_text()
    assert old in text
    daemon.config.write_text(text.replace(old, new))
    said = refused(daemon)
    assert words in said
    assert "put it back, or begin anew with `bulkhead reset --paper`" in said
    assert daemon.files() == before
    daemon.config.write_text(text)
    assert daemon.run(feed__duration="10m") == 0


def test_an_unknown_strategy_file_never_costs_the_state(daemon: Daemon) -> None:
    assert daemon.run(feed__duration="10m") == 0
    before = daemon.files()
    (daemon.folder / "desperado.py").unlink()
    said = refused(daemon)
    assert "no file" in said
    assert daemon.files() == before


def test_the_fleet_of_these_tests_has_nothing_wrong(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path / "d", FLEET)
    assert daemon.cli("check", "-c", str(daemon.config)).returncode == 0
