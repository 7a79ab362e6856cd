"""One feed to many processes: from the moment at which a tick is put until a process has it.

Ours is the live shell with a feed that puts ticks at a steady rate, and strategies that note how old each is when they
hear it. Bare is a Unix socket for each process and adaptive flush: whatever has gathered since the last batch is
encoded once and written to all. A tick is put when the sender comes to it; how late that was is a figure of its own, so
that a sender that cannot keep up hides nothing.
"""

import asyncio
import gc
import multiprocessing
import os
import socket
import sys
import tempfile
import time
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop

from benchmarks.figures import Figure, percentile, table
from benchmarks.floors import AAA, entry, fleet, live
from benchmarks.subscribers import CLOSING_BID
from daemon.clock import SystemClock
from daemon.feeds.port import Publish
from trading.market_data import Quote
from trading.sequencer import Offer

TICKS_A_SECOND: Final = 10_000
TICKS_A_SECOND_BESIDE_SLOW: Final = 20_000
SLOW_US: Final = 1_000
SECONDS: Final = 3.0
WARM_UP_SECONDS: Final = 0.5
BUFFER_BYTES: Final = 1 << 18
REST_SECONDS: Final = 0.0003
"""Between two batches the sender rests: each of them wakes every process, and all of them share the processors."""

LOOP_REST_SECONDS: Final = 0.001
"""The same on an event loop, whose timers know no less."""

MOST_AT_ONCE: Final = 100
"""After so many events a live feed lets the loop run."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """In microseconds, warmed up: how late each tick was put, and how long it took from there to each process.

    `left_out` is the share of ticks, in percent, that were conflated for one of these processes.
    """

    late: Sequence[float]
    took: Sequence[float]
    left_out: float = 0.0


class Metronome:
    """A live feed that puts quotes at a steady rate, and at last one that closes the market."""

    kind: Final = "metronome"

    def __init__(self, rate: int) -> None:
        self.offers: Mapping[str, Offer] = {"AAA": Offer(quotes=True)}
        self.late: list[float] = []
        self._rate = rate
        self._clock = SystemClock()

    def reference(self) -> dict[str, Any]:
        """Nothing that anybody could ask again."""
        return {"kind": self.kind}

    async def run(self, publish: Publish) -> None:
        """Put what is due, rest, and put what is due by then."""
        total, spacing_ns = int(SECONDS * self._rate), 1_000_000_000 // self._rate
        began_ns = time.perf_counter_ns()
        for number in range(total):
            due_ns = began_ns + number * spacing_ns
            if number % MOST_AT_ONCE == 0:
                await asyncio.sleep(0)
            if time.perf_counter_ns() < due_ns:
                await asyncio.sleep(LOOP_REST_SECONDS)
            self.late.append((time.perf_counter_ns() - due_ns) / 1_000)
            publish(Quote("AAA", self._clock.wall_ns(), 100.01, 100.02, 500.0, 500.0), 0)
        publish(Quote("AAA", self._clock.wall_ns(), CLOSING_BID, 100.02, 500.0, 500.0), 0)


def figures() -> list[Figure]:
    """Microseconds to 1, 5 and 50 processes, and to nine fast ones beside a tenth, fast or slow."""
    found = []
    for processes, targets_us in ((1, (None, None)), (5, (None, None)), (50, (500.0, 2_000.0))):
        name = f"fan-out to {processes}, {TICKS_A_SECOND:,} ticks/s"
        floor, run = bare(processes, TICKS_A_SECOND), ours(processes, TICKS_A_SECOND)
        found += [
            _figure(f"{name}, put to seen, p50", run.took, floor.took, 0.5, targets_us[0]),
            _figure(f"{name}, put to seen, p99", run.took, floor.took, 0.99, targets_us[1]),
            _figure(f"{name}, due to put, p99", run.late, floor.late, 0.99),
            Figure(name=f"{name}, left out", unit="%", value=run.left_out, target=0),
        ]
    name, rate = f"nine fast of 10, {TICKS_A_SECOND_BESIDE_SLOW:,} ticks/s, the tenth", TICKS_A_SECOND_BESIDE_SLOW
    floor = bare(10, rate)
    for tenth, pause_us in (("fast", 0), ("slow", SLOW_US)):
        run = ours(10, rate, last_pause_us=pause_us)
        found += [
            _figure(f"{name} {tenth}, put to seen, p99", run.took, floor.took, 0.99),
            Figure(name=f"{name} {tenth}, left out", unit="%", value=run.left_out, target=0),
        ]
    return found


def _figure(
    name: str, ours: Sequence[float], floor: Sequence[float], share: float, target: float | None = None
) -> Figure:
    return Figure(name=name, unit="us", value=percentile(ours, share), floor=percentile(floor, share), target=target)


def ours(processes: int, rate: int, *, last_pause_us: int = 0) -> Run:
    """The live shell. The last process may pause over each quote; then the others' times alone count."""
    feed = Metronome(rate)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        results = [Path(folder) / f"{number}.times" for number in range(processes)]
        left_out = uvloop.run(_run(Path(folder), feed, results, last_pause_us))
        counted = results[:-1] if last_pause_us else results
        took = [array("d", result.read_bytes()) for result in counted]
    ticks = len(feed.late)
    assert [len(mine) + left for mine, left in zip(took, left_out, strict=False)] == [ticks] * len(took), "ticks lost"
    return Run(
        late=feed.late[int(WARM_UP_SECONDS * rate) :],
        took=[micros for mine in took for micros in mine[int(WARM_UP_SECONDS * rate) :]],
        left_out=100 * sum(left_out[: len(took)]) / (ticks * len(took)),
    )


