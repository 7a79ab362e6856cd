"""The README, followed to the letter: its backtest, and its five minutes with their commands, strategy and entry."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE_SECONDS, until

ROOT = Path(__file__).resolve().parents[2]
FIVE_MINUTES = "## Your own strategy in five minutes"
THE_PAST = "## Trade on the past"


def blocks(section: str, language: str) -> list[str]:
    text = (ROOT / "README.md").read_text().split(section, 1)[1].split("\n## ", 1)[0]
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree as a newcomer has it: what git keeps, no environment, no state."""
    folder = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def bulkhead(clone: Path, *arguments: str) -> str:
    environment = {**os.environ, "BULKHEAD_STATE": str(clone / "state")}
    command = [str(clone / "bulkhead"), *arguments]
    done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def running(clone: Path) -> Iterator[None]:
    environment = {**os.environ, "BULKHEAD_STATE": str(clone / "state")}
    with subprocess.Popen([clone / "bulkhead", "run"], cwd=clone, env=environment, stderr=subprocess.DEVNULL) as daemon:
        try:
            until(lambda: (clone / "state" / "bulkhead.sock").exists() or daemon.poll() is not None)
            assert daemon.poll() is None, "ended before it was ready"
            yield
        finally:
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(PATIENCE_SECONDS) == 0


def strategies(clone: Path) -> dict[str, Any]:
    return {one["id"]: one for one in json.loads(bulkhead(clone, "strategy", "list", "-o", "json"))}


def test_a_strategy_of_ones_own_trades_after_five_minutes_of_reading(clone: Path) -> None:
    (new, commands), (code,), (entry,) = (blocks(FIVE_MINUTES, one) for one in ("sh", "python", "yaml"))
    with running(clone):
        assert "my-cross" not in strategies(clone)

    assert new.split()[0] == "./bulkhead"
    bulkhead(clone, *new.split()[1:])
    strategy = clone / "mine" / "my_cross.py"
    assert "class MyCross(Strategy)" in strategy.read_text()
    strategy.write_text(code)
    with (clone / "config.yaml").open("a") as config:
        config.write(entry)

    check, run = (line.split("#")[0].split() for line in commands.splitlines())
    assert "my-cross" in bulkhead(clone, *check[1:])
    assert run == ["./bulkhead", "run"]
    with running(clone):
        until(lambda: strategies(clone)["my-cross"]["fills"])
        assert strategies(clone)["my-cross"]["state"] == "running"
        assert len(strategies(clone)) == 6


def test_its_backtest_prints_what_it_shows(clone: Path) -> None:
    """All but the run's id, which is another each time."""
    text = (ROOT / "README.md").read_text().split(THE_PAST, 1)[1]
    _, command, _, shown, *_ = text.split("```")
    program, *arguments = command.removeprefix("sh\n").split()
    assert program == "./bulkhead"
    printed = bulkhead(clone, *arguments)
    assert re.sub("backtest_[0-9a-f]{8}", "", printed).strip() == re.sub("backtest_[0-9a-f]{8}", "", shown).strip()
    assert (clone / "year.html").read_text().startswith("<!DOCTYPE html>")
