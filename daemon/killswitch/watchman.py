"""The process that watches the daemon: `python -P -m daemon.killswitch.watchman <channel> <pidfd>`.

It has loaded what it needs to cancel at the venue before the daemon trades, and afterwards needs nothing that can hang:
no event loop, no thread, no disk. It ends the daemon, sets the halt flag and cancels when the daemon gives no sign, or
does not follow a halt; a daemon that said goodbye it lets go.
"""

import resource
import select
import signal
import socket
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from daemon.errors import SocketProblem
from daemon.killswitch.cancelling import Canceller, Cancelling, load_canceller
from daemon.killswitch.emergency import FLAG_SECONDS, end_and_cancel, set_apart
from daemon.killswitch.flag import HaltFlag
from daemon.killswitch.front import Asked, Front
from daemon.killswitch.notes import Notes
from daemon.killswitch.vigil import Vigil
from daemon.killswitch.ward import Ward
from daemon.killswitch.wire import (
    BUSY,
    ECHO,
    GOODBYE,
    LONGEST_PACKET,
    READY,
    REFUSED,
    Beat,
    Watching,
    to_beat,
    to_watch,
)

SECOND_NS: Final = 1_000_000_000
TICK_MS: Final = 100
GAP_NS: Final = 2 * TICK_MS * 1_000_000
"""The most that counts of a silence in which this process did not look itself."""

DEFIANCE_SECONDS: Final = 3.0
"""How long the flag may be set while the daemon lives and does not say that it has halted."""

ACKNOWLEDGING_SECONDS: Final = 1.0
"""How long it may take when somebody here waits for it."""

LEAVING_SECONDS: Final = 10.0
"""How long the daemon may live on after it has closed its end without a goodbye: what fails takes time to end."""

_NAME: Final = b"bulkhead-watch"


