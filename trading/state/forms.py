"""What a strategy's state may hold: leaves, and the instances of known classes in four forms."""

import dataclasses
import enum
import importlib
import sys
from collections.abc import Callable
from datetime import date, timedelta, timezone
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

PLAIN: Final = frozenset({type(None), bool, int, float, str, bytes})
"""What MessagePack holds as it is."""


def _length(length: timedelta) -> list[int]:
    return [length.days, length.seconds, length.microseconds]


def _fixed_zone(zone: timezone) -> list[Any]:
    offset, name = zone.utcoffset(None), zone.tzname(None)
    return [_length(offset), None if name == timezone(offset).tzname(None) else name]


def _make_fixed_zone(plain: list[Any]) -> timezone:
    offset, name = timedelta(*plain[0]), plain[1]
    return timezone(offset) if name is None else timezone(offset, name)


LEAVES: Final[dict[type, tuple[str, Callable[[Any], Any], Callable[[Any], Any]]]] = {
    Decimal: ("decimal", str, Decimal),
    date: ("date", date.isoformat, date.fromisoformat),
    timedelta: ("timedelta", _length, lambda plain: timedelta(*plain)),
    timezone: ("timezone", _fixed_zone, _make_fixed_zone),
    ZoneInfo: ("zone", lambda zone: zone.key, ZoneInfo),
}
"""Type -> its tag, to a plain value, and from it."""


class Form(enum.StrEnum):
    """How the instances of a class are taken apart."""

    ENUM = "enum"
    OBJECT = "object"
    STRUCT = "struct"
    DATACLASS = "dataclass"


def form_of(cls: type) -> Form | None:
    """The form of a class; its own state() and restore() come before its fields. None for any other class."""
    if issubclass(cls, enum.Enum):
        return Form.ENUM
    if callable(getattr(cls, "state", None)) and callable(getattr(cls, "restore", None)):
        return Form.OBJECT
    if issubclass(cls, msgspec.Struct):
        return Form.STRUCT
    return Form.DATACLASS if dataclasses.is_dataclass(cls) else None


def field_names(cls: type) -> list[str]:
    """The declared fields of a struct or dataclass."""
    if issubclass(cls, msgspec.Struct):
        return list(cls.__struct_fields__)
    assert dataclasses.is_dataclass(cls)
    return [field.name for field in dataclasses.fields(cls)]


def is_value(cls: type) -> bool:
    """Whether a struct or dataclass is frozen and compared by value: one instance is then as good as an equal one."""
    if issubclass(cls, msgspec.Struct):
        return cls.__struct_config__.frozen and cls.__struct_config__.eq
    parameters: Any = cls.__dataclass_params__  # type: ignore[attr-defined]
    return bool(parameters.frozen and parameters.eq)


class KnownClasses:
    """The classes that the state of one strategy may name, by module and qualified name.

    The strategy's own module goes without its name, so that its file may move between two runs.
    """

    def __init__(self, owner: type) -> None:
        self._own_module = owner.__module__
        self._modules = {base.__module__ for base in owner.__mro__ if base is not object}

    def holds(self, cls: type) -> bool:
        """Whether the class is of a module whose classes may be named."""
        return cls.__module__ in self._modules or _is_ours(cls.__module__)

    def name(self, cls: type) -> str | None:
        """The name under which `find` gives the class back; None for a class that has none."""
        name = f"{'' if cls.__module__ == self._own_module else cls.__module__}:{cls.__qualname__}"
        try:
            return name if self.find(name) is cls else None
        except LookupError:
            return None

    def find(self, name: str) -> type:
        """The class of that name; LookupError when there is none that may be named."""
        module_name, _, qualified = name.partition(":")
        module_name = module_name or self._own_module
        found: Any = sys.modules.get(module_name)
        if found is None and _is_ours(module_name):
            found = importlib.import_module(module_name)
        for part in qualified.split("."):
            found = getattr(found, part, None)
        if not (isinstance(found, type) and self.holds(found) and form_of(found)):
            raise LookupError(f"there is no class {qualified} in {module_name}")
        return found


def _is_ours(module_name: str) -> bool:
    return module_name.partition(".")[0] == "trading"
