"""A page as its reader has it: its elements, their text, the rows of its tables."""

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import msgspec

VOID = {"meta", "link"}


class Element(msgspec.Struct):
    """An element, what is in it, and what it is in."""

    name: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    content: list["Element | str"] = msgspec.field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(part if isinstance(part, str) else part.text for part in self.content)

    def within(self) -> Iterator["Element"]:
        """All elements in it, in the order of the page."""
        for part in self.content:
            if isinstance(part, Element):
                yield part
                yield from part.within()

    def all(self, name: str) -> list["Element"]:
        return [element for element in self.within() if element.name == name]

    def named(self, name: str) -> "Element":
        """The element with this id; there is one."""
        (found,) = (element for element in self.within() if element.attributes.get("id") == name)
        return found

    def has(self, name: str) -> bool:
        return any(element.attributes.get("id") == name for element in self.within())

    def rows(self, table: int = 0) -> list[list[str]]:
        """The texts of a table in it, headers first."""
        lines = self.all("table")[table].all("tr")
        return [[cell.text for cell in line.content if isinstance(cell, Element)] for line in lines]

    def facts(self) -> dict[str, str]:
        """The definitions in it."""
        pairs = zip(self.all("dt"), self.all("dd"), strict=True)
        return {name.text: value.text for name, value in pairs}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.at = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.at)
        assert len(element.attributes) == len(attrs), f"an attribute twice: {attrs}"
        self.at.content.append(element)
        if tag not in VOID:
            self.at = element

    def handle_endtag(self, tag: str) -> None:
        assert self.at.name == tag, f"</{tag}> ends <{self.at.name}>"
        assert self.at.parent is not None
        self.at = self.at.parent

    def handle_data(self, data: str) -> None:
        self.at.content.append(data)


def read(page: str) -> Element:
    """The page's root. AssertionError where an element is not ended, or ends another."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.at is reader.root, f"<{reader.at.name}> has no end"
    return reader.root


def chart_data(page: Element) -> dict[str, Any]:
    """What the charts of a page show."""
    shown: dict[str, Any] = json.loads(page.named("chart-data").text)
    return shown
