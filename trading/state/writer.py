"""Takes a strategy's attributes apart into nodes; the format is in the package's docstring."""

import enum
import random
import types
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, time
from typing import Any, Final

import msgspec

from trading.errors import UnsupportedState
from trading.state.forms import LEAVES, PLAIN, Form, KnownClasses, field_names, form_of, is_value

MAX_DEPTH: Final = 100
"""Levels of values within values; a bound of its own, since the stack's differs from caller to caller."""

_CODE: Final = (type, types.FunctionType, types.MethodType, types.BuiltinFunctionType)


class Writer:
    """Writes one heap; a value that cannot be kept raises UnsupportedState with the path to it."""

    def __init__(self, classes: KnownClasses) -> None:
        self._classes = classes
        self._names: dict[type, str] = {}
        self._heap: list[list[Any] | None] = []
        self._numbers: dict[int, int] = {}
        self._alive: list[Any] = []  # what `state()` made must not give its id to another object
        self._depth = 0
        self._open_sets = 0

    def heap(self, attributes: Mapping[str, Any]) -> list[list[Any] | None]:
        """The nodes of all that the attributes hold, their own dict first."""
        self._heap.append(None)
        named = [[_plain(name), self._value(value, f"self.{name}")] for name, value in attributes.items()]
        self._heap[0] = ["dict", named]
        return self._heap

    def _value(self, value: Any, path: str) -> Any:
        cls = type(value)
        if cls in PLAIN:
            return _plain(value)
        if cls in LEAVES:
            tag, to_plain, _ = LEAVES[cls]
            plain = to_plain(value)
            if plain is None:
                raise _unsupported(path, cls, "it has no name to find it by; make it as ZoneInfo(name)")
            return [tag, plain]
        if self._depth == MAX_DEPTH:
            raise UnsupportedState(
                f"{path}: over {MAX_DEPTH} levels of values within values cannot be kept; use a list"
            )
        self._depth += 1
        written = self._in_place(cls, value, path) or self._reference(cls, value, path)
        self._depth -= 1
        return written

    def _in_place(self, cls: type, value: Any, path: str) -> list[Any] | None:
        """What cannot change; None for what can."""
        if cls in (tuple, frozenset):
            return [cls.__name__, _CONTAINERS[cls](self, value, path)]
        if cls in (datetime, time):
            bare = value.replace(tzinfo=None, fold=0)
            return [cls.__name__, bare.isoformat(), value.fold, self._value(value.tzinfo, f"{path}.tzinfo")]
        form = form_of(cls)
        if form is Form.ENUM:
            member = value.value if isinstance(value, enum.Flag) else value.name  # a combination of flags has no name
            return [form, self._class(cls, path), self._value(member, path)]
        if form in (Form.STRUCT, Form.DATACLASS) and is_value(cls):
            return self._fields(cls, form, value, path)
        return None

    def _reference(self, cls: type, value: Any, path: str) -> list[Any]:
        """What can change: its place in the heap, filled when it is met first."""
        if self._open_sets and (cls is random.Random or form_of(cls)):
            raise _unsupported(path, cls, "in a set it has no order that lasts; use a list, or a frozen dataclass")
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self._heap)
            self._alive.append(value)
            self._heap.append(None)
            self._heap[number] = self._node(cls, value, path)
        elif self._heap[number] is None and form_of(cls) is Form.STRUCT:
            raise _unsupported(path, cls, "it is a struct that leads back to itself; make it a dataclass")
        return ["ref", number]

    def _node(self, cls: type, value: Any, path: str) -> list[Any]:
        if cls in _CONTAINERS:
            return [cls.__name__, _CONTAINERS[cls](self, value, path)]
        if cls is deque:
            return ["deque", value.maxlen, self._items(value, path)]
        if cls is random.Random:
            return ["random", value.getstate()]
        form = form_of(cls)
        if form is Form.OBJECT:
            return [form, self._class(cls, path), self._value(value.state(), f"{path}.state()")]
        return self._fields(cls, form, value, path)

    def _items(self, items: Iterable[Any], path: str) -> list[Any]:
        return [self._value(item, f"{path}[{place}]") for place, item in enumerate(items)]

    def _pairs(self, mapping: Mapping[Any, Any], path: str) -> list[Any]:
        return [
            [self._value(key, f"a key of {path}"), self._value(value, f"{path}[{_shown(key)}]")]
            for key, value in mapping.items()
        ]

    def _members(self, members: Iterable[Any], path: str) -> list[Any]:
        self._open_sets += 1
        written = sorted((self._value(member, f"an item of {path}") for member in members), key=msgspec.msgpack.encode)
        self._open_sets -= 1
        return written

    def _fields(self, cls: type, form: Form | None, value: Any, path: str) -> list[Any]:
        name = self._class(cls, path)
        declared = field_names(cls)
        later = () if form is Form.STRUCT else (name for name in getattr(value, "__dict__", ()) if name not in declared)
        fields = {}
        for field in (*declared, *later):
            if not hasattr(value, field):
                raise _unsupported(f"{path}.{field}", cls, "this field of it has no value; give it one")
            fields[field] = self._value(getattr(value, field), f"{path}.{field}")
        return [form, name, fields]

    def _class(self, cls: type, path: str) -> str:
        if cls not in self._names:
            name = self._classes.name(cls)
            if name is None:
                raise _unsupported(path, cls, self._remedy(cls))
            self._names[cls] = name
        return self._names[cls]

    def _remedy(self, cls: type) -> str:
        if issubclass(cls, _CODE):
            return "keep data in attributes, and call code by its name"
        if not self._classes.holds(cls):
            return "keep what it is made of, or a class of the strategy's module with state() and restore()"
        if form_of(cls) is None:
            return "make its class a dataclass, or give it state() and restore()"
        return "define its class at the top level of its module"


_CONTAINERS: Final[dict[type, Callable[[Writer, Any, str], list[Any]]]] = {
    list: Writer._items,
    tuple: Writer._items,
    dict: Writer._pairs,
    set: Writer._members,
    frozenset: Writer._members,
}


def _shown(key: Any) -> str:
    """A key in a path: by its type where its own repr might fail."""
    return repr(key) if type(key) is str or (type(key) is int and key.bit_length() <= 64) else type(key).__name__


def _plain(value: Any) -> Any:
    """A plain value as MessagePack can hold it: integers of 64 bits, text without halves of surrogate pairs."""
    if type(value) is int and not -(1 << 63) <= value < 1 << 64:
        return ["int", hex(value)]
    if type(value) is str and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return ["str", value.encode("utf-8", "surrogatepass")]
    return value


def _unsupported(path: str, cls: type, remedy: str) -> UnsupportedState:
    name = cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
    return UnsupportedState(f"{path}: {name} cannot be kept over a restart; {remedy}")
