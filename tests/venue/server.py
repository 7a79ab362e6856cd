"""The exchange in a process of its own: `python -m tests.venue.server --help`. Its first line is its address.

Under that address are the REST interface and `/stream` of docs/brokers-plain.md, `/market` with market data for
tests/live/adapter.py, and `/admin/<command>`, which takes JSON by POST with the header `Authorization: Bearer <token>`.
The credentials file is written where there is none. With `--store` everything survives the process, however it ends.

A connection that is to be refused can only be broken, except while the venue is down: then nobody listens at its port.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from weakref import WeakSet

import uvloop
from aiohttp import WSMsgType, web

from daemon.clock import Clock, SystemClock
from tests.live.tape import generated
from tests.venue.admin import Admin
from tests.venue.exchange import Exchange
from tests.venue.faults import Faults
from tests.venue.gateway import Answered, Broken, Closed, Gateway, Output, Pushed
from tests.venue.market_data import MarketData, symbols_of
from tests.venue.pushes import HEARTBEAT_NS
from tests.venue.records import Listing, Refused, Rules
from tests.venue.store import FileStore, MemoryStore
from tests.venue.wire import Call
from trading.timestamps import SECOND, parse_interval

TOKEN = "steer"


class Server:
    """Brings a gateway to sockets. `secrets_by_key` are the API keys that may sign."""

    def __init__(
        self, gateway: Gateway, secrets_by_key: dict[str, str], *, token: str = TOKEN, clock: Clock | None = None
    ) -> None:
        self.gateway = gateway
        self.market_data = MarketData(gateway.exchange)
        self.clock = clock or SystemClock()
        self._admin = Admin(gateway, self.market_data)
        self._secrets = secrets_by_key
        self._token = token
        self._waiting: dict[int, asyncio.Future[Answered | Broken]] = {}
        self._streams: dict[int, asyncio.Queue[Pushed | Closed]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._site: web.TCPSite | None = None
        self._runner: web.AppRunner | None = None
        self._port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._transports: WeakSet[asyncio.BaseTransport] = WeakSet()

    @asynccontextmanager
    async def opened(self, port: int = 0) -> AsyncIterator[str]:
        """Serve on the loopback; gives the address of the REST interface."""
        app = web.Application(client_max_size=1 << 24)
        app.router.add_get("/stream", self._stream)
        app.router.add_get("/market", self.market_data.serve)
        app.router.add_post("/admin/{command}", self._steer)
        app.router.add_route("*", "/{target:.*}", self._call)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        self._port = port
        try:
            await self._listen()
            self._port = self._runner.addresses[0][1]
            yield f"http://127.0.0.1:{self._port}"
        finally:
            for task in self._tasks:
                task.cancel()
            if self._timer is not None:
                self._timer.cancel()
            await self._runner.cleanup()

    def pump(self) -> None:
        """Bring out what is due by now, and come again when there is more."""
        now_ns = self.clock.wall_ns()
        for output in self.gateway.advance(now_ns):
            self._bring(output)
        if self._timer is not None:
            self._timer.cancel()
        next_ns = self.gateway.next_ns()
        if next_ns is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0, next_ns - self.clock.wall_ns()) / SECOND, self.pump)

    async def restart(self, down_ns: int) -> None:
        """Break every connection, and let nobody listen at the port for so long."""
        assert self._site is not None
        await self._site.stop()
        self.gateway.restart(self.clock.wall_ns(), down_ns)
        self.pump()
        for transport in list(self._transports):
            transport.close()
        await self.clock.sleep(down_ns)
        await self._listen()

    async def _listen(self) -> None:
        assert self._runner is not None
        self._site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await self._site.start()

    def _bring(self, output: Output) -> None:
        match output:
            case Answered(ticket=ticket) | Broken(ticket=ticket):
                waiting = self._waiting.pop(ticket, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(output)
            case Pushed(stream=stream) | Closed(stream=stream):
                if stream in self._streams:
                    self._streams[stream].put_nowait(output)

    # REST.

    async def _call(self, request: web.Request) -> web.Response:
        if request.transport is not None:
            self._transports.add(request.transport)
        body = await request.read()
        call = Call(
            method=request.method,
            target=request.raw_path,
            body=body,
            stamp_ns=_number(request, "X-Timestamp"),
            within_ns=_number(request, "X-Within"),
        )
        if request.path != "/time" and not self._is_signed(request, call):
            return web.json_response({"code": "bad_signature", "reason": "the signature does not fit"}, status=401)
        ticket = self.gateway.send(call, self.clock.wall_ns())
        waiting = self._waiting[ticket] = asyncio.get_running_loop().create_future()
        self.pump()
        try:
            output = await waiting
        finally:
            self._waiting.pop(ticket, None)
        if isinstance(output, Broken):
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        headers = {} if output.retry_after is None else {"Retry-After": str(output.retry_after)}
        return web.Response(body=output.body, status=output.status, headers=headers, content_type="application/json")

    def _is_signed(self, request: web.Request, call: Call) -> bool:
        stamps = f"{request.headers.get('X-Timestamp', '')}\n{request.headers.get('X-Within', '')}"
        signed = f"{stamps}\n{call.method}\n{call.target}\n".encode() + call.body
        return self._fits(request.headers.get("X-Key", ""), signed, request.headers.get("X-Signature", ""))

    def _fits(self, key: str, signed: bytes, signature: str) -> bool:
        secret = self._secrets.get(key)
        if secret is None:
            return False
        return hmac.compare_digest(hmac.digest(secret.encode(), signed, hashlib.sha256).hex(), signature)

    # The stream.

    async def _stream(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        nonce = secrets.token_hex(16)
        await socket.send_json({"type": "challenge", "nonce": nonce})
        answer = await socket.receive(timeout=10)
        told = json.loads(answer.data) if answer.type is WSMsgType.TEXT else {}
        stream = None
        if self._fits(str(told.get("key", "")), nonce.encode(), str(told.get("signature", ""))):
            stream = self.gateway.connect(self.clock.wall_ns())
        if stream is None:
            await socket.close(code=4003)
            return socket
        queue = self._streams[stream] = asyncio.Queue()
        self.pump()
        try:
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(_push(socket, queue, request))
                async for _ in socket:
                    pass
                sending.cancel()
        finally:
            self._streams.pop(stream, None)
            self.gateway.disconnect(stream)
        return socket

    # Steering.

    async def _steer(self, request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {self._token}"):
            raise web.HTTPForbidden
        command, arguments = request.match_info["command"], json.loads(await request.read() or b"{}")
        if command == "restart":
            task = asyncio.create_task(self.restart(**arguments))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return web.json_response(None)
        try:
            found = self._admin.do(command, arguments, self.clock.wall_ns())
        except (KeyError, TypeError, ValueError, Refused) as error:
            return web.json_response({"error": repr(error)}, status=400)
        self.pump()
        return web.json_response(found)


async def _push(socket: web.WebSocketResponse, queue: "asyncio.Queue[Pushed | Closed]", request: web.Request) -> None:
    while isinstance(output := await queue.get(), Pushed):
        await socket.send_str(output.body.decode())
    if request.transport is not None:
        request.transport.abort()


def _number(request: web.Request, header: str) -> int:
    text = request.headers.get(header, "")
    return int(text) if text.isdecimal() else 0


def credentials(path: Path) -> dict[str, str]:
    """Secret by key of a file, which is written where there is none."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"key": secrets.token_hex(8), "secret": secrets.token_hex(32)}, file)
    told: dict[str, Any] = json.loads(path.read_text())
    return {told["key"]: told["secret"]}


