"""Tables of plain aligned text."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

Row = Mapping[str, Any]

WORDS_SHOWN: Final = 80
WORDS_OF_AN_ALARM: Final = 400
"""Alarms end with the command that mends them."""


class Column(NamedTuple):
    """A column: its header, what it shows of a row, and whether it stands to the right as numbers do."""

    header: str
    value: Callable[[Row], str]
    right: bool


def text(header: str, key: str) -> Column:
    """A column of words."""
    return Column(header, lambda row: cell(row[key]), right=False)


def brief(header: str, key: str) -> Column:
    """A column of words that may be many: on a terminal their beginning, with `rest` below the table."""
    return Column(header, lambda row: fitting(cell(row[key])), right=False)


def rest(rows: Sequence[Row], key: str, where: str) -> str:
    """A line below a table that says where the words are that were cut; empty where none were."""
    cut = any(fitting(cell(row[key])) != in_a_line(cell(row[key])) for row in rows)
    return f"\n\n… is cut: {where}" if cut else ""


def number(header: str, key: str) -> Column:
    """A column of numbers, as they came."""
    return Column(header, lambda row: cell(row[key]), right=True)


def percent(header: str, key: str) -> Column:
    """A column of fractions, shown as percentages."""
    return Column(header, lambda row: in_percent(row[key]), right=True)


def ratio(header: str, key: str) -> Column:
    """A column of plain numbers, to two digits."""
    return Column(header, lambda row: in_two_digits(row[key]), right=True)


def moment(header: str, key: str) -> Column:
    """A column of times, to the second."""
    return Column(header, lambda row: to_second(row[key]), right=False)


def table(rows: Sequence[Row], columns: Sequence[Column], *, headers: bool) -> str:
    """The rows, columns two blanks apart."""
    lines = [[column.header for column in columns]] if headers else []
    lines += [[column.value(row) for column in columns] for row in rows]
    widths = [max((len(line[place]) for line in lines), default=0) for place in range(len(columns))]
    return "\n".join(
        "  ".join(
            value.rjust(width) if column.right else value.ljust(width)
            for value, width, column in zip(line, widths, columns, strict=True)
        ).rstrip()
        for line in lines
    )


def facts(pairs: Sequence[tuple[str, object]]) -> str:
    """One fact a line, its name before it."""
    width = max(len(name) for name, _ in pairs)
    return "\n".join(f"{name.ljust(width)}  {cell(value)}" for name, value in pairs)


def fitting(words: str, limit: int = WORDS_SHOWN) -> str:
    """All of the words in one line, but `shortened` where a terminal shows them."""
    return shortened(words, limit) if _is_terminal() else in_a_line(words)


def in_a_line(words: str) -> str:
    """Lines one after another."""
    return " ".join(words.splitlines())


def shortened(words: str, limit: int = WORDS_SHOWN) -> str:
    """The first line, cut where it is longer than the limit."""
    first, more, _ = words.partition("\n")
    return f"{first[:limit]}…" if more or len(first) > limit else first


def cell(value: object) -> str:
    """A value in words: `-` for none, yes and no for truth values."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def in_percent(share: float | None) -> str:
    """`-1.25%`; `-` for none."""
    return "-" if share is None else f"{share:z.2%}"


def in_two_digits(value: float | None) -> str:
    """`1.25`; `-` for none."""
    return "-" if value is None else f"{value:z.2f}"


def amount_of(amount: str | None, currency: str) -> str:
    """`100.00 USD`; `-` for none."""
    return "-" if amount is None else f"{amount} {currency}"


def to_second(moment_text: str | None) -> str:
    """`2026-01-05T14:31:07.25Z` as `2026-01-05 14:31:07`."""
    return "-" if moment_text is None else moment_text[:19].replace("T", " ")


def _is_terminal() -> bool:
    return sys.stdout.isatty()
