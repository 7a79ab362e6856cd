"""Venues in processes of their own, for tests and benchmarks."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def venue(*arguments: str) -> Iterator[str]:
    """A venue started with the arguments of `python -m tests.live.server`; gives the address of its streams."""
    command = [sys.executable, "-m", "tests.live.server", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address, f"the venue did not start; its exit code is {process.wait(10)}"
            yield address
        finally:
            process.kill()
