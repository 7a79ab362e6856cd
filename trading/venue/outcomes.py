"""What becomes of requests that brought no more than a refusal, or no answer at all."""

from trading.commands import WireAmend, WireCancel, WireSubmit
from trading.market import Effect
from trading.venue.changes import Changes
from trading.venue.dead_man import DeadMan
from trading.venue.line import Line
from trading.venue.messages import HoldOrders, Message, RateLimited, RequestLost, RequestRefused, RequestUnsent
from trading.venue.progress import Progress
from trading.venue.requests import UnderWay
from trading.venue.rounds import Rounds


class Outcomes:
    """Tells what a request was about what has become of it: an order, a cancel, an amendment or a question."""

    def __init__(self, *, line: Line, progress: Progress, changes: Changes, rounds: Rounds, dead_man: DeadMan) -> None:
        self._line = line
        self._progress = progress
        self._changes = changes
        self._rounds = rounds
        self._dead_man = dead_man

    def on_refused(self, message: RequestRefused | RateLimited, waiting: UnderWay | None) -> list[Effect]:
        """The venue has not taken it."""
        limited = isinstance(message, RateLimited)
        code = "rate_limited" if isinstance(message, RateLimited) else message.code
        reason = "the venue takes no more for now" if isinstance(message, RateLimited) else message.reason
        match waiting and waiting.request.what:
            case WireSubmit(cid=cid):
                return [*self._progress.refused(self._progress.attempts[cid], message, code, reason)]
            case WireCancel(cid=cid) if limited:
                self._changes.cancel_not_taken(cid)
            case WireCancel(cid=cid) if self._came_too_late(message, waiting):
                self._changes.cancel_lost(cid)
            case WireCancel(cid=cid) if self._is_over(cid):
                self._changes.forget(cid)
            case WireCancel(cid=cid):
                self._changes.cancel_refused(cid, code, reason)
                self._progress.ask_about(cid)
            case WireAmend(cid=cid):
                return self._amend_refused(cid, code, reason)
            case _:
                self.put_off(waiting)
        return []

    def on_unsent(self, message: RequestUnsent, waiting: UnderWay | None) -> list[Effect]:
        """It has not left this machine."""
        match waiting and waiting.request.what:
            case WireSubmit(cid=cid):
                return [*self._progress.unsent(self._progress.attempts[cid], message)]
            case WireCancel(cid=cid):
                self._changes.cancel_not_taken(cid)
            case WireAmend(cid=cid):
                return self._amend_refused(cid, "unsent", message.reason)
            case _:
                self.put_off(waiting)
        return []

    def on_lost(self, message: RequestLost, waiting: UnderWay | None) -> list[Effect]:
        """Nobody knows what became of it."""
        match waiting and waiting.request.what:
            case WireSubmit(cid=cid):
                return [*self._progress.lose(self._progress.attempts[cid], "no_answer", message.reason)]
            case WireCancel(cid=cid):
                self._changes.cancel_lost(cid)
                self._progress.ask_about(cid)
            case WireAmend(cid=cid):
                self._changes.amend_lost(cid)
                self._progress.ask_about(cid)
            case _:
                self.put_off(waiting)
        return []

    def put_off(self, waiting: UnderWay | None) -> None:
        """A question was not answered."""
        if waiting is not None and isinstance(waiting.request.what, HoldOrders):
            self._dead_man.not_held()
        else:
            self._rounds.put_off(waiting)

    def _is_over(self, cid: str) -> bool:
        attempt = self._progress.attempts.get(cid)
        return attempt is not None and attempt.is_over

    def _came_too_late(self, message: Message, waiting: UnderWay | None) -> bool:
        """Whether a request was refused for no more than that it had waited for too long on its way out."""
        within_ns = self._line.profile.accepted_within_ns
        if waiting is None or within_ns is None:
            return False
        return message.venue_ns > waiting.request.stamp_ns + within_ns

    def _amend_refused(self, cid: str, code: str, reason: str) -> list[Effect]:
        self._progress.ask_about(cid)
        attempt = self._progress.attempts.get(cid)
        if attempt is None or not self._changes.amend_refused(cid):
            return []
        return [self._progress.amend_rejected(attempt, code, reason)]
