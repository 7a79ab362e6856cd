"""Real daemons for the acceptance tests: started, asked, killed and started again, as an operator would."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from daemon.check import Plan, check
from daemon.cli.client import Client
from daemon.disk import RealDisk
from daemon.errors import DaemonError
from daemon.journal.reader import JournalReader
from daemon.journal.steps import Group, gather
from daemon.processes import SystemProcesses
from daemon.state import JOURNAL_NAME, SOCKET_NAME
from tests.patience import PATIENCE_SECONDS, until
from trading.account.records import Reported
from trading.commands import WireSubmit
from trading.reports import ReportKind

ROOT = Path(__file__).resolve().parents[2]

_begun: list[subprocess.Popen[bytes]] = []
FLEET = """
mode: paper
account: {{currency: USD, cash: "100000"}}
feed:
  kind: synthetic
  duration: 2h
  speed: max
  at_end: exit
  symbols:
    AAA: {{price: "100.00", volatility_ticks: 3}}
    BBB: {{price: "50.00", spread_ticks: 4}}
    CCC: {{price: "200.00", volatility_ticks: 5}}
broker:
  kind: simulated
  commission: {{kind: per_share, rate: "0.005"}}
  slippage: {{kind: fixed, ticks: 1}}
instruments:
  AAA: {{kind: equity, tick_size: "0.01", lot_size: "1"}}
  BBB: {{kind: equity, tick_size: "0.01", lot_size: "1"}}
  CCC: {{kind: equity, tick_size: "0.01", lot_size: "1"}}
journal: {{snapshot_every_events: 3000, segment_bytes: 1048576}}
strategies:
  - id: sma
    class: "strategies.sma_cross:SmaCross"
    params: {{symbol: AAA}}
    capital: "25000"
    warmup: 30
  - id: maker
    class: "strategies.market_maker:MarketMaker"
    params: {{symbol: BBB, tick_size: "0.01"}}
    capital: "20000"
  - id: rsi
    class: "strategies.rsi_envelope:RsiEnvelope"
    params: {{symbol: CCC, quantity: "50"}}
    capital: "20000"
  - id: hold
    class: "strategies.buy_and_hold:BuyAndHold"
    params: {{symbol: AAA, quantity: "100"}}
    capital: "15000"
  - id: mine
    class: "desperado.py:Desperado"
    params: {{symbol: CCC, trigger: "{folder}/trigger"}}
    capital: "20000"
    isolation: task
"""


class Daemon:
    """One daemon's folder: its config, its state, its log, and the process that runs on it, if one does."""

    def __init__(self, folder: Path, config: str = FLEET) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.config = folder / "config.yaml"
        self.config.write_text(config.format(folder=folder))
        shutil.copy(Path(__file__).with_name("desperado.py"), folder)
        self.state = folder / "state"
        self.log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    # Its process.

    def environ(self, **settings: str) -> dict[str, str]:
        """The environment, settings written as `feed__speed`."""
        ours = {f"BULKHEAD_{name.upper()}": value for name, value in settings.items()}
        return {**os.environ, "PYTHONPATH": str(ROOT), "BULKHEAD_STATE": str(self.state), **ours}

    def command(self, *arguments: str) -> list[str]:
        """`bulkhead` with these arguments."""
        return [sys.executable, "-P", "-m", "daemon.cli", *arguments]

    def start(self, **settings: str) -> "Daemon":
        """Start it; it is ready when it answers."""
        return self.start_as(self.command("run", "-c", str(self.config)), **settings)

    def start_as(self, command: list[str], **settings: str) -> "Daemon":
        """Start it by another command."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env=self.environ(**settings),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        _begun.append(self.process)
        return self

    def until(self, true: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> float:
        """Wait until something holds; how long that took, in seconds."""

        def holds() -> object:
            assert self.process is None or self.process.poll() is None, f"it ended: {self.last_words}"
            return true()

        try:
            return until(holds, seconds)
        except TimeoutError as error:
            raise AssertionError(f"{error}: {self.last_words}") from None

    @property
    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text()[-2000:]

    def until_ready(self) -> float:
        """Wait until it answers that it is ready."""
        return self.until(lambda: self.ask_or_none("/v1/status", "ready"))

    def until_at_end(self, seconds: float = 3 * PATIENCE_SECONDS) -> float:
        """Wait until its feed has ended."""
        return self.until(lambda: (self.ask_or_none("/v1/status", "feed") or {}).get("at_end"), seconds)

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal and wait; exit code and seconds."""
        assert self.process is not None
        began = time.perf_counter()
        self.process.send_signal(number)
        return self.wait(), time.perf_counter() - began

    def wait(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for its end; the exit code."""
        assert self.process is not None
        code = self.process.wait(timeout=seconds)
        self.process = None
        return code

    def run(self, **settings: str) -> int:
        """A whole life, to the feed's end; the exit code."""
        return self.start(**settings).wait(3 * PATIENCE_SECONDS)

    # What it answers.

    @property
    def client(self) -> Client:
        """A client of its socket."""
        return Client(self.state / SOCKET_NAME, PATIENCE_SECONDS)

    def ask_or_none(self, path: str, key: str) -> Any:
        """One value of an answer, None while it does not answer."""
        try:
            return self.client.get(path)[key]
        except DaemonError:
            return None

    def cli(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """`bulkhead` from another process, in its folder."""
        return subprocess.run(
            self.command(*arguments),
            env=self.environ(**settings),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def cli_json(self, *arguments: str) -> Any:
        """The same, read by a program."""
        finished = self.cli(*arguments, "-o", "json")
        assert (finished.returncode, finished.stderr) == (0, ""), finished
        return json.loads(finished.stdout)

    def raw(self, path: str) -> tuple[int, str]:
        """Status and body of a GET over the socket."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE_SECONDS)
            connection.connect(str(self.state / SOCKET_NAME))
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: bulkhead\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        head, _, body = answer.partition("\r\n\r\n")
        return int(head.split()[1]), body

    # What it leaves.

    def plan(self) -> Plan:
        """Its config as checked."""
        return check(self.config, self.environ(), SystemProcesses())

    def groups(self) -> list[Group]:
        """Its journal, step by step."""
        return list(gather(JournalReader(RealDisk(), self.state / JOURNAL_NAME).entries()))

    def files(self) -> Mapping[str, bytes]:
        """Everything in its state but what only serves a running daemon."""
        return {
            str(path.relative_to(self.state)): path.read_bytes()
            for path in sorted(self.state.rglob("*"))
            if path.is_file() and path.name.startswith("journal-")
        }


def kill_all() -> None:
    """Kill every daemon that was begun here and still runs."""
    while _begun:
        process = _begun.pop()
        process.kill()
        process.wait()


def open_orders(groups: list[Group]) -> set[str]:
    """The orders that work after the committed steps."""
    working: set[str] = set()
    for group in groups:
        for entry in group.entries if group.committed else ():
            if isinstance(entry.record, WireSubmit):
                working.add(entry.record.terms.order_id)
            elif isinstance(entry.record, Reported):
                report = entry.record.report
                ended = {ReportKind.CANCELLED, ReportKind.REJECTED, ReportKind.EXPIRED, ReportKind.FILLED}
                if report.kind in ended:
                    working.discard(report.order_id)
    return working


@contextmanager
def tmpfs(path: Path, options: str) -> Iterator[Path]:
    """A small or read-only file system of one's own; needs root."""
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", str(path)], check=True)
