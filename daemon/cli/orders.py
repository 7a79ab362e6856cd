"""`bulkhead order`: one order in full, and what an operator does about it."""

from typing import Any
from urllib.parse import quote

import click

from daemon.cli.account import Price
from daemon.cli.act import reason_option
from daemon.cli.client import Client
from daemon.cli.options import asks, shows, tells
from daemon.cli.printing import Show
from daemon.cli.tables import facts, moment, number, table, text, to_second

_FILLS = (
    moment("TIME", "ts"),
    text("SIDE", "side"),
    number("QUANTITY", "quantity"),
    number("PRICE", "price"),
    number("FEE", "fee"),
    text("CURRENCY", "fee_currency"),
    text("EXECUTION", "execution_id"),
    text("REVERSES", "reverses"),
)
_TERMS = (
    ("limit", "limit_price"),
    ("stop", "stop_price"),
    ("trailing by", "trail_amount"),
    ("trailing by %", "trail_percent"),
    ("expires", "expires_at"),
    ("exit of", "parent_id"),
    ("one of", "group_id"),
)
_FLAGS = ("post_only", "reduce_only", "all_or_none")

order_argument = click.argument("order_id", metavar="ORDER_ID")


@click.group()
def order() -> None:
    """Look at one order, withdraw it, or say what became of it."""


@order.command("show")
@order_argument
@asks
@shows
def show_order(order_id: str, daemon: Client, show: Show) -> None:
    """Show an order in full: its terms, how it stands at the venue, its fills."""
    show(lambda: daemon.get(f"/v1/orders/{quote(order_id, safe='')}"), _order_table)


@order.command("cancel")
@order_argument
@reason_option
@asks
@tells
def cancel_order(order_id: str, reason: str, daemon: Client, show: Show) -> None:
    """Withdraw an order, whichever strategy's it is.

    It is over once the market has confirmed that; until then it may still fill.
    """
    answer = daemon.post("/v1/orders/cancel", order_id=order_id, reason=reason)
    show.done(answer, f"cancel of order {order_id} is on its way: it is {_words(answer['state'])}")


@order.command("resolve")
@order_argument
@click.option("--filled", type=Price(), metavar="UNITS", help="It has filled: so many units in all.")
@click.option("--price", type=Price(), help="At this price, on average, those that were not known.")
@click.option("--cancelled", is_flag=True, help="It was cancelled, once --filled were; else those that are known.")
@click.option("--never-arrived", is_flag=True, help="It never came to the venue.")
@click.option("--reason", required=True, help="How you know, for the journal.")
@asks
@tells
def resolve_order(
    *,
    order_id: str,
    filled: str | None,
    price: str | None,
    cancelled: bool,
    never_arrived: bool,
    reason: str,
    daemon: Client,
    show: Show,
) -> None:
    """Say what became of an order of which nobody else knows it.

    Look it up at the venue first, by its client order id: what you say is booked.
    """
    if cancelled and never_arrived:
        raise click.UsageError("it was cancelled, or it never arrived: name one of them")
    if never_arrived and filled is not None:
        raise click.UsageError("what never arrived has not filled: say --cancelled")
    if not cancelled and not never_arrived and filled is None:
        raise click.UsageError("say what became of it: --filled UNITS, --cancelled or --never-arrived")
    ended = "never_arrived" if never_arrived else "cancelled" if cancelled else "filled"
    asked = {"order_id": order_id, "ended": ended, "filled": filled, "price": price}
    answer = daemon.post("/v1/orders/resolve", **asked, reason=reason)
    show.done(answer, f"order {order_id} is {_words(answer['state'])}, with {answer['filled']} filled")


def _order_table(order: dict[str, Any], headers: bool) -> str:
    what = f"{order['side']} {order['quantity']} {order['symbol']}, {_words(order['type'])}, {order['time_in_force']}"
    flags = [_words(flag) for flag in _FLAGS if order[flag]]
    pairs: list[tuple[str, object]] = [
        ("order", order["order_id"]),
        ("strategy", order["strategy"]),
        ("terms", ", ".join([what, *flags])),
        *((name, order[key]) for name, key in _TERMS if order[key] is not None),
        ("state", _words(order["state"])),
        ("filled", order["filled"]),
        ("origin", order["origin"]),
        ("code", order["code"]),
        ("reason", order["reason"]),
        ("created", to_second(order["created_at"])),
        ("updated", to_second(order["updated_at"])),
        ("client id", order["client_order_id"]),
        ("venue's id", order["venue_id"]),
    ]
    if (attempt := order["attempt"]) is not None:
        pairs += [
            ("at the venue", f"{_words(attempt['state'])} since {to_second(attempt['since'])}"),
            ("sent", to_second(attempt["sent_at"])),
            ("evidence", attempt["evidence"]),
        ]
        if attempt["asked"]:
            pairs.append(("asked", f"{attempt['asked']} times; next at {to_second(attempt['next_asked_at'])}"))
        if attempt["told"] != attempt["filled"]:
            pairs.append(("told", f"{attempt['told']} filled, as the venue's sums say"))
    words = facts(pairs)
    return f"{words}\n\n{table(order['fills'], _FILLS, headers=headers)}" if order["fills"] else words


def _words(name: str) -> str:
    return name.replace("_", " ")
