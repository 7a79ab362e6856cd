"""Daemons on paper with a watching process, as one that trades live has it, and a venue that counts what is cancelled.

As a program, `python -m tests.acceptance.watched CONFIG WATCHING`, it is `bulkhead run` with that.
"""

import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import uvloop

from daemon.check import check
from daemon.clock import SystemClock
from daemon.disk import RealDisk
from daemon.errors import DaemonError
from daemon.killswitch.flag import Halt, HaltFlag
from daemon.killswitch.wire import Watching
from daemon.net import SystemNet
from daemon.processes import SystemProcesses
from daemon.state import HALT_NAME, WATCHMAN_LOG_NAME
from daemon.supervisor import Supervisor
from daemon.watch.logs import set_up
from tests.acceptance.daemons import Daemon
from tests.acceptance.processes import family_of
from tests.patience import until
from tests.real_children import is_gone

CONFIG = """
mode: paper
account: {{currency: USD, cash: "100000"}}
feed:
  kind: synthetic
  duration: 8h
  every: 1s
  speed: 20
  data: [quotes]
  symbols: {{AAA: {{price: "100.00"}}}}
instruments: {{AAA: {{kind: equity, tick_size: "0.01", lot_size: "1"}}}}
strategies:
  - {{id: hold, class: "strategies.buy_and_hold:BuyAndHold", params: {{symbol: AAA, quantity: "10"}}, capital: "20000"}}
  - id: hangs
    class: "hangs.py:Hangs"
    params: {{symbol: AAA, trigger: "{folder}/trigger"}}
    capital: "20000"
    isolation: task
"""


class Venue:
    """A server that cancels what works. `asked_at` are the times of `perf_counter` at which it was asked."""

    def __init__(self) -> None:
        self.working = ["bk1", "bk2"]
        self.failures = 0
        self.asked_at: list[float] = []
        venue = self

        class Handler(BaseHTTPRequestHandler):
            def do_DELETE(self) -> None:
                venue.asked_at.append(time.perf_counter())
                venue.failures -= 1
                status = 503 if venue.failures >= 0 else 200
                cancelled, venue.working = (venue.working, []) if status == 200 else ([], venue.working)
                body = json.dumps(cancelled).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port

    @contextmanager
    def open(self) -> Iterator["Venue"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


class Watched(Daemon):
    """One daemon's folder, with the venue that its orders are at."""

    def __init__(self, folder: Path, venue: Venue, **watching: Any) -> None:
        super().__init__(folder, CONFIG)
        shutil.copy(Path(__file__).with_name("hangs.py"), folder)
        options = {"port": venue.port, **watching.pop("options", {})}
        self.watching = Watching("tests.acceptance.canceller:cancel_everything", options, **watching)
        self.venue = venue

    def run_command(self) -> list[str]:
        """This program, for this folder."""
        given = json.dumps({**self.watching._asdict(), "options": dict(self.watching.options)})
        return [sys.executable, "-P", "-m", "tests.acceptance.watched", str(self.config), given]

    def start(self, **settings: str) -> "Watched":
        self.start_as(self.run_command(), **settings)
        return self

    def started(self, **settings: str) -> "Watched":
        """Started, trading or halted, and watched."""
        self.start(**settings).until(lambda: self.ask_or_none("/v1/status", "mode"))
        assert self.process is not None
        watching = f"watching process {self.process.pid}"
        self.until(lambda: self.watchman and watching in self.notes)
        return self

    def hang(self, way: str) -> None:
        """Have it held up; returns when it is."""
        trigger = self.folder / "trigger"
        trigger.with_suffix(".new").write_text(way)
        trigger.with_suffix(".new").rename(trigger)
        until(lambda: not trigger.exists())

    @property
    def watchman(self) -> int:
        """Its watching process's id, 0 where there is none."""
        assert self.process is not None
        return next((pid for pid in family(self.process.pid) if name_of(pid) == "bulkhead-watch"), 0)

    @property
    def halt(self) -> Halt | None:
        """What the flag says."""
        flag = HaltFlag(self.state / HALT_NAME)
        halt = flag.look()
        flag.close()
        return halt

    @property
    def notes(self) -> list[str]:
        """What the watching process has written down."""
        log = self.state / WATCHMAN_LOG_NAME
        return [json.loads(line)["message"] for line in log.read_text().splitlines()] if log.exists() else []

    def close(self) -> None:
        """End whatever is left."""
        watchman = self.watchman if self.process is not None else 0
        if self.process is not None:
            self.end(signal.SIGKILL)
        if watchman:
            with suppress(ProcessLookupError):
                os.kill(watchman, signal.SIGKILL)
        until(lambda: not family_of(self))


def family(pid: int) -> set[int]:
    """The children of a process, whichever of its threads has started them."""
    children: set[int] = set()
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            children |= set(map(int, (task / "children").read_text().split()))
    return {child for child in children if not is_gone(child)}


def name_of(pid: int) -> str:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def main(config: Path, watching: Watching) -> int:
    """Run a daemon to its end."""
    plan = check(config, os.environ, SystemProcesses())
    set_up(sys.stderr)
    supervisor = Supervisor(
        plan, clock=SystemClock(), disk=RealDisk(), net=SystemNet(), environ=os.environ, watching=watching
    )
    try:
        uvloop.run(supervisor.run())
    except BaseExceptionGroup as group:
        told = group.subgroup(DaemonError)
        if told is None:
            raise
        print(told.exceptions, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Watching(**json.loads(sys.argv[2]))))
