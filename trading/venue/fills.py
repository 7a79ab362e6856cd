"""What has filled of the attempts. Each execution is booked once, and ends its attempt where it was the last one; what
the venue tells as a sum waits for its executions for a while."""

from trading.account.breaks import BreakKind
from trading.money import EXACT, ZERO
from trading.reports import ExecutionReport, ReportKind
from trading.venue.agreement import Agreement
from trading.venue.attempts import Attempt, AttemptChange
from trading.venue.changes import Changes
from trading.venue.evidence import Evidence, VenueWord
from trading.venue.line import Line
from trading.venue.messages import FillsTold, Message, VenueFill
from trading.venue.progress import Progress
from trading.venue.reporter import Reporter
from trading.venue.sums import Sums


class Fills:
    """Books what fills of the attempts of one progress."""

    def __init__(
        self,
        *,
        line: Line,
        progress: Progress,
        changes: Changes,
        agreement: Agreement,
        reporter: Reporter,
        sums: Sums,
    ) -> None:
        self._line = line
        self._progress = progress
        self._changes = changes
        self._agreement = agreement
        self._reporter = reporter
        self._sums = sums

    def filled(self, fill: VenueFill, message: Message) -> list[ExecutionReport]:
        """An execution of an attempt, the first time that it is heard of."""
        attempt = self._progress.attempts[fill.cid]
        if not self._progress.executions.is_news(fill):
            return []
        attempt.venue_id = fill.venue_id or attempt.venue_id
        if not attempt.is_over:
            attempt.asked = 0
            attempt.change(AttemptChange.ACCEPT, self._line.now_ns)
        left = ZERO if attempt.sum is None else max(ZERO, EXACT.subtract(attempt.sum.quantity, fill.quantity))
        reports = self._sums.withdraw(attempt)
        attempt.filled = EXACT.add(attempt.filled, fill.quantity)
        reports += self._outgrown(attempt)
        reports.append(self._reporter.report(attempt, ReportKind.FILLED, fill=fill))
        reports += self._sums.book(attempt, left)
        if attempt.filled >= attempt.told:
            attempt.behind_ns = None
        if attempt.filled > self._changes.most(attempt.cid, attempt.terms):
            words = f"{attempt.filled} of {attempt.terms.quantity}"
            self._agreement.say(BreakKind.OVERFILLED_ORDER, attempt.terms.order_id, words)
        return reports + self._end_if_all_is_here(attempt, VenueWord.of(message))

    def busted(self, fill: VenueFill, message: Message) -> list[ExecutionReport]:
        """The venue annuls an execution of an attempt. What it said of the order before that is no more."""
        attempt = self._progress.attempts[fill.cid]
        attempt.annulled_ns = max(attempt.annulled_ns, message.venue_ns)
        attempt.ending, attempt.behind_ns = None, None
        self._line.ask_about(attempt)
        is_news = self._progress.executions.is_news_of_bust(fill)
        if is_news:
            attempt.filled = EXACT.subtract(attempt.filled, fill.quantity)
        attempt.told = attempt.filled
        if not is_news:
            return []
        if attempt.filled < attempt.terms.quantity:
            self._progress.reopen(attempt)
        return [self._reporter.report(attempt, ReportKind.BUSTED, fill=fill)]

    def infer(self, told: FillsTold, asked_ns: int) -> list[ExecutionReport]:
        """A complete list of executions has come: what it lacks of what was told as a sum, long enough ago to be seen,
        is booked as a sum until its executions come."""
        reports: list[ExecutionReport] = []
        for attempt in list(self._progress.open.values()):
            missing = EXACT.subtract(attempt.told, attempt.filled)
            if (
                attempt.behind_ns is None
                or not told.complete
                or asked_ns - attempt.behind_ns < self._line.profile.visible_after_ns
            ):
                continue
            if attempt.average_price is None:
                words = f"{missing} have filled at no known price; bulkhead order resolve, once it is over and you know"
                self._agreement.say(BreakKind.MISSING_FILL, attempt.terms.order_id, words)
                continue
            attempt.behind_ns = None
            reports += self._sums.grow(attempt, missing)
            reports += self._end_if_all_is_here(attempt, VenueWord.of(told))
        return reports

    def _outgrown(self, attempt: Attempt) -> list[ExecutionReport]:
        """What fills beyond the terms shows that an amendment was done which asked for that."""
        if attempt.filled <= attempt.terms.quantity:
            return []
        terms = self._changes.take_larger(attempt.cid, attempt.filled)
        if terms is None:
            return []
        attempt.terms = terms
        return [self._reporter.report(attempt, ReportKind.REPLACED, terms=terms)]

    def _end_if_all_is_here(self, attempt: Attempt, word: Evidence) -> list[ExecutionReport]:
        ending = attempt.ending
        if attempt.is_over:
            return []
        if ending is not None and attempt.filled >= ending.filled:
            return self._progress.end(attempt, ending.change, ending.evidence, ending.code, ending.reason)
        if attempt.filled >= self._changes.most(attempt.cid, attempt.terms):
            return self._progress.end(attempt, AttemptChange.FILL, word)
        return []
