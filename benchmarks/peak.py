"""How much memory a process took. Processes of other environments import this, so it imports nothing of Bulkhead."""

import re
from pathlib import Path


def peak_megabytes() -> float:
    """The most of this process that was resident at once; what a parent is told of its child is at least its own."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found, "Linux tells it"
    return int(found[1]) / 1024
