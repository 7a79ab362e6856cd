"""What the forkserver and its children are given to begin with: a program, an environment, a socket, a log."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from io import FileIO
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from daemon.errors import ProcessNotStarted

LARGEST_LOG_BYTES: Final = 8 * 2**20
"""A log over this size is put aside when the next child writes to it."""

_TREE: Final = Path(__file__).resolve().parents[2]
_PASSED_ON: Final = {"PATH", "HOME", "LANG", "TZ", "TMPDIR", "VIRTUAL_ENV", "PYTHONHASHSEED"}
_SOCKET_BYTES: Final = 256 * 1024


class Program(NamedTuple):
    """A module that is a forkserver, what it is called with after its socket, and what its environment has beside what
    may be passed on."""

    module: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = MappingProxyType({})


STRATEGIES: Final = Program("daemon.hosts.forkserver")
"""Whose children keep a container each."""


def start_forkserver(
    environ: Mapping[str, str], program: Program = STRATEGIES
) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """The forkserver with what may be passed on of an environment, and our end of its socket; ProcessNotStarted."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(0)
    descriptor = theirs.fileno()
    with theirs:
        try:
            # -P keeps the working directory, where anything may lie, off the path of imports; this tree is named.
            process = subprocess.Popen(  # noqa: S603  (the daemon's own program)
                (sys.executable, "-P", "-m", program.module, str(descriptor), *program.arguments),
                env={**environment(environ), **program.environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(descriptor,),
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise ProcessNotStarted(f"cannot start {sys.executable}: {error.strerror}")
    return process, ours


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What processes that run strategies' code may see of an environment: nothing in which a secret could be."""
    passed_on = {name: value for name, value in environ.items() if name in _PASSED_ON or name.startswith("LC_")}
    return {**passed_on, "PYTHONPATH": os.pathsep.join(filter(None, (str(_TREE), environ.get("PYTHONPATH"))))}


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Our end of a child's socket, which never blocks, and the child's; ProcessNotStarted."""
    try:
        ours, theirs = socket.socketpair()
    except OSError as error:
        raise ProcessNotStarted(f"no socket for another child: {error.strerror}")
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BYTES)
    ours.settimeout(0)
    return ours, theirs


def open_log(log: Path) -> FileIO:
    """A log to add to, which only its owner may read; OSError."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > LARGEST_LOG_BYTES:
            log.replace(log.with_name(f"{log.name}.1"))
    return FileIO(log, "ab", opener=lambda path, flags: os.open(path, flags, 0o600))
