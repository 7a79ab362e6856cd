"""The fencing epoch of a life: Unix milliseconds at its start, later than every one before; so no wire id repeats."""

from typing import Final

from daemon.clock import Clock
from daemon.errors import EpochNotPassed
from trading.timestamps import MILLISECOND

LONGEST_WAIT_MS: Final = 5_000


async def next_epoch(last_ms: int, clock: Clock) -> int:
    """Wait until the wall clock is past the last epoch; EpochNotPassed when that takes over five seconds."""
    ahead_ms = last_ms - clock.wall_ns() // MILLISECOND
    if ahead_ms > LONGEST_WAIT_MS:
        raise EpochNotPassed(
            f"the clock is {ahead_ms / 1_000:.1f} s behind the last start of this state",
            mend="set the clock right, or wait until it is past that start",
        )
    while (now_ms := clock.wall_ns() // MILLISECOND) <= last_ms:
        await clock.sleep((last_ms - now_ms + 1) * MILLISECOND)
    return now_ms
