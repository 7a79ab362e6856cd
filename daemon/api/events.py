"""The event stream over HTTP: newline-delimited JSON until the client goes, falls behind, or the daemon stops."""

import asyncio

from aiohttp import web

from daemon.api.operations import Operations
from daemon.api.stream import Heartbeat, Lagged, Subscription, encode_line

HEARTBEAT_SECONDS = 15.0
"""After so long without an event a line is sent, which also finds clients that are gone."""
WRITE_SECONDS = 10.0
"""How long a client may leave a line unread before its connection is cut."""


def serve_events(app: web.Application, operations: Operations) -> None:
    """Add the route of the stream; its listeners are let go when the application shuts down."""
    listeners: set[Subscription] = set()

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})
        await response.prepare(request)
        with operations.subscribe() as subscription:
            listeners.add(subscription)
            try:
                await _forward(subscription, response)
            except (TimeoutError, ConnectionError):
                if request.transport is not None:
                    request.transport.abort()
            finally:
                listeners.discard(subscription)
        return response

    async def let_go(_: web.Application) -> None:
        for subscription in tuple(listeners):
            subscription.close()

    app.on_shutdown.append(let_go)
    app.router.add_route("GET", "/v1/events", handle)


async def _forward(subscription: Subscription, response: web.StreamResponse) -> None:
    while True:
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                lines = await subscription.lines()
        except TimeoutError:
            lines = encode_line(Heartbeat())
        if not lines:
            break
        async with asyncio.timeout(WRITE_SECONDS):
            await response.write(lines)
    if subscription.lagged:
        told = Lagged(message="too many events waited unread; the newest are lost to this stream: ask again")
        async with asyncio.timeout(WRITE_SECONDS):
            await response.write(encode_line(told))
