"""A run in one look at a terminal."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any, Final

import msgspec

from daemon.cli.tables import Row, amount_of, facts, number, percent, ratio, shortened, table, text, to_second
from daemon.research.report.lists import REJECTED
from daemon.research.report.markup import printable
from daemon.results.mode import ExecutionMode
from daemon.results.result import Metrics, Result

WIDTH: Final = 100
MOST_WARNINGS: Final = 5
MOST_CODES: Final = 3
LONGEST_ID: Final = 30

_COLUMNS: Final = (
    text("STRATEGY", "strategy"),
    percent("RETURN", "total_return"),
    percent("DRAWDOWN", "max_drawdown"),
    ratio("SHARPE", "sharpe"),
    number("TRADES", "trades"),
    percent("WON", "win_rate"),
    number("FEES", "fees"),
)


def summary(result: Result, written: Sequence[Path] = ()) -> str:
    """What it came to, what went wrong, and where it was written or how it can be, in lines of `WIDTH` characters:
    only an amount or a run's id that is longer than any should be needs more. Nothing in it means anything to a
    terminal."""
    rows = [_row(name, metrics) for name, metrics in sorted(result.strategies.items())]
    parts = [
        table([*rows, _row("account", result.metrics)], _COLUMNS, headers=True),
        facts(_facts(result)),
        *_notices(result),
        f"written: {', '.join(map(str, written))}" if written else _next(result),
    ]
    return printable("\n\n".join(parts).replace("\r", " "))


def _row(name: str, metrics: Metrics) -> Row:
    return {"strategy": shortened(name, LONGEST_ID), **msgspec.structs.asdict(metrics)}


def _facts(result: Result) -> list[tuple[str, Any]]:
    about, metrics = result.about, result.metrics
    currency = about.currency
    initial, final = amount_of(metrics.initial_equity, currency), amount_of(metrics.final_equity, currency)
    return [
        (about.mode, about.run_id),
        ("period", f"{to_second(about.start)} to {to_second(about.end)}"),
        ("equity", f"{initial} to {final}"),
        ("orders", shortened(f"{metrics.orders}, {metrics.rejected} rejected{_codes(result)}", WIDTH - 15)),
        ("fills", metrics.fills),
    ]


def _codes(result: Result) -> str:
    """Why most were rejected."""
    counts = Counter(order.code for order in result.orders if order.state == REJECTED and order.code).most_common()
    named = [f"{code} {count}" for code, count in counts[:MOST_CODES]]
    more = ["…"] * (len(counts) > MOST_CODES)
    return f": {', '.join(named + more)}" if named else ""


def _notices(result: Result) -> list[str]:
    ended = [f"ended early: {result.about.ended}"] * bool(result.about.ended)
    stopped = [f"account stopped: {result.metrics.trip}"] * bool(result.metrics.trip)
    sealed = [f"{name} was sealed: {one.trip}" for name, one in sorted(result.strategies.items()) if one.trip]
    warned = [f"warning: {warning}" for warning in result.warnings]
    groups = [_shown(ended + stopped + sealed), _shown(warned)]
    return ["\n".join(group) for group in groups if group]


def _shown(notices: Sequence[str]) -> list[str]:
    """The first of them in lines, and how many more there are."""
    lines = [line for notice in notices[:MOST_WARNINGS] for line in _lines(notice)]
    more = len(notices) - MOST_WARNINGS
    return [*lines, f"and {more} more"] if more > 0 else lines


def _lines(notice: str) -> list[str]:
    return wrap(shortened(notice, 3 * WIDTH), WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _next(result: Result) -> str:
    page = "--report" if result.about.mode == ExecutionMode.BACKTEST_SINGLE else "--html"
    return f"next: {page} PATH writes it as a page, --json PATH and --export FOLDER for programs"
