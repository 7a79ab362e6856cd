"""How many calls the venue takes in each window of time, and what becomes of a client that goes on nevertheless."""

from typing import Final

from trading.timestamps import SECOND

BAN_NS: Final = 120 * SECOND
"""How long a client is banned that came too often too often."""

_STRIKES: Final = 10


class RateLimiter:
    """At most so many calls in each `per_ns`, none where `most` is None; windows begin at whole multiples of it."""

    def __init__(self, most: int | None = None, per_ns: int = SECOND) -> None:
        self.most, self.per_ns = most, per_ns
        self._window = (0, 0)
        self._strikes = 0
        self._banned_until_ns = 0

    def refuse(self, now_ns: int) -> tuple[int, int] | None:
        """Count a call; the status and the seconds to wait where it is one too many."""
        if now_ns < self._banned_until_ns:
            return 418, _seconds(self._banned_until_ns - now_ns)
        if self.most is None:
            return None
        begin_ns = now_ns - now_ns % self.per_ns
        used = self._window[1] + 1 if self._window[0] == begin_ns else 1
        self._window = (begin_ns, used)
        if used <= self.most:
            self._strikes = 0
            return None
        self._strikes += 1
        if self._strikes > _STRIKES:
            self._banned_until_ns = now_ns + BAN_NS
            return 418, _seconds(BAN_NS)
        return 429, _seconds(begin_ns + self.per_ns - now_ns)


def _seconds(duration_ns: int) -> int:
    return -(-duration_ns // SECOND)
