"""Cells of a table as they would be in another future: prices, volumes, and whatever else stands in a column."""

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import numpy as np

from daemon.research.lookahead.futures import Future, other_bars, other_prices, other_sizes
from daemon.research.timeline import Floats

BAR_FIELDS: Final = ("open", "high", "low", "close", "volume")
PRICES: Final = ("bid", "ask", "price")
SIZES: Final = ("bid_size", "ask_size", "size", "volume")
KEPT: Final = frozenset({"time", "date", "symbol", "id"})
"""Fields that are no input to be changed: by them a row is found."""

_FEW: Final = 20
"""A column of no more different numbers than that holds classes, such as 0 and 1."""
_MANY: Final = 1_000
"""A column of more different texts than that holds no classes."""


def other_columns(columns: Mapping[str, Sequence[Any]], future: Future, stray: Floats) -> dict[str, list[Any]]:
    """All columns, each under its field or a name of its own, of another future. Cells keep their types; one that
    cannot be read stays."""
    made = {name: list(cells) for name, cells in columns.items()}
    rest = [name for name in columns if name not in KEPT]
    if set(BAR_FIELDS[:4]) <= columns.keys():
        given = [numbers(columns[field]) if field in columns else np.zeros(len(stray)) for field in BAR_FIELDS]
        for field, values in zip(BAR_FIELDS, other_bars(given, future, stray), strict=True):
            if field in columns:
                made[field] = _like_all(columns[field], values)
        rest = [name for name in rest if name not in BAR_FIELDS]
    for name in rest:
        made[name] = _other(name, columns[name], future, stray)
    return made


def _other(name: str, cells: Sequence[Any], future: Future, stray: Floats) -> list[Any]:
    values = numbers(cells)
    are_numbers = bool(np.isfinite(values).any())
    if name in SIZES and are_numbers:
        return _like_all(cells, other_sizes(values, future))
    classes = sorted({cell for cell in cells if cell is not None and cell != ""}, key=str)
    if name not in PRICES and 1 < len(classes) <= (_FEW if are_numbers else _MANY):
        step = 1 if future is Future.HIGHER else -1
        turned = {one: classes[(place + step) % len(classes)] for place, one in enumerate(classes)}
        return [turned.get(cell, cell) for cell in cells]
    return _like_all(cells, other_prices(values, future, stray)) if are_numbers else list(cells)


def numbers(cells: Sequence[Any]) -> Floats:
    """Their values; what is none is not a number."""
    try:
        return np.array(cells, dtype=np.float64)
    except (TypeError, ValueError):
        return np.array([_number(cell) for cell in cells], dtype=np.float64)


def _number(cell: Any) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return math.nan


def _like_all(cells: Sequence[Any], values: Floats) -> list[Any]:
    return [
        _like(cell, value) if math.isfinite(value) else cell for cell, value in zip(cells, values.tolist(), strict=True)
    ]


def _like(cell: Any, value: float) -> Any:
    """A number as the cell before it was written: whole numbers stay whole, and become others."""
    if isinstance(cell, str):
        return str(_whole(int(cell), value)) if cell.strip().lstrip("+-").isdecimal() else repr(value)
    write: Callable[[float], Any] = _WRITTEN.get(type(cell), lambda value: value)
    return _whole(cell, value) if type(cell) is int else write(value)


def _whole(before: int, value: float) -> int:
    return round(value) if round(value) != before else before + 1


_WRITTEN: Final[Mapping[type, Callable[[float], Any]]] = {
    Decimal: lambda value: Decimal(repr(round(value, 9))),
    bool: lambda value: bool(value > 0.5),
}
