"""A run as tables: their columns and rows, whatever they are written as."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from daemon.results.result import FillLine, Metrics, OrderLine, Result, SignalLine, TradeLine

TIMES: Final = frozenset({"ts", "created_ts", "updated_ts", "entry_ts", "exit_ts"})
AMOUNTS: Final = frozenset(
    {"quantity", "price", "fee", "filled", "limit_price", "stop_price", "trail_amount", "trail_percent"}
    | {"entry_price", "exit_price", "pnl", "fees", "value", "initial_equity", "final_equity", "net_profit"}
    | {"expectancy", "dividends", "funding", "swap", "borrow", "interest"}
)
"""Columns of exact numbers, which a result holds as text."""


NAMES: Final = ("fills", "orders", "trades", "equity", "curves", "signals", "metrics")


class Table(NamedTuple):
    """Columns by name, each of a type of Python, and the rows."""

    columns: Mapping[str, type]
    rows: Sequence[Sequence[Any]]


def tables(result: Result) -> dict[str, Table]:
    """All of `NAMES`. In `metrics` the account's row comes first and has no strategy."""
    metrics = [(None, result.metrics), *sorted(result.strategies.items())]
    return {
        "fills": _lines(FillLine, result.fills),
        "orders": _lines(OrderLine, result.orders),
        "trades": _lines(TradeLine, result.trades),
        "equity": Table({"ts": str, "value": str}, result.equity),
        "curves": Table({"strategy": str, "ts": str, "value": str}, list(_curves(result))),
        "signals": _lines(SignalLine, result.signals),
        "metrics": Table(
            {"strategy": str, **_columns(Metrics)},
            [(strategy, *msgspec.structs.astuple(one)) for strategy, one in metrics],
        ),
    }


def _curves(result: Result) -> Iterator[tuple[str, str, str]]:
    return ((name, ts, value) for name, curve in sorted(result.curves.items()) for ts, value in curve)


def _lines(kind: type[msgspec.Struct], lines: Sequence[msgspec.Struct]) -> Table:
    return Table(_columns(kind), [msgspec.structs.astuple(line) for line in lines])


def _columns(kind: type[msgspec.Struct]) -> dict[str, type]:
    """Of each field its type; of what may be None what else it may be."""
    return {
        field.name: field.type if isinstance(field.type, type) else field.type.__args__[0]
        for field in msgspec.structs.fields(kind)
    }
