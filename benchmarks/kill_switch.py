"""A daemon that hangs, from then to the first cancel at the venue and to its end; a halt that is told from outside."""

import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.figures import Figure
from daemon.killswitch.flag import HaltFlag
from daemon.state import HALT_NAME
from tests.acceptance.watched import Venue, Watched
from tests.patience import until

WAYS: Final = ("stopped", "spin", "sleep", "spin", "sleep")
"""In which it hangs, one after the other."""

HALTS: Final = 20


def figures() -> list[Figure]:
    """Seconds, each the longest of its runs."""
    return [*_hung(), _halted()]


def _hung() -> list[Figure]:
    cancelled, ended = [], []
    for way in WAYS:
        with _watched() as daemon:
            if way == "stopped":
                assert daemon.process is not None
                daemon.process.send_signal(signal.SIGSTOP)
            else:
                daemon.hang(way)
            began = time.perf_counter()
            assert daemon.wait() == -signal.SIGKILL
            ended.append(time.perf_counter() - began)
            until(lambda venue=daemon.venue: not venue.working)  # type: ignore[misc]
            cancelled.append(daemon.venue.asked_at[0] - began)
    name = f"longest of {len(ended)}"
    return [
        Figure(
            name=f"daemon hung to the first cancel at the venue, {name}", unit="s", value=max(cancelled), target=2.0
        ),
        Figure(name=f"daemon hung to its end, {name}", unit="s", value=max(ended), target=2.0),
    ]


def _halted() -> Figure:
    took = []
    with _watched() as daemon:
        flag = HaltFlag(daemon.state / HALT_NAME)
        for number in range(HALTS):
            began = time.perf_counter()
            flag.set(f"drill {number}")
            daemon.until(lambda: daemon.client.get("/v1/status")["halted"])
            took.append(time.perf_counter() - began)
            daemon.client.post("/v1/resume", reason="")
        daemon.end()
    name = f"halt flag set to the journaled halt as the interface tells it, longest of {HALTS}"
    return Figure(name=name, unit="s", value=max(took), target=1.0)


@contextmanager
def _watched() -> Iterator[Watched]:
    with tempfile.TemporaryDirectory() as folder, Venue().open() as venue:
        daemon = Watched(Path(folder) / "d", venue)
        try:
            yield daemon.started()
        finally:
            daemon.close()