# The command line.


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until the process is ended."""
    uvloop.run(_serve(_parser().parse_args(arguments)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.venue.server", description=__doc__)
    parser.add_argument("--credentials", type=Path, required=True, help="file with the API key and its secret")
    parser.add_argument("--store", type=Path, help="file that keeps the books; in memory if not given")
    parser.add_argument("--port", type=int, default=0, help="on the loopback; any free one if not given")
    parser.add_argument("--token", default=TOKEN, help="of the admin interface")
    parser.add_argument("--symbols", default="BTCUSDT,ETHUSDT", help="that are listed")
    parser.add_argument("--currency", default="USD", help="that they are traded in")
    parser.add_argument("--tick", type=Decimal, default="0.01")
    parser.add_argument("--lot", type=Decimal, default="1")
    parser.add_argument("--cash", default="100000", help="of the account, where the books are new")
    parser.add_argument("--fee", type=Decimal, default="0", help="share of a trade's worth that who takes pays")
    parser.add_argument("--shorts", action="store_true", help="what is not there can be sold")
    parser.add_argument("--heartbeat", type=parse_interval, default=HEARTBEAT_NS, help="such as 1s")
    parser.add_argument("--page", type=int, default=100, help="rows of a list that come at once")
    parser.add_argument("--fault", action="append", default=[], help="such as place#3.reply=lost; see the faults' MENU")
    parser.add_argument("--rate", action="append", default=[], help="of a drawn fault: place.reply=lost@0.05")
    parser.add_argument("--seed", type=int, default=7, help="of drawn faults and of the walk")
    parser.add_argument("--walk", type=float, help="quotes and trades a second of a random walk of the symbols")
    parser.add_argument("--sizes", action="store_true", help="the walk's sizes bound what fills")
    return parser


async def _serve(options: argparse.Namespace) -> None:
    symbols = symbols_of(options.symbols)
    exchange = Exchange(
        [Listing(symbol=one, currency=options.currency, tick=options.tick, lot=options.lot) for one in symbols],
        rules=Rules(taker_fee=options.fee, maker_fee=options.fee, shorts=options.shorts),
        store=FileStore(options.store) if options.store is not None else MemoryStore(),
    )
    clock = SystemClock()
    if not exchange.books.step:
        exchange.deposit(options.currency, options.cash, clock.wall_ns())
    drawn = dict(rate.rpartition("@")[::2] for rate in options.rate)
    faults = Faults(options.fault, seed=options.seed, rates={text: float(rate) for text, rate in drawn.items()})
    gateway = Gateway(exchange, faults, heartbeat_ns=options.heartbeat, page=options.page)
    server = Server(gateway, credentials(options.credentials), token=options.token, clock=clock)
    async with server.opened(options.port) as address:
        print(address, flush=True)
        if options.walk is not None:
            tape = generated(options.seed, symbols, begin_ns=clock.wall_ns(), rate=options.walk)
            await server.market_data.play(tape, clock, sizes=options.sizes, after=server.pump)
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
