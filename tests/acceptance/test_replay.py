"""Journals that real daemons have written are repeated: after kills, while a daemon runs, of real data, and live."""

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.acceptance.daemons import FLEET, Daemon
from tests.acceptance.venues import a_churner, trading_at
from tests.patience import PATIENCE_SECONDS
from tests.simulation.world import fills_of, steps_of

STRATEGIES = ("sma", "maker", "rsi", "hold", "mine")
CHURNERS = (a_churner("one", "AAA"), a_churner("two", "BBB"), a_churner("three", "AAA", isolation="task"))


@pytest.fixture
def daemon(tmp_path: Path) -> Daemon:
    """One that trades five strategies, four of them in processes of their own."""
    return Daemon(tmp_path / "d", FLEET.replace("duration: 2h", "duration: 45m"))


def replayed(daemon: Daemon, *arguments: str) -> Any:
    """What a replay of its state comes to, where it is identical and nothing is to be warned of."""
    command = daemon.command("replay", str(daemon.state), "-c", str(daemon.config), "--json", "-", *arguments)
    environ, folder = daemon.environ(), daemon.folder
    finished = subprocess.run(command, env=environ, cwd=folder, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished
    outcome = json.loads(finished.stdout)
    rate = outcome["events"] / outcome["seconds"]
    print({name: outcome[name] for name in ("events", "steps", "orders", "fills")}, f"{rate:,.0f} events a second")
    assert (outcome["identical"], outcome["divergence"], outcome["warnings"]) == (True, None, [])
    return outcome


def test_a_run_that_was_killed_again_and_again_is_repeated_identical_also_while_it_runs(daemon: Daemon) -> None:
    random, seen = Random(5), []
    for number in range(4):
        daemon.start(feed__speed="20", feed__at_end="idle").until_ready()
        time.sleep(random.uniform(0.3, 1.2))
        seen.append(replayed(daemon)["steps"])
        daemon.end(signal.SIGTERM if number == 2 else signal.SIGKILL)
        before = daemon.files()
        assert replayed(daemon)["steps"] >= seen[-1]
        assert daemon.files() == before
    assert daemon.run(feed__speed="max") == 0
    outcome = replayed(daemon)
    fills = fills_of(steps_of(daemon.groups()))
    assert outcome["fills"] == len(fills) > 100
    assert seen == sorted(seen)
    alone = {name: replayed(daemon, "--container", name)["fills"] for name in STRATEGIES}
    assert alone == {name: sum(fill.strategy == name for fill in fills) for name in STRATEGIES}


def test_on_a_terminal_it_goes_on_at_enter_and_stops_at_the_end_of_input(daemon: Daemon) -> None:
    assert daemon.run() == 0
    command = daemon.command("replay", str(daemon.state), "--speed", "step")
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(daemon.folder)
        os.execve(command[0], command, daemon.environ())
    told = said(terminal, "event ")
    os.write(terminal, b"\n")
    told += said(terminal, "event ")
    os.write(terminal, b"\x04")
    told += said(terminal, "events a second")
    code = os.waitpid(pid, 0)[1]
    os.close(terminal)
    assert os.waitstatus_to_exitcode(code) == 130
    assert sum(line.startswith("event ") for line in told.splitlines()) == 2
    assert "identical: " in told


def said(terminal: int, until: str) -> str:
    """What comes on a terminal up to some words."""
    told = ""
    while until not in told:
        assert select.select([terminal], [], [], PATIENCE_SECONDS)[0], told
        told += os.read(terminal, 65536).decode()
    return told


@pytest.mark.parametrize(
    ("config", "data"), {"eurusd.yaml": "lean_fx", "spy.yaml": "lean_equity"}.items(), ids=["quotes", "minutes"]
)
def test_a_run_on_real_data_is_repeated_identical(config: str, data: str, shared: Path, tmp_path: Path) -> None:
    daemon = Daemon(tmp_path / "d", Path(__file__).with_name(config).read_text().replace("{", "{{").replace("}", "}}"))
    for file in (shared / "data" / data).glob("*.parquet"):
        shutil.copy(file, daemon.folder)
    assert daemon.run() == 0
    outcome = replayed(daemon)
    assert outcome["fills"] == len(fills_of(steps_of(daemon.groups()))) > 0
    assert replayed(daemon, "--container", "sma")["fills"] > 0
    (tape,) = (file for file in daemon.folder.glob("*.parquet") if file.name in daemon.config.read_text())
    with tape.open("ab") as changed:
        changed.write(b"one more")
    refused = daemon.cli("replay", str(daemon.state))
    assert refused.returncode == 1
    tape.unlink()
    gone = daemon.cli("replay", str(daemon.state))
    assert gone.returncode == 1
    assert tape.name in gone.stderr


def test_a_live_account_through_kills_is_repeated_by_what_the_venue_said(tmp_path: Path) -> None:
    with trading_at(tmp_path, *CHURNERS) as daemon:
        for number in range(3):
            daemon.start().until_ready()
            before = len(daemon.venue.do("dump")["fills"])
            daemon.until(lambda: len(daemon.venue.do("dump")["fills"]) >= before + 10)  # noqa: B023 - at once
            daemon.end(signal.SIGTERM if number == 2 else signal.SIGKILL)
        daemon.venue.credentials.unlink()
        outcome = replayed(daemon)
        assert outcome["fills"] == len(fills_of(steps_of(daemon.groups()))) >= 30
        alone = [replayed(daemon, "--container", name)["fills"] for name in ("one", "two", "three")]
        assert sum(alone) == outcome["fills"]
