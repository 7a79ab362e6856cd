"""What must hold of every request at the moment at which it leaves."""

from collections import Counter, defaultdict, deque
from typing import TYPE_CHECKING, Final

from tests.tapes.history import History
from tests.tapes.truth import Truth
from trading.commands import WireCancel, WireSubmit
from trading.timestamps import MINUTE
from trading.venue.messages import FindOrder, Question, Request

if TYPE_CHECKING:
    from tests.tapes.world import World

MOST_CANCELS: Final = 5
"""Of one order, for each time that somebody asks for it, and for each life."""

MOST_QUESTIONS: Final = 60
"""About one order within a minute."""

MOST_REQUESTS: Final = 600
"""Within a minute."""


class Sending:
    """Watches the wire of one world, over all lives."""

    def __init__(self, world: "World", history: History, truth: Truth) -> None:
        self._world = world
        self._history = history
        self._truth = truth
        self._left: set[str] = set()
        self._cancels: Counter[str] = Counter()
        self._questions: defaultdict[str, deque[int]] = defaultdict(deque)
        self._requests: deque[int] = deque()
        self._weights: deque[tuple[int, int]] = deque()

    def sends(self, request: Request, now_ns: int, *, paused_until_ns: int, halted: str) -> None:
        """A request leaves."""
        what = request.what
        if isinstance(what, Question):
            self._history.questions.add(request.number)
        assert now_ns >= paused_until_ns, "I36: the venue has asked to wait"
        most = _within_a_minute(self._requests, now_ns)
        assert most <= MOST_REQUESTS, f"I27: {most} requests within a minute"
        self._keep_to_the_budget(request, now_ns)
        match what:
            case WireSubmit(cid=cid):
                self._place(what)
                allowed = not halted or what.terms.reduce_only or self._history.only_reduces(what)
                assert allowed, f"I14: {cid} leaves, and trading is halted ({halted})"
            case WireCancel(cid=cid):
                self._history.cancelling[request.number] = cid
                self._cancel(what)
            case FindOrder(cid=cid):
                most = _within_a_minute(self._questions[cid], now_ns)
                assert most <= MOST_QUESTIONS, f"I27: {cid} was asked for {most} times within a minute"

    def _place(self, what: WireSubmit) -> None:
        """I6: it is written, and safe; I2: nothing leaves twice."""
        is_safe = any(one.is_safe and one.record == what for one in self._world.journal.written)
        assert is_safe, f"I6: {what.cid} leaves, and is not written"
        assert what.cid not in self._left, f"I2: {what.cid} leaves once more"
        self._left.add(what.cid)
        self._is_guarded(what)

    def _is_guarded(self, what: WireSubmit) -> None:
        """I48: where the venue is to cancel everything once nobody looks after it, it has begun to count before
        anything is opened. A clock of its that runs ahead may be over before it should be."""
        world = self._world
        has_jumped = any(".then=skew" in one for one in world.tape.faults)
        if world.dead_man_ns and not what.terms.reduce_only and not has_jumped:
            assert world.exchange.books.deadline_ns, f"I48: {what.cid} leaves, and the dead-man switch is not set"

    def _cancel(self, what: WireCancel) -> None:
        """I17: only ours are cancelled; I27: not for ever."""
        assert self._truth.owner(what.cid), f"I17: {what.cid} is not ours, and is cancelled"
        self._cancels[what.cid] += 1
        times = self._cancels[what.cid] - self._history.not_taken[what.cid]
        most = MOST_CANCELS * (self._history.cancels[what.order_id] + self._world.lives)
        assert times <= most, f"I27: {what.cid} is cancelled {times} times"
        if times > 1:
            self._world.happened["cancel sent again"] += 1

    def _keep_to_the_budget(self, request: Request, now_ns: int) -> None:
        """I36: by our own reckoning no limit is passed, and orders leave a fifth of it to what must go out."""
        profile = self._world.profile
        weight = profile.weights.get(str(type(request.what).__struct_config__.tag), 1)
        self._weights.append((now_ns, weight))
        for limit in profile.limits:
            spent = sum(one for at_ns, one in self._weights if at_ns > now_ns - limit.per_ns)
            most = limit.weight * (0.8 if isinstance(request.what, WireSubmit) else 1.0)
            assert spent <= most, f"I36: {spent} are spent, {most} may be"

    def began(self) -> None:
        """A life begins: it reckons anew, as it does not know what the last one spent."""
        self._weights.clear()


def _within_a_minute(times: deque[int], now_ns: int) -> int:
    times.append(now_ns)
    while times[0] <= now_ns - MINUTE:
        times.popleft()
    return len(times)
