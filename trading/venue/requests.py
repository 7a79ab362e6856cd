"""What is to be asked of the venue, in order, and what was asked and is not answered yet."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from trading.commands import WireCommand
from trading.timestamps import SECOND
from trading.venue.messages import ListFills, ListOpenOrders, Question, ReadAccount, Request

LONGEST_NS: Final = 30 * SECOND
"""After so long a question counts as lost, whatever became of it: a new one may be asked."""


class UnderWay(msgspec.Struct, frozen=True, kw_only=True):
    """A request that waits for its answer, with the time at which it was put into the queue."""

    request: Request
    asked_ns: int


class Requests:
    """Numbers requests from 1 in each life. Of questions that are equal one is under way at a time."""

    def __init__(self) -> None:
        self.number = 0
        self.queue: list[Request] = []
        self._under_way: dict[int, UnderWay] = {}

    def put(self, what: WireCommand | Question, *, stamp_ns: int, now_ns: int) -> int:
        """Ask something, and give its number."""
        self.number += 1
        request = Request(number=self.number, what=what, stamp_ns=stamp_ns)
        self.queue.append(request)
        self._under_way[request.number] = UnderWay(request=request, asked_ns=now_ns)
        return request.number

    def is_asked(self, question: Question) -> bool:
        """Whether the same question waits for its answer."""
        return any(waiting.request.what == question for waiting in self._under_way.values())

    def answered(self, number: int) -> UnderWay | None:
        """Take what a message answers; None where that was of an earlier life, or is over."""
        return self._under_way.pop(number, None)

    def take(self) -> list[Request]:
        """Give what is to be sent now, each once."""
        queue, self.queue = self.queue, []
        return queue

    def forget_questions(self, now_ns: int) -> list[UnderWay]:
        """Give up questions that were not answered within their time."""
        lost = [
            waiting
            for waiting in self._under_way.values()
            if isinstance(waiting.request.what, Question) and now_ns - waiting.asked_ns >= LONGEST_NS
        ]
        for waiting in lost:
            del self._under_way[waiting.request.number]
        return lost

    def forget_listings(self) -> None:
        """What was asked about everything before now is of no use any more: it is to be asked for again at once."""
        self._under_way = {
            number: waiting
            for number, waiting in self._under_way.items()
            if not isinstance(waiting.request.what, ListOpenOrders | ListFills | ReadAccount)
        }

    def begin_life(self) -> None:
        """Nothing of the life before is answered any more."""
        self.number = 0
        self.queue = []
        self._under_way = {}

    def __iter__(self) -> Iterator[UnderWay]:
        return iter(self._under_way.values())

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs; what is queued is under way."""
        return {"number": self.number, "under_way": list(self._under_way.values())}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become the requests that gave this state."""
        self.number = state["number"]
        waiting = msgspec.convert(state["under_way"], list[UnderWay])
        self._under_way = {one.request.number: one for one in waiting}
        self.queue = []
