"""A live feed from a websocket of combined streams: the adapter that the tests trade on, and one to write others by."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Annotated, Any, Final

import aiohttp
import msgspec
from yarl import URL

from daemon.clock import Clock
from daemon.feeds.port import Publish
from tests.live.frames import NO_MORE, FrameReader
from trading.feed_news import Connected, Disconnected
from trading.sequencer import Offer
from trading.timestamps import MILLISECOND, SECOND

FIRST_PAUSE_NS: Final = 100 * MILLISECOND
LONGEST_PAUSE_NS: Final = 10 * SECOND
"""Each attempt to connect that brings no frame doubles the pause before the next one, up to the longest."""

_CONNECT: Final = aiohttp.ClientTimeout(total=10)
_GOODBYE: Final = aiohttp.ClientWSTimeout(ws_close=0.5)
_FRAMES_AT_ONCE: Final = 64
"""Frames that have come already are read without waiting; so now and then the event loop must be let run."""

logger = logging.getLogger(__name__)


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the config may say: the address of the combined streams, such as `wss://venue.example/stream`, and how long
    it may be silent before it is pinged; one that does not answer in half that time is left."""

    url: str
    heartbeat_seconds: Annotated[float, msgspec.Meta(gt=0)] = 15.0


class WebsocketFeed:
    """Best bids and asks, trades and bars of a venue, as they come."""

    kind: Final = "websocket"

    def __init__(self, *, offers: Mapping[str, Offer], options: Mapping[str, Any], clock: Clock) -> None:
        self.offers = offers
        self.reader = FrameReader(offers)
        self._clock = clock
        self._last_ns = 0
        self._frames = 0
        self._options = msgspec.convert(options, Options)
        self._url = URL(self._options.url)
        if self._url.scheme not in {"ws", "wss"}:
            raise ValueError(f"url {str(self._url)!r} is no websocket's; it begins with ws:// or wss://")

    def reference(self) -> dict[str, Any]:
        """Where the data comes from, and what was asked for."""
        return {"kind": self.kind, "url": str(self._url), "streams": self.reader.streams}

    async def run(self, publish: Publish) -> None:
        """Listen until the venue says that there is no more, over as many connections as it takes."""
        pause_ns = FIRST_PAUSE_NS
        async with aiohttp.ClientSession(timeout=_CONNECT) as session:
            while True:
                frames_before = self._frames
                if await self._listen(session, publish):
                    return
                if self._frames > frames_before:
                    pause_ns = FIRST_PAUSE_NS
                await self._clock.sleep(pause_ns)
                pause_ns = min(2 * pause_ns, LONGEST_PAUSE_NS)

    async def _listen(self, session: aiohttp.ClientSession, publish: Publish) -> bool:
        """Publish what one connection brings; whether its end was the end of all."""
        url = self._url.update_query(streams="/".join(self.reader.streams))
        try:
            connection = await session.ws_connect(
                url, heartbeat=self._options.heartbeat_seconds, timeout=_GOODBYE, decode_text=False
            )
        except (aiohttp.ClientError, OSError) as error:
            logger.warning("no connection to %s: %s", self._url, error)
            publish(Disconnected(f"it cannot be made: {error}"), 0)
            return False
        async with connection:
            publish(Connected(), 0)  # what is asked for stands in the address
            async for message in connection:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._frames += 1
                    self.reader.read(message.data, self._received_ns(), publish)
                    if self._frames % _FRAMES_AT_ONCE == 0:
                        await asyncio.sleep(0)
        if connection.close_code == NO_MORE:
            return True
        logger.warning("the connection to %s was lost, with code %s", self._url, connection.close_code)
        publish(Disconnected(f"it was lost, with code {connection.close_code}"), 0)
        return False

    def _received_ns(self) -> int:
        """The wall clock's time, or that of the last frame where the clock was set back since."""
        self._last_ns = max(self._last_ns, self._clock.wall_ns())
        return self._last_ns
