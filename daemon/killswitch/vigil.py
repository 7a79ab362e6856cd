"""Counts how long nothing was heard, in time in which the listener itself was running.

A machine that sleeps, or is paused with all its processes, stops both who speaks and who listens. When it goes on, the
listener has looked late, and what passed in between says nothing about the other: of each gap between two looks only so
much counts.
"""


class Vigil:
    """Patience and the most that one gap counts, in nanoseconds of a monotonic clock."""

    def __init__(self, *, patience_ns: int, gap_ns: int, now_ns: int) -> None:
        self._patience_ns = patience_ns
        self._gap_ns = gap_ns
        self._looked_ns = now_ns
        self.silent_ns = 0

    def heard(self, now_ns: int) -> None:
        """Something was heard."""
        self.silent_ns, self._looked_ns = 0, now_ns

    def look(self, now_ns: int, starved_ns: int = 0) -> bool:
        """Whether patience is at its end. Whatever waits to be heard must have been heard before.

        Of the time since the last look in which the other one could have run and was given no processor, a third does
        not count: a machine with too much to do is no hang, and yet it is not waited for much longer.
        """
        gap_ns = min(now_ns - self._looked_ns, self._gap_ns)
        self.silent_ns += gap_ns - min(max(starved_ns, 0), gap_ns) // 3
        self._looked_ns = now_ns
        return self.silent_ns >= self._patience_ns
