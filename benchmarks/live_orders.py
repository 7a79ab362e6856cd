"""A live account beside a venue in another process: from a kill to ready again, and from a halt to the last order."""

import signal
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Figure, percentile
from daemon.killswitch.flag import HaltFlag
from daemon.state import HALT_NAME
from tests.acceptance.venues import LiveDaemon, a_churner, trading_at
from trading.timestamps import MILLISECOND

OPEN_ORDERS: Final = 100
RESTARTS: Final = 5
HALTS: Final = 20
CHURNERS: Final = 6
"""They are never short: each of their buys opens, each of their sales closes."""

QUIET_SECONDS: Final = 0.5
"""After a halt nothing may leave; it is listened so long whether something does."""


def figures() -> list[Figure]:
    """Seconds to ready with open orders, and milliseconds from the halt flag to the last opening order."""
    return [_restart(), _halt()]


def _restart() -> Figure:
    seconds = []
    symbols = ("AAA", "BBB")
    resters = [
        a_churner(
            f"rests-{number}",
            symbols[number % 2],
            **{
                "class": "tests.torture.rester:Rester",
                "params": {"symbol": symbols[number % 2], "orders": OPEN_ORDERS // 4},
                "capital": "20000",
            },
        )
        for number in range(4)
    ]
    with tempfile.TemporaryDirectory() as folder, trading_at(Path(folder), *resters) as daemon:
        daemon.start().until_ready()
        daemon.until(lambda: len(_open(daemon)) == OPEN_ORDERS, 120)
        for _ in range(RESTARTS):
            daemon.end(signal.SIGKILL)
            began = time.perf_counter()
            daemon.start().until_ready()
            seconds.append(time.perf_counter() - began)
            assert len(_open(daemon)) >= OPEN_ORDERS
        daemon.end()
    name = f"kill -9 to ready again, {OPEN_ORDERS} open orders at a venue, longest of {RESTARTS}"
    return Figure(name=name, unit="s", value=max(seconds), target=5.0)


def _halt() -> Figure:
    late_ms = []
    churners = [
        a_churner(f"churns-{number}", ("AAA", "BBB")[number % 2], capital="15000") for number in range(CHURNERS)
    ]
    with tempfile.TemporaryDirectory() as folder, trading_at(Path(folder), *churners, walk="100") as daemon:
        daemon.start().until_ready()
        flag = HaltFlag(daemon.state / HALT_NAME)
        for _ in range(HALTS):
            sent = len(_orders(daemon))
            daemon.until(lambda sent=sent: len(_orders(daemon)) > sent + 20)  # type: ignore[misc]
            halted_ns = time.time_ns()  # noqa: TID251 - held against the venue's own wall clock
            flag.set("a benchmark")
            time.sleep(QUIET_SECONDS)
            last_ns = max(order["placed_ns"] for order in _orders(daemon) if order["ticket"]["side"] == "buy")
            late_ms.append(max(0, last_ns - halted_ns) / MILLISECOND)
            assert (resumed := daemon.cli("resume")).returncode == 0, resumed.stderr
        daemon.end()
    name = f"halt flag set to the last opening order at the venue, p95 of {HALTS}"
    return Figure(name=name, unit="ms", value=percentile(late_ms, 0.95), target=100.0)


def _orders(daemon: LiveDaemon) -> list[dict[str, Any]]:
    orders: list[dict[str, Any]] = daemon.venue.do("dump")["orders"]
    return orders


def _open(daemon: LiveDaemon) -> list[dict[str, Any]]:
    return [order for order in _orders(daemon) if order["status"] == "open"]
