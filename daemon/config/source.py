"""The configuration as it was written: a YAML file, environment variables laid over it, and where each value stands.

Only plain data is read (no tags that construct objects), a key may stand once, and text that YAML 1.1 would turn into a
date or, as `NO` and `ON`, into a truth value stays text. Light on purpose: clients use it to find a daemon's state.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from daemon.config.problems import ConfigProblems, KeyPath, Origin, Problem, dotted, nearest

PREFIX: Final = "BULKHEAD_"
_STATE: Final = "state"
_YAML: Final = "tag:yaml.org,2002:"
_KEY_TAGS: Final = {f"{_YAML}{kind}" for kind in ("str", "merge")}
_PLAIN_TAGS: Final = {f"{_YAML}{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null")}


class PlainLoader(yaml.SafeLoader):
    """The safe loader with `true` and `false` as the only truth values, and dates left as text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own class attribute
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in {f"{_YAML}bool", f"{_YAML}timestamp"}]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


PlainLoader.add_implicit_resolver(f"{_YAML}bool", re.compile("true|True|TRUE|false|False|FALSE"), list("tTfF"))


class WrittenFloat(float):
    """A number with a point whose `text` is known: exact where that is asked for, a float elsewhere."""

    text: str


class _ExactLoader(PlainLoader):
    """The plain loader for the text of a variable, which nobody should have to quote twice: a number with a point keeps
    it, and a time of day, which YAML 1.1 takes for a number, is nothing else."""

    def construct_whole(self, node: yaml.ScalarNode) -> int | str:
        """The number, or what has a colon."""
        return node.value if ":" in node.value else self.construct_yaml_int(node)

    def construct_written(self, node: yaml.ScalarNode) -> WrittenFloat | str:
        """The number with its text, or what has a colon."""
        if ":" in node.value:
            return str(node.value)
        number = WrittenFloat(self.construct_yaml_float(node))
        number.text = node.value
        return number


_ExactLoader.add_constructor(f"{_YAML}int", _ExactLoader.construct_whole)
_ExactLoader.add_constructor(f"{_YAML}float", _ExactLoader.construct_written)


@dataclass(frozen=True, kw_only=True)
class Document:
    """The merged values, the origin of each path, and what is wrong with the writing itself; `text` is the file's."""

    path: Path
    text: str
    values: dict[str, Any]
    origins: dict[KeyPath, Origin]
    problems: list[Problem] = field(default_factory=list)

    def problem(self, path: KeyPath, message: str) -> Problem:
        """A problem of the value at a path, placed where it or its nearest written parent stands."""
        near = path
        while near and near not in self.origins:
            near = near[:-1]
        origin = self.origins.get(near, Origin())
        return Problem(path=path, message=message, line=origin.line, variable=origin.variable)


def read_document(path: Path, environ: Mapping[str, str], top_level: Collection[str]) -> Document:
    """Read a file and lay the environment over it; ConfigProblems when there is nothing to read.

    `BULKHEAD_FEED__SEED=9` replaces `feed.seed`. A variable without `__` counts only when it names one of `top_level`,
    so that other programs' variables do no harm; an empty one counts as absent. A strategy goes by its place or its
    id: `BULKHEAD_STRATEGIES__SMA__WARMUP=30`.
    """
    text = _text(path)
    document = Document(path=path, text=text, values={}, origins={})
    try:
        loader = PlainLoader(text)
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode) or not root.value:
            raise _unreadable(
                path, "is empty or no mapping of keys; start from the config.yaml that comes with Bulkhead"
            )
        _index(root, (), document, ())
        document.values.update(_unshared(loader.construct_document(root)))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _unreadable(path, *_yaml_problem(error))
    for variable, keys, text in _overrides(environ, top_level):
        overlay(document, variable, keys, text)
    return document


def names(document: Document, *path: str) -> set[str]:
    """The keys of a mapping of the document; none where there is no mapping."""
    node: Any = document.values
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return {str(key) for key in node} if isinstance(node, dict) else set()


def state_folder(path: Path, environ: Mapping[str, str]) -> Path:
    """The folder of a daemon's state by its configuration file alone, with nothing else checked.

    A path in the file counts from the file's folder, one in BULKHEAD_STATE from the working directory.
    """
    document = read_document(path, environ, ("state",))
    return resolve_state(document, str(document.values.get("state") or "state"))


def resolve_state(document: Document, state: str | Path) -> Path:
    """The absolute state folder that a document means."""
    from_environment = bool(document.origins.get(("state",), Origin()).variable)
    folder = Path() if from_environment else document.path.parent
    return (folder / Path(state).expanduser()).absolute()


def _unshared(value: Any) -> Any:
    """A copy in which an alias is a value of its own, so that a change in one place is one change."""
    if isinstance(value, dict):
        return {key: _unshared(one) for key, one in value.items()}
    return [_unshared(one) for one in value] if isinstance(value, list) else value


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise _unreadable(path, "no such file; name one with -c, or copy the config.yaml that comes with Bulkhead")
    except IsADirectoryError:
        raise _unreadable(path, "is a directory; name the file in it")
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"is not UTF-8 text (byte {error.start + 1}); save it as UTF-8")
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror}")


