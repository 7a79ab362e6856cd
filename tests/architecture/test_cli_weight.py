"""The command line starts at once, so its clients load nothing heavy."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"aiohttp", "asyncio", "numpy", "prometheus_client", "pydantic", "pydantic_settings", "uvloop"}


def modules_loaded_by(*arguments: str) -> set[str]:
    """The top-level modules that a run of the CLI imports, as the interpreter itself lists them."""
    run = subprocess.run(
        [sys.executable, "-P", "-X", "importtime", "-m", "daemon.cli", *arguments],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = (line for line in run.stderr.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.mark.parametrize(
    "arguments",
    [("--version",), ("--help",), ("status", "--help"), ("fills", "--help"), ("data", "import", "--help")],
    ids=" ".join,
)
def test_a_client_of_the_daemon_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    loaded = modules_loaded_by(*arguments)
    assert "click" in loaded
    assert loaded & HEAVY == set()
