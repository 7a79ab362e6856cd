"""The process that watches the daemon, and the command that halts it, load nothing that could hang or fail with it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.test_imports import PACKAGES, lint_imports

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"aiohttp", "asyncio", "multiprocessing", "numpy", "prometheus_client", "pydantic", "uvloop"}
NOT_NEEDED = {"concurrent", "logging", "msgspec", "subprocess", "threading", "trading", "yaml"}


def loaded_by(*arguments: str) -> set[str]:
    """The modules that a program imports, as the interpreter itself lists them."""
    run = subprocess.run(
        [sys.executable, "-P", "-X", "importtime", "-m", *arguments],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = (line for line in run.stderr.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip() for line in lines}


def test_the_watching_process_loads_little() -> None:
    """It ends at once, having been given nothing to watch."""
    loaded = loaded_by("daemon.killswitch.watchman")
    assert "daemon.killswitch.flag" in loaded
    assert {name.partition(".")[0] for name in loaded} & (HEAVY | NOT_NEEDED) == set()


def test_the_command_that_halts_loads_nothing_heavy() -> None:
    loaded = loaded_by("daemon.cli", "halt", "--help")
    assert "daemon.killswitch.flag" in loaded
    assert {name.partition(".")[0] for name in loaded} & HEAVY == set()


@pytest.mark.parametrize("module", ["daemon/killswitch/flag.py", "daemon/net.py", "daemon/errors.py"])
def test_a_heavy_import_that_would_reach_it_is_caught(tmp_path: Path, module: str) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / module).open("a") as file:
        file.write("import asyncio\n")
    found = lint_imports(tmp_path)
    assert found.returncode == 1
    assert "The watching process stays light BROKEN" in found.stdout
