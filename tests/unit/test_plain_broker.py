"""The plain broker against a venue that breaks: what is told of each request, and of the stream, fault by fault."""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.errors import BadCredentials, NotAllCancelled
from brokers.plain import broker as module
from brokers.plain import canceller
from brokers.plain.broker import PlainBroker
from brokers.plain.canceller import OURS, cancel_everything
from brokers.plain.frames import heard
from brokers.plain.protocol import Answer, message_of
from brokers.plain.signing import Credentials
from daemon.clock import SystemClock
from tests.market_builders import amend, buy, cancel
from tests.venue.exchange import Exchange
from tests.venue.faults import Faults
from tests.venue.gateway import Gateway
from tests.venue.records import Listing, Status, Ticket
from tests.venue.server import Server, credentials
from trading.account.ids import PREFIX
from trading.orders import OrderType, Side
from trading.timestamps import MILLISECOND, SECOND
from trading.venue.messages import (
    AccountTold,
    BustTold,
    FillsTold,
    FillTold,
    FindOrder,
    HoldOrders,
    ListFills,
    ListOpenOrders,
    OpenOrdersTold,
    OrderMissing,
    OrdersHeld,
    OrderTold,
    RateLimited,
    ReadAccount,
    ReadTime,
    Request,
    RequestLost,
    RequestRefused,
    RequestUnsent,
    StreamDown,
    StreamUp,
    Unreadable,
    VenueMessage,
    VenueOrder,
    VenueStatus,
)

NOW_NS = SystemClock().wall_ns
ROOT = Path(__file__).resolve().parents[2]
SECRET = "canary-4f1d"


class World:
    """A venue in this process with a price of 100 for AAA, a broker of it, and what that has heard."""

    def __init__(self, folder: Path, faults: tuple[str, ...], **gateway: Any) -> None:
        self.exchange = Exchange([Listing(symbol="AAA")])
        self.exchange.deposit("USD", "10000")
        self.exchange.quote("AAA", "100", "100", NOW_NS())
        self.gateway = Gateway(self.exchange, Faults(faults), **gateway)
        self.file = folder / "credentials.json"
        self.file.write_text(f'{{"key": "k", "secret": "{SECRET}"}}')
        self.file.chmod(0o600)
        self.server = Server(self.gateway, credentials(self.file))
        self.options: dict[str, Any] = {}
        self.messages: list[VenueMessage] = []
        self.broker: PlainBroker
        self._came = asyncio.Event()
        self._number = 0

    def hear(self, message: VenueMessage) -> None:
        self.messages.append(message)
        self._came.set()

    async def ask(self, what: Any, *, stamp_ns: int | None = None) -> VenueMessage:
        """Send one request; what answers it, and it must be one message."""
        self._number += 1
        number = self._number
        stamp_ns = NOW_NS() if stamp_ns is None else stamp_ns
        await self.broker.perform(Request(number=number, what=what, stamp_ns=stamp_ns))
        (answer,) = (one for one in self.messages if getattr(one, "request", 0) == number)
        return answer

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not is_so():
                self._came.clear()
                await self._came.wait()

    def pushed(self) -> list[VenueMessage]:
        return [message for message in self.messages if not getattr(message, "request", 0)]

    def happens(self, does: Callable[[], Any]) -> None:
        """Let something happen at the venue."""
        does()
        self.server.pump()


@asynccontextmanager
async def a_world(folder: Path, *faults: str, seconds: float = 5.0, **gateway: Any) -> AsyncIterator[World]:
    world = World(folder, faults, **gateway)
    async with world.server.opened() as address:
        world.options = {"url": address, "credentials": str(world.file), "timeout_seconds": seconds}
        world.broker = PlainBroker(options=world.options, sink=world.hear)
        await world.broker.connect()
        try:
            yield world
        finally:
            await world.broker.close()


# What becomes of a request.


