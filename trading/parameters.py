"""A strategy's parameters: the public annotations of its class body, as a frozen, keyword-only struct."""

import inspect
import typing
from collections.abc import Mapping
from operator import attrgetter
from typing import Any

import msgspec

from trading.errors import InvalidParameters

_IMMUTABLE_DEFAULTS = (list, dict, set, bytearray)


def declared(cls: type, base: type) -> dict[str, Any]:
    """Names and types of the public annotations of `cls` and its parents below `base`, parents first."""
    fields: dict[str, Any] = {}
    for ancestor in reversed(cls.__mro__):
        if ancestor is base or not issubclass(ancestor, base):
            continue
        own = inspect.get_annotations(ancestor)
        hints = typing.get_type_hints(ancestor)
        fields |= {name: hints[name] for name in own if not name.startswith("_")}
    return fields


def parameters_type(cls: type, base: type, defaults: Mapping[str, Any]) -> type[msgspec.Struct]:
    """The struct that holds the parameters of a strategy class; InvalidParameters for a mutable default."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for name, annotation in declared(cls, base).items():
        if name not in defaults:
            fields.append((name, annotation))
        elif isinstance(defaults[name], _IMMUTABLE_DEFAULTS):
            raise InvalidParameters(cls.__name__, {name: "a mutable default is shared by all; use a tuple or start()"})
        else:
            fields.append((name, annotation, defaults[name]))
    return msgspec.defstruct(cls.__name__, fields, frozen=True, kw_only=True, forbid_unknown_fields=True)


def parse(struct: type[msgspec.Struct], raw: Mapping[str, Any]) -> msgspec.Struct:
    """The parameters of a config entry; InvalidParameters names every field that is unknown, missing or mistyped."""
    known = {field.name: field for field in msgspec.structs.fields(struct)}
    problems = {name: f"no such parameter; it has {', '.join(known) or 'none'}" for name in raw if name not in known}
    values: dict[str, Any] = {}
    for name, field in known.items():
        if name in raw:
            try:
                values[name] = msgspec.convert(raw[name], field.type)
            except msgspec.ValidationError as error:
                problems[name] = str(error).replace("`", "")
        elif field.required:
            problems[name] = "is missing"
    if problems:
        raise InvalidParameters(struct.__name__, problems)
    return struct(**values)


def read_only(name: str) -> property:
    """The attribute by which a strategy reads its parameter."""
    return property(attrgetter(f"_parameters.{name}"))
