"""`bulkhead reconcile`: the books beside the venue."""

from typing import Any

import click

from daemon.cli.act import reason_option
from daemon.cli.client import Client
from daemon.cli.options import asks, output_option
from daemon.cli.printing import Show
from daemon.cli.tables import Column, brief, facts, moment, number, rest, table, text, to_second


def _price(row: Any) -> str:
    if row["kind"] != "position_difference":
        return "-"
    price: str | None = row["price"]
    return price or "none heard yet"


_BREAKS = (
    text("BREAK", "kind"),
    text("OF", "subject"),
    text("STATE", "state"),
    number("BOOKS", "ours"),
    number("VENUE", "theirs"),
    moment("SINCE", "first_at"),
    brief("WHAT", "text"),
    brief("DONE", "done"),
)
_PLANNED = (
    text("DIFFERENCE", "kind"),
    text("OF", "subject"),
    number("BOOKS", "ours"),
    number("VENUE", "theirs"),
    number("TO BOOK", "amount"),
    Column("PRICE", _price, right=True),
)
_BOOKED = (
    moment("TIME", "ts"),
    text("BOOK", "strategy"),
    text("KIND", "kind"),
    text("SYMBOL", "symbol"),
    number("UNITS", "units"),
    number("PRICE", "price"),
    Column("CASH", lambda row: ", ".join(f"{amount} {code}" for code, amount in row["cash"].items()), right=True),
)


@click.command()
@click.option("--plan", is_flag=True, help="Read and book nothing: show what differs by the last reading.")
@reason_option
@asks
@output_option
def reconcile(plan: bool, reason: str, daemon: Client, output: str) -> None:
    """Read everything at the venue now, and show what does not agree.

    What differs and stays is booked to unallocated, as it is without this command too; it only does not wait.
    """
    answer = daemon.get("/v1/reconciliation") if plan else daemon.post("/v1/reconcile", reason=reason)
    Show(output=output, watch_seconds=None, headers=True)(lambda: answer, _table)


def _table(answer: dict[str, Any], headers: bool) -> str:
    verdict = "the books are the venue's" if answer["agrees"] else "the books are NOT the venue's"
    pairs: list[tuple[str, object]] = [
        ("read", to_second(answer["read_at"])),
        ("verdict", verdict if answer["settled"] else f"{verdict}; another reading is to decide something"),
        ("in doubt", ", ".join(answer["in_doubt"]) or "no order"),
    ]
    if answer["waits_for"]:
        pairs.append(("waits for", answer["waits_for"]))
    parts = [facts(pairs)]
    if answer["breaks"]:
        where = "\n\nwhat to do about each: docs/runbook.md, under its name"
        cut = rest(answer["breaks"], "text", "bulkhead reconcile --plan -o json")
        parts.append(table(answer["breaks"], _BREAKS, headers=headers) + cut + where)
    if answer["planned"]:
        parts.append(table(answer["planned"], _PLANNED, headers=headers))
    if answer["booked"]:
        parts.append(table(answer["booked"], _BOOKED, headers=headers))
    return "\n\n".join(parts)
