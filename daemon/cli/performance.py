"""`bulkhead performance`: how strategies and the account did."""

from typing import Any
from urllib.parse import quote

import click

from daemon.cli.client import Client
from daemon.cli.options import Moment, asks, shows
from daemon.cli.printing import Show
from daemon.cli.tables import (
    amount_of,
    facts,
    in_percent,
    in_two_digits,
    number,
    percent,
    ratio,
    table,
    text,
    to_second,
)

_COLUMNS = (
    text("STRATEGY", "strategy"),
    number("CAPITAL", "capital"),
    number("EQUITY", "equity"),
    number("PROFIT", "net_profit"),
    percent("RETURN", "total_return"),
    ratio("SHARPE", "sharpe"),
    percent("DRAWDOWN", "max_drawdown"),
    number("TRADES", "trades"),
    percent("WON", "win_rate"),
    ratio("FACTOR", "profit_factor"),
    number("FEES", "fees"),
)
_MONEY = (
    "capital",
    "equity",
    "net_profit",
    "expectancy",
    "fees",
    "dividends",
    "funding",
    "swap",
    "borrow",
    "interest",
)
_SHARES = (
    "total_return",
    "cagr",
    "volatility",
    "max_drawdown",
    "value_at_risk",
    "alpha",
    "win_rate",
    "exposure",
)
_COUNTS = ("fills", "trades")
_ACCOUNT = "account"


@click.command()
@click.argument("strategy_id", metavar="[STRATEGY|account]", required=False)
@click.option("--since", type=Moment(), help="From the last hour's end at or before a time, such as 2026-01-05T00:00Z.")
@asks
@shows
def performance(strategy_id: str | None, since: str | None, daemon: Client, show: Show) -> None:
    """Show how strategies and account did, or one of them in full."""
    if strategy_id is None:
        show(lambda: daemon.get("/v1/performance", since=since), _all)
    elif strategy_id == _ACCOUNT:
        show(lambda: _of_account(daemon, since), _one)
    else:
        show(lambda: _of_strategy(daemon, strategy_id, since), _one)


def _of_strategy(daemon: Client, strategy_id: str, since: str | None) -> Any:
    return daemon.get(f"/v1/performance/{quote(strategy_id, safe='')}", since=since)


def _of_account(daemon: Client, since: str | None) -> Any:
    """The account as one strategy is shown; a strategy of that name goes first."""
    answer = daemon.get("/v1/performance", since=since)
    if _ACCOUNT in answer["strategies"]:
        return _of_strategy(daemon, _ACCOUNT, since)
    period = {name: answer[name] for name in ("currency", "since", "until")}
    return {"strategy": None, **period, "performance": answer["total"], "container": None}


def _all(answer: dict[str, Any], headers: bool) -> str:
    rows = [{"strategy": name, **row} for name, row in answer["strategies"].items()]
    shown = table([*rows, {"strategy": "account", **answer["total"]}], _COLUMNS, headers=headers)
    return f"{shown}\n\n{_period(answer)}, in {answer['currency']}"


def _one(answer: dict[str, Any], _headers: bool) -> str:
    currency = answer["currency"]
    figures = [
        (name.replace("_", " "), _in_words(name, value, currency)) for name, value in answer["performance"].items()
    ]
    whose = ("strategy", answer["strategy"]) if answer["strategy"] else ("account", "all books together")
    shown = facts([whose, ("period", _period(answer)), *figures])
    return f"{shown}\n\n{_own(answer['container'], currency)}" if answer["container"] else shown


def _own(container: dict[str, Any], currency: str) -> str:
    own = (
        ("container", container["container_id"]),
        ("start time", to_second(container["start_time"])),
        ("events processed", container["events_processed"]),
        ("orders generated", container["orders_generated"]),
        ("fills executed", container["fills_executed"]),
        ("final portfolio value", amount_of(container["final_portfolio_value"], currency)),
        ("max drawdown, by each price", in_percent(container["max_drawdown"])),
        ("sharpe ratio, of all days", in_two_digits(container["sharpe_ratio"])),
    )
    return facts(own)


def _in_words(name: str, value: Any, currency: str) -> str:
    if name in _MONEY:
        return amount_of(value, currency)
    if name in _SHARES:
        return in_percent(value)
    return str(value) if name in _COUNTS else in_two_digits(value)


def _period(answer: dict[str, Any]) -> str:
    return f"{to_second(answer['since'])} to {to_second(answer['until'])}"
