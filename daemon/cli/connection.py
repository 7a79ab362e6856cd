"""HTTP over a Unix socket."""

import os
import socket
from http.client import HTTPConnection
from pathlib import Path


class UnixConnection(HTTPConnection):
    """A connection to the daemon's socket."""

    def __init__(self, path: Path, timeout_seconds: float) -> None:
        super().__init__("bulkhead", timeout=timeout_seconds)
        self._path = path

    def connect(self) -> None:
        """Connect; OSError where nobody listens."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(os.fspath(self._path))
