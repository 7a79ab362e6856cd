"""Strategies for the tests of children: each does at its first quote what no strategy should, or looks around."""

import contextlib
import faulthandler
import json
import logging
import os
import signal
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

from daemon.hosts.wire import LONGEST_FRAME
from trading.market_data import Quote
from trading.strategy import Strategy


class Odd(Strategy):
    """Buys one whenever the bid is odd."""

    symbol: str

    def start(self) -> None:
        self.quotes = 0

    def on_quote(self, quote: Quote) -> None:
        self.quotes += 1
        if quote.bid % 2:
            self.buy(self.symbol, 1)


class Acts(Strategy):
    """Does one thing at every quote; `where` is a file that it may write to."""

    symbol: str
    what: str = ""
    where: str = ""

    def on_quote(self, quote: Quote) -> None:
        getattr(self, f"_{self.what}")()

    # Endings.

    def _exit(self) -> None:
        os._exit(3)

    def _buy_or_exit(self) -> None:
        self.asked = getattr(self, "asked", 0) + 1
        if self.asked > 3:
            os._exit(3)
        self.buy(self.symbol, Decimal(self.asked))

    def _kill(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def _real_time_signal(self) -> None:
        os.kill(os.getpid(), signal.SIGRTMIN + 1)

    def _crash(self) -> None:
        faulthandler._sigsegv()  # type: ignore[attr-defined]

    def _write_garbage(self) -> None:
        os.write(socket_to_the_supervisor(), b"\x04\0\0\0what")

    def _announce_too_much(self) -> None:
        os.write(socket_to_the_supervisor(), (LONGEST_FRAME + 1).to_bytes(4, "little"))

    def _hang_up(self) -> None:
        half_closed = socket.socket(fileno=socket_to_the_supervisor())
        half_closed.shutdown(socket.SHUT_WR)
        signal.pause()

    def _spin(self) -> None:
        self._note(os.getpid())
        while True:
            pass

    # Offspring.

    def _breed(self) -> None:
        self._note([os.getpid(), *breed(leave_group, leave_group, stay, double_fork)])

    def _breed_group(self) -> None:
        self._note([os.getpid(), *breed(stay)])

    def _breed_and_exit(self) -> None:
        self._breed()
        os._exit(0)

    # What there is to see, and to say.

    def _look_around(self) -> None:
        self._note({
            "environ": dict(os.environ),
            "modules": sorted(sys.modules),
            "descriptors": sorted(open_descriptors()),
            "session": os.getsid(0) == os.getpid(),
            "stdin": str(Path("/proc/self/fd/0").readlink()),
            "wakeup": signal.set_wakeup_fd(-1),
            "on_its_childs_end": signal.getsignal(signal.SIGCHLD),
            "name": Path("/proc/self/comm").read_text().strip(),
        })  # fmt: skip

    def _speak(self) -> None:
        print("printed \N{SNOWMAN}")
        sys.stderr.write("told\n")
        try:
            raise LookupError("caught")
        except LookupError:
            logging.getLogger("mine").exception("logged")
        raise ZeroDivisionError("not caught")

    def _note(self, found: object) -> None:
        """All of it or nothing, for whoever waits for it."""
        draft = Path(f"{self.where}.draft")
        draft.write_text(json.dumps(found))
        draft.rename(self.where)


def open_descriptors() -> Iterator[int]:
    for descriptor in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        with contextlib.suppress(OSError):  # the one that listed them
            os.fstat(descriptor)
            yield descriptor


def socket_to_the_supervisor() -> int:
    (found,) = (one for one in open_descriptors() if stat.S_ISSOCK(os.fstat(one).st_mode))
    return found


def breed(*ways: Callable[[], None]) -> list[int]:
    """A process for each way of leaving home; all of them have gone it by the time that their ids are known."""
    reading, writing = os.pipe()
    for way in ways:
        if os.fork() == 0:
            way()
            os.write(writing, b"%d\n" % os.getpid())
            while True:
                signal.pause()
    with os.fdopen(reading) as pids:
        return [int(pids.readline()) for _ in ways]


def stay() -> None:
    """In the group."""


def leave_group() -> None:
    os.setsid()


def double_fork() -> None:
    """As daemons do: the parent ends, and nobody seems to be the parent."""
    os.setsid()
    if os.fork():
        os._exit(0)


class Unmade(Strategy):
    """Cannot be made."""

    symbol: str

    def __init__(self, *_: object) -> None:
        raise OSError("no room")


class Leaving(Strategy):
    """Would rather leave."""

    symbol: str

    def __init__(self, *_: object) -> None:
        raise SystemExit(3)
