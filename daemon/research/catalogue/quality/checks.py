"""What is odd about rows that can be: each check looks at the rows of a series in the order of time, batch by batch."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

import msgspec

from daemon.feeds.file.blocks import Row
from daemon.feeds.file.faults import Fault
from daemon.feeds.file.layout import FIELDS
from daemon.research.catalogue.quality.batches import Batch, began
from daemon.research.catalogue.quality.findings import Findings, span
from daemon.research.catalogue.quality.hours import open_between
from daemon.research.catalogue.quality.usual import moves_of, range_of
from trading.market_data import Bar, MarketEvent, Quote
from trading.sessions import Sessions
from trading.subscriptions import DataKind
from trading.timestamps import iso

Check = Callable[[Batch], None]

_VALUES_OF_A_BAR: Final = len(FIELDS[DataKind.BARS])


class BadRows:
    """Rows that cannot be, by the file feed's judge. Of a second bar at one time it is told whether it is the same."""

    def __init__(self, found: Findings) -> None:
        self._found = found

    def __call__(self, batch: Batch) -> None:
        """Count them."""
        differing = set(_differing(batch)) if any(bad.fault is Fault.DUPLICATE for bad in batch.bad) else set()
        for bad in batch.bad:
            key = "conflict" if bad.row in differing else bad.fault.name.lower()
            self._found.of_row(key, batch, bad)


def _differing(batch: Batch) -> Iterator[int]:
    """The rows of bars at the time of the bar before that say something else than that one."""
    duplicates = {bad.row for bad in batch.bad if bad.fault is Fault.DUPLICATE}
    others = {bad.row for bad in batch.bad} - duplicates
    events, last = iter(batch.events), batch.before
    for row, read in batch.read():
        if row in duplicates:
            if isinstance(last, Bar) and isinstance(read, Row) and tuple(read.values) != _values(last):
                yield row
        elif row not in others:
            last = next(events)


def _values(bar: Bar) -> tuple[float, ...]:
    return msgspec.structs.astuple(bar)[-_VALUES_OF_A_BAR:]


class Gaps:
    """Rows that come later than a limit after the one before; with sessions only the time within them counts."""

    def __init__(self, limit_ns: float, sessions: Sessions | None, found: Findings) -> None:
        self._limit_ns = limit_ns
        self._sessions = sessions
        self._found = found

    def __call__(self, batch: Batch) -> None:
        """Count them."""
        for before, event in pairwise(batch.followed):
            if event.ts_ns - before.ts_ns > self._limit_ns and self._open(before.ts_ns, event.ts_ns) > self._limit_ns:
                self._found.of_event("gap", batch, event, self._text, before.ts_ns, event.ts_ns)

    def _open(self, begin_ns: int, end_ns: int) -> int:
        return end_ns - begin_ns if self._sessions is None else open_between(self._sessions, begin_ns, end_ns)

    def _text(self, begin_ns: int, end_ns: int) -> str:
        within = f", {span(self._open(begin_ns, end_ns))} of it in trading hours" if self._sessions is not None else ""
        return f"{span(end_ns - begin_ns)} after the row before{within}"


class Outliers:
    """Prices that are further from the one before than a limit, a share of that."""

    def __init__(self, limit: float, found: Findings) -> None:
        self._limit = limit
        self._found = found

    def __call__(self, batch: Batch) -> None:
        """Count them."""
        prices = batch.prices
        for place, move in enumerate(moves_of(prices), 1):
            if move > self._limit:
                before, price = prices[place - 1 : place + 1]
                self._found.of_event("outlier", batch, batch.followed[place], _moved, before, price)


class WideRanges:
    """Bars whose high is further from their low than a limit, a share of that."""

    def __init__(self, limit: float, found: Findings) -> None:
        self._limit = limit
        self._found = found

    def __call__(self, batch: Batch) -> None:
        """Count them."""
        for event in batch.events:
            if isinstance(event, Bar) and range_of(event) > self._limit:
                self._found.of_event("wide_range", batch, event, "low {}, high {}".format, event.low, event.high)


class Repeated:
    """Ticks at the time of the one before, and those of them that are the same in everything."""

    def __init__(self, found: Findings) -> None:
        self._found = found

    def __call__(self, batch: Batch) -> None:
        """Count them."""
        for before, event in pairwise(batch.followed):
            if before.ts_ns == event.ts_ns:
                key = "repeated" if before == event else "same_time"
                self._found.of_event(key, batch, event, _difference, before, event)


class Locked:
    """Quotes whose bid is their ask."""

    def __init__(self, found: Findings) -> None:
        self._found = found

    def __call__(self, batch: Batch) -> None:
        """Count them."""
        for event in batch.events:
            if isinstance(event, Quote) and event.bid == event.ask:
                self._found.of_event("locked", batch, event, "bid and ask {}".format, event.bid)


class ZeroVolume:
    """Runs of so many bars or more without volume, each counted once, at the bar that makes it long enough."""

    def __init__(self, least: int, found: Findings) -> None:
        self._least = least
        self._found = found
        self._run = 0

    def __call__(self, batch: Batch) -> None:
        """Count them."""
        for event in batch.events:
            assert isinstance(event, Bar)
            self._run = 0 if event.volume else self._run + 1
            if self._run == self._least:
                self._found.of_event("zero_volume", batch, event, "{} bars up to here".format, self._least)


class OutsideHours:
    """Ticks that are in no session, and bars that touch none."""

    def __init__(self, sessions: Sessions, found: Findings) -> None:
        self._sessions = sessions
        self._found = found

    def __call__(self, batch: Batch) -> None:
        """Count them."""
        for event in batch.events:
            session = self._sessions.at_or_after(began(event))
            if event.ts_ns <= session.open_ns if isinstance(event, Bar) else event.ts_ns < session.open_ns:
                self._found.of_event("outside_hours", batch, event, _opens, session.open_ns)


def _moved(before: float, price: float) -> str:
    return f"{before:.10g} to {price:.10g}, {price / before - 1.0:+.2%}"


def _opens(open_ns: int) -> str:
    return f"the next session opens {iso(open_ns)}"


def _difference(before: MarketEvent, event: MarketEvent) -> str:
    """`ask 1.2, then 1.3`, for whatever differs; empty for nothing."""
    were, are = msgspec.structs.asdict(before), msgspec.structs.asdict(event)
    return ", ".join(f"{name} {were[name]}, then {value}" for name, value in are.items() if were[name] != value)
