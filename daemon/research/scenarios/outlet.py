"""The way of progress between processes: datagrams, each a whole message, of which the kernel keeps a few. Whoever
sends never waits; what finds no room is left out."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Self

from daemon.research.scenarios.telling import ProgressMessage, encoded, message_of

_LONGEST: Final = 128 * 1024


class Outlet:
    """A worker's end. Where nobody listens, nobody is told. `left_out` counts messages without room."""

    def __init__(self, address: str) -> None:
        self.left_out = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(0)
        with suppress(OSError), _short(Path(address)) as short:
            self._socket.connect(short)

    def __call__(self, message: ProgressMessage) -> None:
        """Send a message, or leave it out."""
        try:
            self._socket.send(encoded(message))
        except OSError:
            self.left_out += 1

    def close(self) -> None:
        """There are no more."""
        self._socket.close()


class Inlet:
    """The end of whoever runs workers: a socket in a folder that nobody else can enter."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "progress")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(0)
        with _short(Path(self.address)) as short:
            self._socket.bind(short)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def fileno(self) -> int:
        """Its descriptor, to wait for."""
        return self._socket.fileno()

    def messages(self) -> Iterator[ProgressMessage]:
        """All that are there, without waiting."""
        with suppress(BlockingIOError):
            while True:
                message = message_of(self._socket.recv(_LONGEST))
                if message is not None:
                    yield message


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """The same path by a descriptor of its folder: that of a socket may have no more than 107 bytes."""
    descriptor = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{path.name}"
    finally:
        os.close(descriptor)
