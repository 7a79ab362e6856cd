"""The venue without sockets: Requests in, VenueMessages out, at times that the caller decides.

Between the two stand the gateway's faults and the plain broker's own reading and writing; only its sockets are missing.
What a client knows by itself is played here: an answer that does not come in time is RequestLost, a stream that is
silent for too long is down, and one that is over is opened again after a pause.
"""

from heapq import heappop, heappush
from itertools import count

import msgspec

from brokers.plain.frames import Hello, heard, opening_of
from brokers.plain.profile import ACCEPTED_WITHIN_NS
from brokers.plain.protocol import Answer, call_of, lost, message_of, next_page, with_page
from brokers.plain.stream import SILENT_HEARTBEATS
from tests.venue.gateway import Answered, Broken, Closed, Gateway, Pushed
from tests.venue.wire import Call
from trading.timestamps import MILLISECOND, SECOND
from trading.venue.messages import Request, RequestUnsent, StreamDown, StreamUp, VenueMessage


class InProcessVenue:
    """One client's life at a gateway. `advance` gives what it has heard by then, in order; `next_ns` says when there
    is more. A new one is a new life: the old one's answers reach nobody."""

    def __init__(self, gateway: Gateway, *, timeout_ns: int = 5 * SECOND, pause_ns: int = 100 * MILLISECOND) -> None:
        self._gateway = gateway
        self._timeout_ns = timeout_ns
        self._pause_ns = pause_ns
        self._asked: dict[int, tuple[Request, VenueMessage | None]] = {}
        self._deadlines: list[tuple[int, int]] = []
        self._heard: list[VenueMessage] = []
        self._numbers = count(1)
        self._stream: int | None = None
        self._silent_ns: int | None = None
        self._heartbeat_ns = 0
        self._opens_ns: int | None = None
        self._last_seq = 0
        self._is_up: bool | None = None

    def connect(self, now_ns: int) -> None:
        """Open the stream; whether it is up is heard."""
        self._opens_ns = None
        self._stream = self._gateway.connect(now_ns)
        if self._stream is None:
            self._lose("the connection was refused", now_ns)
        else:
            self._silent_ns = now_ns + self._timeout_ns

    def perform(self, request: Request, now_ns: int) -> None:
        """Send one request."""
        self._send(request, None, "", now_ns)

    def close(self) -> None:
        """End this life; what is under way stays so at the venue."""
        if self._stream is not None:
            self._gateway.disconnect(self._stream)
            self._stream = None
        self._asked.clear()
        self._opens_ns = self._silent_ns = None

    def next_ns(self) -> int | None:
        """When something is heard, or happens at the venue, next; None for never."""
        times = [self._gateway.next_ns(), self._silent_ns, self._opens_ns]
        times += [self._deadlines[0][0] if self._deadlines else None]
        return min((at_ns for at_ns in times if at_ns is not None), default=None)

    def advance(self, now_ns: int) -> list[VenueMessage]:
        """Let everything happen up to a time, in its order."""
        while (at_ns := self.next_ns()) is not None and at_ns <= now_ns:
            for output in self._gateway.advance(at_ns):
                self._take(output, at_ns)
            self._give_up(at_ns)
        for output in self._gateway.advance(now_ns):
            self._take(output, now_ns)
        told, self._heard = self._heard, []
        return told

    # Requests.

    def _send(self, request: Request, told: VenueMessage | None, after: str, now_ns: int) -> None:
        call = call_of(request, after)
        ticket = self._gateway.send(
            Call(
                method=call.method,
                target=call.target,
                body=call.body,
                stamp_ns=request.stamp_ns,
                within_ns=ACCEPTED_WITHIN_NS,
            ),
            now_ns,
        )
        self._asked[ticket] = (request, told)
        heappush(self._deadlines, (now_ns + self._timeout_ns, ticket))

    def _answered(self, output: Answered, now_ns: int) -> None:
        if output.ticket not in self._asked:
            return
        request, told = self._asked.pop(output.ticket)
        retry_after = "" if output.retry_after is None else str(output.retry_after)
        answer = Answer(status=output.status, body=output.body, retry_after=retry_after)
        page = message_of(request, answer)
        told = page if told is None else with_page(told, page)
        after = next_page(page, answer)
        if after:
            self._send(request, told, after, now_ns)
        else:
            self._heard.append(told)

    def _unanswered(self, ticket: int, reason: str, *, sent: bool = True) -> None:
        if ticket not in self._asked:
            return
        request, told = self._asked.pop(ticket)
        failed: VenueMessage = (
            lost(request, reason)
            if sent
            else RequestUnsent(message_id=f"r{request.number}", request=request.number, reason=reason)
        )
        self._heard.append(failed if told is None else with_page(told, failed))

    def _give_up(self, now_ns: int) -> None:
        while self._deadlines and self._deadlines[0][0] <= now_ns:
            self._unanswered(heappop(self._deadlines)[1], "it was not answered in time")
        if self._silent_ns is not None and self._silent_ns <= now_ns:
            self._lose("it was silent for too long", now_ns)
        if self._opens_ns is not None and self._opens_ns <= now_ns:
            self.connect(now_ns)

    # The stream.

    def _take(self, output: Answered | Broken | Pushed | Closed, now_ns: int) -> None:
        match output:
            case Answered():
                self._answered(output, now_ns)
            case Broken(ticket=ticket, sent=sent):
                self._unanswered(ticket, "the connection broke", sent=sent)
            case Pushed(stream=stream, body=body) if stream == self._stream:
                self._hear(body, now_ns)
            case Closed(stream=stream) if stream == self._stream:
                self._lose("the connection was lost", now_ns)

    def _hear(self, body: bytes, now_ns: int) -> None:
        if self._heartbeat_ns == 0:
            hello = opening_of(body)
            assert isinstance(hello, Hello)
            self._heartbeat_ns, self._last_seq = hello.heartbeat_ns, hello.seq
            self._tell_up()
        else:
            found = heard(body)
            if found.seq > self._last_seq + 1:
                self._tell_down(f"frames {self._last_seq + 1} to {found.seq - 1} are missing")
                self._tell_up()
            self._last_seq = max(self._last_seq, found.seq)
            if found.message is not None:
                message_id = f"s{next(self._numbers)}"
                self._heard.append(msgspec.structs.replace(found.message, message_id=message_id))
        self._silent_ns = now_ns + SILENT_HEARTBEATS * self._heartbeat_ns

    def _lose(self, reason: str, now_ns: int) -> None:
        if self._stream is not None:
            self._gateway.disconnect(self._stream)
        self._stream = self._silent_ns = None
        self._heartbeat_ns = 0
        self._opens_ns = now_ns + self._pause_ns
        self._tell_down(reason)

    def _tell_up(self) -> None:
        self._is_up = True
        self._heard.append(StreamUp(message_id=f"s{next(self._numbers)}"))

    def _tell_down(self, reason: str) -> None:
        if self._is_up is not False:
            self._is_up = False
            self._heard.append(StreamDown(message_id=f"s{next(self._numbers)}", reason=reason))