def main() -> None:
    """Watch until the daemon is gone."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # they are meant for the daemon, whose goodbye ends this
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # what a canceller has read of a key stays here
    with suppress(OSError):
        Path("/proc/self/comm").write_bytes(_NAME)
    notes = Notes(lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    channel = socket.socket(fileno=int(sys.argv[1]))
    with ExitStack() as resources:
        try:
            watch = to_watch(channel.recv(LONGEST_PACKET))
            flag = HaltFlag(Path(watch.flag))
            if not flag.lock():
                channel.send(BUSY)
                return
            watchman = Watchman(
                watching=watch.watching,
                channel=channel,
                front=resources.enter_context(Front.open(Path(watch.socket))),
                ward=Ward(watch.pid, int(sys.argv[2])),
                flag=flag,
                canceller=load_canceller(watch.watching.canceller),
                notes=notes,
            )
        except (OSError, LookupError, ValueError, TypeError, SocketProblem) as error:
            with suppress(OSError):
                channel.send(REFUSED + str(error).encode())
            return
        watchman.run()


class Watchman:
    """Hears the daemon's heart, and people who want a halt."""

    def __init__(
        self,
        *,
        watching: Watching,
        channel: socket.socket,
        front: Front,
        ward: Ward,
        flag: HaltFlag,
        canceller: Canceller,
        notes: Notes,
    ) -> None:
        self._watching = watching
        self._channel = channel
        self._front = front
        self._ward = ward
        self._flag = flag
        self._canceller = canceller
        self._notes = notes
        self._beat = Beat(0, 0, halted=False)
        self._silence = _vigil(watching.silence_seconds)
        self._defiance = _vigil(DEFIANCE_SECONDS)
        self._leaving = _vigil(LEAVING_SECONDS)
        self._is_leaving = False
        self._is_let_go = False
        self._intervened_at = 0
        self._starved_ns = ward.starved_ns()
        self._poll = select.poll()
        channel.settimeout(0)
        for descriptor in (channel.fileno(), front.descriptor, ward.descriptor):
            if descriptor >= 0:
                self._poll.register(descriptor, select.POLLIN)

    def run(self) -> None:
        """Watch to the end, whichever it is."""
        self._notes.say("info", f"watching process {self._ward.pid}")
        with suppress(OSError):  # a daemon that is gone by now is one that crashed
            self._channel.send(READY)
        while not self._is_let_go:
            self._notes.write()
            self._intervened_at = len(self._notes.said)
            self._poll.poll(TICK_MS)
            self._hear()
            if self._is_let_go:
                self._notes.say("info", "the daemon said goodbye")
            elif self._ward.is_gone():
                self._see_to_what_it_left()
            elif reason := self._fault():
                self._step_in(reason)
            for asked in self._front.asked():
                self._answer(asked)
        self._notes.write()

    def _hear(self) -> None:
        """Take in what the daemon has said by now."""
        while not self._is_leaving:
            try:
                packet = self._channel.recv(LONGEST_PACKET)
            except BlockingIOError:
                return
            except ConnectionError:
                packet = b""
            now_ns = time.monotonic_ns()
            if not packet:
                self._is_leaving = True
                self._poll.unregister(self._channel)
                self._leaving.heard(now_ns)
            elif packet == GOODBYE:
                self._is_let_go = True
            elif beat := to_beat(packet):
                self._beat = beat
                self._silence.heard(now_ns)
                with suppress(OSError):  # whether it wants to know is its own affair
                    self._channel.send(ECHO)

    def _fault(self) -> str:
        """Why the daemon is not to be left alone any longer; empty where it may be."""
        now_ns = time.monotonic_ns()
        if self._is_leaving:
            if self._leaving.look(now_ns):
                return f"the daemon went without a goodbye and is still there after {LEAVING_SECONDS:g} s"
            return ""
        before_ns, self._starved_ns = self._starved_ns, self._ward.starved_ns()
        if self._silence.look(now_ns, self._starved_ns - before_ns):
            return f"the daemon gave no sign for {self._silence.silent_ns / SECOND_NS:.1f} s{self._last_seen()}"
        if self._flag.look() is None or self._beat.halted:
            self._defiance.heard(now_ns)
        elif self._defiance.look(now_ns):
            return f"the halt flag is set, and the daemon did not follow it within {DEFIANCE_SECONDS:g} s"
        return ""

    def _last_seen(self) -> str:
        return f" after event {self._beat.events} and journal record {self._beat.sequence}"

    # What is done.

    def _see_to_what_it_left(self) -> None:
        """The daemon ended by itself, or was killed by somebody else."""
        self._is_let_go = True
        halt = self._flag.look()
        wanted = halt is not None and halt.cancel_orders
        if self._watching.on_crash == "leave" and not wanted:
            self._notes.say("warning", f"the daemon ended without a goodbye{self._last_seen()}; its orders are left")
            return
        why = "as the halt asked for" if wanted else "as `on_crash` says"
        self._notes.say("error", f"the daemon ended without a goodbye{self._last_seen()}; cancelling, {why}")
        if not self._begin_cancelling().finish():
            self._notes.say("error", "given up: orders may still work; cancel them at the venue")

    def _step_in(self, reason: str) -> bool:
        """End the daemon and cancel; whether both are done."""
        self._is_let_go = True
        outcome = end_and_cancel(
            reason,
            ward=self._ward,
            flag=self._flag,
            begin_cancelling=self._begin_cancelling,
            cancel_plainly=lambda: self._canceller(self._watching.options),
            notes=self._notes,
        )
        return outcome.ended and outcome.cancelled

    def _begin_cancelling(self) -> Cancelling:
        return Cancelling(self._canceller, self._watching.options, self._notes)

    def _answer(self, asked: Asked) -> None:
        """Do what one asks, and tell it what was done."""
        before = len(self._notes.said)
        done = self._is_let_go or self._halt(asked)
        asked.answer(self._notes.said[min(before, self._intervened_at) :], done=done)

    def _halt(self, asked: Asked) -> bool:
        """Have the daemon halt, or end it; whether all is done."""
        self._notes.say("warning", f"told to halt: {asked.reason}")
        set_apart(self._flag, self._notes, asked.reason, cancel_orders=asked.cancel_orders).wait(FLAG_SECONDS)
        self._beat = self._beat._replace(halted=False)  # of a beat before it was told, nothing follows
        waiting = _vigil(ACKNOWLEDGING_SECONDS)
        while not (self._has_followed() or self._has_left() or waiting.look(time.monotonic_ns())):
            self._poll.poll(TICK_MS / 4)
            self._hear()
        if self._is_let_go:
            self._notes.say("info", "the daemon said goodbye")
            return not asked.cancel_orders or self._begin_cancelling().finish()
        if self._beat.halted:
            self._notes.say("info", "the daemon has halted")
            return True
        if self._ward.is_gone():
            return self._step_in("the daemon ended before it had halted")
        return self._step_in(f"the daemon did not acknowledge the halt within {ACKNOWLEDGING_SECONDS:g} s")

    def _has_left(self) -> bool:
        return self._is_let_go or self._ward.is_gone()

    def _has_followed(self) -> bool:
        """Whether the daemon says that it has halted, and what was to be cancelled is seen to."""
        halt = self._flag.look()
        return self._beat.halted and not (halt is not None and halt.cancel_orders)


def _vigil(seconds: float) -> Vigil:
    return Vigil(patience_ns=int(seconds * SECOND_NS), gap_ns=GAP_NS, now_ns=time.monotonic_ns())


if __name__ == "__main__":
    main()
