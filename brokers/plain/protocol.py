"""The plain protocol, as docs/brokers-plain.md has it: requests to calls, and answers to messages. It does no I/O.

A list of which one row cannot be read is told without it, as one that is not complete.
"""

from decimal import Decimal
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from brokers.plain.rows import FillRow, Moment, OrderRow, require_finite
from trading.commands import WireAmend, WireCancel, WireSubmit
from trading.market import AccountSnapshot
from trading.timestamps import DAY, SECOND
from trading.venue.messages import (
    AccountTold,
    FillsTold,
    FindOrder,
    HoldOrders,
    ListFills,
    ListOpenOrders,
    OpenOrdersTold,
    OrderMissing,
    OrdersHeld,
    OrderTold,
    Question,
    RateLimited,
    ReadAccount,
    ReadTime,
    Request,
    RequestLost,
    RequestRefused,
    TimeTold,
    VenueMessage,
)

UNTOLD_RETRY_NS: Final = {429: SECOND, 418: 120 * SECOND}
"""How long to wait where the venue does not say."""

LONGEST_RETRY_NS: Final = 3 * DAY
"""No venue bans for longer; what says more, such as a time of day in seconds, does not say how long."""

_RETRY_DIGITS: Final = 9

_encode = msgspec.json.Encoder().encode


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request, unsigned; `target` is path and query."""

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    target: str
    body: bytes = b""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP answer; `retry_after` is that header, empty where it is missing."""

    status: int
    body: bytes
    retry_after: str = ""

    @property
    def text(self) -> str:
        """Its body, as it is kept."""
        return self.body.decode(errors="backslashreplace")


class _Stamped(msgspec.Struct, kw_only=True):
    time: Moment = 0


class _OrderAnswer(_Stamped, kw_only=True):
    order: OrderRow


class _OrdersPage(_Stamped, kw_only=True):
    orders: list[msgspec.Raw]
    next: str | None = None
    complete: bool = True


class _FillsPage(_Stamped, kw_only=True):
    fills: list[msgspec.Raw]
    next: str | None = None
    complete: bool = True


class _AccountAnswer(_Stamped, kw_only=True):
    cash: dict[str, Decimal]
    positions: dict[str, Decimal]
    complete: bool = True

    def __post_init__(self) -> None:
        require_finite(*self.cash.values(), *self.positions.values())


class _TimeAnswer(msgspec.Struct, kw_only=True):
    time: Moment


class _HeldAnswer(_Stamped, kw_only=True):
    deadline_ns: Moment


class _Refusal(_Stamped, kw_only=True):
    code: str
    reason: str = ""


_ORDER, _FILL = msgspec.json.Decoder(OrderRow), msgspec.json.Decoder(FillRow)
_ORDER_ANSWER, _ACCOUNT = msgspec.json.Decoder(_OrderAnswer), msgspec.json.Decoder(_AccountAnswer)
_ORDERS, _FILLS = msgspec.json.Decoder(_OrdersPage), msgspec.json.Decoder(_FillsPage)
_TIME, _REFUSAL = msgspec.json.Decoder(_TimeAnswer), msgspec.json.Decoder(_Refusal)
_HELD = msgspec.json.Decoder(_HeldAnswer)


# Requests to calls.


def call_of(request: Request, after: str = "") -> Call:
    """What is sent for a request; `after` is where the page before ended."""
    what = request.what
    match what:
        case WireSubmit():
            return Call(method="POST", target="/orders", body=_encode(_order_body(what)))
        case WireAmend():
            return Call(method="PATCH", target=_path_of(what.cid), body=_encode(_change_body(what)))
        case WireCancel():
            return Call(method="DELETE", target=_path_of(what.cid))
        case HoldOrders():
            return Call(method="POST", target="/dead-man", body=_encode({"timeout_ns": what.timeout_ns}))
    return Call(method="GET", target=_question(what, after))


def _question(question: Question, after: str) -> str:
    match question:
        case FindOrder(cid=cid):
            target = _path_of(cid)
        case ListOpenOrders():
            target = _listing("/orders", after)
        case ListFills(since_ns=since_ns):
            target = _listing("/fills", after, since=str(since_ns))
        case ReadAccount():
            target = "/account"
        case _:
            target = "/time"
    return target


def _path_of(cid: str) -> str:
    return f"/orders/{quote(cid, safe='')}"


def _order_body(submit: WireSubmit) -> dict[str, Any]:
    terms = submit.sent_terms
    body = {
        "cid": submit.cid,
        "symbol": terms.symbol,
        "side": terms.side.value,
        "type": terms.type.value,
        "quantity": _text(terms.quantity),
        "limit_price": _text(terms.limit_price),
        "stop_price": _text(terms.stop_price),
        "time_in_force": terms.time_in_force.value,
        "expires_ns": terms.expires_ns,
        "post_only": terms.post_only,
        "reduce_only": terms.reduce_only,
    }
    return {name: value for name, value in body.items() if value is not None}


def _change_body(amend: WireAmend) -> dict[str, Any]:
    terms = amend.terms
    return {
        "quantity": _text(terms.quantity),
        "limit_price": _text(terms.limit_price),
        "stop_price": _text(terms.stop_price),
    }


def _listing(path: str, after: str, **query: str) -> str:
    asked = query | ({"after": after} if after else {})
    return f"{path}?{urlencode(asked)}" if asked else path


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


# Answers to messages.


