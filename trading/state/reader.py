"""Puts a strategy's attributes together again. Trusts nothing: whatever is wrong raises some exception, and only known
classes are ever called."""

import enum
import random
from collections import deque
from collections.abc import Callable
from datetime import datetime, time
from typing import Any, Final

import msgspec

from trading.state.forms import LEAVES, PLAIN, Form, KnownClasses, field_names, form_of


class Reader:
    """Reads one heap. A node is registered before it is filled, since what it holds may lead back to it."""

    def __init__(self, classes: KnownClasses, heap: list[Any]) -> None:
        self._classes = classes
        self._heap = heap
        self._made: dict[int, Any] = {}

    def attributes(self) -> dict[str, Any]:
        """The attributes by name."""
        attributes = self._reference(0)
        if type(attributes) is not dict or not all(type(name) is str for name in attributes):
            raise ValueError("its first node is not a dict of attributes")
        return attributes

    def _value(self, written: Any) -> Any:
        if type(written) is list:
            tag, *parts = written
            return _VALUES[tag](self, *parts)
        if type(written) not in PLAIN:
            raise ValueError(f"a {type(written).__name__} where a value belongs")
        return written

    def _values(self, written: list[Any]) -> list[Any]:
        return [self._value(item) for item in written]

    def _reference(self, number: int) -> Any:
        if number not in self._made:
            tag, *parts = self._heap[number]
            _NODES[tag](self, number, *parts)
        return self._made[number]

    # Values.

    def _tuple(self, items: list[Any]) -> tuple[Any, ...]:
        return tuple(self._values(items))

    def _frozenset(self, items: list[Any]) -> frozenset[Any]:
        return frozenset(self._values(items))

    def _datetime(self, iso: str, fold: int, zone: Any) -> datetime:
        return datetime.fromisoformat(iso).replace(fold=fold, tzinfo=self._value(zone))

    def _time(self, iso: str, fold: int, zone: Any) -> time:
        return time.fromisoformat(iso).replace(fold=fold, tzinfo=self._value(zone))

    def _enum(self, name: str, member: Any) -> Any:
        cls: Any = self._class(name, Form.ENUM)
        return cls(self._value(member)) if issubclass(cls, enum.Flag) else cls[self._value(member)]

    def _struct(self, name: str, fields: dict[str, Any]) -> Any:
        cls = self._class(name, Form.STRUCT)
        values = self._fields(cls, fields)
        made = cls(**values)
        for field, value in values.items():  # whatever its __post_init__ has changed
            msgspec.structs.force_setattr(made, field, value)
        return made

    def _dataclass(self, name: str, fields: dict[str, Any], number: int | None = None) -> Any:
        cls: Any = self._class(name, Form.DATACLASS)
        made = cls.__new__(cls)
        if number is not None:
            self._made[number] = made
        for field, value in self._fields(cls, fields).items():
            object.__setattr__(made, field, value)
        return made

    def _fields(self, cls: type, fields: dict[str, Any]) -> dict[str, Any]:
        missing = set(field_names(cls)) - fields.keys()
        if missing:
            raise ValueError(f"{cls.__qualname__} has fields that were not kept: {', '.join(sorted(missing))}")
        return {field: self._value(written) for field, written in fields.items()}

    def _class(self, name: str, form: Form) -> type:
        cls = self._classes.find(name)
        if form_of(cls) is not form:
            raise ValueError(f"{cls.__qualname__} was kept as {form}, which it is not")
        return cls

    # Nodes.

    def _list(self, number: int, items: list[Any]) -> None:
        made: list[Any] = []
        self._made[number] = made
        made += self._values(items)

    def _deque(self, number: int, length: int | None, items: list[Any]) -> None:
        made: deque[Any] = deque(maxlen=length)
        self._made[number] = made
        made += self._values(items)

    def _dict(self, number: int, pairs: list[list[Any]]) -> None:
        made: dict[Any, Any] = {}
        self._made[number] = made
        made.update((self._value(key), self._value(value)) for key, value in pairs)

    def _set(self, number: int, items: list[Any]) -> None:
        self._made[number] = set(self._values(items))

    def _random(self, number: int, state: list[Any]) -> None:
        version, words, gauss = state
        made = random.Random()  # noqa: S311  it simulates, it guards nothing
        made.setstate((version, tuple(words), gauss))
        self._made[number] = made

    def _struct_node(self, number: int, name: str, fields: dict[str, Any]) -> None:
        self._made[number] = self._struct(name, fields)

    def _dataclass_node(self, number: int, name: str, fields: dict[str, Any]) -> None:
        self._dataclass(name, fields, number)

    def _object(self, number: int, name: str, state: Any) -> None:
        cls: Any = self._class(name, Form.OBJECT)
        made = self._made[number] = cls.__new__(cls)
        made.restore(self._value(state))


_VALUES: Final[dict[str, Callable[..., Any]]] = {
    "ref": Reader._reference,
    "int": lambda _, digits: int(digits, 16),
    "str": lambda _, data: data.decode("utf-8", "surrogatepass"),
    "tuple": Reader._tuple,
    "frozenset": Reader._frozenset,
    "datetime": Reader._datetime,
    "time": Reader._time,
    "enum": Reader._enum,
    "struct": Reader._struct,
    "dataclass": Reader._dataclass,
    **{tag: (lambda _, plain, make=make: make(plain)) for tag, _, make in LEAVES.values()},
}

_NODES: Final[dict[str, Callable[..., None]]] = {
    "list": Reader._list,
    "deque": Reader._deque,
    "dict": Reader._dict,
    "set": Reader._set,
    "random": Reader._random,
    "object": Reader._object,
    "struct": Reader._struct_node,
    "dataclass": Reader._dataclass_node,
}
