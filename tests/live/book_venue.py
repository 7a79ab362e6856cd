"""A venue of order books, whose market moves and whose connections fail when a test says so. It sends nothing that was
not asked for on that connection."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from tests.live.books import Book, BookChange
from tests.live.venue import opened
from tests.patience import PATIENCE_SECONDS


class BookVenue:
    """Holds a book of one bid and one ask for each symbol. Of the symbols in `dead` it sends nothing. `asked` counts
    the requests for each symbol."""

    def __init__(self, symbols: Iterable[str]) -> None:
        self.connections = 0
        self.asked: Counter[str] = Counter()
        self.pings = 0
        self.dead: set[str] = set()
        self._books = {symbol: Book() for symbol in symbols}
        self._prices: dict[str, tuple[str, str]] = dict.fromkeys(self._books, ("99", "101"))
        self._sequences = dict.fromkeys(self._books, 0)
        self._subscribed: set[str] = set()
        self._socket: web.WebSocketResponse | None = None
        self._transport: asyncio.Transport | None = None
        self._came = asyncio.Condition()
        for symbol in self._books:
            self._books[symbol].begin(self._whole(symbol))

    def serving(self) -> AbstractAsyncContextManager[str]:
        """Open it on the loopback; gives its address."""
        return opened(self.serve)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection."""
        socket = web.WebSocketResponse(compress=False, autoping=False)
        await socket.prepare(request)
        assert isinstance(request.transport, asyncio.Transport)
        self._socket, self._transport, self._subscribed = socket, request.transport, set()
        self.connections += 1
        await self._note()
        async for message in socket:
            if message.type is WSMsgType.PING:
                await socket.pong(message.data)
                self.pings += 1
            elif message.type in (WSMsgType.BINARY, WSMsgType.TEXT):
                await self._answer(msgspec.json.decode(message.data))
            await self._note()
        return socket

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds; it is looked at whenever a connection, a request or a ping has come."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._came:
            await self._came.wait_for(holds)

    async def move(self, symbol: str, bid: str, ask: str, *, lost: bool = False, garbled: bool = False) -> None:
        """The best bid and ask are others now. The change may be `lost` on its way, or come `garbled`."""
        gone = [[price, "0"] for price in self._prices[symbol]]
        self._prices[symbol] = (bid, ask)
        before, self._sequences[symbol] = self._sequences[symbol], self._sequences[symbol] + 1
        levels = [[[bid, "5"], gone[0]], [[ask, "5"], gone[1]]]
        for side, other in zip(levels, gone, strict=True):
            if side[0][0] == other[0]:
                del side[1]
        change = BookChange(bids=levels[0], asks=levels[1], seq_id=before + 1, prev_seq_id=before)
        self._books[symbol].change(change)
        change.checksum = self._books[symbol].checksum()
        if garbled:
            change.bids = [[bid, "7"], *change.bids[1:]]
        if not lost:
            await self._send(symbol, "update", change)

    def drop(self) -> None:
        """End the connection without a word."""
        assert self._transport is not None
        self._transport.close()

    def half_close(self) -> None:
        """Say that nothing will follow on the connection, and leave it open the other way."""
        assert self._transport is not None
        self._transport.write_eof()

    async def _answer(self, request: dict[str, Any]) -> None:
        for arg in request["args"]:
            symbol = arg["instId"]
            self.asked[symbol] += 1
            self._subscribed.add(symbol)
            await self._send(symbol, "snapshot", self._whole(symbol))

    async def _send(self, symbol: str, action: str, change: BookChange) -> None:
        if self._socket is not None and symbol in self._subscribed and symbol not in self.dead:
            frame = {"arg": {"channel": "books", "instId": symbol}, "action": action, "data": [change]}
            with suppress(ConnectionError):
                await self._socket.send_str(msgspec.json.encode(frame).decode())

    def _whole(self, symbol: str) -> BookChange:
        (bid, ask), sequence = self._prices[symbol], self._sequences[symbol]
        whole = BookChange(bids=[[bid, "5"]], asks=[[ask, "5"]], seq_id=sequence)
        book = Book()
        book.begin(whole)
        whole.checksum = book.checksum()
        return whole

    async def _note(self) -> None:
        async with self._came:
            self._came.notify_all()
