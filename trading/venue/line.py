"""The line to one venue, as the session knows it: the time at both of its ends, and what is put into its queue."""

from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from trading.commands import WireCommand
from trading.timestamps import MINUTE
from trading.venue.attempts import Attempt
from trading.venue.messages import FindOrder, Message, Question, ReadTime
from trading.venue.profile import VenueProfile
from trading.venue.requests import Requests, UnderWay

FARTHEST_AHEAD_NS: Final = MINUTE
"""A time that is later than now by the venue's own clock by more than this is none: what has happened has happened. Nor
is the clock followed so far upon anything but an answer to whoever asks for it."""

MessageT = TypeVar("MessageT", bound=Message)


class Line:
    """Times are Unix nanoseconds: `now_ns` is our own, and `offset_ns` by how much the venue's clock is ahead of that,
    as far as it is known. `profile` is what the venue promises. `asked` is told of each question that is put into the
    queue, and of its number."""

    def __init__(self, profile: VenueProfile) -> None:
        self.profile = profile
        self.requests = Requests()
        self.now_ns = 0
        self.offset_ns = 0
        self.asked: Callable[[Question, int], None] = _nobody_is_told

    @property
    def stamp_ns(self) -> int:
        """Now by the venue's clock."""
        return self.now_ns + self.offset_ns

    def dated(self, message: MessageT) -> MessageT:
        """A message of no later than now by the venue's clock."""
        venue_ns = self.by_now(message.venue_ns)
        return message if venue_ns == message.venue_ns else msgspec.structs.replace(message, venue_ns=venue_ns)

    def by_now(self, venue_ns: int) -> int:
        """A time of something that has happened, by the venue's clock; of one that is far ahead, now."""
        return venue_ns if venue_ns <= self.stamp_ns + FARTHEST_AHEAD_NS else self.stamp_ns

    def reach(self, ts_ns: int) -> None:
        """It has come to be so late, at least."""
        self.now_ns = max(self.now_ns, ts_ns)

    def send(self, what: WireCommand | Question) -> int:
        """Put something into the queue, and give its number."""
        return self.requests.put(what, stamp_ns=self.stamp_ns, now_ns=self.now_ns)

    def ask(self, question: Question) -> None:
        """Ask, where the same question does not wait for its answer already."""
        if not self.requests.is_asked(question):
            self.asked(question, self.send(question))

    def ask_about(self, attempt: Attempt) -> None:
        """Ask what became of an order, where the venue can be asked that."""
        if self.profile.finds_by_id:
            self.ask(FindOrder(cid=attempt.cid, symbol=attempt.terms.symbol))

    def answered(self, message: Message) -> UnderWay | None:
        """What a message answers; None where it answers nothing that waits."""
        number: int = getattr(message, "request", 0)
        if not number:
            return None
        waiting = self.requests.answered(number)
        is_asked = waiting is not None and isinstance(waiting.request.what, ReadTime)
        if message.venue_ns and (is_asked or abs(message.venue_ns - self.stamp_ns) <= FARTHEST_AHEAD_NS):
            self.offset_ns = message.venue_ns - self.now_ns
        elif message.venue_ns:
            self.ask(ReadTime())
        return waiting


def _nobody_is_told(_question: Question, _number: int) -> None:
    """Before anybody wants to know."""
