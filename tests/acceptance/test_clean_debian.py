"""On a Debian with python3, git and make, and nothing more, the two promises of the README hold."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("clean_debian.sh")
CACHE = Path(tempfile.gettempdir()) / "bulkhead-clean-debian"


@pytest.mark.parametrize("promise", ["run", "test"])
def test_a_clean_debian_keeps_the_promise(promise: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("a clean Debian is made by root: sudo make acceptance")
    assert shutil.which("debootstrap"), "debootstrap is missing: apt-get install debootstrap"
    done = subprocess.run(
        [SCRIPT, promise, CACHE],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-10_000:]
