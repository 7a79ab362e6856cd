"""From a document to settings, with every problem of its shape.

What is wrong is noted, taken out, and the rest is read again: so that one mistyped key hides no other problem, neither
of shape nor of sense. Whoever gets settings from here with problems beside them may look further, never start anything.
"""

import copy
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from daemon.config.messages import child, place_of, words_for
from daemon.config.problems import KeyPath, Problem
from daemon.config.settings import Settings
from daemon.config.source import Document

_GONE: Final = object()
_ABSENT: Final = {"missing", "union_tag_not_found"}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What could be read. `places` tells where each strategy that is left stands in the document's list."""

    document: Document
    settings: Settings | None
    places: tuple[int, ...]
    problems: tuple[Problem, ...]

    def problem(self, path: KeyPath, message: str) -> Problem:
        """A problem of the settings at a path, where the document has it."""
        return self.document.problem(_as_written(path, self.places), message)


def read_settings(document: Document) -> Reading:
    """Everything that can be read of a document; without problems the settings are whole."""
    values = copy.deepcopy(document.values)
    problems: list[Problem] | None = None
    settings: Settings | None = None
    places: tuple[int, ...] = ()
    while settings is None and values:
        left, places = _left(values)
        try:
            settings = Settings(**left)
        except ValidationError as error:
            details = error.errors(include_url=False)
            found = [(_as_written(place_of(detail, left), places), detail) for detail in details]
            if problems is None:  # what a later pass finds only follows from what was taken out
                problems = [document.problem(path, words_for(detail)) for path, detail in found]
            taken = [_take_out(values, path[:-1] if detail["type"] in _ABSENT else path) for path, detail in found]
            assert any(taken), f"a default of the schema is wrong: {details}"
    known = (*document.problems, *(problems or ()))
    return Reading(document=document, settings=settings, places=places, problems=known)


def _left(values: dict[str, Any]) -> tuple[dict[str, Any], tuple[int, ...]]:
    """The values without the strategies that are gone, and the places of those that are left."""
    entries = values.get("strategies")
    if not isinstance(entries, list):
        return values, ()
    places = tuple(place for place, entry in enumerate(entries) if entry is not _GONE)
    return {**values, "strategies": [entries[place] for place in places]}, places


def _as_written(path: KeyPath, places: tuple[int, ...]) -> KeyPath:
    if len(path) > 1 and path[0] == "strategies" and isinstance(path[1], int):
        return ("strategies", places[path[1]], *path[2:])
    return path


def _take_out(values: dict[str, Any], path: KeyPath) -> bool:
    """Remove the value at a path, if it is there. A strategy leaves a gap in its list; other items take all along."""
    if not path:
        values.clear()
        return True
    if isinstance(path[-1], int) and path != ("strategies", path[-1]):
        path = path[:-1]
    node: Any = values
    for part in path[:-1]:
        node = child(node, part)
    if isinstance(node, dict):
        return node.pop(path[-1], _GONE) is not _GONE
    if isinstance(node, list) and isinstance(path[-1], int):
        node[path[-1]] = _GONE
        return True
    return False
