"""The venue's market data: frames of combined streams as tests/live/adapter.py reads them, to who is connected."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal

from aiohttp import web

from daemon.clock import Clock
from daemon.feeds.pacing import Pace
from tests.live.tape import Line, stream_of
from tests.venue.exchange import Exchange

_LONGEST_QUEUE = 10_000


class MarketData:
    """Publishes every quote of the exchange. Who lags too far behind is cut off."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._listeners: dict[asyncio.Queue[str | None], frozenset[str] | None] = {}

    def quote(self, symbol: str, bid: str | None, ask: str | None, now_ns: int, **sizes: str | None) -> None:
        """The market is here now, for the exchange as for those who listen."""
        self._exchange.quote(symbol, bid, ask, now_ns, **sizes)
        told = {
            "s": symbol,
            "b": bid or "0",
            "B": sizes.get("bid_size") or "1000",
            "a": ask or "0",
            "A": sizes.get("ask_size") or "1000",
        }
        self.publish(json.dumps({"stream": f"{symbol.lower()}@bookTicker", "data": told}, separators=(",", ":")))

    def publish(self, frame: str) -> None:
        """Send one frame to who asked for its stream."""
        stream = stream_of(frame)
        for queue, streams in list(self._listeners.items()):
            if streams is not None and stream not in streams:
                continue
            if queue.qsize() >= _LONGEST_QUEUE:
                del self._listeners[queue]
                queue.put_nowait(None)
            else:
                queue.put_nowait(frame)

    async def play(self, tape: Iterator[Line], clock: Clock, *, sizes: bool, after: Callable[[], None]) -> None:
        """Publish a tape at its own pace; its quotes are the exchange's, with their sizes where `sizes` are to count.
        `after` is called after each quote."""
        pace = Pace(1.0)
        for at_ns, frame in tape:
            await clock.sleep_until(pace.due_ns(at_ns, clock.monotonic_ns()))
            if stream_of(frame).endswith("@bookTicker"):
                told = json.loads(frame)["data"]
                shown = {"bid_size": told["B"], "ask_size": told["A"]} if sizes else {}
                bid, ask = Decimal(told["b"]), Decimal(told["a"])
                self._exchange.quote(told["s"], bid, ask, clock.wall_ns(), **shown)
                after()
            self.publish(frame)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One listener, from its beginning to its end."""
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        streams = frozenset(request.query["streams"].split("/")) if "streams" in request.query else None
        async with self._listening(streams) as queue, asyncio.TaskGroup() as group:
            sending = group.create_task(_send(socket, queue))
            async for _ in socket:
                pass
            sending.cancel()
        return socket

    @asynccontextmanager
    async def _listening(self, streams: frozenset[str] | None) -> AsyncIterator["asyncio.Queue[str | None]"]:
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._listeners[queue] = streams
        try:
            yield queue
        finally:
            self._listeners.pop(queue, None)


async def _send(socket: web.WebSocketResponse, queue: "asyncio.Queue[str | None]") -> None:
    while (frame := await queue.get()) is not None:
        await socket.send_str(frame)
    await socket.close()


def symbols_of(text: str) -> Sequence[str]:
    """Symbols as the command line has them."""
    return [symbol for symbol in text.split(",") if symbol]