def _unreadable(path: Path, message: str, line: int | None = None) -> ConfigProblems:
    return ConfigProblems(path, [Problem(path=(), message=message, line=line)])


def _yaml_problem(error: Exception) -> tuple[str, int | None]:
    match error:
        case yaml.MarkedYAMLError(problem_mark=mark, context=context, problem=problem) if mark is not None:
            context = f"{context}, " if context else ""
            return f"not valid YAML at column {mark.column + 1}: {context}{problem}", mark.line + 1
        case yaml.reader.ReaderError(position=position, reason=reason):
            return f"not valid YAML at character {position + 1}: {reason}", None
        case RecursionError():
            return "not valid YAML: it is nested too deeply", None
    return f"not valid YAML: {error}", None


def _index(node: yaml.Node, path: KeyPath, document: Document, ancestors: tuple[yaml.Node, ...]) -> None:
    """Note the line of every key and item below a node, and the keys that cannot stand."""
    document.origins.setdefault(path, Origin(line=node.start_mark.line + 1))
    if node.tag not in _PLAIN_TAGS:
        raise yaml.MarkedYAMLError(None, None, f"{node.tag} is no plain value; write it without", node.start_mark)
    if node in ancestors:
        raise yaml.MarkedYAMLError(None, None, "an alias contains itself", node.start_mark)
    for key, child in _children(node):
        if not isinstance(key, yaml.Node):
            _index(child, (*path, key), document, (*ancestors, node))
            continue
        place, line = (*path, str(key.value)), key.start_mark.line + 1
        if key.tag not in _KEY_TAGS:
            raise yaml.MarkedYAMLError(None, None, "a key must be text; put it in quotes", key.start_mark)
        if place in document.origins:
            first = document.origins[place].line
            document.problems.append(Problem(path=place, line=line, message=f"stands twice; first on line {first}"))
        document.origins.setdefault(place, Origin(line=line))
        _index(child, place, document, (*ancestors, node))


def _children(node: yaml.Node) -> Iterator[tuple[yaml.Node | int, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from node.value
    elif isinstance(node, yaml.SequenceNode):
        yield from enumerate(node.value)


def _overrides(environ: Mapping[str, str], top_level: Collection[str]) -> Iterator[tuple[str, list[str], str]]:
    for variable in sorted(environ):
        keys = variable.removeprefix(PREFIX).lower().split("__")
        named = variable.startswith(PREFIX) and (len(keys) > 1 or keys[0] in top_level)
        if named and environ[variable]:
            yield variable, keys, environ[variable]


def overlay(document: Document, variable: str, keys: Sequence[str], text: str) -> None:
    """Put a value in its place as it is written; `variable` is what people are told where it is wrong."""
    try:
        value = text if list(keys) == [_STATE] else yaml.load(text, _ExactLoader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError) as error:
        document.problems.append(Problem(path=tuple(keys), variable=variable, message=_yaml_problem(error)[0]))
        return
    put(document, keys, value, variable)


def plain_value(text: str) -> Any:
    """A value as the file could have it; ValueError where it is none."""
    try:
        return yaml.load(text, PlainLoader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(_yaml_problem(error)[0])


def put(document: Document, keys: Sequence[str], value: Any, variable: str) -> None:
    """Put a value in its place; keys match without regard to case. An entry of a list goes by its place or by its `id`.
    `variable` is what people are told where it is wrong."""
    origin = Origin(variable=variable)
    node: Any = document.values
    parent: Any = node
    path: KeyPath = ()
    for key in keys:
        place = _place_in(node, key)
        if place is None:
            document.problems.append(Problem(path=(), variable=variable, message=_no_place(path, node, key)))
            return
        parent, path = node, (*path, place)
        if isinstance(node, dict) and node.get(place) is None:
            node[place] = {}
            document.origins[path] = origin
        node = node[place]
    parent[path[-1]] = value
    for below in [one for one in document.origins if one[: len(path)] == path]:
        del document.origins[below]
    document.origins[path] = origin


def _place_in(node: Any, key: str) -> str | int | None:
    if isinstance(node, dict):
        return next((known for known in node if known.lower() == key.lower()), key)
    if not isinstance(node, list):
        return None
    if key.isdecimal() and int(key) < len(node):
        return int(key)
    return next((place for place, known in enumerate(_ids(node)) if known == key.lower()), None)


def _ids(entries: Sequence[Any]) -> list[str]:
    ids = (one.get("id") if isinstance(one, dict) else None for one in entries)
    return [known if isinstance(known, str) else "" for known in ids]


def _no_place(path: KeyPath, node: Any, key: str) -> str:
    if not isinstance(node, list):
        return f"{dotted(path)} is no mapping, and has no {key!r}"
    known = [one for one in _ids(node) if one]
    return f"{dotted(path)} has no entry {key!r}; it has {', '.join(known) or len(node)}{nearest(key, known)}"
