"""The ladder by which an order in doubt is settled: it is found, or shown to be absent, or quarantined.

It is asked for by its id. Found, it is what it is. Not found, that alone says nothing: a query may not see yet what was
accepted, and what is under way may still be accepted. So it is absent only when

    1  its latest acceptance is past by the venue's own clock, with a margin; or it was accepted once, and is gone;
    2  it was asked for twice after that, as far apart as a query may lag behind, and was not known;
    3  a complete list of executions, asked for after that, has none of it, or none but those of one that was accepted;
    4  the account, read after that, is explained without it.

Where one of these cannot be had, it is quarantined: its exposure stays reserved at its worst, it is still asked for now
and then, and later evidence or an operator ends it. No time ends anything.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from trading.reports import ExecutionReport
from trading.timestamps import MINUTE, SECOND
from trading.venue.agreement import Agreement
from trading.venue.attempts import Attempt, AttemptChange, AttemptState
from trading.venue.evidence import AbsenceProof
from trading.venue.line import Line
from trading.venue.messages import AccountTold, FillsTold, ListFills, OrderMissing, ReadAccount
from trading.venue.progress import Progress

FIRST_PAUSE_NS: Final = SECOND
LONGEST_PAUSE_NS: Final = MINUTE
"""Each question about an order in doubt doubles the pause before the next one, up to the longest."""

ANSWER_NS: Final = 30 * SECOND
"""What the questions themselves may take, beyond what the venue's profile says, before an order is quarantined."""


class Absent(msgspec.Struct, kw_only=True):
    """What speaks for an order's absence so far: two sightings of nothing, and the list of executions without it."""

    first: OrderMissing
    first_ns: int
    second: OrderMissing | None = None
    second_ns: int = 0
    fills: FillsTold | None = None


class Doubts:
    """Settles what is in doubt."""

    def __init__(self, *, line: Line, progress: Progress, agreement: Agreement) -> None:
        self._line = line
        self._progress = progress
        self._agreement = agreement
        self._absent: dict[str, Absent] = {}

    @property
    def in_doubt(self) -> list[Attempt]:
        """The attempts of which nobody knows what the venue did."""
        return [attempt for attempt in self._progress.open.values() if attempt.is_in_doubt]

    def begin_life(self) -> None:
        """What was on its way when the last life ended is in doubt, and what spoke for absence is gathered anew."""
        self._absent = {}
        for attempt in self._progress.open.values():
            attempt.asked, attempt.next_ask_ns = 0, 0

    def missing(self, attempt: Attempt, message: OrderMissing, venue_now_ns: int) -> list[ExecutionReport]:
        """The venue does not know an order, as far as it sees now."""
        now_ns = self._line.now_ns
        if attempt.is_over:
            return []
        if not attempt.is_in_doubt:
            reason = "the venue does not know it" if attempt.state is AttemptState.SENDING else "the venue lost it"
            return self._progress.lose(attempt, "not_found", reason)
        if not self._cannot_arrive(attempt, venue_now_ns):
            return []
        absent = self._absent.get(attempt.cid)
        if absent is None:
            self._absent[attempt.cid] = Absent(first=message, first_ns=now_ns)
            attempt.next_ask_ns = now_ns + self._line.profile.visible_after_ns
        elif now_ns - absent.first_ns >= self._line.profile.visible_after_ns and absent.second is None:
            absent.second, absent.second_ns = message, now_ns
            self._line.ask(ListFills(since_ns=max(0, attempt.sent_ns - self._line.profile.visible_after_ns)))
        return []

    def fills_told(self, message: FillsTold, asked_ns: int) -> None:
        """A list of executions: those that were asked for late enough, and have none of an order, speak for its
        absence."""
        for cid, absent in self._absent.items():
            attempt = self._progress.attempts[cid]
            if not (message.complete and absent.second is not None and asked_ns >= absent.second_ns):
                continue
            is_absent = bool(attempt.venue_id) or all(fill.cid != cid for fill in message.fills)
            if message.since_ns <= attempt.sent_ns and is_absent:
                absent.fills = msgspec.structs.replace(message, fills=(), raw="")
                self._line.ask(ReadAccount())

    def account_told(self, message: AccountTold, asked_ns: int) -> list[ExecutionReport]:
        """The account as it is: where it is explained without an order for which all else speaks, that is proven."""
        reports: list[ExecutionReport] = []
        for cid, absent in list(self._absent.items()):
            attempt = self._progress.attempts[cid]
            if not attempt.is_in_doubt:
                del self._absent[cid]
                continue
            if absent.second is None or absent.fills is None or asked_ns < absent.second_ns or not message.complete:
                continue
            if self._agreement.explains(message, attempt.terms.symbol):
                del self._absent[cid]
                proof = AbsenceProof.of(absent.first, absent.second, absent.fills, message)
                arrived = bool(attempt.venue_id)
                change = AttemptChange.CANCEL if arrived else AttemptChange.PROVE_ABSENT
                code = "vanished" if arrived else "never_arrived"
                reports += self._progress.end(attempt, change, proof, code, "the venue does not have it")
        return reports

    def found(self, cid: str) -> None:
        """An order was heard of: nothing speaks for its absence any more."""
        self._absent.pop(cid, None)

    def on_time(self) -> list[ExecutionReport]:
        """Ask for what is in doubt, and quarantine what should have been settled by now."""
        now_ns = self._line.now_ns
        reports: list[ExecutionReport] = []
        for attempt in self.in_doubt:
            if attempt.next_ask_ns <= now_ns:
                pause_ns = min(FIRST_PAUSE_NS << min(attempt.asked, 6), LONGEST_PAUSE_NS)
                attempt.asked += 1
                attempt.next_ask_ns = now_ns + pause_ns
                self._line.ask_about(attempt)
            if attempt.state is AttemptState.UNKNOWN and now_ns >= self._quarantine_ns(attempt):
                reports.append(self._progress.quarantine(attempt))
        return reports

    @property
    def next_ns(self) -> int | None:
        """When something is to be done next; None where nothing is in doubt."""
        due = [min(one.next_ask_ns, self._quarantine_ns(one)) for one in self.in_doubt if not self._is_quarantined(one)]
        due += [one.next_ask_ns for one in self.in_doubt]
        return min(due, default=None)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs."""
        return {"absent": dict(self._absent)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the doubts that gave this state."""
        self._absent = msgspec.convert(state["absent"], dict[str, Absent])

    def _is_quarantined(self, attempt: Attempt) -> bool:
        return attempt.state is AttemptState.QUARANTINED

    def _cannot_arrive(self, attempt: Attempt, venue_now_ns: int) -> bool:
        """Whether the venue would refuse it now if it came only now."""
        if attempt.venue_id:
            return True
        bound_ns = self._line.profile.accepted_within_ns
        return bound_ns is not None and venue_now_ns > attempt.stamp_ns + bound_ns + self._line.profile.clock_margin_ns

    def _quarantine_ns(self, attempt: Attempt) -> int:
        profile = self._line.profile
        bound_ns = (profile.accepted_within_ns or 0) + profile.clock_margin_ns
        return attempt.since_ns + bound_ns + 2 * profile.visible_after_ns + ANSWER_NS
