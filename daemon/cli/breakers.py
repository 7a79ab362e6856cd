"""`bulkhead breaker`: the circuit breakers, and how an operator closes one."""

from typing import Any

import click

from daemon.cli.act import reason_option
from daemon.cli.client import Client
from daemon.cli.options import asks, shows, tells
from daemon.cli.printing import Show
from daemon.cli.tables import Column, brief, moment, rest, table, text


def _closes(row: Any) -> str:
    if row["sealed"]:
        return "never"
    if row["state"] == "closed":
        return "-"
    return "by reset" if row["latched"] else "by probe"


_BREAKERS = (
    text("SCOPE", "scope"),
    Column("STATE", lambda row: row["state"].replace("_", "-"), right=False),
    Column("TRIGGERS", lambda row: ", ".join(row["triggers"]) or "-", right=False),
    moment("SINCE", "since"),
    Column("CLOSES", _closes, right=False),
    text("ON TRIP", "policy"),
    Column(
        "LIMITS", lambda row: ", ".join(f"{key}={limit}" for key, limit in row["limits"].items()) or "-", right=False
    ),
    brief("REASON", "reason"),
)


@click.group()
def breaker() -> None:
    """Look at circuit breakers, and close one."""


@breaker.command("list")
@asks
@shows
def list_breakers(daemon: Client, show: Show) -> None:
    """List the breakers of account, venue and strategies."""
    show(lambda: daemon.get("/v1/breakers"), _table)


@breaker.command("reset")
@click.argument("scope")
@reason_option
@asks
@tells
def reset_breaker(scope: str, reason: str, daemon: Client, show: Show) -> None:
    """Close the breaker of a SCOPE: account, venue or a strategy.

    Its limits count anew from then on: look at what opened it first.
    """
    answer = daemon.post("/v1/breakers/reset", scope=scope, reason=reason)
    sealed = "; its strategy has failed all the same, and sends nothing" if answer["sealed"] else ""
    show.done(answer, f"circuit breaker of {scope} is closed{sealed}")


def _table(rows: list[dict[str, Any]], headers: bool) -> str:
    return table(rows, _BREAKERS, headers=headers) + rest(rows, "reason", "bulkhead breaker list -o json")
