"""A venue that sends a tape of frames over a websocket, at a pace, to one connection at a time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final

from aiohttp import web

from daemon.clock import Clock
from daemon.feeds.pacing import Pace
from tests.live.frames import NO_MORE
from tests.live.tape import Line, stream_of

_GOODBYE_SECONDS: Final = 120.0
"""So long a listener that lags has to read what was sent before the end; a connection that is cut loses it."""


class Venue:
    """Sends the lines of a tape, each when it is due; the next connection goes on where the last one was cut.

    `speed` is a multiple of the tape's own pace, None for as fast as it is taken. At most `per_frame` pieces go in one
    frame, those that fall due within `gather_ns` of the first. Every connection is dropped after `drop_after` frames,
    without a word. At the tape's end the venue falls silent, or says that there is no more where it `ends`. Of the
    streams it sends those that the address names, or all; what belongs to no stream comes with any.
    """

    def __init__(
        self,
        tape: Iterator[Line],
        *,
        clock: Clock,
        speed: float | None = None,
        per_frame: int = 1,
        gather_ns: int = 0,
        drop_after: int | None = None,
        ends: bool = True,
    ) -> None:
        self.connections = 0
        self._tape = tape
        self._next = next(tape, None)
        self._clock = clock
        self._speed = speed
        self._per_frame = per_frame
        self._gather_ns = gather_ns
        self._drop_after = drop_after
        self._ends = ends
        self._serving = False

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, from its beginning to its end."""
        if self._serving:
            raise web.HTTPServiceUnavailable(text="one connection at a time")
        self._serving = True
        self.connections += 1
        try:
            socket = web.WebSocketResponse(compress=False, timeout=_GOODBYE_SECONDS)
            await socket.prepare(request)
            async with asyncio.TaskGroup() as group:
                playing = group.create_task(self._play(socket, request))
                hearing = group.create_task(_hear(socket))
                await asyncio.wait((playing, hearing), return_when=asyncio.FIRST_COMPLETED)
                playing.cancel()
                hearing.cancel()
            # By now nobody reads: only then does it wait for the listener's own goodbye, and cuts off nothing before.
            if self._ends and self._next is None:
                await socket.close(code=NO_MORE)
            return socket
        finally:
            self._serving = False

    async def _play(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        pace, sent = Pace(self._speed), 0
        streams = frozenset(("", *request.query["streams"].split("/"))) if "streams" in request.query else None
        with suppress(ConnectionError):
            while pieces := await self._due(pace, streams):
                await socket.send_str(pieces[0] if len(pieces) == 1 else f"[{','.join(pieces)}]")
                sent += 1
                if sent == self._drop_after and request.transport is not None:
                    request.transport.close()
                    return
            if not self._ends:
                await asyncio.Event().wait()

    async def _due(self, pace: Pace, streams: frozenset[str] | None) -> list[str]:
        """Wait for the next piece, and take with it what is due by then; nothing at the end."""
        self._skip_to(streams)
        if self._next is None:
            return []
        due_ns = pace.due_ns(self._next[0], self._clock.monotonic_ns())
        await self._clock.sleep_until(due_ns + self._gather_ns)
        pieces: list[str] = []
        now_ns = self._clock.monotonic_ns()
        while self._next is not None and len(pieces) < self._per_frame:
            due_ns, frame = pace.due_ns(self._next[0], now_ns), self._next[1]
            if pieces and (due_ns > now_ns or not stream_of(frame)):
                break
            pieces.append(frame)
            self._next = next(self._tape, None)
            self._skip_to(streams)
            if not stream_of(frame):  # what is no piece of a stream comes by itself
                break
        return pieces

    def _skip_to(self, streams: frozenset[str] | None) -> None:
        while self._next is not None and streams is not None and stream_of(self._next[1]) not in streams:
            self._next = next(self._tape, None)


async def _hear(socket: web.WebSocketResponse) -> None:
    """Answer pings until the listener leaves."""
    async for _ in socket:
        pass


def serving(venue: Venue, port: int = 0) -> AbstractAsyncContextManager[str]:
    """Open a venue on the loopback; gives the address of its streams."""
    return opened(venue.serve, port)


@asynccontextmanager
async def opened(serve: Callable[[web.Request], Awaitable[web.WebSocketResponse]], port: int = 0) -> AsyncIterator[str]:
    """Open whatever serves one connection on the loopback."""
    app = web.Application()
    app.router.add_get("/stream", serve)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}/stream"
    finally:
        await runner.cleanup()
