"""When something falls due for the account, in the order of time.

Of what falls due at one time the order is: splits, dividends, funding, expiries, then the end of the day. So a dividend
is of the units after a split, and a future that ends with a day is not held over it. Of several symbols that comes
first which stands first among the instruments.
"""

import enum
import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from heapq import heapify, heapreplace
from typing import Final, NamedTuple

from brokers.simulated.entitlements import (
    AccountTerms,
    Dividend,
    FundingRate,
    FundingTerms,
    HoldingTerms,
    Rollovers,
    UnitSplit,
)
from trading.instruments import Instrument
from trading.timestamps import DAY


class Expiry(NamedTuple):
    """A future ends."""


class DayEnd(NamedTuple):
    """A rollover: the nights that it counts for, and the calendar days since the one before it."""

    nights: int
    days: int


class Rank(enum.IntEnum):
    """What comes first of what falls due at one time."""

    SPLIT = 0
    DIVIDEND = 1
    FUNDING = 2
    EXPIRY = 3
    DAY_END = 4


class Due(NamedTuple):
    """Something falls due: `what`, of a symbol or of the account as a whole."""

    ts_ns: int
    rank: Rank
    place: int
    symbol: str
    what: UnitSplit | Dividend | FundingRate | Expiry | DayEnd


NEVER: Final = math.inf