async def _run(folder: Path, feed: Metronome, results: Sequence[Path], last_pause_us: int) -> list[int]:
    """Until every process has heard the last; how many ticks were left out, by process."""
    strategies = [
        entry(
            f"s{place}", "benchmarks.subscribers:Stopwatch", "process", symbol="AAA", results=str(path), pause_us=pause
        )
        for place, (path, pause) in enumerate(zip(results, [*[0] * (len(results) - 1), last_pause_us], strict=True))
    ]
    async with live(folder, fleet(AAA, strategies), feed, "process") as shell:
        await shell.run()
        return [host.conflated for host in shell.floor.hosts.free.values()]


def bare(processes: int, rate: int) -> Run:
    """Sockets and msgpack alone."""
    first = int(WARM_UP_SECONDS * rate)
    with _listeners(processes) as (sockets, results):
        late = _put(sockets, rate)
        for one in sockets:
            one.close()
        took = [array("d", result.recv_bytes()) for result in results]
    assert all(len(mine) == len(late) for mine in took), "ticks were lost"
    return Run(late=late[first:], took=[micros for mine in took for micros in mine[first:]])


def _put(sockets: list[socket.socket], rate: int) -> list[float]:
    """Send every tick to all, in batches of those that are due; gives how late each was, in microseconds."""
    encode = msgspec.msgpack.Encoder().encode
    total, spacing_ns = int(SECONDS * rate), 1_000_000_000 // rate
    late: list[float] = []
    began_ns = time.perf_counter_ns()
    while len(late) < total:
        batch: list[Quote] = []
        while len(late) < total and (now_ns := time.perf_counter_ns()) >= began_ns + len(late) * spacing_ns:
            late.append((now_ns - began_ns - len(late) * spacing_ns) / 1_000)
            batch.append(Quote("AAA", now_ns, 100.01, 100.02, 500.0, 500.0))
        body = encode(batch)
        frame = len(body).to_bytes(4, "little") + body
        for one in sockets if batch else ():
            one.sendall(frame)
        time.sleep(REST_SECONDS)
    return late


@contextmanager
def _listeners(count: int) -> Iterator[tuple[list[socket.socket], list[Connection]]]:
    """Processes that are ready to hear; each tells what it has seen once its socket ends."""
    context = multiprocessing.get_context("fork")
    sockets: list[socket.socket] = []
    results: list[Connection] = []
    listening: list[BaseProcess] = []
    for _ in range(count):
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        result, teller = context.Pipe(duplex=False)
        process = context.Process(target=_listen, args=(theirs, teller, [*sockets, ours]), daemon=True)
        process.start()
        theirs.close()
        teller.close()
        sockets.append(ours)
        results.append(result)
        listening.append(process)
    try:
        for result in results:
            assert result.recv_bytes() == b"ready"
        yield sockets, results
    finally:
        for one in listening:
            one.kill()
            one.join()


def _listen(mine: socket.socket, teller: Connection, inherited: list[socket.socket]) -> None:
    for one in inherited:
        one.close()
    gc.collect()
    gc.freeze()
    decode, took = msgspec.msgpack.Decoder(list[Quote]).decode, array("d")
    teller.send_bytes(b"ready")
    for frame in _frames(mine):
        for quote in decode(frame):
            took.append((time.perf_counter_ns() - quote.ts_ns) / 1_000)
    teller.send_bytes(took.tobytes())
    os._exit(0)


def _frames(mine: socket.socket) -> Iterator[bytes]:
    """The bodies of length-prefixed frames, until the socket ends."""
    waiting = bytearray()
    while received := mine.recv(BUFFER_BYTES):
        waiting += received
        at = 0
        while len(waiting) - at >= 4 and len(waiting) - at >= 4 + (
            size := int.from_bytes(waiting[at : at + 4], "little")
        ):
            yield bytes(waiting[at + 4 : at + 4 + size])
            at += 4 + size
        del waiting[:at]


if __name__ == "__main__":
    sys.stdout.write(table(figures()) + "\n")
