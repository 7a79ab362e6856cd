"""When an event of a historical feed is due, told from a monotonic reading that the caller hands in."""


class Pace:
    """Events at a multiple of real time, or as fast as possible where the speed is None.

    The first event that it is asked about is due at once and anchors the rest: whoever resumes makes a new one. Late
    events are due at once until the pace is caught up. ValueError for a speed that is not above zero and finite.
    """

    def __init__(self, speed: float | None) -> None:
        if speed is not None and not 0 < speed < float("inf"):
            raise ValueError(f"a speed of {speed} cannot be; write a number above 0, or max for as fast as possible")
        self._speed = speed
        self._anchor: tuple[int, int] | None = None

    def due_ns(self, event_ts_ns: int, monotonic_ns: int) -> int:
        """The monotonic moment at which an event is due; how far it lies in the past is how far the feed is behind."""
        if self._speed is None:
            return monotonic_ns
        if self._anchor is None:
            self._anchor = event_ts_ns, monotonic_ns
        first_ts_ns, first_monotonic_ns = self._anchor
        return first_monotonic_ns + round((event_ts_ns - first_ts_ns) / self._speed)

    def wait_ns(self, event_ts_ns: int, monotonic_ns: int) -> int:
        """How long to wait before an event; zero when it is late."""
        return max(0, self.due_ns(event_ts_ns, monotonic_ns) - monotonic_ns)
