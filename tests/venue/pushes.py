"""The order stream from the venue's side: its connections, its frames, and what goes wrong with them."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from tests.venue.books import Books
from tests.venue.faults import Fault, Faults
from tests.venue.records import Effect, FillBusted, FillPut, OrderPut
from tests.venue.wire import fill_told, order_told
from trading.timestamps import DAY, SECOND

_encode = msgspec.json.Encoder().encode

Frame = dict[str, Any]

HEARTBEAT_NS: Final = SECOND

ODD: Final = "half_open"
"""A status, and all else, that the protocol does not know."""


class Due(msgspec.Struct, frozen=True):
    """A frame for a stream, so long from now; None closes the stream."""

    stream: int
    after_ns: int
    body: bytes | None


class Pushes:
    """Makes frames of effects for every stream that is connected; `tells_fills`: whether fills are pushed at all,
    `numbers` whether frames are numbered."""

    def __init__(self, books: Books, faults: Faults, *, tells_fills: bool, numbers: bool) -> None:
        self.streams: list[int] = []
        self.tells_fills = tells_fills
        self._numbers = numbers
        self._books = books
        self._faults = faults
        self._frozen: set[int] = set()
        self._muted_until_ns = 0
        self._last_stream = 0
        self._sequence = 0
        self._day: deque[Frame] = deque()
        self._kept: list[bytes] = []

    def connect(self, ts_ns: int, heartbeat_ns: int) -> tuple[int, list[Due]] | None:
        """One more stream, with what it is told first; None where it is refused."""
        fault = self._faults.begin("stream").get("")
        if fault is not None and fault.kind == "refused":
            return None
        self._last_stream += 1
        stream = self._last_stream
        self.streams.append(stream)
        hello = {"type": "hello", "time": ts_ns, "heartbeat_ns": heartbeat_ns}
        hello |= {"seq": self._sequence} if self._numbers else {}
        due = [Due(stream, 0, _encode(hello))]
        if fault is not None:
            due += self._whatever(fault, ts_ns, [stream])
        return stream, due

    def disconnect(self, stream: int) -> None:
        """A stream is no more."""
        if stream in self.streams:
            self.streams.remove(stream)
            self._frozen.discard(stream)

    def freeze(self, now_ns: int, for_ns: int = 0) -> None:
        """The streams that are there say nothing more; for a while, where one is given, nor do new ones."""
        self._frozen.update(self.streams)
        self._muted_until_ns = now_ns + for_ns

    def thaw(self) -> None:
        """They speak again; what was not said stays unsaid."""
        self._frozen.clear()
        self._muted_until_ns = 0

    def cut(self) -> list[Due]:
        """Close every stream."""
        return [Due(stream, 0, None) for stream in self.streams]

    def replay(self, now_ns: int) -> list[Due]:
        """Everything of the last day once more, as it was."""
        return self._to_all([_encode(frame) for frame in self._day], self.streams, now_ns)

    def remember(self, effects: Sequence[Effect]) -> None:
        """What was pushed in an earlier life, so that it can be replayed."""
        for effect in effects:
            for kind, content, ts_ns in self._contents([effect]):
                self._keep(self._frame(kind, content, ts_ns), ts_ns)

    def tell(self, effects: Sequence[Effect], ts_ns: int, now_ns: int) -> list[Due]:
        """What is pushed of effects."""
        due: list[Due] = []
        for kind, content, _ in self._contents(effects):
            due += self._push(kind, content, ts_ns, now_ns)
        return due

    def beat(self, ts_ns: int, now_ns: int) -> list[Due]:
        """A heartbeat, so that silence can be told from peace."""
        return self._push("heartbeat", {}, ts_ns, now_ns)

    def _push(self, kind: str, content: Frame, ts_ns: int, now_ns: int) -> list[Due]:
        frame = self._frame(kind, content, ts_ns)
        if kind != "heartbeat":
            self._keep(frame, ts_ns)
        fault = self._faults.begin(kind if kind == "heartbeat" else f"{kind}_push").get("")
        before, self._kept = self._kept, []
        if fault is None:
            return self._to_all([_encode(frame), *before], self.streams, now_ns)
        if fault.kind in ("freeze", "cut", "replay"):
            said = self._to_all([_encode(frame), *before], self.streams, now_ns)
            return said + self._whatever(fault, now_ns, self.streams)
        if fault.kind == "swap":
            self._kept = [*before, _encode(frame)]
            return []
        delay_ns = fault.duration_ns() if fault.kind == "delay" else 0
        return self._to_all([*_spoilt(frame, fault), *before], self.streams, now_ns, delay_ns)

    def _contents(self, effects: Sequence[Effect]) -> Iterator[tuple[str, Frame, int]]:
        """The type, content and time of what is pushed of effects."""
        for effect in effects:
            match effect:
                case OrderPut(order=order) if not order.forgotten:
                    yield "order", {"order": order_told(order)}, order.updated_ns
                case FillPut(fill=fill) if self.tells_fills:
                    yield "fill", {"fill": fill_told(fill)}, fill.ts_ns
                case FillBusted(number=number, ts_ns=ts_ns) if self.tells_fills:
                    yield "bust", {"fill": fill_told(self._books.fills[number])}, ts_ns

    def _frame(self, kind: str, content: Frame, ts_ns: int) -> Frame:
        self._sequence += 1
        number = {"seq": self._sequence} if self._numbers else {}
        return {"type": kind, **number, "time": ts_ns, **content}

    def _keep(self, frame: Frame, ts_ns: int) -> None:
        while self._day and self._day[0]["time"] <= ts_ns - DAY:
            self._day.popleft()
        self._day.append(frame)

    def _whatever(self, fault: Fault, now_ns: int, streams: Sequence[int]) -> list[Due]:
        if fault.kind == "freeze":
            self._frozen.update(streams)
            if fault.argument:
                self._muted_until_ns = now_ns + fault.duration_ns()
        elif fault.kind == "cut":
            return [Due(stream, 0, None) for stream in streams]
        elif fault.kind == "replay":
            return self._to_all([_encode(frame) for frame in self._day], streams, now_ns)
        return []

    def _to_all(self, bodies: Sequence[bytes], streams: Sequence[int], now_ns: int, delay_ns: int = 0) -> list[Due]:
        if now_ns < self._muted_until_ns:
            return []
        heard = [stream for stream in streams if stream not in self._frozen]
        return [Due(stream, delay_ns, body) for body in bodies for stream in heard]


def spoil(told: dict[str, Any], kind: str) -> bytes:
    """A frame or an answer that its reader does not expect."""
    if kind == "garbage":
        return _encode(told)[:-7]
    spoilt: dict[str, Any] = msgspec.json.decode(_encode(told))
    inner = next((spoilt[name] for name in ("order", "fill") if name in spoilt), spoilt)
    if kind == "unknown_status":
        inner["status" if "order" in spoilt else "liquidity"] = ODD
    elif kind == "unknown_side":
        inner["side"] = ODD
    elif kind == "unknown_type":
        spoilt["type"] = ODD
    elif kind == "unknown_fields":
        inner["novelty"], spoilt["novelties"] = ODD, [{"is": 1}]
    return _encode(spoilt)


def _spoilt(frame: Frame, fault: Fault) -> list[bytes]:
    whole = _encode(frame)
    match fault.kind:
        case "drop":
            return []
        case "twice":
            return [whole, whole]
        case "zero_fill":
            return [_encode(_nothing_filled(frame)), whole]
        case "delay":
            return [whole]
    return [spoil(frame, fault.kind)]


def _nothing_filled(frame: Frame) -> Frame:
    """A fill of nothing, of the order that a frame is about."""
    of = frame.get("order") or frame.get("fill") or {}
    about = {name: of.get(name, "") for name in ("cid", "venue_id", "symbol", "side")}
    amounts = {"quantity": "0", "price": "0", "fee": "0", "fee_currency": ""}
    fill = {"trade_id": "0", "leg": "", **about, **amounts, "liquidity": "taker", "ts_ns": frame["time"]}
    return {**frame, "type": "fill", "fill": fill}
