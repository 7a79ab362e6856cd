"""Daemons whose strategies are processes of their own, and a look at those processes from outside."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import yaml

from daemon.journal.records import Snapshot
from daemon.journal.steps import Group
from daemon.state import LOGS_NAME
from tests.acceptance.daemons import FLEET, Daemon
from tests.real_children import is_gone, offspring

Document = dict[str, Any]
"""A config as YAML is read."""


def the_fleet(folder: Path) -> Document:
    """The generated market and its five strategies, for a daemon in this folder."""
    document: Document = yaml.safe_load(FLEET.format(folder=folder))
    return document


def the_market(name: str, data: Path) -> Document:
    """A market out of files in this folder, and five strategies."""
    document: Document = yaml.safe_load(Path(__file__).with_name(name).read_text())
    for file in document["feed"]["files"]:
        file["path"] = str(data / file["path"])
    return document


def a_daemon(folder: Path, document: Document, ways: Sequence[str] = ("process",)) -> Daemon:
    """A daemon whose strategies are isolated in turn in these ways; a lookout may be one of them."""
    for strategy, way in zip(document["strategies"], cycle(ways), strict=False):
        strategy["isolation"] = way
    daemon = Daemon(folder, yaml.safe_dump(document))
    shutil.copy(Path(__file__).with_name("lookout.py"), folder)
    return daemon


# What it leaves.


def books_of(groups: list[Group]) -> Any:
    """The ledger of the last snapshot."""
    snapshots = (entry.record for group in groups for entry in group.entries if isinstance(entry.record, Snapshot))
    (*_, last) = snapshots
    return msgspec.msgpack.decode(last.state)["lockstep"]["router"]["ledger"]


def log_lines(daemon: Daemon) -> list[dict[str, Any]]:
    """Its log."""
    return [json.loads(line) for line in daemon.log.read_text().splitlines()]


def log_of(daemon: Daemon, strategy: str) -> str:
    """What a strategy's process has written."""
    file = daemon.state / LOGS_NAME / f"{strategy}.log"
    return file.read_text() if file.exists() else ""


# Its processes.


def forkserver_of(daemon: Daemon) -> list[int]:
    """The process that those of strategies are forked from, or nobody."""
    assert daemon.process is not None
    with suppress(FileNotFoundError):
        return [pid for pid in offspring(daemon.process.pid) if not is_gone(pid)]
    return []


def children_of(daemon: Daemon) -> list[int]:
    """The processes of strategies."""
    children: set[int] = set()
    for forkserver in forkserver_of(daemon):
        with suppress(FileNotFoundError):
            children |= offspring(forkserver)
    return sorted(pid for pid in children if not is_gone(pid))


def named_children_of(daemon: Daemon) -> dict[str, int]:
    """The same, by the names of the strategies."""
    named = {}
    for pid in children_of(daemon):
        with suppress(FileNotFoundError, ProcessLookupError):
            named[Path(f"/proc/{pid}/comm").read_text().strip()] = pid
    return named


def strike(daemon: Daemon, victims: Callable[[Daemon], list[int]], random: Random, most: int) -> int:
    """Kill one of the victims at random moments of a whole run; how often."""
    kills = 0
    assert daemon.process is not None
    while daemon.process.poll() is None:
        time.sleep(random.uniform(0, 0.4))
        if kills < most and (alive := victims(daemon)):
            os.kill(random.choice(alive), signal.SIGKILL)
            kills += 1
    return kills


def family_of(daemon: Daemon) -> list[int]:
    """Every process in the daemon's folder: it, and whoever has come of it, also when it is gone."""
    family = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink() == daemon.folder and not is_gone(int(process.name)):
                family.append(int(process.name))
    return family


def environment_of(pid: int) -> dict[str, str]:
    """What a process was given to begin with."""
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair)
