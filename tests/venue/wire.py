"""The plain protocol from the venue's side: paths to operations, bodies to tickets, orders and fills to JSON.

Written from docs/brokers-plain.md and without the broker's own code, so that one can be held against the other.
"""

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from tests.venue.books import Account
from tests.venue.records import Execution, Order, Refused, Ticket
from trading.orders import OrderType, Side, TimeInForce


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it is on the wire, without its signature. `stamp_ns` is when the client says that it was sent, by
    the venue's clock, and `within_ns` how long after that it may be carried out; 0 for ever."""

    method: str
    target: str
    body: bytes = b""
    stamp_ns: int = 0
    within_ns: int = 0


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a call is about: one of the operations of the fault menu, `cid` of the path, and query and body."""

    operation: str
    cid: str
    query: Mapping[str, str]
    body: Mapping[str, Any]


def asked(call: Call) -> Asked:
    """Read a call; Refused with `bad_request` where it is none of the protocol."""
    split = urlsplit(call.target)
    head, _, rest = split.path.removeprefix("/").partition("/")
    operation = {
        ("GET", "time", False): "time",
        ("POST", "orders", False): "place",
        ("GET", "orders", False): "open_orders",
        ("GET", "orders", True): "find",
        ("DELETE", "orders", True): "cancel",
        ("PATCH", "orders", True): "amend",
        ("GET", "fills", False): "fills",
        ("GET", "account", False): "account",
        ("POST", "dead-man", False): "hold",
    }.get((call.method, head, bool(rest)))
    if operation is None:
        raise Refused("bad_request", f"there is no {call.method} {split.path}")
    try:
        body = json.loads(call.body or b"{}")
    except ValueError:
        raise Refused("bad_request", "the body is no JSON")
    if not isinstance(body, dict):
        raise Refused("bad_request", "the body is no object")
    cid = unquote(rest) or str(body.get("cid", ""))
    return Asked(operation=operation, cid=cid, query=dict(parse_qsl(split.query)), body=body)


def ticket(body: Mapping[str, Any]) -> Ticket:
    """The order of a body; Refused with `bad_request` where a field is missing or cannot be read."""
    try:
        return Ticket(
            symbol=body["symbol"],
            side=Side(body["side"]),
            quantity=Decimal(body["quantity"]),
            cid=body.get("cid", ""),
            type=OrderType(body["type"]),
            limit_price=_amount(body, "limit_price"),
            stop_price=_amount(body, "stop_price"),
            time_in_force=TimeInForce(body.get("time_in_force", "gtc")),
            expires_ns=body.get("expires_ns"),
            post_only=body.get("post_only", False),
            reduce_only=body.get("reduce_only", False),
        )
    except (KeyError, ValueError, TypeError, InvalidOperation) as error:
        raise Refused("bad_request", f"the order cannot be read: {error!r}")


def changes(body: Mapping[str, Any]) -> dict[str, Decimal | None]:
    """What an amendment asks for."""
    try:
        return {name: _amount(body, name) for name in ("quantity", "limit_price", "stop_price")}
    except (InvalidOperation, TypeError, ValueError) as error:
        raise Refused("bad_request", f"the change cannot be read: {error!r}")


def order_told(order: Order) -> dict[str, Any]:
    """An order as the protocol has it."""
    asked_for = order.ticket
    return {
        "cid": asked_for.cid,
        "venue_id": order.venue_id,
        "symbol": asked_for.symbol,
        "side": str(asked_for.side),
        "type": str(asked_for.type),
        "quantity": _text(asked_for.quantity),
        "filled": _text(order.filled),
        "average_price": _text(order.average_price),
        "status": str(order.status),
        "limit_price": _text(asked_for.limit_price),
        "stop_price": _text(asked_for.stop_price),
        "time_in_force": str(asked_for.time_in_force),
        "reduce_only": asked_for.reduce_only,
        "updated_ns": order.updated_ns,
        "code": order.code,
        "reason": order.reason,
    }


def fill_told(fill: Execution) -> dict[str, Any]:
    """A fill as the protocol has it."""
    return {
        "trade_id": fill.trade_id,
        "leg": fill.leg,
        "venue_id": fill.venue_id,
        "cid": fill.cid,
        "symbol": fill.symbol,
        "side": str(fill.side),
        "quantity": _text(fill.quantity),
        "price": _text(fill.price),
        "fee": _text(fill.fee),
        "fee_currency": fill.fee_currency,
        "liquidity": "maker" if fill.is_maker else "taker",
        "liquidates": fill.liquidates,
        "ts_ns": fill.ts_ns,
    }


def account_told(account: Account) -> dict[str, Any]:
    """An account as the protocol has it."""
    return {
        "cash": {code: _text(amount) for code, amount in account.cash.items()},
        "positions": {symbol: _text(units) for symbol, units in account.positions.items()},
    }


def _amount(body: Mapping[str, Any], name: str) -> Decimal | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} is no text")
    return None if value is None else Decimal(value)


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"
