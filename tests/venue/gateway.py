"""Between the exchange and the line: calls arrive, answers and pushes leave, and faults come in between.

Pure and synchronous, too: `send` takes a call, `advance` gives what has reached the clients by a time, `next_ns` says
when there will be more. What never comes out is lost, and the client's own time limit is all that tells it.
"""

from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import Any

import msgspec

from tests.venue.exchange import Exchange
from tests.venue.faults import Fault, Faults
from tests.venue.limits import RateLimiter
from tests.venue.operations import Operations, status_of
from tests.venue.pushes import HEARTBEAT_NS, Due, Pushes, spoil
from tests.venue.records import Refused
from tests.venue.wire import Asked, Call, asked
from trading.timestamps import SECOND


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a call, by its ticket; `retry_after` is in seconds."""

    ticket: int
    status: int
    body: bytes
    retry_after: int | None = None


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """The connection of a call broke: after it was written, or, where it was not `sent`, before one byte was."""

    ticket: int
    sent: bool


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """A frame on a stream."""

    stream: int
    body: bytes


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """The venue has closed a stream."""

    stream: int


Output = Answered | Broken | Pushed | Closed


class Gateway:
    """The venue as its clients meet it. `latency_ns` gives the time that each way takes, and only by it may one call
    overtake another; frames keep their order. `page` is how many rows a list may have. Without `tells_fills` only
    orders are pushed, without `numbers` frames have none."""

    def __init__(
        self,
        exchange: Exchange,
        faults: Faults | None = None,
        *,
        latency_ns: Callable[[], int] = lambda: 0,
        heartbeat_ns: int = HEARTBEAT_NS,
        page: int = 100,
        limiter: RateLimiter | None = None,
        tells_fills: bool = True,
        numbers: bool = True,
    ) -> None:
        self.exchange = exchange
        self.faults = faults or Faults()
        self.pushes = Pushes(exchange.books, self.faults, tells_fills=tells_fills, numbers=numbers)
        self.pushes.remember(exchange.books.recovered)
        self.limiter = limiter or RateLimiter()
        self._operations = Operations(exchange, page=page)
        self._latency_ns = latency_ns
        self._heartbeat_ns = heartbeat_ns
        self._next_beat_ns = 0
        self._line: list[tuple[int, int, Callable[[int], None]]] = []
        self._places = count()
        self._tickets = count(1)
        self._open: dict[int, None] = {}
        self._outputs: list[Output] = []
        self._last_push_ns = 0
        self._down_until_ns = 0

    # What clients do.

    def send(self, call: Call, now_ns: int) -> int:
        """A client sends a call; its ticket, by which the answer is known."""
        ticket = next(self._tickets)
        self._open[ticket] = None
        if now_ns < self._down_until_ns:
            self._later(now_ns, lambda _: self._break(ticket, sent=False))
            return ticket
        try:
            what = asked(call)
        except Refused as refused:
            self._answer(ticket, now_ns, status_of(refused), _error(refused))
            return ticket
        faults = self.faults.begin(what.operation)
        if not self._is_stopped(ticket, faults, now_ns):
            self._travel(ticket, call, what, faults, now_ns)
        return ticket

    def connect(self, now_ns: int) -> int | None:
        """A client opens the stream; its number, None where it is refused."""
        if now_ns < self._down_until_ns:
            return None
        self._tell(now_ns)
        connected = self.pushes.connect(self.exchange.time_ns(now_ns), self._heartbeat_ns)
        if connected is None:
            return None
        stream, due = connected
        self._next_beat_ns = self._next_beat_ns if len(self.pushes.streams) > 1 else now_ns + self._heartbeat_ns
        self._schedule(due, now_ns)
        return stream

    def disconnect(self, stream: int) -> None:
        """A client has gone."""
        self.pushes.disconnect(stream)

    # Time.

    def next_ns(self) -> int | None:
        """When something happens next; None for never, unless somebody does something."""
        times = [self._line[0][0]] if self._line else []
        times += [self._next_beat_ns] if self.pushes.streams else []
        due_ns = self.exchange.next_ns()
        times += [] if due_ns is None else [due_ns]
        return 0 if self.exchange.told else min(times, default=None)

    def advance(self, now_ns: int) -> list[Output]:
        """Let everything happen that is due, in the order of time; what has reached clients by now."""
        self._tell(now_ns)
        while (at_ns := self.next_ns()) is not None and at_ns <= now_ns:
            if self._line and self._line[0][0] == at_ns:
                heappop(self._line)[2](at_ns)
            elif self.pushes.streams and self._next_beat_ns == at_ns:
                self._next_beat_ns += self._heartbeat_ns
                self._schedule(self.pushes.beat(self.exchange.time_ns(at_ns), at_ns), at_ns)
            else:
                self.exchange.pass_time(at_ns)
            self._tell(at_ns)
        outputs, self._outputs = self._outputs, []
        return outputs

    # What goes wrong as a whole.

    def restart(self, now_ns: int, down_ns: int = 0) -> None:
        """Break every connection, and refuse new ones for so long; what was under way is lost."""
        self._tell(now_ns)
        self._line.clear()
        for ticket in list(self._open):
            self._break(ticket, sent=True)
        for stream in list(self.pushes.streams):
            self._close(stream)
        self._down_until_ns = now_ns + down_ns

    def freeze(self, now_ns: int, for_ns: int = 0) -> None:
        """The streams say nothing, and stay open; with a duration new ones are as mute until it is over."""
        self.pushes.freeze(now_ns, for_ns)

    def thaw(self) -> None:
        """The streams speak again."""
        self.pushes.thaw()

    def cut(self, now_ns: int) -> None:
        """Close every stream."""
        self._schedule(self.pushes.cut(), now_ns)

    def replay(self, now_ns: int) -> None:
        """Push everything of the last day once more."""
        self._tell(now_ns)
        self._schedule(self.pushes.replay(now_ns), now_ns)

    # A call on its way.

    def _is_stopped(self, ticket: int, faults: dict[str, Fault], now_ns: int) -> bool:
        """Whether a call is answered, or not, before the venue has looked at it."""
        fault = faults.get("")
        if fault is not None:
            if fault.kind in ("refused", "cut"):
                sent = fault.kind == "cut"
                self._later(now_ns, lambda _: self._break(ticket, sent=sent))
            elif fault.kind in ("429", "418"):
                self._limit(ticket, int(fault.kind), fault.duration_ns() // SECOND, now_ns)
            else:
                self._answer(ticket, now_ns, int(fault.kind), {"code": "unavailable", "reason": "try later"})
            return True
        refusal = self.limiter.refuse(now_ns)
        if refusal is not None:
            self._limit(ticket, *refusal, now_ns)
        return refusal is not None

    def _limit(self, ticket: int, status: int, seconds: int, now_ns: int) -> None:
        told = {"code": "rate_limited", "reason": "too many requests"}
        self._answer(ticket, now_ns, status, told, retry_after=seconds)

    def _travel(self, ticket: int, call: Call, what: Asked, faults: dict[str, Fault], now_ns: int) -> None:
        way = faults.get("request")
        arrives_ns = now_ns + self._latency_ns()
        if way is not None and way.kind == "lost":
            self._open.pop(ticket)
            return
        if way is not None and way.kind == "delay":
            arrives_ns += way.duration_ns()
        self._later(arrives_ns, lambda at_ns: self._carry_out(ticket, call, what, faults, at_ns))
        if way is not None and way.kind == "twice":
            again_ns = arrives_ns + way.duration_ns(0)
            self._later(again_ns, lambda at_ns: self._carry_out(None, call, what, {}, at_ns))

    def _carry_out(self, ticket: int | None, call: Call, what: Asked, faults: dict[str, Fault], at_ns: int) -> None:
        self._tell(at_ns)
        try:
            self._check_time(call, at_ns)
            status, told = 200, self._operations.carry_out(what, faults, at_ns)
        except Refused as refused:
            status, told = status_of(refused), _error(refused)
        reply = faults.get("reply")
        if ticket is not None and (reply is None or reply.kind != "last"):
            self._reply(ticket, status, told, reply, at_ns)
        self._tell(at_ns)
        if ticket is not None and reply is not None and reply.kind == "last":
            self._answer(ticket, max(at_ns, self._last_push_ns), status, told)
        if "then" in faults:
            self._then(faults["then"], what, at_ns)

    def _check_time(self, call: Call, at_ns: int) -> None:
        if not call.within_ns:
            return
        ts_ns = self.exchange.time_ns(at_ns)
        if ts_ns > call.stamp_ns + call.within_ns:
            raise Refused(
                "stale_request", f"it is {ts_ns}; the request was good until {call.stamp_ns + call.within_ns}"
            )
        if call.stamp_ns > ts_ns + self.exchange.rules.future_ns:
            raise Refused("future_request", f"it is {ts_ns}; the request is of {call.stamp_ns}")

    def _reply(self, ticket: int, status: int, told: dict[str, Any], fault: Fault | None, at_ns: int) -> None:
        match None if fault is None else fault.kind:
            case None:
                self._answer(ticket, at_ns, status, told)
            case "lost":
                self._open.pop(ticket, None)
            case "delay" if fault is not None:
                self._answer(ticket, at_ns + fault.duration_ns(), status, told)
            case "cut":
                self._later(at_ns, lambda _: self._break(ticket, sent=True))
            case "empty":
                self._put(ticket, at_ns, status, b"")
            case "500" | "503" | "504" as kind:
                self._answer(ticket, at_ns, int(kind), {"code": "unavailable", "reason": "try later"})
            case str() as kind:
                self._put(ticket, at_ns, status, spoil({**told, "time": self.exchange.time_ns(at_ns)}, kind))

    def _answer(
        self, ticket: int, at_ns: int, status: int, told: dict[str, Any], *, retry_after: int | None = None
    ) -> None:
        body = msgspec.json.encode({**told, "time": self.exchange.time_ns(at_ns)})
        self._put(ticket, at_ns, status, body, retry_after)

    def _put(self, ticket: int, at_ns: int, status: int, body: bytes, retry_after: int | None = None) -> None:
        answered = Answered(ticket=ticket, status=status, body=body, retry_after=retry_after)
        self._later(at_ns + self._latency_ns(), lambda _: self._deliver(answered))

    def _deliver(self, answered: Answered) -> None:
        if answered.ticket in self._open:
            del self._open[answered.ticket]
            self._outputs.append(answered)

    def _then(self, fault: Fault, what: Asked, at_ns: int) -> None:
        match fault.kind:
            case "restart":
                self.restart(at_ns, fault.duration_ns(0))
            case "roll_back":
                self.exchange.roll_back_ids(fault.count(), at_ns)
            case "freeze":
                self.freeze(at_ns, fault.duration_ns(0))
            case "thaw":
                self.thaw()
            case "cut":
                self.cut(at_ns)
            case "skew":
                self.exchange.skew_ns += fault.duration_ns()
            case "replay":
                self.replay(at_ns)
            case "bust":
                self._operations.bust_last(what.cid, at_ns)
            case "manual":
                self._operations.trade_manually(fault, what, at_ns)

    # Pushes, and the ends of connections.

    def _tell(self, now_ns: int) -> None:
        effects, self.exchange.told = self.exchange.told, []
        if effects:
            self._schedule(self.pushes.tell(effects, self.exchange.time_ns(now_ns), now_ns), now_ns)

    def _schedule(self, due: list[Due], now_ns: int) -> None:
        for one in due:
            at_ns = now_ns + self._latency_ns()
            if one.after_ns:
                at_ns += one.after_ns
            else:
                at_ns = self._last_push_ns = max(self._last_push_ns, at_ns)
            self._later(at_ns, partial(self._push, one))

    def _push(self, due: Due, _at_ns: int) -> None:
        if due.stream not in self.pushes.streams:
            return
        if due.body is None:
            self._close(due.stream)
        else:
            self._outputs.append(Pushed(stream=due.stream, body=due.body))

    def _close(self, stream: int) -> None:
        self.pushes.disconnect(stream)
        self._outputs.append(Closed(stream=stream))

    def _break(self, ticket: int, *, sent: bool) -> None:
        if ticket in self._open:
            del self._open[ticket]
            self._outputs.append(Broken(ticket=ticket, sent=sent))

    def _later(self, at_ns: int, happens: Callable[[int], None]) -> None:
        heappush(self._line, (at_ns, next(self._places), happens))


def _error(refused: Refused) -> dict[str, Any]:
    return {"code": refused.code, "reason": refused.reason}
