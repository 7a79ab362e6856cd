"""What a container that runs free is yet to be told, in order.

Nothing waits for such a container. When it lags, a newer quote of a symbol takes the place of an older one that it has
not been sent: the older is left out, the newer goes to the end. Bars, trades, timers and reports are never left out.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from trading.market_data import Event, Quote
from trading.postings import Report

MOST_IN_FRAME: Final = 64
"""Events in one frame: after each the child gives a sign."""

Mark = Callable[[], None]


class Waiting(msgspec.Struct):
    """One event with its number, and its msgpack, None once it was left out; of a quote also the symbol."""

    number: int
    encoded: bytes | None
    quote_of: str = ""


Item = Waiting | list[Report] | Mark


class Outbox:
    """Keeps deliveries until they are taken. `left_out` holds the numbers of quotes that were, until somebody notes
    them; `waiting` counts what is to be taken."""

    def __init__(self) -> None:
        self.left_out: list[int] = []
        self.waiting = 0
        self._items: deque[Item] = deque()
        self._quotes: dict[str, Waiting] = {}

    def put(self, number: int, event: Event, encoded: bytes, *, conflate: bool) -> None:
        """Add an event; one that may be conflated takes the place of the last quote of its symbol."""
        item = Waiting(number, encoded)
        self._items.append(item)
        self.waiting += 1
        if type(event) is not Quote:
            return
        item.quote_of = event.symbol
        older = self._quotes.get(event.symbol)
        if conflate and older is not None and older.encoded is not None:
            self._leave_out(older)
        self._quotes[event.symbol] = item

    def conflate(self) -> None:
        """Leave all quotes out but the newest of each symbol."""
        for item in self._items:
            if isinstance(item, Waiting) and item.quote_of and item.encoded and item is not self._quotes[item.quote_of]:
                self._leave_out(item)

    def put_reports(self, reports: list[Report]) -> None:
        """Add reports."""
        self._items.append(reports)
        self.waiting += 1

    def put_mark(self, mark: Mark) -> None:
        """Add something to be called when everything before it has been taken."""
        self._items.append(mark)

    def take(self, most: int) -> Iterator[tuple[list[Report], Sequence[bytes]]]:
        """Take up to so many deliveries, gathered as frames: reports, then events. Marks are called as they come."""
        reports: list[Report] = []
        events: list[bytes] = []
        while self._items and (most > 0 or callable(self._items[0])):
            item = self._items[0]
            if isinstance(item, Waiting) and item.encoded is None:
                self._items.popleft()
                continue
            if (events and isinstance(item, list)) or len(events) == MOST_IN_FRAME or callable(item):
                if reports or events:
                    yield reports, events
                    reports, events = [], []
                if callable(item):
                    self._items.popleft()
                    item()
                    continue
            self._items.popleft()
            self.waiting -= 1
            most -= 1
            if isinstance(item, Waiting):
                assert item.encoded is not None
                events.append(item.encoded)
                item.encoded = None  # it is sent, and no longer to be conflated
            else:
                reports = reports + item
        if reports or events:
            yield reports, events

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be told, and no mark to be called."""
        return not self._items

    @property
    def has_marks(self) -> bool:
        """Whether a mark is first, and waits to be called."""
        return bool(self._items) and callable(self._items[0])

    def _leave_out(self, quote: Waiting) -> None:
        quote.encoded = None
        self.left_out.append(quote.number)
        self.waiting -= 1

    def clear(self) -> None:
        """Nobody is to be told any more."""
        self._items.clear()
        self._quotes.clear()
        self.waiting = 0