def next_page(message: VenueMessage, answer: Answer) -> str:
    """Where the next page of a list begins; empty after the last one."""
    if isinstance(message, OpenOrdersTold):
        return _ORDERS.decode(answer.body).next or ""
    if isinstance(message, FillsTold):
        return _FILLS.decode(answer.body).next or ""
    return ""


def with_page(told: VenueMessage, page: VenueMessage) -> VenueMessage:
    """A list with one more page of it; not complete where that page could not be had."""
    if isinstance(told, OpenOrdersTold):
        more = page if isinstance(page, OpenOrdersTold) else None
        orders = told.orders + (more.orders if more else ())
        complete = told.complete and more is not None and more.complete
        return msgspec.structs.replace(told, orders=orders, complete=complete, raw=f"{told.raw}\n{page.raw}")
    assert isinstance(told, FillsTold)
    rest = page if isinstance(page, FillsTold) else None
    fills = told.fills + (rest.fills if rest else ())
    complete = told.complete and rest is not None and rest.complete
    return msgspec.structs.replace(told, fills=fills, complete=complete, raw=f"{told.raw}\n{page.raw}")


def message_of(request: Request, answer: Answer) -> VenueMessage:
    """What one answer says of its request.

    RequestRefused is said only with a code of the venue's, OrderMissing only for its own word that it knows no such
    order. Whatever cannot be read leaves the outcome open.
    """
    if answer.status in UNTOLD_RETRY_NS:
        return RateLimited(
            message_id=f"r{request.number}",
            raw=answer.text,
            request=request.number,
            retry_after_ns=_retry_after_ns(answer),
            banned=answer.status == 418,
        )
    try:
        if answer.status == 200:
            return _told(request, answer)
        if 400 <= answer.status < 500:
            return _refused(request, answer)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        return lost(request, f"the answer with status {answer.status} cannot be read: {error}", answer.text)
    return lost(request, f"it was answered with status {answer.status}", answer.text)


def lost(request: Request, reason: str, raw: str = "") -> RequestLost:
    """That the outcome of a request is not known."""
    return RequestLost(message_id=f"r{request.number}", raw=raw, request=request.number, reason=reason)


def _told(request: Request, answer: Answer) -> VenueMessage:
    number = request.number
    common: dict[str, Any] = {"message_id": f"r{number}", "raw": answer.text, "request": number}
    match request.what:
        case WireSubmit(cid=cid) | WireCancel(cid=cid) | WireAmend(cid=cid) | FindOrder(cid=cid):
            found = _ORDER_ANSWER.decode(answer.body)
            if found.order.cid != cid:
                raise ValueError(f"it is about {found.order.cid!r}")
            return OrderTold(order=found.order.told(), venue_ns=found.time, **common)
        case ListOpenOrders():
            orders = _ORDERS.decode(answer.body)
            rows, readable = _readable(_ORDER, orders.orders)
            told = tuple(row.told() for row in rows)
            return OpenOrdersTold(orders=told, complete=orders.complete and readable, venue_ns=orders.time, **common)
        case ListFills(since_ns=since_ns):
            fills = _FILLS.decode(answer.body)
            traded, readable = _readable(_FILL, fills.fills)
            return FillsTold(
                fills=tuple(row.told() for row in traded),
                since_ns=since_ns,
                complete=fills.complete and readable,
                venue_ns=fills.time,
                **common,
            )
        case ReadAccount():
            account = _ACCOUNT.decode(answer.body)
            return AccountTold(
                account=AccountSnapshot(
                    cash={code: amount for code, amount in account.cash.items() if amount},
                    positions={symbol: units for symbol, units in account.positions.items() if units},
                ),
                complete=account.complete,
                venue_ns=account.time,
                **common,
            )
        case ReadTime():
            return TimeTold(venue_ns=_TIME.decode(answer.body).time, **common)
        case HoldOrders(timeout_ns=timeout_ns):
            held = _HELD.decode(answer.body)
            if bool(held.deadline_ns) is not bool(timeout_ns):
                raise ValueError(f"it fires at {held.deadline_ns}, and {timeout_ns} ns were asked for")
            return OrdersHeld(deadline_ns=held.deadline_ns, venue_ns=held.time, **common)


Row = TypeVar("Row", OrderRow, FillRow)


def _readable(decoder: "msgspec.json.Decoder[Row]", rows: list[msgspec.Raw]) -> tuple[list[Row], bool]:
    """The rows that can be read, and whether those are all."""
    read: list[Row] = []
    for row in rows:
        try:
            read.append(decoder.decode(row))
        except (msgspec.DecodeError, ValueError):
            continue
    return read, len(read) == len(rows)


def _refused(request: Request, answer: Answer) -> VenueMessage:
    refusal = _REFUSAL.decode(answer.body)
    if not refusal.code:
        raise ValueError("it has no code")
    common: dict[str, Any] = {"message_id": f"r{request.number}", "raw": answer.text, "venue_ns": refusal.time}
    if isinstance(request.what, FindOrder) and refusal.code == "unknown_order":
        return OrderMissing(cid=request.what.cid, request=request.number, **common)
    return RequestRefused(request=request.number, code=refusal.code, reason=refusal.reason, **common)


def _retry_after_ns(answer: Answer) -> int:
    """`Retry-After` in seconds (RFC 9110, section 10.2.3); a date is not looked for, nor is what no ban can be."""
    seconds = answer.retry_after.strip()
    told_ns = int(seconds) * SECOND if seconds.isdecimal() and len(seconds) <= _RETRY_DIGITS else LONGEST_RETRY_NS + 1
    return told_ns if told_ns <= LONGEST_RETRY_NS else UNTOLD_RETRY_NS[answer.status]
