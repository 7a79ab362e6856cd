"""Commands that look at a daemon and change nothing."""

from collections import deque
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from daemon.cli.client import Client
from daemon.cli.options import asks, finds, shows
from daemon.cli.printing import Show
from daemon.cli.tables import (
    WORDS_OF_AN_ALARM,
    Column,
    amount_of,
    brief,
    cell,
    facts,
    fitting,
    moment,
    number,
    rest,
    table,
    text,
    to_second,
)
from daemon.errors import DaemonError
from daemon.state import LOGS_NAME

_STRATEGIES = (
    text("STRATEGY", "id"),
    text("STATE", "state"),
    text("ISOLATION", "isolation"),
    number("CAPITAL", "capital"),
    number("EQUITY", "equity"),
    number("REALISED", "realised"),
    number("UNREALISED", "unrealised"),
    number("FEES", "fees"),
    number("ORDERS", "orders"),
    number("FILLS", "fills"),
    number("OPEN", "open_orders"),
    brief("REASON", "reason"),
)
_POSITIONS = (
    text("STRATEGY", "strategy"),
    text("SYMBOL", "symbol"),
    number("QUANTITY", "quantity"),
    number("AVERAGE", "average_price"),
    number("MARK", "mark"),
    number("UNREALISED", "unrealised"),
    number("REALISED", "realised"),
    text("CURRENCY", "currency"),
)
_MARGIN = number("MARGIN", "margin")
_ORDERS = (
    moment("CREATED", "created_at"),
    text("ORDER", "order_id"),
    text("SYMBOL", "symbol"),
    text("SIDE", "side"),
    text("TYPE", "type"),
    number("QUANTITY", "quantity"),
    number("FILLED", "filled"),
    number("LIMIT", "limit_price"),
    number("STOP", "stop_price"),
    text("TIF", "time_in_force"),
    text("STATE", "state"),
    brief("REASON", "reason"),
)
_FILLS = (
    moment("TIME", "ts"),
    text("STRATEGY", "strategy"),
    text("SYMBOL", "symbol"),
    text("SIDE", "side"),
    number("QUANTITY", "quantity"),
    number("PRICE", "price"),
    number("FEE", "fee"),
    text("CURRENCY", "fee_currency"),
    text("ORDER", "order_id"),
)
strategy_option = click.option("--strategy", help="Only of this strategy, or of what is unallocated.")
limit_option = click.option(
    "--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="At most so many, the newest."
)


@click.command()
@asks
@shows
def status(daemon: Client, show: Show) -> None:
    """Show the daemon in one look."""
    show(lambda: daemon.get("/v1/status"), _status_table)


@click.group()
def strategy() -> None:
    """Look at strategies."""


@strategy.command("list")
@asks
@shows
def list_strategies(daemon: Client, show: Show) -> None:
    """List all strategies."""
    show(lambda: daemon.get("/v1/strategies"), _strategies_table)


@strategy.command("show")
@click.argument("strategy_id", metavar="STRATEGY")
@asks
@shows
def show_strategy(strategy_id: str, daemon: Client, show: Show) -> None:
    """Show one strategy in full."""
    show(lambda: daemon.get(f"/v1/strategies/{quote(strategy_id, safe='')}"), _strategy_table)


