"""A live feed of best bids and asks from whole books: it has to ask for what it wants on each connection, and notices
what it missed."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import aiohttp
import msgspec

from daemon.clock import Clock
from daemon.feeds.port import Publish
from tests.live.books import Book, BookChange, Torn
from trading.feed_news import Connected, Disconnected, Gapped, Resubscribed
from trading.market_data import Quote
from trading.sequencer import Offer
from trading.timestamps import MILLISECOND

PAUSE_NS: Final = 100 * MILLISECOND

logger = logging.getLogger(__name__)


class Channel(msgspec.Struct, rename="camel"):
    """Which symbol's book."""

    inst_id: str
    channel: str = "books"


class Frame(msgspec.Struct):
    """A whole book, or changes of one."""

    arg: Channel
    action: Literal["snapshot", "update"]
    data: list[BookChange]


class BookFeed:
    """Quotes of the books at `url`; `heartbeat_seconds` is how long the venue may be silent before it is pinged."""

    kind: Final = "books"

    def __init__(self, *, offers: Mapping[str, Offer], options: Mapping[str, Any], clock: Clock) -> None:
        self.offers = offers
        self._url: str = options["url"]
        self._heartbeat_seconds: float | None = options.get("heartbeat_seconds")
        self._clock = clock
        self._books: dict[str, Book] = {}
        self._torn: set[str] = set()
        self._decode = msgspec.json.Decoder(Frame).decode

    def reference(self) -> dict[str, Any]:
        """Where the data comes from."""
        return {"kind": self.kind, "url": self._url}

    async def run(self, publish: Publish) -> None:
        """Listen for ever, over as many connections as it takes."""
        async with aiohttp.ClientSession() as session:
            while True:
                await self._listen(session, publish)
                await self.lost()

    async def ask_for(self, connection: aiohttp.ClientWebSocketResponse, symbols: Iterable[str]) -> None:
        """Ask for whole books, and what changes of them from then on."""
        args = [Channel(symbol) for symbol in symbols]
        await connection.send_bytes(msgspec.json.encode({"op": "subscribe", "args": args}))

    async def lost(self) -> None:
        """Wait before the next connection is made."""
        await self._clock.sleep(PAUSE_NS)

    async def _listen(self, session: aiohttp.ClientSession, publish: Publish) -> None:
        self._books, self._torn = {}, set()
        try:
            connection = await session.ws_connect(
                self._url, heartbeat=self._heartbeat_seconds, timeout=aiohttp.ClientWSTimeout(ws_close=0.5)
            )
        except (aiohttp.ClientError, OSError) as error:
            publish(Disconnected(f"it cannot be made: {error}"), 0)
            return
        async with connection:
            await self.ask_for(connection, self.offers)
            publish(Connected(), 0)
            async for message in connection:
                if message.type is aiohttp.WSMsgType.TEXT and '"action"' in message.data:
                    await self._read(self._decode(message.data), connection, publish)
                    await asyncio.sleep(0)
        publish(Disconnected(f"it was lost, with code {connection.close_code}"), 0)

    async def _read(self, frame: Frame, connection: aiohttp.ClientWebSocketResponse, publish: Publish) -> None:
        symbol = frame.arg.inst_id
        try:
            self._take(symbol, frame, publish)
        except Torn as torn:
            logger.warning("the book of %s is torn: %s", symbol, torn)
            del self._books[symbol]
            self._torn.add(symbol)
            publish(Gapped(symbol, str(torn)), 0)
            await self.ask_for(connection, [symbol])

    def _take(self, symbol: str, frame: Frame, publish: Publish) -> None:
        for change in frame.data:
            if frame.action == "snapshot":
                book = self._books[symbol] = Book()
                book.begin(change)
            elif symbol in self._books:
                book = self._books[symbol]
                book.change(change)
            else:
                return  # changes of a book that was torn, until the whole one comes
            publish(Quote(symbol, self._clock.wall_ns(), *book.best()), int(change.ts) * MILLISECOND)
        if symbol in self._torn:
            self._torn.remove(symbol)
            publish(Resubscribed(symbol), 0)