@pytest.mark.parametrize(
    ("fault", "is_there"),
    [
        ("place#1.reply=lost", True),
        ("place#1.request=lost", False),
        ("place#1.reply=503", True),
        ("place#1=503", False),
        ("place#1.reply=504", True),
        ("place#1.reply=cut", True),
        ("place#1=cut", False),
        ("place#1.reply=garbage", True),
        ("place#1.reply=empty", True),
        ("place#1.reply=unknown_side", True),
    ],
)
async def test_without_an_answer_that_says_so_nothing_is_known(tmp_path: Path, fault: str, *, is_there: bool) -> None:
    async with a_world(tmp_path, fault, seconds=0.1) as world:
        answer = await world.ask(buy("a", "1"))

        assert isinstance(answer, RequestLost)
        assert answer.reason
        assert (world.exchange.books.find("a") is not None) is is_there
        assert world.gateway.faults.counts["place"] == 1


@pytest.mark.parametrize("what", [cancel("a"), FindOrder(cid="a", symbol="AAA"), ReadAccount()])
async def test_what_breaks_is_not_sent_again(tmp_path: Path, what: Any) -> None:
    faults = [f"{operation}#1=cut" for operation in ("cancel", "find", "account")]
    async with a_world(tmp_path, *faults) as world:
        await world.ask(ReadTime())
        assert isinstance(await world.ask(what), RequestLost)
        assert world.gateway.faults.counts.total() - world.gateway.faults.counts["heartbeat"] == 3  # stream, time, it


async def test_an_answer_that_comes_too_late_is_not_heard(tmp_path: Path) -> None:
    async with a_world(tmp_path, "place#1.reply=delay:300ms", seconds=0.1) as world:
        assert isinstance(await world.ask(buy("a", "1")), RequestLost)
        await world.until(lambda: any(isinstance(message, FillTold) for message in world.messages))
        assert len([message for message in world.messages if getattr(message, "request", 0)]) == 1


@pytest.mark.parametrize(
    ("fault", "retry_after_ns", "banned"),
    [("place#1=429:7s", 7 * SECOND, False), ("place#1=418:120s", 120 * SECOND, True)],
)
async def test_a_limit_is_told_with_how_long_it_lasts(
    tmp_path: Path, fault: str, retry_after_ns: int, *, banned: bool
) -> None:
    async with a_world(tmp_path, fault) as world:
        answer = await world.ask(buy("a", "1"))
        assert isinstance(answer, RateLimited)
        assert (answer.retry_after_ns, answer.banned) == (retry_after_ns, banned)
        assert world.exchange.books.orders == []


@pytest.mark.parametrize(
    "header", ["99999999999", "1790000000", "9" * 5_000, "0.5", "-4", "Fri, 31 Dec 2027 23:59:59 GMT", ""]
)
def test_a_limit_that_says_no_length_that_can_be_lasts_as_long_as_one_that_says_none(header: str) -> None:
    request = Request(number=1, what=ReadTime(), stamp_ns=0)
    answer = message_of(request, Answer(status=429, body=b"", retry_after=header))
    assert isinstance(answer, RateLimited)
    assert answer.retry_after_ns == SECOND
    msgspec.msgpack.encode(answer)