@strategy.command("logs")
@click.argument("strategy_id", metavar="STRATEGY")
@click.option("--lines", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many, the last.")
@finds
def show_log(strategy_id: str, lines: int, state: Path) -> None:
    """Show the end of what a strategy's process wrote."""
    folder = state / LOGS_NAME
    logs = {file.stem: file for file in folder.glob("*.log")}
    if strategy_id not in logs:
        raise DaemonError(
            f"there is no log of {strategy_id!r} in {folder}",
            mend=f"there are logs of {', '.join(sorted(logs))}" if logs else "only a process of its own has one",
        )
    with logs[strategy_id].open(errors="replace") as log:
        click.echo("".join(deque(log, maxlen=lines)), nl=False)


@click.command()
@strategy_option
@click.option("--open", "open_only", is_flag=True, help="Only orders that may still fill.")
@limit_option
@asks
@shows
def orders(strategy: str | None, open_only: bool, limit: int, daemon: Client, show: Show) -> None:
    """List the newest orders, oldest first."""
    show(
        lambda: daemon.get("/v1/orders", strategy=strategy, open="true" if open_only else None, limit=limit),
        _orders_table,
    )


@click.command()
@strategy_option
@asks
@shows
def positions(strategy: str | None, daemon: Client, show: Show) -> None:
    """List what the strategies hold, and what is unallocated."""
    show(
        lambda: daemon.get("/v1/positions", strategy=strategy),
        lambda rows, headers: table(rows, _position_columns(rows), headers=headers),
    )


@click.command()
@strategy_option
@limit_option
@asks
@shows
def fills(strategy: str | None, limit: int, daemon: Client, show: Show) -> None:
    """List the newest fills, oldest first."""
    show(
        lambda: daemon.get("/v1/fills", strategy=strategy, limit=limit),
        lambda rows, headers: table(rows, _FILLS, headers=headers),
    )


def _strategies_table(rows: list[dict[str, Any]], headers: bool) -> str:
    return table(rows, _STRATEGIES, headers=headers) + rest(rows, "reason", "bulkhead strategy show STRATEGY")


def _orders_table(rows: list[dict[str, Any]], headers: bool) -> str:
    return table(rows, _ORDERS, headers=headers) + rest(rows, "reason", "bulkhead orders -o json")


def _alarms(alarms: list[str]) -> list[tuple[str, object]]:
    """A line each."""
    told = [fitting(alarm, WORDS_OF_AN_ALARM) for alarm in alarms] or ["none"]
    return [("" if place else "alarms", alarm) for place, alarm in enumerate(told)]


def _ready(reasons: list[str]) -> list[tuple[str, object]]:
    """A line for each reason that speaks against it."""
    if not reasons:
        return [("ready", True)]
    first, *others = (fitting(reason, WORDS_OF_AN_ALARM) for reason in reasons)
    return [("ready", f"no: {first}"), *(("", f"    {other}") for other in others)]


def _status_table(status: dict[str, Any], _headers: bool) -> str:
    feed = status["feed"]
    counts = ", ".join(f"{count} {state}" for state, count in status["strategies"].items() if count)
    return facts(
        [
            ("mode", status["mode"]),
            ("broker", status["broker"]),
            *_ready(status["reasons"]),
            ("halted", f"yes: {status['halt_reason']}" if status["halted"] else "no"),
            *_alarms(status["alarms"]),
            ("strategies", counts),
            ("equity", amount_of(status["equity"], status["currency"])),
            ("feed", f"{feed['kind']}, at its end" if feed["at_end"] else feed["kind"]),
            ("feed time", to_second(feed["time"])),
            ("pace", "as fast as possible" if feed["pace"] is None else f"{feed['pace']:g} times real time"),
            ("lag", f"{feed['lag_seconds']:.3f} s"),
            ("event", status["event"]),
            ("journal", f"record {status['journal_sequence']}, durable through {status['durability']}"),
            ("state", status["state"]),
            ("process", status["pid"]),
            ("build", status["build"]),
            ("started", to_second(status["started_at"])),
        ]
    )


def _strategy_table(answer: dict[str, Any], headers: bool) -> str:
    isolation = (
        f"{answer['isolation']} ({answer['isolation_note']})" if answer["isolation_note"] else answer["isolation"]
    )
    lists = {name: answer[name] for name in ("params", "limits")}
    plain = ("state", "reason", "capital", "equity", "cash", "realised", "unrealised", "fees")
    income = {
        kind: ", ".join(f"{amount} {code}" for code, amount in sorted(amounts.items()))
        for kind, amounts in answer["income"].items()
    }
    head = facts(
        [
            ("strategy", answer["id"]),
            ("class", answer["class"]),
            ("isolation", isolation),
            *((name, answer[name]) for name in plain),
            *income.items(),
            ("max drawdown", f"{answer['max_drawdown']:.2%}"),
            ("orders", f"{answer['orders']}, {answer['open_orders']} of them open"),
            ("fills", answer["fills"]),
            ("restarts", answer["restarts"]),
            ("conflated", f"{answer['conflated']} quotes"),
            ("subscriptions", ", ".join(answer["subscriptions"])),
            *(
                (name, ", ".join(f"{key}={cell(value)}" for key, value in pairs.items()))
                for name, pairs in lists.items()
            ),
        ]
    )
    if not answer["positions"]:
        return head
    return f"{head}\n\n{table(answer['positions'], _position_columns(answer['positions'])[1:], headers=headers)}"


def _position_columns(rows: list[dict[str, Any]]) -> tuple[Column, ...]:
    """With what they tie up, where any of them is on margin."""
    return (*_POSITIONS, _MARGIN) if any(row["margin"] is not None for row in rows) else _POSITIONS
