"""One watching process as the daemon has hold of it: its start, what it says, its end."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from daemon.clock import Clock
from daemon.errors import DaemonError, ProcessNotStarted
from daemon.hosts.launch import environment, open_log
from daemon.killswitch.vigil import Vigil
from daemon.killswitch.wire import BUSY, ECHO, GOODBYE, LONGEST_PACKET, READY, REFUSED, Watch, watch_packet
from trading.timestamps import MILLISECOND, SECOND

READY_SECONDS: Final = 10.0
"""How long it may take to begin."""

LEAVING_SECONDS: Final = 2.0
"""How long it may take to end after a goodbye."""

_KILLED_SECONDS: Final = 0.5
_ECHO_NS: Final = 2 * SECOND
_GAP_NS: Final = 500 * MILLISECOND
_CERTIFICATES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")


class Busy(DaemonError):
    """Another watching process is still at work on this state."""


class Life:
    """From `begin` to `say_goodbye` or `abandon`. `lost` says how it ended before, empty while it lives."""

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket, clock: Clock) -> None:
        self.lost = ""
        self._process = process
        self._channel = channel
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._first_word: asyncio.Future[bytes] = self._loop.create_future()
        self._vigil = Vigil(patience_ns=_ECHO_NS, gap_ns=_GAP_NS, now_ns=clock.monotonic_ns())
        self._loop.add_reader(channel, self._hear)

    @classmethod
    async def begin(cls, watch: Watch, log: Path, environ: Mapping[str, str], clock: Clock) -> "Life":
        """A process that watches; Busy, or ProcessNotStarted with why there is none."""
        life = cls(*_started(log, environ), clock)
        try:
            life._channel.send(watch_packet(watch))
            async with asyncio.timeout(READY_SECONDS):
                word = await life._first_word
        except TimeoutError:
            life.bury()
            raise ProcessNotStarted(f"the watching process did not begin within {READY_SECONDS:g} s", mend=f"see {log}")
        except OSError as error:
            life.bury()
            raise ProcessNotStarted(f"the watching process cannot be told what to watch: {error.strerror}")
        except BaseException:
            life.bury()
            raise
        if word == READY:
            life._vigil.heard(clock.monotonic_ns())
            return life
        life.bury()
        if word == BUSY:
            raise Busy("another watching process is at work on this state", mend="wait until it is done")
        why = word.removeprefix(REFUSED).decode("utf-8", "replace") or "it ended at once"
        raise ProcessNotStarted(f"the watching process did not begin: {why}", mend=f"see {log}")

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def send(self, packet: bytes) -> None:
        """Send a packet; where it cannot go, that is seen by `look`."""
        with suppress(OSError):
            self._channel.send(packet)

    def look(self) -> str:
        """How it was lost, in words; one that gives no sign is lost too."""
        if not self.lost and self._vigil.look(self._clock.monotonic_ns()):
            self.lost = f"it gave no sign for {_ECHO_NS / SECOND:g} s"
        return self.lost

    async def say_goodbye(self) -> None:
        """Let it end, touching nothing."""
        self.send(GOODBYE)
        self._close()
        try:
            await asyncio.to_thread(self._process.wait, LEAVING_SECONDS)
        except subprocess.TimeoutExpired:
            self.bury()

    def abandon(self) -> None:
        """Leave it without a word: it sees to what is left behind."""
        self._close()

    def bury(self) -> None:
        """End what is left of it."""
        self._close()
        self._process.kill()  # it is ours and not reaped, so the number is still its own
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILLED_SECONDS)

    def _close(self) -> None:
        self._loop.remove_reader(self._channel)
        self._channel.close()

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            while packet := self._packet():
                if packet == ECHO:
                    self._vigil.heard(self._clock.monotonic_ns())
                elif not self._first_word.done():
                    self._first_word.set_result(packet)
            self.lost = self.lost or "it has ended"
            self._loop.remove_reader(self._channel)
            if not self._first_word.done():
                self._first_word.set_result(b"")

    def _packet(self) -> bytes:
        try:
            return self._channel.recv(LONGEST_PACKET)
        except ConnectionError:
            return b""


def _started(log: Path, environ: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(0)
    certificates = {name: environ[name] for name in _CERTIFICATES if name in environ}
    output = _log_or_nowhere(log)
    ward = _ourselves()
    passed = tuple(descriptor for descriptor in (theirs.fileno(), ward) if descriptor >= 0)
    try:
        process = subprocess.Popen(  # noqa: S603  (the daemon's own program)
            (sys.executable, "-P", "-m", "daemon.killswitch.watchman", str(theirs.fileno()), str(ward)),
            env={**environment(environ), **certificates},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=passed,
            start_new_session=True,  # ^C on a terminal is for the daemon
        )
    except OSError as error:
        ours.close()
        raise ProcessNotStarted(f"cannot start {sys.executable}: {error.strerror}")
    finally:
        theirs.close()
        for descriptor in (ward, output):
            if descriptor >= 0:
                os.close(descriptor)
    return process, ours


def _ourselves() -> int:
    """A descriptor that means this process for ever; -1 where the kernel has none."""
    try:
        return os.pidfd_open(os.getpid())
    except OSError:
        return -1


def _log_or_nowhere(log: Path) -> int:
    """A descriptor to write to; what cannot be written keeps nobody from trading."""
    try:
        with open_log(log) as file:
            return os.dup(file.fileno())
    except OSError:
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