async def test_where_nobody_listens_a_request_is_unsent(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await world.server.restart(0)
    # The server is gone with its block; its port refuses.
    broker = PlainBroker(options=world.options, sink=world.hear)
    await broker.connect()
    await broker.perform(Request(number=99, what=buy("a", "1"), stamp_ns=NOW_NS()))
    await broker.close()

    unsent = world.messages[-1]
    assert isinstance(unsent, RequestUnsent)
    assert unsent.request == 99
    assert isinstance(world.messages[-2], StreamDown)


async def test_a_refusal_has_the_venues_code(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        answer = await world.ask(buy("a", "1", "100.001"))
        assert isinstance(answer, RequestRefused)
        assert (answer.code, answer.venue_ns > 0, "bad_price" in answer.raw) == ("bad_price", True, True)


async def test_what_is_stamped_too_early_is_refused_by_the_venue(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        bound_ns = world.broker.profile.accepted_within_ns
        assert bound_ns is not None
        late = await world.ask(buy("a", "1"), stamp_ns=NOW_NS() - bound_ns - SECOND)
        early = await world.ask(buy("a", "1"), stamp_ns=NOW_NS() + 60 * SECOND)
        assert isinstance(late, RequestRefused)
        assert late.code == "stale_request"
        assert isinstance(early, RequestRefused)
        assert early.code == "future_request"


async def test_only_the_venues_own_word_makes_an_order_missing(tmp_path: Path) -> None:
    async with a_world(tmp_path, "find#2=503", "find#3.reply=garbage") as world:
        answers = [await world.ask(FindOrder(cid="a", symbol="AAA")) for _ in range(3)]
        assert [type(answer) for answer in answers] == [OrderMissing, RequestLost, RequestLost]


async def test_a_status_that_is_not_known_is_unreadable_and_kept(tmp_path: Path) -> None:
    async with a_world(tmp_path, "place#1.reply=unknown_status") as world:
        answer = await world.ask(buy("a", "1"))
        assert isinstance(answer, OrderTold)
        assert (answer.order.status, answer.order.reason) == (VenueStatus.UNREADABLE, "half_open")
        assert '"half_open"' in answer.raw


async def test_fields_that_are_not_known_are_passed_over(tmp_path: Path) -> None:
    async with a_world(tmp_path, "place#1.reply=unknown_fields", "order_push#*=unknown_fields") as world:
        assert isinstance(await world.ask(buy("a", "1", "99")), OrderTold)
        await world.until(lambda: len(world.pushed()) > 1)
        assert [type(message) for message in world.pushed()] == [StreamUp, OrderTold]


async def test_what_is_under_way_when_the_broker_closes_is_lost(tmp_path: Path) -> None:
    async with a_world(tmp_path, "place#1.reply=lost") as world:
        asking = asyncio.create_task(world.ask(buy("a", "1", "99")))
        await world.until(lambda: any(isinstance(message, OrderTold) for message in world.pushed()))
        await world.broker.close()
        assert isinstance(await asking, RequestLost)


# Lists.


async def test_a_list_comes_page_by_page(tmp_path: Path) -> None:
    async with a_world(tmp_path, page=2) as world:
        for cid in "abcde":
            await world.ask(buy(cid, "1", "99"))
            await world.ask(buy(f"{cid}{cid}", "1"))
        orders, fills = await world.ask(ListOpenOrders()), await world.ask(ListFills(since_ns=0))

        assert isinstance(orders, OpenOrdersTold)
        assert ([order.cid for order in orders.orders], orders.complete) == (list("abcde"), True)
        assert isinstance(fills, FillsTold)
        assert ([fill.cid for fill in fills.fills], fills.complete) == (["aa", "bb", "cc", "dd", "ee"], True)
        assert world.gateway.faults.counts["open_orders"] == 3


async def test_each_page_is_asked_for_with_a_stamp_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long all of them take, none is refused as too old."""
    monkeypatch.setattr(module, "ACCEPTED_WITHIN_NS", 300 * MILLISECOND)
    async with a_world(tmp_path, page=1, latency_ns=lambda: 50 * MILLISECOND) as world:
        for _ in range(8):
            world.happens(lambda: world.exchange.trade_manually("AAA", Side.BUY, "1", NOW_NS()))
        told = await world.ask(ListFills(since_ns=0))

    assert isinstance(told, FillsTold)
    assert (len(told.fills), told.complete) == (8, True)


@pytest.mark.parametrize("fault", ["open_orders#2=503", "open_orders#2.reply=garbage", "open_orders#2.view=partial"])
async def test_a_list_that_lacks_a_page_is_not_complete(tmp_path: Path, fault: str) -> None:
    async with a_world(tmp_path, fault, page=2) as world:
        for cid in "abcd":
            await world.ask(buy(cid, "1", "99"))
        answer = await world.ask(ListOpenOrders())
        assert isinstance(answer, OpenOrdersTold)
        assert not answer.complete
        assert [order.cid for order in answer.orders][:2] == ["a", "b"]


async def test_an_account_that_says_it_is_not_whole_is_not_complete(tmp_path: Path) -> None:
    async with a_world(tmp_path, "account#1.view=partial") as world:
        answer = await world.ask(ReadAccount())
        assert isinstance(answer, AccountTold)
        assert not answer.complete


# The stream.


async def test_a_stream_that_is_silent_is_down_and_opened_again(tmp_path: Path) -> None:
    async with a_world(tmp_path, heartbeat_ns=20 * MILLISECOND) as world:
        world.gateway.freeze(NOW_NS())
        await world.until(lambda: len(world.messages) >= 3)
        assert [type(message) for message in world.messages][:3] == [StreamUp, StreamDown, StreamUp]
        down = world.messages[1]
        assert isinstance(down, StreamDown)
        assert down.reason == "it was silent for 0.06 s"


async def test_a_stream_that_does_not_last_is_opened_again_after_growing_pauses(tmp_path: Path) -> None:
    pauses: list[float] = []
    enough = asyncio.Event()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 9:
            enough.set()
            await asyncio.Event().wait()

    faults = [f"stream#{number}={'refused' if number % 3 else 'cut'}" for number in range(2, 20)]
    async with a_world(tmp_path, *faults) as world, asyncio.timeout(10):
        broker = PlainBroker(options=world.options, sink=lambda _: None, pause=pause)
        await broker.connect()
        await enough.wait()
        await broker.close()
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


async def test_a_frame_that_is_missing_is_told_as_a_gap(tmp_path: Path) -> None:
    async with a_world(tmp_path, "fill_push#1=drop") as world:
        await world.ask(buy("a", "1"))
        await world.until(lambda: len(world.pushed()) >= 5)
        kinds = [type(message) for message in world.pushed()]
        assert kinds[:5] == [StreamUp, OrderTold, StreamDown, StreamUp, OrderTold]
        assert len({message.message_id for message in world.messages}) == len(world.messages)


async def test_a_frame_that_is_missing_where_none_are_numbered_is_nowhere_told(tmp_path: Path) -> None:
    async with a_world(tmp_path, "fill_push#1=drop", numbers=False) as world:
        await world.ask(buy("a", "1"))
        await world.until(lambda: len(world.pushed()) >= 3)
        assert [type(message) for message in world.pushed()] == [StreamUp, OrderTold, OrderTold]


async def test_what_comes_twice_is_told_twice(tmp_path: Path) -> None:
    async with a_world(tmp_path, "fill_push#1=twice") as world:
        await world.ask(buy("a", "1"))
        await world.until(lambda: len(world.pushed()) >= 5)
        fills = [message.fill for message in world.messages if isinstance(message, FillTold)]
        assert len(fills) == 2
        assert fills[0] == fills[1]


async def test_what_comes_out_of_order_is_told_as_it_came(tmp_path: Path) -> None:
    async with a_world(tmp_path, "order_push#1=swap", "order_push#2=zero_fill", numbers=False) as world:
        await world.ask(buy("a", "1"))
        await world.until(lambda: len(world.pushed()) >= 5)
        first, order, nothing, last = world.pushed()[1:5]
        assert isinstance(first, FillTold)
        assert isinstance(order, OrderTold)
        assert order.order.status is VenueStatus.OPEN
        assert isinstance(nothing, FillTold)
        assert nothing.fill.quantity == 0
        assert isinstance(last, OrderTold)
        assert last.order.status is VenueStatus.FILLED


@pytest.mark.parametrize("kind", ["garbage", "unknown_side", "unknown_type"])
async def test_a_frame_that_cannot_be_read_is_kept_and_the_stream_goes_on(tmp_path: Path, kind: str) -> None:
    async with a_world(tmp_path, f"order_push#1={kind}") as world:
        await world.ask(buy("a", "1"))
        await world.until(lambda: any(isinstance(message, FillTold) for message in world.messages))
        (unreadable,) = (message for message in world.messages if isinstance(message, Unreadable))
        assert "AAA" in unreadable.raw
        assert unreadable.cid == ("" if kind == "garbage" else "a")


async def test_a_bust_is_told(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await world.ask(buy("a", "1"))
        world.happens(lambda: world.exchange.bust(0, NOW_NS()))
        await world.until(lambda: any(isinstance(message, BustTold) for message in world.messages))
        (bust,) = (message for message in world.messages if isinstance(message, BustTold))
        (fill,) = (message for message in world.messages if isinstance(message, FillTold))
        assert bust.fill == fill.fill


async def test_a_wrong_secret_brings_neither_stream_nor_answers(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        world.file.write_text('{"key": "k", "secret": "another"}')
        told: list[VenueMessage] = []
        broker = PlainBroker(options=world.options, sink=told.append)
        await broker.connect()
        await broker.perform(Request(number=1, what=ReadAccount(), stamp_ns=NOW_NS()))
        await broker.close()
        assert [type(message) for message in told] == [StreamDown, RequestRefused]


@pytest.mark.parametrize(("key", "secret"), [("k", "another-5e7a"), ("l", SECRET)])
async def test_a_key_and_secret_that_do_not_fit_are_named_with_their_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, key: str, secret: str
) -> None:
    async with a_world(tmp_path) as world:
        world.file.write_text(json.dumps({"key": key, "secret": secret}))
        down = await first_told(world.options)
    assert down.reason == f"the venue refuses the key and secret of {world.file}"
    assert down.reason in caplog.text
    assert secret not in caplog.text


async def test_an_address_where_nobody_is_let_in_is_named_before_the_key(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        elsewhere = world.options["url"].replace("http:", "ws:") + "/no-stream"
        down = await first_told({**world.options, "stream_url": elsewhere})
    assert down.reason == (
        "the venue opens no stream there, with status 401; look at url and stream_url, then at the key and secret of"
        f" {world.file}"
    )


async def first_told(options: dict[str, Any]) -> StreamDown:
    """What a broker with these options tells of its stream once it is connected."""
    told: list[VenueMessage] = []
    broker = PlainBroker(options=options, sink=told.append)
    await broker.connect()
    await broker.close()
    (down,) = told
    assert isinstance(down, StreamDown)
    return down


# Secrets and options.


async def test_the_secret_is_in_no_text(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with a_world(tmp_path, "place#1.reply=cut", "stream#1=cut") as world:
        await world.ask(buy("a", "1"))
        await world.ask(ReadAccount())
        loaded = Credentials.load(world.file)
        texts = [repr(world.broker), repr(loaded), str(loaded), repr(vars(world.broker)), caplog.text]
        assert SECRET not in "".join([*texts, *map(repr, world.messages)])
    assert "order stream" in caplog.text


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        (None, 0o600, "cannot be opened: No such file or directory"),
        (f'{{"key": "k", "secret": "{SECRET}"}}', 0o644, "has mode 0644: others may use it; chmod 600 it"),
        (f'{{"key": "k", "secret": "{SECRET}"}}', 0o620, "has mode 0620"),
        (SECRET, 0o600, "is not of the form"),
        (f'["{SECRET}"]', 0o600, "is not of the form"),
        (f'{{"key": "{SECRET}"}}', 0o400, "is not of the form"),
        ('{"key": "k", "secret": ""}', 0o600, "has an empty key or secret"),
    ],
)
def test_a_file_that_is_not_ours_alone_or_no_credentials_is_refused(
    tmp_path: Path, content: str | None, mode: int, message: str
) -> None:
    file = tmp_path / "credentials.json"
    if content is not None:
        file.write_text(content)
        file.chmod(mode)
    with pytest.raises(BadCredentials, match=message) as refused:
        PlainBroker(options={"url": "https://venue.example", "credentials": str(file)}, sink=lambda _: None)
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize(("make", "message"), [(os.mkdir, "is a folder; name"), (os.mkfifo, "no regular file")])
def test_what_is_no_file_is_refused_as_credentials(
    tmp_path: Path, make: Callable[[Path, int], None], message: str
) -> None:
    place = tmp_path / "credentials"
    make(place, 0o700)
    with pytest.raises(BadCredentials, match=message):
        Credentials.load(place)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"credentials": "x"}, "missing required field `url`"),
        ({"url": "https://venue.example", "credentials": "x", "key": "k"}, "unknown field `key`"),
        ({"url": "https://venue.example", "credentials": "x", "timeout_seconds": 0}, "> 0.0"),
        ({"url": "ftp://venue.example", "credentials": "x"}, "begins with http or https"),
        ({"url": "http://venue.example", "credentials": "x"}, "is not encrypted"),
        ({"url": "https://k:s@venue.example", "credentials": "x"}, "does not carry a password"),
        ({"url": "https://v.example", "stream_url": "ws://v.example", "credentials": "x"}, "is not encrypted"),
    ],
)
def test_options_that_are_not_its_own_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PlainBroker(options=options, sink=lambda _: None)


def test_a_signature_is_the_one_of_the_document() -> None:
    headers = Credentials("k", "s", file="k.json").headers(
        method="GET", target="/account", body=b"", stamp_ns=5, within_ns=7
    )
    # printf '5\n7\nGET\n/account\n' | openssl dgst -sha256 -hmac s
    assert headers["X-Signature"] == "8ac1cd354e5db12c6f0efa77284c1701d2ef006ee6b13db40de40742b203ebf2"


# Any answer, any frame.


ORDER = {
    "cid": "a",
    "venue_id": "v1",
    "symbol": "AAA",
    "side": "buy",
    "quantity": "2",
    "filled": "0",
    "status": "open",
}


def told_of(status: int, body: object, what: Any = None) -> VenueMessage:
    encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
    request = Request(number=1, what=what or FindOrder(cid="a", symbol="AAA"), stamp_ns=1)
    return message_of(request, Answer(status=status, body=encoded))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"order": ORDER}, OrderTold),
        (200, {"order": {**ORDER, "cid": "b"}}, RequestLost),
        (200, {"order": {**ORDER, "quantity": "NaN"}}, RequestLost),
        (200, {"order": {**ORDER, "quantity": "-1"}}, RequestLost),
        (200, {"order": {**ORDER, "filled": "1E+99999"}}, RequestLost),
        (200, {"order": {**ORDER, "updated_ns": 10**30}}, RequestLost),
        (200, {}, RequestLost),
        (404, {"code": "unknown_order", "reason": ""}, OrderMissing),
        (404, b"<html>no such page</html>", RequestLost),
        (404, {"code": ""}, RequestLost),
        (403, {"code": "forbidden"}, RequestRefused),
        (302, {"code": "elsewhere"}, RequestLost),
        (500, {"code": "unknown_order"}, RequestLost),
        (429, b"", RateLimited),
    ],
)
def test_an_answer_says_no_more_than_it_says(status: int, body: object, kind: type[VenueMessage]) -> None:
    assert type(told_of(status, body)) is kind


@pytest.mark.parametrize(
    ("timeout_ns", "body", "kind"),
    [
        (SECOND, {"deadline_ns": 7, "time": 5}, OrdersHeld),
        (0, {"deadline_ns": 0}, OrdersHeld),
        (SECOND, {"deadline_ns": 0}, RequestLost),
        (0, {"deadline_ns": 7}, RequestLost),
        (SECOND, {}, RequestLost),
    ],
)
def test_a_dead_man_switch_is_set_or_released_where_the_venue_says_that_it_is(
    timeout_ns: int, body: object, kind: type[VenueMessage]
) -> None:
    assert type(told_of(200, body, HoldOrders(timeout_ns=timeout_ns))) is kind


def test_a_row_that_cannot_be_read_is_left_out_of_a_list_that_is_then_not_complete() -> None:
    rows = [ORDER, {**ORDER, "side": "sideways"}, {**ORDER, "cid": None, "status": "parked"}]
    told = told_of(200, {"orders": rows, "next": None}, ListOpenOrders())
    assert isinstance(told, OpenOrdersTold)
    assert [(order.cid, order.status) for order in told.orders] == [
        ("a", VenueStatus.OPEN),
        ("", VenueStatus.UNREADABLE),
    ]
    assert not told.complete


QUESTIONS = [
    buy("a", "1"),
    cancel("a"),
    FindOrder(cid="a", symbol="AAA"),
    ListOpenOrders(),
    ListFills(since_ns=0),
    HoldOrders(timeout_ns=1),
]
PIECES = st.sampled_from(
    ['{"type":', '"order"', '"fill"', ',"order":', ',"fill":', "{", "}", "[", "null", '"cid":', '"a"']
)


@given(st.binary(max_size=60) | st.lists(PIECES, max_size=12).map(lambda pieces: "".join(pieces).encode()))
def test_no_frame_and_no_answer_can_break_its_reader(body: bytes) -> None:
    heard(body)
    for what in (*QUESTIONS, ReadAccount(), ReadTime(), amend(buy("a", "1"), quantity="2")):
        for status in (200, 404, 500):
            told_of(status, body, what)


@given(st.text(max_size=20), st.decimals())
def test_whatever_a_field_holds_an_order_is_told_or_not(text: str, amount: Decimal) -> None:
    for field in ORDER:
        for value in (text, str(amount), None, 5):
            told = told_of(200, {"order": {**ORDER, field: value}})
            assert isinstance(told, OrderTold | RequestLost)
            if isinstance(told, OrderTold):
                assert isinstance(told.order, VenueOrder)
                assert told.order.quantity.is_finite()


# The canceller.


async def test_the_canceller_cancels_ours_and_nothing_else(tmp_path: Path) -> None:
    async with a_world(tmp_path, page=2) as world:
        for cid in ("bk1", "bk2", "bk3"):
            await world.ask(buy(cid, "1", "99"))
        await world.ask(buy("other", "1", "99"))
        manual = Ticket(symbol="AAA", side=Side.BUY, quantity=Decimal(1), type=OrderType.LIMIT, limit_price=Decimal(9))
        world.exchange.place(manual, NOW_NS(), client="manual")

        cancelled = await asyncio.to_thread(cancel_everything, world.options)

        assert cancelled == ["bk1", "bk2", "bk3"]
        assert [order.ticket.cid for order in world.exchange.books.open_orders()] == ["other", ""]
        assert await asyncio.to_thread(cancel_everything, world.options) == []


async def test_the_canceller_tries_again_and_gives_up_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canceller, "PAUSE_SECONDS", 0.0)
    async with a_world(tmp_path, "cancel#1=503", "open_orders#2.reply=cut", "cancel#2.reply=503") as world:
        await world.ask(buy("bk1", "1", "99"))
        # The second cancel was carried out and its answer lost: so it is over, and not known as cancelled by this.
        assert await asyncio.to_thread(cancel_everything, world.options) == []
        assert world.exchange.books.orders[0].status is Status.CANCELLED

        await world.ask(buy("bk2", "1", "99"))
        world.gateway.faults.add("cancel#3-99=503")
        with pytest.raises(NotAllCancelled, match="bk2 was answered with status 503; cancelled: none"):
            await asyncio.to_thread(cancel_everything, world.options)
        assert world.gateway.faults.counts["cancel"] == 2 + canceller.ROUNDS


def test_the_canceller_needs_the_standard_library_and_no_event_loop() -> None:
    assert OURS == PREFIX
    heavy = "{'asyncio', 'aiohttp', 'msgspec'}"
    code = f"import sys, brokers.plain.canceller; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
