"""The network port: everything the daemon sends or serves by a socket goes through a `Net`."""

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from daemon.errors import SocketProblem

UNIX_PATH_LIMIT = 107
"""Bytes of a Unix socket's path."""


class Net(Protocol):
    """What the daemon needs of the network."""

    def send_datagram(self, address: str, payload: bytes) -> None:
        """Send to a Unix datagram socket, at once or not at all; `@name` is an abstract one. OSError when it fails."""

    def listen(self, path: Path) -> AbstractContextManager[socket.socket]:
        """A listening Unix socket that only its owner may open, there as long as the context lasts; SocketProblem where
        that cannot be."""


class SystemNet:
    """The operating system's network."""

    def send_datagram(self, address: str, payload: bytes) -> None:
        """Send to a Unix datagram socket."""
        name = "\0" + address[1:] if address.startswith("@") else address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(0)
            sender.sendto(payload, name)

    @contextmanager
    def listen(self, path: Path) -> Iterator[socket.socket]:
        """Listen on a path, in the place of a socket that nobody listens on any more."""
        check_socket_path(path)
        _clear_stale(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            # Linux gives the file the socket's own mode, so there is no moment in which others could connect.
            os.fchmod(listener.fileno(), stat.S_IRUSR | stat.S_IWUSR)
            try:
                listener.bind(os.fspath(path))
            except OSError as error:
                raise SocketProblem(
                    f"cannot open the socket {path}: {error.strerror}", mend="make its directory exist and writable"
                ) from error
            try:
                listener.listen()
                yield listener
            finally:
                path.unlink(missing_ok=True)


def check_socket_path(path: Path) -> None:
    """SocketProblem when the path is longer than a Unix socket's may be."""
    length = len(os.fsencode(path))
    if length > UNIX_PATH_LIMIT:
        raise SocketProblem(
            f"the socket's path {path} has {length} bytes; a Unix socket's may have {UNIX_PATH_LIMIT}",
            mend=f"give `state` a path shorter by {length - UNIX_PATH_LIMIT} bytes or more",
        )


def _clear_stale(path: Path) -> None:
    """Remove the socket of a daemon that was killed; leave one that is served, and what is no socket."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise SocketProblem(f"{path} is in the socket's place and is no socket", mend="move it away")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(0)
        refused = probe.connect_ex(os.fspath(path)) == errno.ECONNREFUSED
    if not refused:
        raise SocketProblem(
            f"another process serves the socket {path}", mend="stop that daemon, or give this one another `state`"
        )
    path.unlink()
