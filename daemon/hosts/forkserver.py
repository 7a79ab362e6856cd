"""The process that children are forked from: `python -P -m daemon.hosts.forkserver <descriptor>`.

It has imported what every child needs and no strategy's code, so a child begins at once, shares those pages and gets
nothing from another. It never has a second thread.

Nothing of a child outlives it. Each child is the reaper of its own orphans, and this process is the children's; so a
process that ends up here without being a child of ours was left behind by one that has ended, and is killed, also when
it had left its group and session. When the supervisor is gone, everything is killed. When this process itself is
killed, the kernel kills the children; only processes that they had started themselves may then live on.
"""

import ctypes
import faulthandler
import gc
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import trading.indicators  # noqa: F401  so that strategies, nearly all of which use them, share them
from daemon.hosts import child
from daemon.hosts.wire import (
    Ended,
    FromForkserver,
    NotSpawned,
    Ready,
    Signal,
    Spawn,
    Spawned,
    encoded,
    to_forkserver,
)
from daemon.watch import logs

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36
_LIBC: Final = ctypes.CDLL(None, use_errno=True)

_LONGEST_REQUEST: Final = 4096
_OFFSPRING: Final = Path("/proc/thread-self/children")
_DESCRIPTORS: Final = Path("/proc/self/fd")


Serve = Callable[[socket.socket], None]
"""What a child does, with its end of its socket."""


def main(serve: Serve = child.serve) -> None:
    """Fork children until the supervisor is gone."""
    for meant_for_the_daemon in (signal.SIGINT, signal.SIGTERM):
        signal.signal(meant_for_the_daemon, _let_pass)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # a child is asked for its stack before it can show it
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    offspring = Offspring(socket.socket(fileno=int(sys.argv[1])), serve)
    gc.collect()
    gc.freeze()  # a collection in a child would write to every page that it shares
    offspring.run()
    offspring.close()
    os._exit(0)


class Offspring:
    """The children that live, by their process ids."""

    def __init__(self, channel: socket.socket, serve: Serve) -> None:
        self._channel = channel
        self._serve = serve
        self._pid = os.getpid()
        self._children: set[int] = set()

    def run(self) -> None:
        """Do what is asked and tell who ends, until nobody asks any more."""
        poll, woken = select.poll(), _woken_by(signal.SIGCHLD)
        poll.register(woken, select.POLLIN)
        poll.register(self._channel, select.POLLIN)
        self._say(Ready())
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == woken:
                    os.read(woken, 4096)
                    self._bury()
                elif not self._do_what_is_asked():
                    return

    def close(self) -> None:
        """End every child and all that they left behind."""
        while left := _offspring() | self._children:
            for pid in left:
                self._kill(pid)
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            self._bury()

    def _do_what_is_asked(self) -> bool:
        """One request; False when there will be no more."""
        try:
            request, descriptors, _, _ = socket.recv_fds(self._channel, _LONGEST_REQUEST, 2, socket.MSG_CMSG_CLOEXEC)
        except ConnectionError:
            return False
        if not request:
            return False
        match to_forkserver(request):
            case Spawn(strategy):
                channel, log = descriptors
                self._spawn(strategy, channel, log)
            case Signal(pid, number) if pid in self._children:  # not yet reaped, so the number is still its own
                self._kill(pid) if number == signal.SIGKILL else os.kill(pid, number)
        return True

    def _spawn(self, strategy: str, channel: int, log: int) -> None:
        try:
            pid = os.fork()
        except OSError as error:
            self._say(NotSpawned(f"no process can be forked: {error.strerror}"))
        else:
            if pid == 0:
                _live(self._serve, lambda: _settle(strategy, channel, log, self._pid))
            self._children.add(pid)
            self._say(Spawned(pid))
        os.close(channel)
        os.close(log)

    def _bury(self) -> None:
        """Reap whoever has ended, then kill what they left behind."""
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = ended
                if pid in self._children:
                    self._children.remove(pid)
                    self._say(Ended(pid, os.waitstatus_to_exitcode(status)))
        for stray in _offspring() - self._children:
            self._kill(stray)

    def _kill(self, pid: int) -> None:
        """Kill a process that is not reaped yet, and its group, where it leads one."""
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)

    def _say(self, message: FromForkserver) -> None:
        with suppress(ConnectionError):  # that the supervisor is gone is noticed where it is listened to
            self._channel.send(encoded(message))


def _offspring() -> set[int]:
    """Everyone whose parent is this process; nobody where the kernel does not tell."""
    try:
        return set(map(int, _OFFSPRING.read_text().split()))
    except FileNotFoundError:
        return set()


def _woken_by(number: signal.Signals) -> int:
    """A descriptor that can be read once the signal has come."""
    woken, waking = os.pipe()
    os.set_blocking(waking, False)
    signal.signal(number, _let_pass)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    return woken


def _let_pass(_number: int, _frame: FrameType | None) -> None:
    """A handler where SIG_IGN would do, because what is ignored stays ignored in programs that a strategy runs."""


def _prctl(option: int, value: int) -> None:
    if _LIBC.prctl(ctypes.c_int(option), ctypes.c_ulong(value), *(ctypes.c_ulong(0),) * 3) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


# In the child.


def _live(serve: Serve, settle: Callable[[], socket.socket]) -> NoReturn:
    """A child's whole life."""
    exit_code = 1
    try:
        serve(settle())
        exit_code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):  # of whatever a strategy has made of it
                stream.flush()
        os._exit(exit_code)  # threads that a strategy left behind are not waited for


def _settle(strategy: str, channel: int, log: int, parent: int) -> socket.socket:
    """Make a process of its own of what was just forked; its end of the socket."""
    os.setsid()
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended in between
        os._exit(1)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    Path("/proc/self/comm").write_bytes(strategy.encode())  # what `ps` and `top` show
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(log, 1)
    os.dup2(log, 2)
    _close_all_but({0, 1, 2, channel})
    sys.stdout, sys.stderr = (
        os.fdopen(descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace") for descriptor in (1, 2)
    )
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)
    logs.set_up(sys.stderr)
    return socket.socket(fileno=channel)


def _close_all_but(kept: set[int]) -> None:
    for descriptor in [int(path.name) for path in _DESCRIPTORS.iterdir()]:
        if descriptor not in kept:
            with suppress(OSError):  # the one that listed them is closed already
                os.close(descriptor)


if __name__ == "__main__":
    main()
