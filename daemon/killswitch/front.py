"""The socket at which people ask the watching process for a halt: one line of JSON, answered by lines.

Its own user and root may ask. Nobody is waited for: who does not have its line ready is sent away.
"""

import os
import socket
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple, Self

from daemon.killswitch.flag import plain_reason
from daemon.killswitch.wire import LONGEST_LINE, from_line, line
from daemon.net import SystemNet

CLIENT_SECONDS: Final = 0.2
_CREDENTIALS: Final = struct.Struct("3i")


class Asked(NamedTuple):
    """A halt that somebody waits for."""

    client: socket.socket
    reason: str
    cancel_orders: bool

    def answer(self, said: Iterable[str], *, done: bool) -> None:
        """Tell what was done, and whether that is all."""
        with self.client, suppress(OSError):
            self.client.sendall(b"".join(line(said=one) for one in said) + line(done=done))


class Front:
    """The listening socket; `poll` its `descriptor`."""

    def __init__(self, listener: socket.socket) -> None:
        listener.settimeout(0)
        self.descriptor = listener.fileno()
        self._listener = listener

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """Listen on a path for as long as the context lasts; SocketProblem."""
        with SystemNet().listen(path) as listener:
            yield cls(listener)

    def asked(self) -> Iterator[Asked]:
        """Those who ask by now; each is to be answered."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.settimeout(CLIENT_SECONDS)
            try:
                yield _read(client)
            except (OSError, ValueError, KeyError) as error:
                with client, suppress(OSError):
                    client.sendall(line(problem=f"not understood: {error}"))


def _read(client: socket.socket) -> Asked:
    text = client.recv(LONGEST_LINE)
    credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    if (uid := _CREDENTIALS.unpack(credentials)[1]) not in (0, os.geteuid()):
        raise ValueError(f"user {uid} may not ask")
    fields = from_line(text)
    return Asked(client, plain_reason(str(fields["reason"])), bool(fields["cancel_orders"]))
