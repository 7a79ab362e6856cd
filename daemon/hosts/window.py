"""How much is sent to a free child ahead of what it has heard.

It must be enough that one that is quick never runs dry between two signs, and so little that what waits for a slow one
is still here, to be conflated. How long the supervisor itself takes to come to a sign says nothing of the child.
"""

from collections import deque
from typing import Final, NamedTuple

LEAST, FIRST, MOST = 64, 1024, 4096
"""Events and reports for one that is slow, for one that nothing is known of, and for any."""

SLOW_SECONDS: Final = 0.1
SLOW_PASSES: Final = 3
"""A frame that is not heard for so long, nor in so many passes of the loop, is with a slow child."""


class Sent(NamedTuple):
    """A frame that went out: how long it is, when and in which pass it went, and whether a sign is to come of it."""

    length: int
    at: float
    turn: int
    sign: bool


class Window:
    """What was sent and not heard. Times are the loop's."""

    def __init__(self) -> None:
        self._sent: deque[Sent] = deque()
        self._unheard = 0
        self._size = FIRST
        self._passes = self._judged_from = 0

    @property
    def room(self) -> int:
        """How many more events and reports may be sent."""
        return self._size - self._unheard

    @property
    def is_empty(self) -> bool:
        """Whether everything that was sent is heard, as far as a sign has told."""
        return not self._sent

    def sent(self, count: int, now: float, *, sign: bool) -> None:
        """A frame has gone out."""
        self._sent.append(Sent(count, now, self._passes, sign))
        self._unheard += count

    def heard(self) -> None:
        """A sign has come: of the first frame that it was asked for with, and so of all before it."""
        signed = False
        while not signed:
            frame = self._sent.popleft()
            self._unheard -= frame.length
            signed = frame.sign

    def judge(self, now: float) -> None:
        """While more waits, once a pass: twice as much for one that has run dry, the least for one that is slow."""
        self._passes += 1
        if not self._sent:
            self._size = min(2 * self._size, MOST)
            return
        oldest = self._sent[0]
        is_judged = oldest.turn < self._judged_from
        if not is_judged and self._passes - oldest.turn > SLOW_PASSES and now - oldest.at > SLOW_SECONDS:
            self._size, self._judged_from = LEAST, self._passes

    def clear(self) -> None:
        """Another child is there, which was sent nothing."""
        self._sent.clear()
        self._unheard = 0
