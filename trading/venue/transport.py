"""Whether the venue answers, as its circuit breaker is told."""

from typing import Any

import msgspec

from trading.venue.agreement import Agreement
from trading.venue.line import Line
from trading.venue.messages import Message, RateLimited, ReadTime, RequestLost, RequestUnsent


class Transport:
    """Judges what answers a request, and asks where the breaker wants to know: `probes` are those numbers of the
    breaker's that wait, by the numbers of their requests."""

    def __init__(self, line: Line, agreement: Agreement) -> None:
        self.probes: dict[int, int] = {}
        self._line = line
        self._agreement = agreement

    def begin_life(self) -> None:
        """Nothing of the life before is answered any more."""
        self.probes = {}

    def probe(self, number: int) -> None:
        """The breaker wants to know whether the venue answers."""
        self.probes[self._line.send(ReadTime())] = number

    def judge(self, message: Message, request: int) -> None:
        """Whatever the venue says, it answers; it fails where it does not, and where it takes no more. What was
        withheld here tells nothing of it."""
        if isinstance(message, RequestUnsent) and message.withheld:
            return
        failed = isinstance(message, RequestLost | RequestUnsent | RateLimited)
        self._agreement.signs.failed.append(failed)
        if (probe := self.probes.pop(request, None)) is not None:
            self._agreement.signs.probes.append((probe, not failed))

    def state(self) -> dict[int, int]:
        """Everything that `restore` needs."""
        return dict(self.probes)

    def restore(self, state: Any) -> None:
        """Become the transport that gave this state."""
        self.probes = msgspec.convert(state, dict[int, int], strict=False)
