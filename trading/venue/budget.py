"""How many requests may still be sent: the venue's limits by our own reckoning, with a part kept for what must go out
whatever else does. A venue that says that it takes no more is believed for as long as it says."""

from collections import deque
from typing import Final

from trading.commands import WireSubmit
from trading.venue.messages import Request
from trading.venue.profile import VenueProfile

RESERVED: Final = 0.2
"""The share of every limit that orders leave to cancels and questions."""


class Budget:
    """Reckons with sliding windows: in any `per_ns` no more than `weight` is spent. Times are monotonic."""

    def __init__(self, profile: VenueProfile) -> None:
        self._weights = profile.weights
        self._limits = profile.limits
        self._spent: list[deque[tuple[int, int]]] = [deque() for _ in profile.limits]
        self._sums = [0 for _ in profile.limits]
        self._paused_until_ns = 0

    def pause(self, now_ns: int, duration_ns: int) -> None:
        """Send nothing for so long: the venue has said so."""
        self._paused_until_ns = max(self._paused_until_ns, now_ns + duration_ns)

    def free_at_ns(self, request: Request, now_ns: int) -> int:
        """When a request may be sent, not before now, if nothing else is spent until then."""
        weight, at_ns = self._weight(request), max(now_ns, self._paused_until_ns)
        kept = RESERVED if isinstance(request.what, WireSubmit) else 0.0
        for place, limit in enumerate(self._limits):
            self._forget(place, now_ns)
            room = int(limit.weight * (1 - kept)) - weight
            excess = self._sums[place] - max(room, 0)
            for spent_ns, spent in self._spent[place]:
                if excess <= 0:
                    break
                excess -= spent
                at_ns = max(at_ns, spent_ns + limit.per_ns)
        return at_ns

    def spend(self, request: Request, now_ns: int) -> None:
        """A request is being sent."""
        weight = self._weight(request)
        for place in range(len(self._limits)):
            self._spent[place].append((now_ns, weight))
            self._sums[place] += weight

    def _forget(self, place: int, now_ns: int) -> None:
        spent, per_ns = self._spent[place], self._limits[place].per_ns
        while spent and spent[0][0] + per_ns <= now_ns:
            self._sums[place] -= spent.popleft()[1]

    def _weight(self, request: Request) -> int:
        tag = str(type(request.what).__struct_config__.tag)
        return self._weights.get(tag, 1)
