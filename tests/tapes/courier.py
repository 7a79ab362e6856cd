"""The courier without a loop: what it decides is what the daemon's decides, at times that the caller chooses."""

from collections.abc import Callable

from tests.venue.inprocess import InProcessVenue
from trading.commands import WireAmend, WireCancel, WireSubmit
from trading.orders import OrderTerms
from trading.timestamps import SECOND
from trading.venue.budget import Budget
from trading.venue.conservation import Conservation
from trading.venue.messages import HoldOrders, RateLimited, Request, RequestUnsent, VenueMessage
from trading.venue.profile import VenueProfile
from trading.venue.session import VenueSession

LONGEST_WAIT_NS = 2 * SECOND
"""An order that the limits hold up for longer does not go out at all."""


class Courier:
    """Brings each request once, those about one order one after the other. `sends` is told of each before it leaves,
    `sent` after that; `unsent` are answers that it gives itself, to be heard; `alarms` are of orders that nobody
    intended."""

    def __init__(
        self,
        *,
        session: VenueSession,
        line: InProcessVenue,
        profile: VenueProfile,
        recall: Callable[[OrderTerms], str],
        sends: Callable[[Request], None],
        sent: Callable[[Request], None],
    ) -> None:
        self.unsent: list[VenueMessage] = []
        self.alarms: list[str] = []
        self.paused_until_ns = 0
        self._session = session
        self._line = line
        self._budget = Budget(profile)
        self._conservation = Conservation(session.progress.attempts)
        self._recall = recall
        self._sends, self._sent = sends, sent
        self._waiting: list[tuple[Request, int]] = []
        self._busy: dict[str, int] = {}

    def dispatch(self, now_ns: int) -> None:
        """Send what is queued, and what waited and may go now."""
        self._waiting += [(request, now_ns) for request in self._session.requests.take()]
        held: set[str] = set()
        waiting, self._waiting = self._waiting, []
        for place, (request, begun_ns) in enumerate(waiting):
            cid = _cid(request)
            if cid in held or (cid and cid in self._busy):
                held.add(cid)
                self._waiting.append((request, begun_ns))
                continue
            try:
                is_done = self._bring(request, begun_ns, now_ns)
            except BaseException:
                self._waiting += waiting[place + 1 :]
                raise
            if not is_done:
                held |= {cid} if cid else set()
                self._waiting.append((request, begun_ns))

    def next_ns(self, now_ns: int) -> int | None:
        """When something that waits may go; what is about an order waits for what is before it about the same."""
        first = {_cid(request) or str(request.number): request for request, _ in reversed(self._waiting)}
        free = [self._budget.free_at_ns(one, now_ns) for one in first.values() if _cid(one) not in self._busy]
        return min(free, default=None)

    def take(self, message: VenueMessage, now_ns: int) -> None:
        """What the line has heard."""
        if isinstance(message, RateLimited):
            self._budget.pause(now_ns, message.retry_after_ns)
            self.paused_until_ns = max(self.paused_until_ns, now_ns + message.retry_after_ns)
        number: int = getattr(message, "request", 0)
        self._busy = {cid: busy for cid, busy in self._busy.items() if not number or busy != number}

    def _bring(self, request: Request, begun_ns: int, now_ns: int) -> bool:
        free_ns = self._budget.free_at_ns(request, now_ns)
        if free_ns > now_ns:
            if not (isinstance(request.what, WireSubmit) and free_ns - begun_ns > LONGEST_WAIT_NS):
                return False
            self._deny(request, "the venue's rate limits leave no room for it")
            return True
        self._budget.spend(request, now_ns)
        if isinstance(request.what, WireSubmit | WireAmend) and (why := self._recall(request.what.terms)):
            self._deny(request, why)
            return True
        if isinstance(request.what, WireSubmit) and self._conservation.is_late(request.what):
            self._deny(request, "it has waited to leave for too long")
            return True
        if isinstance(request.what, WireSubmit) and (refusal := self._conservation.refusal(request.what)):
            self.alarms.append(refusal)
            self._deny(request, refusal)
            return True
        self._sends(request)
        if cid := _cid(request):
            self._busy[cid] = request.number
        self._line.perform(request, now_ns)
        self._sent(request)
        return True

    def _deny(self, request: Request, reason: str) -> None:
        self.unsent.append(RequestUnsent(message_id=f"r{request.number}", request=request.number, reason=reason))


def _cid(request: Request) -> str:
    """What a request has to wait its turn for."""
    if isinstance(request.what, HoldOrders):
        return "dead man"
    return request.what.cid if isinstance(request.what, WireSubmit | WireCancel | WireAmend) else ""
