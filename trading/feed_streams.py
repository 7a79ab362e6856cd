"""The streams of a live feed: one for each kind of data of each symbol, with a deadline of its own."""

from collections.abc import Mapping
from typing import Any, Final

from trading.errors import ScheduleEnded
from trading.market_data import MarketEvent
from trading.sequencer import NEVER, Offer
from trading.sessions import Sessions
from trading.subscriptions import DataKind, event_type
from trading.timestamps import SECOND

LEAST_LIMIT_NS: Final = 5 * SECOND
GAPS_IN_A_LIMIT: Final = 3

_KEPT: Final = ("limit_ns", "heard_ns", "since_ns", "is_waiting", "is_silent", "unfit", "unfit_ns")


KIND_OF: Final[Mapping[type[MarketEvent], DataKind]] = {event_type(kind): kind for kind in DataKind}


def limit_of(gap_ns: int) -> int:
    """How long a stream may be silent that usually brings something every `gap_ns`."""
    return max(GAPS_IN_A_LIMIT * gap_ns, LEAST_LIMIT_NS)


def kinds_of(offer: Offer) -> list[DataKind]:
    """The kinds of data that are brought of a symbol."""
    brought = {
        DataKind.QUOTES: offer.quotes,
        DataKind.TRADES: offer.trades,
        DataKind.BARS: bool(offer.bar_interval_ns),
    }
    return [kind for kind, is_brought in brought.items() if is_brought]


class Stream:
    """What was heard of one stream. Times are nanoseconds since the Unix epoch, 0 for never.

    `heard_ns` is when the last event came; a bar counts as heard at its close. `is_waiting`: what came before
    `since_ns` is old, and nothing has come since. `unfit` says what was wrong with the last thing that came, where it
    could be no data. `limit_ns` is how long it may be silent, 0 for ever.
    """

    __slots__ = (*_KEPT, "kind", "sessions", "symbol")

    def __init__(self, symbol: str, kind: DataKind, sessions: Sessions | None) -> None:
        self.symbol = symbol
        self.kind = kind
        self.sessions = sessions
        self.limit_ns = self.heard_ns = self.since_ns = self.unfit_ns = 0
        self.is_waiting = True
        self.is_silent = False
        self.unfit = ""

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.kind} of {self.symbol}"

    @property
    def quiet_since_ns(self) -> int:
        """When it was last heard, or began to wait."""
        return self.since_ns if self.is_waiting else self.heard_ns

    @property
    def due_ns(self) -> int:
        """When it will have been silent for too long; NEVER where it is already, or may be."""
        if self.is_silent or not self.limit_ns:
            return NEVER
        return self.deadline_ns()

    def deadline_ns(self) -> int:
        """When its limit is used up, counting only while the market is open."""
        if self.sessions is None:
            return self.quiet_since_ns + self.limit_ns
        try:
            return _in_open_time(self.sessions, self.quiet_since_ns, self.limit_ns)
        except ScheduleEnded:
            return NEVER

    def is_open(self, ts_ns: int) -> bool:
        """Whether its market is open."""
        if self.sessions is None:
            return True
        try:
            return self.sessions.at_or_after(ts_ns).open_ns <= ts_ns
        except ScheduleEnded:
            return False

    def begin(self, limit_ns: int, ts_ns: int) -> None:
        """A life begins, and with it the wait; but the last bar stays the last until the next is overdue."""
        self.limit_ns = limit_ns
        self.unfit = ""
        self.is_silent = False
        is_last = self.kind is DataKind.BARS and not self.is_waiting
        if not is_last or self.due_ns <= ts_ns:
            self.is_waiting, self.since_ns = True, ts_ns

    def void(self, ts_ns: int) -> None:
        """What ticks said is old, as some may have been missed; who is silent or waits already does so on."""
        if self.kind is not DataKind.BARS and not self.is_silent and not self.is_waiting:
            self.is_waiting, self.since_ns = True, ts_ns

    def hear(self, ts_ns: int, now_ns: int) -> None:
        """An event has come; a bar that is overdue itself leaves the stream silent."""
        self.heard_ns = ts_ns
        if self.is_waiting or self.is_silent or self.unfit:
            self.is_waiting = self.is_silent = False
            self.unfit = ""
            self.is_silent = self.due_ns <= now_ns

    def state(self) -> list[Any]:
        """Everything that `restore` needs."""
        return [self.symbol, self.kind.value, *(getattr(self, name) for name in _KEPT)]

    def restore(self, state: list[Any]) -> None:
        """Take over how one of the same symbol and kind stood."""
        for name, value in zip(_KEPT, state[2:], strict=True):
            setattr(self, name, value)


def _in_open_time(sessions: Sessions, since_ns: int, limit_ns: int) -> int:
    """When a limit is used up that counts while the market is open. After a pause there are some seconds at least;
    ScheduleEnded when the market does not open again."""
    session = sessions.at_or_after(since_ns)
    begin_ns = max(since_ns, session.open_ns)
    while begin_ns + limit_ns > session.close_ns:
        following = sessions.at_or_after(session.close_ns)
        limit_ns -= session.close_ns - begin_ns
        if following.open_ns > session.close_ns:
            limit_ns = max(limit_ns, LEAST_LIMIT_NS)
        session, begin_ns = following, following.open_ns
    return begin_ns + limit_ns
