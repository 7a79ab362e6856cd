"""Whether the books and the venue agree: what the session tells reconciliation, and what comes of that.

`events` are to be booked with what brought them about; `signs` are for the venue's circuit breaker.
"""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any

from trading.account.breaks import Break, BreakKind
from trading.account.ledger import UNALLOCATED
from trading.account.outcome import Outcome, Signs
from trading.account.reconciliation import Reconciliation
from trading.instruments import Instrument
from trading.market import AccountSnapshot, Effect
from trading.money import ZERO
from trading.reports import ExecutionReport
from trading.venue.line import Line
from trading.venue.messages import AccountTold, FillsTold, ListFills, Question, ReadAccount, VenueFill


class Agreement:
    """Keeps the session's reconciliation. `books` gives the sum of all books, `price_of` the last price of a symbol."""

    def __init__(
        self,
        *,
        instruments: Mapping[str, Instrument],
        tolerances: Mapping[str, Decimal],
        line: Line,
    ) -> None:
        self.books: Callable[[], AccountSnapshot] = _no_books
        self.price_of: Callable[[str], Decimal | None] = _no_price
        self.reconciliation = Reconciliation(
            instruments=instruments,
            price_of=self._price_of,
            settle_ns=line.profile.visible_after_ns,
            tolerances=tolerances,
        )
        self.signs = Signs()
        self.news: list[Break] = []
        self._line = line
        self._events: list[Effect] = []
        line.asked = self._asked

    @property
    def recheck_ns(self) -> int | None:
        """When the account is to be read again out of turn; None where nothing is undecided."""
        return self.reconciliation.recheck_ns

    def take_events(self) -> list[Effect]:
        """What is to be booked, once."""
        events, self._events = self._events, []
        return events

    def take_signs(self) -> Signs:
        """What the breaker is to know, once."""
        signs, self.signs = self.signs, Signs()
        return signs

    def take_news(self) -> list[Break]:
        """The breaks that people are to hear of, once."""
        news, self.news = self.news, []
        return news

    def say(self, kind: BreakKind, subject: str, words: str, *, done: str = "") -> None:
        """The session has found a break."""
        self._take(self.reconciliation.report(kind, subject, self._line.now_ns, words, done=done))

    def mend(self, kind: BreakKind, subject: str, done: str) -> None:
        """A break is none any more, where it was one."""
        self.reconciliation.breaks.resolve(kind, subject, self._line.now_ns, done)

    def on_fill(self, fill: VenueFill, owner: str, *, listed_ns: int) -> None:
        """An execution is booked to its owner. One that is `listed_ns`, long after it was made, should have been
        pushed; 0 where it was."""
        was_missed = (
            bool(listed_ns) and listed_ns - fill.ts_ns > self._line.profile.visible_after_ns and bool(fill.ts_ns)
        )
        is_told = was_missed and self._line.profile.order_stream and owner != UNALLOCATED
        self._take(self.reconciliation.on_fill(fill, owner, self._line.now_ns, was_missed=is_told))

    def on_bust(self, fill: VenueFill, venue_ns: int) -> None:
        """A booked execution is taken back."""
        self._take(self.reconciliation.on_bust(fill, venue_ns, self._line.now_ns))

    def on_reports(self, reports: Collection[ExecutionReport], symbol: str, venue_ns: int) -> None:
        """Something has become of an order."""
        if reports:
            self.reconciliation.changed(symbol, venue_ns=venue_ns)

    def on_fills(self, told: FillsTold) -> None:
        """A list of executions was taken up."""
        self.reconciliation.on_fills(told)

    def on_account(self, told: AccountTold, in_doubt: Collection[str]) -> None:
        """The account was read; a difference in a symbol of which an order is in doubt may be that order's."""
        self._take(self.reconciliation.on_account(told, self.books(), self._line.now_ns, in_doubt=in_doubt))
        if self.reconciliation.wants_fills:
            self._line.ask(ListFills(since_ns=max(0, told.venue_ns - 2 * self._line.profile.visible_after_ns)))

    def explains(self, told: AccountTold, symbol: str) -> bool:
        """Whether the account as told is what the books have of a symbol."""
        return self.books().positions.get(symbol, ZERO) == told.account.positions.get(symbol, ZERO)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs; events and signs are taken in the step that made them."""
        return self.reconciliation.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the agreement that gave this state."""
        self.reconciliation.restore(state)

    def _asked(self, question: Question, request: int) -> None:
        if isinstance(question, ListFills | ReadAccount):
            self.reconciliation.asked(request, self._line.now_ns)

    def _price_of(self, symbol: str) -> Decimal | None:
        return self.price_of(symbol)

    def _take(self, outcome: Outcome) -> None:
        self._events += outcome.events
        self.signs.troubles += outcome.troubles
        self.news += outcome.news


def _no_books() -> AccountSnapshot:
    """Before it belongs to anyone."""
    return AccountSnapshot(cash={}, positions={})


def _no_price(_symbol: str) -> None:
    """Before it belongs to anyone."""
