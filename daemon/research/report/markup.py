"""HTML made of elements. Text is escaped wherever it goes; only what was built here is markup."""

import re
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Final, NamedTuple, TypeVar

CELL_LENGTH: Final = 300
"""Characters of a cell: who wants all of a long reason finds it in the JSON."""

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_VOID: Final = ("meta", "link")

Line = TypeVar("Line")


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


class Column(NamedTuple):
    """A column of a table: its header, what it shows of a line, and its class: `words`, `long` for words that may
    fill lines, `number`, or `result`, which is a number whose sign is told by a colour too."""

    header: str
    value: Callable[..., str]
    kind: str = "words"


def element(name: str, /, *content: str, **attributes: str) -> Markup:
    """An element. `class_` is the attribute `class`, and `data_value` is `data-value`."""
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{escaped(value)}"' for key, value in attributes.items())
    return Markup(f"<{name}{given}>" if name in _VOID else f"<{name}{given}>{joined(content)}</{name}>")


def joined(parts: Iterable[str]) -> Markup:
    """One after another: markup as it is, text escaped."""
    return Markup("".join(part if isinstance(part, Markup) else escaped(part) for part in parts))


def escaped(text: str) -> Markup:
    """Text that means nothing but itself."""
    return Markup(escape(printable(text)))


def printable(text: str) -> str:
    """With U+FFFD for what no page can hold and no terminal should hear: control characters and lone surrogates."""
    return _CONTROLS.sub("\ufffd", text)


def section(name: str, title: str, *content: str) -> Markup:
    """A part of the page with its heading, found by `#name`."""
    return element("section", element("h2", title), *content, id=name)


def listing(lines: Sequence[Line], columns: Sequence[Column], *, name: str, of_all: str = "") -> Markup:
    """A table that can be sorted by its headers and scrolled by itself; `of_all` says of what it is a part."""
    head = element("tr", *(_header(column) for column in columns))
    body = (element("tr", *(_cell(column, line) for column in columns)) for line in lines)
    table = element("table", element("thead", head), element("tbody", *body), class_="rows")
    scrolled = element("div", table, class_="scroll", tabindex="0", role="region", aria_label=name)
    return joined([element("p", of_all, class_="note"), scrolled]) if of_all else scrolled


def cut(text: str, length: int = CELL_LENGTH) -> str:
    """The beginning of a text that is too long, with an ellipsis."""
    return text if len(text) <= length else f"{text[:length]}…"


def _header(column: Column) -> Markup:
    return element("th", element("button", column.header, type="button"), scope="col", class_=column.kind)


def _cell(column: Column, line: object) -> Markup:
    text = column.value(line)
    return element("td", cut(text), class_=_result(text) if column.kind == "result" else column.kind)


def _result(text: str) -> str:
    return "number" if text == "-" else "number loss" if text.startswith("-") else "number gain"
