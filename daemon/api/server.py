"""The HTTP server on the daemon's Unix socket.

Who may connect: the daemon's own user and root, by the socket's mode and again by the peer's credentials. What goes
wrong is answered as JSON; what we did wrong ourselves is logged and answered with 500.
"""

import asyncio
import logging
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from inspect import isawaitable
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from daemon.api.events import serve_events
from daemon.api.openapi import document
from daemon.api.operations import AccountRefused, OperationRefused, Operations
from daemon.api.routes import ROUTES, Route
from daemon.api.views import ErrorView
from daemon.errors import BadRequest, DaemonError, UnknownOrder, UnknownStrategy, VenueNotRead
from daemon.net import Net
from daemon.plain import plain_json
from daemon.watch.metrics import CONTENT_TYPE, Exposition

BODY_LIMIT = 16_384
"""Bytes of a request's body."""
BODY_SECONDS = 5.0
"""How long a client may take to send its body."""
STOP_SECONDS = 0.5
"""How long requests in hand may take once the daemon stops."""

_STATUS: dict[type[DaemonError], int] = {
    UnknownStrategy: 404,
    UnknownOrder: 404,
    BadRequest: 400,
    AccountRefused: 409,
    OperationRefused: 409,
    VenueNotRead: 504,
}
_PEER_CREDENTIALS = struct.Struct("3i")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = logging.getLogger(__name__)


@asynccontextmanager
async def serving(operations: Operations, net: Net, path: Path) -> AsyncIterator[None]:
    """Serve the API on a Unix socket for as long as the context lasts; SocketProblem where the socket cannot be."""
    runner = web.AppRunner(application(operations), access_log=None, shutdown_timeout=STOP_SECONDS)
    with net.listen(path) as listener:
        await runner.setup()
        try:
            await web.SockSite(runner, listener).start()
            yield
        finally:
            await runner.cleanup()


def application(operations: Operations, *, allowed_uids: frozenset[int] | None = None) -> web.Application:
    """The web application; `allowed_uids` are those who may ask, by default root and the daemon's own user."""
    allowed = frozenset({0, os.geteuid()}) if allowed_uids is None else allowed_uids
    app = web.Application(client_max_size=BODY_LIMIT, middlewares=[_errors_as_json, _only_for(allowed)])
    for route in ROUTES:
        app.router.add_route(route.method, route.path, _handler(operations, route))
    app.router.add_route("GET", "/livez", _health(operations, "live"))
    app.router.add_route("GET", "/readyz", _health(operations, "ready"))
    app.router.add_route("GET", "/metrics", _metrics(operations))
    app.router.add_route("GET", "/openapi.json", _document(operations))
    serve_events(app, operations)
    return app


def json_response(answer: Any, status: int = 200) -> web.Response:
    """An answer as JSON."""
    return web.Response(body=plain_json(answer), status=status, content_type="application/json")


def _handler(operations: Operations, route: Route) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        asked = await _body(request, route) if route.method == "POST" else _query(request, route)
        answer = route.do(operations, asked)
        return json_response(await answer if isawaitable(answer) else answer)

    return handle


def _query(request: web.Request, route: Route) -> Any:
    if len(request.query) != len(set(request.query)):
        raise BadRequest("a query parameter is given twice", mend="give each once")
    try:
        return msgspec.convert({**request.query, **request.match_info}, route.asked, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest(f"{route.path}: {error}", mend="see /openapi.json") from error


async def _body(request: web.Request, route: Route) -> Any:
    # A page in a browser cannot send either without being allowed to first, so no other site can make it write.
    if request.content_type != "application/json" and request.headers.get("X-Bulkhead") != "1":
        raise web.HTTPUnsupportedMediaType(text="send JSON, with the header Content-Type: application/json")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await request.read()
        return msgspec.json.decode(body or b"{}", type=route.asked)
    except TimeoutError:
        raise web.HTTPRequestTimeout(text=f"the body did not come within {BODY_SECONDS:g} s") from None
    except msgspec.DecodeError as error:
        raise BadRequest(f"{route.path}: {error}", mend="see /openapi.json") from error


def _health(operations: Operations, aspect: str) -> Handler:
    async def handle(_: web.Request) -> web.Response:
        health = operations.health()
        return json_response(health, 200 if getattr(health, aspect) else 503)

    return handle


def _metrics(operations: Operations) -> Handler:
    exposition = Exposition(operations)

    async def handle(_: web.Request) -> web.Response:
        return web.Response(body=exposition.text(), headers={"Content-Type": CONTENT_TYPE})

    return handle


def _document(operations: Operations) -> Handler:
    async def handle(_: web.Request) -> web.Response:
        return json_response(document(operations.status().build))

    return handle


def _only_for(allowed_uids: frozenset[int]) -> Any:
    @web.middleware
    async def check_peer(request: web.Request, handler: Handler) -> web.StreamResponse:
        transport = request.transport
        peer = None if transport is None else transport.get_extra_info("socket")
        if peer is None:
            raise web.HTTPForbidden(text="the connection is gone")
        credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER_CREDENTIALS.size)
        uid = _PEER_CREDENTIALS.unpack(credentials)[1]
        if uid not in allowed_uids:
            raise web.HTTPForbidden(text=f"user {uid} may not ask this daemon; its own user and root may")
        return await handler(request)

    return check_peer


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except DaemonError as error:
        return json_response(_error(error), _STATUS.get(type(error), 500))
    except web.HTTPException as error:
        return _http_error(request, error)
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return json_response(ErrorView(error="internal", message="the daemon failed to answer; its log says why"), 500)


def _error(error: DaemonError) -> ErrorView:
    word = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in type(error).__name__)
    return ErrorView(error=word.lstrip("_"), message=str(error), mend=error.mend)


def _http_error(request: web.Request, error: web.HTTPException) -> web.Response:
    word = error.reason.lower().replace(" ", "_")
    told = error.text if error.text and not error.text.startswith(str(error.status)) else error.reason
    response = json_response(
        ErrorView(error=word, message=f"{request.method} {request.path}: {told}", mend="see /openapi.json"),
        error.status,
    )
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response
