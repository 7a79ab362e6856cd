"""How long a start and a stop take and what a daemon weighs: real processes, from exec to the word `READY=1`, and from
SIGTERM to the end, beside bare ones."""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.figures import Figure

ROOT: Final = Path(__file__).resolve().parent.parent
RUNS: Final = 7
SETTLE_SECONDS: Final = 3.0

_BARE: Final = """
import asyncio, os, socket, sys
import aiohttp.web, msgspec, prometheus_client, pydantic_settings, uvloop, yaml
async def main():
    runner = aiohttp.web.AppRunner(aiohttp.web.Application())
    await runner.setup()
    await aiohttp.web.UnixSite(runner, sys.argv[1]).start()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
    await asyncio.Event().wait()
uvloop.run(main())
"""
"""A process with the daemon's libraries and an empty web server on a socket."""

_CONFIG: Final = """
account: {currency: USD, cash: "100000"}
feed: {kind: synthetic, speed: 1, symbols: {AAA: {price: "100"}}}
instruments: {AAA: {kind: equity, tick_size: "0.01", lot_size: "1"}}
strategies:
  - {id: sma, class: "strategies.sma_cross:SmaCross", params: {symbol: AAA}, capital: "25000"}
"""


def figures() -> list[Figure]:
    """Seconds to ready and from SIGTERM to the end, resident memory and the time of `--help`."""
    with tempfile.TemporaryDirectory() as folder:
        return [*_daemon(Path(folder)), _help()]


def _daemon(folder: Path) -> list[Figure]:
    config = folder / "config.yaml"
    config.write_text(_CONFIG)
    ours, bare = [], []
    for run in range(RUNS):
        state = folder / f"state-{run}"
        ours.append(_live(folder, ["-m", "daemon.cli", "run", "-c", str(config)], {"BULKHEAD_STATE": str(state)}))
        bare.append(_live(folder, ["-c", _BARE, str(folder / f"bare-{run}.sock")], {}))
    (ready, megabytes, stop), (bare_ready, bare_megabytes, bare_stop) = (
        map(statistics.median, zip(*lives, strict=True)) for lives in (ours, bare)
    )
    return [
        Figure(name="run to ready", unit="s", value=ready, floor=bare_ready, target=0.6),
        Figure(name="SIGTERM to the end", unit="s", value=stop, floor=bare_stop, target=5.0),
        Figure(name="resident memory of the daemon", unit="MB", value=megabytes, floor=bare_megabytes, target=70),
    ]


def _help() -> Figure:
    ours, bare = [], []
    for _ in range(3 * RUNS):
        ours.append(_time(["-P", "-m", "daemon.cli", "--help"]))
        bare.append(_time(["-c", "import click"]))
    return Figure(
        name="bulkhead --help", unit="s", value=statistics.median(ours), floor=statistics.median(bare), target=0.15
    )


def _time(arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], env=_environment({}), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


class Life(NamedTuple):
    """Seconds from exec to READY=1, resident megabytes a while after, and seconds from SIGTERM to the end."""

    ready: float
    megabytes: float
    stop: float


def _live(folder: Path, arguments: list[str], more: Mapping[str, str]) -> Life:
    address = folder / "notify"
    address.unlink(missing_ok=True)
    with _listening(address) as listener:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-P", *arguments],
            env=_environment({**more, "NOTIFY_SOCKET": str(address)}),
            stderr=subprocess.DEVNULL,
        )
        try:
            while not listener.recv(4096).startswith(b"READY=1"):
                continue
            ready = time.perf_counter() - began
            time.sleep(SETTLE_SECONDS)
            megabytes = _resident_kilobytes(process.pid) / 1024
            began = time.perf_counter()
            process.terminate()
            process.wait(60)
            return Life(ready, megabytes, time.perf_counter() - began)
        finally:
            process.kill()
            process.wait()


@contextmanager
def _listening(address: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(address))
        listener.settimeout(60)
        yield listener


def _resident_kilobytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}
