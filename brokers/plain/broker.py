"""The plain protocol behind the broker port: REST for requests, a websocket for pushes. Nothing is ever sent twice."""

import asyncio
from collections.abc import Mapping
from itertools import count
from typing import Annotated, Final

import aiohttp
import msgspec
from yarl import URL

from brokers.errors import NotConnected
from brokers.plain.profile import ACCEPTED_WITHIN_NS, CAPABILITIES, PROFILE
from brokers.plain.protocol import Answer, call_of, lost, message_of, next_page, with_page
from brokers.plain.signing import Credentials
from brokers.plain.stream import OrderStream, Pause
from brokers.port import MessageSink
from trading.commands import WireAmend, WireSubmit
from trading.refusals import Refusal
from trading.timestamps import SECOND
from trading.venue.messages import Request, RequestRefused, RequestUnsent, VenueMessage

MOST_PAGES: Final = 100
"""Pages of one list that are asked for; what is longer is told as not complete."""

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the config may say: the address of the REST interface and of the stream, which is `/stream` of the first
    where it is not given; the path of the file with key and secret; and how long an answer may take."""

    url: str
    credentials: str
    stream_url: str = ""
    timeout_seconds: Annotated[float, msgspec.Meta(gt=0, le=60)] = 5.0


class BrokenOff(aiohttp.ClientConnectionError):
    """The connection broke after a request was written, or while it was."""


class PlainBroker:
    """One account at a venue of the plain protocol. ValueError for options that are not its own, BadCredentials for
    their file. `pause` waits for so many seconds before the stream is opened again."""

    name = "plain"
    label = "plain venue"
    live_allowed = True
    capabilities = CAPABILITIES
    profile = PROFILE

    def __init__(self, *, options: Mapping[str, object], sink: MessageSink, pause: Pause = asyncio.sleep) -> None:
        self._options = msgspec.convert(options, Options)
        self._url = _address(self._options.url, {"http", "https"})
        self._stream_url = _address(self._options.stream_url or _stream_of(self._url), {"ws", "wss"})
        self._credentials = Credentials.load(self._options.credentials)
        self.account = f"key {self._credentials.key} at {self._url}"
        self._sink = sink
        self._pause = pause
        self._numbers = count(1)
        self._session: aiohttp.ClientSession | None = None
        self._listening: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Open the stream; returns once it is up, or once the first attempt has failed."""
        if self._session is not None:
            return
        seconds = self._options.timeout_seconds
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=2 * seconds, connect=seconds, sock_connect=seconds, sock_read=seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            middlewares=(_once,),
        )
        stream = OrderStream(
            self._session,
            self._stream_url,
            self._credentials,
            self._sink,
            timeout_seconds=seconds,
            numbers=self._numbers,
            pause=self._pause,
        )
        self._listening = asyncio.create_task(stream.run(), name="plain order stream")
        await stream.settled.wait()

    async def perform(self, request: Request) -> None:
        """Send one request; a list in pages is asked for page by page."""
        session = self._session
        if session is None:
            raise NotConnected(f"broker {self.name} ({self.label}) is not connected; await its connect() first")
        refusal = self._refusal(request)
        if refusal is not None:
            code, reason = refusal.code, refusal.reason
            self._sink(
                RequestRefused(message_id=f"r{request.number}", request=request.number, code=code, reason=reason)
            )
            return
        loop = asyncio.get_running_loop()
        begun = loop.time()
        told, after = await self._ask(session, request, "", request.stamp_ns)
        for _ in range(MOST_PAGES):
            if not after:
                break
            # A stamp is of the moment at which it is sent: the last page may be asked for long after the first.
            page, after = await self._ask(
                session, request, after, request.stamp_ns + round((loop.time() - begun) * SECOND)
            )
            told = with_page(told, page)
        if after:
            told = with_page(told, lost(request, f"it has more than {MOST_PAGES} pages"))
        self._sink(told)

    async def close(self) -> None:
        """Let go of the connections. What is under way is told as lost."""
        session, listening = self._session, self._listening
        self._session = self._listening = None
        if listening is not None:
            listening.cancel()
            await asyncio.wait([listening])
        if session is not None:
            await session.close()

    def __repr__(self) -> str:
        return f"PlainBroker({str(self._url)!r})"

    def _refusal(self, request: Request) -> Refusal | None:
        """Why the venue would not understand a request: what it does not offer has no words in its protocol."""
        match request.what:
            case WireSubmit() as submit:
                return self.capabilities.refusal(submit.sent_terms)
            case WireAmend(terms=terms):
                return self.capabilities.refusal(msgspec.structs.replace(terms, reduce_only=False))
        return None

    async def _ask(
        self, session: aiohttp.ClientSession, request: Request, after: str, stamp_ns: int
    ) -> tuple[VenueMessage, str]:
        """What came of one call, and where the next page begins."""
        if session.closed:
            return _unsent(request, "the broker was closed"), ""
        call = call_of(request, after)
        headers = self._credentials.headers(
            method=call.method,
            target=call.target,
            body=call.body,
            stamp_ns=stamp_ns,
            within_ns=ACCEPTED_WITHIN_NS,
        )
        url = URL(f"{str(self._url).rstrip('/')}{call.target}", encoded=True)
        try:
            async with session.request(
                call.method, url, data=call.body or None, headers=headers, allow_redirects=False
            ) as response:
                body = await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return _unsent(request, f"no connection: {error}"), ""
        except TimeoutError:
            return lost(request, "it was not answered in time"), ""
        except (aiohttp.ClientError, OSError) as error:
            return lost(request, f"the connection broke: {error}"), ""
        answer = Answer(status=response.status, body=body, retry_after=response.headers.get("Retry-After", ""))
        told = message_of(request, answer)
        return told, next_page(told, answer)


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """aiohttp sends GET and DELETE again when a connection breaks; by another error it is kept from that."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise BrokenOff(str(error)) from error


def _unsent(request: Request, reason: str) -> RequestUnsent:
    return RequestUnsent(message_id=f"r{request.number}", request=request.number, reason=reason)


def _address(text: str, schemes: set[str]) -> URL:
    url = URL(text)
    if url.scheme not in schemes or not url.host:
        raise ValueError(f"{text!r} is no such address; it begins with {' or '.join(sorted(schemes))}")
    if url.user is not None or url.password is not None:
        raise ValueError("an address does not carry a password; key and secret are in the file of `credentials`")
    if url.scheme in {"http", "ws"} and url.host not in _LOOPBACK:
        raise ValueError(f"{text!r} is not encrypted; only an address of this machine may be so")
    return url


def _stream_of(url: URL) -> str:
    return str(url.with_scheme("wss" if url.scheme == "https" else "ws") / "stream")