class Schedule:
    """Says what falls due, each once. It begins with the first event: what was due before that concerns nobody.

    `next_ns` is when the next falls due; before the beginning everything may. `passed_ns` is the time up to which all
    is done, None before the beginning, `rolled_ns` the last rollover, 0 before the first. ValueError for terms of a
    symbol that is not traded here, for funding without an interval, and for terms that need rollovers without any.
    """

    def __init__(
        self, terms: AccountTerms, instruments: Mapping[str, Instrument], rollovers: Rollovers | None = None
    ) -> None:
        for symbol, holding in terms.holdings.items():
            if symbol not in instruments:
                raise ValueError(f"terms of {symbol}, which is not traded here; traded: {', '.join(instruments)}")
            if holding.funding is not None and holding.funding.interval_ns <= 0:
                raise ValueError(f"the funding of {symbol} has an interval of {holding.funding.interval_ns} ns")
        needs = needs_rollovers(terms)
        if needs and rollovers is None:
            raise ValueError("swap, borrow, interest, daily settlement and sweeps need rollovers; say when days end")
        places = {symbol: place for place, symbol in enumerate(instruments)}
        self._rollovers = rollovers if needs else None
        self._dated = sorted(
            (due for symbol, holding in terms.holdings.items() for due in _dated(symbol, places[symbol], holding)),
            key=lambda due: due[:3],
        )
        self._funding = [
            (symbol, places[symbol], holding.funding, {one.ts_ns: one for one in holding.funding.history})
            for symbol, holding in terms.holdings.items()
            if holding.funding is not None
        ]
        self._acts: dict[str, list[int]] = {
            symbol: sorted({*(one.ex_ns for one in held.splits), *(one.ex_ns for one in held.dividends)})
            for symbol, held in terms.holdings.items()
        }
        self._coming: list[tuple[Due, int]] = []
        self._place = 0
        self.expiries = {s: one.expires_ns for s, one in terms.holdings.items() if one.expires_ns is not None}
        self.is_empty = not (self._dated or self._funding or self._rollovers)
        self.passed_ns: int | None = None
        self.rolled_ns = 0
        self.next_ns: float = NEVER if self.is_empty else -math.inf

    def begin(self, now_ns: int, rolled_ns: int = 0) -> None:
        """Count from a time on: everything up to it is done."""
        self.passed_ns, self.rolled_ns = now_ns, self._last_rolled(rolled_ns, now_ns)
        firsts = [(source, self._after(source, now_ns)) for source in range(len(self._funding) + 2)]
        self._coming = [(due, source) for source, due in firsts if due is not None]
        heapify(self._coming)
        self._look()

    def due(self, until_ns: int) -> list[Due]:
        """What falls due up to and at a time, in its order; it is done then."""
        if self.passed_ns is None:
            self.begin(until_ns)
            return []
        found: list[Due] = []
        while self.next_ns <= until_ns:
            due, source = self._coming[0]
            found.append(due)
            if isinstance(due.what, DayEnd):
                self.rolled_ns = due.ts_ns
            following = self._following(due, source)
            heapreplace(self._coming, (following or _AT_NO_TIME, source))
            self._look()
        self.passed_ns = max(self.passed_ns, until_ns)
        return found

    def pass_to(self, ts_ns: int) -> None:
        """Know that nothing was due up to a time."""
        if not self.is_empty and self.passed_ns is not None and ts_ns > self.passed_ns:
            self.passed_ns = ts_ns

    def acts_within(self, symbol: str, begin_ns: int, end_ns: int) -> int:
        """The last split or dividend of a symbol between two times, or the first of these where there is none."""
        acts = self._acts.get(symbol)
        place = bisect_left(acts, end_ns) if acts else 0
        return max(begin_ns, acts[place - 1]) if acts and place else begin_ns

    # Within: a source is one of the fundings, the dated ones together, or the rollovers.

    def _look(self) -> None:
        first = self._coming[0][0].ts_ns if self._coming else _AT_NO_TIME.ts_ns
        self.next_ns = NEVER if first == _AT_NO_TIME.ts_ns else first

    def _last_rolled(self, rolled_ns: int, now_ns: int) -> int:
        """The last rollover up to a time: since a known one they may not have been looked for."""
        if self._rollovers is None or not rolled_ns:
            return rolled_ns
        while (coming_ns := self._rollovers.next_after(rolled_ns).ts_ns) <= now_ns:
            rolled_ns = coming_ns
        return rolled_ns

    def _following(self, due: Due, source: int) -> Due | None:
        if source == len(self._funding):
            self._place += 1
            return self._dated[self._place] if self._place < len(self._dated) else None
        return self._after(source, due.ts_ns)

    def _after(self, source: int, ts_ns: int) -> Due | None:
        if source < len(self._funding):
            symbol, place, terms, history = self._funding[source]
            return _next_funding(symbol, place, terms, history, ts_ns)
        if source == len(self._funding):
            self._place = bisect_right(self._dated, ts_ns, key=lambda due: due.ts_ns)
            return self._dated[self._place] if self._place < len(self._dated) else None
        if self._rollovers is None:
            return None
        rollover = self._rollovers.next_after(ts_ns)
        days = (rollover.ts_ns - self.rolled_ns + DAY // 2) // DAY if self.rolled_ns else 1
        return Due(rollover.ts_ns, Rank.DAY_END, -1, "", DayEnd(rollover.nights, days))


_AT_NO_TIME: Final = Due(1 << 200, Rank.DAY_END, -1, "", Expiry())


def needs_rollovers(terms: AccountTerms) -> bool:
    """Whether anything of the terms falls due as a day ends."""
    return bool(terms.interest or terms.sweep_into) or any(
        holding.swap is not None or holding.borrow or holding.settles_daily for holding in terms.holdings.values()
    )


def _dated(symbol: str, place: int, terms: HoldingTerms) -> list[Due]:
    found = [Due(one.ex_ns, Rank.SPLIT, place, symbol, one) for one in terms.splits]
    found += [Due(one.ex_ns, Rank.DIVIDEND, place, symbol, one) for one in terms.dividends]
    if terms.expires_ns is not None:
        found.append(Due(terms.expires_ns, Rank.EXPIRY, place, symbol, Expiry()))
    return found


def _next_funding(symbol: str, place: int, terms: FundingTerms, history: Mapping[int, FundingRate], ts_ns: int) -> Due:
    next_ns = (ts_ns // terms.interval_ns + 1) * terms.interval_ns
    what = history.get(next_ns) or FundingRate(ts_ns=next_ns, rate=terms.rate)
    return Due(next_ns, Rank.FUNDING, place, symbol, what)
