"""Venues in processes of their own, and the means to steer them from a test that does not wait on an event loop."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.patience import PATIENCE_SECONDS
from tests.venue.server import TOKEN

ROOT = Path(__file__).resolve().parents[2]


class VenueProcess:
    """A venue whose books and credentials are files of a folder. It can be killed, and started again at its port."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.credentials = folder / "credentials.json"
        self.address = ""
        self._store = folder / "venue.jsonl"
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None

    @property
    def options(self) -> dict[str, str]:
        """The options of the plain broker."""
        return {"url": self.address, "credentials": str(self.credentials)}

    @property
    def market(self) -> str:
        """The address of its market data."""
        return f"ws://{urlsplit(self.address).netloc}/market"

    def start(self) -> None:
        """Start it, at the port that it had before if it had one."""
        port = str(urlsplit(self.address).port or 0)
        given = ["--credentials", str(self.credentials), "--store", str(self._store), "--port", port]
        command = [sys.executable, "-m", "tests.venue.server", *given, *self._arguments]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()
        assert self.address, f"the venue did not start; its exit code is {self._process.wait(PATIENCE_SECONDS)}"

    def kill(self) -> None:
        """End it with SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def do(self, command: str, **arguments: Any) -> Any:
        """One command of the admin interface, such as `do("quote", symbol="AAA", bid="99", ask="101")`."""
        connection = HTTPConnection(urlsplit(self.address).netloc, timeout=PATIENCE_SECONDS)
        try:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            connection.request("POST", f"/admin/{command}", json.dumps(arguments), headers)
            answer = connection.getresponse()
            told = json.loads(answer.read() or b"null")
            assert answer.status == 200, f"{command} {arguments}: {told}"
            return told
        finally:
            connection.close()


@contextmanager
def venue(folder: Path, *arguments: str) -> Iterator[VenueProcess]:
    """A venue started with more arguments of `python -m tests.venue.server`, until the end of the block."""
    process = VenueProcess(folder, *arguments)
    process.start()
    try:
        yield process
    finally:
        process.kill()
