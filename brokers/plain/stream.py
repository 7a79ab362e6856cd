"""The order stream: what the venue tells of its own accord, over as many connections as it takes.

The venue says something at least once in each heartbeat. When it has been silent for several of them the stream is
down, whatever the socket says, and a new connection is made. Frames are numbered: where some are missing, the stream is
told as down and up again, so that what they may have said is asked for.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Final

import aiohttp
import msgspec
from yarl import URL

from brokers.plain.frames import Challenge, Hello, heard, opening_of
from brokers.plain.signing import Credentials
from trading.timestamps import SECOND
from trading.venue.messages import StreamDown, StreamUp, VenueMessage

FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 10.0
"""Each connection that lasts less than the longest pause doubles the pause before the next one."""

SILENT_HEARTBEATS: Final = 3
"""Heartbeats that may fail to come before the stream counts as down."""

Pause = Callable[[float], Awaitable[None]]

REFUSED_CODE: Final = 4003
"""With it the venue closes a stream whose key is not known, or whose signature does not fit."""

_NOT_LET_IN: Final = frozenset({401, 403})
_GOODBYE: Final = aiohttp.ClientWSTimeout(ws_close=0.5)
_FRAMES_AT_ONCE: Final = 64
"""Frames that have come already are read without waiting; so now and then the event loop must be let run."""

logger = logging.getLogger(__name__)


class StreamBroken(Exception):
    """Why one connection is over."""


class OrderStream:
    """Hears one account's pushes and brings them to the sink; `settled` is set once the first attempt has come to
    something. `numbers` counts the messages of the stream, `pause` waits for so many seconds."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: URL,
        credentials: Credentials,
        sink: Callable[[VenueMessage], None],
        *,
        timeout_seconds: float,
        numbers: "count[int]",
        pause: Pause,
    ) -> None:
        self.settled = asyncio.Event()
        self._session = session
        self._url = url
        self._credentials = credentials
        self._sink = sink
        self._timeout_seconds = timeout_seconds
        self._numbers = numbers
        self._pause = pause
        self._is_up: bool | None = None
        self._last_seq = 0

    async def run(self) -> None:
        """Listen for ever; what nobody has thought of ends it, and is told."""
        try:
            await self._run()
        except Exception as error:
            self._tell_down(f"nobody listens any more: {error!r}")
            raise

    async def _run(self) -> None:
        pause_seconds = FIRST_PAUSE_SECONDS
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            try:
                await self._listen()
            except (StreamBroken, aiohttp.ClientError, OSError, ValueError) as error:
                self._tell_down(str(error) or type(error).__name__)
            if loop.time() - begun > LONGEST_PAUSE_SECONDS:
                pause_seconds = FIRST_PAUSE_SECONDS
            await self._pause(pause_seconds)
            pause_seconds = min(2 * pause_seconds, LONGEST_PAUSE_SECONDS)

    async def _listen(self) -> None:
        """Tell what one connection brings, until it is over."""
        connection = await self._opened()
        try:
            challenge = opening_of(await self._frame(connection, self._timeout_seconds))
            if not isinstance(challenge, Challenge):
                raise StreamBroken("the venue did not ask who this is")
            await connection.send_json(
                {"key": self._credentials.key, "signature": self._credentials.sign(challenge.nonce.encode())}
            )
            frame = await self._frame(connection, self._timeout_seconds)
            hello = opening_of(frame)
            if not isinstance(hello, Hello):
                raise StreamBroken("the venue asked twice who this is")
            self._tell_up(hello.time, frame.decode())
            self._last_seq = hello.seq
            await self._hear(connection, SILENT_HEARTBEATS * hello.heartbeat_ns / SECOND)
        except (StreamBroken, aiohttp.ClientError, OSError, ValueError) as error:
            # Said before the goodbye, for which the venue may take its time.
            self._tell_down(str(error) or type(error).__name__)
        finally:
            await connection.close()

    async def _opened(self) -> "aiohttp.ClientWebSocketResponse[bool]":
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._session.ws_connect(self._url, timeout=_GOODBYE, decode_text=False)
        except aiohttp.WSServerHandshakeError as error:
            if error.status not in _NOT_LET_IN:
                raise
            # The stream asks for the key later, so that the address is the likelier fault.
            raise StreamBroken(
                f"the venue opens no stream there, with status {error.status}; look at url and stream_url, then at the "
                f"key and secret of {self._credentials.file}"
            ) from None

    async def _hear(self, connection: "aiohttp.ClientWebSocketResponse[bool]", deadline_seconds: float) -> None:
        for frames in count(1):
            found = heard(await self._frame(connection, deadline_seconds))
            if found.seq > self._last_seq + 1:
                self._tell_down(f"frames {self._last_seq + 1} to {found.seq - 1} are missing")
                self._tell_up(0, "")
            self._last_seq = max(self._last_seq, found.seq)
            if found.message is not None:
                self._sink(msgspec.structs.replace(found.message, message_id=f"s{next(self._numbers)}"))
            if frames % _FRAMES_AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _frame(self, connection: "aiohttp.ClientWebSocketResponse[bool]", deadline_seconds: float) -> bytes:
        try:
            received = await connection.receive(deadline_seconds)
        except TimeoutError:
            raise StreamBroken(f"it was silent for {deadline_seconds:g} s") from None
        if received.type is aiohttp.WSMsgType.TEXT or received.type is aiohttp.WSMsgType.BINARY:
            frame: bytes = received.data
            return frame
        if connection.close_code == REFUSED_CODE:
            raise StreamBroken(f"the venue refuses the key and secret of {self._credentials.file}")
        raise StreamBroken(f"the connection was lost, with code {connection.close_code}")

    def _tell_up(self, venue_ns: int, raw: str) -> None:
        self._is_up = True
        self._sink(StreamUp(message_id=f"s{next(self._numbers)}", venue_ns=venue_ns, raw=raw))
        self.settled.set()

    def _tell_down(self, reason: str) -> None:
        if self._is_up is not False:
            logger.warning("the order stream of %s is down: %s", self._url, reason)
            self._is_up = False
            self._sink(StreamDown(message_id=f"s{next(self._numbers)}", reason=reason))
        self.settled.set()
