"""What was lost: since the day began, and from the peak. Both are reckoned by currency, and converted when asked for.

A day is one of UTC, and its midnight is part of it, as a bar is stamped with its close. What was paid in or out, and
what one currency was changed into another, is neither gained nor lost.

A restart may take books out, whose cash becomes capital of another: what was gained moves with it, in the state too.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from trading.appraiser import Appraiser, known
from trading.money import EXACT, ZERO, Currency, total
from trading.portfolio import VirtualPortfolio
from trading.postings import PostingKind
from trading.refusals import Refusal
from trading.timestamps import DAY, LAST_NS

Books = Callable[[], Iterable[VirtualPortfolio]]
Peaks = Callable[[], Mapping[str, float]]
"""The most that equity has been, by currency, moved by what was paid in or out."""

NO_DAY: Final = LAST_NS
"""Where a day ends when nobody asks what it began with: never."""


class DayWatch:
    """Knows what some books, taken together, had gained when the day began. `begin_day` is due before anything is
    booked or priced that is later than `ends_ns`."""

    def __init__(self, books: Books) -> None:
        self.ends_ns = 0
        self._books = books
        self._opening: dict[str, Decimal] = {}

    def begin_day(self, now_ns: int) -> None:
        """Another day, unless it has begun: what is gained or lost counts from here."""
        if now_ns <= self.ends_ns:
            return
        self.ends_ns = -(-now_ns // DAY) * DAY
        self._opening = _gains(list(self._books()))

    def lost(self, into: Currency, appraiser: Appraiser) -> Decimal | Refusal:
        """What was lost since, negative where it was gained; `no_rate` where a part cannot be converted."""
        gains = _gains(list(self._books()))
        lost = {c: EXACT.subtract(self._opening.get(c, ZERO), gained) for c, gained in gains.items()}
        return _converted(lost.items(), into, appraiser)

    def opening(self, into: Currency, appraiser: Appraiser) -> Decimal | Refusal:
        """The equity that the day began with, and what was paid in or out since."""
        books = list(self._books())
        opening = {c: EXACT.add(self._opening.get(c, ZERO), _paid_in(books, c)) for c in _currencies(books)}
        return _converted(opening.items(), into, appraiser)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {"ends_ns": self.ends_ns, "opening": dict(self._opening), "gains": _gains(list(self._books()))}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Know what another did."""
        self.ends_ns = state["ends_ns"]
        opening, before = (msgspec.convert(state[key], dict[str, Decimal]) for key in ("opening", "gains"))
        moved = {c: EXACT.subtract(now, before.get(c, ZERO)) for c, now in _gains(list(self._books())).items()}
        self._opening = {c: EXACT.add(opening.get(c, ZERO), moved.get(c, ZERO)) for c in sorted({*opening, *moved})}


class PeakWatch:
    """Knows the most that some books, taken together, were worth, by currency. `note` is due whenever a price was heard
    or a fill booked. A statistic, of floats, as a book's own peak is."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._most: dict[str, float] = {}

    def note(self) -> None:
        """Look at what the books are worth now."""
        for currency, gained in self._gains().items():
            if gained > self._most.get(currency, 0.0):
                self._most[currency] = gained

    def peaks(self) -> dict[str, float]:
        """The peaks, moved by what was paid in or out."""
        books = list(self._books())
        return {c: float(_paid_in(books, c)) + self._most.get(c, 0.0) for c in _currencies(books)}

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {"most": dict(self._most), "gains": self._gains()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Know what another did."""
        most, before = state["most"], state["gains"]
        moved = {c: now - before.get(c, 0.0) for c, now in self._gains().items()}
        self._most = {c: most.get(c, 0.0) + moved.get(c, 0.0) for c in sorted({*most, *moved})}

    def _gains(self) -> dict[str, float]:
        gains: dict[str, float] = {}
        for book in self._books():
            for currency in book.cash:
                gained = book.equity(currency) - float(_paid_into(book, currency))
                gains[currency] = gains.get(currency, 0.0) + gained
        return gains


def drawdown(
    peaks: Mapping[str, float], books: Iterable[VirtualPortfolio], into: Currency, appraiser: Appraiser
) -> tuple[Decimal, Decimal] | Refusal:
    """How far equity is below its peak, and the peak: those of each currency added up, so that none hides another's.

    `no_rate` where a part cannot be converted.
    """
    books, below, tops = list(books), {}, {}
    for currency, highest in peaks.items():
        top = tops[currency] = max(ZERO, Decimal(repr(highest)))
        below[currency] = max(ZERO, EXACT.subtract(top, total(book.exact_equity(currency) for book in books)))
    amounts = known(_converted(below.items(), into, appraiser), _converted(tops.items(), into, appraiser))
    if isinstance(amounts, Refusal):
        return amounts
    fallen, peak = amounts
    return into.rounded(fallen), into.rounded(peak)


def _converted(amounts: Iterable[tuple[str, Decimal]], into: Currency, appraiser: Appraiser) -> Decimal | Refusal:
    added = ZERO
    for currency, amount in amounts:
        converted = appraiser.converted(amount, currency, into)
        if isinstance(converted, Refusal):
            return converted
        added = EXACT.add(added, converted)
    return added


def _currencies(books: Iterable[VirtualPortfolio]) -> list[str]:
    return sorted({currency for book in books for currency in book.currencies()})


def _gains(books: Sequence[VirtualPortfolio]) -> dict[str, Decimal]:
    """Equity less what was paid in, by currency."""
    return {
        currency: EXACT.subtract(total(book.exact_equity(currency) for book in books), _paid_in(books, currency))
        for currency in _currencies(books)
    }


def _paid_in(books: Iterable[VirtualPortfolio], currency: str) -> Decimal:
    return total(_paid_into(book, currency) for book in books)


def _paid_into(book: VirtualPortfolio, currency: str) -> Decimal:
    """What was given, paid in or changed into the currency, less what went the other way."""
    capital, conversions = book.capital.get(currency, ZERO), book.income.get(PostingKind.CONVERSION.value)
    return capital if conversions is None else EXACT.add(capital, conversions.get(currency, ZERO))
