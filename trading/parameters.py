"""A strategy's parameters: the public annotations of its class body, as a frozen, keyword-only struct."""

import inspect
import typing
from collections.abc import Mapping
from decimal import Decimal
from operator import attrgetter
from typing import Any, ClassVar

import msgspec

from trading.errors import InvalidParameters


def names(cls: type, base: type) -> list[str]:
    """The public annotations of `cls` and its parents below `base`, parents first."""
    strategies = [ancestor for ancestor in reversed(cls.__mro__) if ancestor is not base and issubclass(ancestor, base)]
    found = dict.fromkeys(name for strategy in strategies for name in inspect.get_annotations(strategy))
    return [name for name in found if not name.startswith("_")]


def parameters_type(cls: type, base: type, defaults: Mapping[str, Any]) -> type[msgspec.Struct]:
    """The struct that holds the parameters of a strategy class; InvalidParameters where the class cannot have them."""
    hints = typing.get_type_hints(cls, include_extras=True)
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    problems: dict[str, str] = {}
    for name in names(cls, base):
        if hasattr(base, name):
            problems[name] = f"every strategy has a {name} of its own; choose another name"
        elif typing.get_origin(hints[name]) is ClassVar:
            problems[name] = "a constant of the class is no parameter; leave its annotation out"
        elif name not in defaults:
            fields.append((name, hints[name]))
        elif type(defaults[name]).__hash__ is None:
            problems[name] = "a mutable default is shared by all; use a tuple or start()"
        else:
            try:
                fields.append((name, hints[name], msgspec.convert(defaults[name], hints[name])))
            except msgspec.ValidationError as error:
                problems[name] = f"its default does not fit: {_plain(error)}"
    if problems:
        raise InvalidParameters(cls.__name__, problems)
    return msgspec.defstruct(cls.__name__, fields, frozen=True, kw_only=True, forbid_unknown_fields=True)


def parse(struct: type[msgspec.Struct], raw: Mapping[str, Any]) -> msgspec.Struct:
    """The parameters of a config entry; InvalidParameters names every field that is unknown, missing or mistyped."""
    known = {field.name: field for field in msgspec.structs.fields(struct)}
    problems = {name: f"no such parameter; it has {', '.join(known) or 'none'}" for name in raw if name not in known}
    values: dict[str, Any] = {}
    for name, field in known.items():
        if name in raw:
            if isinstance(raw[name], float) and _is_decimal(field.type):
                problems[name] = f'is not exact as a plain number; write it in quotes: "{raw[name]}"'
                continue
            try:
                values[name] = msgspec.convert(raw[name], field.type)
            except msgspec.ValidationError as error:
                problems[name] = _plain(error)
        elif field.required:
            problems[name] = "is missing"
    if problems:
        raise InvalidParameters(struct.__name__, problems)
    return struct(**values)


def _is_decimal(annotation: Any) -> bool:
    return annotation is Decimal or Decimal in typing.get_args(annotation)


def read_only(name: str) -> property:
    """The attribute by which a strategy reads its parameter."""
    return property(attrgetter(f"_parameters.{name}"))


def _plain(error: msgspec.ValidationError) -> str:
    return str(error).replace("`", "")
