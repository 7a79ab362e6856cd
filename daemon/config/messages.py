"""What the schema finds wrong, in the words of the person who wrote the file."""

import types
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from daemon.config.problems import KeyPath, nearest
from daemon.config.settings import Settings
from daemon.config.values import PATTERNS

_MUST_BE: Final = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text, in quotes where it looks like a number",
    "bool_type": "true or false",
    "path_type": "a path",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "greater_than": "above {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than": "below {lt:g}",
}
_KEY: Final = "[key]"


def place_of(detail: ErrorDetails, values: Mapping[str, Any]) -> KeyPath:
    """Where in the document an error stands: its location without the marks that the schema adds."""
    node: Any = values
    path: list[str | int] = []
    unmarked = True
    for part in detail["loc"]:
        if part == _KEY:
            break
        if unmarked and path and isinstance(node, dict) and part == node.get("kind"):
            unmarked = False  # a union marks its members by their kind
            continue
        if isinstance(part, int) and not isinstance(node, list):
            continue  # one entry stands for a list of one
        path.append(part)
        node, unmarked = child(node, part), True
    if detail["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        path.append("kind")
    return tuple(path)


def words_for(detail: ErrorDetails) -> str:
    """What is wrong, what would be right and what stands there."""
    kind = detail["type"]
    if kind in _MUST_BE:
        return f"must be {_MUST_BE[kind].format(**detail.get('ctx', {}))}; got {_shown(detail['input'])}"
    return _SAYING[kind](detail) if kind in _SAYING else detail["msg"]


def _unknown(detail: ErrorDetails) -> str:
    return "unknown key" + nearest(str(detail["loc"][-1]), _keys(_section(detail["loc"])))


def _missing(detail: ErrorDetails) -> str:
    return f"is missing ({_described(detail['loc'])})"


def _refused(detail: ErrorDetails) -> str:
    text = str(detail["ctx"]["error"])
    told = any(f"{quote}{detail['input']}{quote}" in text for quote in "'\"")
    return text if told else f"{text}; got {_shown(detail['input'])}"


def _no_choice(detail: ErrorDetails) -> str:
    choices = detail["ctx"].get("expected_tags") or detail["ctx"]["expected"]
    plain = choices.replace(" or ", ", ").replace("'", "")
    got = _shown(detail["ctx"].get("tag", detail["input"]))
    return f"must be one of {plain}; got {got}"


def _no_match(detail: ErrorDetails) -> str:
    return f"must be {PATTERNS[detail['ctx']['pattern']]}; got {_shown(detail['input'])}"


_SAYING: Final[Mapping[str, Callable[[ErrorDetails], str]]] = {
    "extra_forbidden": _unknown,
    "missing": _missing,
    "union_tag_not_found": lambda _: "is missing",
    "union_tag_invalid": _no_choice,
    "literal_error": _no_choice,
    "string_pattern_mismatch": _no_match,
    "string_too_short": lambda _: "must not be empty",
    "too_short": lambda _: "must not be empty",
    "value_error": _refused,
}


def child(node: Any, part: str | int) -> Any:
    """What a mapping or list holds at a key or place; None where there is nothing."""
    if isinstance(node, dict):
        return node.get(part)
    return node[part] if isinstance(node, list) and isinstance(part, int) and part < len(node) else None


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = str(value) if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _section(location: tuple[int | str, ...]) -> type[BaseModel] | None:
    """The mapping in which the last part of a location stands."""
    kind: Any = Settings
    for part in location[:-1]:
        kind = _inside(kind, part)
    return next((one for one in _members(kind) if _is_section(one)), None)


def _inside(kind: Any, part: int | str) -> Any:
    """The type that one part of a location leads to: a field, an item, or the member of a union."""
    members = list(_members(kind))
    if len(members) > 1:
        return next((one for one in members if part in get_args(one.model_fields["kind"].annotation)), None)
    kind = members[0] if members else None
    if _is_section(kind):
        return _keys(kind).get(str(part))
    items = get_args(kind)
    return (items[-1] if get_origin(kind) is dict else items[0]) if items else None


def _members(kind: Any) -> Iterator[Any]:
    if get_origin(kind) is Annotated:
        yield from _members(get_args(kind)[0])
    elif get_origin(kind) in {Union, types.UnionType}:
        for member in get_args(kind):
            yield from _members(member)
    elif kind is not type(None):
        yield kind


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _keys(section: type[BaseModel] | None) -> dict[str, Any]:
    fields = section.model_fields if section is not None else {}
    return {field.alias or name: field.annotation for name, field in fields.items()}


def _described(location: tuple[int | str, ...]) -> str:
    section = _section(location)
    fields = section.model_fields.items() if section is not None else ()
    return next((field.description for name, field in fields if location[-1] == (field.alias or name)), None) or "value"
