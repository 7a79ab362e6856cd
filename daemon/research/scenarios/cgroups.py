"""What the system lets this process have of the machine: cores, by affinity and by the quotas of its control groups;
and how often it has ended a process for want of memory."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path("/")


def workers_by_default(root: Path = ROOT) -> int:
    """One less than the cores there are, so that something is left for whoever waits; at least one."""
    return max(1, available_cores(root) - 1)


def available_cores(root: Path = ROOT) -> int:
    """The cores that may be used, at least one; a quota of one and a half is one."""
    quotas = [quota for group in _groups(root) if (quota := _quota(group)) is not None]
    return max(1, int(min([len(os.sched_getaffinity(0)), *quotas])))


def oom_kills(root: Path = ROOT) -> int:
    """How many processes of its groups the system has ended because there was no memory left."""
    return max((_kills(group) for group in _groups(root)), default=0)


def _groups(root: Path) -> Iterator[Path]:
    """The control groups that it is in, from its own up to the first: of version two, and those of version one that
    share out processor time."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    mounted = root / "sys/fs/cgroup"
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = mounted / controllers if controllers else mounted
        own = Path(path.strip("/"))
        for part in (own, *own.parents):
            yield top / part


def _quota(group: Path) -> float | None:
    """Cores that a group may use on average; None where there is no such limit."""
    try:
        most, period = (group / "cpu.max").read_text().split()
        return None if most == "max" else int(most) / int(period)
    except (OSError, ValueError):
        pass
    try:
        most_us = int((group / "cpu.cfs_quota_us").read_text())
        return None if most_us <= 0 else most_us / int((group / "cpu.cfs_period_us").read_text())
    except (OSError, ValueError):
        return None


def _kills(group: Path) -> int:
    try:
        lines = (group / "memory.events").read_text().splitlines()
        return sum(int(count) for name, count in (line.split() for line in lines) if name == "oom_kill")
    except (OSError, ValueError):
        return 0
