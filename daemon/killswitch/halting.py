"""A halt from outside, by whatever answers: the flag first, then the daemon, then the process that watches it.

Nothing here waits for long on what may hang. The flag is set by a thread that is left behind when the disk gives no
answer.
"""

import errno
import threading
from collections.abc import Iterable
from pathlib import Path
from time import sleep
from typing import Any, Final, Protocol

from daemon.errors import DaemonError, DiskError, NotRunning, Unreachable
from daemon.killswitch.asking import ask_watchman
from daemon.killswitch.flag import HaltFlag
from daemon.state import HALT_NAME, WATCHMAN_LOG_NAME, WATCHMAN_SOCKET_NAME
from trading.timestamps import SECOND

DISK_SECONDS: Final = 0.5

CANCEL_SECONDS: Final = 3
"""How long a venue may take to confirm cancels before what still works is told."""

LOOK_SECONDS: Final = 0.1
MOST_NAMED: Final = 10

_LOOK: Final = "look at the venue, and at `bulkhead orders --open`; what it confirms later is booked"

HALTED: Final = "halted: no order leaves until `bulkhead resume`"


class Daemon(Protocol):
    """What is asked of a daemon; of `daemon.cli.client.Client`, which raises as that does."""

    def post(self, path: str, **body: object) -> Any:
        """Ask for something to be done."""

    def get(self, path: str, **query: str | int | None) -> Any:
        """Ask for what there is."""


def halt(state: Path, daemon: Daemon, reason: str, *, cancel_orders: bool) -> Iterable[str]:
    """Halt what runs on a state, or whatever will; what was done, in lines as it is done.

    NotRunning where no daemon runs: the next one is halted. Unreachable where the daemon gives no answer and nobody
    watches it. Another DaemonError where more was to be done than could be.
    """
    trouble = _set_flag(HaltFlag(state / HALT_NAME), reason, cancel_orders=cancel_orders)
    try:
        status = daemon.post("/v1/halt", reason=reason, cancel_orders=cancel_orders)
    except DaemonError as error:
        yield from _without_the_daemon(state, trouble, error, reason, cancel_orders=cancel_orders)
    else:
        if trouble is not None:
            yield f"{trouble}; the halt is in the journal all the same"
        yield HALTED
        if cancel_orders:
            _see_them_cancelled(daemon, status["feed"]["time"])


def still_set(state: Path) -> bool:
    """Whether there is a flag, and it is set."""
    flag = HaltFlag(state / HALT_NAME)
    halt = flag.look()
    flag.close()
    return halt is not None and bool(halt.set_ns)


def _see_them_cancelled(daemon: Daemon, halted_at: str) -> None:
    """Return once nothing works that was to be cancelled; DaemonError where some of it goes on for too long.

    What came after the halt reduces a position, and was not to be cancelled.
    """
    from daemon.clock import SystemClock  # noqa: PLC0415  (heavy; a halt comes first)

    clock = SystemClock()
    try:
        until_ns = clock.monotonic_ns() + CANCEL_SECONDS * SECOND
        working = _working(daemon, halted_at)
        while working and clock.monotonic_ns() < until_ns:
            sleep(LOOK_SECONDS)
            working = _working(daemon, halted_at)
    except DaemonError as error:
        raise DaemonError(f"halted, but whether its orders are cancelled is not known: {error}", mend=_LOOK)
    if working:
        named = [f"{order_id} ({state.replace('_', ' ')})" for order_id, state in working.items()][:MOST_NAMED]
        more = f" and {len(working) - len(named)} more" if len(working) > len(named) else ""
        what = "1 order still works" if len(working) == 1 else f"{len(working)} orders still work"
        raise DaemonError(f"halted, but {what}: {', '.join(named)}{more}", mend=_LOOK)


def _working(daemon: Daemon, halted_at: str) -> dict[str, str]:
    """The states of the orders from before the halt that may still fill, by their ids."""
    return {
        order["order_id"]: order["state"]
        for order in daemon.get("/v1/orders", open="true", limit=10_000)
        if order["created_at"].rstrip("Z") <= halted_at.rstrip("Z")
    }


def _without_the_daemon(
    state: Path, trouble: DiskError | None, error: DaemonError, reason: str, *, cancel_orders: bool
) -> Iterable[str]:
    if trouble is None:
        yield "the halt flag is set"
    try:
        answer = ask_watchman(state / WATCHMAN_SOCKET_NAME, reason, cancel_orders=cancel_orders)
    except DaemonError as unwatched:
        raise _alone(state, trouble, error, unwatched)
    yield f"{error}; the process that watches it was asked:"
    yield from answer.said
    if not answer.is_done:
        raise DaemonError("halted, but not all is done", mend=f"look at the venue, and at {state / WATCHMAN_LOG_NAME}")
    yield HALTED


def _alone(state: Path, trouble: DiskError | None, error: DaemonError, unwatched: DaemonError) -> DaemonError:
    """What is told where neither the daemon nor its watching process does anything."""
    if not isinstance(error, NotRunning):
        if trouble is not None:
            return Unreachable(f"NOT halted: {trouble}; {error}; {unwatched}", mend=error.mend)
        return Unreachable(
            f"{error}; {unwatched}. It halts as soon as it looks at the flag",
            mend="one that hangs for good is to be killed, which loses nothing; it starts halted",
        )
    if trouble is None:
        return NotRunning(
            f"{error}. One that starts here is halted, and does then what was asked",
            mend="orders that it left at a venue work on until it starts, or until you cancel them there",
        )
    if trouble.errno == errno.ENOENT:
        return NotRunning(f"nothing is halted: there is no state {state}, so no daemon ever ran on it", mend=error.mend)
    return DiskError(f"{trouble}; {error}", errno=trouble.errno, mend=trouble.mend)


def _set_flag(flag: HaltFlag, reason: str, *, cancel_orders: bool) -> DiskError | None:
    """Set it; why it may not be, where it may not."""
    outcome: list[DiskError | None] = []

    def work() -> None:
        try:
            flag.set(reason, cancel_orders=cancel_orders)
            flag.sync()
        except DiskError as error:
            outcome.append(error)
        else:
            outcome.append(None)
        finally:
            flag.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(DISK_SECONDS)
    if not outcome:
        return DiskError(
            f"cannot set the halt flag {flag.path}: the disk gives no answer",
            errno=errno.EIO,
            mend="look at the kernel's log, and stop trading at the venue",
        )
    return outcome[0]
