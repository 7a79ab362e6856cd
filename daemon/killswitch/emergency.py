"""What is done where the daemon cannot be relied upon: it is ended, the flag is set, and its orders are cancelled.

The daemon is frozen first and killed only when the flag stands and the first attempt at the venue is through, or half a
second has passed. A service manager starts a killed daemon again within milliseconds, and the new one must find the
flag; and where the daemon is the first process of a container or a unit, its end may take this process with it.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from daemon.killswitch.cancelling import Cancelling
from daemon.killswitch.errands import Errand
from daemon.killswitch.flag import HaltFlag
from daemon.killswitch.notes import Notes
from daemon.killswitch.ward import Ward

FIRST_ATTEMPT_SECONDS: Final = 0.5
FLAG_SECONDS: Final = 0.25
"""How long a daemon that is frozen is spared for the first attempt, and then for the flag."""

ENDING_SECONDS: Final = 1.0
"""How long a killed process may take to be gone."""

DISK_SECONDS: Final = 30.0
"""How long the flag is tried for."""


class Outcome(NamedTuple):
    """Whether the daemon is gone, and whether its orders are cancelled."""

    ended: bool
    cancelled: bool


def set_apart(flag: HaltFlag, notes: Notes, reason: str, *, cancel_orders: bool) -> Errand:
    """Set the flag and write the notes in a child, as both touch a disk that may hang."""

    write_notes = notes.handed_over()

    def work() -> list[str]:
        try:
            flag.set(reason, cancel_orders=cancel_orders)
            flag.sync()
        finally:
            write_notes()
        return []

    return Errand(work, DISK_SECONDS)


def end_and_cancel(
    reason: str,
    *,
    ward: Ward,
    flag: HaltFlag,
    begin_cancelling: Callable[[], Cancelling],
    cancel_plainly: Callable[[], object],
    notes: Notes,
) -> Outcome:
    """End the daemon, keep the next one from trading, and cancel at the venue.

    Should anything go wrong on the way that nobody has thought of, it is killed and cancelled for all the same.
    """
    try:
        return _in_good_order(reason, ward, flag, begin_cancelling, notes)
    except Exception as error:
        ward.kill()
        notes.say("error", f"{reason}: killed process {ward.pid}; on the way: {type(error).__name__}: {error}")
        try:
            cancel_plainly()
        except Exception as failure:
            notes.say("error", f"cancelling at the venue failed: {type(failure).__name__}; cancel there by hand")
            return Outcome(ended=ward.is_gone(ENDING_SECONDS), cancelled=False)
        return Outcome(ended=ward.is_gone(ENDING_SECONDS), cancelled=True)


def _in_good_order(
    reason: str, ward: Ward, flag: HaltFlag, begin_cancelling: Callable[[], Cancelling], notes: Notes
) -> Outcome:
    ward.freeze()
    notes.say("error", f"{reason}: process {ward.pid} is ended, and its orders are cancelled at the venue")
    cancelling = begin_cancelling()
    setting = set_apart(flag, notes, reason, cancel_orders=True)
    cancelling.wait_for_first(FIRST_ATTEMPT_SECONDS)
    setting.wait(FLAG_SECONDS)
    ward.kill()
    cancelled = cancelling.finish()
    told = setting.wait(FLAG_SECONDS)
    if told is None or told.problem:
        problem = "the disk gives no answer" if told is None else told.problem
        notes.say("error", f"the halt flag may not be set: {problem}")
    if not cancelled:
        notes.say("error", "given up: orders may still work; cancel them at the venue")
    ended = ward.is_gone(ENDING_SECONDS)
    if not ended:
        notes.say(
            "error",
            f"process {ward.pid} cannot be ended: the first process of a container needs an init above it; "
            "and one that waits for a device ends when that answers",
        )
    notes.write()
    return Outcome(ended=ended, cancelled=cancelled)
